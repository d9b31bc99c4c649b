"""Work for the queue. The argument names a delivery, never a person."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from fupin.exchange.services import RECEIVE_TASK, process


@app.task(name=RECEIVE_TASK, retry=RetryStrategy(max_attempts=3, wait=10))
def receive_task(delivery_id: str) -> None:
    process(delivery_id)
