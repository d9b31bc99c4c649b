"""教育局: enrolment, aid, student loans."""

from __future__ import annotations

import numpy as np

from fupin.simulate.arrays import chance, choose, coded, fen
from fupin.simulate.chunk import Chunk
from fupin.simulate.stories import culprits
from fupin.simulate.traces.people import alive, pick, some

#: stage and grade by the national number of enrolment 02 … 16
STAGE = {2: 1, 3: 2, 4: 3, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4, 10: 5, 11: 5, 12: 5, 13: 6, 14: 6, 15: 6, 16: 7}
GRADE = {4: 7, 5: 8, 6: 9, 7: 10, 8: 11, 9: 12, 10: 1, 11: 2, 12: 3, 13: 1, 14: 2, 15: 3}
STAGES = np.array([STAGE.get(i, 0) for i in range(17)])
GRADES = np.array([GRADE.get(i, 0) for i in range(17)])
SCHOOLS = ("中心小学", "第一小学", "初级中学", "民族中学", "职业技术学校")


def observe(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    pupils = some(chunk, alive(chunk) & (p.true_schooling > 1), np.where(p.true_schooling == 2, 0.9, 0.999))
    pupils = np.setdiff1d(pupils, culprits(chunk, "look_school_elsewhere"))
    n = len(pupils)
    stage = STAGES[p.true_schooling[pupils]]
    grade = np.where(stage == 2, (p.age[pupils] - 6).clip(0, 5) + 1, GRADES[p.true_schooling[pupils]])
    left = np.isin(pupils, culprits(chunk, "dropout"))
    quiet = (chunk.fault == 2)[p.house[pupils]] & (stage == 3) & chance(rng, 0.25, n)
    far = 0.6 + 5.5 * chunk.latent.remote[p.house[pupils]]
    chunk.add(
        "ed_enrolment",
        pupils,
        student_no="G" + p.id_number.gather(pupils.astype(np.uint32)),
        school=pick(chunk, SCHOOLS, n),
        stage=coded(stage, tuple("01234567")),
        grade=grade,
        boarding=chance(rng, np.where(stage >= 3, 0.75, 0.12)),
        state=coded(np.where(left | quiet, 2, np.where(chance(rng, 0.004, n), 1, 0)), ("1", "2", "3")),
        school_km=(far * np.exp(rng.normal(0, 0.5, n))).round(1).clip(0.1, 60),
    )
    chunk.trace("schooling", pupils[quiet])
    home = culprits(chunk, "look_home_schooling")
    chunk.add(
        "ed_enrolment",
        home,
        student_no="G" + p.id_number.gather(home.astype(np.uint32)),
        school="送教上门",
        stage="2",
        grade=1,
        boarding=False,
        state="2",
    )
    _aid(chunk)


def _aid(chunk: Chunk) -> None:
    rng, p = chunk.rng, chunk.people
    needy = (chunk.poor & chunk.listed)[p.house]
    helped = some(chunk, alive(chunk) & (p.true_schooling > 1), np.where(needy, 0.85, 0.06))
    stage = STAGES[p.true_schooling[helped]]
    items = (
        "学前教育资助",
        "学前教育资助",
        "寄宿生生活补助",
        "寄宿生生活补助",
        "普通高中助学金",
        "中职助学金",
        "国家助学金",
        "国家助学金",
    )
    amount = np.array([500, 500, 500, 625, 1000, 1000, 1650, 1650])[stage]
    chunk.add("ed_aid", helped, item=coded(stage, items), term="2026年春季", amount=fen(amount))
    again = helped[chance(rng, 0.5, len(helped))]
    stage = STAGES[p.true_schooling[again]]
    chunk.add(
        "ed_aid",
        again,
        item=coded(stage, items),
        term="2025年秋季",
        amount=fen(np.array([500, 500, 500, 625, 1000, 1000, 1650, 1650])[stage]),
    )
    college = some(chunk, alive(chunk) & (p.true_schooling >= 13), np.where(chunk.u[p.house] < 0.3, 0.55, 0.10))
    amount = 6_000 + 1_000 * choose(rng, (3, 3, 4), len(college))
    chunk.add(
        "ed_loans", college, year=2026, amount=fen(amount), balance=fen(amount * rng.integers(1, 4, len(college)))
    )
    chunk.trace("schooling", college)
