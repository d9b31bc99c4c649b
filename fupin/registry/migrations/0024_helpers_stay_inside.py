"""Nobody draws a helper of another place into his own scope to read about him: who is paired is seen already, or new."""

from django.db import migrations

STAYS = """
CREATE FUNCTION registry_helper_stays_inside() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    scope text := fupin_scope();
BEGIN
    IF scope IS NULL THEN  -- the owner, who loads; the app's login without a scope writes no pairing anyway
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM registry_helping g WHERE g.helper_id = NEW.helper_id)
       AND NOT EXISTS (SELECT FROM registry_helping g JOIN registry_household h USING (household_id)
                       WHERE g.helper_id = NEW.helper_id AND starts_with(h.village_code, scope)) THEN
        RAISE EXCEPTION 'fupin: no such helper' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER helper_stays_inside BEFORE INSERT OR UPDATE OF helper_id ON registry_helping
    FOR EACH ROW EXECUTE FUNCTION registry_helper_stays_inside();
"""
UNSTAYS = """
DROP TRIGGER helper_stays_inside ON registry_helping;
DROP FUNCTION registry_helper_stays_inside;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0020_health_closed")]
    operations = [migrations.RunSQL(STAYS, UNSTAYS)]
