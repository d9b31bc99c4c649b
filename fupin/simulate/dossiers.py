"""Helpers, villages' forms, teams and projects of the generated city: drawn after everything else, from what it holds.

Their random streams are their own: the rest of the city stays what it was. Every unit says that it is generated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from fupin.catalogue.village_form import village_form
from fupin.simulate.arrays import Array, Rng, as_date, chance, days, digits, generator
from fupin.simulate.identity import draw_names, draw_surnames
from fupin.simulate.regions import Villages

FEWEST, MOST = 2, 8  # households of one helper
UNITS = (
    "县财政局（模拟）",
    "县教育局（模拟）",
    "县卫生健康局（模拟）",
    "县农业农村局（模拟）",
    "县住房城乡建设局（模拟）",
    "县人民医院（模拟）",
    "镇人民政府（模拟）",
    "镇中心小学（模拟）",
    "镇农业服务中心（模拟）",
    "镇卫生院（模拟）",
)
POSTS = ("科员", "副主任科员", "主任科员", "股长", "副局长", "教师", "医师")
ROLES = ("first_secretary", "leader", "member")
PROJECTS = (
    ("通屯道路硬化", "交通专项"),
    ("安全饮水巩固", "水利专项"),
    ("产业路修建", "衔接资金"),
    ("光伏电站维护", "帮扶单位自筹"),
    ("村卫生室改造", "卫健专项"),
    ("特色种植基地", "衔接资金"),
    ("太阳能路灯", "帮扶单位自筹"),
)
TERRAINS = ("石山区", "丘陵", "土山区", "平原")
DIRECTIONS = ("特色种植", "生态养殖", "乡村旅游", "劳务输出", "林下经济")
SURE = ("households", "persons", "registered_households", "registered_persons")
MISSTATED = 0.06  # of the figures that the registry counts, too
SIX, SEVEN = 6, 7  # paths of the random streams


@dataclass
class Counted:
    """What the city holds, village by village, as its chunks go by; registered households in order."""

    villages: list[pl.DataFrame] = field(default_factory=list)
    registered: list[pl.DataFrame] = field(default_factory=list)

    def add(self, tables: Mapping[str, pl.DataFrame]) -> None:
        homes, people, survey = tables["households"], tables["persons"], tables["survey"]
        sizes = people.group_by("household_id").agg(size=pl.len())
        latest = survey.filter(pl.col("year") == pl.col("year").max())
        frame = homes.join(sizes, on="household_id", how="left").join(latest, on="household_id", how="left")
        by_home = frame.group_by("village_code").agg(_of_homes())
        lived = people.with_columns(village_code=pl.col("household_id").str.slice(0, 12))
        self.villages.append(by_home.join(lived.group_by("village_code").agg(_of_people()), on="village_code"))
        self.registered.append(homes.filter(pl.col("state") != "9").select("household_id", "registered_on"))

    def summed(self) -> pl.DataFrame:
        whole = pl.concat(self.villages).group_by("village_code").agg(pl.all().sum())
        return whole.sort("village_code").with_columns(pl.col("farmland_mu").round(1))


def _of_homes() -> list[pl.Expr]:
    listed, poor = pl.col("state") != "9", pl.col("state").is_in(["0", "2", "3"])
    size = pl.col("size").fill_null(0)
    counts = {
        "households": pl.len(), "registered_households": listed.sum(), "poor_households": poor.sum(),
        "persons": size.sum(), "registered_persons": size.filter(listed).sum(), "poor_persons": size.filter(poor).sum(),
        "extreme_households": (pl.col("attribute") == "06").sum(),
        "extreme_persons": size.filter(pl.col("attribute") == "06").sum(),
        "subsistence_households": (pl.col("attribute") == "04").sum(),
        "subsistence_persons": size.filter(pl.col("attribute") == "04").sum(),
        "farmland_mu": pl.col("farmland_mu").sum(), "dangerous_houses": pl.col("house_grade").is_in(["C", "D"]).sum(),
        "small_homes": (pl.col("house_area") < 13 * size).sum(), "water_unsafe": (~pl.col("water_safe")).sum(),
        "water_hard": (pl.col("water_short_days") > 15).sum(), "powered_homes": pl.col("electric_home").sum(),
        "tv_homes": pl.col("tv_signal").sum(),
    }  # fmt: skip
    return [count.cast(pl.Float64 if name == "farmland_mu" else pl.Int64).alias(name) for name, count in counts.items()]


def _of_people() -> list[pl.Expr]:
    counts = {
        "minority_persons": (pl.col("ethnicity") != "01").sum(), "women": (pl.col("sex") == "2").sum(),
        "disabled_persons": (pl.col("health") == "04").sum(),
        "labour_force": pl.col("labour").is_in(["01", "02", "05"]).sum(),
        "migrant_workers": (pl.col("work_months") > 3).sum(), "medical_insured": pl.col("medical_insured").sum(),
        "pension_insured": pl.col("pension_insured").sum(), "party_members": (pl.col("political") == "01").sum(),
    }  # fmt: skip
    return [count.cast(pl.Int64).alias(name) for name, count in counts.items()]


def helpers_table(counted: Counted, seed: int, as_of: date) -> pl.DataFrame:
    """One helper for two to eight registered households of a village, since one or two years."""
    homes = pl.concat(counted.registered).sort("household_id")
    rng, n = generator(seed, SIX), len(homes)
    village = homes["household_id"].str.slice(0, 12)
    group = _groups(rng, village)
    first = np.unique(group, return_index=True)[1]
    count = len(first)
    sex, age = rng.integers(1, 3, count), rng.integers(24, 58, count)
    people = pl.DataFrame(
        {
            "name": draw_names(rng, draw_surnames(rng, count), sex, age).name,
            "unit": _drawn(rng, UNITS, count),
            "post": _drawn(rng, POSTS, count),
            "phone": "19901" + digits(rng.integers(0, 1_000_000, count), 6),
            "since": as_date(days(as_of) - rng.integers(60, 800, count)),
        }
    )
    numbers = pl.Series(group - _first_of(village, group))
    who = people[pl.Series(group.astype(np.uint32))] if n else people
    helper = village + "B" + (numbers + 1).cast(pl.String).str.zfill(4)
    frame = homes.select("household_id").with_columns(helper.alias("helper_id")).hstack(who)
    return frame.with_columns(since=pl.max_horizontal("since", homes["registered_on"]), until=pl.lit(None, pl.Date))


def _groups(rng: Rng, village: pl.Series) -> Array:
    """A running number of the helper of each household: as many in a row as he takes, never across villages."""
    group, number, left, before = np.zeros(len(village), dtype=np.int64), -1, 0, ""
    sizes = rng.integers(FEWEST, MOST + 1, len(village))
    for place, code in enumerate(village):
        if left == 0 or code != before:
            number, left, before = number + 1, int(sizes[place]), code
        group[place] = number
        left -= 1
    return group


def _first_of(village: pl.Series, group: Array) -> Array:
    """The number of the first helper of each household's village."""
    first = pl.DataFrame({"village": village, "group": group}).with_columns(pl.col("group").min().over("village"))
    return first["group"].to_numpy()


def villages_table(
    counted: Counted, given: Mapping[str, pl.DataFrame], villages: Villages, seed: int, as_of: date
) -> pl.DataFrame:
    """The forms of the last and the present year; some figures are not those that the registry counts."""
    own = counted.summed()
    rng, n = generator(seed, SEVEN), len(own)
    place = {code: number for number, code in enumerate(villages.code)}
    far = villages.remote[[place[code] for code in own["village_code"]]]
    known = given["st_villages"].join(given["tp_roads"], on="village_code").select(
        "village_code", "net_income_head", "collective_income", "cooperatives", "doctors", "public_toilets",
        "waste_points", "bus", pl.col("clinic").cast(pl.Int64).alias("clinics"),
        pl.col("primary_school").cast(pl.Int64).alias("primary_schools"),
        pl.col("library").cast(pl.Int64).alias("culture_rooms"), "broadband",
        pl.col("road_width").alias("road_surface_m"), pl.col("paved").alias("road_hardened"),
    )  # fmt: skip
    frame = own.join(known, on="village_code", how="left", maintain_order="left").with_columns(
        **_drawn_items(rng, far, n)
    )
    capped = [pl.min_horizontal(name, "persons").alias(name) for name in ("tourism_workers", "poverty_dropouts")]
    frame = frame.with_columns(*capped, road_base_m=(pl.col("road_surface_m") + 1.0).round(1))
    years = [_year(frame, year, rng) for year in (as_of.year - 1, as_of.year)]
    return pl.concat(years).select("village_code", "year", "stated_by", "stated_on", *village_form().items)


def _drawn_items(rng: Rng, far: Array, n: int) -> dict[str, pl.Series]:
    near = 1 - far
    numbers = {
        "natural_villages": 3 + rng.poisson(8, n), "industries": rng.poisson(1.4 + near, n),
        "tourism_workers": rng.poisson(6 * near, n), "villages_without_road": rng.binomial(2, 0.35 * far),
        "poverty_dropouts": rng.binomial(1, 0.03, n), "graduate_officials": rng.binomial(1, 0.3, n),
        "farmhouse_income": rng.integers(0, 30_000, n) * 100,
    }  # fmt: skip
    reals = {"unpaved_km": rng.gamma(1.0, 1.5 * far) * (far > 0.75), "without_road_km": rng.gamma(1.0, 1.2 * far)}
    flags = {
        "mutual_fund": 0.3, "production_power": 0.97, "village_office": 0.99, "notice_board": 0.98,
        "committee_sound": 0.95,
    }  # fmt: skip
    return {
        **{name: pl.Series(name, value.astype(np.int64)) for name, value in numbers.items()},
        **{name: pl.Series(name, value.round(1)) for name, value in reals.items()},
        **{name: pl.Series(name, chance(rng, share, n)) for name, share in flags.items()},
        "terrain": _drawn(rng, TERRAINS, n),
        "direction": _drawn(rng, DIRECTIONS, n),
    }


def _year(frame: pl.DataFrame, year: int, rng: Rng) -> pl.DataFrame:
    """As counted, but for the few figures that somebody wrote down wrong."""
    n = len(frame)
    wrong: list[pl.Series] = []
    for item in village_form().items.values():
        if item.counted and item.column.type == "int" and item.name not in SURE:
            off = pl.Series(chance(rng, MISSTATED, n) * rng.integers(1, 4, n))
            wrong.append((frame[item.name] - off).clip(0).alias(item.name))
    names = draw_names(rng, draw_surnames(rng, n), rng.integers(1, 3, n), rng.integers(28, 58, n)).name
    head: list[pl.Expr | pl.Series] = [
        pl.lit(year, pl.Int64).alias("year"),
        names.alias("stated_by"),
        pl.lit(date(year, 10, 20)).alias("stated_on"),
    ]
    return frame.with_columns(*wrong, *head)


def teams_table(villages: Villages, sizes: Array, seed: int, as_of: date) -> pl.DataFrame:
    """Three of a unit in every village with households: first secretary, leader, member."""
    rng = generator(seed, SIX, 1)
    settled = pl.Series([code for code, size in zip(villages.code, sizes, strict=True) if size], dtype=pl.String)
    count = len(settled) * len(ROLES)
    each = pl.Series(np.repeat(np.arange(len(settled)), len(ROLES)).astype(np.uint32))
    units = _drawn(rng, UNITS, len(settled))
    since = as_date(days(as_of) - rng.integers(90, 700, len(settled)))
    names = draw_names(rng, draw_surnames(rng, count), rng.integers(1, 3, count), rng.integers(26, 55, count)).name
    return pl.DataFrame(
        {
            "village_code": settled.gather(each),
            "name": names,
            "role": pl.Series(list(ROLES) * len(settled), dtype=pl.String),
            "unit": units.gather(each),
            "post": _drawn(rng, POSTS, count),
            "since": since.gather(each),
            "until": pl.Series([None] * count, dtype=pl.Date),
        }
    )


def projects_table(villages: Villages, sizes: Array, seed: int, as_of: date) -> pl.DataFrame:
    """None to three for every village with households, of the present and the next year."""
    rng = generator(seed, SIX, 2)
    settled = pl.Series([code for code, size in zip(villages.code, sizes, strict=True) if size], dtype=pl.String)
    each = np.repeat(np.arange(len(settled)), rng.integers(0, 4, len(settled)))
    n, kind = len(each), rng.permuted(np.arange(len(each)) % len(PROJECTS))
    later = chance(rng, 0.5, n)
    under_way = chance(rng, 0.6, n)
    chosen = pl.Series(kind.astype(np.uint32))
    return pl.DataFrame(
        {
            "village_code": settled.gather(pl.Series(each.astype(np.uint32))),
            "name": pl.Series([name + "（模拟）" for name, _source in PROJECTS]).gather(chosen),
            "year": pl.Series(as_of.year + later.astype(np.int64)),
            "funds": pl.Series(rng.integers(5, 180, n) * 1_000_000),
            "source": pl.Series([source for _name, source in PROJECTS]).gather(chosen),
            "progress": pl.Series(np.where(later, "planned", np.where(under_way, "under_way", "done")).tolist()),
        }
    )


def _drawn(rng: Rng, words: tuple[str, ...], n: int) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(pl.Series(rng.integers(0, len(words), n).astype(np.uint32)))
