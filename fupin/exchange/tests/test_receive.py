"""A delivery in the ledger: whole or not at all, once, corrected, and only for whom it concerns."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from unittest import mock

import polars as pl
import pytest
from django.db import connection

from fupin.accounts.api import Deed, Forbidden, User
from fupin.exchange import api as exchange
from fupin.exchange.models import QuarantinedRow
from fupin.exchange.tests.files import CUT_OFF, HEADER, csv_bytes, person, row, written
from fupin.exchange.workplace import abandoned
from fupin.kernel.errors import NotFound, UserError

BAD = [person(2)[:-1] + ("0" if person(2)[-1] != "0" else "1"), "韦二", "08", "7", "2019-02-28"]


def deliver(by: User, path: Path, dataset: str = "fi_card", **said: object) -> exchange.Delivery:
    given = {"provider": "市财政局", "batch": "201912", "cut_off": CUT_OFF, **said}
    return exchange.receive(by=by, dataset=dataset, path=path, **given)  # type: ignore[arg-type]


def files_of(data: Path) -> list[str]:
    return sorted(
        str(p.relative_to(data)) for n in ("lake", "raw", "work") for p in (data / n).rglob("*") if p.is_file()
    )


def test_a_delivery_is_counted_and_lies_in_the_lake(data: Path, office: User, tmp_path: Path) -> None:
    one = deliver(office, written(tmp_path, csv_bytes([HEADER, row(1), BAD, row(1)])))
    assert (one.rows, one.good_rows, one.bad_rows, one.duplicate_rows) == (3, 1, 1, 1)
    assert pl.read_parquet(data / one.parquet).height == 1
    assert files_of(data) == [f"lake/fi_card/{one.pk}.parquet", f"raw/{one.pk}.sealed"]
    assert Deed.objects.get(verb="receive").object_id == one.pk
    (usable,) = exchange.usable_deliveries(date(2020, 1, 1))
    assert (usable.delivery, usable.rows, usable.sha256) == (one.pk, 1, one.parquet_sha256)
    assert exchange.usable_deliveries(date(2019, 1, 1)) == []


def test_no_clear_id_number_is_kept_anywhere(data: Path, office: User, tmp_path: Path) -> None:
    one = deliver(office, written(tmp_path, csv_bytes([HEADER, row(1), BAD])))
    kept = b"".join((data / name).read_bytes() for name in files_of(data))
    with connection.cursor() as cursor:
        cursor.execute("SELECT d::text, q::text FROM exchange_delivery d, exchange_quarantinedrow q")
        kept += str(cursor.fetchall()).encode()
    assert person(1).encode() not in kept
    assert BAD[0].encode() not in kept
    assert one.pk.encode() in kept


def test_the_same_file_twice_is_counted_once(data: Path, office: User, tmp_path: Path) -> None:
    path = written(tmp_path, csv_bytes([HEADER, row(1)]))
    first, again = deliver(office, path), deliver(office, path, batch="another")
    assert again.pk == first.pk
    assert again.seen_before
    assert exchange.deliveries_for(office).count() == 1
    assert len(files_of(data)) == 2


def test_a_refused_file_leaves_nothing(data: Path, office: User, tmp_path: Path) -> None:
    with pytest.raises(exchange.Refusal):
        deliver(office, written(tmp_path, b"%PDF-1.7"))
    assert files_of(data) == []
    assert not exchange.deliveries_for(office).exists()


def test_bad_rows_corrected_and_delivered_again_complete_the_delivery(data: Path, office: User, tmp_path: Path) -> None:
    first = deliver(office, written(tmp_path, csv_bytes([HEADER, row(1), BAD, ["合计", "", "", "", ""]])))
    sheet = io.BytesIO()
    assert exchange.write_bad_rows(by=office, delivery=first, stream=sheet) == 1
    header, bad = csv.reader(io.StringIO(sheet.getvalue().decode("utf-8-sig")))
    assert header == [*HEADER, "问题说明"]
    assert "校验码" in bad[-1]
    assert "第 3 行" in bad[-1]
    path = written(tmp_path, csv_bytes([header, [person(2) + "\t", *bad[1:]]], "utf-8-sig"), "corrected.csv")
    second = deliver(office, path, corrects=first)
    assert (second.rows, second.good_rows, second.corrects_id) == (1, 1, first.pk)
    assert Deed.objects.filter(verb="download_bad_rows", object_id=first.pk).count() == 1


def test_bad_rows_come_back_as_they_were(data: Path, office: User, tmp_path: Path) -> None:
    """Downloaded and delivered unchanged, the same rows are bad for the same reasons."""
    first = deliver(
        office, written(tmp_path, csv_bytes([HEADER, BAD, [*row(3)[:1], "=1+1", "08", "-5", "2019-02-28"]]))
    )
    sheet = io.BytesIO()
    exchange.write_bad_rows(by=office, delivery=first, stream=sheet)
    assert b"'=1+1" in sheet.getvalue()
    second = deliver(office, written(tmp_path, sheet.getvalue(), "again.csv"), corrects=first)
    assert (second.rows, second.bad_rows) == (2, 2)


def test_the_screen_masks_long_numbers(data: Path, office: User, tmp_path: Path) -> None:
    one = deliver(office, written(tmp_path, csv_bytes([HEADER, BAD])))
    (shown,) = exchange.quarantined_cells(
        office, one, list(exchange.quarantine_of(office, one).values_list("pk", flat=True))
    )
    assert shown.column == "身份证号"
    assert shown.cells[1:] == BAD[1:]
    assert shown.cells[0].startswith("4501****")
    assert BAD[0] not in shown.cells
    assert shown.seen == shown.cells[0]


def test_a_department_delivers_and_sees_its_own_data_only(
    data: Path, clerk: User, stranger: User, cadre: User, tmp_path: Path
) -> None:
    path = written(tmp_path, csv_bytes([HEADER, row(1)]))
    one = deliver(clerk, path)
    assert exchange.delivery_for(clerk, one.pk) == one
    for other in (stranger, cadre):
        with pytest.raises(Forbidden):
            deliver(other, path)
        with pytest.raises(NotFound):
            exchange.delivery_for(other, one.pk)
        with pytest.raises((NotFound, Forbidden)):
            exchange.write_bad_rows(by=other, delivery=one, stream=io.BytesIO())
        with pytest.raises(NotFound):
            exchange.quarantined_cells(other, one, [1])
    assert {d.department for d in exchange.datasets_for(clerk)} == {"finance"}
    assert exchange.datasets_for(cadre) == []


@pytest.mark.parametrize(
    "said", [{"provider": " "}, {"batch": "x" * 61}, {"cut_off": date(2999, 1, 1)}, {"dataset": "fi_nothing"}]
)
def test_what_is_said_about_a_file_is_checked(office: User, tmp_path: Path, said: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        deliver(office, written(tmp_path, csv_bytes([HEADER, row(1)])), **said)  # type: ignore[arg-type]
    assert caught.value.hint_zh
    assert caught.value.hint_en


def test_stored_bad_rows_are_capped_but_counted(
    data: Path, office: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fupin.exchange.intake.KEPT_BAD_ROWS", 3)
    rows = [[*row(n)[:4], "昨天"] for n in range(1, 9)]
    one = deliver(office, written(tmp_path, csv_bytes([HEADER, *rows])))
    assert one.bad_rows == 8
    assert QuarantinedRow.objects.filter(delivery=one).count() == 3


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
import django
django.setup()
from django.db import connections
from fupin.config import environment
connections.databases["default"] |= environment.database("", os.environ["KILL_URL"]) | {"NAME": os.environ["KILL_DB"]}
from fupin.exchange import api as exchange
def progress(step, share):
    if step == os.environ["KILL_AT"]:
        os.kill(os.getpid(), signal.SIGKILL)
said = {"provider": "p", "batch": "b", "cut_off": date(2019, 12, 31)}
exchange.receive(by=None, dataset="fi_card", path=Path(sys.argv[1]), progress=progress, **said)
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["加密保存原件", "读取并核对", "写入数据湖", "登记台账"])
def test_a_killed_process_leaves_nothing_and_repeating_completes(data: Path, tmp_path: Path, step: str) -> None:
    path = written(tmp_path, csv_bytes([HEADER, *(row(n) for n in range(1, 50))]))
    login = connection.settings_dict
    url = f"postgresql://{login['USER']}:{login['PASSWORD']}@/{login['NAME']}?host={login['HOST']}&port={login['PORT']}"
    environ = os.environ | {
        "FUPIN_DATA_DIR": str(data),
        "KILL_AT": step,
        "KILL_URL": url,
        "KILL_DB": str(login["NAME"]),
    }
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environ, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert not exchange.Delivery.objects.exists()
    assert files_of(data) != []
    one = exchange.receive(by=None, dataset="fi_card", path=path, provider="p", batch="b", cut_off=CUT_OFF)
    assert one.good_rows == 49
    assert files_of(data) == [f"lake/fi_card/{one.pk}.parquet", f"raw/{one.pk}.sealed"]


def test_what_a_killed_process_left_is_swept_by_any_next_delivery(data: Path, office: User, tmp_path: Path) -> None:
    for name in (
        "work/fi_card/gone/rows.parquet",
        "work/fi_card/gone.lock",
        "lake/fi_card/gone.parquet",
        "raw/gone.sealed",
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(b"left")
    exchange.sweep()
    assert files_of(data) == []


def test_a_county_does_not_see_what_the_city_was_given(
    data: Path, office: User, county_office: User, tmp_path: Path
) -> None:
    one = deliver(office, written(tmp_path, csv_bytes([HEADER, row(1), BAD])))
    assert not exchange.deliveries_for(county_office).exists()
    with pytest.raises(NotFound):
        exchange.write_bad_rows(by=county_office, delivery=one, stream=io.BytesIO())


def test_the_city_sees_what_a_county_was_given(data: Path, office: User, county_office: User, tmp_path: Path) -> None:
    one = deliver(county_office, written(tmp_path, csv_bytes([HEADER, row(1)])))
    assert list(exchange.deliveries_for(office)) == list(exchange.deliveries_for(county_office)) == [one]


def test_an_account_without_a_region_cannot_deliver(data: Path, clerk: User, tmp_path: Path) -> None:
    clerk.region = ""
    with pytest.raises(Forbidden, match="辖区"):
        deliver(clerk, written(tmp_path, csv_bytes([HEADER, row(1)])))


def test_an_unchanged_list_counts_again_for_a_later_day(data: Path, office: User, tmp_path: Path) -> None:
    path = written(tmp_path, csv_bytes([HEADER, row(1)]))
    first, later = deliver(office, path), deliver(office, path, cut_off=date(2020, 1, 31))
    assert first.pk != later.pk
    assert not later.seen_before


def test_the_same_file_with_the_right_day_withdraws_the_wrong_one(data: Path, office: User, tmp_path: Path) -> None:
    path = written(tmp_path, csv_bytes([HEADER, row(1)]))
    wrong = deliver(office, path)
    right = deliver(office, path, cut_off=date(2020, 1, 31), corrects=wrong)
    wrong.refresh_from_db()
    assert wrong.state == exchange.DeliveryState.WITHDRAWN
    assert [one.delivery for one in exchange.usable_deliveries(date(2020, 12, 31))] == [right.pk]


@pytest.mark.parametrize("seed", range(4))
def test_of_equal_rows_the_correction_holds_whatever_its_name(
    data: Path, office: User, tmp_path: Path, seed: int
) -> None:
    wrong = deliver(office, written(tmp_path, csv_bytes([HEADER, row(1), row(2)]), "a.csv"))
    text = csv_bytes([HEADER, row(1)]) + b"\n" * seed
    right = deliver(office, written(tmp_path, text, "b.csv"), corrects=wrong)
    files = {one.delivery: one for one in exchange.usable_deliveries(date(2020, 12, 31))}
    assert files[right.pk].age > files[wrong.pk].age


def test_a_correction_that_replaces_the_whole_withdraws_the_old_one(data: Path, office: User, tmp_path: Path) -> None:
    wrong = deliver(office, written(tmp_path, csv_bytes([HEADER, row(1), row(2)]), "a.csv"))
    right = deliver(office, written(tmp_path, csv_bytes([HEADER, row(3)]), "b.csv"), corrects=wrong, replaces=True)
    assert [one.delivery for one in exchange.usable_deliveries(date(2020, 12, 31))] == [right.pk]


def test_headings_of_the_bad_rows_are_no_formulas(data: Path, office: User, tmp_path: Path) -> None:
    one = deliver(office, written(tmp_path, csv_bytes([[*HEADER, "=HYPERLINK(1)"], [*BAD, "x"]])))
    stream = io.BytesIO()
    exchange.write_bad_rows(by=office, delivery=one, stream=stream)
    assert "'=HYPERLINK(1)" in stream.getvalue().decode("utf-8-sig").splitlines()[0]


def test_a_delivery_whose_process_ends_while_others_sweep_is_not_swept(tmp_path: Path) -> None:
    """Its lock is gone but its transaction may not be committed yet: who swept it then lost the file of a row."""
    folder = tmp_path / "work" / "fi_card"
    folder.mkdir(parents=True)
    for name in ("killed", "ending"):
        (folder / f"{name}.lock").touch()
    found = list(folder.glob("*.lock"))
    with mock.patch.object(Path, "glob", return_value=found):
        sweeping = abandoned(tmp_path)
        (folder / "ending.lock").unlink()
        assert list(sweeping) == [("fi_card", "killed")]
    assert not (folder / "ending.lock").exists()
