"""Work for the queue. The argument names a delivery, never a person."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from fupin.accounts.api import acting_for_platform
from fupin.exchange.ledgers.services import APPLY_TASK, PLAN_TASK, UNDO_TASK
from fupin.exchange.ledgers.work import give_up_ledger, run_apply, run_plan, run_undo
from fupin.exchange.pushing import PUSH_TASK, attempt, give_up_push
from fupin.exchange.services import RECEIVE_TASK, give_up, process
from fupin.kernel.giving_up import HOUSEKEEPING, given_up, when_given_up

STALLED_TASK = "exchange.retry_stalled"
MOST_ATTEMPTS = 3  # a job that has killed its worker so often would kill the next one too


when_given_up(RECEIVE_TASK, give_up)
when_given_up(PUSH_TASK, give_up_push)
for ledger_task in (PLAN_TASK, APPLY_TASK, UNDO_TASK):
    when_given_up(ledger_task, give_up_ledger)


@app.task(name=RECEIVE_TASK, retry=RetryStrategy(max_attempts=MOST_ATTEMPTS, wait=10), pass_context=True)
def receive_task(context: JobContext, delivery_id: str) -> None:
    try:
        process(delivery_id)
    except Exception:
        if context.job is not None and context.job.attempts >= MOST_ATTEMPTS:
            give_up(delivery_id)
        raise


@app.task(name=PUSH_TASK)
def push_task(push_id: str, round_: int, tries: int) -> None:
    """One try; the next one is another job."""
    with acting_for_platform("push"):
        attempt(push_id, round_, tries)


@app.task(name=PLAN_TASK)
def ledger_plan(batch_id: str) -> None:
    run_plan(int(batch_id))


@app.task(name=APPLY_TASK)
def ledger_apply(batch_id: str) -> None:
    run_apply(int(batch_id))


@app.task(name=UNDO_TASK)
def ledger_undo(batch_id: str) -> None:
    run_undo(int(batch_id))


@app.periodic(cron="* * * * *")
@app.task(name=STALLED_TASK, queue=HOUSEKEEPING, queueing_lock=STALLED_TASK, pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # the queue gives it
    """Every job, of any app, whose worker has given no sign of life for 30 seconds is put back into the queue."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        if job.attempts < MOST_ATTEMPTS:
            await manager.retry_job(job)
        else:
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            await sync_to_async(given_up)(job.task_name, {name: str(value) for name, value in job.task_kwargs.items()})
    await manager.delete_old_jobs(nb_hours=1, queue=HOUSEKEEPING)
