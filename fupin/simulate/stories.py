"""Planted stories find their person; a household where nobody fits the story loses it."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.simulate.arrays import Array
from fupin.simulate.chunk import Chunk


def cast_stories(chunk: Chunk) -> None:
    """Choose the person of every story about a person and change what the family declares."""
    p = chunk.people
    _insure(chunk)
    crowd = (chunk.size > 1)[p.house]
    pupil = (p.true_schooling >= 3) & (p.true_schooling <= 6) & (p.age >= 7) & (p.age < 15)
    adult = (p.age >= 25) & (p.age < 62) & (p.true_schooling == 1)
    single = adult & ~np.isin(p.place, (1, 6)) & ~chunk.latent.family.here[:, 1][p.house]
    for kinds, mask in (
        (("dead", "dead_subsidy", "look_just_died"), crowd & (p.age >= 45)),
        (("moved", "look_back_again"), crowd & (p.age >= 18) & (p.age < 40) & (p.place != 0)),
        (("marriage",), single),
        (("uninsured",), p.insured),
        (("no_pension",), p.pension & (p.age >= 25) & (p.age < 60)),
        (("dropout", "look_school_elsewhere"), pupil),
        (("look_home_schooling",), pupil),
        (("pupil_mismatch",), (p.true_schooling >= 3) & (p.age < 18)),
        (("health_mismatch", "illness_mismatch"), adult & (p.health == 1) & (p.grade == 0)),
        (("work_mismatch",), adult & (p.labour <= 2)),
        (("post_old",), p.age >= 71),
        (("look_soldier",), (p.sex == 1) & (p.age >= 18) & (p.age <= 24)),
        (("look_disabled_car",), (p.grade > 0) & (p.age >= 20)),
        (("unreported_birth",), (p.sex == 2) & (p.age >= 20) & (p.age < 42)),
        (("split",), (p.place == 0) & (np.minimum.reduceat(p.age, chunk.head) >= 60)[p.house]),
        (("duplicate",), crowd & (p.place != 0)),
    ):
        for kind in kinds:
            _cast(chunk, kind, mask)
    rest = np.flatnonzero((chunk.kind >= 0) & (chunk.culprit < 0))
    chunk.culprit[rest] = chunk.adult(rest)
    _declare(chunk)
    _register_twice(chunk)


def _cast(chunk: Chunk, kind: str, mask: Array) -> None:
    p = chunk.people
    persons = np.flatnonzero(mask & chunk.is_kind(kind)[p.house])
    persons = persons[chunk.rng.permutation(len(persons))]
    houses, first = np.unique(p.house[persons], return_index=True)
    chunk.blame(houses, persons[first])
    nobody = np.setdiff1d(chunk.where(kind), houses)
    chunk.kind[nobody] = -1


def _insure(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    listed = chunk.listed[p.house]
    p.insured = rng.random(len(p)) < np.where(listed, 0.997, 0.965)
    p.pension = (p.age >= 16) & (p.true_schooling == 1) & (rng.random(len(p)) < np.where(listed, 0.95, 0.82))


def culprits(chunk: Chunk, *kinds: str) -> Array:
    """Persons of these stories."""
    return np.asarray(chunk.culprit[chunk.where(*kinds)])


def _declare(chunk: Chunk) -> None:
    """What the family says differs from what is so."""
    p = chunk.people
    home = culprits(chunk, "look_home_schooling")
    p.grade[home], p.health[home], p.self_care[home] = 1, 4, 3
    p.true_schooling[home] = p.schooling[home] = 1
    p.education[home] = 1
    away = culprits(chunk, "pupil_mismatch")
    p.schooling[away] = 1
    p.education[away] = np.where(p.age[away] < 13, 2, 3)
    p.grade[culprits(chunk, "health_mismatch")] = 3
    idle = culprits(chunk, "work_mismatch")
    p.true_work, p.true_months = p.true_work.copy(), p.true_months.copy()
    p.true_work[idle], p.true_months[idle] = 4, 10
    p.work[idle], p.months[idle] = 0, 0
    workshop = culprits(chunk, "look_low_base", "look_employee_insured")
    p.work[workshop] = p.true_work[workshop] = 2
    p.months[workshop] = p.true_months[workshop] = 12


def _register_twice(chunk: Chunk) -> None:
    """The person of the story stands in this household under the ID number and name of a member of another one."""
    p = chunk.people
    guests = culprits(chunk, "duplicate")
    free = np.flatnonzero(chunk.listed[p.house] & (chunk.kind[p.house] < 0) & (p.age >= 18) & (p.place != 0))
    guests = guests[: len(free)]
    twins = chunk.rng.choice(free, len(guests), replace=False)
    source = np.arange(len(p))
    source[guests] = twins
    for attribute in ("id_number", "name", "pinyin"):
        setattr(p, attribute, getattr(p, attribute).gather(pl.Series(source.astype(np.uint32))))
    p.sex[guests], p.birth[guests], p.age[guests] = p.sex[twins], p.birth[twins], p.age[twins]
    p.relation[guests] = 99
    chunk.twin_of = dict(zip(guests.tolist(), twins.tolist(), strict=True))
