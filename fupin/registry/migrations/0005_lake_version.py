"""Versions of the lake key: a person has the hash in use and, while a rotation goes on, the next one.

The snapshot's view gives the hash under the version in use. As with the other hashes, a rotation leaves no entry in the
trail for every person: the number is traced, what is derived from it is not.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from fupin.registry.views import make_persons_view

CLOSE = """
DO $$
DECLARE
    login text;
BEGIN
    FOR login IN
        SELECT DISTINCT quote_ident(pg_get_userbyid(a.grantee)) FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = 'registry_lakeversion'::regclass AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, REFERENCES, TRIGGER ON registry_lakeversion FROM %s', login);
    END LOOP;
END $$;
SELECT fupin_trace('registry_lakeversion', '{id}');
"""
TRACE = """
SELECT fupin_trace('registry_person', '{person_id}', '{}',
                   '{id_hint,id_lookup,id_tail4,id_tail6,lookup_key,initials,lake_key,lake_key_id,lake_former}');
"""
#: not Django's db_default: that asks the value back, and a person who was just written is in nobody's scope yet
DEFAULT = "ALTER TABLE registry_person ALTER lake_key_id SET DEFAULT 'l1'"
AS_BEFORE = """
SELECT fupin_trace('registry_person', '{person_id}', '{}', '{id_hint,id_lookup,id_tail4,id_tail6,lookup_key,initials}');
"""


def make(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        make_persons_view(cursor, guarded=False)


def make_as_before(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        make_persons_view(cursor, key="t.lake_key", guarded=False)


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_traced")]
    operations = [
        migrations.CreateModel(
            name="LakeVersion",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=8)),
                ("since", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_lake_version")],
            },
        ),
        migrations.AddField("person", "lake_former", models.BinaryField(null=True)),
        migrations.AddField("person", "lake_key_id", models.CharField(db_collation="C", default="l1", max_length=8)),
        migrations.RunSQL(DEFAULT, migrations.RunSQL.noop),
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
        migrations.RunSQL(TRACE, AS_BEFORE),
        migrations.RunPython(make, make_as_before),
    ]
