"""A change is of a kind that the catalogue knows, and has the papers of its kind when its transaction ends.

Until now the service alone asked for them. The kinds and their papers are written into a table by the owner at
``fupin migrate``; the app's login reads it. A paper counts as it does in the service: a file, or a place of at least two
characters where the sheet is kept. Loads, imports and reversals have none; a change that a passed case brings about has
its papers with the case, which another trigger asks for.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

TABLE = """
CREATE TABLE registry_changerule (kind text COLLATE "C" PRIMARY KEY, papers text[] NOT NULL);
SELECT fupin_only_read('registry_changerule'::regclass);
"""
WITH_PAPERS = """
CREATE FUNCTION registry_change_has_papers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted text[] := (SELECT r.papers FROM registry_changerule r WHERE r.kind = NEW.kind);
    missing text;
BEGIN
    IF wanted IS NULL THEN
        RAISE EXCEPTION 'fupin: a change of no known kind' USING ERRCODE = 'check_violation';
    END IF;
    SELECT w INTO missing FROM unnest(wanted) w WHERE NOT EXISTS (
        SELECT FROM registry_changepaper p WHERE p.change_id = NEW.id AND p.paper = w
        AND (p.file_id IS NOT NULL OR length(btrim(p.kept_at)) >= 2)) LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'fupin: a change without its paper %', missing USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER change_has_papers AFTER INSERT ON registry_change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.kind NOT IN ('load', 'import', 'reverse')) EXECUTE FUNCTION registry_change_has_papers();
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_has_papers;
"""
UNDO = """
DROP TRIGGER change_has_papers ON registry_change;
DROP FUNCTION registry_change_has_papers;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0025_loads_proved_together")]
    operations = [
        migrations.CreateModel(
            name="ChangeRule",
            fields=[
                ("kind", models.CharField(db_collation="C", max_length=20, primary_key=True, serialize=False)),
                ("papers", ArrayField(base_field=models.CharField(max_length=40), size=None)),
            ],
            options={"db_table": "registry_changerule", "managed": False},
        ),
        migrations.RunSQL(TABLE, "DROP TABLE registry_changerule;"),
        migrations.RunSQL(WITH_PAPERS, UNDO),
    ]
