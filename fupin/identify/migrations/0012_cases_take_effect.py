"""A household is recognised, exits or falls back by a passed case and by nothing else; a passed case does it at once.

The registry's log of changes demands a case of these kinds; here it is proved to be passed, of that household, leading
to that state, and used once. The other way round no case can be passed without the change in the same transaction.
"""

from django.db import migrations

PROVED = """
CREATE FUNCTION identify_change_has_its_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM identify_case c JOIN identify_steprule s ON s.procedure = c.procedure AND s.place = 0
        WHERE c.id = NEW.case_id AND c.household_id = NEW.household_id AND c.ended = 'passed'
        AND s.ends_in <> '' AND s.ends_in = NEW.after ->> 'state'
        AND NEW.kind = CASE s.ends_in WHEN '0' THEN 'entry' WHEN '1' THEN 'exit' WHEN '3' THEN 'return' END
    ) OR EXISTS (SELECT FROM registry_change r WHERE r.case_id = NEW.case_id) THEN
        RAISE EXCEPTION 'fupin: a change without the passed case that it names' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER change_has_its_case BEFORE INSERT ON registry_change FOR EACH ROW
    WHEN (NEW.case_id IS NOT NULL OR NEW.kind IN ('entry', 'exit', 'return'))
    EXECUTE FUNCTION identify_change_has_its_case();

CREATE FUNCTION identify_case_took_effect() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM identify_steprule s WHERE s.procedure = NEW.procedure AND s.place = 0 AND s.ends_in <> '')
       AND NOT EXISTS (SELECT FROM registry_change r WHERE r.case_id = NEW.id) THEN
        RAISE EXCEPTION 'fupin: a passed case without its change' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER case_took_effect AFTER UPDATE ON identify_case DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.ended = 'passed' AND OLD.ended = '') EXECUTE FUNCTION identify_case_took_effect();
"""

UNPROVED = """
DROP TRIGGER case_took_effect ON identify_case;
DROP TRIGGER change_has_its_case ON registry_change;
DROP FUNCTION identify_case_took_effect, identify_change_has_its_case;
"""


class Migration(migrations.Migration):
    dependencies = [("identify", "0011_beside_cases"), ("registry", "0007_changes_guarded")]
    operations = [migrations.RunSQL(PROVED, UNPROVED)]
