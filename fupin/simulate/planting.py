"""Which household gets which planted story, and what the truth file says about it."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.simulate.arrays import Array, Rng
from fupin.simulate.chunk import Chunk
from fupin.simulate.rates import Kind, Rates
from fupin.simulate.welfare import FAULT_EXIT, FAULT_INCLUSION, FAULT_MISSED

ANOMALY = {
    "household_id": pl.String,
    "person_id": pl.String,
    "topic": pl.String,
    "class": pl.String,
    "described": pl.Boolean,
    "note": pl.String,
}


def pools(state: Array, fault: Array, poor: Array) -> dict[str, Array]:
    right = (fault == 0) & (state != 9)
    return {
        "inclusion": fault == FAULT_INCLUSION,
        "poor": right & poor,
        "listed": right,
        "exited": right & (state == 1),
        "outside": (state == 9) & ~poor,
        "missed": fault == FAULT_MISSED,
    }


def plant(rng: Rng, rates: Rates, state: Array, fault: Array, poor: Array) -> Array:
    """Index of the planted story per household, −1 none; at most one story each."""
    kind = np.full(len(state), -1, dtype=np.int16)
    draw = rng.random(len(state))
    for name, pool in pools(state, fault, poor).items():
        at = 0.0
        for i, story in enumerate(rates.kinds):
            if story.pool == name:
                kind[pool & (kind < 0) & (draw >= at) & (draw < at + story.rate)] = i
                at += story.rate
        draw = rng.random(len(state))
    return kind


def anomalies(chunk: Chunk) -> pl.DataFrame:
    """Rows of the truth file of this chunk."""
    frames = [_planted(chunk), *_missed(chunk), _early_exits(chunk)]
    return pl.concat([frame for frame in frames if len(frame)] or [pl.DataFrame(schema=ANOMALY)])


def _rows(
    chunk: Chunk,
    houses: Array,
    topic: str | pl.Series,
    verdict: str | pl.Series,
    described: bool | pl.Series,
    note: str | pl.Series,
    persons: Array | None = None,
) -> pl.DataFrame:
    who = pl.Series([None], dtype=pl.String).new_from_index(0, len(houses))
    if persons is not None:
        index = pl.Series(np.where(persons < 0, 0, persons).astype(np.uint32))
        who = chunk.people.person_id.gather(index).set(pl.Series(persons < 0), None)
    base = pl.DataFrame(
        {"household_id": chunk.household_id.gather(pl.Series(houses.astype(np.uint32))), "person_id": who}
    )
    given = {"topic": topic, "class": verdict, "described": described, "note": note}
    columns = [v.alias(k) if isinstance(v, pl.Series) else pl.lit(v).alias(k) for k, v in given.items()]
    return base.with_columns(columns).with_columns(
        pl.when(pl.col("topic") == "").then(None).otherwise(pl.col("topic")).alias("topic")
    )


def _planted(chunk: Chunk) -> pl.DataFrame:
    houses = np.flatnonzero(chunk.kind >= 0)
    kinds: tuple[Kind, ...] = chunk.rates.kinds
    index = pl.Series(chunk.kind[houses].astype(np.uint32))

    def column(values: list[str] | list[bool]) -> pl.Series:
        return pl.Series(values).gather(index)

    return _rows(
        chunk,
        houses,
        column([k.topic for k in kinds]),
        column([k.verdict for k in kinds]),
        column([k.described for k in kinds]),
        column([k.note for k in kinds]),
        chunk.culprit[houses],
    )


def _missed(chunk: Chunk) -> list[pl.DataFrame]:
    """The missed households, once per trace (or once without any); unregistered ones that only look poor."""
    missed = chunk.fault == FAULT_MISSED
    seen = np.zeros(len(chunk), dtype=bool)
    frames = []
    merged: dict[str, list[Array]] = {}
    for topic, houses in chunk.traces:
        merged.setdefault(topic, []).append(houses)
    for topic, parts in merged.items():
        houses = np.unique(np.concatenate(parts))
        poor, others = houses[missed[houses]], houses[~chunk.poor[houses]]
        seen[poor] = True
        frames.append(_rows(chunk, poor, topic, "missed", True, "真贫未评，部门数据有线索"))
        frames.append(_rows(chunk, others, topic, "lookalike", True, "部门数据似贫，实际不贫"))
    silent = np.flatnonzero(missed & ~seen)
    frames.append(_rows(chunk, silent, "", "missed", False, "真贫未评，部门数据无任何线索"))
    return frames


def _early_exits(chunk: Chunk) -> pl.DataFrame:
    houses = np.flatnonzero(chunk.fault == FAULT_EXIT)
    return _rows(chunk, houses, "", "error", False, "未真正脱贫即退出")
