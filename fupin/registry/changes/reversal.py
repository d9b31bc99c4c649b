"""Taking a change back: what was there is there again. The log keeps both, the change and its reversal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q

from fupin.accounts.api import User
from fupin.catalogue.changes import change_kinds
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.change_models import IMPORT, LOAD, REVERSE, RegistryChange
from fupin.registry.changes.checks import demand_level, demand_reason, home_to_change
from fupin.registry.changes.steps import TABLES, Images, Step, as_json, is_row
from fupin.registry.household_models import Household


@transaction.atomic
def reverse(*, by: User, change_id: int, reason: str) -> RegistryChange:
    """Restore what a change found. Raises NotFound, Forbidden, UserError (done already; a later one builds on it)."""
    undone = RegistryChange.objects.filter(pk=change_id).select_related("household", "other").first()
    if undone is None or undone.household is None or undone.kind in (LOAD, IMPORT, REVERSE):
        raise NotFound(str(change_id))
    for number in sorted(filter(None, (undone.household_id, undone.other_id))):
        home_to_change(by, number)
    kind = change_kinds()[undone.kind]
    demand_level(by, kind)
    demand_reason(reason)
    if not kind.reversible or RegistryChange.objects.filter(reverses=undone).exists():
        raise UserError(
            f"变更 {undone.pk} 已撤销过或不能撤销", f"change {undone.pk} was taken back already or cannot be",
            "请查看该户的变更记录", "look at the household's changes",
        )  # fmt: skip
    later = builds_on(undone)
    if later is not None:
        raise _built_on(undone, later)
    step = Step(undone.household, other=undone.other, person_id=undone.person_id)
    _backwards(step, undone)
    states = (undone.after.get("state"), undone.before.get("state"))
    try:
        with transaction.atomic():
            return step.write(
                by=by, kind=REVERSE, effective=undone.effective, reason=reason, reverses=undone,
                state=states if states[0] else None,
            )  # fmt: skip
    except IntegrityError as error:
        raise UserError(
            "撤销后会有人同时在两户：此人后来已登记在别的户",
            "somebody would belong to two households: he was entered in another one since",
            "请先撤销后来的那一次登记", "take the later entry back first",
        ) from error  # fmt: skip


def builds_on(undone: RegistryChange) -> RegistryChange | None:
    """The first later change, still standing, that touched what this one wrote."""
    about = Q(household_id=undone.household_id) | Q(other_id=undone.household_id)
    if undone.other_id:
        about |= Q(household_id=undone.other_id) | Q(other_id=undone.other_id)
    if undone.person_id:
        about |= Q(person_id=undone.person_id)
    later = RegistryChange.objects.filter(about, pk__gt=undone.pk, reversed_by__isnull=True).exclude(kind=REVERSE)
    return next((one for one in later.order_by("id") if overlap(undone, one)), None)


def overlap(earlier: RegistryChange, later: RegistryChange) -> bool:
    """Whether both wrote the same column of a row, or one added or removed a row that the other wrote."""
    first, second = _rows(earlier), _rows(later)
    return any(_meet(first[key], second[key]) for key in first.keys() & second.keys())


def _rows(change: RegistryChange) -> dict[str, frozenset[str] | None]:
    """Row → columns written; None: added or removed, or a full value."""
    before, after = change.before.get("rows", {}), change.after.get("rows", {})
    return {
        key: None if not is_row(key) or before.get(key) is None or after.get(key) is None else frozenset(after[key])
        for key in after
    }


def _meet(first: frozenset[str] | None, second: frozenset[str] | None) -> bool:
    return first is None or second is None or bool(first & second)


def _backwards(step: Step, undone: RegistryChange) -> None:
    """Persons and households stay once they were written down: a household that a change added ends where it began."""
    before, after = undone.before["rows"], undone.after["rows"]
    _demand_as_left(after, before)
    for key in after:
        if before[key] is None and key.startswith("person/"):
            continue
        if before[key] is None and key.startswith("household/"):
            step.before[key], step.after[key] = {"ended_on": None}, {"ended_on": undone.effective.isoformat()}
            continue
        step.before[key], step.after[key] = after[key], before[key]


def _demand_as_left(after: Images, before: Images) -> None:
    """Nothing but the log wrote these rows since."""
    for key, image in after.items():
        if not is_row(key):
            continue
        model, pk = TABLES[key.partition("/")[0]], key.partition("/")[2]
        if model is not Household and key.startswith("person/") and before[key] is None:
            continue
        row = model._default_manager.filter(pk=pk).first()
        if (row is None) != (image is None) or (row is not None and image is not None and not _same(row, image)):
            raise UserError(
                "这一变更之后，有关记录在变更记录之外又改动过",
                "the records were changed since, not by a change of this log",
                "请改用信息更正", "correct the facts instead",
            )  # fmt: skip


def _same(row: models.Model, image: Mapping[str, Any]) -> bool:
    return all(as_json(getattr(row, name)) == value for name, value in image.items())


def _built_on(undone: RegistryChange, later: RegistryChange) -> UserError:
    kinds = change_kinds()
    zh = kinds[later.kind].zh if later.kind in kinds else "台账导入"
    en = kinds[later.kind].en if later.kind in kinds else "import of a ledger"
    return UserError(
        f"变更 {undone.pk} 之后还有变更 {later.pk}（{zh}，{later.effective:%Y-%m-%d}）以它为基础",
        f"change {later.pk} ({en}, {later.effective:%Y-%m-%d}) builds on change {undone.pk}",
        f"请先撤销变更 {later.pk}", f"take change {later.pk} back first",
    )  # fmt: skip
