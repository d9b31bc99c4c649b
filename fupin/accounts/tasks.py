"""Work for the queue. The argument names an uploaded file, never a person."""

from __future__ import annotations

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from fupin.accounts.openings import OPENING_TASK, give_up_opening, run_opening
from fupin.kernel.giving_up import when_given_up

MOST_ATTEMPTS = 3

when_given_up(OPENING_TASK, give_up_opening)


@app.task(name=OPENING_TASK, retry=RetryStrategy(max_attempts=MOST_ATTEMPTS, wait=10), pass_context=True)
def open_task(context: JobContext, number: int) -> None:
    try:
        run_opening(number)
    except Exception:
        if context.job is not None and context.job.attempts >= MOST_ATTEMPTS:
            give_up_opening(number)
        raise
