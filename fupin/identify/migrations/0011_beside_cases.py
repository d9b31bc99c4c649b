"""What lies beside the course of a case: papers, notices, objections and their answers, samples, and what is public."""

from django.db import migrations

BESIDE = """
-- papers and answers are added where the case stands, now, by whoever acts
CREATE FUNCTION identify_paper_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c identify_case;
    scope text := fupin_scope();
BEGIN
    SELECT * INTO c FROM identify_case WHERE id = NEW.case_id;
    IF NOT FOUND OR scope IS NULL OR NOT starts_with(c.village_code, scope) THEN
        RAISE EXCEPTION 'fupin: no such case' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF c.step <> NEW.step THEN PERFORM identify_refuse('the case does not stand there'); END IF;
    NEW.village_code := c.village_code;
    NEW.at := clock_timestamp();
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER paper_added BEFORE INSERT ON identify_casepaper
    FOR EACH ROW EXECUTE FUNCTION identify_paper_added();

-- an objection is answered by the town or the county, not by the village that it is about
CREATE FUNCTION identify_objection_answered() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    o identify_objection;
    scope text := fupin_scope();
BEGIN
    SELECT * INTO o FROM identify_objection WHERE id = NEW.objection_id;
    IF NOT FOUND OR scope IS NULL OR NOT starts_with(o.village_code, scope) THEN
        RAISE EXCEPTION 'fupin: no such objection' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT (identify_is_level('town', scope) OR identify_is_level('county', scope)) THEN
        PERFORM identify_refuse('an objection is answered by the town or the county');
    END IF;
    NEW.village_code := o.village_code;
    NEW.at := clock_timestamp();
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER objection_answered BEFORE INSERT ON identify_objectionanswer
    FOR EACH ROW EXECUTE FUNCTION identify_objection_answered();

CREATE FUNCTION identify_notice_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF fupin_scope() IS NULL OR NOT starts_with(NEW.village_code, fupin_scope()) THEN
        RAISE EXCEPTION 'fupin: no such village' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.hung_on := fupin_today();
    NEW.at := clock_timestamp();
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER notice_written BEFORE INSERT ON identify_notice
    FOR EACH ROW EXECUTE FUNCTION identify_notice_written();
"""

SAMPLES = """
CREATE FUNCTION identify_bulk_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    NEW.region := coalesce(nullif(fupin_scope(), ''), NEW.region);
    NEW.seed := NULL;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER bulk_begins BEFORE INSERT ON identify_bulk FOR EACH ROW EXECUTE FUNCTION identify_bulk_begins();

CREATE FUNCTION identify_bulk_case_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    b identify_bulk;
    c identify_case;
BEGIN
    SELECT * INTO b FROM identify_bulk WHERE id = NEW.bulk_id FOR UPDATE;
    SELECT * INTO c FROM identify_case WHERE id = NEW.case_id;
    IF b.seed IS NOT NULL OR b.by_id IS DISTINCT FROM fupin_actor() THEN
        PERFORM identify_refuse('the list is closed');
    END IF;
    IF c.step <> b.step OR c.procedure <> b.procedure OR NOT starts_with(c.village_code, fupin_scope()) THEN
        PERFORM identify_refuse('the case does not stand there');
    END IF;
    NEW.village_code := c.village_code;
    NEW.sampled := false;
    RETURN NEW;
END $$;
CREATE TRIGGER bulk_case_added BEFORE INSERT ON identify_bulkcase
    FOR EACH ROW EXECUTE FUNCTION identify_bulk_case_added();

CREATE FUNCTION identify_sample_checked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    x identify_bulkcase;
BEGIN
    SELECT * INTO x FROM identify_bulkcase WHERE id = NEW.bulk_case_id;
    IF NOT FOUND OR NOT x.sampled OR NOT starts_with(x.village_code, fupin_scope()) THEN
        PERFORM identify_refuse('not a sampled case');
    END IF;
    NEW.village_code := x.village_code;
    NEW.at := clock_timestamp();
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER sample_checked BEFORE INSERT ON identify_samplecheck
    FOR EACH ROW EXECUTE FUNCTION identify_sample_checked();

-- closes the list and draws: nobody chooses what is looked at. How many were drawn.
CREATE FUNCTION fupin_draw_sample(wanted bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    b identify_bulk;
    total integer;
    drawn integer;
    chosen integer := floor(random() * 2147483647)::integer;
BEGIN
    SELECT * INTO b FROM identify_bulk WHERE id = wanted FOR UPDATE;
    IF NOT FOUND OR b.by_id IS DISTINCT FROM fupin_actor() OR b.seed IS NOT NULL THEN
        PERFORM identify_refuse('no such open list');
    END IF;
    SELECT count(*) INTO total FROM identify_bulkcase WHERE bulk_id = wanted;
    drawn := least(total, greatest(
        fupin_parameter('bulk_sample_least', b.region, fupin_today())::int,
        ceil(total * fupin_parameter('bulk_sample_share', b.region, fupin_today()) / 100)::int));
    UPDATE identify_bulkcase SET sampled = true WHERE id IN (
        SELECT x.id FROM identify_bulkcase x WHERE x.bulk_id = wanted
        ORDER BY sha256(convert_to(chosen::text || '/' || x.case_id::text, 'UTF8')) LIMIT drawn);
    UPDATE identify_bulk SET seed = chosen WHERE id = wanted;
    RETURN drawn;
END $$;
"""

PUBLIC = """
-- what everybody may read who has a notice's code: one line a household, while it hangs; afterwards only that it hung
CREATE FUNCTION fupin_notice(wanted text) RETURNS TABLE (
    procedure text, step text, village text, hung_on date, last_day date, place text,
    case_id bigint, kind text, head text, members integer
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT n.procedure, n.step, n.village_code, n.hung_on, n.last_day, n.place, c.id, c.kind,
           CASE WHEN length(h.head_name) <= 1 THEN repeat('*', length(h.head_name))
                WHEN length(h.head_name) = 2 THEN left(h.head_name, 1) || '*'
                ELSE left(h.head_name, 1) || repeat('*', least(length(h.head_name) - 2, 2)) || right(h.head_name, 1)
           END, h.members::integer
    FROM identify_notice n
    LEFT JOIN identify_caseact a ON a.notice_id = n.code AND fupin_today() <= n.last_day
    LEFT JOIN identify_case c ON c.id = a.case_id AND c.step = n.step
    LEFT JOIN registry_household h ON h.household_id = c.household_id
    WHERE n.code = wanted ORDER BY c.id
$$;

-- an objection of anybody: while the notice hangs, against a case that is on it; null when it is not taken
CREATE FUNCTION fupin_object(
    wanted text, against bigint, mark uuid, receipt text, contact bytea, body text, due date,
    marks uuid[], names text[], medias text[], sizes integer[], hashes text[], contents bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    n identify_notice;
    c identify_case;
    made bigint;
BEGIN
    SELECT * INTO n FROM identify_notice WHERE code = wanted;
    SELECT * INTO c FROM identify_case WHERE id = against FOR UPDATE;
    IF n IS NULL OR c IS NULL OR fupin_today() > n.last_day OR c.step <> n.step OR NOT EXISTS (
        SELECT FROM identify_caseact a WHERE a.notice_id = n.code AND a.case_id = c.id) THEN
        RETURN NULL;
    END IF;
    IF length(body) NOT BETWEEN 4 AND 4000 OR cardinality(marks) > 5
       OR (SELECT count(*) FROM identify_objection o WHERE o.notice_id = n.code AND o.at > now() - interval '1 day')
          >= 200 THEN
        PERFORM identify_refuse('too long, too many');
    END IF;
    INSERT INTO identify_casefile (mark, village_code, name, media, size, sha256, content)
    SELECT f.mark, c.village_code, f.name, f.media, f.size, f.hash, f.content
    FROM unnest(marks, names, medias, sizes, hashes, contents) f (mark, name, media, size, hash, content);
    INSERT INTO identify_objection (mark, notice_id, case_id, village_code, step, at, due_on, receipt, anonymous,
                                    contact, body, files)
    VALUES (mark, n.code, c.id, c.village_code, n.step, clock_timestamp(), due, receipt, contact IS NULL,
            contact, body, marks)
    RETURNING id INTO made;
    RETURN made;
END $$;

-- what came of an objection, for whoever holds its receipt
CREATE FUNCTION fupin_objection(wanted text) RETURNS TABLE (
    notice text, at timestamptz, due_on date, answered_at timestamptz, upheld boolean, answer text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT o.notice_id, o.at, o.due_on, a.at, a.upheld, a.answer
    FROM identify_objection o LEFT JOIN identify_objectionanswer a ON a.objection_id = o.id WHERE o.receipt = wanted
$$;
"""
UNBESIDE = """
DROP TRIGGER paper_added ON identify_casepaper;
DROP TRIGGER objection_answered ON identify_objectionanswer;
DROP TRIGGER notice_written ON identify_notice;
DROP FUNCTION identify_paper_added, identify_objection_answered, identify_notice_written;
"""
UNSAMPLES = """
DROP TRIGGER bulk_begins ON identify_bulk;
DROP TRIGGER bulk_case_added ON identify_bulkcase;
DROP TRIGGER sample_checked ON identify_samplecheck;
DROP FUNCTION identify_bulk_begins, identify_bulk_case_added, identify_sample_checked, fupin_draw_sample;
"""
UNPUBLIC = "DROP FUNCTION fupin_notice, fupin_object, fupin_objection;"


class Migration(migrations.Migration):
    dependencies = [("identify", "0010_cases_guarded")]
    operations = [
        migrations.RunSQL(BESIDE, UNBESIDE),
        migrations.RunSQL(SAMPLES, UNSAMPLES),
        migrations.RunSQL(PUBLIC, UNPUBLIC),
    ]
