"""The generated city as a stream of chunks: two passes, so that 2 million households fit in little memory.

Pass one draws only the latent state and keeps one number per household; from these the registration of the whole city
is drawn. Pass two draws each chunk again from the same random stream and everything that follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from fupin.simulate.arrays import Array, days, digits, generator
from fupin.simulate.benefits import dates, grant, possessions
from fupin.simulate.chunk import Chunk
from fupin.simulate.income import draw_income
from fupin.simulate.ledger import households_table, ledger_table, with_spending
from fupin.simulate.people import persons_table, populate
from fupin.simulate.planting import anomalies, plant
from fupin.simulate.rates import Rates
from fupin.simulate.regions import Villages, settle
from fupin.simulate.stories import cast_stories
from fupin.simulate.survey import draw_survey
from fupin.simulate.traces import observe
from fupin.simulate.traces.care import draw_bills
from fupin.simulate.welfare import Registration, draw_latent, register

CHUNK = 50_000
#: more than the chunks of any city
SPAN = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What the second pass needs to know of the whole city."""

    villages: Villages
    sizes: Array
    village: Array
    """village of each household"""
    turn: Array
    """number of the household in its village, from 1"""
    registration: Registration
    seed: int
    as_of: int
    rates: Rates
    chunk: int
    touching: Array
    """county × ``SPAN`` + chunk, for each county and chunk that meet; sorted"""

    @property
    def chunks(self) -> int:
        return -(-len(self.village) // self.chunk)


@dataclass(frozen=True)
class Part:
    """Everything about one chunk that goes into files."""

    tables: dict[str, pl.DataFrame]
    facts: dict[str, pl.DataFrame]
    anomalies: pl.DataFrame
    truth: pl.DataFrame


def plan_city(
    villages: Villages, registered: int, others: int, seed: int, as_of: date, rates: Rates, chunk: int
) -> Plan:
    sizes = settle(villages, registered + others, seed)
    village = np.repeat(np.arange(len(villages)), sizes)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    turn = np.arange(len(village)) - first[village] + 1
    starts = range(0, len(village), chunk)
    raws = [
        draw_latent(generator(seed, 4, i), villages.remote[village[at : at + chunk]]).raw.astype(np.float32)
        for i, at in enumerate(starts)
    ]
    registration = register(
        generator(seed, 5),
        np.concatenate(raws),
        registered,
        rates.state_shares,
        rates.inclusion_error,
        rates.exclusion_error,
        rates.exit_error,
    )
    touching = np.unique(villages.county[village].astype(np.int64) * SPAN + np.arange(len(village)) // chunk)
    return Plan(villages, sizes, village, turn, registration, seed, days(as_of), rates, chunk, touching)


def parts(plan: Plan) -> Iterator[Part]:
    for number in range(plan.chunks):
        yield build(plan, number)


def build(plan: Plan, number: int) -> Part:
    """Draw one chunk completely."""
    chunk = _open(plan, number)
    place, places = _id_shares(plan, number)
    populate(chunk, place, places)
    cast_stories(chunk)
    dates(chunk)
    grant(chunk)
    possessions(chunk)
    draw_bills(chunk)
    items = draw_income(chunk)
    chunk.survey = draw_survey(chunk, items)
    items = with_spending(chunk, items)
    observe(chunk)
    tables = {
        "households": households_table(chunk),
        "persons": persons_table(chunk),
        "survey": chunk.survey,
        "ledger": ledger_table(chunk, items),
    }
    facts = {name: pl.concat(frames) for name, frames in chunk.facts.items()}
    return Part(tables, facts, anomalies(chunk), _truth(chunk))


def _open(plan: Plan, number: int) -> Chunk:
    at = slice(number * plan.chunk, (number + 1) * plan.chunk)
    rng = generator(plan.seed, 4, number)
    village, found = plan.village[at], plan.registration
    latent = draw_latent(rng, plan.villages.remote[village])
    state, fault, poor = found.state[at], found.fault[at], found.poor[at]
    code = pl.Series(plan.villages.code).gather(pl.Series(village.astype(np.uint32)))
    u = (latent.raw - found.mean) / found.spread - found.line
    kind = plant(rng, plan.rates, state, fault, poor)
    chunk = Chunk(
        number,
        rng,
        plan.as_of,
        plan.rates,
        latent,
        code + digits(plan.turn[at], 4),
        village,
        code,
        plan.villages.county[village],
        state,
        fault,
        poor,
        u,
        kind,
    )
    chunk.culprit = np.full(len(chunk), -1, dtype=np.int64)
    return chunk


def _id_shares(plan: Plan, number: int) -> tuple[Array, Array]:
    """Per household: which turn this chunk has among the chunks of its county, and how many there are."""
    here = plan.villages.county[plan.village[number * plan.chunk : (number + 1) * plan.chunk]]
    place, places = np.zeros(len(here), dtype=np.int64), np.ones(len(here), dtype=np.int64)
    for code in np.unique(here):
        touching = plan.touching[plan.touching // SPAN == code] % SPAN
        place[here == code] = int(np.searchsorted(touching, number))
        places[here == code] = len(touching)
    return place, places


def _truth(chunk: Chunk) -> pl.DataFrame:
    cause = pl.Series(chunk.latent.trouble).cast(pl.String).str.zfill(2)
    return pl.DataFrame(
        {
            "household_id": chunk.household_id,
            "state": pl.Series(chunk.state).cast(pl.String),
            "welfare": pl.Series(chunk.u).round(4),
            "truly_poor": chunk.poor,
            "cause": cause,
        }
    )
