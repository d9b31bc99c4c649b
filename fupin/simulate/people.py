"""Members of the households with what they say of themselves, and the registry's table of persons."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.simulate.arrays import Array, as_date, chance, choose, one, sigmoid, two
from fupin.simulate.chunk import Chunk, People
from fupin.simulate.identity import draw_names, draw_surnames, id_numbers, serials
from fupin.simulate.welfare import health_events

#: the school year began two months before the cut-off
SCHOOL_START = 61 / 365.25

#: ethnicity by county: (Zhuang, Han, Yao, others) – the karst counties are mainly Zhuang
PEOPLES = {450124: (0.58, 0.34, 0.07, 0.01), 450123: (0.92, 0.06, 0.01, 0.01), 450125: (0.76, 0.17, 0.06, 0.01)}
PEOPLES_ELSEWHERE = (0.56, 0.42, 0.01, 0.01)


def populate(chunk: Chunk, place: Array, places: Array) -> None:
    """Draw the members: ``place`` and ``places`` per household share out the ID serials of its county among chunks."""
    rng, family = chunk.rng, chunk.latent.family
    house, slot = np.nonzero(family.here)
    age = family.age[house, slot]
    birth = chunk.as_of - np.floor(age * 365.2425).astype(np.int64)
    sex = family.sex[house, slot]
    county = chunk.county[house]
    ids = id_numbers(county, birth, sex, serials(county, birth, sex, place[house], places[house]))
    names = draw_names(rng, _surnames(chunk, house, slot), sex, age)
    chunk.size = np.bincount(house, minlength=len(chunk))
    chunk.head = np.concatenate([[0], np.cumsum(chunk.size)[:-1]])
    turn = np.arange(len(house)) - chunk.head[house]
    household = chunk.household_id.gather(pl.Series(house.astype(np.uint32)))
    blank = np.zeros(len(house), dtype=np.int8)
    chunk.people = People(
        house,
        slot,
        sex,
        birth,
        np.floor(age).astype(np.int16),
        family.relation[house, slot],
        ids,
        names.name,
        names.pinyin,
        household + two(turn + 1),
        _ethnicity(chunk, house, slot),
        blank,
        blank,
        blank,
        blank,
        blank,
        blank,
        blank,
        blank,
    )
    _schooling(chunk, age)
    _health(chunk)
    _work(chunk)


def _surnames(chunk: Chunk, house: Array, slot: Array) -> Array:
    """Children bear the father's surname; who married in bears another."""
    rng, family = chunk.rng, chunk.latent.family
    own, other, third = (draw_surnames(rng, len(chunk)) for _ in range(3))
    female_head = family.sex[:, 0] == 2
    fathers = np.where(female_head & family.married, other, own)
    table = np.repeat(fathers[:, None], 12, axis=1)
    table[:, 0], table[:, 1] = own, np.where(female_head, fathers, other)
    table[:, 6], table[:, 11] = third, draw_surnames(rng, len(chunk))
    table[:, 10] = own
    by_daughter = family.sex[:, 2] == 2
    table[:, 7:10] = np.where(by_daughter[:, None], third[:, None], table[:, 7:10])
    return table[house, slot]


def _ethnicity(chunk: Chunk, house: Array, slot: Array) -> Array:
    rng = chunk.rng
    codes = np.array([8, 1, 13, 97])
    family = np.zeros(len(chunk), dtype=np.int64)
    for county in np.unique(chunk.county):
        here = chunk.county == county
        family[here] = codes[choose(rng, PEOPLES.get(int(county), PEOPLES_ELSEWHERE), int(here.sum()))]
    married_in = np.isin(slot, (1, 6, 11)) & chance(rng, 0.12, len(house))
    return np.where(married_in, codes[choose(rng, (0.5, 0.45, 0.04, 0.01), len(house))], family[house])


def _schooling(chunk: Chunk, age: Array) -> None:
    """Enrolment by age at the start of the school year, longer with human capital; education of those who left."""
    rng, people = chunk.rng, chunk.people
    years = np.floor(age - SCHOOL_START).astype(int)
    push = 0.8 * chunk.latent.capital[people.house] + 0.9 * (chunk.u[people.house] - 0.4) + rng.normal(0, 1, len(age))
    school = np.ones(len(age), dtype=np.int8)
    school[(years >= 3) & (years <= 5) & chance(rng, np.where(years == 5, 1.0, 0.88))] = 2
    school[(years >= 6) & (years <= 11)] = 3
    for year, code in ((12, 4), (13, 5), (14, 6)):
        school[years == year] = code
    for i, year in enumerate((15, 16, 17)):
        school[years == year] = np.where(
            push[years == year] > 0, 7 + i, np.where(push[years == year] > (-9 if i == 0 else -1.6), 10 + i, 1)
        )
    higher = (years >= 18) & (years <= 21) & (push > 0.5)
    school[higher] = np.where(push[higher] > 1.1, 16, np.where(years[higher] <= 20, 13 + years[higher] - 18, 1))
    cohort = ((62 - age) / 22).clip(-1.6, 1.5)
    reached = 0.5 * push + cohort + rng.normal(0, 0.45, len(age))
    education = 1 + np.searchsorted(np.array([-1.25, 0.05, 1.7, 2.55]), reached)
    education = np.where(age < 16, np.where(years < 6, 6, 2), education)
    people.education = np.where(school > 1, -1, education).astype(np.int8)
    people.schooling = school
    people.true_schooling = school.copy()


def _struck(chunk: Chunk, houses: Array) -> Array:
    """One member per household struck by its trouble: mostly adults."""
    people = chunk.people
    score = chunk.rng.random(len(people)) + np.where(people.age >= 30, 0.5, 0) + np.where(people.age >= 55, 0.15, 0)
    first = np.flatnonzero(score == np.maximum.reduceat(score, chunk.head)[people.house])
    return np.asarray(first[np.searchsorted(people.house[first], houses)])


def _health(chunk: Chunk) -> None:
    """Health 1 healthy 2 chronic 3 serious 4 disabled; grade of disability; self-care; diagnosis group."""
    rng, people = chunk.rng, chunk.people
    n = len(people)
    serious, chronic, disabled = health_events(rng, chunk.latent)
    health = np.ones(n, dtype=np.int8)
    low = sigmoid(-1.8 * (chunk.u[people.house] - 0.1))
    frail = ((people.age - 45) / 100).clip(0, 0.35) * (0.6 + low) + 0.005 + 0.11 * low * (people.age >= 30)
    health[chance(rng, frail)] = 2
    health[_struck(chunk, np.flatnonzero(chronic))] = 2
    health[chance(rng, 0.0012 + 0.004 * (people.age > 55))] = 3
    health[_struck(chunk, np.flatnonzero(serious))] = 3
    hurt = chance(rng, 0.010 + 0.012 * (people.age > 60))
    hurt[_struck(chunk, np.flatnonzero(disabled))] = True
    struck_hard = disabled[people.house] & (chunk.latent.severity[people.house] > 0.8)
    light = choose(rng, (0.03, 0.08, 0.41, 0.48), n) + 1
    heavy = choose(rng, (0.30, 0.38, 0.22, 0.10), n) + 1
    people.grade = np.where(hurt, np.where(struck_hard, heavy, light), 0).astype(np.int8)
    health[hurt] = 4
    mild, grave = choose(rng, (38, 25, 9, 3, 25), n), choose(rng, (30, 14, 36, 20), n)
    people.diagnosis = np.select(
        [health == 3, health == 2], [np.array([1, 2, 3, 4])[grave], np.array([6, 5, 7, 8, 99])[mild]], 0
    )
    people.health = health
    dependent = np.where(people.grade == 1, 0.5, np.where((health == 3) | (people.age > 85), 0.12, 0.0))
    partly = np.select([people.grade > 0, health == 3, people.age > 78], [0.5, 0.45, 0.4], 0.01)
    people.self_care = np.where(chance(rng, dependent), 3, np.where(chance(rng, partly), 2, 1)).astype(np.int8)


def _work(chunk: Chunk) -> None:
    """Labour ability by age and health, then paid work; what is reported is true unless a story says not."""
    rng, people = chunk.rng, chunk.people
    n, age, u = len(people), people.age, chunk.u[people.house]
    pupil = people.schooling > 1
    weak = (people.health == 2) & chance(rng, 0.35, n) | ((people.health == 4) & (people.grade >= 3)) | (age >= 64)
    lost = (
        (people.health == 3) & chance(rng, 0.7, n)
        | ((people.grade > 0) & (people.grade <= 2))
        | (people.self_care == 3)
    )
    weak |= chance(rng, 0.22 * sigmoid(-2.0 * u))
    skilled = chance(rng, 0.40 * sigmoid(1.6 * (u - 0.8)))
    labour = np.select([(age < 16) | pupil | (age > 72), lost, weak, skilled], [4, 3, 5, 2], 1)
    people.labour = labour.astype(np.int8)
    willing = 0.20 + 0.55 * sigmoid(1.8 * (u - 0.1))
    works = chance(rng, np.select([labour <= 2, labour == 5], [willing, 0.10], 0.0)) & (people.self_care == 1)
    region = choose(rng, (0.22, 0.23, 0.22, 0.33), n) + 1
    months = (rng.normal(6.3 + 1.9 * u.clip(-2, 2), 2.2, n)).round().clip(1, 12)
    people.work = people.true_work = np.where(works, region, 0).astype(np.int8)
    people.months = people.true_months = np.where(works, months, 0).astype(np.int8)


def persons_table(chunk: Chunk) -> pl.DataFrame:
    """The registry's persons, ``id_number`` in clear in the place of ``key``."""
    rng, p = chunk.rng, chunk.people
    n, u = len(p), chunk.u[p.house]
    member = chunk.household_id.gather(pl.Series(p.house.astype(np.uint32)))
    adult, pupil = p.age >= 18, p.schooling > 1
    party = adult & chance(rng, 0.025 + 0.03 * (u > 0.5))
    league = (p.age >= 14) & (p.age < 28) & chance(rng, 0.22, n)
    covered = (p.age >= 16) & ~pupil
    soldier = (p.sex == 1) & (p.age >= 18) & (p.age <= 24) & chance(rng, 0.004, n)
    soldier[chunk.culprit[chunk.where("look_soldier")]] = True
    bears = (p.sex == 2) & (p.age >= 20) & (p.age <= 40) & np.isin(p.place, (0, 1, 2, 6))
    away = _parents_away(chunk)
    unknown = chance(rng, np.where(chunk.listed[p.house], chunk.rates.unknown_registered, chunk.rates.unknown_outside))
    reason = np.where((p.schooling == 1) & (p.age >= 6) & (p.age < 15), choose(rng, (2, 2, 3, 5, 1), n) + 1, -1)
    reason = np.where(reason == 5, 9, reason)
    values = {
        "person_id": p.person_id,
        "household_id": member,
        "id_number": p.id_number,
        "name": p.name,
        "pinyin": p.pinyin,
        "sex": one(p.sex),
        "birth_date": as_date(p.birth),
        "village_code": chunk.village_code.gather(pl.Series(p.house.astype(np.uint32))),
        "relation": two(p.relation),
        "ethnicity": two(p.ethnicity),
        "political": two(np.where(party, 1, np.where(league, 3, 13))),
        "education": two(p.education),
        "schooling": two(p.schooling),
        "dropout_reason": one(reason),
        "health": two(p.health),
        "labour": two(p.labour),
        "self_care": one(np.where(unknown, -1, p.self_care)),
        "work_region": two(p.work),
        "work_months": pl.Series(p.months.astype(np.int64)),
        "skill_certificate": _maybe((p.labour == 2) & chance(rng, 0.6, n), unknown),
        "medical_insured": pl.Series(p.insured & ~soldier),
        "pension_insured": pl.Series(p.pension & covered),
        "serious_illness_insured": _maybe(p.insured & chance(rng, 0.97, n), unknown),
        "soldier": pl.Series(soldier),
        "pregnant": pl.Series(bears & chance(rng, 0.03, n)),
        "left_behind": pl.Series(away),
    }
    return pl.DataFrame(values)


def _maybe(flag: Array, unknown: Array) -> pl.Series:
    return pl.Series(flag).set(pl.Series(unknown), None)


def _parents_away(chunk: Chunk) -> Array:
    """Left behind: a child whose every parent's generation works outside the county; an old person likewise."""
    p = chunk.people
    outside = p.work >= 3
    adult = (p.age >= 18) & (p.age < 60)
    workers = np.bincount(p.house, weights=adult & outside, minlength=len(chunk))
    adults = np.bincount(p.house, weights=adult, minlength=len(chunk))
    gone = (workers >= np.maximum(adults, 1)) | ((adults == 0) & (np.bincount(p.house, p.age < 15, len(chunk)) > 0))
    return np.asarray(gone[p.house] & ((p.age < 16) | (p.age >= 62)))
