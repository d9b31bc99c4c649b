"""Full numbers move to a table that the app's login cannot read; what pages and searches need of them stays.

The ciphertexts move as they are. Masked forms and hashes of last digits are made once from the clear numbers, inside
this command, with the keys of the installation; an empty registry needs no key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import Now

from fupin.kernel.errors import UserError
from fupin.kernel.masks import mask_id, mask_phone
from fupin.registry.copying import copy_to
from fupin.registry.numbers import canonical, hashes, masked, sealed, tails
from fupin.registry.personal_columns import phone_number
from fupin.registry.sealing import hint_of, unseal

BATCH = 20_000

MOVE = """
INSERT INTO registry_sealedvalue (kind, record, field, cipher, key)
SELECT '{kind}', {pk}, '{field}', {column}, convert_from(substring({column} FROM 2 FOR get_byte({column}, 0)), 'UTF8')
FROM {table} WHERE {column} IS NOT NULL
"""
MOVE_BACK = """
UPDATE {table} t SET {column} = s.cipher FROM registry_sealedvalue s
WHERE s.kind = '{kind}' AND s.field = '{field}' AND s.record = t.{pk}
"""
PERSON = {
    "kind": "person", "field": "id_number", "table": "registry_person", "pk": "person_id", "column": "id_cipher",
}  # fmt: skip
HOUSEHOLD = {
    "kind": "household", "field": "phone", "table": "registry_household", "pk": "household_id",
    "column": "phone_cipher",
}  # fmt: skip
INITIALS = r"""
UPDATE registry_person SET initials = left(regexp_replace(pinyin, '(^| )([^ ])[^ ]*', '\2', 'g'), 60)
"""

#: every login but the owner loses the table; what is left is adding to it (bulk loads), and in tests the emptying
CLOSE = """
DO $$
DECLARE login text;
BEGIN
    FOR login IN
        SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class c, LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        WHERE c.oid = 'registry_sealedvalue'::regclass AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE SELECT, UPDATE, DELETE, REFERENCES, TRIGGER ON registry_sealedvalue FROM %s', login);
    END LOOP;
END $$;
"""

#: The only way to a full value: a deed that says who wants which field of which record and why, committed before the
#: value is asked for. Whether a transaction is over is told by its own status, which knows savepoints, too; the row's
#: 32 bits are completed with the present epoch (the deed is younger than a minute).
OPEN = """
CREATE FUNCTION fupin_open_value(receipt bigint) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    deed record;
    village text;
    upper_half bigint := (pg_snapshot_xmax(pg_current_snapshot())::text::bigint >> 32) << 32;
    found bytea;
BEGIN
    SELECT d.*, upper_half + d.xmin::text::bigint AS written_by INTO deed FROM accounts_deed d WHERE d.id = receipt;
    IF deed.id IS NULL OR deed.verb <> 'reveal_id' OR deed.by_id IS DISTINCT FROM fupin_actor()
        OR deed.at NOT BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() + interval '5 seconds'
        OR length(btrim(deed.reason)) < 4
        OR pg_xact_status(deed.written_by::text::xid8) IS DISTINCT FROM 'committed'
    THEN
        RETURN NULL;
    END IF;
    IF deed.object_kind = 'person' THEN
        SELECT h.village_code INTO village FROM registry_membership m JOIN registry_household h USING (household_id)
        WHERE m.person_id = deed.object_id AND m.valid_to IS NULL;
    ELSIF deed.object_kind = 'household' THEN
        SELECT h.village_code INTO village FROM registry_household h WHERE h.household_id = deed.object_id;
    END IF;
    IF village IS NULL OR NOT coalesce(starts_with(village, fupin_scope()), false) THEN
        RETURN NULL;
    END IF;
    SELECT s.cipher INTO found FROM registry_sealedvalue s
    WHERE s.kind = deed.object_kind AND s.record = deed.object_id AND s.field = deed.detail ->> 'field';
    RETURN found;
END $$;
"""


#: Numbers of households with a present member who is called, or has a number, as asked; inside the opened scope only.
#: Under the persons' policy every candidate would be asked for its household row by row (80 s for a surname in a city
#: of 300,000); here the scope is one range over the households, and nothing but household numbers in it comes out.
FIND = """
-- At most so many, however broad the question. Planned anew each time with the real ranges: from the names where few
-- begin so, from the households where the scope is a village.
CREATE FUNCTION fupin_find_named(
    sound text, letters text, beginning text, sounds text[], characters text[], most integer
) RETURNS SETOF varchar LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    low text := fupin_scope();
    high text := low || ':';
    sound_end text := sound || chr(1114111);
    letters_end text := letters || chr(1114111);
BEGIN
    RETURN QUERY
    SELECT h.household_id FROM registry_person p
    JOIN registry_membership m ON m.person_id = p.person_id AND m.valid_to IS NULL
    JOIN registry_household h ON h.household_id = m.household_id
    WHERE p.pinyin >= sound AND p.pinyin < sound_end
        AND p.initials >= letters AND p.initials < letters_end AND starts_with(p.name, beginning)
        AND (sounds IS NULL OR NOT EXISTS (
            SELECT FROM unnest(sounds, characters) WITH ORDINALITY AS piece (heard, written, place)
            WHERE NOT starts_with(split_part(p.pinyin, ' ', place::int) || ' ', heard)
                OR (written <> '' AND substr(p.name, place::int, 1) <> written)))
        AND h.village_code >= low AND h.village_code < high
    LIMIT most;
END $$;
CREATE FUNCTION fupin_find_numbered(whole bytea[], tails4 bytea[], tails6 bytea[])
RETURNS SETOF varchar LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.household_id FROM (
        SELECT person_id FROM registry_person WHERE id_lookup = ANY (whole)
        UNION ALL SELECT person_id FROM registry_person WHERE id_tail4 = ANY (tails4)
        UNION ALL SELECT person_id FROM registry_person WHERE id_tail6 = ANY (tails6)
    ) p
    JOIN registry_membership m ON m.person_id = p.person_id AND m.valid_to IS NULL
    JOIN registry_household h ON h.household_id = m.household_id
    WHERE h.village_code >= (SELECT fupin_scope()) AND h.village_code < (SELECT fupin_scope()) || ':'
$$;
"""


def move(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    connection: Any = editor.connection
    with connection.cursor() as cursor:
        for place in (PERSON, HOUSEHOLD):
            cursor.execute(MOVE.format(**place))
        for pairs in _opened(cursor, PERSON):
            _write(cursor, PERSON, _of_persons(pairs))
        for pairs in _opened(cursor, HOUSEHOLD):
            _write(cursor, HOUSEHOLD, _of_households(pairs))
        cursor.execute(INITIALS)


def move_back(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """What the old tables have no column for is not thrown away: it keeps the migration where it is."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM registry_sealedvalue WHERE field NOT IN ('id_number', 'phone'))")
        row = cursor.fetchone()
        if row is not None and row[0]:
            raise UserError(
                "库里有银行账号、住址或诊断，旧版本的表放不下",
                "there are bank accounts, addresses or diagnoses, which the old tables have no room for",
                "请留在当前版本",
                "stay with this version",
            )
        for place in (PERSON, HOUSEHOLD):
            cursor.execute(MOVE_BACK.format(**place))


def _opened(cursor: Any, place: dict[str, str]) -> Iterator[pl.DataFrame]:
    """Record and clear number, some at a time, by the order of their keys."""
    query = "SELECT {pk}, {column} FROM {table} WHERE {column} IS NOT NULL AND {pk} > %s ORDER BY {pk} LIMIT {n}"
    last = ""
    while True:
        cursor.execute(query.format(**place, n=BATCH), [last])
        rows = cursor.fetchall()
        if not rows:
            return
        keys = settings.FUPIN_KEYS.now
        clear = [unseal(keys, bytes(cipher), record) for record, cipher in rows]
        last = rows[-1][0]
        yield pl.DataFrame({"record": [record for record, _cipher in rows], "written": clear})


def _of_persons(frame: pl.DataFrame) -> pl.DataFrame:
    keys, written = settings.FUPIN_KEYS.now, frame["written"]
    numbers = canonical(written)
    hints = sealed(keys, masked(written, mask_id), [hint_of(record) for record in frame["record"]])
    return frame.select("record").with_columns(
        hints.alias("id_hint"),
        tails(keys.lookup, numbers, 4).alias("id_tail4"),
        tails(keys.lookup, numbers, 6).alias("id_tail6"),
        lookup_key=pl.when(numbers.is_not_null()).then(pl.lit(keys.lookup.id)),
    )


def _of_households(frame: pl.DataFrame) -> pl.DataFrame:
    keys, written = settings.FUPIN_KEYS.now, frame["written"]
    phones = phone_number(written)
    hints = sealed(keys, masked(written, mask_phone), [hint_of(record) for record in frame["record"]])
    return frame.select("record").with_columns(
        hints.alias("phone_hint"),
        hashes(keys.lookup, phones).alias("phone_lookup"),
        tails(keys.lookup, phones, 4).alias("phone_tail4"),
        lookup_key=pl.when(phones.is_not_null()).then(pl.lit(keys.lookup.id)),
    )


def _write(cursor: Any, place: dict[str, str], frame: pl.DataFrame) -> None:
    columns = {name: "text" if type_ == pl.String else "bytea" for name, type_ in frame.schema.items()}
    cursor.execute(f"CREATE TEMPORARY TABLE moved ({', '.join(map(' '.join, columns.items()))}) ON COMMIT DROP")
    copy_to(cursor, "moved", [frame])
    changes = ", ".join(f"{name} = m.{name}" for name in frame.columns if name != "record")
    cursor.execute(f"UPDATE {place['table']} t SET {changes} FROM moved m WHERE t.{place['pk']} = m.record")  # noqa: S608
    cursor.execute("DROP TABLE moved")


def _bytes(model: str, name: str) -> migrations.AddField:
    return migrations.AddField(model, name, models.BinaryField(null=True))


def _text(length: int, **more: Any) -> models.CharField[Any, Any]:
    return models.CharField(max_length=length, db_collation="C", **more)


def _index(model: str, name: str, field: str) -> migrations.AddIndex:
    return migrations.AddIndex(model, models.Index(fields=[field], name=name))


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_rows_guarded")]

    operations = [
        migrations.CreateModel(
            "SealedValue",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind", "record", "field", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", _text(9)),
                ("record", _text(26)),
                ("field", _text(12)),
                ("cipher", models.BinaryField()),
                ("key", _text(8)),
                ("written_at", models.DateTimeField(db_default=Now())),
            ],
        ),
        _bytes("household", "phone_hint"),
        _bytes("household", "phone_lookup"),
        _bytes("household", "phone_tail4"),
        migrations.AddField("household", "lookup_key", _text(8, null=True)),
        _bytes("person", "id_hint"),
        _bytes("person", "id_tail4"),
        _bytes("person", "id_tail6"),
        migrations.AddField("person", "lookup_key", _text(8, null=True)),
        migrations.AddField("person", "initials", _text(60, null=True)),
        migrations.RunPython(move, move_back),
        migrations.RemoveField("household", "phone_cipher"),
        migrations.RemoveField("person", "id_cipher"),
        _index("household", "household_phone_lookup", "phone_lookup"),
        _index("household", "household_phone_tail4", "phone_tail4"),
        _index("person", "person_initials", "initials"),
        _index("person", "person_id_tail4", "id_tail4"),
        _index("person", "person_id_tail6", "id_tail6"),
        migrations.AddConstraint(
            "sealedvalue",
            models.CheckConstraint(name="sealed_kind", condition=models.Q(kind__in=["person", "household"])),
        ),
        migrations.AddConstraint(
            "sealedvalue",
            models.CheckConstraint(
                name="sealed_field",
                condition=models.Q(field__in=["id_number", "phone", "bank_account", "address", "diagnosis"]),
            ),
        ),
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
        migrations.RunSQL(OPEN, "DROP FUNCTION fupin_open_value(bigint)"),
        migrations.RunSQL(FIND, "DROP FUNCTION fupin_find_named, fupin_find_numbered"),
    ]
