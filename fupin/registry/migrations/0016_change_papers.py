"""Papers of changes: only ever added to, to a change that the account sees, in its own name; traced (files by paper)."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)
GUARD = f"""
CREATE POLICY registry_changefile_scope ON registry_changefile USING ({IN_SCOPE});
ALTER TABLE registry_changefile ENABLE ROW LEVEL SECURITY;
CREATE POLICY registry_changepaper_scope ON registry_changepaper USING ({IN_SCOPE});
ALTER TABLE registry_changepaper ENABLE ROW LEVEL SECURITY;
"""
ONLY_ADDED = """
DO $$
DECLARE
    holder record;
BEGIN
    FOR holder IN
        SELECT DISTINCT c.oid::regclass AS guarded, quote_ident(pg_get_userbyid(a.grantee)) AS name
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid IN ('registry_changefile'::regclass, 'registry_changepaper'::regclass)
          AND a.grantee NOT IN (c.relowner, 0)
    LOOP
        -- not TRUNCATE, which the app has in tests alone, to clean up after those that commit
        EXECUTE format('REVOKE UPDATE, DELETE, REFERENCES, TRIGGER ON %s FROM %s', holder.guarded, holder.name);
    END LOOP;
END $$;
CREATE FUNCTION registry_change_paper_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM registry_change c WHERE c.id = NEW.change_id AND c.village_code = NEW.village_code)
       OR NEW.file_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM registry_changefile f WHERE f.mark = NEW.file_id AND f.village_code = NEW.village_code) THEN
        RAISE EXCEPTION 'fupin: a paper of another village than its change' USING ERRCODE = 'check_violation';
    END IF;
    NEW.at := clock_timestamp();
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER change_paper_added BEFORE INSERT ON registry_changepaper
    FOR EACH ROW EXECUTE FUNCTION registry_change_paper_added();
ALTER TABLE registry_changepaper ENABLE ALWAYS TRIGGER change_paper_added;
"""
TRACE = "SELECT fupin_trace('registry_changepaper', '{change_id,id}')"


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0015_batches_proved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeFile",
            fields=[
                ("mark", models.UUIDField(primary_key=True, serialize=False)),
                ("village_code", models.CharField(db_collation="C", max_length=12)),
                ("name", models.CharField(max_length=120)),
                ("media", models.CharField(max_length=40)),
                ("size", models.IntegerField()),
                ("sha256", models.CharField(db_collation="C", max_length=64)),
                ("content", models.BinaryField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="ChangePaper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("village_code", models.CharField(db_collation="C", max_length=12)),
                ("paper", models.CharField(db_collation="C", max_length=40)),
                ("kept_at", models.CharField(blank=True, max_length=80)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="papers", to="registry.registrychange"
                    ),
                ),
                (
                    "file",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="paper",
                        to="registry.changefile",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("file__isnull", False), models.Q(("kept_at", ""), _negated=True), _connector="OR"
                        ),
                        name="change_paper_is_somewhere",
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        migrations.RunSQL(ONLY_ADDED, "DROP FUNCTION registry_change_paper_added() CASCADE"),
        migrations.RunSQL(TRACE, migrations.RunSQL.noop),
    ]
