"""A worker killed with SIGKILL in the middle of a delivery: the next worker takes the delivery up again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from fupin.accounts.api import User
from fupin.exchange import api as exchange
from fupin.exchange.tests.files import CUT_OFF, HEADER, csv_bytes, row
from fupin.exchange.tests.real_worker import a_minute_passes, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_delivery_of_a_killed_worker_is_taken_up_again(data: Path, clerk: User) -> None:
    file = SimpleUploadedFile("f.csv", csv_bytes([HEADER, *(row(n) for n in range(1, 9))]))
    one = exchange.enqueue(by=clerk, dataset="fi_card", uploaded_file=file, provider="p", batch="b", cut_off=CUT_OFF)
    killed = work_off(data, kill_at="fupin.exchange.services.take_in")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    one.refresh_from_db()
    assert one.state == exchange.DeliveryState.READING
    a_minute_passes()
    assert work_off(data).returncode == 0
    one.refresh_from_db()
    assert (one.state, one.good_rows) == (exchange.DeliveryState.ACCEPTED, 8)
