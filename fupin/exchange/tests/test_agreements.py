"""Who gives whom what until when: signed by both, kept to by services and by the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from fupin.accounts.api import Deed, Forbidden, User
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, ExchangeEntry, Terms
from fupin.exchange.tests.files import CUT_OFF, HEADER, card, csv_bytes, row, written
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.seen import Stale

TODAY = timezone.localdate()
CARD = tuple(card().columns)
BACK = ("finding", "rule", "severity")


def terms(**other: Any) -> Terms:
    usual = Terms(
        "finance", "office", "fi_card", CARD, "比对一卡通发放", "国发〔2016〕51号", "4501", TODAY,
        TODAY + timedelta(days=200),
    )  # fmt: skip
    return replace(usual, **other)


def signed(office: User, clerk: User, **other: Any) -> Agreement:
    return exchange.agree(by=clerk, agreement=exchange.propose(by=office, terms=terms(**other)))


def test_it_is_in_force_when_both_sides_have_signed(office: User, clerk: User) -> None:
    draft = exchange.propose(by=clerk, terms=terms())
    assert (draft.state, draft.standing) == ("draft", "draft")
    assert exchange.covering("finance", "office", "fi_card", "450124", TODAY) is None
    one = exchange.agree(by=office, agreement=draft)
    assert (one.standing, one.giver_agreed_by, one.taker_agreed_by) == ("holds", clerk, office)
    assert exchange.covering("finance", "office", "fi_card", "450124", TODAY) == one
    assert exchange.covering("finance", "office", "fi_card", "4502", TODAY) is None
    assert exchange.covering("finance", "office", "fi_card", "4501", one.valid_until + timedelta(days=1)) is None
    assert [deed.verb for deed in Deed.objects.order_by("pk")] == ["propose_agreement", "sign_agreement"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"fields": ("id_number", "phone_of_mother")}, "没有字段"),
        ({"fields": ()}, "至少选一个字段"),
        ({"valid_until": TODAY - timedelta(days=1), "valid_from": TODAY}, "早于生效日"),
        ({"valid_until": TODAY - timedelta(days=1), "valid_from": date(2020, 1, 1)}, "已经过去"),
        ({"valid_until": TODAY + timedelta(days=4000)}, "最长"),
        ({"dataset": "fi_nothing"}, "没有数据集"),
        ({"dataset": ""}, "请选择数据集"),
        ({"taker": "finance"}, "不能相同"),
        ({"taker": "nobody"}, "没有部门"),
        ({"dataset": "ps_vehicles"}, "提供"),
        ({"purpose": " "}, "用途必填"),
        ({"legal_basis": ""}, "法律依据必填"),
        ({"region": "45x"}, "区划代码不对"),
    ],
)
def test_wrong_terms_are_refused_in_two_languages(clerk: User, other: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        exchange.propose(by=clerk, terms=terms(**other))
    assert words in caught.value.zh
    assert caught.value.en
    assert not Agreement.objects.exists()
    assert not Deed.objects.exists()


def test_a_department_cannot_sign_for_another(office: User, clerk: User, stranger: User) -> None:
    with pytest.raises(Forbidden, match="不能替"):
        exchange.propose(by=stranger, terms=terms())
    draft = exchange.propose(by=office, terms=terms())
    with pytest.raises(Forbidden):
        exchange.agree(by=stranger, agreement=draft)
    with pytest.raises(UserError, match="不等您方签字"):
        exchange.agree(by=office, agreement=draft)
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_an_office_signs_for_its_own_region(county_office: User, clerk: User, cadre: User) -> None:
    with pytest.raises(Forbidden, match="不在您的辖区内"):
        exchange.propose(by=county_office, terms=terms())
    draft = exchange.propose(by=clerk, terms=terms())
    with pytest.raises(Forbidden):
        exchange.agree(by=county_office, agreement=draft)
    with pytest.raises(Forbidden, match="您的角色不能"):
        exchange.propose(by=cadre, terms=terms())


def test_two_never_hold_on_the_same_day(office: User, clerk: User) -> None:
    first = signed(office, clerk)
    with pytest.raises(UserError, match="日期重叠"):
        signed(office, clerk, valid_from=first.valid_until, valid_until=first.valid_until + timedelta(days=9))
    after = first.valid_until + timedelta(days=1)
    assert signed(office, clerk, valid_from=after, valid_until=after).standing == "to_come"
    signed(office, clerk, region="450124")  # another region is another matter
    exchange.end(by=clerk, agreement=first, why="数据改由省厅提供")
    assert signed(office, clerk, valid_until=first.valid_until).standing == "holds"


def test_it_is_ended_by_either_side_with_a_reason(office: User, clerk: User) -> None:
    one = signed(office, clerk)
    with pytest.raises(UserError, match="理由"):
        exchange.end(by=clerk, agreement=one, why=" ")
    exchange.end(by=clerk, agreement=one, why="数据改由省厅提供")
    assert exchange.covering("finance", "office", "fi_card", "4501", TODAY) is None
    with pytest.raises(UserError, match="已经终止"):
        exchange.end(by=office, agreement=one, why="再终止一次")
    with pytest.raises(UserError, match="已签订或已终止"):
        exchange.agree(by=office, agreement=one)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE exchange_agreement SET fields = '{id_number}'",
        "UPDATE exchange_agreement SET valid_until = valid_until + 900",
        "UPDATE exchange_agreement SET state = 'draft'",
        "UPDATE exchange_agreement SET state = 'ended'",
        "DELETE FROM exchange_agreement",
        "UPDATE exchange_exchangeentry SET rows = 0",
        "DELETE FROM exchange_exchangeentry",
    ],
)
def test_the_database_refuses_what_the_services_would_not_do(
    data: Path, office: User, clerk: User, tmp_path: Path, change: str
) -> None:
    signed(office, clerk)
    delivered(office, tmp_path)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_who_is_no_party_sees_no_agreement(office: User, clerk: User, stranger: User, county_office: User) -> None:
    one = signed(office, clerk)
    assert [exchange.agreement_for(user, one.pk) for user in (office, clerk)] == [one, one]
    for user in (stranger, county_office):
        assert not exchange.agreements_for(user).exists()
        with pytest.raises(NotFound):
            exchange.agreement_for(user, one.pk)


def delivered(by: User, tmp_path: Path) -> exchange.Delivery:
    path = written(tmp_path, csv_bytes([HEADER, row(1)]))
    return exchange.receive(by=by, dataset="fi_card", path=path, provider="市财政局", batch="201912", cut_off=CUT_OFF)


def test_a_delivery_stands_in_the_ledger_under_its_agreement(
    data: Path, office: User, clerk: User, tmp_path: Path
) -> None:
    one = signed(office, clerk)
    delivery = delivered(clerk, tmp_path)
    entry = ExchangeEntry.objects.get()
    assert (entry.agreement, entry.outside, entry.rows, entry.digest) == (one, [], 1, delivery.sha256)
    assert (entry.direction, entry.way, entry.department, entry.by) == ("in", "delivery", "finance", clerk)
    assert delivered(clerk, tmp_path).seen_before
    assert ExchangeEntry.objects.count() == 1


def test_a_delivery_without_an_agreement_is_taken_and_said_so(data: Path, clerk: User, tmp_path: Path) -> None:
    delivery = delivered(clerk, tmp_path)
    entry = exchange.entry_of(delivery)
    assert entry is not None
    assert entry.agreement is None
    assert set(entry.outside) == set(entry.fields)
    (mine,) = exchange.department_rows(clerk)
    assert (mine.department, mine.given, mine.uncovered) == ("finance", 1, 1)


def test_fields_beside_the_agreement_are_named(data: Path, office: User, clerk: User, tmp_path: Path) -> None:
    signed(office, clerk, fields=CARD[:2])
    delivered(clerk, tmp_path)
    entry = ExchangeEntry.objects.get()
    assert entry.agreement is not None
    assert set(entry.outside) == set(entry.fields) - set(CARD[:2])


@pytest.fixture
def demanding(settings: Any) -> None:
    settings.FUPIN_AGREEMENTS_REQUIRED = True


def test_where_agreements_are_demanded_nothing_comes_without(
    data: Path, demanding: None, office: User, clerk: User, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="没有生效的共享协议"):
        delivered(clerk, tmp_path)
    one = signed(office, clerk, fields=CARD[:2])
    with pytest.raises(UserError, match="协议之外的列"):
        delivered(clerk, tmp_path)
    assert not exchange.deliveries_for(clerk).exists()
    assert not [path for path in data.rglob("*") if path.suffix in (".parquet", ".sealed")]
    exchange.end(by=office, agreement=one, why="补充字段后重签")
    signed(office, clerk)
    assert delivered(clerk, tmp_path).state == "accepted"


def test_generated_agreements_cover_every_data_set_once(db: None) -> None:
    made = exchange.sign_generated_agreements(region="4501", today=TODAY)
    assert made > 19
    assert exchange.sign_generated_agreements(region="4501", today=TODAY) == 0
    assert exchange.covering("finance", "office", "fi_card", "4501", TODAY) is not None


def test_of_two_who_act_on_one_agreement_the_later_one_acts_on_what_he_saw(office: User, clerk: User) -> None:
    draft = exchange.propose(by=office, terms=terms())
    seen = exchange.agreement_mark(draft)
    exchange.agree(by=clerk, agreement=draft, seen=seen)
    with pytest.raises(Stale, match=draft.number):  # he meant to take a draft back
        exchange.end(by=office, agreement=draft, why="草稿有误，撤回", seen=seen)
    draft.refresh_from_db()
    assert draft.state == "in_force"
    assert not Deed.objects.filter(verb="end_agreement").exists()
    exchange.end(by=office, agreement=draft, why="双方商定终止", seen=exchange.agreement_mark(draft))
    with pytest.raises(Stale):
        exchange.agree(by=clerk, agreement=draft, seen=seen)


def test_a_receiver_that_somebody_changed_is_not_changed_again_unseen(office: User, clerk: User, settings: Any) -> None:
    settings.FUPIN_PUSH_NETWORKS, settings.FUPIN_PUSH_HTTP = ["127.0.0.0/8"], True
    out = {"giver": "office", "taker": "finance", "dataset": "findings", "fields": BACK}
    one = signed(office, clerk, **out)
    before = exchange.agreement_mark(one)
    receiver, _shown = exchange.subscribe(by=clerk, agreement=one, url="http://127.0.0.1:9/", seen=before)
    there = exchange.agreement_mark(one)
    exchange.renew_secret(by=office, subscription=receiver, seen=there)
    receiver.refresh_from_db()
    kept = bytes(receiver.secret)
    with pytest.raises(Stale):
        exchange.renew_secret(by=clerk, subscription=receiver, seen=there)
    with pytest.raises(Stale):
        exchange.unsubscribe(by=clerk, subscription=receiver, seen=there)
    with pytest.raises(Stale):
        exchange.subscribe(by=clerk, agreement=one, url="http://127.0.0.1:8/", seen=before)
    receiver.refresh_from_db()
    assert (bytes(receiver.secret), receiver.closed_at) == (kept, None)
    exchange.unsubscribe(by=clerk, subscription=receiver, seen=exchange.agreement_mark(one))
