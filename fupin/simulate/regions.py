"""The real villages the generated city stands on, each with a generated remoteness."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from fupin.simulate.arrays import Array, generator

DIVISIONS = Path(__file__).parent.parent / "registry" / "data" / "divisions" / "nanning_villages.csv"

#: base remoteness of a county, 0 near the city … 1 far in the karst hills (generated, ordered as the counties' history)
REMOTE = {
    "450124": 0.76,
    "450125": 0.70,
    "450123": 0.66,
    "450110": 0.42,
    "450126": 0.42,
    "450181": 0.44,
    "450109": 0.40,
}
REMOTE_ELSEWHERE = 0.24

#: a neighbourhood committee (居委会, last three digits below 200) holds few farming households
NEIGHBOURHOOD_WEIGHT = 0.04


@dataclass(frozen=True)
class Villages:
    """Arrays with one element per village, in the order of the codes."""

    code: list[str]
    name: list[str]
    county: Array
    remote: Array
    weight: Array

    def __len__(self) -> int:
        return len(self.code)


def read_villages(path: Path, region: str, seed: int) -> Villages:
    """Villages of the file whose code begins with ``region``. Raises ValueError when there are none."""
    table = pl.read_csv(path, schema_overrides={"code": pl.String}).sort("code")
    table = table.filter(pl.col("code").str.starts_with(region))
    if table.is_empty():
        raise ValueError(
            f"没有代码以 {region} 开头的村；请换 --region（例如 4501）。 "
            f"No village code begins with {region} in {path.name}; choose another --region, for example 4501."
        )
    codes = table["code"].to_list()
    rng = generator(seed, 1)
    _, town = np.unique([code[:9] for code in codes], return_inverse=True)
    base = np.array([REMOTE.get(code[:6], REMOTE_ELSEWHERE) for code in codes])
    remote = base + rng.normal(0, 0.10, town.max() + 1)[town] + rng.normal(0, 0.11, len(codes))
    rural = np.array([code[9:] >= "200" for code in codes])
    remote = np.where(rural, remote, remote - 0.2).clip(0.02, 0.98)
    weight = np.exp(rng.normal(0, 0.35, len(codes))) * np.where(rural, 1.0, NEIGHBOURHOOD_WEIGHT)
    county = np.array([int(code[:6]) for code in codes])
    return Villages(codes, table["name"].to_list(), county, remote, weight)


def settle(villages: Villages, total: int, seed: int) -> Array:
    """Households per village, summing to ``total``. Raises ValueError above 9,999 in one village."""
    sizes = generator(seed, 2).multinomial(total, villages.weight / villages.weight.sum())
    if sizes.max() > 9_999:
        raise ValueError("一个村超过9999户；请减少户数。 More than 9,999 households in one village; ask for fewer.")
    return np.asarray(sizes)
