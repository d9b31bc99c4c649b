"""Who sees a village sees its form, team and projects; who sees a household its helpers. All of it leaves a trail.

A helper is seen with any household that he helps or helped in the scope; whoever has a scope may write a new one down.
His phone lies in the closed table like a household's: it comes out against a deed, to whom he is seen by.
"""

from __future__ import annotations

from django.db import migrations

from fupin.registry.functions import reworded

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)
OF_HOUSEHOLD = "EXISTS (SELECT FROM registry_household h WHERE h.household_id = registry_helping.household_id)"
HELPS_SOMEBODY = "EXISTS (SELECT FROM registry_helping g WHERE g.helper_id = registry_helper.helper_id)"
TRACE = """
SELECT fupin_trace('registry_helper', '{helper_id}', '{}', '{phone_hint}'),
       fupin_trace('registry_helping', '{household_id,helper_id,id}'),
       fupin_trace('registry_villageyear', '{village_code,year}'),
       fupin_trace('registry_teammember', '{village_code,id}'),
       fupin_trace('registry_villageproject', '{village_code,id}');
"""
NEW_HELPER = migrations.RunSQL(
    "CREATE POLICY registry_helper_new ON registry_helper FOR INSERT WITH CHECK ((SELECT fupin_scope()) IS NOT NULL);",
    "DROP POLICY registry_helper_new ON registry_helper;",
)
#: Texts have no ranges that this server could index, but a number drawn from both has: two pairings that are not the
#: same would have to share 63 bits of it.
NOT_TWICE = migrations.RunSQL(
    """
    CREATE FUNCTION registry_pair_number(household text, helper text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
        SELECT hashtextextended(household || '/' || helper, 0) >> 1
    $$;
    ALTER TABLE registry_helping ADD CONSTRAINT helping_not_twice_at_a_time EXCLUDE USING gist (
        int8range(registry_pair_number(household_id, helper_id), registry_pair_number(household_id, helper_id), '[]')
            WITH &&,
        daterange(since, until, '[]') WITH &&
    );
    """,
    """
    ALTER TABLE registry_helping DROP CONSTRAINT helping_not_twice_at_a_time;
    DROP FUNCTION registry_pair_number(text, text);
    """,
)
OPEN = "ELSIF deed.object_kind = 'household' THEN"
OPEN_HELPER = """ELSIF deed.object_kind = 'helper' THEN
        SELECT h.village_code INTO village FROM registry_helping g JOIN registry_household h USING (household_id)
        WHERE g.helper_id = deed.object_id AND starts_with(h.village_code, fupin_scope()) LIMIT 1;
    """
TABLES = "'registry_ledgerentry'"


def guard(table: str, condition: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE POLICY {table}_scope ON {table} USING ({condition}); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; DROP POLICY {table}_scope ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("registry", "0013_dossiers"), ("accounts", "0007_trail")]
    operations = [
        *(
            guard(table, IN_SCOPE)
            for table in ("registry_villageyear", "registry_teammember", "registry_villageproject")
        ),
        guard("registry_helping", OF_HOUSEHOLD),
        guard("registry_helper", HELPS_SOMEBODY),
        NEW_HELPER,
        NOT_TWICE,
        migrations.RunSQL(TRACE, migrations.RunSQL.noop),
        # a household's trail shows its helpers, a helper's phone can be opened
        reworded(
            ("fupin_trail_of_household(text, integer)", TABLES, f"{TABLES}, 'registry_helping'"),
            ("fupin_open_value(bigint)", OPEN, OPEN_HELPER + OPEN),
        ),
    ]
