"""财政局, 银行, 搬迁局: card subsidies, microcredit, relocation."""

from __future__ import annotations

import numpy as np

from fupin.simulate.arrays import NO_DAY, Array, chance, choose, coded, digits, fen, ymd
from fupin.simulate.benefits import SUBSISTENCE
from fupin.simulate.chunk import Chunk
from fupin.simulate.stories import culprits
from fupin.simulate.traces.people import alive, gone, heads, pick


def observe(chunk: Chunk) -> None:
    _card(chunk)
    _microcredit(chunk)
    _relocation(chunk)


def _pay(chunk: Chunk, persons: Array, item: str, yuan: Array, day: int | Array) -> None:
    n = len(persons)
    chunk.add(
        "fi_card",
        persons,
        item=item,
        amount=fen(yuan.round()),
        paid_on=np.broadcast_to(np.asarray(day), (n,)),
        account_tail=digits(chunk.rng.integers(0, 10_000, n), 4),
    )


def _card(chunk: Chunk) -> None:
    """Card payments of the last twelve months; the dead of the story are still paid."""
    rng, p, n = chunk.rng, chunk.people, len(chunk)
    still = culprits(chunk, "dead_subsidy")
    off = gone(chunk)
    off[still] = False
    living = ~off[chunk.head]
    farms = np.flatnonzero(chance(rng, 0.92, n) & living)
    _pay(chunk, heads(chunk, farms), "01", chunk.farmland[farms] * 92, ymd(2026, 5, 20))
    _pay(chunk, still, "01", rng.uniform(150, 500, len(still)), ymd(2026, 7, 10))
    for item, area, rate, month in (("02", chunk.returned, 125, 4), ("03", chunk.public, 15, 7)):
        owners = np.flatnonzero((area > 0) & living)
        _pay(chunk, heads(chunk, owners), item, area[owners] * rate, ymd(2026, month, 18))
    covered = np.flatnonzero(chunk.subsistence & living)
    monthly = (SUBSISTENCE[chunk.relief_grade] * chunk.size)[covered].astype(float)
    for month in (3, 6, 9):
        _pay(chunk, heads(chunk, covered), "04", monthly * 3, ymd(2026, month, 12))
    _pay(
        chunk,
        heads(chunk, np.flatnonzero(chunk.extreme & living)),
        "05",
        np.full(int((chunk.extreme & living).sum()), 2340.0),
        ymd(2026, 9, 12),
    )
    _pay(
        chunk,
        heads(chunk, chunk.where("subsidy_mismatch")),
        "08",
        rng.uniform(2500, 6000, len(chunk.where("subsidy_mismatch"))),
        ymd(2026, 8, 6),
    )
    disabled = np.flatnonzero(alive(chunk) & (p.grade > 0) & (p.grade <= 2))
    _pay(chunk, disabled, "06", np.full(len(disabled), 240.0), ymd(2026, 9, 25))
    awarded = np.flatnonzero((chunk.award > 0) & living)
    _pay(chunk, heads(chunk, awarded), "08", chunk.award[awarded], ymd(2026, 8, 6))
    family = np.flatnonzero(living & chance(rng, 0.03, n))
    _pay(chunk, heads(chunk, family), "07", np.full(len(family), 960.0), ymd(2026, 9, 1))


def _microcredit(chunk: Chunk) -> None:
    rng, n = chunk.rng, len(chunk)
    story = chunk.is_kind("loan_overdue", "loan_large", "look_loan_settled", "loan_outside")
    houses = np.flatnonzero((chunk.listed & chance(rng, 0.13, n)) | story)
    m = len(houses)
    large = np.isin(houses, chunk.where("loan_large"))
    amount = np.where(large, 80_000, 10_000 * rng.integers(1, 6, m))
    lent = chunk.past(m, 60, 900)
    due = lent + 365 * rng.integers(1, 4, m)
    overdue, settled = np.isin(houses, chunk.where("loan_overdue")), np.isin(houses, chunk.where("look_loan_settled"))
    lent = np.where(overdue | settled, chunk.past(m, 800, 1300), lent)
    due = np.where(overdue | settled, np.minimum(lent + 730, chunk.as_of - 40), due)
    state = np.select([overdue, settled], [1, 2], np.where(due < chunk.as_of, 2, 0))
    chunk.add(
        "bk_microcredit",
        chunk.adult(houses),
        contract_no=chunk.text_serial("XD", m),
        amount=fen(amount),
        lent_on=lent,
        due_on=due,
        balance=fen(np.where(state == 2, 0, amount * np.where(overdue, 0.6, 1.0))),
        state=coded(state, ("1", "2", "3")),
        purpose=pick(chunk, ("养猪", "种桑养蚕", "柑橘种植", "养牛", "加工"), m),
    )


def _relocation(chunk: Chunk) -> None:
    rng = chunk.rng
    houses = np.flatnonzero(chunk.relocated)
    m = len(houses)
    empty, old = np.isin(houses, chunk.where("not_moved_in")), np.isin(houses, chunk.where("old_house"))
    workers = np.bincount(chunk.people.house, weights=chunk.people.true_work > 0, minlength=len(chunk))[houses]
    chunk.add(
        "rl_households",
        heads(chunk, houses),
        site=pick(chunk, ("县城安置点", "镇区安置点", "中心村安置点"), m),
        mode=coded(choose(rng, (8, 2), m), ("1", "2")),
        persons=chunk.size[houses],
        area=(chunk.size[houses] * 25.0).clip(25, 125),
        moved_in_on=np.where(empty, NO_DAY, ymd(2018) + rng.integers(0, 1000, m)),
        old_house_demolished=~old,
        employed_persons=workers,
    )
