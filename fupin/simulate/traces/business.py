"""市场监管, 税务, 交通, 农机, 财政供养, 职工社保, 大额资产, 村干部: signs of means."""

from __future__ import annotations

import numpy as np

from fupin.simulate.arrays import Array, chance, choose, coded, fen, ymd
from fupin.simulate.chunk import Chunk
from fupin.simulate.stories import culprits
from fupin.simulate.traces.people import alive, heads, pick, wealthy

TRADES = ("零售", "餐饮", "建材", "运输", "养殖", "理发", "修理")
FIRMS = ("邕宏商贸有限公司", "山水农业开发有限公司", "桂源建材有限公司", "壮乡食品有限公司", "绿岭种养有限公司")
OFFICES = ("镇中心小学", "县第二中学", "镇人民政府", "县自然资源局", "镇卫生院", "县农业农村局", "县公路管理所")
FACTORIES = ("南宁富桂精密工业有限公司", "邕江电子有限公司", "五象建筑有限公司", "扶贫车间制衣厂", "武鸣糖业有限公司")


def observe(chunk: Chunk) -> None:
    _companies(chunk)
    _traders(chunk)
    _payroll(chunk)
    _employees(chunk)
    _machines(chunk)
    _deposits(chunk)
    _officials(chunk)
    _operators(chunk)


def _firm(chunk: Chunk, persons: Array, role: str, capital: float, state: str = "1", share: float = 60) -> None:
    rng, n = chunk.rng, len(persons)
    if not n:
        return
    chunk.add(
        "mr_enterprises",
        persons,
        credit_code=chunk.text_serial("9145", n, 14),
        role=role,
        state=state,
        company=pick(chunk, FIRMS if role != "4" else ("众富种养专业合作社", "同心水果专业合作社"), n),
        capital=fen((capital * 10_000 * np.exp(rng.normal(0, 0.5, n))).round(-4)),
        share=np.full(n, share).round(2),
        founded_on=chunk.past(n, 300, 4000),
        employees=rng.integers(1, 30, n),
    )


def _companies(chunk: Chunk) -> None:
    rng, n = chunk.rng, len(chunk)
    _firm(chunk, wealthy(chunk, 2.2, 0.13), "1", 60)
    _firm(chunk, wealthy(chunk, 2.0, 0.07), "2", 50, share=35)
    bosses = culprits(chunk, "company")
    _firm(chunk, bosses[::2], "1", 80)
    _firm(chunk, bosses[1::4], "3", 120, share=0)
    _firm(chunk, bosses[3::4], "2", 90, share=40)
    _firm(chunk, culprits(chunk, "look_cooperative"), "4", 100, share=1.5)
    _firm(chunk, heads(chunk, np.flatnonzero((chunk.state == 9) & chance(rng, 0.01, n))), "4", 100, share=2)
    _firm(chunk, culprits(chunk, "look_nominal"), "2", 30, share=0.8)
    closed = culprits(chunk, "look_closed_firm")
    for i, state in enumerate("234"):
        _firm(chunk, closed[i::3], "1", 10, state)
    rich = wealthy(chunk, 2.2, 0.06)
    paid = np.concatenate([rich, culprits(chunk, "taxpayer", "company")])
    _taxes(chunk, paid, 42_000)
    _taxes(chunk, wealthy(chunk, 1.8, 0.05), 2_400)


def _taxes(chunk: Chunk, persons: Array, yuan: float) -> None:
    rng, n = chunk.rng, len(persons)
    persons = np.unique(persons)
    n = len(persons)
    paid = (yuan * np.exp(rng.normal(0, 0.4, n))).round(2)
    chunk.add(
        "tx_payments",
        persons,
        tax="1",
        year=2025,
        paid=fen(paid),
        turnover=fen((paid * rng.uniform(18, 34, n)).round(-2)),
    )


def _shop(chunk: Chunk, persons: Array, funds: float, state: str = "1") -> None:
    rng, n = chunk.rng, len(persons)
    chunk.add(
        "mr_traders",
        persons,
        credit_code=chunk.text_serial("9245", n, 14),
        shop=pick(chunk, ("兴旺", "顺发", "福来", "惠民"), n) + "商店",
        trade=pick(chunk, TRADES, n),
        funds=fen((funds * 10_000 * np.exp(rng.normal(0, 0.3, n))).round(-2)),
        founded_on=chunk.past(n, 200, 4200),
        state=state,
    )


def _traders(chunk: Chunk) -> None:
    _shop(chunk, wealthy(chunk, 1.2, 0.14), 6)
    _shop(chunk, wealthy(chunk, 1.2, 0.02), 3, "3")
    _shop(chunk, culprits(chunk, "trader"), 12)
    _shop(chunk, culprits(chunk, "look_stall"), 0.3)


def _post(chunk: Chunk, persons: Array, kind: Array, pay: Array, office: tuple[str, ...]) -> None:
    n = len(persons)
    since = np.maximum(chunk.past(n, 200, 6000), chunk.people.birth[persons] + 7_000)
    chunk.add(
        "fi_payroll",
        persons,
        employer=pick(chunk, office, n),
        kind=coded(kind, ("0", "1", "2", "3", "4", "5")),
        monthly_pay=fen(pay.round(-1)),
        since=since,
        state=True,
    )


def _payroll(chunk: Chunk) -> None:
    rng = chunk.rng
    rich = np.unique(np.concatenate([wealthy(chunk, 2.0, 0.10), culprits(chunk, "payroll", "double_subsistence")]))
    age = chunk.people.age[rich]
    _post(
        chunk,
        rich,
        np.where(age >= 60, 3, np.array([1, 2, 4])[choose(rng, (3, 6, 2), len(rich))]),
        rng.normal(5200, 800, len(rich)),
        OFFICES,
    )
    contract = culprits(chunk, "look_contract")
    _post(
        chunk,
        contract,
        np.full(len(contract), 4),
        rng.normal(1700, 120, len(contract)),
        ("镇中心小学食堂", "县第二中学"),
    )
    posts = np.intersect1d(culprits(chunk, "look_post"), chunk.posts)
    _post(chunk, posts, np.full(len(posts), 5), np.full(len(posts), 800.0), ("镇人民政府",))


def _employees(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    odds = np.where(chunk.state[p.house] == 9, 0.30, 0.05) / (1 + np.exp(-1.4 * (chunk.u[p.house] - 1.2)))
    odds = np.where((chunk.poor | (chunk.fault == 1))[p.house], 0.0, odds)
    workers = np.flatnonzero(alive(chunk) & (p.true_work >= 1) & (p.age < 60) & chance(rng, odds))
    rich, low = culprits(chunk, "employee", "income_hidden"), culprits(chunk, "look_low_base", "look_employee_insured")
    workers = np.setdiff1d(workers, np.concatenate([rich, low]))
    base = np.concatenate(
        [rng.normal(4300, 700, len(workers)), rng.normal(7800, 1200, len(rich)), rng.normal(2700, 200, len(low))]
    )
    persons = np.concatenate([workers, rich, low])
    n = len(persons)
    chunk.add(
        "hr_employees",
        persons,
        employer=pick(chunk, FACTORIES, n),
        monthly_base=fen(base.clip(2_200, 20_000).round(-1)),
        state=coded(choose(rng, (90, 7, 3), n) * (np.arange(n) < len(workers)), ("1", "2", "3")),
        since=chunk.past(n, 200, 2500),
        months=np.where(np.arange(n) < len(workers), rng.integers(6, 13, n), 12),
    )
    chunk.employed = persons
    earning = persons[base > 6_000]
    tax = ((base[base > 6_000] - 5_000) * 0.03 * 12).round(2)
    chunk.add("tx_payments", earning, tax="2", year=2025, paid=fen(tax), turnover=fen(np.zeros(len(tax))))


def _machine(chunk: Chunk, persons: Array, kind: str, power: float, yuan: float, state: str = "正常") -> None:
    rng, n = chunk.rng, len(persons)
    chunk.add(
        "ag_machines",
        persons,
        machine_no=chunk.text_serial("桂01", n, 9),
        kind=kind,
        state=state,
        power_kw=(power * np.exp(rng.normal(0, 0.15, n))).round(1),
        registered_on=chunk.past(n, 200, 3600),
        price=fen((yuan * np.exp(rng.normal(0, 0.2, n))).round(-2)),
    )


def _machines(chunk: Chunk) -> None:
    rng, n = chunk.rng, len(chunk)
    _machine(chunk, wealthy(chunk, 1.0, 0.02), "1", 52, 88_000)
    _machine(chunk, wealthy(chunk, 1.4, 0.012), "3", 60, 120_000)
    _machine(chunk, wealthy(chunk, 2.0, 0.004), "6", 70, 320_000)
    story = culprits(chunk, "machine")
    for i, (kind, power, yuan) in enumerate((("1", 56, 92_000), ("3", 62, 125_000), ("6", 72, 330_000))):
        _machine(chunk, story[i::3], kind, power, yuan)
    _machine(chunk, culprits(chunk, "look_tiller")[::2], "5", 5, 3_200)
    _machine(chunk, culprits(chunk, "look_tiller")[1::2], "4", 9, 6_800)
    _machine(chunk, culprits(chunk, "look_coop_tractor"), "1", 55, 90_000)
    small = heads(chunk, np.flatnonzero((chunk.state == 9) & chance(rng, 0.05, n)))
    _machine(chunk, small, "2", 13, 12_000)


def _deposits(chunk: Chunk) -> None:
    """Only who signed a consent is looked up."""
    rng, n = chunk.rng, len(chunk)
    asked = heads(chunk, np.flatnonzero(chunk.listed & chance(rng, 0.22, n) & (chunk.kind < 0) & (chunk.fault != 1)))
    stated = chunk.survey["savings"].fill_null(0).to_numpy()[chunk.people.house[asked]] / 100
    rich, paid = culprits(chunk, "deposits"), culprits(chunk, "look_compensation")
    money = np.concatenate(
        [
            stated * rng.uniform(0.6, 1.3, len(asked)) + 10,
            rng.gamma(6.0, 42_000, len(rich)) + 80_000,
            rng.gamma(6.0, 18_000, len(paid)) + 60_000,
        ]
    )
    persons = np.concatenate([asked, rich, paid])
    products = np.where(np.isin(persons, rich) & chance(rng, 0.4, len(persons)), 50_000, 0)
    chunk.add(
        "bk_deposits",
        persons,
        bank=pick(chunk, ("农村信用社", "农业银行", "邮政储蓄银行"), len(persons)),
        deposits=fen(money.round(2)),
        wealth_products=fen(products),
        consent_no=chunk.text_serial("SQ", len(persons)),
        checked_on=chunk.past(len(persons), 40, 200),
    )


def _officials(chunk: Chunk) -> None:
    """About five per village, not poor; group leaders may be."""
    rng, p = chunk.rng, chunk.people
    fit = np.flatnonzero(alive(chunk) & (p.age >= 30) & (p.age < 62) & ((chunk.state == 9) & (chunk.u > 0.3))[p.house])
    seats = max(5 * len(np.unique(chunk.village)), 1)
    chosen = np.unique(rng.choice(fit, min(seats, len(fit)), replace=False)) if len(fit) else fit
    story = culprits(chunk, "official")
    leaders = culprits(chunk, "look_group_leader")
    persons = np.concatenate([chosen, story, leaders])
    post = np.concatenate(
        [choose(rng, (1, 1, 3), len(chosen)), choose(rng, (1, 1, 3), len(story)), np.full(len(leaders), 3)]
    )
    chunk.add(
        "ca_officials",
        persons,
        post=coded(post, ("1", "2", "3", "4")),
        since=ymd(2021, 2, 1) + rng.integers(0, 1500, len(persons)),
        monthly_pay=fen(np.array([2900, 2500, 2200, 260])[post]),
    )


def _operators(chunk: Chunk) -> None:
    rich, story = wealthy(chunk, 2.0, 0.02), culprits(chunk, "operator")
    persons = np.concatenate([rich, story])
    n = len(persons)
    plate = chunk.text_serial("桂A", n, 12).str.slice(9, 5)
    chunk.add(
        "tp_operators",
        persons,
        permit_no=chunk.text_serial("桂交运管许可南字", n, 9),
        plate="桂A" + plate,
        tonnage=chunk.rng.choice([5.0, 8.0, 15.0, 25.0], n),
        valid_until=chunk.as_of + chunk.rng.integers(60, 1200, n),
        state=pick(chunk, ("营运", "营运", "营运", "停业"), n) if not len(story) else "营运",
    )
