"""How an index came about, and what a finding says, in words."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from fupin.accounts.api import User
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.rules import Rule
from fupin.engine import compare as engine_compare
from fupin.engine import explain as engine_explain
from fupin.engine.run import DeliveryFile, RunInputs
from fupin.identify import pieces
from fupin.identify.health_words import HEALTH, NOT_SHOWN, veiled, without_health
from fupin.identify.models import Finding, Run
from fupin.identify.queries import index_for
from fupin.kernel.errors import NotFound, UserError


def run_folder(run: Run) -> Path:
    return Path(settings.FUPIN_DATA_DIR) / "runs" / run.id


def pinned_inputs(folder: Path) -> RunInputs:
    """The inputs that a run pinned when it began (``inputs.json`` in its folder)."""
    path = folder / "inputs.json"
    if not path.exists():
        raise UserError(
            zh=f"运行 {folder.name} 没有留下输入清单",
            en=f"run {folder.name} left no list of its inputs",
            hint_zh="请重新发起运行",
            hint_en="start a new run",
        )
    return _read_inputs(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read_inputs(path: Path, written_ns: int) -> RunInputs:  # noqa: ARG001  # read again when it was written again
    raw = json.loads(path.read_text(encoding="utf-8"))
    data = Path(settings.FUPIN_DATA_DIR)
    deliveries = tuple(
        DeliveryFile(**{**item, "path": data / item["path"], "cut_off": date.fromisoformat(item["cut_off"])})
        for item in raw["deliveries"]
    )
    return RunInputs(
        region=raw["region"],
        as_of=date.fromisoformat(raw["as_of"]),
        snapshot=data / raw["snapshot"],
        deliveries=deliveries,
    )


def explain(user: User, run: Run, household_id: str) -> dict[str, Any]:
    """Every indicator with its points and evidence, every finding with its rows; NotFound outside the scope.

    What tells a member's health is not shown to who may not see it.
    """
    if not index_for(user, run).filter(household_id=household_id).exists():
        raise NotFound(household_id)
    folder = run_folder(run)
    inputs = pinned_inputs(folder)
    try:
        return without_health(engine_explain.explain(pieces.folder_for(folder, household_id), inputs, household_id))
    except OSError:  # the piece was cleared away meanwhile
        return without_health(engine_explain.explain(folder, inputs, household_id))


def catalogue_rule(rule_id: str) -> Rule | None:
    return load_catalogue().rules.get(rule_id)


def rule_title(rule_id: str, lang: str = "zh") -> str:
    """The rule's name; its id when the catalogue no longer has it."""
    if rule_id == HEALTH:
        return NOT_SHOWN[lang]
    rule = catalogue_rule(rule_id)
    return rule_id if rule is None else (rule.zh if lang == "zh" else rule.en)


def message_of(finding: Finding, lang: str = "zh") -> str:
    """The finding in a sentence, with masked names and no personal number; a member's health to who may see it."""
    if veiled(finding.rule):
        return NOT_SHOWN[lang]
    rule = catalogue_rule(finding.rule)
    return (
        finding.rule
        if rule is None
        else engine_compare.render(rule, json.dumps(finding.params), lang, load_catalogue().fields)
    )
