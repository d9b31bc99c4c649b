"""The page of the village's form and of its exit standards (`fupin docs`)."""

from __future__ import annotations

from fupin.catalogue.village_form import village_form
from fupin.catalogue.village_standards import StandardTest, VillageStandard, village_standards

LIMITS = {"at_least": "≥", "at_most": "≤", "below": "<"}


def village_page() -> str:
    form, standards = village_form(), village_standards()
    lines = [
        "# Form of a village 贫困村登记表",
        "",
        "*Made by `fupin docs` from the files of the catalogue; do not edit.*",
        "",
        f"{form.reference}。Columns of `villages.parquet` (with `village_code year stated_by stated_on`); money in 分. "
        "What the registry counts itself stands beside what was stated, with the difference.",
        "",
    ]
    for group, (zh, en) in form.groups.items():
        lines += [
            f"## {zh} {en}",
            "",
            "| item | zh | en | type | unit | min – max | counted by the registry | part of |",
        ]
        lines.append("|---|---|---|---|---|---|---|---|")
        for item in form.of_group(group):
            column = item.column
            limits = "" if column.min is None else f"{column.min:g} – {'' if column.max is None else f'{column.max:g}'}"
            cells = (f"`{item.name}`", column.zh, column.en, column.type, column.unit, limits, _code(item.counted))
            lines.append(f"| {' | '.join(cells)} | {_code(item.within)} |")
        lines.append("")
    lines += [f"## `{standards.id}` {standards.zh} {standards.en}", "", standards.reference, ""]
    lines += ["| standard | zh | met when | reference |", "|---|---|---|---|"]
    lines += [_standard(one) for one in standards.standards]
    return "\n".join(lines).rstrip() + "\n"


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


def _standard(one: VillageStandard) -> str:
    tests = " and ".join(map(_test, one.tests))
    trial = "（试行 trial）" if one.trial else ""
    return f"| `{one.id}` {one.en} | {one.zh}{trial} | {tests} | {one.reference} |"


def _test(test: StandardTest) -> str:
    if not test.limit:
        return f"`{test.item.name}`"
    figure = f"`{test.item.name}`"
    if test.of:
        figure = f"(`{test.of}` − {figure}) / `{test.of}`" if test.rest else f"{figure} / `{test.of}`"
    return f"{figure} {LIMITS[test.limit]} {test.threshold:g}"
