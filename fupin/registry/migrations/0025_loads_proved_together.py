"""What a load of many households asked row by row is asked of all its rows at once; the guard is not weaker.

Whether this transaction is a load is asked once a statement. Its new households are then decided, as before; its periods
are those of households that this very transaction brought in, by one question for all rows of the statement. Where a
single one is of any other household, every row is asked for by itself, as before.
"""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FUNCTION = "registry_state_is_decided()"
#: what the function says, what it says from now on
REWRITTEN = (
    (
        "    culprit text;\n",
        """    culprit text;
    loading boolean := EXISTS (SELECT FROM registry_change c
        WHERE c.txid = pg_current_xact_id_if_assigned()::text::bigint AND c.kind = 'load');
""",
    ),
    (
        "        WHERE n.state <> '9' AND (n.household_id,",
        "        WHERE NOT loading AND n.state <> '9' AND (n.household_id,",
    ),
    (
        "    ELSIF TG_OP = 'INSERT' THEN\n",
        """    ELSIF TG_OP = 'INSERT' AND loading THEN
        -- EXCEPT hashes or sorts; a join might be nested: of tables just filled the planner knows nothing
        IF EXISTS (
            SELECT household_id FROM new_rows EXCEPT
            SELECT h.household_id FROM registry_household h WHERE h.recorded_from = transaction_timestamp() AND h.version = 1
        ) THEN
            SELECT n.household_id INTO culprit FROM new_rows n
            WHERE registry_period_untold(n.household_id, n.id, NULL, to_jsonb(n)) LIMIT 1;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
""",
    ),
)


def rewrite(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    _each(editor, list(REWRITTEN))


def put_back(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    _each(editor, [(new, old) for old, new in reversed(REWRITTEN)])


def _each(editor: BaseDatabaseSchemaEditor, words: list[tuple[str, str]]) -> None:
    """In the function as it stands."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regprocedure)", [FUNCTION])
        text = cursor.fetchone()[0]
        for old, new in words:
            if text.count(old) != 1:
                raise LookupError(f"{FUNCTION} does not say {old!r} once")
            text = text.replace(old, new)
        cursor.execute(text)


class Migration(migrations.Migration):
    dependencies = [("registry", "0024_helpers_stay_inside")]
    operations = [migrations.RunPython(rewrite, put_back)]
