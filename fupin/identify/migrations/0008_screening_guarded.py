"""Hits, answers and exemptions are seen by whoever sees the village; what people decide leaves a trail."""

from django.db import migrations

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)
TABLES = ("identify_screenhit", "identify_screenanswer", "identify_screenexemption")
TRACE = """
SELECT fupin_trace('identify_screening', '{id}', '{}', '{progress,step}'),
       fupin_trace('identify_screenanswer', '{rule,object_id,id}'),
       fupin_trace('identify_screenexemption', '{rule,object_id,id}');
"""


def guard(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE POLICY {table}_scope ON {table} USING ({IN_SCOPE}); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; DROP POLICY {table}_scope ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("identify", "0007_screening"), ("accounts", "0007_trail")]
    operations = [*(guard(table) for table in TABLES), migrations.RunSQL(TRACE, migrations.RunSQL.noop)]
