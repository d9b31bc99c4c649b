"""What follows from members: how many they are, and the head's name. Worked out anew where persons came or went."""

from __future__ import annotations

import polars as pl
from django.db import connection

from fupin.registry.copying import copy_to


def settle_households(homes: pl.Series) -> None:
    if not len(homes):
        return
    with connection.cursor() as cursor:
        cursor.execute('CREATE TEMPORARY TABLE stage_settle (one text COLLATE "C") ON COMMIT DROP')
        copy_to(cursor, "stage_settle", [pl.DataFrame({"one": homes})])
        cursor.execute("ANALYZE stage_settle")
        cursor.execute(SETTLE)
        cursor.execute("DROP TABLE stage_settle")


_ORDER = "m.relation IS DISTINCT FROM '01', coalesce(m.relation, '99'), p.person_id"
#: an empty household keeps the name it was known by
SETTLE = """
UPDATE registry_household t SET members = r.members, head_name = coalesce(r.name, t.head_name),
    head_pinyin = coalesce(r.pinyin, t.head_pinyin)
FROM (
    SELECT s.one, count(m.person_id) AS members,
        (array_agg(p.name ORDER BY {order}))[1] AS name,
        replace((array_agg(p.pinyin ORDER BY {order}))[1], ' ', '') AS pinyin
    FROM stage_settle s LEFT JOIN registry_membership m ON m.household_id = s.one AND m.valid_to IS NULL
    LEFT JOIN registry_person p ON p.person_id = m.person_id GROUP BY s.one
) r
WHERE t.household_id = r.one
  AND (t.members, t.head_name) IS DISTINCT FROM (r.members::int, coalesce(r.name, t.head_name))
""".replace("{order}", _ORDER)
