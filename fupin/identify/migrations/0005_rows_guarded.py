"""Results of single households are seen by whoever sees the household (row-level security, as in the registry)."""

from django.db import migrations

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)
TABLES = ("identify_householdindex", "identify_finding")


def guard(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE POLICY {table}_scope ON {table} USING ({IN_SCOPE}); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; DROP POLICY {table}_scope ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("identify", "0004_finding_order"), ("accounts", "0006_rows_guarded")]
    operations = [guard(table) for table in TABLES]
