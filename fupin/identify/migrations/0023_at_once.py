"""Who acts on a case holds it until his transaction ends: whoever comes at the same instant waits, and then finds it moved.

Before, an act alone took the lock, and only after three triggers had looked at the case. A case could come onto two lists,
each with a sample; a case was opened for a household that was just ending; and of two procedures of one household that
ended together both took effect. By its name ``a_holds_…`` runs before every other trigger of its table, so that all of
them look at what stays as it is. The order is always the same, first the case and then its household, and cases of a list
by their numbers: nobody waits for somebody who waits for him.
"""

from django.db import migrations

HOLDS = """
CREATE FUNCTION identify_holds_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM identify_case WHERE id = NEW.case_id FOR UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER a_holds_case BEFORE INSERT ON identify_casepaper FOR EACH ROW EXECUTE FUNCTION identify_holds_case();
CREATE TRIGGER a_holds_case BEFORE INSERT ON identify_bulkcase FOR EACH ROW EXECUTE FUNCTION identify_holds_case();

-- an act that ends the case changes the household, too
CREATE FUNCTION identify_holds_case_to_act() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c identify_case;
BEGIN
    SELECT * INTO c FROM identify_case WHERE id = NEW.case_id FOR UPDATE;
    IF NEW.outcome = 'pass' AND EXISTS (
        SELECT FROM identify_steprule s WHERE s.procedure = c.procedure AND s.edition = c.edition AND s.step = c.step
        AND s.following = '') THEN
        PERFORM FROM registry_household WHERE household_id = c.household_id FOR UPDATE;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_holds_case BEFORE INSERT ON identify_caseact FOR EACH ROW EXECUTE FUNCTION identify_holds_case_to_act();

-- a case is opened for a household that neither ends nor changes its state meanwhile; others may be opened beside it
CREATE FUNCTION identify_holds_household() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'identify_case' THEN
        PERFORM FROM registry_household WHERE household_id = NEW.household_id FOR SHARE;
    ELSE
        PERFORM FROM registry_household WHERE household_id = NEW.household_id FOR UPDATE;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_holds_household BEFORE INSERT ON identify_case
    FOR EACH ROW EXECUTE FUNCTION identify_holds_household();
CREATE TRIGGER a_holds_household BEFORE INSERT ON registry_change FOR EACH ROW
    WHEN (NEW.kind IN ('merge', 'end_household')) EXECUTE FUNCTION identify_holds_household();
"""
UNHOLDS = """
DROP TRIGGER a_holds_household ON registry_change;
DROP TRIGGER a_holds_household ON identify_case;
DROP TRIGGER a_holds_case ON identify_caseact;
DROP TRIGGER a_holds_case ON identify_bulkcase;
DROP TRIGGER a_holds_case ON identify_casepaper;
DROP FUNCTION identify_holds_household, identify_holds_case_to_act, identify_holds_case;
"""


class Migration(migrations.Migration):
    dependencies = [("identify", "0022_hostile_hands")]
    operations = [migrations.RunSQL(HOLDS, UNHOLDS)]
