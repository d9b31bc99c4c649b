"""Work for the queue. Arguments name a run, never a person."""

from __future__ import annotations

from procrastinate.contrib.django import app

from fupin.exchange.api import when_given_up
from fupin.identify.models import Run
from fupin.identify.services import RUN_TASK, execute_run, give_up

when_given_up(RUN_TASK, give_up)


@app.task(name=RUN_TASK)
def run_task(run_id: str) -> None:
    execute_run(Run.objects.get(pk=run_id))
