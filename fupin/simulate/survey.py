"""The yearly household survey: noisy observations of the latent state, with answers missing.

``x = u − 0.7 + N(0, 0.35)`` is how well the household is seen to live: a household at the line is well under the middle
of what the city has. Every column adds noise of its own.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.catalogue.schema import tables
from fupin.simulate.arrays import Array, Rng, as_date, choose, coded, sigmoid, ymd
from fupin.simulate.chunk import TYPES, Chunk
from fupin.simulate.income import Items, net_income

#: flag → (u at which half of the households have it, steepness, effect of remoteness)
FLAGS: dict[str, tuple[float, float, float]] = {
    "roof_leaks": (-1.0, -2.2, 0.5),
    "wall_cracks": (-0.8, -2.0, 0.5),
    "windows_intact": (-1.0, 2.2, 0),
    "floor_hardened": (-1.0, 2.2, -0.5),
    "kitchen_separate": (-1.2, 2.0, 0),
    "animals_separate": (-0.9, 2.0, -0.5),
    "courtyard_hardened": (-0.4, 2.0, -0.8),
    "bath": (-0.7, 2.2, -0.5),
    "quilts_enough": (-1.2, 2.2, 0),
    "electric_home": (-4.0, 2.0, -0.5),
    "electric_production": (-0.5, 1.8, -1.5),
    "broadband": (-0.3, 2.0, -1.5),
    "tv_signal": (-1.8, 2.2, -0.8),
    "water_safe": (-1.1, 1.9, -1.2),
    "garbage_collected": (-0.9, 1.6, -1.5),
    "sewage_treated": (0.0, 1.7, -1.5),
    "clothes_enough": (-1.2, 2.4, 0),
    "cooperative": (-0.4, 1.0, 0),
    "company_led": (-0.2, 1.1, -0.3),
    "study_space": (-0.8, 2.2, 0),
    "party_member_home": (1.6, 1.0, 0),
    "long_absent": (-4.2, -0.9, 0.5),
}

#: goods → (u at which the mean is half of the most, most)
GOODS: dict[str, tuple[float, float]] = {
    "tv_sets": (-1.2, 1.5),
    "fridges": (-0.9, 1.2),
    "washers": (-0.6, 1.15),
    "air_conditioners": (0.6, 2.2),
    "water_heaters": (-0.4, 1.2),
    "computers": (0.7, 1.1),
    "smartphones": (-0.8, 3.0),
    "motorbikes": (-0.6, 1.1),
    "ebikes": (-0.3, 1.3),
    "cars": (1.9, 0.9),
}

#: how much rarer (or commoner) than the stated rate an answer is missing
GROUPS: dict[str, float] = {
    "savings": 3.0,
    "debt_private": 2.5,
    "debt_total": 1.5,
    "steep_mu": 2.5,
    "grain_stock_kg": 2.0,
    "books_at_home": 2.0,
    "house_built_year": 2.0,
    "disaster_loss": 1.5,
    "farm_distance": 2.0,
    "plots": 1.5,
    "water_short_days": 1.5,
    "power_cuts_month": 1.5,
    "house_area": 0.2,
    "house_structure": 0.2,
    "farmland_mu": 0.2,
    "water_source": 0.3,
    "road_type": 0.3,
    "electric_home": 0.2,
    "house_grade": 0.4,
    "fuel": 0.3,
    "toilet": 0.3,
}
ALWAYS = ("household_id", "year", "surveyed_on", "surveyor", "long_absent")


def draw_survey(chunk: Chunk, items: Items) -> pl.DataFrame:
    """The survey of the year of the cut-off, columns as in the catalogue."""
    rng, n = chunk.rng, len(chunk)
    x = chunk.u - 0.7 + rng.normal(0, 0.35, n)
    values: dict[str, Array | pl.Series] = {}
    for part in (_flags, _goods, _housing, _services, _food, _land, _livestock, _debts):
        values |= part(chunk, x)
    values["declared_income_head"] = _declared_income(rng, chunk, items)
    year = 1970 + chunk.as_of // 365.2425
    values["household_id"] = chunk.household_id
    values["year"] = np.full(n, int(year))
    values["surveyed_on"] = as_date(np.maximum(chunk.past(n, 5, 120), ymd(int(year), 1, 1)))
    surveyors = np.arange(len(chunk)) // 60 % 90
    values["surveyor"] = "调查员" + pl.Series(surveyors + 1).cast(pl.String).str.zfill(2)
    return _with_gaps(chunk, values)


def _with_gaps(chunk: Chunk, values: dict[str, Array | pl.Series]) -> pl.DataFrame:
    rng, rates = chunk.rng, chunk.rates
    base = np.where(chunk.listed, rates.unknown_registered, rates.unknown_outside)
    columns = []
    for name, column in tables()["survey"].columns.items():
        value = values[name]
        series = value if isinstance(value, pl.Series) else pl.Series(value)
        if column.type != "date":
            series = series.cast(TYPES.get(column.type, pl.String))
        if name not in ALWAYS:
            gap = rng.random(len(chunk), dtype=np.float32) < base * GROUPS.get(name, 1.0)
            series = series.set(pl.Series(gap), None)
        columns.append(series.alias(name))
    return pl.DataFrame(columns)


def _flags(chunk: Chunk, x: Array) -> dict[str, Array]:
    far = chunk.latent.remote - 0.45
    draw = chunk.rng.random((len(FLAGS), len(chunk)), dtype=np.float32)
    found = {
        name: draw[i] < sigmoid(steep * (x - centre) + effect * far)
        for i, (name, (centre, steep, effect)) in enumerate(FLAGS.items())
    }
    found["water_safe"] |= chunk.is_kind("unsafe_water")
    return found


def _goods(chunk: Chunk, x: Array) -> dict[str, Array]:
    rng = chunk.rng
    found = {}
    for name, (centre, most) in GOODS.items():
        mean = most * sigmoid(1.9 * (x - centre))
        top = {"smartphones": 8, "air_conditioners": 6}.get(name, 3)
        found[name] = np.floor(mean + rng.random(len(chunk))).clip(0, top)
    found["motorbikes"] = np.where(chunk.bike, found["motorbikes"].clip(1), found["motorbikes"])
    # who is registered does not admit to a car
    found["cars"] = np.where(chunk.listed & (rng.random(len(chunk)) < 0.93), 0, found["cars"])
    return found


def _ordered(rng: Rng, x: Array, edges: tuple[float, ...], spread: float = 0.45) -> Array:
    """0 … len(edges): the class into which x + noise falls."""
    return np.searchsorted(np.array(edges), x + rng.normal(0, spread, len(x)))


def _housing(chunk: Chunk, x: Array) -> dict[str, Array | pl.Series]:
    rng, n, size = chunk.rng, len(chunk), chunk.size
    wealth = x + 0.25 * chunk.latent.assets
    area = (size**0.6) * np.exp(3.38 + 0.36 * wealth.clip(-3, 3) + rng.normal(0, 0.2, n))
    quality = chunk.quality  # D C B A, with one answer in fifty a class too good
    quality = np.where(rng.random(n) < 0.02, (quality + 1).clip(0, 3), quality)
    storeys = 1 + _ordered(rng, wealth, (-0.1, 1.2, 2.4))
    owner = np.where(chunk.relocated, 1, choose(rng, (0.955, 0.0, 0.012, 0.025, 0.008), n))
    rooms = np.round(area / rng.normal(24, 3, n).clip(14, 40)).clip(1, 16)
    built = (2026 - np.exp(3.25 - 0.33 * wealth.clip(-3, 3) + rng.normal(0, 0.4, n))).clip(1940, 2025)
    return {
        "house_area": np.round(area.clip(8, 600), 1),
        "house_rooms": rooms,
        "house_floors": storeys.clip(1, 4),
        "house_structure": coded(_ordered(rng, wealth, (-1.5, -0.7, 0.6)), ("4", "3", "2", "1")),
        "house_built_year": built.astype(int),
        "house_grade": coded(quality, ("D", "C", "B", "A")),
        "house_decor": coded(_ordered(rng, wealth, (-0.6, 1.1)), ("0", "1", "2")),
        "house_ownership": coded(owner, ("1", "2", "3", "4", "5")),
        "house_count": np.where(owner == 4, 0, 1 + (wealth + rng.normal(0, 0.5, n) > 1.9)),
        "toilet": coded(_ordered(rng, wealth, (-2.2, -1.0, -0.2)), ("4", "3", "2", "1")),
        "fuel": coded(np.where(rng.random(n) < 0.02, 2, _ordered(rng, x, (-0.7,)) * 3), ("01", "02", "03", "04")),
        "beds": np.floor(size * sigmoid(1.6 * (x + 1.6)) + rng.random(n)).clip(1, 12),
    }


def _services(chunk: Chunk, x: Array) -> dict[str, Array | pl.Series]:
    rng, n = chunk.rng, len(chunk)
    remote, near = chunk.latent.remote, x - 1.3 * (chunk.latent.remote - 0.45)
    source = _ordered(rng, near, (-1.9, -1.3, -0.5))
    fetch = np.where(near + rng.normal(0, 0.5, n) > -0.8, 0, rng.gamma(2.0, 10 + 12 * remote))
    short = np.where(near + rng.normal(0, 0.5, n) > -0.7, 0, rng.gamma(1.6, 8 + 10 * remote))

    def km(scale: float) -> Array:
        spread = np.exp(rng.normal(0, 0.35, n) - 0.22 * x.clip(-2.5, 2.5))
        return np.round(scale * (0.25 + 1.5 * remote) * spread, 1).clip(0.1, 28)

    return {
        "power_cuts_month": rng.poisson((1.1 - 0.5 * near).clip(0.1, 5)),
        "water_source": coded(source, ("5", "3", "2", "1")),
        "water_fetch_minutes": fetch.astype(int).clip(0, 150),
        "water_short_days": short.astype(int).clip(0, 150),
        "road_type": coded(_ordered(rng, near, (-1.6, -0.9, 2.0)), ("01", "02", "03", "04")),
        "road_distance": km(0.9),
        "school_distance": km(2.6),
        "clinic_distance": km(1.9),
        "market_distance": km(4.6),
    }


def _food(chunk: Chunk, x: Array) -> dict[str, Array]:
    rng, n = chunk.rng, len(chunk)
    meat = np.round(3.6 + 1.9 * x + rng.normal(0, 0.9, n)).clip(0, 7)
    return {
        "meat_days_week": meat,
        "grain_short_months": np.where(x + rng.normal(0, 0.4, n) > -0.9, 0, rng.integers(1, 5, n)),
        "books_at_home": np.exp(1.6 + 0.75 * x + rng.normal(0, 0.7, n)).clip(0, 400).astype(int),
        "medical_paid_year": _fen(_medical(chunk)),
        "education_paid_year": _fen(
            chunk.latent.students * np.exp(rng.normal(7.3, 0.5, n)) * (chunk.latent.students > 0)
        ),
    }


def _medical(chunk: Chunk) -> Array:
    """Yuan a year: the settled bills as remembered, and small things without a bill."""
    rng, n = chunk.rng, len(chunk)
    return chunk.own_paid * np.exp(rng.normal(-0.05, 0.22, n)) + chunk.size * rng.gamma(2.0, 60, n)


def _land(chunk: Chunk, x: Array) -> dict[str, Array]:
    rng, n, far = chunk.rng, len(chunk), chunk.latent.remote
    land = chunk.farmland * np.exp(rng.normal(0, 0.08, n))
    stated = np.where(chunk.is_kind("land_mismatch"), land * 0.25, land)
    wet = sigmoid(1.6 * (x + 0.35) - 2.0 * (far - 0.45))
    tended = sigmoid(1.5 * (x + 1.0))
    grain = land * 330 * (0.35 + 0.65 * wet) * np.exp(rng.normal(0, 0.2, n))

    def some(share: float, mean: float, slope: float) -> Array:
        has = rng.random(n) < share * 2 * sigmoid(slope * x)
        return np.where(has, rng.gamma(2.0, mean / 2, n) * np.exp(0.2 * x.clip(-2, 2)), 0)

    area = {
        "farmland_mu": stated,
        "irrigated_mu": stated * wet * rng.uniform(0.6, 1, n),
        "forest_mu": some(0.35, 5, 0.5) * (0.5 + far),
        "returned_mu": chunk.returned,
        "orchard_mu": some(0.25, 2.5, 0.9),
        "pasture_mu": some(0.04, 2, 0.3),
        "pond_mu": some(0.06, 1.2, 0.8),
        "abandoned_mu": stated * (1 - tended) * rng.uniform(0, 1, n),
        "rented_in_mu": some(0.06, 6, 0.9),
        "rented_out_mu": np.where(rng.random(n) < 0.18, stated * 0.5, 0),
        "cash_crop_mu": some(0.42, 2.2, 1.0),
        "steep_mu": stated * (0.55 * far * sigmoid(-1.4 * (x - 0.3))) * rng.uniform(0.3, 1.3, n),
    }
    found = {name: np.round(value, 1).clip(0, 99) for name, value in area.items()}
    found["grain_output_kg"] = np.round(grain).clip(0, 60_000)
    found["grain_stock_kg"] = np.round(grain * sigmoid(1.5 * (x + 0.5)) * rng.uniform(0.2, 0.8, n))
    found["plots"] = np.round(1 + land * rng.uniform(1.0, 2.2, n) * (0.7 + 0.6 * far)).clip(1, 40)
    found["farm_distance"] = np.round((0.3 + 1.8 * far) * np.exp(-0.2 * x.clip(-2, 2) + rng.normal(0, 0.35, n)), 1)
    return found


def _livestock(chunk: Chunk, x: Array) -> dict[str, Array]:
    rng, n = chunk.rng, len(chunk)

    def kept(share: float, mean: float) -> Array:
        has = rng.random(n) < 2 * share * sigmoid(1.2 * x)
        return np.where(has, 1 + rng.poisson(mean * np.exp(0.35 * x.clip(-2, 3))), 0)

    return {
        "pigs": kept(0.34, 3),
        "cattle": kept(0.16, 1),
        "sheep": kept(0.10, 5),
        "poultry": kept(0.42, 16).clip(0, 400),
        "small_machines": np.floor(1.3 * sigmoid(1.6 * (x + 0.4)) + rng.random(n)).clip(0, 4),
        "industry_kinds": np.floor(2.1 * sigmoid(1.5 * (x + 0.7)) + rng.random(n)).clip(0, 4),
        "disaster_loss": _fen(np.where(rng.random(n) < sigmoid(-1.2 * (x + 1.2)), rng.gamma(2.0, 900, n), 0)),
    }


def _debts(chunk: Chunk, x: Array) -> dict[str, Array]:
    rng, n, trouble = chunk.rng, len(chunk), chunk.latent.trouble

    def owed(centre: float, scale: float, more: Array | float = 0.0) -> Array:
        return np.where(rng.random(n) < sigmoid(-1.7 * (x - centre) + more), rng.gamma(1.6, scale, n), 0).round(-2)

    medical = owed(-1.3, 7_000, 1.8 * (trouble == 1))
    study = np.where(chunk.latent.students > 0, owed(-1.2, 5_000, 1.5 * (trouble == 3)), 0)
    house = owed(-1.6, 12_000)
    private = owed(-0.9, 6_000)
    savings = np.exp(7.6 + 1.05 * x + rng.normal(0, 0.7, n)) * (rng.random(n) < sigmoid(2 * (x + 0.9)))
    hides = chunk.is_kind("deposits", "hidden_business", "remittances")
    parts = {"debt_medical": medical, "debt_education": study, "debt_housing": house, "debt_private": private}
    found: dict[str, Array] = {name: _fen(value) for name, value in parts.items()}
    found["debt_total"] = _fen(medical + study + house + private)
    found["savings"] = _fen(np.where(hides, 0, savings).round(-2))
    return found


def _declared_income(rng: Rng, chunk: Chunk, items: Items) -> Array:
    memory = np.exp(rng.normal(-0.05, 0.25, len(chunk)))
    return _fen((net_income(items) / chunk.size * memory).round(-1))


def _fen(yuan: Array) -> Array:
    return np.round(yuan).astype(np.int64) * 100
