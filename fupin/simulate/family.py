"""Plausible families: twelve places per household, drawn for many households at once.

Places: 0 head, 1 spouse, 2–5 children, 6 spouse of the first child, 7–9 grandchildren, 10 father, 11 mother of the head
(or of the spouse). Ages are full years with a fraction; sex 1 male, 2 female; relation as in the national list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fupin.simulate.arrays import Array, Rng, chance, choose

PLACES = 12
HEAD, SPOUSE, CHILD, INLAW, GRAND, FATHER, MOTHER = 0, 1, 2, 6, 7, 10, 11


@dataclass(frozen=True)
class Family:
    """Arrays households × places."""

    here: Array
    age: Array
    sex: Array
    relation: Array
    married: Array
    """per household: the head is or was married"""


def _bounded(age: Array, low: float, high: float) -> Array:
    """Ages outside the bounds are folded back by up to two years: cut off they would all share one birthday, and a
    county has only 500 ID serials for a day and sex."""
    folded = np.where(age < low, low + (low - age) % 2, age)
    return np.where(folded > high, high - (folded - high) % 2, folded)


def draw_family(rng: Rng, n: int) -> Family:
    age = np.zeros((n, PLACES), dtype=np.float32)
    sex = np.ones((n, PLACES), dtype=np.int8)
    here = np.zeros((n, PLACES), dtype=bool)
    married = _couple(rng, age, sex, here)
    _children(rng, age, sex, here, married)
    _grandchildren(rng, age, sex, here)
    _parents(rng, age, sex, here)
    return Family(here, age, sex, _relations(rng, sex, here), married)


def _couple(rng: Rng, age: Array, sex: Array, here: Array) -> Array:
    n = len(age)
    group = choose(rng, (0.16, 0.44, 0.25, 0.15), n)
    mean, spread = np.array([36, 49, 61, 71])[group], np.array([4.5, 5.5, 5, 6])[group]
    age[:, HEAD] = _bounded(rng.normal(mean, spread), 23, 93)
    married = chance(rng, np.where(age[:, HEAD] < 30, 0.7, 0.95))
    spouse = married & chance(rng, np.select([age[:, HEAD] < 60, age[:, HEAD] < 70], [0.93, 0.78], 0.52))
    female = chance(rng, np.where(spouse, 0.07, np.where(married, 0.48, 0.12)))
    sex[:, HEAD] = np.where(female, 2, 1)
    sex[:, SPOUSE] = 3 - sex[:, HEAD]
    gap = rng.normal(2.2, 2.6, n) * np.where(female, -1, 1)
    age[:, SPOUSE] = _bounded(age[:, HEAD] - gap, 21, 93)
    here[:, HEAD], here[:, SPOUSE] = True, spouse
    return married


def _children(rng: Rng, age: Array, sex: Array, here: Array, married: Array) -> None:
    n = len(age)
    born = np.where(married, choose(rng, (0.04, 0.18, 0.46, 0.24, 0.08), n), 0)
    mother = np.where(sex[:, HEAD] == 2, age[:, HEAD], age[:, SPOUSE])
    mother = np.where(married, np.minimum(mother, age[:, HEAD] + 4), 0)
    oldest = mother - rng.normal(24.5, 3.0, n).clip(18, 38)
    spacing = np.cumsum(rng.uniform(1.3, 4.6, (n, 4)), axis=1)
    for i in range(4):
        place = CHILD + i
        age[:, place] = oldest if i == 0 else oldest - spacing[:, i - 1]
        sex[:, place] = np.where(chance(rng, 0.53, n), 1, 2)
        grown = age[:, place] >= 21
        son_stays = 0.66 if i == 0 else 0.46
        stays = np.where(sex[:, place] == 1, son_stays, 0.12)
        alive = (born > i) & (age[:, place] > 0) & (age[:, HEAD] - age[:, place] > 16)
        here[:, place] = alive & (~grown | chance(rng, stays, n))


def _grandchildren(rng: Rng, age: Array, sex: Array, here: Array) -> None:
    n = len(age)
    first = CHILD
    wed = chance(rng, np.where(sex[:, first] == 1, 0.74, 0.45))
    here[:, INLAW] = here[:, first] & (age[:, first] >= 23.5) & wed
    sex[:, INLAW] = 3 - sex[:, first]
    age[:, INLAW] = _bounded(age[:, first] + rng.normal(-0.8, 1.8, n), 21, 93)
    mother = np.where(sex[:, INLAW] == 2, age[:, INLAW], age[:, first])
    skipped = ~here[:, first] & (age[:, first] > 26) & chance(rng, 0.16, n)  # parents away, children with grandparents
    parents = here[:, INLAW] | skipped
    birth = rng.normal(23.2, 2.2, n).clip(18.5, 33)
    for i, share in enumerate((0.92, 0.55, 0.13)):
        place = GRAND + i
        age[:, place] = mother - birth
        sex[:, place] = np.where(chance(rng, 0.53, n), 1, 2)
        here[:, place] = parents & (age[:, place] > 0) & (age[:, place] < 22) & chance(rng, share, n)
        birth = birth + rng.uniform(1.4, 4.5, n)


def _parents(rng: Rng, age: Array, sex: Array, here: Array) -> None:
    n = len(age)
    age[:, FATHER] = age[:, HEAD] + rng.normal(27, 4, n).clip(18, 45)
    age[:, MOTHER] = age[:, HEAD] + rng.normal(24.5, 3.5, n).clip(17, 42)
    sex[:, MOTHER] = 2
    for place, share in ((FATHER, 0.25), (MOTHER, 0.36)):
        alive = 1 - ((age[:, place] - 55) / 42).clip(0, 1)
        here[:, place] = (age[:, place] < 96) & chance(rng, 1.5 * share * alive)


def _relations(rng: Rng, sex: Array, here: Array) -> Array:
    """National numbers: 01 head … 16 husband's mother."""
    relation = np.zeros(sex.shape, dtype=np.int8)
    relation[:, HEAD], relation[:, SPOUSE] = 1, 2
    for place in range(CHILD, INLAW):
        relation[:, place] = np.where(sex[:, place] == 1, 3, 4)
    relation[:, INLAW] = np.where(sex[:, INLAW] == 2, 5, 6)
    son = sex[:, CHILD] == 1
    for place in range(GRAND, FATHER):
        male = sex[:, place] == 1
        relation[:, place] = np.where(son, np.where(male, 7, 8), np.where(male, 9, 10))
    his_wifes = (sex[:, HEAD] == 1) & here[:, SPOUSE] & chance(rng, 0.04, len(sex))
    her_husbands = (sex[:, HEAD] == 2) & chance(rng, 0.6, len(sex))
    relation[:, FATHER] = np.where(his_wifes, 13, np.where(her_husbands, 15, 11))
    relation[:, MOTHER] = np.where(his_wifes, 14, np.where(her_husbands, 16, 12))
    return relation
