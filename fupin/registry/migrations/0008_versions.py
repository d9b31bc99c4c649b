"""What was known when: the database itself keeps every former version of households, persons, memberships and states.

The present row says since when it is known (``recorded_from``); a version that ended lies in ``registry_past`` with the
moment it ended. Triggers write both, at the time of the transaction; the app's login can write neither, and reads the
past through functions alone. What is only derived from a number or another row (hashes, pinyin) makes no version:
a rotation of keys leaves no past.
"""

from django.db import migrations

PAST = """
CREATE TABLE registry_past (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL COLLATE "C",
    key text NOT NULL COLLATE "C",
    household_id text COLLATE "C",
    person_id text COLLATE "C",
    recorded_from timestamptz NOT NULL,
    recorded_to timestamptz NOT NULL,
    line jsonb NOT NULL,
    CONSTRAINT past_period CHECK (recorded_to > recorded_from)
);
CREATE INDEX past_household ON registry_past (household_id) WHERE household_id IS NOT NULL;
CREATE INDEX past_person ON registry_past (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX past_moment ON registry_past (source, recorded_to);
ALTER TABLE registry_past ENABLE ROW LEVEL SECURITY;
SELECT fupin_close_to_app(one) FROM unnest(ARRAY['registry_past', 'registry_past_id_seq']::regclass[]) one;
"""

FUNCTIONS = """
-- A transaction may begin earlier than the version that it replaces: then it follows that one by a moment.
CREATE FUNCTION registry_next_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.recorded_from := CASE WHEN OLD.recorded_from <= transaction_timestamp() THEN transaction_timestamp()
                              ELSE OLD.recorded_from + interval '1 microsecond' END;
    RETURN NEW;
END $$;
CREATE FUNCTION registry_next_counted_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.recorded_from := CASE WHEN OLD.recorded_from <= transaction_timestamp() THEN transaction_timestamp()
                              ELSE OLD.recorded_from + interval '1 microsecond' END;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;

-- Versions that nobody could ever have seen (begun and ended in one transaction) are not kept.
CREATE FUNCTION registry_keep_past() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    quiet text[] := TG_ARGV[1];
    pk text := TG_ARGV[0];
    ended text := CASE TG_OP WHEN 'UPDATE' THEN format(
        'SELECT o.recorded_from AS since, n.recorded_from AS until, to_jsonb(o) - $3 AS line '
        'FROM old_rows o JOIN new_rows n ON o.%1$I = n.%1$I WHERE n.recorded_from > o.recorded_from', pk)
    ELSE 'SELECT o.recorded_from AS since, transaction_timestamp() AS until, to_jsonb(o) - $3 AS line '
         'FROM old_rows o WHERE o.recorded_from < transaction_timestamp()' END;
BEGIN
    EXECUTE format($sql$
        INSERT INTO registry_past (source, key, household_id, person_id, recorded_from, recorded_to, line)
        SELECT $1, line ->> $2, line ->> 'household_id', line ->> 'person_id', since, until, line FROM (%s) e
        $sql$, ended) USING TG_TABLE_NAME, pk, quiet;
    RETURN NULL;
END $$;

-- A row that is brought in is known from now on, whatever it says of itself.
CREATE FUNCTION registry_known_from_now() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows n WHERE n.recorded_from <> transaction_timestamp()) THEN
        RAISE EXCEPTION 'fupin: a row of % that claims to be known since another time', TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- ``quiet``: columns whose change alone makes no version. A migration that adds a column calls it again.
CREATE FUNCTION fupin_keep_versions(wanted regclass, pk text, quiet text[], counted boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    facts text := (
        SELECT string_agg(format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', a.attname), ' OR ' ORDER BY a.attnum)
        FROM pg_attribute a
        WHERE a.attrelid = wanted AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attname = ANY (quiet));
    made record;
BEGIN
    FOR made IN
        SELECT * FROM (VALUES
            ('version_next', format('BEFORE UPDATE ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %s()', wanted, facts,
                CASE WHEN counted THEN 'registry_next_counted_version' ELSE 'registry_next_version' END)),
            ('version_updated', format('AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION registry_keep_past(%L, %L)', wanted, pk, quiet)),
            ('version_deleted', format('AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION registry_keep_past(%L, %L)', wanted, pk, quiet)),
            ('version_inserted', format('AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION registry_known_from_now()', wanted))
        ) AS t (name, body)
    LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', made.name, wanted);
        EXECUTE format('CREATE TRIGGER %I %s', made.name, made.body);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', wanted, made.name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION fupin_keep_versions(regclass, text, text[], boolean) FROM PUBLIC;
"""
KEEP = """
SELECT fupin_keep_versions('registry_household', 'household_id',
                           '{phone_hint,phone_lookup,phone_tail4,lookup_key,head_pinyin}', true),
       fupin_keep_versions('registry_person', 'person_id',
                           '{pinyin,initials,id_hint,id_lookup,id_tail4,id_tail6,lookup_key,lake_key,lake_key_id,lake_former}',
                           true),
       fupin_keep_versions('registry_membership', 'id', '{}', false),
       fupin_keep_versions('registry_householdstate', 'id', '{}', false);
"""
UNDO = """
DROP FUNCTION fupin_keep_versions(regclass, text, text[], boolean);
DROP FUNCTION registry_known_from_now() CASCADE;
DROP FUNCTION registry_keep_past() CASCADE;
DROP FUNCTION registry_next_counted_version() CASCADE;
DROP FUNCTION registry_next_version() CASCADE;
DROP TABLE registry_past;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_changes_guarded")]
    operations = [migrations.RunSQL(PAST + FUNCTIONS + KEEP, UNDO)]
