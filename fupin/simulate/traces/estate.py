"""自然资源局, 住建局: real estate, registered flat sales, dangerous houses."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.simulate.arrays import NO_DAY, Array, chance, choose, coded, fen, ymd
from fupin.simulate.chunk import Chunk
from fupin.simulate.stories import culprits
from fupin.simulate.traces.people import after_exit, heads, pick, strangers, wealthy

ESTATES = (
    "青秀区民族大道",
    "江南区五一路",
    "西乡塘区大学路",
    "良庆区五象大道",
    "武鸣区城厢镇",
    "宾阳县宾州镇",
    "横州市横州镇",
)


def observe(chunk: Chunk) -> None:
    _estate(chunk, wealthy(chunk, 1.7, 0.55), "1", 96, sale=True)
    _estate(chunk, wealthy(chunk, 2.0, 0.12), "2", 46, sale=False)
    _estate(chunk, culprits(chunk, "flat"), "1", 102, sale=True)
    _estate(chunk, culprits(chunk, "shop"), "2", 52, sale=True)
    houses = chunk.where("look_after_exit_flat")
    _estate(chunk, chunk.culprit[houses], "1", 88, sale=True, day=after_exit(chunk, houses))
    _estate(chunk, culprits(chunk, "look_quarter_share"), "1", 58, acquired="5", sale=False)
    _estate(chunk, culprits(chunk, "look_affordable"), "1", 50, sale=True, affordable=True)
    _homesteads(chunk)
    _married_owner(chunk)
    _dangerous(chunk)


def _estate(
    chunk: Chunk,
    persons: Array,
    use: str,
    area: float,
    *,
    sale: bool,
    acquired: str = "1",
    day: Array | None = None,
    affordable: bool = False,
) -> None:
    """Flats and shops in town: in the land register, most of them also as a registered sale half a year before."""
    rng, n = chunk.rng, len(persons)
    if not n:
        return
    bought = chunk.past(n, 300, 3600) if day is None else day
    size = (area * np.exp(rng.normal(0, 0.2, n))).round(2)
    place = pick(chunk, ESTATES, n) + pl.Series(rng.integers(1, 260, n)).cast(pl.String) + "号"
    entered = ~chance(rng, 0.12, n)
    chunk.add(
        "nr_realestate",
        persons[entered],
        certificate_no=chunk.text_serial("桂2020南宁市不动产权第", int(entered.sum()), 10),
        location=place.filter(pl.Series(entered)),
        area=size[entered],
        use=use,
        acquired=acquired,
        registered_on=np.minimum(bought + 160, chunk.as_of - 35)[entered],
        urban=True,
    )
    if sale:
        taxed = np.unique(persons[chance(rng, 0.6, n)])
        tax = fen(rng.uniform(6_000, 16_000, len(taxed)).round(2))
        chunk.add("tx_payments", taxed, tax="4", year=2025, paid=tax)
        signed = ~entered | chance(rng, 0.5, n)
        chunk.add(
            "hs_presales",
            persons[signed],
            contract_no=chunk.text_serial("NNWQ", int(signed.sum())),
            area=size[signed],
            price=fen((size * rng.normal(7600, 1500, n).clip(3000, None)).round(-3))[signed],
            signed_on=bought[signed],
            use=use,
            affordable=affordable,
            location=place.filter(pl.Series(signed)),
        )


def _homesteads(chunk: Chunk) -> None:
    """Houses in the village and resettlement flats: property that no poor household loses its place for."""
    rng, n = chunk.rng, len(chunk)
    own = heads(chunk, np.flatnonzero(chance(rng, 0.38, n) | chunk.is_kind("look_homestead")))
    chunk.add(
        "nr_realestate",
        own,
        certificate_no=chunk.text_serial("桂2019南宁市不动产权第", len(own), 10),
        location="本村宅基地",
        area=rng.normal(110, 30, len(own)).clip(30, 320).round(2),
        use="4",
        acquired="2",
        registered_on=ymd(2016) + rng.integers(0, 2800, len(own)),
        urban=False,
    )
    moved = heads(chunk, np.flatnonzero(chunk.relocated & (chance(rng, 0.5, n) | chunk.is_kind("look_resettled"))))
    chunk.add(
        "nr_realestate",
        moved,
        certificate_no=chunk.text_serial("桂2021南宁市不动产权第", len(moved), 10),
        location="易地扶贫搬迁安置区",
        area=(chunk.size[chunk.people.house[moved]] * 25.0).clip(25, 125),
        use="5",
        acquired="3",
        registered_on=ymd(2019) + rng.integers(0, 1500, len(moved)),
        urban=True,
    )


def _married_owner(chunk: Chunk) -> None:
    """Remarried to somebody with a flat, not reported; and the ordinary weddings of the city."""
    rng, p = chunk.rng, chunk.people
    wed = culprits(chunk, "marriage")
    ids, names = strangers(chunk, len(wed), 28, 60)
    chunk.add("ca_marriages", wed, spouse_id=ids, spouse_name=names, registered_on=chunk.past(len(wed), 200, 1500))
    size = rng.normal(98, 15, len(wed)).clip(45, 200).round(2)
    chunk.add(
        "nr_realestate",
        wed,
        id_number=ids,
        name=names,
        certificate_no=chunk.text_serial("桂2018南宁市不动产权第", len(wed), 10),
        location="青秀区民族大道",
        area=size,
        use="1",
        acquired="1",
        registered_on=chunk.past(len(wed), 1600, 3000),
        urban=True,
    )
    couples = np.flatnonzero((p.place == 1) & (p.age < 48) & chance(rng, 0.75, len(p)))
    other = pl.Series(chunk.head[p.house[couples]].astype(np.uint32))
    day = np.maximum(p.birth[couples] + 7_700, ymd(2003)) + rng.integers(0, 900, len(couples))
    chunk.add(
        "ca_marriages",
        couples,
        spouse_id=p.id_number.gather(other),
        spouse_name=p.name.gather(other),
        registered_on=np.minimum(day, chunk.as_of - 60),
    )


def _dangerous(chunk: Chunk) -> None:
    """Appraised houses: nearly all registered, some others; a rebuilt one keeps the grade of its appraisal."""
    rng = chunk.rng
    story = chunk.is_kind("d_grade", "look_d_moved")
    odds = np.select([chunk.listed, chunk.fault == 2], [0.92, 0.4], 0.04)
    seen = np.flatnonzero(chance(rng, odds) | story)
    m = len(seen)
    quality = chunk.quality[seen]
    rebuilt = (quality >= 2) & chance(rng, np.where(chunk.listed[seen], 0.2, 0.05))
    grade = np.where(rebuilt, choose(rng, (4, 6), m), quality)
    day = chunk.past(m, 500, 2600)
    subsidy = np.where(rebuilt, 12_000 + 2_500 * choose(rng, (1, 1, 1, 1, 1), m), 0)
    persons = heads(chunk, seen)
    chunk.add(
        "hs_dilapidated",
        persons,
        grade=coded(grade, ("D", "C", "B", "A")),
        appraised_on=day,
        rebuilt=rebuilt,
        accepted_on=np.where(rebuilt, np.minimum(day + 300, chunk.as_of - 40), NO_DAY),
        subsidy=fen(subsidy),
        area=(chunk.size[seen] * 22 * np.exp(rng.normal(0, 0.25, m))).round(1).clip(10, 400),
    )
    chunk.trace("housing", persons[(grade <= 1) & ~rebuilt & (chunk.state[seen] == 9)])
