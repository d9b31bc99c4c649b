"""统计局, 交通运输局: tables with one row per village, drawn once for the whole city."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.catalogue.schema import datasets
from fupin.simulate.arrays import Array, chance, fen, generator, sigmoid
from fupin.simulate.chunk import as_column
from fupin.simulate.regions import Villages


def village_tables(villages: Villages, sizes: Array, seed: int) -> dict[str, pl.DataFrame]:
    """``st_villages`` and ``tp_roads``; ``sizes`` are the households per village."""
    rng, n = generator(seed, 3), len(villages)
    far = villages.remote
    identity: dict[str, Array | pl.Series] = {
        "village_code": pl.Series(villages.code),
        "village": pl.Series(villages.name),
    }

    def has(centre: float, steep: float = 6.0) -> Array:
        """A facility that nearer villages have: half of them at this remoteness."""
        return chance(rng, sigmoid(steep * (centre - far)))

    income = np.exp(9.75 - 0.85 * far + rng.normal(0, 0.1, n))
    statistics = identity | {
        "households": sizes,
        "population": np.round(sizes * rng.normal(3.95, 0.12, n)),
        "net_income_head": fen(income.round(-1)),
        "collective_income": fen((np.exp(rng.normal(10.9 - far, 0.6, n))).round(-2)),
        "clinic": has(1.1),
        "doctors": rng.poisson(1.6 - far),
        "primary_school": has(0.95),
        "kindergarten": has(0.7),
        "library": has(1.0),
        "broadband": has(1.05),
        "mobile_4g": has(1.1),
        "power_grid": has(1.1),
        "shops": rng.poisson(6 - 4 * far),
        "ecommerce": has(0.6),
        "public_toilets": rng.poisson(2.2 - far),
        "waste_points": rng.poisson(5 - 3 * far),
        "cooperatives": rng.poisson(2.0, n),
        "street_lights": has(0.8),
    }
    roads = identity | {
        "paved": has(1.2),
        "group_paved_share": (100 * sigmoid(4 * (0.95 - far) + rng.normal(0, 0.6, n))).round(1),
        "bus": has(0.75),
        "town_km": ((1.5 + 17 * far) * np.exp(rng.normal(0, 0.4, n))).round(1),
        "road_width": rng.normal(4.6 - far, 0.5, n).clip(2.5, 8).round(1),
    }
    return {"st_villages": _frame("st_villages", statistics, n), "tp_roads": _frame("tp_roads", roads, n)}


def _frame(dataset: str, values: dict[str, Array | pl.Series], n: int) -> pl.DataFrame:
    columns = datasets()[dataset].columns.values()
    return pl.DataFrame([as_column(c.name, c.type, values.get(c.name), n) for c in columns])
