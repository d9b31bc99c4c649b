"""What of the catalogue tells a member's health: for accounts that may not see it (verb ``see_health``).

A fact of a household is one when a person's coded health fact, or a department's data set about illness or disability,
lies below it; a rule when it is about illness or disability or looks into such a data set. That a household has one
hardship of several, a grave illness among them, does not tell which.
"""

from __future__ import annotations

import re
from functools import cache

from fupin.catalogue.fields import Field
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.rules import Rule
from fupin.catalogue.screening import read_screening

#: coded facts of persons
COLUMNS = frozenset({"health", "self_care", "pregnant"})
SETS = frozenset({"df_certificates", "hl_inpatient", "hl_chronic", "hl_checkups", "mi_settlements"})
TOPICS = frozenset({"illness", "disability"})
#: of a rule of screening, in its name: it speaks of illness, disability, care or pregnancy; insurance is none
_SAYS = re.compile("残疾|因残|患病|因病|患大病|健康|自理|孕")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@cache
def health_fields() -> frozenset[str]:
    """Of ``data/fields``, with those that are computed from others."""
    fields = load_catalogue().fields
    found = {field.id for field in fields.values() if _tells(field)}
    while more := {one.id for one in fields.values() if one.computed and names(one.expression) & found} - found:
        found |= more
    return frozenset(found)


def _tells(field: Field) -> bool:
    return field.table in SETS or (field.table == "persons" and bool(names(field.where, field.of) & COLUMNS))


def names(*expressions: str) -> set[str]:
    return {name for one in expressions for name in _NAME.findall(one)}


def tells_health(rule: Rule) -> bool:
    """A rule of comparison."""
    return rule.topic in TOPICS or rule.table in SETS


def health_rules() -> frozenset[str]:
    """Of comparison."""
    return frozenset(rule.id for rule in load_catalogue().rules.values() if tells_health(rule))


@cache
def screening_tells_health(rule_id: str) -> bool:
    """A rule of logic screening."""
    rule = read_screening().rules.get(rule_id)
    if rule is None:
        return False
    asked = {name.partition("_")[2] for name in names(rule.where) if name.startswith(("p_", "h_", "f_"))}
    return bool(asked & (COLUMNS | health_fields()) or _SAYS.search(rule.zh))
