"""Numbers for persons and households that came after the load, and questions that only the owner can answer:
whether somebody of an ID number is a member anywhere, and what was known of a household or a region on a day."""

from django.db import migrations

SEQUENCE = """
CREATE SEQUENCE registry_new_number;
CREATE INDEX household_ended ON registry_household (household_id) WHERE ended_on IS NOT NULL"""

#: Of a person outside the scope nothing is told but that he is one. Asked under a lock on the number, which is held
#: until the transaction ends: two officers cannot enter the same person at once.
STANDING = """
CREATE FUNCTION fupin_number_standing(hashes bytea[]) RETURNS TABLE (
    standing text, person_id text, household_id text, left_on date
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    scope text := fupin_scope();
BEGIN
    IF scope IS NULL OR hashes = '{}' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(hashes[1], 'hex'), 0));
    RETURN QUERY
    WITH lives AS (
        SELECT p.person_id AS who, m.household_id AS home, m.valid_to AS until, m.id IS NOT NULL AS was,
               m.id IS NOT NULL AND m.valid_to IS NULL AS now, starts_with(h.village_code, scope) AS inside
        FROM registry_person p
        LEFT JOIN registry_membership m ON m.person_id = p.person_id
        LEFT JOIN registry_household h ON h.household_id = m.household_id
        WHERE p.id_lookup = ANY (hashes)
    ), persons AS (
        SELECT who, bool_or(now) AS present, bool_and(inside OR NOT was) AS own, bool_or(now AND inside) AS here,
               max(until) AS until, max(home) FILTER (WHERE now AND inside) AS home
        FROM lives GROUP BY who
    )
    SELECT CASE WHEN here THEN 'here' WHEN present THEN 'elsewhere' WHEN own THEN 'left' ELSE 'left_elsewhere' END,
           CASE WHEN here OR own THEN who::text END, home::text, CASE WHEN own THEN until END
    FROM persons ORDER BY present DESC, own DESC, who LIMIT 1;
END $$;
"""

#: Rows of one household as they were known at a moment. A member's facts: as known then; of one who had left, as known
#: when that was written down, for what he did later elsewhere is not this household's.
HOUSEHOLD = """
CREATE FUNCTION fupin_known_of_household(wanted text, known timestamptz) RETURNS TABLE (source text, line jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    village text := (SELECT h.village_code FROM registry_household h WHERE h.household_id = wanted);
    veiled text[] := '{phone_hint,phone_lookup,phone_tail4,lookup_key,id_hint,id_lookup,id_tail4,id_tail6,lake_key,lake_key_id,lake_former}';
BEGIN
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
        (SELECT b.line FROM registry_past b WHERE b.source = 'registry_person' AND b.person_id = m.who
         AND b.recorded_from <= m.moment AND m.moment < b.recorded_to LIMIT 1))
    FROM members m;
END $$;
"""

COUNTS = """
CREATE FUNCTION fupin_counts_known(region text, true_on date, known timestamptz) RETURNS TABLE (
    village text, state text, households bigint, persons bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    low text := region;
    high text := region || ':';
BEGIN
    IF starts_with(region, fupin_scope()) IS NOT TRUE THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH homes AS (
        SELECT h.household_id, h.village_code FROM registry_household h
        WHERE h.village_code >= low AND h.village_code < high
    ), states AS (
        SELECT s.household_id, s.state FROM registry_householdstate s
        WHERE s.recorded_from <= known AND s.valid_from <= true_on AND coalesce(s.valid_to > true_on, true)
        UNION ALL
        SELECT p.household_id, p.line ->> 'state' FROM registry_past p
        WHERE p.source = 'registry_householdstate' AND p.recorded_from <= known AND known < p.recorded_to
          AND (p.line ->> 'valid_from')::date <= true_on AND coalesce((p.line ->> 'valid_to')::date > true_on, true)
    ), members AS (
        SELECT either.household_id, count(*) AS n FROM (
            SELECT m.household_id FROM registry_membership m
            WHERE m.recorded_from <= known AND m.valid_from <= true_on AND coalesce(m.valid_to > true_on, true)
            UNION ALL
            SELECT p.household_id FROM registry_past p
            WHERE p.source = 'registry_membership' AND p.recorded_from <= known AND known < p.recorded_to
              AND (p.line ->> 'valid_from')::date <= true_on AND coalesce((p.line ->> 'valid_to')::date > true_on, true)
        ) either GROUP BY 1
    )
    SELECT h.village_code::text, s.state::text, count(*), coalesce(sum(m.n), 0)::bigint
    FROM homes h JOIN states s ON s.household_id = h.household_id
    LEFT JOIN members m ON m.household_id = h.household_id
    GROUP BY 1, 2 ORDER BY 1, 2;
END $$;
"""
UNDO = """
DROP FUNCTION fupin_counts_known(text, date, timestamptz);
DROP FUNCTION fupin_known_of_household(text, timestamptz);
DROP FUNCTION fupin_number_standing(bytea[]);
DROP INDEX household_ended;
DROP SEQUENCE registry_new_number;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0008_versions")]
    operations = [migrations.RunSQL(";".join((SEQUENCE, STANDING + HOUSEHOLD + COUNTS)), UNDO)]
