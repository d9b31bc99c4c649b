"""农业农村局, 林业局, 水利局: contracted land, production, forest, water."""

from __future__ import annotations

import numpy as np

from fupin.simulate.arrays import chance, coded, fen, ymd
from fupin.simulate.chunk import Chunk
from fupin.simulate.traces.people import alive, heads, pick, real, some


def observe(chunk: Chunk) -> None:
    rng, n = chunk.rng, len(chunk)
    contracted = np.flatnonzero(chance(rng, 0.94, n) | chunk.is_kind("land_mismatch"))
    area = (chunk.farmland[contracted] * np.exp(rng.normal(0, 0.07, len(contracted)))).round(2).clip(0.1, 400)
    transfer = np.where(chance(rng, 0.16, len(contracted)), area * rng.uniform(0.2, 0.9, len(contracted)), 0).round(2)
    chunk.add(
        "ag_land",
        heads(chunk, contracted),
        contract_no=chunk.text_serial("CB", len(contracted)),
        area_mu=area,
        plots=np.round(1 + area * 1.6).clip(1, 60),
        transferred_mu=transfer,
    )
    _production(chunk)
    _forest(chunk)
    _water(chunk)


def _production(chunk: Chunk) -> None:
    rng = chunk.rng
    farms = np.flatnonzero(chance(rng, np.where(chunk.listed, 0.62, 0.14)))
    m = len(farms)
    land = chunk.farmland[farms]
    survey = chunk.survey.select("pigs", "cattle", "poultry").fill_null(0).to_numpy()[farms]
    award = np.where(chunk.listed[farms] & chance(rng, 0.55, m), rng.gamma(3.0, 600, m), 0).round(-2)
    sold = np.round(survey * rng.uniform(0.6, 1.6, (m, 3)))
    chunk.add(
        "ag_production",
        heads(chunk, farms),
        year=2026,
        grain_mu=(land * rng.uniform(0.3, 0.8, m)).round(1),
        pigs_sold=sold[:, 0],
        cash_mu=(land * rng.uniform(0, 0.5, m)).round(1),
        cattle_sold=sold[:, 1],
        poultry_sold=sold[:, 2],
        award=fen(award),
    )


def _forest(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    owners = np.flatnonzero((chunk.returned + chunk.public) > 0)
    amount = chunk.returned[owners] * 125 + chunk.public[owners] * 15
    chunk.add(
        "fo_compensation",
        heads(chunk, owners),
        year=2026,
        returned_mu=chunk.returned[owners],
        public_mu=chunk.public[owners],
        amount=fen(amount.round()),
    )
    rangers = chunk.rangers[real(chunk)[chunk.rangers]]
    n = len(rangers)
    since = ymd(2026) - 365 * rng.integers(0, 6, n)
    chunk.add(
        "fo_rangers",
        rangers,
        annual_pay=fen(np.full(n, 8_000)),
        since=since,
        until=np.full(n, ymd(2026, 12, 31)),
        area_mu=rng.gamma(4.0, 220, n).round(1),
    )
    # whole villages were moved for a reservoir
    flooded = np.isin(chunk.village, np.unique(chunk.village)[::17])
    moved = some(chunk, alive(chunk) & flooded[p.house], 0.4)
    chunk.add(
        "wt_reservoir", moved, annual_amount=fen(np.full(len(moved), 600)), since=np.full(len(moved), ymd(2006, 7, 1))
    )


def _water(chunk: Chunk) -> None:
    rng, n = chunk.rng, len(chunk)
    served = np.flatnonzero(chance(rng, 0.9, n) | chunk.is_kind("unsafe_water"))
    m = len(served)
    near = chunk.u[served] - 1.3 * (chunk.latent.remote[served] - 0.45) + rng.normal(0, 0.5, m)
    kind = np.searchsorted(np.array([-1.3, -0.6]), near)
    stated = chunk.survey["water_safe"].fill_null(True).to_numpy()[served]
    # what the family says agrees with the laboratory, but for the story and one house in four hundred
    good = np.where(stated, ~chance(rng, 0.0025, m), chance(rng, 0.25, m))
    good[np.isin(served, chunk.where("unsafe_water"))] = False
    litres = (62 + 17 * near + rng.normal(0, 9, m)).clip(None, 160)
    chunk.add(
        "wt_supply",
        heads(chunk, served),
        project=pick(chunk, ("农村饮水安全巩固提升工程", "人饮工程一期", "人饮工程二期"), m),
        kind=coded(kind, ("3", "2", "1")),
        litres_day=np.where(stated & good, litres.clip(24), litres.clip(12)).round(1),
        quality_ok=good,
        guarantee=(91 + 4 * near + rng.normal(0, 3, m)).clip(40, 100).round(1),
    )
