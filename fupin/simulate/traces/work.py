"""人社局: public-welfare posts, training, migrant work."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.simulate.arrays import NO_DAY, chance, coded, fen
from fupin.simulate.chunk import Chunk
from fupin.simulate.traces.people import alive, pick, real, some

PLACES = ("", "广西壮族自治区", "广西壮族自治区", "广西壮族自治区", "广东省")
ABROAD = ("广东省", "广东省", "广东省", "浙江省", "福建省", "江苏省")


def observe(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    posts = chunk.posts[real(chunk)[chunk.posts]]
    n = len(posts)
    chunk.add(
        "hr_posts",
        posts,
        post=pick(chunk, ("乡村保洁员", "护路员", "水管员", "就业协管员"), n),
        monthly_pay=fen(np.full(n, 800)),
        since=chunk.past(n, 90, 1500),
        until=np.where(chance(rng, 0.06, n), chunk.past(n, 35, 80), NO_DAY),
    )
    needy = chunk.listed[p.house]
    trained = some(chunk, alive(chunk) & (p.labour <= 2) & (p.labour > 0), np.where(needy, 0.07, 0.012))
    n = len(trained)
    chunk.add(
        "hr_training",
        trained,
        course=pick(chunk, ("家政服务", "电工", "叉车", "中式烹调", "果树栽培", "缝纫"), n),
        days=rng.integers(5, 45, n),
        finished_on=chunk.past(n, 40, 1200),
        certified=chance(rng, 0.7, n),
    )
    away = some(
        chunk, alive(chunk) & (p.true_work >= 2), np.where(needy, np.where(p.true_months >= 10, 0.995, 0.7), 0.45)
    )
    n, place = len(away), p.true_work[away]
    home, abroad = coded(place, PLACES), pick(chunk, ABROAD, n)
    province = pl.select(pl.when(pl.Series(place == 4)).then(abroad).otherwise(home)).to_series()
    chunk.add(
        "hr_migrants",
        away,
        province=province,
        employer=pick(chunk, ("电子厂", "建筑工地", "制衣厂", "物流园", "家具厂", "餐饮店"), n),
        monthly_wage=fen((3600 * np.exp(0.16 * chunk.u[p.house[away]].clip(-2, 3) + rng.normal(0, 0.2, n))).round(-2)),
        months=p.true_months[away],
        since=chunk.past(n, 60, 1200),
    )
