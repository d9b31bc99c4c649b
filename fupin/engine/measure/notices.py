"""What a reader should know beside the figures: rows left out, conventions in effect, columns that look wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fupin.engine.measure.design import Floats

#: logarithms of incomes lie close together and far below any income
LOG_RANGE = (2.0, 25.0)
LOG_SPREAD = 0.25
LOG_ROWS = 30

_TEXTS: Mapping[str, tuple[str, str]] = {
    "missing": (
        "排除了有缺失值的 {n} 行（第 {rows} 行）",
        "{n} rows with missing values were left out (row {rows})",
    ),
    "zero_weight": ("{n} 行权数为零，未计入", "{n} rows of weight zero do not count"),
    "negative": ("{n} 行福利为负，按零计", "{n} rows of negative welfare count as zero"),
    "zero": (
        "{n} 行福利为零或负：没有对数，Watts 中计 0，MLD 中按 1 计",
        "{n} rows of zero or negative welfare have no logarithm: 0 in Watts, replaced by 1 in MLD",
    ),
    "logs": (
        "福利列像是取过对数（均值 {mean:.2f}，离散很小）：测算前应还原，可加 --logs",
        "the welfare column looks like logarithms (mean {mean:.2f}, little spread): undo them first, or add --logs",
    ),
    "all_poor": (
        "所有人都低于贫困线：检查福利列与贫困线的单位是否一致",
        "everybody is below the line: check that welfare and line are in the same unit",
    ),
    "none_poor": (
        "没有人低于贫困线：贫困指标为零，区间不反映抽样误差",
        "nobody is below the line: the poverty measures are zero and their intervals say nothing of sampling error",
    ),
    "lonely": (
        "{n} 个层只有一个群：以全部群的均值为中心计方差（偏保守）",
        "{n} strata have a single cluster: it is measured against the mean of all clusters (on the safe side)",
    ),
    "one_draw": (
        "只有一行或每层只有一个群：无法估计抽样误差，标准误为空",
        "a single row, or a single cluster in every stratum: no sampling error can be estimated",
    ),
}


def notice(code: str, **values: object) -> dict[str, str]:
    zh, en = _TEXTS[code]
    return {"code": code, "zh": zh.format(**values), "en": en.format(**values)}


def looks_like_logs(welfare: Floats) -> bool:
    """True when all values lie where logarithms of incomes lie, and close together."""
    if len(welfare) < LOG_ROWS or welfare.min() < LOG_RANGE[0] or welfare.max() > LOG_RANGE[1]:
        return False
    return bool(np.std(welfare) < LOG_SPREAD * np.mean(welfare))


def notices(answer: Mapping[str, Any], welfare: Floats | None) -> list[dict[str, str]]:
    """``answer``: as ``file.measure_table`` builds it; ``welfare``: the column as given."""
    found = []
    if count := answer["excluded"]["missing"]:
        found.append(notice("missing", n=count, rows=", ".join(map(str, answer["excluded"]["rows"]))))
    counts = {"zero_weight": answer["zero_weight"], "negative": answer.get("negative"), "zero": answer.get("zero")}
    counts["lonely"] = answer["design"]["lonely_strata"]
    found += [notice(code, n=count) for code, count in counts.items() if count]
    if welfare is not None and looks_like_logs(welfare):
        found.append(notice("logs", mean=float(np.mean(welfare))))
    if "fgt0" in answer and answer["fgt0"] in (0, 1):
        found.append(notice("all_poor" if answer["fgt0"] else "none_poor"))
    if answer["degrees_of_freedom"] < 1:
        found.append(notice("one_draw"))
    return found
