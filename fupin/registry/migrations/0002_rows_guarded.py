"""The database itself keeps households outside the scope from the app's login (row-level security).

A household lies in its village; what hangs on a household is seen with it; a person is seen with the household that he
belongs to now. A ticket opens the scope of one transaction (``accounts/0006_rows_guarded``); without one these tables
look empty. The scope is asked in sub-selects, so that it is worked out once a statement. The CASE hides the range
from the planner on purpose: it cannot know how narrow it is, takes it for one in two hundred, and then sorts a city
where an index in the right order was at hand (145 ms against 1). Our own queries say the range again, with values.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from fupin.registry.views import drop_persons_view, make_persons_view

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)
OF_HOUSEHOLD = "EXISTS (SELECT FROM registry_household h WHERE h.household_id = {table}.household_id)"
MEMBER_NOW = (
    "EXISTS (SELECT FROM registry_membership m WHERE m.person_id = registry_person.person_id AND m.valid_to IS NULL)"
)
HANGING = ("registry_householdstate", "registry_membership", "registry_survey", "registry_ledgerentry")

GUARD_MOVES = """
-- A person who belongs or belonged to a household elsewhere cannot be drawn into the own scope by a row of membership.
CREATE FUNCTION registry_membership_stays_inside() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    scope text := fupin_scope();
BEGIN
    IF scope = '' OR pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NULL;
    END IF;
    IF scope IS NULL OR EXISTS (
        SELECT FROM fresh
        JOIN registry_membership m ON m.person_id = fresh.person_id
        JOIN registry_household h ON h.household_id = m.household_id
        WHERE NOT starts_with(h.village_code, scope)
    ) THEN
        RAISE EXCEPTION 'fupin: a member of a household outside the scope' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER membership_added_inside AFTER INSERT ON registry_membership
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION registry_membership_stays_inside();
CREATE TRIGGER membership_changed_inside AFTER UPDATE ON registry_membership
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION registry_membership_stays_inside();
"""
UNGUARD_MOVES = """
DROP TRIGGER membership_changed_inside ON registry_membership;
DROP TRIGGER membership_added_inside ON registry_membership;
DROP FUNCTION registry_membership_stays_inside();
"""


def guard(table: str, condition: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE POLICY {table}_scope ON {table} USING ({condition}); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; DROP POLICY {table}_scope ON {table};",
    )


#: whoever has a scope may write a new person down; who is seen is decided by the membership that follows
NEW_PERSON = migrations.RunSQL(
    "CREATE POLICY registry_person_new ON registry_person FOR INSERT WITH CHECK ((SELECT fupin_scope()) IS NOT NULL);",
    "DROP POLICY registry_person_new ON registry_person;",
)


def make(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        make_persons_view(cursor, key="t.lake_key", guarded=False)


def drop(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        drop_persons_view(cursor)


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial"), ("accounts", "0006_rows_guarded")]
    operations = [
        guard("registry_household", IN_SCOPE),
        *(guard(table, OF_HOUSEHOLD.format(table=table)) for table in HANGING),
        guard("registry_person", MEMBER_NOW),
        NEW_PERSON,
        migrations.RunSQL(GUARD_MOVES, UNGUARD_MOVES),
        migrations.RunPython(make, drop),
    ]
