"""The log of changes is only added to, and the state of a household changes with a row of it or not at all.

``registry_change_stamp`` writes down what the app must not choose (when, in which transaction) and refuses rows that
claim what is not so: another account's name, another village, a state that the household is not in, a reversal of
something else. Then ``registry_state_is_decided`` asks, for every household whose state is written, for such a row of
the same transaction. Who owns the tables (migrations, the first load) is not asked.
"""

from django.db import migrations

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)

#: not Django's db_default: bulk writers name only what they know
DEFAULTS = """
ALTER TABLE registry_household ALTER version SET DEFAULT 1;
ALTER TABLE registry_person ALTER version SET DEFAULT 1;
ALTER TABLE registry_change ALTER reason SET DEFAULT '', ALTER proofs SET DEFAULT '{}', ALTER finding SET DEFAULT '',
    ALTER before SET DEFAULT '{}', ALTER after SET DEFAULT '{}', ALTER txid SET DEFAULT 0;
"""

ONLY_ADDED = """
DO $$
DECLARE
    login text;
BEGIN
    FOR login IN
        SELECT DISTINCT quote_ident(pg_get_userbyid(a.grantee)) FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = 'registry_change'::regclass AND a.grantee NOT IN (c.relowner, 0)
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, REFERENCES, TRIGGER ON registry_change FROM %s', login);
    END LOOP;
END $$;
CREATE FUNCTION registry_change_is_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'fupin: changes are only ever added: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER change_is_only_added BEFORE UPDATE OR DELETE ON registry_change
    FOR EACH ROW EXECUTE FUNCTION registry_change_is_only_added();
"""

STAMP = """
CREATE FUNCTION registry_change_stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    home record;
    undone record;
    wanted text := NEW.after ->> 'state';
    said text := NULL;
BEGIN
    NEW.recorded_at := transaction_timestamp();
    NEW.txid := pg_current_xact_id()::text::bigint;
    SELECT h.village_code, h.state INTO home FROM registry_household h WHERE h.household_id = NEW.household_id;
    IF fupin_actor() IS NOT NULL AND NEW.by_id IS DISTINCT FROM fupin_actor() THEN
        said := 'in the name of somebody else';
    ELSIF home.village_code IS NOT NULL AND NEW.village_code <> home.village_code THEN
        said := 'of another village than the household';
    ELSIF NEW.before ? 'state' AND NEW.before ->> 'state' IS DISTINCT FROM home.state THEN
        said := 'from a state that the household is not in';
    ELSIF NEW.kind = 'reverse' THEN
        SELECT c.* INTO undone FROM registry_change c WHERE c.id = NEW.reverses_id;
        IF undone.household_id IS DISTINCT FROM NEW.household_id OR undone.kind IN ('reverse', 'load')
            OR undone.before ->> 'state' IS DISTINCT FROM wanted THEN
            said := 'that takes back something else';
        END IF;
    ELSIF wanted IS NOT NULL THEN
        IF NOT (CASE NEW.kind
            WHEN 'entry' THEN wanted = '0'
            WHEN 'exit' THEN wanted IN ('1', '2')
            WHEN 'return' THEN wanted = '3'
            WHEN 'correct_entry' THEN wanted = '9'
            WHEN 'correct_exit' THEN wanted IN ('0', '3') AND home.state IN ('1', '2')
            WHEN 'new_household' THEN wanted = '9'
            WHEN 'split' THEN wanted = home.state
            WHEN 'import' THEN true
            ELSE false
        END) THEN
            said := format('of kind %s to the state %s', NEW.kind, wanted);
        END IF;
    END IF;
    IF said IS NOT NULL THEN
        RAISE EXCEPTION 'fupin: a change %', said USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER change_stamp BEFORE INSERT ON registry_change
    FOR EACH ROW EXECUTE FUNCTION registry_change_stamp();
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_stamp;
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_is_only_added;
"""

#: ``touched``: the household, the state it has now (null: a period of its states was written, whatever state)
DECIDED = """
CREATE FUNCTION registry_undecided(touched text, now_in text, may_be_load boolean) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM registry_change c
        WHERE c.txid = pg_current_xact_id_if_assigned()::text::bigint
          AND (c.kind = 'load' AND may_be_load
               OR (c.household_id = touched OR c.other_id = touched)
                  AND (now_in IS NULL AND c.kind IN ('entry', 'exit', 'return', 'correct_entry', 'correct_exit',
                           'import', 'reverse', 'new_household', 'split', 'merge', 'end_household')
                       OR c.after ->> 'state' = now_in))
    )
$$;
CREATE FUNCTION registry_state_is_decided() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    culprit text;
BEGIN
    IF pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'registry_household' AND TG_OP = 'INSERT' THEN
        SELECT n.household_id INTO culprit FROM new_rows n
        WHERE n.state <> '9' AND registry_undecided(n.household_id, n.state, true) LIMIT 1;
    ELSIF TG_TABLE_NAME = 'registry_household' THEN
        SELECT n.household_id INTO culprit FROM new_rows n JOIN old_rows o USING (household_id)
        WHERE n.state <> o.state AND registry_undecided(n.household_id, n.state, false) LIMIT 1;
    ELSIF TG_OP = 'INSERT' THEN  -- periods of households that this very transaction brought in may come with a load
        SELECT n.household_id INTO culprit FROM new_rows n
        WHERE registry_undecided(n.household_id, NULL, EXISTS (
            SELECT FROM registry_household h WHERE h.household_id = n.household_id
            AND h.recorded_from = transaction_timestamp() AND h.version = 1)) LIMIT 1;
    ELSE
        SELECT o.household_id INTO culprit FROM old_rows o
        WHERE registry_undecided(o.household_id, NULL, false) LIMIT 1;
    END IF;
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION 'fupin: the state of household % changes without a change in the log', culprit
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION registry_undecided(text, text, boolean) FROM PUBLIC;
"""
TRIGGER = """
CREATE TRIGGER {name} AFTER {op} ON {table} REFERENCING {images} FOR EACH STATEMENT
    EXECUTE FUNCTION registry_state_is_decided();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};
"""
IMAGES = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}
WATCHED = [
    *(("registry_householdstate", op) for op in IMAGES),
    ("registry_household", "INSERT"),
    ("registry_household", "UPDATE"),
]
UNDO = """
DROP FUNCTION registry_state_is_decided() CASCADE;
DROP FUNCTION registry_undecided(text, text, boolean);
DROP FUNCTION registry_change_stamp() CASCADE;
DROP FUNCTION registry_change_is_only_added() CASCADE;
"""
POLICY = f"""
CREATE POLICY registry_change_scope ON registry_change USING ({IN_SCOPE});
ALTER TABLE registry_change ENABLE ROW LEVEL SECURITY;
"""
UNPOLICY = """
ALTER TABLE registry_change DISABLE ROW LEVEL SECURITY;
DROP POLICY registry_change_scope ON registry_change;
"""
TRACE = "SELECT fupin_trace('registry_change', '{household_id,id}', '{before,after}')"


def triggers() -> str:
    made = [
        TRIGGER.format(name=f"{table.removeprefix('registry_')}_decided_{op.lower()}", op=op, table=table,
                       images=IMAGES[op])
        for table, op in WATCHED
    ]  # fmt: skip
    return "".join(made)


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_changes"), ("accounts", "0007_trail")]
    operations = [
        migrations.RunSQL(DEFAULTS, migrations.RunSQL.noop),
        migrations.RunSQL(ONLY_ADDED + STAMP + DECIDED + triggers(), UNDO),
        migrations.RunSQL(POLICY, UNPOLICY),
        migrations.RunSQL(TRACE, migrations.RunSQL.noop),
    ]
