"""The latent state of a household: what is true, before anybody writes anything down.

``raw = 0.75 human capital + 0.75 assets + 0.35 ln land + 0.8 working share − 0.10 students − 0.95 trouble
− 1.9 (remoteness − 0.45) + N(0, 0.35)``; the city's mean and spread turn it into a z-score. See docs/simulation.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fupin.simulate.arrays import Array, Rng, chance, choose
from fupin.simulate.family import Family, draw_family

#: trouble → share among all households: cause codes of the national list (01 illness, 02 disability, 03 schooling …)
TROUBLES = {1: 40, 2: 13.5, 3: 18, 4: 1.5, 5: 3, 6: 0.6, 7: 9.5, 8: 10, 9: 7, 10: 2.5, 11: 1.7, 12: 0.6, 99: 0.6}


@dataclass(frozen=True)
class Latent:
    """Arrays with one element per household (and the family's arrays households × places)."""

    family: Family
    remote: Array
    capital: Array
    assets: Array
    land: Array
    """亩 of farmland"""
    trouble: Array
    severity: Array
    students: Array
    working: Array
    raw: Array


def draw_latent(rng: Rng, remote: Array) -> Latent:
    n = len(remote)
    family = draw_family(rng, n)
    members = family.here.sum(axis=1)
    age = np.where(family.here, family.age, -1)
    students = ((age >= 6) & (age < 20)).sum(axis=1)
    able = ((age >= 18) & (age < 60)).sum(axis=1) + 0.4 * ((age >= 60) & (age < 68)).sum(axis=1)
    working = able / members
    trouble = _trouble(rng, students, working, n)
    severity = rng.gamma(1.5, 0.62, n)
    capital, assets = rng.normal(0, 1, n), rng.normal(0, 1, n)
    land = np.exp(rng.normal(0.95 - 0.35 * (trouble == 5), 0.5, n)) * (0.6 + 0.11 * members)
    raw = 0.75 * capital + 0.75 * assets + 0.35 * np.log(land) + 0.8 * (working - 0.5) * 2 - 0.1 * students
    raw = raw - 0.95 * severity - 1.9 * (remote - 0.45) + rng.normal(0, 0.35, n)
    return Latent(family, remote, capital, assets, land, trouble, severity, students, working, raw)


def _trouble(rng: Rng, students: Array, working: Array, n: int) -> Array:
    """The household's main trouble; schooling needs a student and lack of labour needs few workers."""
    codes = np.array(list(TROUBLES))
    trouble = codes[choose(rng, list(TROUBLES.values()), n)]
    instead = np.array([1, 7, 9])[choose(rng, (5, 3, 2), n)]
    impossible = ((trouble == 3) & (students == 0)) | ((trouble == 8) & (working > 0.6))
    return np.where(impossible, instead, trouble)


@dataclass(frozen=True)
class Registration:
    """Who is registered, for the whole city. ``fault``: 0 right, 1 inclusion error, 2 missed, 3 exited too early."""

    state: Array
    fault: Array
    poor: Array
    line: float
    mean: float
    spread: float


FAULT_INCLUSION, FAULT_MISSED, FAULT_EXIT = 1, 2, 3


def register(
    rng: Rng, raw: Array, registered: int, shares: tuple[float, ...], inclusion: float, exclusion: float, early: float
) -> Registration:
    """Draw the state of every household (exactly ``registered`` of them not 9) from the truth, with stated errors."""
    n = len(raw)
    mean, spread = float(raw.mean()), float(raw.std())
    z = (raw - mean) / spread
    counts = np.floor(np.array(shares) * registered).astype(int)
    counts[0] += registered - counts.sum()
    still_poor = counts[0] + counts[3]
    poor_count = min(int(still_poor * (1 - inclusion) / (1 - exclusion - early)), n)
    order = np.argsort(z, kind="stable")
    poor = np.zeros(n, dtype=bool)
    poor[order[:poor_count]] = True
    line = float(z[order[min(poor_count, n - 1)]])
    fault, state = np.zeros(n, dtype=np.int8), np.full(n, 9, dtype=np.int8)
    outside = n - registered
    missed = min(round(poor_count * exclusion), outside)
    wrongly_out = min(round(poor_count * early), counts[1])
    unlucky = rng.permutation(order[:poor_count])
    fault[unlucky[:missed]] = FAULT_MISSED
    fault[unlucky[missed : missed + wrongly_out]] = FAULT_EXIT
    taken = _pick(rng, np.flatnonzero(~poor), z, 2.0, still_poor - (poor_count - missed - wrongly_out))
    fault[taken] = FAULT_INCLUSION
    listed = np.concatenate([unlucky[missed + wrongly_out :], taken])
    free = np.flatnonzero(~poor & (fault == 0))
    left = _pick(rng, free, z, 0.45, counts[1] + counts[2] - wrongly_out)
    rng.shuffle(listed)
    state[listed[: counts[0]]], state[listed[counts[0] :]] = 0, 3
    rng.shuffle(left)
    state[left[: counts[2]]], state[left[counts[2] :]] = 2, 1
    state[unlucky[missed : missed + wrongly_out]] = 1
    return Registration(state, fault, poor, line, mean, spread)


def _pick(rng: Rng, among: Array, z: Array, blur: float, count: int) -> Array:
    """``count`` of the households ``among``, the worst off first, blurred by noise of ``blur`` standard deviations."""
    key = z[among] + rng.normal(0, blur, len(among))
    return np.asarray(among[np.argsort(key, kind="stable")[: max(count, 0)]])


#: how the trouble is answered for when it is slight: health events by trouble and severity
def health_events(rng: Rng, latent: Latent) -> tuple[Array, Array, Array]:
    """(serious, chronic, disabled): how many members of each household are struck through its trouble."""
    ill, hurt = latent.trouble == 1, latent.trouble == 2
    serious = ill & chance(rng, (0.6 * (latent.severity - 0.9)).clip(0, 0.95))
    chronic = ill & ~serious & chance(rng, (0.35 + 0.4 * latent.severity).clip(0, 0.97))
    disabled = hurt & chance(rng, (0.35 + 0.6 * latent.severity).clip(0, 0.98))
    return serious, chronic, disabled
