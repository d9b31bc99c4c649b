"""Numbers of persons are given once; the full values of who was taken back with a batch give way when he comes again.

The app's login may still delete nothing in the closed table: ``fupin_forget_values`` gives up the values of persons
who belong to no household, and of ended households of ledgers alone, that an import of this very transaction enters as
new. ``fupin_last_numbers`` says how far the persons of a household were ever numbered, wherever they are now.
"""

from django.db import migrations

FORGET = """
CREATE FUNCTION fupin_forget_values(persons text[], homes text[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine bigint := pg_current_xact_id_if_assigned()::text::bigint;
    of_persons integer;
    of_homes integer;
BEGIN
    WITH fresh AS MATERIALIZED (
        SELECT c.person_id FROM registry_change c
        WHERE c.txid = mine AND c.kind = 'import' AND c.person_id IS NOT NULL
          AND c.before -> 'rows' -> ('person/' || c.person_id) = 'null'
    )
    DELETE FROM registry_sealedvalue s
    WHERE s.kind = 'person' AND s.record = ANY (persons) AND s.record IN (SELECT person_id FROM fresh)
      AND NOT EXISTS (SELECT FROM registry_membership m WHERE m.person_id = s.record);
    GET DIAGNOSTICS of_persons = ROW_COUNT;
    WITH fresh AS MATERIALIZED (
        SELECT c.household_id FROM registry_change c JOIN registry_household h USING (household_id)
        WHERE c.txid = mine AND c.kind = 'import' AND h.ended_on IS NOT NULL
          AND c.before -> 'rows' -> ('household/' || c.household_id) = 'null'
    )
    DELETE FROM registry_sealedvalue s
    WHERE s.kind = 'household' AND s.record = ANY (homes) AND s.record IN (SELECT household_id FROM fresh)
      AND NOT EXISTS (SELECT FROM registry_change c
                      WHERE c.household_id = s.record AND c.kind NOT IN ('import', 'reverse'));
    GET DIAGNOSTICS of_homes = ROW_COUNT;
    RETURN of_persons + of_homes;
END $$;
"""
#: two or three digits behind the household's number, as far as the scope reaches; nothing else is told of anybody
LAST = r"""
CREATE FUNCTION fupin_last_numbers(homes text[]) RETURNS TABLE (household_id text, last integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT one, max(substr(p.person_id, length(one) + 1)::integer)
    FROM unnest(homes) one
    JOIN registry_person p ON p.person_id >= one || '0' AND p.person_id < one || ':'
    LEFT JOIN registry_household h ON h.household_id = one
    WHERE substr(p.person_id, length(one) + 1) ~ '^\d{2,3}$'
      AND (h.household_id IS NULL OR starts_with(h.village_code, (SELECT fupin_scope())))
    GROUP BY one
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0024_helpers_stay_inside")]
    operations = [
        migrations.RunSQL(FORGET, "DROP FUNCTION fupin_forget_values(text[], text[])"),
        migrations.RunSQL(LAST, "DROP FUNCTION fupin_last_numbers(text[])"),
    ]
