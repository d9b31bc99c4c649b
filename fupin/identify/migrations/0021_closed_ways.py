"""Three ways around a procedure are closed: a household that has ended, a sample drawn again, a sample of a former round.

Each by a trigger of its own beside those that move a case; by its name ``act_checked`` runs before ``act_taken``.
"""

from django.db import migrations

ENDED = """
CREATE FUNCTION identify_household_lives() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM registry_household h
               WHERE h.household_id = NEW.household_id AND h.ended_on IS NOT NULL) THEN
        PERFORM identify_refuse('the household has ended');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_of_the_living BEFORE INSERT ON identify_case
    FOR EACH ROW EXECUTE FUNCTION identify_household_lives();

-- a household under way, or under monitoring, does not end meanwhile: neither would ever be finished
CREATE FUNCTION identify_nothing_under_way() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM identify_case c WHERE c.household_id = NEW.household_id AND c.ended = '')
       OR EXISTS (SELECT FROM identify_monitored m WHERE m.household_id = NEW.household_id AND m.until IS NULL) THEN
        PERFORM identify_refuse('the household has a case under way, or is under monitoring');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER change_leaves_no_case BEFORE INSERT ON registry_change FOR EACH ROW
    WHEN (NEW.kind IN ('merge', 'end_household')) EXECUTE FUNCTION identify_nothing_under_way();
"""

SAMPLES = """
-- A case stands on one list until that is decided. When its sample was found unsound, the others may come onto a new
-- one; what was found unsound is decided by itself.
CREATE FUNCTION identify_bulk_case_once() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    begun timestamptz := (SELECT c.entered_at FROM identify_case c WHERE c.id = NEW.case_id);
BEGIN
    IF EXISTS (SELECT FROM identify_bulkcase x JOIN identify_bulk b ON b.id = x.bulk_id
               JOIN identify_samplecheck k ON k.bulk_case_id = x.id
               WHERE x.case_id = NEW.case_id AND b.at >= begun AND NOT k.sound) THEN
        PERFORM identify_refuse('a case was found unsound: it is decided by itself');
    END IF;
    IF EXISTS (SELECT FROM identify_bulkcase x JOIN identify_bulk b ON b.id = x.bulk_id
               WHERE x.case_id = NEW.case_id AND b.at >= begun AND b.id <> NEW.bulk_id AND b.seed IS NOT NULL
               AND NOT EXISTS (SELECT FROM identify_bulkcase y JOIN identify_samplecheck k ON k.bulk_case_id = y.id
                               WHERE y.bulk_id = b.id AND NOT k.sound)) THEN
        PERFORM identify_refuse('a case is on another list whose sample is drawn');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bulk_case_once BEFORE INSERT ON identify_bulkcase
    FOR EACH ROW EXECUTE FUNCTION identify_bulk_case_once();

CREATE FUNCTION identify_act_checked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c identify_case;
BEGIN
    SELECT * INTO c FROM identify_case WHERE id = NEW.case_id;
    IF NEW.outcome = 'pass' AND EXISTS (
        SELECT FROM registry_household h WHERE h.household_id = c.household_id AND h.ended_on IS NOT NULL) THEN
        PERFORM identify_refuse('the household has ended');
    END IF;
    IF NEW.bulk_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM identify_bulk b WHERE b.id = NEW.bulk_id AND b.at >= c.entered_at) THEN
        PERFORM identify_refuse('the sample is of a former round');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER act_checked BEFORE INSERT ON identify_caseact FOR EACH ROW EXECUTE FUNCTION identify_act_checked();
"""
UNENDED = """
DROP TRIGGER change_leaves_no_case ON registry_change;
DROP TRIGGER case_of_the_living ON identify_case;
DROP FUNCTION identify_nothing_under_way, identify_household_lives;
"""
UNSAMPLES = """
DROP TRIGGER act_checked ON identify_caseact;
DROP TRIGGER bulk_case_once ON identify_bulkcase;
DROP FUNCTION identify_act_checked, identify_bulk_case_once;
"""


class Migration(migrations.Migration):
    dependencies = [("identify", "0020_applications_guarded"), ("registry", "0014_dossiers_guarded")]
    operations = [migrations.RunSQL(ENDED, UNENDED), migrations.RunSQL(SAMPLES, UNSAMPLES)]
