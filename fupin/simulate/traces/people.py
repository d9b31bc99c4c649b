"""Choosing persons for the facts of a department."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.simulate.arrays import NO_DAY, Array, chance, sigmoid, ymd
from fupin.simulate.chunk import Chunk
from fupin.simulate.identity import draw_names, draw_surnames, id_numbers, serials
from fupin.simulate.stories import culprits


def real(chunk: Chunk) -> Array:
    """Persons as they are: without the second entry of those who are registered twice."""
    mask = np.ones(len(chunk.people), dtype=bool)
    mask[list(chunk.twin_of)] = False
    return mask


def gone(chunk: Chunk) -> Array:
    """Persons who no longer stand in the population register."""
    mask = np.zeros(len(chunk.people), dtype=bool)
    mask[culprits(chunk, "dead", "dead_subsidy", "look_just_died", "moved")] = True
    return mask


def alive(chunk: Chunk) -> Array:
    return real(chunk) & ~gone(chunk)


def some(chunk: Chunk, mask: Array, probability: Array | float) -> Array:
    """Persons of the mask, each with this probability."""
    return np.flatnonzero(mask & chance(chunk.rng, probability, len(mask)))


def wealthy(chunk: Chunk, centre: float, most: float, steep: float = 1.6) -> Array:
    """One adult of each household that owns a thing of the rich.

    Freely outside the registry, a little among those registered by error; never the registered poor or the exited, who
    have stories of their own.
    """
    odds = most * sigmoid(steep * (chunk.u - centre))
    odds = np.select([chunk.state == 9, chunk.fault == 1], [odds, 0.15 * odds], 0.0)
    houses = np.flatnonzero(chance(chunk.rng, odds))
    return chunk.adult(houses)


def after_exit(chunk: Chunk, houses: Array) -> Array:
    """A day between the exit and the cut-off."""
    start = np.where(chunk.exited_on[houses] == NO_DAY, ymd(2023), chunk.exited_on[houses])
    return np.asarray(
        start + 30 + (chunk.rng.random(len(houses)) * (chunk.as_of - 60 - start - 30)).clip(0).astype(int)
    )


def heads(chunk: Chunk, houses: Array) -> Array:
    return np.asarray(chunk.head[houses])


def strangers(chunk: Chunk, n: int, youngest: float = 20, oldest: float = 85) -> tuple[pl.Series, pl.Series]:
    """ID numbers and names of people who are in no registry: former members, people of other cities."""
    rng = chunk.rng
    age = rng.uniform(youngest, oldest, n)
    birth = chunk.as_of - (age * 365.2425).astype(np.int64)
    sex = rng.integers(1, 3, n)
    county = np.full(n, 450_900 + chunk.number % 90)
    turn = np.full(n, chunk.counter // 997 % 20)
    chunk.counter += 997
    ids = id_numbers(county, birth, sex, serials(county, birth, sex, turn, np.full(n, 20)))
    return ids, draw_names(rng, draw_surnames(rng, n), sex, age).name


def pick(chunk: Chunk, words: tuple[str, ...], n: int) -> pl.Series:
    return pl.Series(words).gather(pl.Series(chunk.rng.integers(0, len(words), n).astype(np.uint32)))
