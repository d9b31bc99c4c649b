"""A procedure has editions: a case goes on by the one it began with, a new one takes the one in force on its day.

The functions of 0010 and 0015 are the same as before, but for the edition by which a step is looked up.
"""

from __future__ import annotations

import importlib

from django.db import migrations, models

BEFORE = {name: importlib.import_module(f"fupin.identify.migrations.{name}") for name in (
    "0010_cases_guarded", "0011_beside_cases", "0012_cases_take_effect", "0015_overdue_raised",
)}  # fmt: skip
CASES, BESIDE, EFFECT, OVERDUE = BEFORE.values()

TABLES = """
ALTER TABLE identify_steprule ADD edition smallint NOT NULL DEFAULT 1, ADD since date,
    DROP CONSTRAINT identify_steprule_pkey, ADD PRIMARY KEY (procedure, edition, step);
ALTER TABLE identify_overduerule ADD edition smallint NOT NULL DEFAULT 1,
    DROP CONSTRAINT identify_overduerule_pkey, ADD PRIMARY KEY (procedure, edition, receiver);
"""
UNTABLES = """
DELETE FROM identify_steprule WHERE edition > 1;
DELETE FROM identify_overduerule WHERE edition > 1;
ALTER TABLE identify_steprule DROP COLUMN edition, DROP COLUMN since, ADD PRIMARY KEY (procedure, step);
ALTER TABLE identify_overduerule DROP COLUMN edition, ADD PRIMARY KEY (procedure, receiver);
"""


def function(text: str, name: str) -> str:
    """One function out of a migration's text, to be made in place of the one there is."""
    begin = text.index(f"CREATE FUNCTION {name}(")
    closing = "END $$;" if "END $$;" in text[begin:] else ";"
    end = text.index(closing, begin) + len(closing)
    return text[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1) + "\n"


def changed(text: str, name: str, *pairs: tuple[str, str]) -> str:
    found = function(text, name)
    for old, new in pairs:
        if old not in found:
            raise ValueError(f"{name}: {old}")
        found = found.replace(old, new)
    return found


PLACES = (
    (CASES.BEGINS, "identify_case_begins", (
        ("s.procedure = NEW.procedure AND s.place = 0;", "s.procedure = NEW.procedure AND s.place = 0\n    "
         "AND coalesce(s.since, '-infinity') <= fupin_today() ORDER BY s.edition DESC LIMIT 1;"),
        ("s.procedure = NEW.procedure AND s.kind", "s.procedure = NEW.procedure AND s.edition = rule.edition AND s.kind"),
        ("NEW.step := rule.step;", "NEW.edition := rule.edition;\n    NEW.step := rule.step;"),
    )),
    (CASES.MOVES, "identify_act_taken", (
        ("s.procedure = c.procedure AND s.step", "s.procedure = c.procedure AND s.edition = c.edition AND s.step"),
        ("n.procedure = c.procedure\n", "n.procedure = c.procedure AND n.edition = c.edition\n"),
    )),
    (BESIDE.SAMPLES, "identify_bulk_case_added", (
        ("c.procedure <> b.procedure OR", "c.procedure <> b.procedure OR c.edition <> b.edition OR"),
    )),
    (EFFECT.PROVED, "identify_change_has_its_case", (
        ("s.procedure = c.procedure AND s.place", "s.procedure = c.procedure AND s.edition = c.edition AND s.place"),
    )),
    (EFFECT.PROVED, "identify_case_took_effect", (
        ("s.procedure = NEW.procedure AND", "s.procedure = NEW.procedure AND s.edition = NEW.edition AND"),
    )),
    (OVERDUE.DUE, "identify_case_begins_due", (
        ("s.procedure = NEW.procedure AND", "s.procedure = NEW.procedure AND s.edition = NEW.edition AND"),
    )),
    (OVERDUE.DUE, "identify_act_due", (
        ("s.procedure = c.procedure AND", "s.procedure = c.procedure AND s.edition = c.edition AND"),
        ("f.procedure = c.procedure AND", "f.procedure = c.procedure AND f.edition = c.edition AND"),
    )),
    (OVERDUE.RAISED, "fupin_raise_overdue", (
        ("s.procedure = c.procedure AND", "s.procedure = c.procedure AND s.edition = c.edition AND"),
        ("ON o.procedure = c.procedure", "ON o.procedure = c.procedure AND o.edition = c.edition"),
    )),
)  # fmt: skip
NOW = "".join(changed(text, name, *pairs) for text, name, pairs in PLACES)
AS_BEFORE = "".join(function(text, name) for text, name, _pairs in PLACES)


def edition(model: str) -> migrations.AddField:
    return migrations.AddField(model, "edition", models.SmallIntegerField(default=1, db_default=1))


class Migration(migrations.Migration):
    dependencies = [("identify", "0015_overdue_raised")]
    operations = [
        *(edition(model) for model in ("case", "notice", "bulk")),
        migrations.RunSQL(TABLES, UNTABLES),
        migrations.RunSQL(NOW, AS_BEFORE),
    ]
