"""Accounts from an uploaded file: what the queue makes of it, and who may take the passwords, once."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import python_calamine as calamine
import xlsxwriter
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.models import BulkOpening, Deed, User
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.live_keys import LiveKeys

HEADS = ["用户名", "姓名", "角色", "辖区代码"]
GOOD, BAD = ["cun501", "陆一", "驻村干部", VILLAGE], ["cun502", "陆二", "国王", VILLAGE]


def book(*rows: list[str], heads: list[str] = HEADS) -> bytes:
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, cells in enumerate([heads, *rows]):
            sheet.write_row(number, 0, cells)
    return stream.getvalue()


def worked_off(cast: Cast, *rows: list[str]) -> BulkOpening:
    opening = accounts.open_from_file(by=cast.county_office, name="干部.xlsx", content=book(*rows))
    accounts.run_opening(opening.pk)
    return BulkOpening.objects.get(pk=opening.pk)


def test_good_rows_are_opened_and_bad_ones_are_named(cast: Cast) -> None:
    opening = worked_off(cast, GOOD, BAD)
    assert (opening.state, opening.progress, opening.opened, opening.wrong) == ("finished", 100, 1, 1)
    assert (opening.errors[0]["row"], "没有角色" in opening.errors[0]["zh"]) == (3, True)
    assert User.objects.get(username="cun501").opened_by == cast.county_office


def test_the_passwords_are_handed_out_once_and_sign_in(cast: Cast) -> None:
    opening = worked_off(cast, GOOD)
    content = accounts.take_answer(by=cast.county_office, opening=opening)
    rows: Any = calamine.CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    assert accounts.sign_in(None, "cun501", rows[1][2]) is not None
    assert Deed.objects.filter(verb="take_passwords", by=cast.county_office).count() == 1
    with pytest.raises(UserError, match="已经取走"):
        accounts.take_answer(by=cast.county_office, opening=opening)


def test_neither_file_nor_passwords_stand_in_the_database_in_clear(cast: Cast) -> None:
    waiting = accounts.open_from_file(by=cast.county_office, name="x.xlsx", content=book(GOOD))
    assert not bytes(BulkOpening.objects.get(pk=waiting.pk).sheet or b"").startswith(b"PK")
    accounts.run_opening(waiting.pk)
    done = BulkOpening.objects.get(pk=waiting.pk)
    assert done.sheet is None
    assert b"PK" not in bytes(done.answer or b"")[:64]


def test_worked_off_twice_everything_is_opened_once(cast: Cast) -> None:
    opening = worked_off(cast, GOOD)
    accounts.run_opening(opening.pk)
    again = BulkOpening.objects.get(pk=opening.pk)
    assert (again.opened, again.wrong) == (1, 0)


def test_passwords_that_nobody_took_are_forgotten_after_a_day(cast: Cast) -> None:
    opening = worked_off(cast, GOOD)
    BulkOpening.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    assert [one.pk for one in accounts.openings_of(cast.county_office)] == [opening.pk]
    with pytest.raises(UserError, match="删除"):
        accounts.take_answer(by=cast.county_office, opening=opening)


def test_nobody_sees_the_file_of_another(cast: Cast) -> None:
    opening = worked_off(cast, GOOD)
    assert not accounts.openings_of(cast.office).exists()
    with pytest.raises(BulkOpening.DoesNotExist):
        accounts.take_answer(by=cast.office, opening=opening)


def test_a_role_that_opens_no_accounts_uploads_nothing(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        accounts.open_from_file(by=cast.cadre, name="x.xlsx", content=book(GOOD))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not a workbook", "读不了"),
        (book(), "0 行"),
        (book(["x"], heads=["姓名"]), "缺少列"),
        (b"x" * (21 << 20), "20 MB"),
    ],
)
def test_a_file_of_another_shape_is_refused_before_it_is_queued(cast: Cast, content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        accounts.open_from_file(by=cast.county_office, name="x.xlsx", content=content)
    assert not BulkOpening.objects.exists()


def test_a_file_that_the_queue_gives_up_says_that_nothing_was_opened(cast: Cast) -> None:
    opening = accounts.open_from_file(by=cast.county_office, name="x.xlsx", content=book(GOOD))
    accounts.give_up_opening(opening.pk)
    assert BulkOpening.objects.get(pk=opening.pk).state == "failed"
    accounts.run_opening(opening.pk)
    assert not User.objects.filter(username="cun501").exists()


def test_the_sample_is_a_file_that_is_taken(cast: Cast) -> None:
    opening = accounts.open_from_file(by=cast.office, name="x.xlsx", content=accounts.sample_book())
    accounts.run_opening(opening.pk)
    assert User.objects.get(username="cungan-001").region == VILLAGE


def test_sheets_and_passwords_follow_the_encryption_key(cast: Cast, settings: Any) -> None:
    waiting = accounts.open_from_file(by=cast.county_office, name="x.xlsx", content=book(BAD))
    done = worked_off(cast, GOOD)
    old = settings.FUPIN_KEYS.now
    fresh = old.rotated("encryption", "sm4")
    settings.FUPIN_KEYS = LiveKeys(None, lambda: fresh)
    assert (accounts.reseal_openings(), accounts.reseal_openings()) == (2, 0)
    settings.FUPIN_KEYS = LiveKeys(None, lambda: fresh.without("encryption", old.encryption.id))
    accounts.run_opening(waiting.pk)
    assert BulkOpening.objects.get(pk=waiting.pk).wrong == 1
    assert accounts.take_answer(by=cast.county_office, opening=done).startswith(b"PK")
