"""A sample is looked into by somebody else than who decides: of the same office, or of one above it.

Who began a list decides it (0010), so it is enough that he looks into no case of it. What was looked into before this
migration stays as it was. By its name the trigger runs after ``sample_checked``, which writes down who it is.

And a sheet of paper is kept somewhere: a space is no place.
"""

from django.db import migrations

FOUR_EYES = """
CREATE FUNCTION identify_sample_checked_by_another() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    b identify_bulk;
BEGIN
    SELECT l.* INTO b FROM identify_bulk l JOIN identify_bulkcase x ON x.bulk_id = l.id WHERE x.id = NEW.bulk_case_id;
    IF b.by_id = NEW.by_id THEN
        PERFORM identify_refuse('a sample is looked into by another than who decides');
    END IF;
    IF NOT starts_with(b.region, fupin_scope()) THEN
        PERFORM identify_refuse('a sample is looked into by the office that decides, or one above it');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sample_checked_by_another BEFORE INSERT ON identify_samplecheck
    FOR EACH ROW EXECUTE FUNCTION identify_sample_checked_by_another();
"""
SOMEWHERE = """
CREATE FUNCTION identify_paper_is_somewhere() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.file_id IS NULL AND btrim(NEW.kept_at) = '' THEN
        PERFORM identify_refuse('a paper that is nowhere');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_is_somewhere BEFORE INSERT ON identify_casepaper
    FOR EACH ROW EXECUTE FUNCTION identify_paper_is_somewhere();
"""
UNSOMEWHERE = """
DROP TRIGGER paper_is_somewhere ON identify_casepaper;
DROP FUNCTION identify_paper_is_somewhere;
"""
UNFOUR = """
DROP TRIGGER sample_checked_by_another ON identify_samplecheck;
DROP FUNCTION identify_sample_checked_by_another;
"""


class Migration(migrations.Migration):
    dependencies = [("identify", "0023_at_once")]
    operations = [migrations.RunSQL(FOUR_EYES, UNFOUR), migrations.RunSQL(SOMEWHERE, UNSOMEWHERE)]
