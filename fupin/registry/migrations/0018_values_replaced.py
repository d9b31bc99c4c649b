"""A full value can take another one's place: with a row of the log that names it, and so that it can be taken back.

The app's login may still not read the closed table, nor change it but through ``fupin_replace_values``: for values that
a change of this very transaction names (a household's as ``sealed/household/RECORD/FIELD``, a person's by its mark). What was there goes to ``registry_formervalue``,
which is closed altogether, until ``fupin_restore_values`` puts it back for changes that this transaction takes back; no
number is opened for either. Bank accounts get a hash and a masked form, so that a changed one can be told from the same.
"""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import polars as pl
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from fupin.registry.copying import copy_to
from fupin.registry.personal_columns import account_rows
from fupin.registry.sealing import bound_to, unseal

BATCH = 20_000
ACCOUNTS = """
SELECT record, cipher FROM registry_sealedvalue
WHERE kind = 'household' AND field = 'bank_account' AND record > %s ORDER BY record LIMIT %s
"""

CLOSE = """
DO $$  -- every login but the owner loses it; what is left in tests is the emptying
DECLARE login text;
BEGIN
    FOR login IN
        SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class c, LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        WHERE c.oid = 'registry_formervalue'::regclass AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE SELECT, INSERT, UPDATE, DELETE, REFERENCES, TRIGGER ON registry_formervalue FROM %s', login);
    END LOOP;
END $$;
SELECT fupin_close_to_app('registry_formervalue_id_seq');
ALTER TABLE registry_formervalue ENABLE ROW LEVEL SECURITY;
SELECT fupin_trace('registry_formervalue', '{record,kind,field,change_id}', '{facts}',
                   '{key,hint,lookup,lookup_key,tail4,tail6,lake_key,lake_key_id,lake_former}'),
       fupin_trace('registry_sealedvalue', '{record,kind,field}', '{key}', '{hint,lookup,lookup_key}');
"""

REPLACE = """
CREATE FUNCTION fupin_replace_values(
    kinds text[], records text[], fields text[], ciphers bytea[], hints bytea[], lookups bytea[], lookup_keys text[],
    tails4 bytea[], tails6 bytea[], lake_keys bytea[], lake_key_ids text[], facts jsonb[]
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    mine bigint := pg_current_xact_id_if_assigned()::text::bigint;
    done integer;
BEGIN
    -- a change of this transaction names the value, and a person's that of a household he belongs to
    INSERT INTO registry_formervalue (change_id, kind, record, field, cipher, key, hint, lookup, lookup_key, tail4, tail6,
                                      lake_key, lake_key_id, lake_former, facts)
    SELECT c.id, 'person', a.record, a.field, s.cipher, s.key, p.id_hint, p.id_lookup, p.lookup_key, p.id_tail4,
           p.id_tail6, p.lake_key, p.lake_key_id, p.lake_former,
           jsonb_build_object({images})
    FROM unnest(kinds, records, fields) a (kind, record, field)
    JOIN registry_person p ON p.person_id = a.record
    JOIN registry_membership m ON m.person_id = a.record AND m.valid_to IS NULL
    JOIN registry_change c ON c.person_id = a.record AND c.household_id = m.household_id AND c.txid = mine
        AND c.after -> 'rows' -> ('person/' || a.record) ? 'id_mark'
    LEFT JOIN registry_sealedvalue s ON s.kind = 'person' AND s.record = a.record AND s.field = a.field
    WHERE a.kind = 'person' AND a.field = 'id_number'
    UNION ALL
    SELECT c.id, 'household', a.record, a.field, s.cipher, s.key,
           CASE a.field WHEN 'phone' THEN h.phone_hint ELSE s.hint END,
           CASE a.field WHEN 'phone' THEN h.phone_lookup ELSE s.lookup END,
           CASE a.field WHEN 'phone' THEN h.lookup_key ELSE s.lookup_key END,
           CASE a.field WHEN 'phone' THEN h.phone_tail4 END, NULL, NULL, NULL, NULL, NULL
    FROM unnest(kinds, records, fields) a (kind, record, field)
    JOIN registry_household h ON h.household_id = a.record
    JOIN registry_change c ON c.household_id = a.record AND c.txid = mine
        AND c.after -> 'rows' ? ('sealed/household/' || a.record || '/' || a.field)
    LEFT JOIN registry_sealedvalue s ON s.kind = 'household' AND s.record = a.record AND s.field = a.field
    WHERE a.kind = 'household' AND a.field IN ('phone', 'bank_account');
    GET DIAGNOSTICS done = ROW_COUNT;
    IF done <> cardinality(kinds) THEN
        RAISE EXCEPTION 'fupin: a full value that no change of this transaction names'
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    -- numbers that a person ever had, under the marks that the log names (0017)
    INSERT INTO registry_formernumber (person_id, mark, cipher, key)
    SELECT s.record, 0, s.cipher, s.key FROM unnest(kinds, records) a (kind, record)
    JOIN registry_sealedvalue s ON s.kind = 'person' AND s.record = a.record AND s.field = 'id_number'
    WHERE a.kind = 'person' AND NOT EXISTS (SELECT FROM registry_formernumber n WHERE n.person_id = a.record);
    INSERT INTO registry_formernumber (person_id, mark, cipher, key)
    SELECT a.record, (c.after -> 'rows' -> ('person/' || a.record) ->> 'id_mark')::bigint, a.cipher,
           convert_from(substring(a.cipher FROM 2 FOR get_byte(a.cipher, 0)), 'UTF8')
    FROM unnest(kinds, records, ciphers) a (kind, record, cipher)
    JOIN registry_change c ON c.person_id = a.record AND c.txid = mine
        AND c.after -> 'rows' -> ('person/' || a.record) ? 'id_mark'
    WHERE a.kind = 'person';

    INSERT INTO registry_sealedvalue (kind, record, field, cipher, key, hint, lookup, lookup_key)
    SELECT a.kind, a.record, a.field, a.cipher,
           convert_from(substring(a.cipher FROM 2 FOR get_byte(a.cipher, 0)), 'UTF8'),
           CASE a.field WHEN 'bank_account' THEN a.hint END, CASE a.field WHEN 'bank_account' THEN a.lookup END,
           CASE a.field WHEN 'bank_account' THEN a.lookup_key END
    FROM unnest(kinds, records, fields, ciphers, hints, lookups, lookup_keys)
        a (kind, record, field, cipher, hint, lookup, lookup_key)
    ON CONFLICT (kind, record, field) DO UPDATE SET cipher = excluded.cipher, key = excluded.key,
        hint = excluded.hint, lookup = excluded.lookup, lookup_key = excluded.lookup_key, written_at = now();
    UPDATE registry_person p SET id_hint = a.hint, id_lookup = a.lookup, lookup_key = a.lookup_key, id_tail4 = a.tail4,
        id_tail6 = a.tail6, lake_key = a.lake, lake_key_id = a.lake_id, lake_former = NULL,
        {facts}
    FROM unnest(kinds, records, hints, lookups, lookup_keys, tails4, tails6, lake_keys, lake_key_ids, facts)
        a (kind, record, hint, lookup, lookup_key, tail4, tail6, lake, lake_id, facts)
    WHERE a.kind = 'person' AND p.person_id = a.record;
    UPDATE registry_household h SET phone_hint = a.hint, phone_lookup = a.lookup, lookup_key = a.lookup_key,
        phone_tail4 = a.tail4
    FROM unnest(fields, records, hints, lookups, lookup_keys, tails4) a (field, record, hint, lookup, lookup_key, tail4)
    WHERE a.field = 'phone' AND h.household_id = a.record;
    RETURN done;
END $$;
"""

RESTORE = """
CREATE FUNCTION fupin_restore_values() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine bigint := pg_current_xact_id_if_assigned()::text::bigint;
    undone bigint[] := ARRAY(
        SELECT c.reverses_id FROM registry_change c
        WHERE c.txid = mine AND c.kind = 'reverse'
          AND EXISTS (SELECT FROM registry_formervalue f WHERE f.change_id = c.reverses_id)
    );
    done integer;
BEGIN
    DELETE FROM registry_sealedvalue s USING registry_formervalue f
    WHERE f.change_id = ANY (undone) AND f.cipher IS NULL
      AND s.kind = f.kind AND s.record = f.record AND s.field = f.field;
    UPDATE registry_sealedvalue s SET cipher = f.cipher, key = f.key, written_at = now(),
        hint = CASE f.field WHEN 'bank_account' THEN f.hint END,
        lookup = CASE f.field WHEN 'bank_account' THEN f.lookup END,
        lookup_key = CASE f.field WHEN 'bank_account' THEN f.lookup_key END
    FROM registry_formervalue f
    WHERE f.change_id = ANY (undone) AND f.cipher IS NOT NULL
      AND s.kind = f.kind AND s.record = f.record AND s.field = f.field;
    UPDATE registry_person p SET id_hint = f.hint, id_lookup = f.lookup, lookup_key = f.lookup_key, id_tail4 = f.tail4,
        id_tail6 = f.tail6, lake_key = f.lake_key, lake_key_id = f.lake_key_id,
        lake_former = f.lake_former,
        {facts_back}
    FROM registry_formervalue f
    WHERE f.change_id = ANY (undone) AND f.kind = 'person' AND p.person_id = f.record;
    UPDATE registry_household h SET phone_hint = f.hint, phone_lookup = f.lookup, lookup_key = f.lookup_key,
        phone_tail4 = f.tail4
    FROM registry_formervalue f
    WHERE f.change_id = ANY (undone) AND f.field = 'phone' AND h.household_id = f.record;
    DELETE FROM registry_formervalue f WHERE f.change_id = ANY (undone);
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;
"""
#: hash and masked form of the accounts of households in the scope; never an account
MARKS = """
CREATE FUNCTION fupin_account_marks(wanted text[]) RETURNS TABLE (
    household_id varchar, hint bytea, lookup bytea
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.household_id, s.hint, s.lookup FROM unnest(wanted) one
    JOIN registry_household h ON h.household_id = one
    JOIN registry_sealedvalue s ON s.kind = 'household' AND s.record = one AND s.field = 'bank_account'
    WHERE h.village_code >= (SELECT fupin_scope()) AND h.village_code < (SELECT fupin_scope()) || ':'
$$;
"""
UNDO = """
DROP FUNCTION fupin_account_marks(text[]);
DROP FUNCTION fupin_restore_values();
DROP FUNCTION fupin_replace_values(text[], text[], text[], bytea[], bytea[], bytea[], text[], bytea[], bytea[], bytea[],
                                   text[], jsonb[]);
"""
FACTS = {
    "id_length": "smallint", "id_check_ok": "boolean", "id_birth_agrees": "boolean", "id_birth_judged": "date",
    "id_sex": "varchar", "id_region_ok": "boolean",
}  # fmt: skip


def _facts(row: str) -> str:
    return ", ".join(f"{name} = ({row}.facts ->> '{name}')::{type_}" for name, type_ in FACTS.items())


FUNCTIONS = (
    REPLACE.replace("{images}", ", ".join(f"'{name}', p.{name}" for name in FACTS)).replace("{facts}", _facts("a"))
    + RESTORE.replace("{facts_back}", _facts("f"))
    + MARKS
)


def mark(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Accounts that are there already, once; an installation without any needs no key."""
    connection: Any = editor.connection
    last = ""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(ACCOUNTS, [last, BATCH])
            rows = cursor.fetchall()
            if not rows:
                return
            last, keys = rows[-1][0], settings.FUPIN_KEYS.now
            records = pl.Series([row[0] for row in rows])
            clear = [unseal(keys, bytes(cipher), bound_to(record, "bank_account")) for record, cipher in rows]
            frame = account_rows(keys, records, pl.Series(clear)).select("record", "hint", "lookup", "lookup_key")
            cursor.execute("CREATE TEMPORARY TABLE marked (record text, hint bytea, lookup bytea, lookup_key text)")
            copy_to(cursor, "marked", [frame])
            cursor.execute(
                "UPDATE registry_sealedvalue s SET hint = m.hint, lookup = m.lookup, lookup_key = m.lookup_key "
                "FROM marked m WHERE s.kind = 'household' AND s.field = 'bank_account' AND s.record = m.record"
            )
            cursor.execute("DROP TABLE marked")


def _bytes(name: str) -> tuple[str, models.Field[Any, Any]]:
    return name, models.BinaryField(null=True)


def _text(length: int, **more: Any) -> models.CharField[Any, Any]:
    return models.CharField(max_length=length, db_collation="C", **more)


class Migration(migrations.Migration):
    dependencies = [("registry", "0017_numbers_corrected")]
    operations = [
        migrations.AddField("sealedvalue", *_bytes("hint")),
        migrations.AddField("sealedvalue", *_bytes("lookup")),
        migrations.AddField("sealedvalue", "lookup_key", _text(8, null=True)),
        migrations.CreateModel(
            "FormerValue",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", _text(9)),
                ("record", _text(26)),
                ("field", _text(12)),
                _bytes("cipher"),
                ("key", _text(8, null=True)),
                _bytes("hint"),
                _bytes("lookup"),
                ("lookup_key", _text(8, null=True)),
                _bytes("tail4"),
                _bytes("tail6"),
                _bytes("lake_key"),
                ("lake_key_id", _text(8, null=True)),
                _bytes("lake_former"),
                ("facts", models.JSONField(null=True)),
                (
                    "change",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                        to="registry.registrychange",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("change", "kind", "record", "field"), name="one_former_value")
                ],
            },
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]  # fmt: skip
