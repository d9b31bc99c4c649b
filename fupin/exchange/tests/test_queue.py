"""Uploads: kept sealed, worked off by the queue, refused with the reason in the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from fupin.accounts.api import User
from fupin.exchange import api as exchange
from fupin.exchange import services
from fupin.exchange.tests.files import CUT_OFF, HEADER, csv_bytes, person, row, xlsx
from fupin.kernel.giving_up import given_up


def upload(by: User, content: bytes, name: str = "发放.csv") -> exchange.Delivery:
    file = SimpleUploadedFile(name, content)
    return exchange.enqueue(by=by, dataset="fi_card", uploaded_file=file, provider="p", batch="b", cut_off=CUT_OFF)


def jobs() -> list[tuple[str, dict[str, str]]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs")
        return list(cursor.fetchall())


def test_an_upload_waits_sealed_and_is_then_received(data: Path, clerk: User) -> None:
    one = upload(clerk, csv_bytes([HEADER, row(1), row(2)], "gb18030"))
    assert one.state == exchange.DeliveryState.WAITING
    assert person(1).encode() not in (data / "raw" / f"{one.pk}.sealed").read_bytes()
    done = exchange.process(one.pk)
    assert (done.state, done.good_rows, done.progress) == (exchange.DeliveryState.ACCEPTED, 2, 100)
    assert exchange.process(one.pk).finished_at == done.finished_at


def test_an_uploaded_workbook_is_read_from_its_sealed_copy(data: Path, clerk: User, tmp_path: Path) -> None:
    one = upload(clerk, xlsx(tmp_path / "x.xlsx", [HEADER, row(1)]).read_bytes(), "x.xlsx")
    assert exchange.process(one.pk).good_rows == 1


def test_the_job_names_the_delivery_and_nobody(data: Path, clerk: User) -> None:
    one = upload(clerk, csv_bytes([HEADER, row(1)]))
    assert [name for name, _ in jobs()] == [services.RECEIVE_TASK]
    assert one.pk in str(jobs())
    assert person(1) not in str(jobs())


def test_a_refused_upload_stays_in_the_ledger_with_the_reason(data: Path, clerk: User) -> None:
    one = exchange.process(upload(clerk, b"%PDF-1.7").pk)
    assert one.state == exchange.DeliveryState.REFUSED
    assert one.problem["code"] == "not_a_table"
    assert one.problem["hint_zh"]
    assert not list((data / "raw").glob("*"))
    again = exchange.process(upload(clerk, b"%PDF-1.7").pk)
    assert again.pk == f"{one.pk}-2"


def test_the_same_upload_twice_waits_once(data: Path, clerk: User) -> None:
    content = csv_bytes([HEADER, row(1)])
    first, again = upload(clerk, content), upload(clerk, content)
    assert again.pk == first.pk
    assert len(jobs()) == 1


def test_a_worker_that_fails_can_begin_again(data: Path, clerk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    one = upload(clerk, csv_bytes([HEADER, row(1)]))
    with monkeypatch.context() as broken:
        broken.setattr(services, "take_in", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            exchange.process(one.pk)
    assert exchange.process(one.pk).state == exchange.DeliveryState.ACCEPTED


def test_work_that_is_given_up_is_said_in_the_ledger_and_may_come_again(data: Path, clerk: User) -> None:
    one = upload(clerk, csv_bytes([HEADER, row(1)]))
    given_up(services.RECEIVE_TASK, {"delivery_id": one.pk})
    one.refresh_from_db()
    assert (one.state, one.problem["code"]) == (exchange.DeliveryState.REFUSED, "internal")
    assert upload(clerk, csv_bytes([HEADER, row(1)])).pk != one.pk


def test_a_sealed_copy_that_was_damaged_is_refused_with_the_reason(data: Path, clerk: User) -> None:
    one = upload(clerk, csv_bytes([HEADER, row(1)]))
    sealed = data / "raw" / f"{one.pk}.sealed"
    sealed.write_bytes(sealed.read_bytes()[:-5])
    done = exchange.process(one.pk)
    assert (done.state, done.problem["code"]) == (exchange.DeliveryState.REFUSED, "cannot_process")
