"""Ledgers: who sees batches, mappings and kept cells; what a batch may ask of persons in bulk; traced.

Two guards of the log are made quicker for batches, none is weaker. ``registry_undecided`` had one index for all of a
transaction's changes, so that a batch of 100,000 households asked 100,000 times 300,000 rows: now the household's own
index is asked first. What a row of the log claims (in whose name, which village, from which state) is asked for a
batch once a statement, over all of its rows, instead of once a row (0.33 ms each, most of it the signature).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from fupin.registry.views import LEDGER_PERSONS, make_ledger_view

OF_HOUSEHOLD = "EXISTS (SELECT FROM registry_household h WHERE h.household_id = registry_ledgercells.household_id)"
#: a batch is seen by whoever covers its region; a mapping also by the offices below, which may not change it
POLICIES = f"""
CREATE POLICY registry_ledgercells_scope ON registry_ledgercells USING ({OF_HOUSEHOLD});
ALTER TABLE registry_ledgercells ENABLE ROW LEVEL SECURITY;
CREATE POLICY registry_ledgerbatch_scope ON registry_ledgerbatch
    USING (coalesce(starts_with(region, (SELECT fupin_scope())), false));
ALTER TABLE registry_ledgerbatch ENABLE ROW LEVEL SECURITY;
CREATE POLICY registry_ledgermapping_seen ON registry_ledgermapping FOR SELECT
    USING (coalesce(starts_with(region, (SELECT fupin_scope())) OR starts_with((SELECT fupin_scope()), region), false));
CREATE POLICY registry_ledgermapping_made ON registry_ledgermapping FOR INSERT
    WITH CHECK (coalesce(starts_with(region, (SELECT fupin_scope())), false));
CREATE POLICY registry_ledgermapping_changed ON registry_ledgermapping FOR UPDATE
    USING (coalesce(starts_with(region, (SELECT fupin_scope())), false));
ALTER TABLE registry_ledgermapping ENABLE ROW LEVEL SECURITY;
"""
UNPOLICIES = """
ALTER TABLE registry_ledgermapping DISABLE ROW LEVEL SECURITY;
DROP POLICY registry_ledgermapping_seen ON registry_ledgermapping;
DROP POLICY registry_ledgermapping_made ON registry_ledgermapping;
DROP POLICY registry_ledgermapping_changed ON registry_ledgermapping;
ALTER TABLE registry_ledgerbatch DISABLE ROW LEVEL SECURITY;
DROP POLICY registry_ledgerbatch_scope ON registry_ledgerbatch;
ALTER TABLE registry_ledgercells DISABLE ROW LEVEL SECURITY;
DROP POLICY registry_ledgercells_scope ON registry_ledgercells;
"""
TRACE = """
SELECT fupin_trace('registry_ledgercells', '{household_id,record,layout,year}', '{cells,former}'),
       fupin_trace('registry_ledgerbatch', '{id}', '{}', '{step,progress}'),
       fupin_trace('registry_ledgermapping', '{id}');
"""
#: Persons who are written down and belong to no household now: taken out with a batch, or gone (``gone``). And which of
#: these numbers are a present member's outside the scope: nothing else is told of him.
DETACHED = """
CREATE FUNCTION fupin_ledger_detached() RETURNS TABLE (
    person_id varchar, id_lookup bytea, lookup_key varchar, gone boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.person_id, p.id_lookup, p.lookup_key, false FROM registry_change c JOIN registry_person p USING (person_id)
    WHERE c.kind = 'reverse' AND c.batch IS NOT NULL
      AND c.village_code >= (SELECT fupin_scope()) AND c.village_code < (SELECT fupin_scope()) || ':'
      AND NOT EXISTS (SELECT FROM registry_membership m WHERE m.person_id = p.person_id)
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT p.person_id, p.id_lookup, p.lookup_key, true FROM registry_membership m
    JOIN registry_household h USING (household_id) JOIN registry_person p USING (person_id)
    WHERE m.valid_to IS NOT NULL
      AND h.village_code >= (SELECT fupin_scope()) AND h.village_code < (SELECT fupin_scope()) || ':'
      AND NOT EXISTS (SELECT FROM registry_membership o WHERE o.person_id = p.person_id AND o.valid_to IS NULL)
    GROUP BY 1, 2, 3
$$;
CREATE FUNCTION fupin_ledger_elsewhere(hashes bytea[]) RETURNS SETOF bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT p.id_lookup FROM unnest(hashes) asked (one) JOIN registry_person p ON p.id_lookup = asked.one
    JOIN registry_membership m ON m.person_id = p.person_id AND m.valid_to IS NULL
    JOIN registry_household h ON h.household_id = m.household_id
    WHERE fupin_scope() IS NOT NULL AND NOT starts_with(h.village_code, (SELECT fupin_scope()))
$$;
CREATE INDEX change_of_load ON registry_change (txid) WHERE kind = 'load';
CREATE INDEX change_reverse_batch ON registry_change (village_code) WHERE kind = 'reverse' AND batch IS NOT NULL;
"""
UNDETACHED = """
DROP FUNCTION fupin_ledger_detached();
DROP FUNCTION fupin_ledger_elsewhere(bytea[]);
DROP INDEX change_of_load;
DROP INDEX change_reverse_batch;
"""
#: full numbers of a region for a ledger to be written out: one committed deed that says who, where, why (see 0003)
OPEN = """
CREATE FUNCTION fupin_open_ledger(receipt bigint, wanted text) RETURNS TABLE (record varchar, cipher bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    deed record;
    upper_half bigint := (pg_snapshot_xmax(pg_current_snapshot())::text::bigint >> 32) << 32;
BEGIN
    SELECT d.*, upper_half + d.xmin::text::bigint AS written_by INTO deed FROM accounts_deed d WHERE d.id = receipt;
    IF deed.id IS NULL OR deed.verb <> 'export_ledger_full' OR deed.by_id IS DISTINCT FROM fupin_actor()
        OR deed.at NOT BETWEEN clock_timestamp() - interval '5 minutes' AND clock_timestamp() + interval '5 seconds'
        OR length(btrim(deed.reason)) < 4 OR wanted NOT IN ('id_number', 'phone', 'bank_account')
        OR pg_xact_status(deed.written_by::text::xid8) IS DISTINCT FROM 'committed'
        OR NOT coalesce(starts_with(deed.region, fupin_scope()), false)
    THEN
        RETURN;
    END IF;
    IF wanted = 'id_number' THEN
        RETURN QUERY SELECT s.record, s.cipher FROM registry_household h
        JOIN registry_membership m ON m.household_id = h.household_id AND m.valid_to IS NULL
        JOIN registry_sealedvalue s ON s.kind = 'person' AND s.field = wanted AND s.record = m.person_id
        WHERE h.village_code >= deed.region AND h.village_code < deed.region || ':';
    ELSE
        RETURN QUERY SELECT s.record, s.cipher FROM registry_household h
        JOIN registry_sealedvalue s ON s.kind = 'household' AND s.field = wanted AND s.record = h.household_id
        WHERE h.village_code >= deed.region AND h.village_code < deed.region || ':';
    END IF;
END $$;
"""
UNDECIDED = """
CREATE OR REPLACE FUNCTION registry_undecided(touched text, now_in text, may_be_load boolean) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine bigint := pg_current_xact_id_if_assigned()::text::bigint;
    kinds CONSTANT text[] := ARRAY['entry', 'exit', 'return', 'correct_entry', 'correct_exit', 'import', 'reverse',
                                   'new_household', 'split', 'merge', 'end_household'];
BEGIN
    -- OFFSET 0: the household's index, whatever the planner thinks of a table that has just been filled
    IF EXISTS (
        SELECT FROM (SELECT * FROM registry_change WHERE household_id = touched OFFSET 0) c
        WHERE c.txid = mine AND (now_in IS NULL AND c.kind = ANY (kinds) OR c.after ->> 'state' = now_in)
    ) THEN
        RETURN false;
    END IF;
    IF EXISTS (
        SELECT FROM (SELECT * FROM registry_change WHERE other_id = touched OFFSET 0) c
        WHERE c.txid = mine AND (now_in IS NULL AND c.kind = ANY (kinds) OR c.after ->> 'state' = now_in)
    ) THEN
        RETURN false;
    END IF;
    RETURN NOT (may_be_load AND EXISTS (SELECT FROM registry_change c WHERE c.txid = mine AND c.kind = 'load'));
END $$;
"""
#: rows of a batch are stamped one by one and proved all together
BATCH_STAMP = """
CREATE FUNCTION registry_change_stamp_batch() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.recorded_at := transaction_timestamp();
    NEW.txid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE FUNCTION registry_change_prove_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said text;
    actor bigint := fupin_actor();
BEGIN
    IF NOT EXISTS (SELECT FROM fresh WHERE batch IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM fresh WHERE batch IS NOT NULL AND kind NOT IN ('import', 'reverse')) THEN
        said := 'of a batch that is no import';
    ELSIF actor IS NOT NULL AND EXISTS (SELECT FROM fresh WHERE batch IS NOT NULL AND by_id IS DISTINCT FROM actor) THEN
        said := 'in the name of somebody else';
    ELSIF EXISTS (
        SELECT FROM fresh f JOIN registry_household h ON h.household_id = f.household_id
        WHERE f.batch IS NOT NULL AND (f.village_code <> h.village_code
            OR f.before ? 'state' AND f.before ->> 'state' IS DISTINCT FROM h.state)
    ) THEN
        said := 'of another village than the household, or from a state that it is not in';
    ELSIF EXISTS (
        SELECT FROM fresh f LEFT JOIN registry_change c ON c.id = f.reverses_id
        WHERE f.batch IS NOT NULL AND f.kind = 'reverse' AND (c.batch IS DISTINCT FROM f.batch OR c.kind <> 'import'
            OR c.household_id IS DISTINCT FROM f.household_id OR c.before IS DISTINCT FROM f.after)
    ) THEN
        said := 'that takes back something else';
    END IF;
    IF said IS NOT NULL THEN
        RAISE EXCEPTION 'fupin: a change %', said USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER change_stamp ON registry_change;
CREATE TRIGGER change_stamp BEFORE INSERT ON registry_change
    FOR EACH ROW WHEN (NEW.batch IS NULL) EXECUTE FUNCTION registry_change_stamp();
CREATE TRIGGER change_stamp_batch BEFORE INSERT ON registry_change
    FOR EACH ROW WHEN (NEW.batch IS NOT NULL) EXECUTE FUNCTION registry_change_stamp_batch();
CREATE TRIGGER change_prove_batch AFTER INSERT ON registry_change REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION registry_change_prove_batch();
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_stamp;
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_stamp_batch;
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_prove_batch;
"""
BATCH_UNSTAMP = """
DROP TRIGGER change_prove_batch ON registry_change;
DROP TRIGGER change_stamp_batch ON registry_change;
DROP TRIGGER change_stamp ON registry_change;
DROP FUNCTION registry_change_prove_batch(), registry_change_stamp_batch();
CREATE TRIGGER change_stamp BEFORE INSERT ON registry_change
    FOR EACH ROW EXECUTE FUNCTION registry_change_stamp();
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_stamp;
"""


def make(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        make_ledger_view(cursor, guarded=False)


def drop(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute(f"DROP VIEW {LEDGER_PERSONS}")


class Migration(migrations.Migration):
    dependencies = [("registry", "0010_ledgers")]
    operations = [
        migrations.RunSQL(POLICIES, UNPOLICIES),
        migrations.RunSQL(TRACE, migrations.RunSQL.noop),
        migrations.RunSQL(DETACHED, UNDETACHED),
        migrations.RunSQL(OPEN, "DROP FUNCTION fupin_open_ledger(bigint, text)"),
        migrations.RunSQL(UNDECIDED, migrations.RunSQL.noop),
        migrations.RunSQL(BATCH_STAMP, BATCH_UNSTAMP),
        migrations.RunPython(make, drop),
    ]
