"""Names and ID numbers of generated persons. Nobody here exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from pypinyin import lazy_pinyin

from fupin.simulate.arrays import Array, Rng, choose

SURNAMES = "韦黄覃陆蒙梁李莫农潘罗陈谭周卢杨蓝何邓刘苏张唐凌甘廖王韩石吴赵林马卓岑曾雷滕樊冯盘房"
WEIGHTS = tuple(np.linspace(9, 1, len(SURNAMES)) ** 1.4)
MALE = "强军伟勇建国华明志文海生平福贵德忠庆祥荣金龙成立新光辉武杰斌俊宏宁耀世永才业安山东春桂克敏"
FEMALE = "英芳秀兰梅玉凤花莲香珍美丽娟艳萍春桂红霞芬燕琼妹娥月清爱琴彩雪连素云慧静婷小丹连桃菊"
YOUNG_MALE = "浩宇轩子俊泽睿梓铭博文嘉伟志宏晨天佑家豪承思远"
YOUNG_FEMALE = "欣怡梓涵诗雨思琪佳慧语嘉婷雅静可馨紫芷若妍"
#: characters that clerks cannot type, and what they type instead (the same sound or shape)
RARE = "堃喆淼犇赟燚旻玥璟曌垚鑫"
TYPED_FOR = "坤哲苗奔云易民月景照尧新"

WEIGHT17 = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"


@dataclass(frozen=True)
class Names:
    name: pl.Series
    pinyin: pl.Series


def _gather(table: str, index: Array) -> pl.Series:
    return pl.Series(list(table), dtype=pl.String).gather(pl.Series(index.astype(np.uint32)))


def draw_names(rng: Rng, surname: Array, sex: Array, age: Array) -> Names:
    """Names from a surname index and lists of given characters; pinyin as ``pypinyin`` spells each character."""
    pools = [MALE, FEMALE, YOUNG_MALE, YOUNG_FEMALE]
    table = "".join(pools) + RARE
    starts = np.cumsum([0, *map(len, pools)])
    pool = (sex == 2) + 2 * ((age < 22) & (rng.random(len(sex)) < 0.8))
    size = np.array([len(p) for p in pools])[pool]
    first = starts[:-1][pool] + (rng.random(len(sex)) * size).astype(int)
    second = starts[:-1][pool] + (rng.random(len(sex)) * size).astype(int)
    rare = rng.random(len(sex)) < 0.008
    second = np.where(rare, starts[-1] + rng.integers(0, len(RARE), len(sex)), second)
    single = rng.random(len(sex)) < 0.11
    second = np.where(single, len(table), second)
    sounds = pl.Series([*lazy_pinyin(list(table)), ""], dtype=pl.String)
    marks = pl.Series([*table, ""], dtype=pl.String)
    head = pl.Series(lazy_pinyin(list(SURNAMES)), dtype=pl.String).gather(pl.Series(surname.astype(np.uint32)))
    one, two = pl.Series(first.astype(np.uint32)), pl.Series(second.astype(np.uint32))
    return Names(
        _gather(SURNAMES, surname) + marks.gather(one) + marks.gather(two),
        head + sounds.gather(one) + sounds.gather(two),
    )


def draw_surnames(rng: Rng, n: int) -> Array:
    return choose(rng, WEIGHTS, n)


def check_digit(number17: Array) -> Array:
    """Index into ``CHECK`` of the eighteenth character (GB 11643) for numbers of 17 digits."""
    total = np.zeros(len(number17), dtype=np.int64)
    rest = np.asarray(number17, dtype=np.int64).copy()
    for weight in reversed(WEIGHT17):
        total += rest % 10 * weight
        rest //= 10
    return np.asarray(total % 11)


def id_numbers(county: Array, birth: Array, sex: Array, serial: Array) -> pl.Series:
    """18-character ID numbers from county (6 digits), birth (days since 1970), sex (1, 2) and a serial 0–499."""
    calendar = pl.Series(birth.astype(np.int32)).cast(pl.Date)
    born = (
        calendar.dt.year().cast(pl.Int64) * 10_000 + calendar.dt.month().cast(pl.Int64) * 100 + calendar.dt.day()
    ).to_numpy()
    sequence = serial * 2 + np.where(sex == 1, 1, 0)
    number17 = (county.astype(np.int64) * 100_000_000 + born) * 1000 + sequence
    return pl.Series(number17).cast(pl.String) + _gather(CHECK, check_digit(number17))


def serials(county: Array, birth: Array, sex: Array, place: Array, places: Array) -> Array:
    """A number below 500 for each person, unique among those of one county, birth date and sex.

    The 500 numbers of a county are divided among the ``places`` chunks that touch it; ``place`` is this chunk's turn.
    Raises ValueError when a share is too small.
    """
    frame = pl.DataFrame({"county": county, "birth": birth, "sex": sex})
    rank = frame.select(pl.int_range(pl.len()).over("county", "birth", "sex")).to_series().to_numpy()
    share = 500 // places
    if (rank >= share).any():
        raise ValueError("身份证顺序码不够；请减少户数。 Not enough ID serial numbers; ask for fewer households.")
    return np.asarray(place * share + rank)
