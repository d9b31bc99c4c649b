"""Anybody may object while a notice hangs; nothing passes before the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fupin.accounts.api import acting_as, nobody_acting
from fupin.accounts.tests.fixtures import Cast
from fupin.identify.cases.files import attached, content_of, files_of, open_contact
from fupin.identify.cases.models import Case, Notice, Objection
from fupin.identify.cases.notices import answer_objection, public_answer, public_notice
from fupin.identify.cases.queries import case_for
from fupin.identify.cases.services import Blocked
from fupin.identify.cases.tests import play
from fupin.identify.cases.tests.play import apply_for, compared, hang, take, to_step
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.registry.models import Household
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]
Hung = tuple[Case, Notice]


@pytest.fixture
def hung(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> Hung:
    """An application on its first notice."""
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    return case, hang(cast.cadre, case)


def object_as_anybody(hung: Hung, **more: Any) -> str:
    return play.object_as_anybody(*hung, **more)


def test_the_public_reads_masked_names_and_nothing_else(hung: Hung) -> None:
    with nobody_acting():
        shown = public_notice(hung[1].code.lower())
    assert [(line.head, line.members) for line in shown.lines] == [("农*英", 2)]
    assert shown.hangs


def test_when_it_is_over_nobody_is_named(hung: Hung, wait: Wait) -> None:
    wait(8)
    with nobody_acting():
        shown = public_notice(hung[1].code)
        assert (shown.lines, shown.hangs) == ((), False)
    with pytest.raises(UserError, match="公示已经结束"):
        object_as_anybody(hung)


def test_a_code_that_does_not_exist_shows_nothing(db: None) -> None:
    with nobody_acting(), pytest.raises(NotFound):
        public_notice("AAAAAAAAAA")


def test_an_objection_blocks_until_it_is_answered_and_its_sender_reads_the_answer(
    cast: Cast, hung: Hung, wait: Wait
) -> None:
    receipt = object_as_anybody(hung)
    wait(8)
    case = case_for(cast.cadre, hung[0].pk)
    with pytest.raises(Blocked, match="1 条异议没有答复"):
        take(cast.cadre, case)
    objection = Objection.objects.get()
    with acting_as(cast.town):
        answer_objection(by=cast.town, objection=objection, upheld=False, answer="入户核实：县城住房属其弟所有")
    with nobody_acting():
        told = public_answer(receipt)
    assert (told.upheld, told.answer) == (False, "入户核实：县城住房属其弟所有")
    assert take(cast.cadre, case).step == "town_audit"


def test_an_upheld_objection_sends_the_case_back(cast: Cast, hung: Hung, wait: Wait) -> None:
    object_as_anybody(hung)
    with acting_as(cast.county_office):
        answer_objection(by=cast.county_office, objection=Objection.objects.get(), upheld=True, answer="情况属实")
    wait(8)
    case = case_for(cast.cadre, hung[0].pk)
    with pytest.raises(Blocked, match="须退回"):
        take(cast.cadre, case)
    assert take(cast.cadre, case, outcome="return", to="survey", note="异议成立，重新调查").step == "survey"


def test_the_village_does_not_answer_what_is_said_about_it(cast: Cast, hung: Hung) -> None:
    object_as_anybody(hung)
    with acting_as(cast.cadre), pytest.raises(Forbidden, match="乡镇、县级答复"):
        answer_objection(by=cast.cadre, objection=Objection.objects.get(), upheld=False, answer="没有这回事")


def test_an_answer_stands_once(cast: Cast, hung: Hung) -> None:
    object_as_anybody(hung)
    with acting_as(cast.town):
        answer_objection(by=cast.town, objection=Objection.objects.get(), upheld=False, answer="已核实不属实")
        with pytest.raises(UserError, match="已经答复"):
            answer_objection(by=cast.town, objection=Objection.objects.get(), upheld=True, answer="再想想看吧")


def test_name_and_telephone_are_encrypted_and_files_come_back_as_they_were(cast: Cast, hung: Hung) -> None:
    photo = b"\xff\xd8\xff\xe0" + b"picture" * 100
    object_as_anybody(hung, name="黄志强", phone="13877199999", files=[attached("房子.jpg", photo)])
    objection = Objection.objects.get()
    assert objection.contact is not None
    assert b"13877199999" not in bytes(objection.contact)
    with acting_as(cast.town):
        assert open_contact(cast.town, objection) == "黄志强 13877199999"
    (file,) = files_of(objection.files)
    assert (file.name, file.media) == ("房子.jpg", "image/jpeg")
    assert b"picture" not in bytes(file.content)
    assert content_of(file) == photo


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"body": "假"}, "4 到"),
        ({"name": "黄志强"}, "同时填姓名和联系电话"),
        ({"phone": "13877199999"}, "同时填姓名和联系电话"),
    ],
)
def test_an_objection_that_says_nothing_is_refused(hung: Hung, more: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        object_as_anybody(hung, **more)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "空文件"), (b"MZ\x90", "不是 PDF"), (b"%PDF-" + b"0" * (8 << 20), "8 MB")]
)
def test_a_file_that_is_no_paper_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        attached("材料.pdf", content)


def test_a_household_that_is_not_on_the_notice_cannot_be_objected_to(cast: Cast, homes: Homes, hung: Hung) -> None:
    other = apply_for(cast.cadre, homes.own, "exit")
    with pytest.raises(UserError, match="公示已经结束"):
        object_as_anybody((other, hung[1]))
