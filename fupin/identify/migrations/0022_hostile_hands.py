"""What a hostile mind with the app's login could still do to a case, and cannot any more.

Each trigger stands beside one of 0010, 0011 or 0021 and by its name runs after or before it. ``test_hostile_hands.py`` tries
every one of them.
"""

import importlib

from django.db import migrations

COLUMNS = """
ALTER TABLE identify_steprule ADD kind_states jsonb NOT NULL DEFAULT '{}';
ALTER TABLE identify_standarditem ADD regions text[] NOT NULL DEFAULT '{}';
"""
UNCOLUMNS = """
ALTER TABLE identify_steprule DROP kind_states;
ALTER TABLE identify_standarditem DROP regions;
"""

BEGINS = """
-- a kind that is not of this state of household; another region's list of exit standards
CREATE FUNCTION identify_case_begins_fits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    rule identify_steprule;
    state text := (SELECT h.state FROM registry_household h WHERE h.household_id = NEW.household_id);
BEGIN
    SELECT * INTO rule FROM identify_steprule s
    WHERE s.procedure = NEW.procedure AND s.edition = NEW.edition AND s.step = NEW.step;
    IF rule.kind_states ? NEW.kind AND NOT rule.kind_states -> NEW.kind ? state THEN
        PERFORM identify_refuse('not this kind for a household in this state');
    END IF;
    IF NEW.standards <> '' AND NEW.standards IS DISTINCT FROM (
        SELECT i.standards FROM identify_standarditem i,
            unnest(CASE WHEN i.regions = '{}' THEN ARRAY[''] ELSE i.regions END) prefix
        WHERE starts_with(NEW.village_code, prefix) ORDER BY length(prefix) DESC LIMIT 1) THEN
        PERFORM identify_refuse('not the list of standards of this region');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_begins_fits BEFORE INSERT ON identify_case
    FOR EACH ROW EXECUTE FUNCTION identify_case_begins_fits();
"""

ACTS = """
-- an act held before one that came earlier; an old comparison; an objection of an earlier round that nobody answered
CREATE FUNCTION identify_act_honest() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c identify_case;
    step_kind text;
BEGIN
    SELECT * INTO c FROM identify_case WHERE id = NEW.case_id;
    SELECT s.kind INTO step_kind FROM identify_steprule s
    WHERE s.procedure = c.procedure AND s.edition = c.edition AND s.step = c.step;
    IF NEW.held_on IS NOT NULL AND EXISTS (
        SELECT FROM identify_caseact a WHERE a.case_id = c.id AND a.held_on > NEW.held_on) THEN
        PERFORM identify_refuse('held before an act that came earlier');
    END IF;
    IF NEW.outcome <> 'pass' THEN RETURN NEW; END IF;
    IF step_kind = 'comparison' AND EXISTS (
        SELECT FROM identify_run r JOIN identify_householdindex i ON i.run_id = r.id
        WHERE i.household_id = c.household_id AND r.state = 'finished' AND length(r.region) <= 6
        AND starts_with(c.village_code, r.region)
        AND r.as_of > (SELECT given.as_of FROM identify_run given WHERE given.id = NEW.run)) THEN
        PERFORM identify_refuse('there is a newer comparison');
    END IF;
    IF step_kind IN ('notice', 'announcement') AND EXISTS (
        SELECT FROM identify_objection o WHERE o.case_id = c.id
        AND NOT EXISTS (SELECT FROM identify_objectionanswer a WHERE a.objection_id = o.id)) THEN
        PERFORM identify_refuse('an objection is not answered, or is right');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER act_honest BEFORE INSERT ON identify_caseact FOR EACH ROW EXECUTE FUNCTION identify_act_honest();
"""

BESIDE = """
CREATE FUNCTION identify_paper_added_fits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM identify_case c JOIN identify_steprule s USING (procedure, edition, step)
        WHERE c.id = NEW.case_id AND c.ended = '' AND NEW.paper = ANY (s.papers)) THEN
        PERFORM identify_refuse('this step wants no such paper');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_added_fits BEFORE INSERT ON identify_casepaper
    FOR EACH ROW EXECUTE FUNCTION identify_paper_added_fits();

-- who took the village's steps of a case is whom an objection is raised against
CREATE FUNCTION identify_objection_answered_by_another() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM identify_objection o JOIN identify_case c ON c.id = o.case_id
        JOIN identify_caseact a ON a.case_id = c.id
        JOIN identify_steprule s ON s.procedure = c.procedure AND s.edition = c.edition AND s.step = a.step
        WHERE o.id = NEW.objection_id AND s.level = 'village' AND a.by_id = NEW.by_id) THEN
        PERFORM identify_refuse('not by whoever took the steps that are objected to');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER objection_answered_by_another BEFORE INSERT ON identify_objectionanswer
    FOR EACH ROW EXECUTE FUNCTION identify_objection_answered_by_another();
"""

# 0011's draw, but for its seed: random() follows setseed() of the same session
BESIDE_BEFORE = importlib.import_module("fupin.identify.migrations.0011_beside_cases")
BEGIN = BESIDE_BEFORE.SAMPLES.index("CREATE FUNCTION fupin_draw_sample(")
DRAW = BESIDE_BEFORE.SAMPLES[BEGIN:].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
OLD_SEED = "floor(random() * 2147483647)::integer"
NEW_SEED = "('x' || left(gen_random_uuid()::text, 7))::bit(28)::integer"
DRAWN = DRAW.replace(OLD_SEED, NEW_SEED)
if DRAWN == DRAW:
    raise ValueError(OLD_SEED)

UNHOSTILE = """
DROP TRIGGER objection_answered_by_another ON identify_objectionanswer;
DROP TRIGGER paper_added_fits ON identify_casepaper;
DROP TRIGGER act_honest ON identify_caseact;
DROP TRIGGER case_begins_fits ON identify_case;
DROP FUNCTION identify_objection_answered_by_another, identify_paper_added_fits, identify_act_honest,
    identify_case_begins_fits;
"""


class Migration(migrations.Migration):
    dependencies = [("identify", "0021_closed_ways")]
    operations = [
        migrations.RunSQL(COLUMNS, UNCOLUMNS),
        migrations.RunSQL(BEGINS + ACTS + BESIDE, UNHOSTILE),
        migrations.RunSQL(DRAWN, DRAW),
    ]
