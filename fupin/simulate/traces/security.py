"""公安局: residents, changes of residence, vehicles, driving licences."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.simulate.arrays import NO_DAY, Array, chance, choose, coded, fen, ymd
from fupin.simulate.chunk import Chunk
from fupin.simulate.stories import culprits
from fupin.simulate.traces.people import after_exit, alive, heads, pick, real, some, strangers, wealthy

CARS = ("五菱宏光", "宝骏510", "长安CS35", "哈弗H6", "大众朗逸", "丰田卡罗拉", "比亚迪秦", "日产轩逸", "本田思域")
VANS = ("五菱荣光", "长安之星", "东风小康")
TRUCKS = ("福田时代轻卡", "江淮骏铃", "东风多利卡")
CYCLES = ("本田CG125", "豪爵HJ125", "五羊WY125", "雅马哈JYM125")
PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def observe(chunk: Chunk) -> None:
    _residents(chunk)
    _changes(chunk)
    _vehicles(chunk)
    _licences(chunk)


def _residents(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    persons = np.flatnonzero(alive(chunk) & chance(rng, 1 - chunk.rates.not_in_booklet, len(p)))
    house = p.house[persons]
    founded = ymd(1988) + rng.integers(0, 9_800, len(chunk))
    recent = chunk.where("split", "look_new_couple", "sham_divorce")
    founded[recent] = ymd(2017) + rng.integers(0, 2_600, len(recent))
    early = chunk.where("split")
    founded[early] = chunk.registered_on[early] - 40
    name = p.name.gather(pl.Series(persons.astype(np.uint32)))
    wrong = np.isin(persons, culprits(chunk, "wrong_id"))
    _, others = strangers(chunk, len(persons)) if wrong.any() else (name, name)
    chunk.add(
        "ps_residents",
        persons,
        name=pl.select(pl.when(pl.Series(wrong)).then(others).otherwise(name)).to_series(),
        ethnicity=coded(p.ethnicity[persons], [f"{i:02d}" for i in range(100)]),
        booklet_no=chunk.household_id.gather(pl.Series(house.astype(np.uint32))).str.slice(6),
        relation=coded(p.relation[persons], [f"{i:02d}" for i in range(100)]),
        registered_on=founded[house],
    )


def _changes(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    dead = culprits(chunk, "dead", "dead_subsidy")
    just, moved, back = (culprits(chunk, k) for k in ("look_just_died", "moved", "look_back_again"))
    chunk.died_on = np.full(len(p), NO_DAY)
    chunk.died_on[dead] = chunk.past(len(dead), 120, 900)
    chunk.died_on[just] = chunk.past(len(just), 35, 58)
    late = np.concatenate([dead[chance(rng, 0.85, len(dead))], just])
    chunk.add("ps_changes", late, change="1", changed_on=chunk.died_on[late] + rng.integers(1, 20, len(late)))
    away = chunk.past(len(moved), 100, 1500)
    chunk.add(
        "ps_changes",
        moved,
        change="2",
        changed_on=away,
        to_place=pick(chunk, ("广东省", "柳州市", "浙江省"), len(moved)),
    )
    left = chunk.past(len(back), 900, 1500)
    chunk.add("ps_changes", back, change="2", changed_on=left, to_place="广东省")
    chunk.add("ps_changes", back, change="3", changed_on=left + rng.integers(200, 700, len(back)), to_place="南宁市")
    elders = chunk.where("split")
    chunk.add("ps_changes", heads(chunk, elders), change="6", changed_on=chunk.registered_on[elders] - 40)
    army = culprits(chunk, "look_soldier")
    chunk.add("ps_changes", army, change="5", changed_on=chunk.past(len(army), 100, 700))
    split = heads(chunk, chunk.where("look_new_couple", "sham_divorce"))
    chunk.add("ps_changes", split, change="6", changed_on=chunk.past(len(split), 200, 3000))
    others = heads(chunk, np.flatnonzero((chunk.state == 9) & chance(rng, 0.01, len(chunk))))
    chunk.add("ps_changes", others, change="6", changed_on=chunk.past(len(others), 200, 5000))
    born = np.flatnonzero(real(chunk) & (p.age < 1))
    chunk.add("ps_changes", born, change="4", changed_on=np.minimum(p.birth[born] + 20, chunk.as_of - 35))
    brides = some(chunk, real(chunk) & (p.place == 6), 0.3)
    chunk.add("ps_changes", brides, change="3", changed_on=chunk.past(len(brides), 100, 3000), to_place="南宁市")
    baby = culprits(chunk, "unreported_birth")
    ids, names = strangers(chunk, len(baby), 0.1, 1.5)
    chunk.add("ps_residents", baby, id_number=ids, name=names, booklet_no="000000", relation="99", birth_date=NO_DAY)
    former = rng.integers(0, len(p), max(len(p) // 120, 1))  # former members, long taken off the lists
    ids, names = strangers(chunk, len(former), 50, 92)
    chunk.add(
        "ps_changes", former, id_number=ids, name=names, change="1", changed_on=chunk.past(len(former), 100, 2000)
    )


def _plates(chunk: Chunk, n: int) -> pl.Series:
    number = chunk.number * 500_000 + chunk.serial(n) % 10_000_000
    letters = pl.Series(list(PLATE))
    text = pl.Series(["桂A"]).new_from_index(0, n)
    scrambled = (number * 7_368_787) % (34**5)
    for _ in range(5):
        text = text + letters.gather(pl.Series((scrambled % 34).astype(np.uint32)))
        scrambled //= 34
    return text


def _vehicle(
    chunk: Chunk,
    persons: Array,
    kind: str,
    brands: tuple[str, ...],
    yuan: float,
    day: Array | None = None,
    state: str = "A",
    use: str = "A",
    **more: pl.Series,
) -> None:
    rng, n = chunk.rng, len(persons)
    if not n:
        return
    price = fen((yuan * np.exp(rng.normal(0, 0.3, n))).round(-2))
    bought = chunk.past(n, 100, 3800) if day is None else day
    chunk.add(
        "ps_vehicles",
        persons,
        plate=_plates(chunk, n),
        vehicle_type=kind,
        brand=pick(chunk, brands, n),
        use=use,
        registered_on=bought,
        state=state,
        price=price,
        **more,
    )


def _vehicles(chunk: Chunk) -> None:
    _vehicle(chunk, wealthy(chunk, 1.5, 0.75), "K3", CARS, 82_000)
    _vehicle(chunk, wealthy(chunk, 1.0, 0.07), "K4", VANS, 42_000)
    _vehicle(chunk, wealthy(chunk, 1.3, 0.05), "H3", TRUCKS, 68_000, use="B")
    _vehicle(chunk, wealthy(chunk, 0.0, 0.45, 1.0), "M1", CYCLES, 5_200)
    listed = chunk.adult(np.flatnonzero(chunk.bike))
    _vehicle(chunk, listed, "M1", CYCLES, 4_600)
    _stories(chunk)
    _lookalikes(chunk)


def _stories(chunk: Chunk) -> None:
    cars = culprits(chunk, "car")
    trucks = chunk.rng.random(len(cars)) < 0.15
    _vehicle(chunk, cars[~trucks], "K3", CARS, 88_000, chunk.past(int((~trucks).sum()), 150, 2600))
    _vehicle(chunk, cars[trucks], "H3", TRUCKS, 72_000, chunk.past(int(trucks.sum()), 150, 2600), use="B")
    lorry = culprits(chunk, "operator")
    _vehicle(chunk, lorry, "H1", ("解放J6", "东风天龙"), 260_000, use="B")


def _lookalikes(chunk: Chunk) -> None:
    rng = chunk.rng
    _vehicle(chunk, culprits(chunk, "look_disabled_car"), "C1", ("残疾人专用代步车",), 9_000)
    scrapped = culprits(chunk, "look_scrapped")
    turn = choose(rng, (4, 3, 2, 3), len(scrapped))
    old = ymd(2004) + rng.integers(0, 3000, len(scrapped))
    for i, state in enumerate("MPBE"):
        _vehicle(chunk, scrapped[turn == i], "K4", VANS, 30_000, old[turn == i], state)
    cycle = culprits(chunk, "look_motorcycle")
    _vehicle(chunk, cycle[::2], "M1", CYCLES, 4_800)
    _vehicle(chunk, cycle[1::2], "N1", ("时风三轮", "五征三轮"), 9_500)
    _vehicle(chunk, culprits(chunk, "look_employer_car"), "H3", TRUCKS, 65_000, use="B")
    _vehicle(chunk, culprits(chunk, "look_friend_name"), "K3", CARS, 85_000)
    _vehicle(chunk, culprits(chunk, "look_minivan"), "K4", VANS, 9_000)
    wrong = culprits(chunk, "look_wrong_id")
    _, names = strangers(chunk, len(wrong))
    _vehicle(chunk, wrong, "K3", CARS, 92_000, name=names)
    houses = chunk.where("look_after_exit_car")
    _vehicle(chunk, chunk.culprit[houses], "K3", CARS, 62_000, after_exit(chunk, houses))


def _licences(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    odds = np.where(p.sex == 1, 0.42, 0.16) * (1 / (1 + np.exp(-1.2 * (chunk.u[p.house] - 0.1))))
    drivers = some(chunk, alive(chunk) & (p.age >= 19) & (p.age < 66), odds)
    chunk.add(
        "ps_licences",
        drivers,
        licence=coded(choose(rng, (6, 2, 2, 1), len(drivers)), ("C1", "E", "C1E", "B2")),
        issued_on=np.maximum(chunk.past(len(drivers), 100, 7000), p.birth[drivers] + 6_700),
        state=pick(chunk, ("正常", "正常", "正常", "正常", "逾期未换证"), len(drivers)),
    )
