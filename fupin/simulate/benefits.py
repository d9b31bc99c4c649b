"""Who gets which help: drawn from the truth, with the administration's own errors, before any paper is written."""

from __future__ import annotations

import numpy as np

from fupin.simulate.arrays import NO_DAY, Array, Rng, chance, choose, ymd
from fupin.simulate.chunk import Chunk
from fupin.simulate.stories import culprits
from fupin.simulate.welfare import FAULT_INCLUSION, FAULT_MISSED

#: yuan a month per person by class of the subsistence allowance A B C
SUBSISTENCE = np.array([380, 300, 240])


def grant(chunk: Chunk) -> None:
    rng, p, n = chunk.rng, chunk.people, len(chunk)
    needy = chunk.poor & chunk.listed
    hard = (-chunk.u).clip(0, 1.5)
    odds = np.select([needy, chunk.fault == FAULT_MISSED, chunk.state == 9], [0.18 + 0.32 * hard, 0.16, 0.0015], 0.03)
    chunk.subsistence = chance(rng, np.where(chunk.fault == FAULT_INCLUSION, 0.12, odds))
    chunk.subsistence[chunk.where("double_subsistence")] = True
    oldest = np.maximum.reduceat(p.age, chunk.head)
    youngest = np.minimum.reduceat(p.age, chunk.head)
    alone = (chunk.size == 1) & (oldest >= 60) & chunk.poor
    chunk.extreme = alone & chance(rng, np.where(chunk.state == 9, 0.35, 0.45), n) & (youngest >= 60)
    chunk.subsistence &= ~chunk.extreme
    chunk.relief_grade = choose(rng, (0.2, 0.5, 0.3), n)
    able = np.flatnonzero(
        needy[p.house] & (p.age >= 25) & (p.age < 62) & np.isin(p.labour, (1, 5)) & (p.true_schooling == 1)
    )
    draw = rng.random(len(able))
    chunk.rangers = _once(chunk, np.concatenate([able[draw < 0.018], culprits(chunk, "ranger_outside")]))
    posts = able[(draw > 0.97) & (chunk.kind[p.house[able]] < 0)]
    chunk.posts = _once(chunk, np.concatenate([posts, culprits(chunk, "post_outside", "post_old", "look_post")]))


def possessions(chunk: Chunk) -> None:
    """Land, house and motorcycle as they are: the survey and the departments both look at these."""
    rng, n = chunk.rng, len(chunk)
    x = (chunk.u - 0.7).clip(-2, 2)
    chunk.farmland = (chunk.latent.land * np.exp(0.28 * x)).clip(0.2, 60)
    wealth = chunk.u - 0.7 + 0.25 * chunk.latent.assets + rng.normal(0, 0.45, n)
    chunk.quality = np.searchsorted(np.array([-3.2, -1.4, -0.2]), wealth)
    # the dangerous houses of the registered have been rebuilt, but for those of the stories
    chunk.quality[chunk.listed & (chunk.quality == 0)] = 1
    chunk.quality[chunk.where("d_grade", "look_d_moved")] = 0
    chunk.bike = chunk.listed & chance(rng, 0.16, n)


def _once(chunk: Chunk, persons: Array) -> Array:
    """One post per household."""
    _, first = np.unique(chunk.people.house[persons], return_index=True)
    return persons[np.sort(first)]


def dates(chunk: Chunk) -> None:
    """Registration at the end of 2013 … 2017 with a few later; exits at the end of a year."""
    rng, n = chunk.rng, len(chunk)
    years = np.array([ymd(y, 12, 1) for y in (2014, 2015, 2016, 2017, 2018, 2019, 2021, 2023)])
    at = years[choose(rng, (0.18, 0.42, 0.18, 0.09, 0.05, 0.04, 0.02, 0.02), n)] + rng.integers(0, 30, n)
    chunk.registered_on = np.where(chunk.listed, at, NO_DAY)
    exits = np.array([ymd(y, 11, 15) for y in (2016, 2017, 2018, 2019, 2020, 2024, 2025)])
    year = exits[choose(rng, (0.12, 0.15, 0.2, 0.25, 0.2, 0.04, 0.04), n)]
    after = np.where(year > at + 300, year, exits[-1])
    chunk.exited_on = np.where(chunk.state == 1, after + rng.integers(0, 40, n), NO_DAY)
    odds = np.where(chunk.listed, 0.03 + 0.10 * (chunk.latent.remote > 0.6), 0.0)
    chunk.relocated = chance(rng, odds)
    chunk.relocated[chunk.where("not_moved_in", "old_house", "look_resettled")] = True


def causes(rng: Rng, chunk: Chunk) -> tuple[Array, Array]:
    """Main and other cause as the file says: the true trouble, misread in one case of twelve; −1 none."""
    n = len(chunk)
    misread = chance(rng, 0.08, n)
    common = np.array([1, 2, 3, 7, 8, 9])[choose(rng, (3, 1, 1, 3, 2, 3), n)]
    main = np.where(misread, common, chunk.latent.trouble)
    second = np.array([7, 8, 9, 11, 1, 10])[choose(rng, (4, 2, 4, 1, 2, 1), n)]
    other = np.where(chance(rng, 0.55, n) & (second != main), second, -1)
    return np.where(chunk.listed, main, -1), np.where(chunk.listed, other, -1)
