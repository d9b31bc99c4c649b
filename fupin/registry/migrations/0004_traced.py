"""数过留痕: every change of the registry's tables leaves an entry; who may see a household may read its life.

What is only derived from a number (masked forms, hashes for searching) is left out: a rotation of keys writes it anew
for everybody; the number itself is traced, as the hash of its ciphertext. Keys begin with the household's number, so that one range of keys is the household (see ``accounts/0007_trail``).
"""

from django.db import migrations

TRACE = """
SELECT fupin_trace('registry_household', '{household_id}', '{}',
                   '{phone_hint,phone_lookup,phone_tail4,lookup_key}'),
       fupin_trace('registry_person', '{person_id}', '{}', '{id_hint,id_lookup,id_tail4,id_tail6,lookup_key,initials}'),
       fupin_trace('registry_sealedvalue', '{record,kind,field}', '{key}'),
       fupin_trace('registry_membership', '{household_id,person_id,id}'),
       fupin_trace('registry_householdstate', '{household_id,id}'),
       fupin_trace('registry_survey', '{household_id,year}'),
       fupin_trace('registry_ledgerentry', '{household_id,month}');
"""

# ``mine``: which of the rows of a bulk entry are the household's. ``deed``: what the same transaction wrote down as done.
READ = """
CREATE FUNCTION fupin_trail_of_household(wanted text, most integer) RETURNS TABLE (
    id bigint, at timestamptz, txid bigint, actor bigint, origin text, why text, source text, op text, key text,
    mine text[], before jsonb, after jsonb, entries integer, deed bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
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
            'registry_membership', 'registry_householdstate', 'registry_survey', 'registry_ledgerentry'
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
    SELECT f.id, f.at, f.txid, f.actor, f.origin, f.why, f.source, f.op, f.key, f.mine, f.before, f.after, f.entries,
           (SELECT d.key::bigint FROM accounts_trail d
            WHERE d.txid = f.txid AND d.source = 'accounts_deed' AND d.op = 'I' ORDER BY d.id LIMIT 1)
    FROM found f
    WHERE (f.until IS NULL OR f.at::date <= f.until) AND (f.mine IS NULL OR cardinality(f.mine) > 0)
    ORDER BY f.id DESC LIMIT most;
END $$;
"""
UNREAD = "DROP FUNCTION fupin_trail_of_household(text, integer);"


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_sealed_values"), ("accounts", "0007_trail")]
    operations = [migrations.RunSQL(TRACE, migrations.RunSQL.noop), migrations.RunSQL(READ, UNREAD)]
