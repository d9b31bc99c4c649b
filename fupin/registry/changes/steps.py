"""One step: which rows it touches, what was in them, what will be; first the row of the log, then the writing.

An image is what a row holds as JSON: ``{"membership/12": {"valid_to": "2026-11-01"}}``. Of a changed row only the
columns that change, of an added or removed one all that the step sets; null where there is no such row. What follows
from other rows (how many members, who is the head, pinyin) stands in no image: it is worked out anew after each step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, models

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.checks import HEAD, Filing
from fupin.registry.changes.papers import Paper, keep_papers
from fupin.registry.household_models import Household, HouseholdState, Membership, Person
from fupin.registry.number_facts import COLUMNS as NUMBER_FACTS
from fupin.registry.spelling import initials, spell

TABLES: Mapping[str, type[models.Model]] = {
    "household": Household,
    "person": Person,
    "membership": Membership,
    "state": HouseholdState,
}
Image = dict[str, Any]
Images = dict[str, Image | None]


def is_row(key: str) -> bool:
    """Not the name of a full value (``sealed/…``), which is moved by functions of the database."""
    return key.partition("/")[0] in TABLES


def key_of(row: models.Model) -> str:
    """membership/12"""
    name = next(name for name, model in TABLES.items() if isinstance(row, model))
    return f"{name}/{row.pk}"


def as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def from_json(model: type[models.Model], image: Image) -> Image:
    """The values as the model's fields take them; keys are column names."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return {name: fields[name].to_python(value) for name, value in image.items()}


class Step:
    """Collects what will be written; nothing is written before :meth:`write`."""

    def __init__(self, household: Household, *, other: Household | None = None, person_id: str | None = None) -> None:
        self.household = household
        self.other = other
        self.person_id = person_id
        self.before: Images = {}
        self.after: Images = {}
        self._new: list[models.Model] = []

    def change(self, row: models.Model, **values: Any) -> None:
        """Columns of a row that is there; what stays the same is left out."""
        was = {name: as_json(getattr(row, name)) for name in values}
        now = {name: as_json(value) for name, value in values.items()}
        differs = [name for name in values if was[name] != now[name]]
        if differs:
            self.before[key_of(row)] = {name: was[name] for name in differs}
            self.after[key_of(row)] = {name: now[name] for name in differs}

    def add(self, row: models.Model) -> None:
        """A new row; one without a number is given it now."""
        if row.pk is None:
            row.pk = next_number(type(row))
        self.before[key_of(row)] = None
        self.after[key_of(row)] = image_of(row)
        self._new.append(row)

    def remove(self, row: models.Model) -> None:
        self.before[key_of(row)] = image_of(row)
        self.after[key_of(row)] = None

    def name_value(self, key: str, *, held: bool) -> None:
        """A full value is replaced after the row of the log: its key and whether there was one, no value."""
        self.before[key], self.after[key] = {"held": held}, {"held": True}

    def file(self, by: User, filing: Filing, **more: Any) -> RegistryChange:
        """Written as the form says."""
        return self.write(
            by=by, kind=filing.kind, effective=filing.effective, reason=filing.reason, papers=filing.papers,
            finding=filing.finding, **more,
        )  # fmt: skip

    def write(
        self,
        *,
        by: User | None,
        kind: str,
        effective: date,
        reason: str = "",
        papers: Sequence[Paper] = (),
        state: tuple[str, str] | None = None,
        **more: Any,
    ) -> RegistryChange:
        """The row of the log, then the rows. ``state``: of the household, before and after, where it changes."""
        if not self.after:
            raise nothing_to_change()
        states = state or (None, None)
        change = RegistryChange.objects.create(
            kind=kind, household=self.household, other=self.other, person_id=self.person_id,
            village_code=self.household.village_code, effective=effective, by=by, reason=reason.strip(),
            proofs=[one.paper for one in papers if one.there], before=told(self.before, states[0]),
            after=told(self.after, states[1]), **more,
        )  # fmt: skip
        accounts.record(
            by=by, verb="change_registry", object_kind="household", object_id=self.household.pk,
            region=self.household.village_code, reason=change.reason[:200],
            detail={"kind": kind, "change": change.pk},
        )  # fmt: skip
        keep_papers(change, papers, by)
        apply(self.before, self.after, self._new)
        for home in filter(None, (self.household, self.other)):
            settle(home)
        return change


def nothing_to_change() -> UserError:
    return UserError(
        "没有任何改动，未登记变更", "nothing is different: no change was recorded",
        "请先改动要更正的项目", "change what is to be corrected first",
    )  # fmt: skip


def told(rows: Images, state: str | None) -> dict[str, Any]:
    """What stands in the log."""
    return {"rows": rows} if state is None else {"rows": rows, "state": state}


def image_of(row: models.Model) -> Image:
    """All that is set, without hashes and ciphers, and without what is derived."""
    skipped = {"version", "members", "head_name", "head_pinyin", "pinyin", "initials", "lookup_key", "lake_key_id"}
    skipped |= {*NUMBER_FACTS}
    return {
        field.attname: as_json(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if not isinstance(field, models.BinaryField)
        and field.attname not in skipped
        and getattr(row, field.attname) is not None
    }


def next_number(model: type[models.Model]) -> int:
    """The number that the next row would be given: the log names it before it is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
        return int(cursor.fetchone()[0])


def apply(before: Images, after: Images, new: Iterable[models.Model] = ()) -> None:
    """Make the rows what ``after`` says. Removals and closings first: of open periods there is never more than one."""
    made = {key_of(row): row for row in new}
    for key in sorted(filter(is_row, after), key=lambda key: _order(key, before, after)):
        model, pk = TABLES[key.partition("/")[0]], key.partition("/")[2]
        image = after[key]
        if image is None:
            model._default_manager.filter(pk=pk).delete()
        elif before[key] is None:
            row = made.get(key) or model(**from_json(model, image))
            row.save(force_insert=True)
        else:
            values = from_json(model, image)
            if model is Person and "name" in values:
                values["pinyin"] = spell(values["name"])
                values["initials"] = initials(values["pinyin"])[:60]
            model._default_manager.filter(pk=pk).update(**values)


def _order(key: str, before: Images, after: Images) -> tuple[int, str]:
    image = after[key]
    if before[key] is None:  # households before what hangs on them
        return (3 if key.startswith(("household", "person")) else 5, key)
    if image is None:
        return (0, key)
    closes = image.get("valid_to") is not None
    return (1 if closes else 4, key)


def settle(household: Household) -> None:
    """Members counted, the head's name told (the first member's where none is the head)."""
    rows = Membership.objects.filter(household=household, valid_to__isnull=True).select_related("person")
    present = sorted(rows, key=lambda row: (row.relation != HEAD, row.relation or "99", row.person_id))
    name = present[0].person.name if present else ""
    values = {"members": len(present), "head_name": name, "head_pinyin": spell(name).replace(" ", "")}
    if not present:  # an empty household keeps the name it was known by
        values = {"members": 0}
    Household.objects.filter(pk=household.pk).exclude(**values).update(**values)
