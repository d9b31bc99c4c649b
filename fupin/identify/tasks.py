"""Work for the queue. Arguments name a run, never a person."""

from __future__ import annotations

from procrastinate.contrib.django import app

from fupin.accounts.api import acting_for_platform
from fupin.exchange.api import when_given_up
from fupin.identify import pieces
from fupin.identify.cases.reminders import raise_overdue
from fupin.identify.explaining import run_folder
from fupin.identify.models import Run, RunState
from fupin.identify.screening import SCREEN_TASK, execute_screening, give_up_screening
from fupin.identify.screening_models import Screening
from fupin.identify.services import ANNOUNCE_TASK, PIECES_TASK, RUN_TASK, execute_run, give_up
from fupin.identify.sharing import announce_run
from fupin.kernel.giving_up import HOUSEKEEPING

OVERDUE_TASK = "identify.raise_overdue"

when_given_up(RUN_TASK, give_up)
when_given_up(SCREEN_TASK, give_up_screening)


@app.task(name=RUN_TASK)
def run_task(run_id: str) -> None:
    execute_run(Run.objects.get(pk=run_id))


@app.task(name=PIECES_TASK)
def pieces_task(run_id: str) -> None:
    """Behind a finished run: what its portraits will read. One that is gone or unfinished by now needs none."""
    run = Run.objects.filter(pk=run_id, state=RunState.FINISHED).first()
    if run is not None:
        pieces.prepare(run_folder(run))


@app.task(name=ANNOUNCE_TASK)
def announce_task(run_id: str) -> None:
    """To the subscribers, behind a finished run."""
    with acting_for_platform("push"):
        run = Run.objects.filter(pk=run_id, state=RunState.FINISHED).first()
        if run is not None:
            announce_run(run)


@app.task(name=SCREEN_TASK)
def screen_task(screening_id: str) -> None:
    execute_screening(Screening.objects.get(pk=screening_id))


@app.periodic(cron="7 * * * *")
@app.task(name=OVERDUE_TASK, queue=HOUSEKEEPING, queueing_lock=OVERDUE_TASK)
def raise_overdue_task(timestamp: int) -> None:  # noqa: ARG001  # the queue gives it
    """The round of the day. Every hour, so that a worker that slept at midnight is late by an hour and not by a day."""
    with acting_for_platform("overdue"):
        raise_overdue()
