"""The working set of one chunk of the city: households, persons, planted stories, facts of the departments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from fupin.catalogue.schema import datasets
from fupin.simulate.arrays import NO_DAY, Array, Rng, as_date, coded
from fupin.simulate.rates import Rates
from fupin.simulate.welfare import Latent

Values = Array | pl.Series | str | int | float | bool

TYPES: dict[str, Any] = {
    "int": pl.Int64,
    "month": pl.Int32,
    "money": pl.Int64,
    "decimal": pl.Float64,
    "flag": pl.Boolean,
}


@dataclass
class People:
    """Arrays with one element per person, households in order, the head first."""

    house: Array
    place: Array
    sex: Array
    birth: Array
    age: Array
    relation: Array
    id_number: pl.Series
    name: pl.Series
    pinyin: pl.Series
    person_id: pl.Series
    ethnicity: Array
    education: Array
    schooling: Array
    health: Array
    grade: Array
    """grade of disability 1–4, 0 none"""
    labour: Array
    self_care: Array
    work: Array
    """place of paid work 0–4"""
    months: Array
    diagnosis: Array = field(default_factory=lambda: np.zeros(0))
    true_work: Array = field(default_factory=lambda: np.zeros(0))
    true_months: Array = field(default_factory=lambda: np.zeros(0))
    true_schooling: Array = field(default_factory=lambda: np.zeros(0))
    insured: Array = field(default_factory=lambda: np.zeros(0))
    """says to have medical insurance for residents"""
    pension: Array = field(default_factory=lambda: np.zeros(0))
    """says to have pension insurance for residents"""

    def __len__(self) -> int:
        return len(self.house)


@dataclass
class Chunk:
    """One stretch of consecutive villages. Household arrays have one element per household."""

    number: int
    rng: Rng
    as_of: int
    rates: Rates
    latent: Latent
    household_id: pl.Series
    village: Array
    village_code: pl.Series
    county: Array
    state: Array
    fault: Array
    poor: Array
    u: Array
    """welfare above the line, in standard deviations"""
    kind: Array
    """planted story (index into the kinds), −1 none"""
    people: People = field(init=False)
    head: Array = field(init=False)
    """first person of each household"""
    size: Array = field(init=False)
    culprit: Array = field(init=False)
    registered_on: Array = field(init=False)
    exited_on: Array = field(init=False)
    relocated: Array = field(init=False)
    subsistence: Array = field(init=False)
    relief_grade: Array = field(init=False)
    extreme: Array = field(init=False)
    posts: Array = field(init=False)
    """persons in a public-welfare post"""
    rangers: Array = field(init=False)
    true_income: Array = field(init=False)
    """yuan a year per head"""
    returned: Array = field(init=False)
    public: Array = field(init=False)
    died_on: Array = field(init=False)
    """per person, ``NO_DAY`` when alive"""
    employed: Array = field(init=False)
    """persons in the employees' insurance"""
    farmland: Array = field(init=False)
    """亩 farmed"""
    quality: Array = field(init=False)
    """of the house: 0 D … 3 A"""
    bike: Array = field(init=False)
    """a member has a registered motorcycle"""
    award: Array = field(init=False)
    bills: dict[str, Array] = field(init=False)
    own_paid: Array = field(init=False)
    survey: pl.DataFrame = field(init=False)
    twin_of: dict[int, int] = field(default_factory=dict)
    """person registered twice → the member of another household whose number it bears"""
    facts: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    traces: list[tuple[str, Array]] = field(default_factory=list)
    counter: int = 0

    def __len__(self) -> int:
        return len(self.village)

    @property
    def listed(self) -> Array:
        return np.asarray(self.state != 9)

    def where(self, *kinds: str) -> Array:
        """Households with one of these planted stories."""
        wanted = [i for i, kind in enumerate(self.rates.kinds) if kind.id in kinds]
        return np.flatnonzero(np.isin(self.kind, wanted))

    def is_kind(self, *kinds: str) -> Array:
        mask = np.zeros(len(self), dtype=bool)
        mask[self.where(*kinds)] = True
        return mask

    def blame(self, houses: Array, persons: Array) -> None:
        """Say which person a planted story is about."""
        self.culprit[houses] = persons

    def adult(self, houses: Array) -> Array:
        """A random adult of each of these households (the head when there is none else)."""
        extra = np.minimum(self.size[houses] - 1, self.rng.integers(0, 2, len(houses)))
        person = self.head[houses] + extra
        return np.where(self.people.age[person] >= 20, person, self.head[houses])

    def serial(self, n: int) -> Array:
        """Numbers used nowhere else in the city."""
        self.counter += n
        return self.number * 10_000_000 + np.arange(self.counter - n, self.counter)

    def text_serial(self, prefix: str, n: int, width: int = 11) -> pl.Series:
        return prefix + pl.Series(self.serial(n)).cast(pl.String).str.zfill(width)

    def past(self, n: int, near: int, far: int) -> Array:
        """Days ``near`` … ``far`` before the cut-off."""
        return self.as_of - self.rng.integers(near, far + 1, n)

    def add(self, dataset: str, persons: Array, /, **values: Values) -> None:
        """Rows of a data set about these persons; number, name, sex, birth date and village come by themselves."""
        if not len(persons):
            return
        people, chosen = self.people, pl.Series(np.asarray(persons).astype(np.uint32))
        own: dict[str, Values] = {
            "id_number": people.id_number.gather(chosen),
            "name": people.name.gather(chosen),
            "sex": coded(people.sex[persons], ("0", "1", "2")),
            "birth_date": people.birth[persons],
            "village_code": self.village_code.gather(pl.Series(people.house[persons].astype(np.uint32))),
        }
        columns = datasets()[dataset].columns
        if stray := set(values) - set(columns):
            raise KeyError(f"{dataset}: no such column: {', '.join(sorted(stray))}")
        frame = pl.DataFrame(
            [
                as_column(name, column.type, values.get(name, own.get(name)), len(persons))
                for name, column in columns.items()
            ]
        )
        self.facts.setdefault(dataset, []).append(frame)

    def trace(self, topic: str, persons: Array) -> None:
        """Departments know something that speaks for poverty; matters for households that are not registered."""
        houses = np.unique(self.people.house[persons])
        self.traces.append((topic, houses[self.state[houses] == 9]))


def as_column(name: str, type_: str, values: Values | None, n: int) -> pl.Series:
    """Values of one column in the type of the catalogue; None → all null."""
    dtype = TYPES.get(type_, pl.String)
    if type_ == "date":
        day = np.full(n, NO_DAY) if values is None else np.broadcast_to(np.asarray(values), (n,))
        return as_date(day).alias(name)
    if values is None:
        return pl.Series(name, [None], dtype=dtype).new_from_index(0, n)
    if isinstance(values, str | bool | int | float):
        return pl.Series(name, [values], dtype=dtype).new_from_index(0, n)
    series = values if isinstance(values, pl.Series) else pl.Series(np.asarray(values))
    if type_ == "decimal":
        series = series.cast(pl.Float64).round(2).fill_nan(None)
    return series.cast(dtype).alias(name)
