"""Residents' applications: anybody adds one through one function, offices read them in their scope and answer once."""

from django.db import migrations

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)

RIGHTS = """
SELECT fupin_only_add('identify_application', 'INSERT, UPDATE, DELETE');
SELECT fupin_only_add('identify_applicationanswer');
SELECT fupin_trace('identify_application', '{village_code,id}', '{content,receipt}'),
       fupin_trace('identify_applicationanswer', '{application_id}');
"""

APPLY = """
-- an application of anybody, in a village that there is; null when the village has had too many in a day
CREATE FUNCTION fupin_apply(
    village text, mark uuid, receipt text, members integer, content bytea,
    marks uuid[], names text[], medias text[], sizes integer[], hashes text[], contents bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made bigint;
    today date := fupin_today();
BEGIN
    IF length(village) <> 12 OR NOT EXISTS (SELECT FROM registry_region r WHERE r.code = village) THEN
        PERFORM identify_refuse('no such village');
    END IF;
    IF length(content) > 20000 OR cardinality(marks) > 5 THEN PERFORM identify_refuse('too long, too many'); END IF;
    PERFORM pg_advisory_xact_lock(hashtext('fupin applications'), hashtext(village));
    IF (SELECT count(*) FROM identify_application a
        WHERE a.village_code = village AND a.at > now() - interval '1 day') >= 100 THEN
        RETURN NULL;
    END IF;
    INSERT INTO identify_casefile (mark, village_code, name, media, size, sha256, content)
    SELECT f.mark, village, f.name, f.media, f.size, f.hash, f.content
    FROM unnest(marks, names, medias, sizes, hashes, contents) f (mark, name, media, size, hash, content);
    INSERT INTO identify_application (mark, village_code, at, due_on, receipt, members, content, files)
    VALUES (mark, village, clock_timestamp(),
            fupin_due(today, fupin_parameter('take_up_application_days', village, today)::int, 'working'),
            receipt, members, content, marks)
    RETURNING id INTO made;
    RETURN made;
END $$;

-- how far an application has come, for whoever holds its receipt: no name, no number
CREATE FUNCTION fupin_application(wanted text) RETURNS TABLE (
    village text, at timestamptz, due_on date, answered_at timestamptz, reason text,
    procedure text, edition integer, step text, ended text, ended_on date
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a.village_code, a.at, a.due_on, w.at, w.reason, c.procedure, c.edition::integer, c.step, c.ended, c.ended_on
    FROM identify_application a
    LEFT JOIN identify_applicationanswer w ON w.application_id = a.id
    LEFT JOIN identify_case c ON c.id = w.case_id
    WHERE a.receipt = wanted
$$;

-- taken up with a case that was opened for it, in the same village, after it; or declined
CREATE FUNCTION identify_application_answered() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    a identify_application;
    scope text := fupin_scope();
BEGIN
    SELECT * INTO a FROM identify_application WHERE id = NEW.application_id;
    IF NOT FOUND OR scope IS NULL OR NOT starts_with(a.village_code, scope) THEN
        RAISE EXCEPTION 'fupin: no such application' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT identify_is_level('village', scope) AND NOT identify_is_level('county', scope) THEN
        PERFORM identify_refuse('an application is answered by the village, its town or its county');
    END IF;
    IF NEW.case_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM identify_case c WHERE c.id = NEW.case_id AND c.village_code = a.village_code
        AND c.channel = 'resident' AND c.opened_at > a.at) THEN
        PERFORM identify_refuse('not a case of this application');
    END IF;
    NEW.village_code := a.village_code;
    NEW.at := clock_timestamp();
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER application_answered BEFORE INSERT ON identify_applicationanswer
    FOR EACH ROW EXECUTE FUNCTION identify_application_answered();
"""
UNAPPLY = """
DROP TRIGGER application_answered ON identify_applicationanswer;
DROP FUNCTION identify_application_answered, fupin_application, fupin_apply;
"""


def guard(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE POLICY {table}_scope ON {table} USING ({IN_SCOPE}); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; DROP POLICY {table}_scope ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("identify", "0019_applications")]
    operations = [
        guard("identify_application"),
        guard("identify_applicationanswer"),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
        migrations.RunSQL(APPLY, UNAPPLY),
    ]
