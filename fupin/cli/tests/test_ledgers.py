"""`fupin ledgers`: looked at, applied, taken back, written out; what is wrong is said with its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fupin.accounts.tests.fixtures import FAR_VILLAGE, Cast
from fupin.cli.main import build
from fupin.exchange.ledgers.tests.books import AB01_HEAD, AC01_HEAD, HOME, home_row, number, person_row
from fupin.kernel.errors import UserError
from fupin.registry.api import Household, LedgerBatch, Membership, Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.FUPIN_DATA_DIR = tmp_path / "data"


@pytest.fixture
def office(cast: Cast, regions: None) -> list[str]:
    return ["--as", cast.county_office.username]


def said(*words: str, ends: int = 0) -> str:
    result = CliRunner().invoke(build(), ["ledgers", *words])
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == ends, result.output
    return result.output


def put(folder: Path, name: str, rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (folder / name).write_text(text.getvalue(), encoding="utf-8")
    return str(folder / name)


def files(folder: Path, people: Sequence[list[str]] = (), **home: str) -> list[str]:
    homes = put(folder, "ac01.csv", [AC01_HEAD, home_row(**home)])
    return [homes, put(folder, "ab01.csv", [AB01_HEAD, *(people or [person_row(1), person_row(2)])])]


def checked(office: list[str], *paths: str) -> tuple[int, str]:
    """Number of the batch, and what was said."""
    told = said("check", *paths, "--as-of", "2026-10-31", *office)
    return LedgerBatch.objects.latest("pk").pk, told


def test_a_ledger_goes_in_comes_out_and_is_taken_back(office: list[str], tmp_path: Path) -> None:
    batch, told = checked(office, *files(tmp_path))
    assert "new_household: 1" in told
    assert "new_person: 2" in told
    assert not Household.objects.exists()
    with pytest.raises(UserError, match="还有代码列没有确认"):
        said("apply", str(batch), *office)
    assert f"batch {batch} · applied" in said("apply", str(batch), "--confirm-codes", *office)
    assert Household.objects.get(pk=HOME).members == 2
    out = tmp_path / "out.csv"
    full = ["--full", "--reason", "报送上级系统"]
    assert "2 → " in said("export", "ab01", "--out", str(out), "--year", "2026", *full, *office)
    (first, _second) = csv.DictReader(io.StringIO(out.read_text("utf-8-sig")))
    assert first["AAB004"] == person_row(1)[4]
    again, told = checked(office, str(out))
    assert "changed: 0" in told
    assert f"batch {batch} · undone" in said("undo", str(batch), "--reason", "传错了文件", *office)
    assert not Membership.objects.exists()
    assert again > batch


def test_files_that_are_no_ledger_are_told(office: list[str], tmp_path: Path) -> None:
    letter = tmp_path / "通知.csv"
    letter.write_text("各位领导\n附件是今年的名单\n", encoding="utf-8")
    with pytest.raises(UserError, match="找不到台账的表头"):
        said("check", str(letter), *office)
    with pytest.raises(UserError, match="没有文件"):
        said("check", str(tmp_path / "missing.csv"), *office)
    assert not LedgerBatch.objects.exists()


def test_a_file_of_another_region_changes_nothing(office: list[str], tmp_path: Path) -> None:
    _batch, told = checked(office, *files(tmp_path, village=FAR_VILLAGE))
    assert "new_household: 0" in told
    assert f"行政村 {FAR_VILLAGE} 不在这一批的辖区内" in told
    assert "1:2" in told
    assert not Household.objects.filter(village_code=FAR_VILLAGE).exists()


def test_codes_in_the_order_of_another_list_are_doubted(office: list[str], tmp_path: Path) -> None:
    many = [person_row(one, AAB007="02" if one % 2 else "01") for one in range(1, 31)]
    batch, _told = checked(office, *files(tmp_path, many))
    said("apply", str(batch), "--confirm-codes", *office)
    Person.objects.filter(ethnicity="02").update(ethnicity="11")
    other, told = checked(office, *files(tmp_path, many))
    assert "? AAB007" in told
    with pytest.raises(UserError, match="AAB007"):
        said("apply", str(other), *office)


def test_what_something_builds_on_is_not_taken_back(office: list[str], tmp_path: Path) -> None:
    first, _told = checked(office, *files(tmp_path))
    said("apply", str(first), "--confirm-codes", *office)
    second, _told = checked(office, *files(tmp_path, AAC007="05"))
    said("apply", str(second), "--confirm-codes", *office)
    with pytest.raises(UserError, match=f"户 {HOME}（第 {second} 批台账"):
        said("undo", str(first), "--reason", "传错了文件", *office)
    with pytest.raises(UserError, match="写明理由"):
        said("undo", str(second), "--reason", "错", *office)
    assert Household.objects.get(pk=HOME).cause_main == "05"


@pytest.mark.parametrize("words", [["apply", "99"], ["undo", "99", "--reason", "传错了文件"]])
def test_a_batch_that_is_not_there_is_told(office: list[str], words: list[str]) -> None:
    with pytest.raises(UserError, match="没有批次 99"):
        said(*words, *office)


def test_an_unknown_layout_names_those_there_are(office: list[str], tmp_path: Path) -> None:
    for layout in ("zz", "m99", "m"):
        with pytest.raises(UserError, match="没有格式") as problem:
            said("export", layout, "--out", str(tmp_path / "x.csv"), *office)
        assert "persons26" in problem.value.hint_zh


def test_a_list_of_unknown_columns_is_sent_to_the_page(office: list[str], tmp_path: Path) -> None:
    path = put(tmp_path, "名单.csv", [["姓名", "身份证号", "与户主关系"], ["韦一", number("19800101", 2), "户主"]])
    assert "请在网页上指定各列" in said("check", path, *office, ends=1)
