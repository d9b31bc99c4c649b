"""A batch that the log names is a batch: there, ordered by the one who writes it, being written at this moment, and of
the region of every household that it touches.

Before, a row of kind ``import`` with any number was enough for a change of state. Now the statement that adds such rows
is asked once for all of them (two aggregates over the fresh rows, not one question a row), and marks the batch as
written; a batch so marked must be through (``applied``, ``undone``) when the transaction ends. So the log cannot be
added to under a batch that is done, and no second transaction adds to one. The course of a batch itself is guarded too:
it is ordered and taken back in one's own name, and only from where it stands.

``load`` is the platform's and the command line's: a page or a program that acts for somebody brings nothing in by it.
Part of an import is not taken back beside the batch, and new households stand in the village that the log says.
"""

from django.db import migrations

from fupin.registry.functions import reworded

#: not a field of the model: whoever saves a batch says nothing about it
COURSE = """
ALTER TABLE registry_ledgerbatch ADD written boolean NOT NULL DEFAULT false;

CREATE FUNCTION registry_batch_course() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    actor bigint;
    said text;
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;  -- migrations, and registry_change_prove_batch
    END IF;
    actor := fupin_actor();
    IF TG_OP = 'INSERT' THEN
        NEW.written := false;
        IF NEW.state NOT IN ('mapping', 'reading') OR NEW.applied_by_id IS NOT NULL OR NEW.undone_by_id IS NOT NULL THEN
            said := 'that begins anywhere but at its beginning';
        ELSIF actor IS NOT NULL AND NEW.by_id <> actor THEN
            said := 'in the name of somebody else';
        END IF;
    ELSE
        NEW.written := OLD.written AND NEW.state = OLD.state;
        IF NEW.region <> OLD.region OR NEW.by_id <> OLD.by_id THEN
            said := 'of another region or another''s';
        ELSIF NEW.state <> OLD.state AND NOT (CASE NEW.state
            WHEN 'applying' THEN OLD.state = 'ready'
            WHEN 'applied' THEN OLD.state = 'applying' OR OLD.state = 'undoing' AND NOT OLD.written
            WHEN 'undoing' THEN OLD.state = 'applied'
            WHEN 'undone' THEN OLD.state = 'undoing'
            WHEN 'ready' THEN OLD.state = 'reading' OR OLD.state = 'applying' AND NOT OLD.written
            ELSE OLD.state IN ('mapping', 'reading', 'ready', 'failed')
        END) THEN
            said := format('that goes from %s to %s', OLD.state, NEW.state);
        ELSIF NEW.state = 'applying' AND OLD.state = 'ready' AND NEW.applied_by_id IS DISTINCT FROM
                coalesce(actor, NEW.applied_by_id)
            OR NEW.state = 'undoing' AND OLD.state = 'applied' AND NEW.undone_by_id IS DISTINCT FROM
                coalesce(actor, NEW.undone_by_id) THEN
            said := 'in the name of somebody else';
        ELSIF NEW.state IN ('applying', 'applied', 'undoing', 'undone') AND OLD.state <> 'ready'
                AND NEW.applied_by_id IS DISTINCT FROM OLD.applied_by_id
            OR NEW.state IN ('undoing', 'undone') AND OLD.state <> 'applied'
                AND NEW.undone_by_id IS DISTINCT FROM OLD.undone_by_id THEN
            said := 'that somebody else ordered';
        END IF;
    END IF;
    IF said IS NOT NULL THEN
        RAISE EXCEPTION 'fupin: a batch %', said USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER batch_course BEFORE INSERT OR UPDATE ON registry_ledgerbatch
    FOR EACH ROW EXECUTE FUNCTION registry_batch_course();
ALTER TABLE registry_ledgerbatch ENABLE ALWAYS TRIGGER batch_course;

CREATE FUNCTION registry_batch_is_through() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM registry_ledgerbatch WHERE id = NEW.id AND written AND state IN ('applying', 'undoing')
    ) THEN
        RAISE EXCEPTION 'fupin: the batch % was written but is not through', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER batch_is_through AFTER UPDATE ON registry_ledgerbatch DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.written AND NEW.state IN ('applying', 'undoing'))
    EXECUTE FUNCTION registry_batch_is_through();
ALTER TABLE registry_ledgerbatch ENABLE ALWAYS TRIGGER batch_is_through;
"""
UNCOURSE = """
DROP FUNCTION registry_batch_is_through() CASCADE;
DROP FUNCTION registry_batch_course() CASCADE;
ALTER TABLE registry_ledgerbatch DROP written;
"""

#: which of the fresh rows' batches is none; the batch stays locked until the transaction ends
PROVE = """
CREATE FUNCTION registry_batch_problem(wanted bigint, of_kind text, writer bigint, low text, high text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM registry_ledgerbatch WHERE id = wanted FOR UPDATE;
    IF held.id IS NULL THEN
        RETURN format('of a batch that is not there (%s)', wanted);
    ELSIF held.state <> (CASE of_kind WHEN 'import' THEN 'applying' ELSE 'undoing' END) THEN
        RETURN format('of the batch %s, which is %s', wanted, held.state);
    ELSIF writer IS DISTINCT FROM (
        CASE of_kind WHEN 'import' THEN held.applied_by_id ELSE held.undone_by_id END) THEN
        RETURN format('of the batch %s, which somebody else ordered', wanted);
    ELSIF NOT coalesce(starts_with(low, held.region) AND starts_with(high, held.region), false) THEN
        RETURN format('of the batch %s, which is of another region', wanted);
    END IF;
    UPDATE registry_ledgerbatch SET written = true WHERE id = wanted AND NOT written;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION registry_batch_problem(bigint, text, bigint, text, text) FROM PUBLIC;
"""
UNPROVE = "DROP FUNCTION registry_batch_problem(bigint, text, bigint, text, text);"

#: (function, what it says, what it says from now on)
REWRITTEN = (
    (
        "registry_change_prove_batch()",
        "    IF said IS NOT NULL THEN",
        """    IF said IS NULL THEN  -- codes sort as bytes: what begins alike at both ends begins alike between
        SELECT problem INTO said FROM (
            SELECT batch, kind, by_id, min(village_code) AS low, max(village_code) AS high FROM fresh
            WHERE batch IS NOT NULL GROUP BY 1, 2, 3
        ) f, registry_batch_problem(f.batch, f.kind, f.by_id, f.low, f.high) problem WHERE problem IS NOT NULL LIMIT 1;
    END IF;
    IF said IS NOT NULL THEN""",
    ),
    (
        "registry_change_stamp()",
        "undone.kind IN ('reverse', 'load')",
        "undone.kind IN ('reverse', 'load', 'import')",
    ),
    (
        "registry_change_stamp()",
        "    ELSIF home.village_code IS NOT NULL",
        """    ELSIF NEW.kind = 'load' AND fupin_actor() IS NOT NULL AND fupin_origin() <> 'command' THEN
        said := 'of kind load, which is for the command line';
    ELSIF home.village_code IS NOT NULL""",
    ),
    (
        "registry_state_is_decided()",
        "WHERE n.state <> '9' AND registry_undecided(n.household_id, n.state, true) LIMIT 1;",
        "WHERE n.state <> '9' AND registry_new_undecided(n.household_id, n.state, n.village_code) LIMIT 1;",
    ),
)
#: of a household that comes in: the log names it with its state, and in the village where it stands
UNDECIDED = """
CREATE FUNCTION registry_new_undecided(touched text, now_in text, stands_in text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine bigint := pg_current_xact_id_if_assigned()::text::bigint;
BEGIN
    -- OFFSET 0: the household's index, whatever the planner thinks of a table that has just been filled
    IF EXISTS (
        SELECT FROM (SELECT * FROM registry_change WHERE household_id = touched OFFSET 0) c
        WHERE c.txid = mine AND c.after ->> 'state' = now_in AND c.village_code = stands_in
    ) OR EXISTS (
        SELECT FROM (SELECT * FROM registry_change WHERE other_id = touched OFFSET 0) c
        WHERE c.txid = mine AND c.after ->> 'state' = now_in AND c.village_code = stands_in
    ) THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (SELECT FROM registry_change c WHERE c.txid = mine AND c.kind = 'load');
END $$;
REVOKE ALL ON FUNCTION registry_new_undecided(text, text, text) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0014_dossiers_guarded")]
    operations = [
        migrations.RunSQL(COURSE, UNCOURSE),
        migrations.RunSQL(PROVE, UNPROVE),
        migrations.RunSQL(UNDECIDED, "DROP FUNCTION registry_new_undecided(text, text, text)"),
        reworded(*REWRITTEN),
    ]
