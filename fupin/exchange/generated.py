"""Agreements for the departments of a generated city: so that a demonstration shows what a real house would have."""

from __future__ import annotations

from datetime import date

from fupin.catalogue.schema import datasets
from fupin.exchange.agreement_rules import Terms
from fupin.exchange.agreements import covering, sign_for_both
from fupin.exchange.outgoing import OFFICE

PURPOSE = "精准识别：与建档立卡信息比对，发现错评、漏评和信息不一致"
BACK = "核实本部门数据引出的疑点，反馈核查结果"
BASIS = "政务信息资源共享管理暂行办法（国发〔2016〕51号）"


def sign_generated_agreements(*, region: str, today: date) -> int:
    """One for each data set of the catalogue, and findings back to each department; how many are new."""
    until = date(today.year + 1, 12, 31)
    back = ("finding", "rule", "title", "severity", "direction", "topic", "rows", "village")
    wanted = [
        Terms(one.department, OFFICE, one.id, tuple(one.columns), PURPOSE, BASIS, region, today, until)
        for one in datasets().values()
    ]
    takers = sorted({one.department for one in datasets().values()})
    wanted += [Terms(OFFICE, one, "own_findings", back, BACK, BASIS, region, today, until) for one in takers]
    fresh = [one for one in wanted if covering(one.giver, one.taker, one.dataset, region, today) is None]
    for terms in fresh:
        sign_for_both(terms=terms)
    return len(fresh)
