"""`fupin docs`: the catalogue as pages for people, made from the same files that the engine reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fupin.catalogue.changes import GROUPS, PAPERS, change_kinds
from fupin.catalogue.indicators import Dimension, Indicator
from fupin.catalogue.ledgers import Layout, foreign_lists, layouts, ledger_fields, other_names
from fupin.catalogue.load import Catalogue, load_catalogue
from fupin.catalogue.procedures import SIGNERS, Limit, Procedure, Step, editions, procedures
from fupin.catalogue.rules import Rule
from fupin.catalogue.schema import Dataset, code_lists, datasets, tables
from fupin.catalogue.screening import read_screening
from fupin.catalogue.standards import standards
from fupin.catalogue.village_form import village_form
from fupin.cli.markdown import NOTE, page, table
from fupin.cli.screening_pages import screening_pages
from fupin.cli.standards_pages import standards_parts
from fupin.cli.village_page import village_page
from fupin.kernel.errors import UserError
from fupin.registry.personal import CLASSES, PERSONAL

PAGES = Path("docs/catalogue")


def register(app: typer.Typer) -> None:
    app.command("docs")(docs_command)


def docs_command(
    out: Annotated[Path, typer.Option(help="目标文件夹 / folder to write to")] = PAGES,
    check: Annotated[
        bool, typer.Option("--check", help="只检查是否最新 / only see whether they are up to date")
    ] = False,
) -> None:
    """生成数据目录、指标、规则页 / write the catalogue pages."""
    pages = catalogue_pages()
    if check:
        stale = [name for name, text in pages.items() if _read(out / name) != text]
        if stale:
            raise UserError(
                zh=f"目录页已过时：{', '.join(stale)}",
                en=f"catalogue pages are out of date: {', '.join(stale)}",
                hint_zh="运行 fupin docs 并提交",
                hint_en="run `fupin docs` and commit the result",
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
    typer.echo(f"{len(pages)} → {out}")


def catalogue_pages() -> dict[str, str]:
    """File name → text of every page."""
    catalogue = load_catalogue()
    pages = {
        "README.md": _index_page(catalogue),
        "datasets.md": _datasets_page(),
        "codes.md": _codes_page(),
        "registry.md": _registry_page(),
        "fields.md": _fields_page(catalogue),
        "rules.md": _rules_page(catalogue),
        "parameters.md": _parameters_page(catalogue),
        "procedures.md": _procedures_page(),
        "village.md": village_page(),
        "standards.md": page("Exit standards 退出标准", standards_parts()),
        "changes.md": _changes_page(),
        "ledgers.md": _ledgers_page(),
        "personal.md": _personal_page(),
    }
    pages |= screening_pages()
    for dimension in catalogue.dimensions:
        pages[f"indicators-{dimension.id}.md"] = _dimension_page(dimension)
    return pages


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _index_page(catalogue: Catalogue) -> str:
    rows = [
        (f"[{d.zh} {d.en}](indicators-{d.id}.md)", d.look, d.weight, len(d.indicators)) for d in catalogue.dimensions
    ]
    total = ("**合计 total**", "", sum(d.weight for d in catalogue.dimensions), len(catalogue.indicators))
    links = [
        f"* [Data sets of the departments](datasets.md): {len(datasets())}",
        f"* [Code lists](codes.md): {len(code_lists())}",
        f"* [Tables of the registry](registry.md): {len(tables())}",
        f"* [Fields](fields.md): {len(catalogue.fields)}",
        f"* [Comparison rules](rules.md): {len(catalogue.rules)}",
        f"* [Screening rules](screening.md): {len(read_screening().rules)}",
        f"* [Parameters](parameters.md): {len(catalogue.parameters)}",
        f"* [Procedures](procedures.md): {len(procedures())}",
        f"* [Form of a village](village.md): {len(village_form().items)} items, and its exit standards",
        f"* [Exit standards of households](standards.md): {len(standards())}",
        f"* [Kinds of change](changes.md): {len(change_kinds())}",
        f"* [Ledgers](ledgers.md): {len(layouts())} layouts",
        "",
        "The official list of 199 indicators is not published; every table here is 试行 (trial) and names its source.",
        "",
    ]
    return page("Catalogue 目录", [*links, *table(("dimension", "look", "points", "indicators"), [*rows, total])])


def _datasets_page() -> str:
    parts: list[str] = []
    department = ""
    for dataset in datasets().values():
        if dataset.department != department:
            department = dataset.department
            parts += [f"## {dataset.department_zh} {dataset.department_en}", ""]
        parts += _dataset_section(dataset)
    return page("Data sets 数据集", parts)


def _dataset_section(dataset: Dataset) -> list[str]:
    facts = f"{dataset.cycle} · one row for a {dataset.subject} · key {', '.join(dataset.key)}"
    rows = [
        (f"`{c.name}`", c.zh, c.type, c.unit, c.codes, "yes" if c.required else "", "" if c.pii == "none" else c.pii)
        for c in dataset.columns.values()
    ]
    head = ("column", "header", "type", "unit", "codes", "required", "personal")
    return [f"### `{dataset.id}` {dataset.zh} {dataset.en}", "", facts, "", *table(head, rows)]


def _codes_page() -> str:
    parts: list[str] = []
    for codes in code_lists().values():
        parts += [f"## `{codes.id}` {codes.zh} {codes.en}", "", codes.reference or "试行 (trial)", ""]
        parts += table(("code", "zh", "en"), ((code, zh, en) for code, (zh, en) in codes.values.items()))
    return page("Code lists 代码表", parts)


def _registry_page() -> str:
    parts: list[str] = []
    for held in tables().values():
        parts += [f"## `{held.id}` {held.zh} {held.en}", ""]
        rows = [(f"`{c.name}`", c.zh, c.en, c.type, c.unit, c.codes) for c in held.columns.values()]
        parts += table(("column", "zh", "en", "type", "unit", "codes"), rows)
    return page("Tables of the registry 登记库表", parts)


def _fields_page(catalogue: Catalogue) -> str:
    rows = [(f"`{f.id}`", f.zh, f.en, f.type, f.unit, f.source) for f in catalogue.fields.values()]
    return page("Fields 字段", table(("field", "zh", "en", "type", "unit", "known from"), rows))


def _dimension_page(dimension: Dimension) -> str:
    rows = [_indicator_row(indicator) for indicator in dimension.indicators]
    head = ("indicator", "zh", "field", "full", "table (points)", "applies when", "known from", "reference")
    return page(f"{dimension.zh} {dimension.en}: {dimension.weight} points", table(head, rows))


def _indicator_row(i: Indicator) -> tuple[object, ...]:
    return (
        f"`{i.id}` {i.en}", i.zh, f"`{i.field}`", f"{i.points / 100:.2f}", _scoring(i),
        f"`{i.applies}`" if i.applies else "always", i.evidence, i.reference,
    )  # fmt: skip


def _scoring(indicator: Indicator) -> str:
    if indicator.codes is not None:
        return "; ".join(f"{code}: {points / 100:g}" for code, points in indicator.codes.items())
    return "; ".join(
        f"{'else' if band.below is None else f'< {band.below:g}'}: {band.points / 100:g}" for band in indicator.bands
    )


def _rules_page(catalogue: Catalogue) -> str:
    parts: list[str] = []
    for rule in catalogue.rules.values():
        parts += _rule_section(rule)
    return page("Comparison rules 比对规则", parts)


def _rule_section(rule: Rule) -> list[str]:
    facts = [
        f"* {rule.direction}, severity {rule.severity}, topic {rule.topic}, households: {rule.population}",
        f"* rows of `{rule.table}` where `{rule.where}`",
        f"* having `{rule.having}`",
        *(f"* not counted: {e.zh} {e.en}: `{e.where}` ({e.reference})" for e in rule.exemptions),
        f"* says: {rule.message['zh']} / {rule.message['en']}",
        f"* reference: {rule.reference}",
        *([f"* does not fire in the generated city: {rule.fires}"] if rule.fires else []),
    ]
    return [f"## `{rule.id}` (version {rule.version}) {rule.zh} {rule.en}", "", *facts, ""]


def _procedures_page() -> str:
    parts: list[str] = []
    for one in (edition for several in editions().values() for edition in several):
        states = ", ".join(code_lists()["household_state"].label(state) for state in one.begins_in)
        ends = f" → {code_lists()['household_state'].label(one.ends_in)}" if one.ends_in else ""
        since = f", edition {one.edition}, for cases from {one.since} on" if one.since else ""
        parts += [f"## `{one.id}` {one.zh} {one.en}{since}", "", f"{one.reference} · {states}{ends}", ""]
        if one.whole:
            parts += [f"From the beginning to the end of `{one.whole.until}`: {_limit(one.whole.limit)}.", ""]
        head = ("step", "kind", "level", "papers", "signatures", "within", "back to")
        parts += table(head, (_step_row(one, step) for step in one.steps))
    return page("Procedures 程序", parts)


def _step_row(procedure: Procedure, step: Step) -> tuple[object, ...]:
    lasts = f"hangs {step.lasts}" if step.lasts else ""
    return (
        f"`{step.id}` {step.zh} {step.en}", step.kind, step.level,
        "、".join(procedure.papers[paper][0] for paper in step.papers),
        "、".join(SIGNERS[signer][0] for signer in step.signatures),
        lasts or (_limit(step.within) if step.within else ""), ", ".join(step.returns_to),
    )  # fmt: skip


def _changes_page() -> str:
    head = ("id", "zh", "en", "code", "level", "papers", "not before", "proposed by", "reference")
    parts: list[str] = []
    for group, (zh, en) in GROUPS.items():
        rows = [
            (
                f"`{one.id}`", one.zh, one.en, one.code, "by a case" if one.by_case else one.level,
                "、".join(PAPERS[paper][0] for paper in one.papers), ", ".join(one.not_before),
                ", ".join(one.proposed_by), one.reference,
            )
            for one in change_kinds().values() if one.group == group
        ]  # fmt: skip
        parts += [f"## {zh} {en}", "", *table(head, rows)]
    return page("Kinds of change 变更种类", parts)


def _limit(limit: Limit) -> str:
    return f"{limit.days}, {limit.count} days"


def _parameters_page(catalogue: Catalogue) -> str:
    rows = [
        (f"`{p.id}`", p.zh, p.en, p.unit, v.since, v.region or "everywhere", v.value, v.reference)
        for p in catalogue.parameters.values()
        for v in p.values
    ]
    return page("Parameters 参数", table(("id", "zh", "en", "unit", "since", "region", "value", "reference"), rows))


def _ledgers_page() -> str:
    """Layouts, code lists of other systems, and how provincial ledgers call our fields."""
    parts = [part for layout in layouts().values() for part in _layout_section(layout)]
    parts += ["## Code lists of other systems", ""]
    for one in foreign_lists().values():
        pairs = ", ".join(f"{theirs} → {ours}" for theirs, ours in one.values.items())
        parts += [f"* `{one.id}` {one.zh} · {one.reference}: {pairs}"]
    parts += ["", "## Headings of provincial ledgers", ""]
    names = ((f"`{field}`", ledger_fields()[field].column.zh, "、".join(told)) for field, told in other_names().items())
    return page("Ledgers 台账", [*parts, *table(("field", "zh", "headings"), names)])


def _layout_section(layout: Layout) -> list[str]:
    rows = [
        (f"`{one.key}`" if layout.header == "code" else "", one.zh, f"`{one.field}`" if one.field else "", one.why)
        for one in layout.columns.values()
    ]
    facts = f"one row for a {layout.row}{', each year' if layout.yearly else ''} · {layout.reference}"
    head = ("code", "title", "field", "kept as written because")
    return [f"## `{layout.id}` {layout.zh} {layout.en}", "", facts, "", *table(head, rows)]


def _personal_page() -> str:
    """Personal information by table and class; "*" is every other column of the table."""
    lines = ["# 个人信息目录 · Personal information in the registry", "", NOTE, ""]
    lines += [f"- **{zh} · {en}** (`{code}`): {how} · {way}" for code, (zh, en, how, way) in CLASSES.items()]
    for model, marks in PERSONAL.items():
        lines += ["", f"## {model}", "", "| column | class |", "|---|---|"]
        lines += [f"| `{column}` | {CLASSES[code][0]} · {CLASSES[code][1]} |" for column, code in marks.items()]
    return "\n".join(lines) + "\n"
