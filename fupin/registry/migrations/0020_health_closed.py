"""Coded health facts of persons (health, self-care, pregnancy) are closed to the app's login by column.

The table's own columns, and the images of rows in the log of changes, it only writes. It reads them through views of the owner's, in a scope that may see them; others
get NULL. So do the questions about the past and the trail. A village's count of disabled persons is not a person's
fact: a function counts. Cells of ledgers as they were written are for who may see such facts.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from fupin.registry.coded import HEALTH_VIEW, IMAGES_VIEW
from fupin.registry.views import make_health_view, make_images_view, make_ledger_view, make_persons_view

CLOSE = """
SELECT fupin_close_columns('registry_person', '{health,self_care,pregnant}'),
       fupin_close_columns('registry_change', '{before,after}');
CREATE FUNCTION registry_without_health(images jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN jsonb_typeof(images -> 'rows') = 'object' THEN images || jsonb_build_object('rows', coalesce((
    SELECT jsonb_object_agg(r.key, CASE WHEN starts_with(r.key, 'person/') AND jsonb_typeof(r.value) = 'object'
                                        THEN r.value - '{health,self_care,pregnant}'::text[] ELSE r.value END)
    FROM jsonb_each(images -> 'rows') r), '{}')) ELSE images END;
CREATE POLICY registry_ledgercells_health ON registry_ledgercells AS RESTRICTIVE
    USING ((SELECT fupin_sees_health()));
CREATE FUNCTION fupin_disabled_in(village text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(*) FROM registry_household h
    JOIN registry_membership m ON m.household_id = h.household_id AND m.valid_to IS NULL
    JOIN registry_person p ON p.person_id = m.person_id
    WHERE h.village_code = village AND p.health = '04' AND length(village) = 12
      AND starts_with(village, (SELECT fupin_scope()))
$$;
"""
UNCLOSE = """
DROP FUNCTION fupin_disabled_in(text);
DROP POLICY registry_ledgercells_health ON registry_ledgercells;
DROP FUNCTION registry_without_health(jsonb);
SELECT fupin_close_columns('registry_person', '{}'), fupin_close_columns('registry_change', '{}');
"""
#: as in 0009, but what the scope may not see is left out
KNOWN = """
CREATE OR REPLACE FUNCTION fupin_known_of_household(wanted text, known timestamptz) RETURNS TABLE (source text, line jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    village text := (SELECT h.village_code FROM registry_household h WHERE h.household_id = wanted);
    veiled text[] := '{phone_hint,phone_lookup,phone_tail4,lookup_key,id_hint,id_lookup,id_tail4,id_tail6,lake_key,lake_key_id,lake_former}';
BEGIN
    IF NOT fupin_sees_health() THEN
        veiled := veiled || '{health,self_care,pregnant}';
    END IF;
    IF starts_with(village, fupin_scope()) IS NOT TRUE THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH homes AS (
        SELECT 'household' AS source, to_jsonb(h) - veiled AS line, h.recorded_from AS since FROM registry_household h
        WHERE h.household_id = wanted AND h.recorded_from <= known
        UNION ALL
        SELECT 'state', to_jsonb(s), s.recorded_from FROM registry_householdstate s
        WHERE s.household_id = wanted AND s.recorded_from <= known
        UNION ALL
        SELECT 'membership', to_jsonb(m), m.recorded_from FROM registry_membership m
        WHERE m.household_id = wanted AND m.recorded_from <= known
        UNION ALL
        SELECT CASE p.source WHEN 'registry_householdstate' THEN 'state' ELSE substr(p.source, 10) END, p.line,
               p.recorded_from
        FROM registry_past p WHERE p.household_id = wanted AND p.recorded_from <= known AND known < p.recorded_to
    ), members AS (
        SELECT h.line ->> 'person_id' AS who,
               max(CASE WHEN h.line ->> 'valid_to' IS NULL THEN known ELSE least(h.since, known) END) AS moment
        FROM homes h WHERE h.source = 'membership' GROUP BY 1
    )
    SELECT h.source, h.line FROM homes h
    UNION ALL
    SELECT 'person', coalesce(
        (SELECT to_jsonb(p) - veiled FROM registry_person p
         WHERE p.person_id = m.who AND p.recorded_from <= m.moment),
        (SELECT b.line - veiled FROM registry_past b WHERE b.source = 'registry_person' AND b.person_id = m.who
         AND b.recorded_from <= m.moment AND m.moment < b.recorded_to LIMIT 1))
    FROM members m;
END $$;
"""
#: as in 0004, likewise
TRAIL = """
CREATE OR REPLACE FUNCTION fupin_trail_of_household(wanted text, most integer) RETURNS TABLE (
    id bigint, at timestamptz, txid bigint, actor bigint, origin text, why text, source text, op text, key text,
    mine text[], before jsonb, after jsonb, entries integer, deed bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    veiled text[] := CASE WHEN public.fupin_sees_health() THEN '{}' ELSE '{health,self_care,pregnant}' END;
    village text := (SELECT h.village_code FROM registry_household h WHERE h.household_id = wanted);
BEGIN
    IF starts_with(village, public.fupin_scope()) IS NOT TRUE THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH asked AS (
        SELECT 'registry_household' AS of, wanted COLLATE "C" AS low, wanted COLLATE "C" AS high, NULL::date AS until
        UNION ALL
        SELECT one, wanted || '/', wanted || '/~', NULL FROM unnest(ARRAY[
            'registry_membership', 'registry_householdstate', 'registry_survey', 'registry_ledgerentry', 'registry_helping'
        ]) one
        UNION ALL
        SELECT 'registry_sealedvalue', wanted || '/household/', wanted || '/household/~', NULL
        UNION ALL  -- members, as long as they belonged to it
        SELECT one.source, m.person_id || one.low, m.person_id || one.high, m.valid_to FROM registry_membership m
        CROSS JOIN (VALUES ('registry_person', '', ''),
                           ('registry_sealedvalue', '/person/', '/person/~')) AS one (source, low, high)
        WHERE m.household_id = wanted
        UNION ALL  -- what was done to it or to a member while he lived here
        SELECT 'accounts_deed', d.id::text, d.id::text, NULL FROM accounts_deed d
        WHERE (d.object_kind = 'household' AND d.object_id = wanted)
           OR (d.object_kind = 'person' AND d.region = village
               AND d.object_id IN (SELECT m.person_id FROM registry_membership m WHERE m.household_id = wanted))
    ), found AS (
        SELECT t.*, NULL::text[] AS mine, a.until FROM asked a JOIN accounts_trail t
            ON t.source = a.of AND t.key >= a.low AND t.key <= a.high AND t.keys IS NULL
        UNION ALL
        SELECT t.*, ARRAY(SELECT k FROM unnest(t.keys) k WHERE k COLLATE "C" >= a.low AND k COLLATE "C" <= a.high), a.until
        FROM asked a JOIN accounts_trail t
            ON t.source = a.of AND t.key <= a.high AND t.last >= a.low AND t.keys IS NOT NULL
    )
    SELECT f.id, f.at, f.txid, f.actor, f.origin, f.why, f.source, f.op, f.key, f.mine,
           CASE f.source WHEN 'registry_person' THEN f.before - veiled ELSE f.before END,
           CASE f.source WHEN 'registry_person' THEN f.after - veiled ELSE f.after END, f.entries,
           (SELECT d.key::bigint FROM accounts_trail d
            WHERE d.txid = f.txid AND d.source = 'accounts_deed' AND d.op = 'I' ORDER BY d.id LIMIT 1)
    FROM found f
    WHERE (f.until IS NULL OR f.at::date <= f.until) AND (f.mine IS NULL OR cardinality(f.mine) > 0)
    ORDER BY f.id DESC LIMIT most;
END $$;
"""


def make(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        make_health_view(cursor)
        make_images_view(cursor)
        make_persons_view(cursor)
        make_ledger_view(cursor)


def unmake(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute(f"DROP VIEW {HEALTH_VIEW}, {IMAGES_VIEW}")
        make_persons_view(cursor, guarded=False)
        make_ledger_view(cursor, guarded=False)


class Migration(migrations.Migration):
    dependencies = [("registry", "0019_batches_quicker"), ("accounts", "0011_health_in_tickets")]
    operations = [
        migrations.RunSQL(CLOSE, UNCLOSE),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.RunSQL(TRAIL, migrations.RunSQL.noop),
        migrations.RunPython(make, unmake),
    ]
