"""民政局, 残联, 卫健委, 医保局: allowances, certificates, illness, insurance."""

from __future__ import annotations

import numpy as np

from fupin.simulate.arrays import NO_DAY, Array, chance, choose, coded, fen, one, two
from fupin.simulate.benefits import SUBSISTENCE
from fupin.simulate.chunk import Chunk
from fupin.simulate.stories import culprits
from fupin.simulate.traces.people import alive, heads, pick, real, some, strangers


def observe(chunk: Chunk) -> None:
    _allowances(chunk)
    _cremations(chunk)
    _certificates(chunk)
    _illness(chunk)
    _checkups(chunk)
    _insured(chunk)
    _settlements(chunk)


def _allowances(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    paid = np.flatnonzero(
        real(chunk) & chunk.subsistence[p.house] & ~np.isin(np.arange(len(p)), culprits(chunk, "moved"))
    )
    paid = np.setdiff1d(paid, culprits(chunk, "dead", "look_just_died"))  # dead_subsidy is still paid
    grade = chunk.relief_grade[p.house[paid]]
    started = np.maximum(chunk.past(len(paid), 90, 2600), p.birth[paid])
    chunk.add(
        "ca_subsistence",
        paid,
        certificate_no="DB" + chunk.household_id.gather(p.house[paid].astype(np.uint32)),
        grade=coded(grade, ("A", "B", "C")),
        monthly_amount=fen(SUBSISTENCE[grade]),
        started_on=started,
        ended_on=np.where(chance(rng, 0.03, len(paid)), np.maximum(started + 30, chunk.as_of - 50), NO_DAY),
    )
    chunk.trace("subsistence", paid)
    alone = heads(chunk, np.flatnonzero(chunk.extreme))
    chunk.add(
        "ca_extreme",
        alone,
        mode=coded(choose(rng, (1, 9), len(alone)), ("1", "2")),
        self_care=one(p.self_care[alone]),
        monthly_amount=fen(np.full(len(alone), 780)),
        started_on=chunk.past(len(alone), 90, 2600),
    )
    chunk.trace("subsistence", alone)
    odds = np.select([chunk.poor, chunk.u < 0.5], [0.05, 0.012], 0.003)
    helped = heads(chunk, np.flatnonzero(chance(rng, odds)))
    chunk.add(
        "ca_relief",
        helped,
        reason=pick(chunk, ("突发疾病", "火灾", "意外事故", "子女就学", "自然灾害"), len(helped)),
        amount=fen(rng.gamma(3.0, 700, len(helped)).round(-2) + 300),
        paid_on=chunk.past(len(helped), 35, 420),
    )


def _cremations(chunk: Chunk) -> None:
    rng = chunk.rng
    dead = culprits(chunk, "dead", "dead_subsidy")
    dead = dead[chance(rng, 0.55, len(dead))]
    died = chunk.died_on[dead]
    chunk.add("ca_cremations", dead, died_on=died, cremated_on=died + rng.integers(2, 6, len(dead)))
    former = rng.integers(0, len(chunk.people), max(len(chunk.people) // 250, 1))
    ids, names = strangers(chunk, len(former), 50, 95)
    day = chunk.past(len(former), 60, 900)
    chunk.add("ca_cremations", former, id_number=ids, name=names, died_on=day, cremated_on=day + 3)


def _certificates(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    held = np.flatnonzero(alive(chunk) & (p.grade > 0) & chance(rng, 0.998, len(p)))
    grade = p.grade[held]
    kind = choose(rng, (12, 10, 3, 52, 11, 8, 4), len(held)) + 1
    house = p.house[held]
    living = chunk.poor[house] & (chunk.listed[house] | chance(rng, 0.4, len(held)))
    chunk.add(
        "df_certificates",
        held,
        certificate_no=p.id_number.gather(held.astype(np.uint32)) + one(kind) + one(grade),
        kind=one(kind),
        grade=one(grade),
        issued_on=np.maximum(chunk.past(len(held), 100, 3300), p.birth[held] + 400),
        living_subsidy=fen(np.where(living, 80, 0)),
        care_subsidy=fen(np.where(grade <= 2, 80, 0)),
    )
    chunk.trace("disability", held[grade <= 2])


def _illness(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    chronic = np.flatnonzero(alive(chunk) & (p.diagnosis > 0) & chance(rng, np.where(p.health == 3, 0.9, 0.62)))
    chunk.add(
        "hl_chronic",
        chronic,
        diagnosis=two(p.diagnosis[chronic]),
        serious=p.health[chronic] == 3,
        contracted_on=chunk.past(len(chronic), 60, 2000),
        visits_year=rng.integers(1, 9, len(chronic)),
    )
    hidden = culprits(chunk, "illness_mismatch")
    signed = chunk.past(len(hidden), 60, 900)
    chunk.add("hl_chronic", hidden, diagnosis="01", serious=True, contracted_on=signed, visits_year=4)
    chunk.trace("illness", chronic[p.health[chronic] == 3])
    stays = np.select([p.health == 3, p.health == 2, p.health == 4], [1.5, 0.16, 0.10], 0.028)
    stays = rng.poisson(stays * (1 + 0.5 * (p.age > 65))) * alive(chunk)
    who = np.repeat(np.arange(len(p)), stays.clip(0, 6))
    disease = np.where(
        p.diagnosis[who] > 0, p.diagnosis[who], np.array([9, 99, 99, 9, 99])[choose(rng, (1, 1, 1, 1, 1), len(who))]
    )
    mothers = (p.sex[who] == 2) & (p.age[who] >= 20) & (p.age[who] < 40) & (p.health[who] == 1)
    disease = np.where(mothers & chance(rng, 0.5, len(who)), 10, disease)
    admitted = chunk.past(len(who), 45, 400)
    cost = np.where(p.health[who] == 3, 21_000, 5_200) * np.exp(rng.normal(0, 0.6, len(who)))
    chunk.add(
        "hl_inpatient",
        who,
        stay_no=chunk.text_serial("ZY", len(who)),
        admitted_on=admitted,
        total_cost=fen(cost.round(2)),
        left_on=np.minimum(admitted + rng.integers(3, 25, len(who)), chunk.as_of - 35),
        diagnosis=two(disease),
    )


def _checkups(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    seen = some(chunk, alive(chunk), np.where(p.age >= 65, 0.62, 0.03))
    chunk.add(
        "hl_checkups",
        seen,
        checked_on=chunk.past(len(seen), 40, 350),
        bmi=rng.normal(22.4, 2.9, len(seen)).clip(13, 38).round(1),
        result=chance(rng, np.where(p.health[seen] > 1, 0.8, 0.25)),
    )


def _insured(chunk: Chunk) -> None:
    """Everybody who says so, but for those of the stories."""
    rng, p = chunk.rng, chunk.people
    without = culprits(chunk, "uninsured", "look_soldier", "look_employee_insured")
    insured = np.setdiff1d(np.flatnonzero(alive(chunk) & p.insured), np.concatenate([without, chunk.employed]))
    year = int(1970 + chunk.as_of // 365.2425)
    chunk.add(
        "mi_insured",
        insured,
        kind="城乡居民基本医疗保险",
        state="1",
        subsidised=chunk.poor[p.house[insured]] & chunk.listed[p.house[insured]],
        year=year,
    )
    workers = np.setdiff1d(chunk.employed, np.flatnonzero(~alive(chunk)))
    chunk.add("mi_insured", np.unique(workers), kind="城镇职工基本医疗保险", state="1", subsidised=False, year=year)
    paused = culprits(chunk, "uninsured")[::2]
    chunk.add("mi_insured", paused, kind="城乡居民基本医疗保险", state="2", subsidised=False, year=year - 1)
    p.insured[culprits(chunk, "look_employee_insured")] = False
    p.pension[chunk.employed] = False
    covered = np.flatnonzero(real(chunk) & p.pension & ~np.isin(np.arange(len(p)), chunk.employed))
    covered = np.setdiff1d(covered, culprits(chunk, "no_pension", "dead", "moved", "look_just_died"))
    old = p.age[covered] >= 60
    chunk.add(
        "hr_pension",
        covered,
        state=coded(np.where(old | chance(rng, 0.97, len(covered)), 0, 1), ("1", "2")),
        monthly_benefit=fen(np.where(old, 137 + choose(rng, (5, 3, 2), len(covered)) * 12, 0)),
        paid_until=np.where(old, _month(p.birth[covered] + 60 * 365), year * 100 + 9),
    )


def _month(day: Array) -> Array:
    at = np.asarray(day).astype("datetime64[D]").astype("datetime64[M]").astype(int)
    return np.asarray((1970 + at // 12) * 100 + at % 12 + 1)


def draw_bills(chunk: Chunk) -> None:
    """The year's medical settlements of every household, before anybody is asked about them."""
    rng, p = chunk.rng, chunk.people
    rate = np.select([p.health == 3, p.health == 2, p.health == 4], [3.2, 0.75, 0.3], 0.11)
    who = np.repeat(np.arange(len(p)), (rng.poisson(rate) * alive(chunk)).clip(0, 9))
    n = len(who)
    stay = chance(rng, np.where(p.health[who] == 3, 0.6, 0.15))
    typical = np.where(stay, np.where(p.health[who] == 3, 21_000, 5_200), 340)
    total = (typical * np.exp(rng.normal(0, 0.65, n))).round()
    basic = (total * rng.uniform(0.5, 0.68, n)).round()
    serious = np.where(total > 12_000, (total - basic - 6_000).clip(0) * 0.55, 0).round()
    helped = chunk.listed[p.house[who]] & chunk.poor[p.house[who]]
    relief = np.where(helped & stay, (total - basic - serious) * 0.5, 0).round()
    own = total - basic - serious - relief
    chunk.bills = {
        "who": who,
        "stay": stay,
        "total": total,
        "basic": basic,
        "serious": serious,
        "relief": relief,
        "own": own,
    }
    chunk.own_paid = np.bincount(p.house[who], weights=own, minlength=len(chunk))


def _settlements(chunk: Chunk) -> None:
    bills, n = chunk.bills, len(chunk.bills["who"])
    chunk.add(
        "mi_settlements",
        bills["who"],
        settlement_no=chunk.text_serial("JS", n),
        settled_on=chunk.past(n, 45, 360),
        total=fen(bills["total"]),
        basic_paid=fen(bills["basic"]),
        serious_paid=fen(bills["serious"]),
        relief_paid=fen(bills["relief"]),
        own_paid=fen(bills["own"]),
        inpatient=bills["stay"],
    )
    chunk.trace("illness", heads(chunk, np.flatnonzero(chunk.own_paid > 15_000)))
