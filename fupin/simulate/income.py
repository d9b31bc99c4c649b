"""True yearly income of a household by item, and what it reports: noisier than anything else here.

True net income per head = 4,700 yuan × exp(0.72 u + N(0, 0.25)). Reported = true × exp(N(−0.12, 0.45)).
"""

from __future__ import annotations

import numpy as np

from fupin.simulate.arrays import Array, chance
from fupin.simulate.benefits import SUBSISTENCE
from fupin.simulate.chunk import Chunk

MEDIAN_AT_LINE = 4_700
Items = dict[str, Array]


def draw_income(chunk: Chunk) -> Items:
    """Reported yuan a year per item of the ledger (costs too), before spending."""
    rng, n = chunk.rng, len(chunk)
    target = MEDIAN_AT_LINE * np.exp(0.72 * chunk.u + rng.normal(0, 0.25, n)) * chunk.size
    chunk.true_income = target / chunk.size
    transfers = _transfers(chunk)
    earned = _earned(chunk)
    costs = 0.36 * (earned["business_crops"] + earned["business_animals"]) + 0.15 * earned["business_forest"]
    net = sum(earned.values()) - costs - 0.3 * earned["business_other"]
    wanted = np.maximum(target - sum(transfers.values()), 0.12 * target)
    reported = np.exp(rng.normal(-0.12, chunk.rates.income_noise, n))
    reported[chunk.where("income_hidden")] = 0.3
    scale = wanted / np.maximum(net, 200) * reported
    items = {name: value * scale for name, value in earned.items()}
    items["cost_materials"] = 0.36 * (items["business_crops"] + items["business_animals"])
    items["cost_other"] = 0.3 * items["business_other"] + 0.15 * items["business_forest"]
    hidden = chunk.is_kind("subsidy_mismatch")
    for name in ("transfer_subsistence", "transfer_ecology", "transfer_other"):
        transfers[name] = np.where(hidden, 0, transfers[name])
    return items | transfers


def _earned(chunk: Chunk) -> Items:
    """Relative weights of the sources of earned income."""
    rng, n, p = chunk.rng, len(chunk), chunk.people
    months = np.bincount(p.house, weights=p.months, minlength=n)
    land, remote = chunk.farmland, chunk.latent.remote
    keeps = chance(rng, 0.45 + 0.2 * (remote > 0.4), n)
    trades = chance(rng, (0.02 + 0.07 * chunk.u).clip(0.01, 0.25))
    rents = chance(rng, (0.02 + 0.03 * chunk.u).clip(0, 0.12))
    posts = np.zeros(n)
    posts[p.house[chunk.posts]] = 12 * 700
    return {
        "wage_work": months * rng.normal(2500, 250, n).clip(1500, None),
        "wage_post": posts,
        "business_crops": land * rng.normal(950, 150, n).clip(300, None) + 200,
        "business_animals": keeps * rng.gamma(2.0, 1100, n),
        "business_forest": chance(rng, 0.25, n) * rng.gamma(2.0, 700, n),
        "business_other": trades * rng.gamma(2.0, 9000, n),
        "property_interest": (chunk.u > 0.3) * rng.gamma(1.5, 120, n),
        "property_dividend": (chunk.listed & chance(rng, 0.3, n)) * rng.gamma(3.0, 150, n),
        "property_rent": rents * rng.gamma(2.0, 1500, n),
        "property_land": chance(rng, 0.18, n) * land * 400,
    }


def _transfers(chunk: Chunk) -> Items:
    rng, n, p = chunk.rng, len(chunk), chunk.people
    old = np.bincount(p.house, weights=(p.age >= 60) & p.pension, minlength=n)
    subsidised = np.bincount(p.house, weights=(p.grade > 0) & (p.grade <= 2), minlength=n)
    rangers = np.zeros(n)
    rangers[p.house[chunk.rangers]] = 8_000
    forest = chance(rng, 0.2 + 0.2 * chunk.latent.remote)
    chunk.returned = np.where(forest, rng.gamma(2.0, 0.9, n).round(1), 0.0)
    chunk.public = np.where(chance(rng, 0.25, n), rng.gamma(2.0, 3.0, n).round(1), 0.0)
    awarded = chunk.listed & chance(rng, 0.2, n) & ~chunk.is_kind("subsidy_mismatch")
    chunk.award = awarded * rng.uniform(300, 1500, n).round(-1)
    support = (np.maximum.reduceat(p.age, chunk.head) >= 65) & chance(rng, 0.35, n)
    return {
        "transfer_family_planning": chance(rng, 0.05, n) * 960.0,
        "transfer_subsistence": chunk.subsistence * SUBSISTENCE[chunk.relief_grade] * chunk.size * 12.0,
        "transfer_extreme": chunk.extreme * 780 * 12.0,
        "transfer_pension": old * 137 * 12.0,
        "transfer_ecology": chunk.returned * 125 + chunk.public * 15 + rangers,
        "transfer_disability": subsidised * 80 * 12.0,
        "transfer_support": support * rng.gamma(2.0, 700, n),
        "transfer_other": chunk.farmland * 92.0 + chunk.award,
    }


def net_income(items: Items) -> Array:
    """Net income of the household a year: wages + business + property + transfers − costs of production."""
    income = sum(value for name, value in items.items() if not name.startswith("cost_"))
    return np.asarray(income - items["cost_materials"] - items["cost_other"])
