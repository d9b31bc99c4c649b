"""Periods of states are written as the log tells them, row by row, or not at all.

Before, any row of a kind that may touch periods was enough, whatever it told: an empty ``merge`` of a household, and its
whole past could be written anew. Now every period that is written, cut or removed must stand in the log of the same
transaction as it is written; each kind does to periods only what its verb does; of a period that is there only the end
changes; and the open one has the household's state.
"""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: ``was``/``becomes``: the period before and after, null where there is none
UNTOLD = """
CREATE FUNCTION registry_period_untold(home text, period bigint, was jsonb, becomes jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine bigint := pg_current_xact_id_if_assigned()::text::bigint;
    key text := 'state/' || period;
    opens boolean := becomes ->> 'valid_to' IS NULL AND becomes IS NOT NULL;
    wanted jsonb := CASE WHEN becomes IS NULL THEN 'null'
        WHEN was IS NULL THEN jsonb_strip_nulls(becomes - 'recorded_from')
        ELSE jsonb_build_object('valid_to', becomes -> 'valid_to') END;
BEGIN
    IF was IS NULL AND EXISTS (SELECT FROM registry_change c WHERE c.txid = mine AND c.kind = 'load') AND EXISTS (
        -- of a household that this very transaction brought in
        SELECT FROM registry_household h WHERE h.household_id = home
        AND h.recorded_from = transaction_timestamp() AND h.version = 1
    ) THEN
        RETURN false;
    END IF;
    IF was - '{valid_to,recorded_from}'::text[] <> becomes - '{valid_to,recorded_from}'::text[] THEN
        RETURN true;
    END IF;
    IF opens AND NOT EXISTS (
        SELECT FROM registry_household h WHERE h.household_id = home AND h.state = becomes ->> 'state'
    ) THEN
        RETURN true;
    END IF;
    RETURN NOT EXISTS (
        SELECT FROM (  -- OFFSET 0: the household's indexes, whatever the planner thinks of a table just filled
            (SELECT * FROM registry_change WHERE household_id = home OFFSET 0)
            UNION ALL
            (SELECT * FROM registry_change WHERE other_id = home OFFSET 0)
        ) c
        WHERE c.txid = mine AND wanted = CASE  -- an added row is told without what is not set
            WHEN was IS NULL THEN jsonb_strip_nulls(c.after -> 'rows' -> key) ELSE c.after -> 'rows' -> key END
          AND CASE
            WHEN c.kind IN ('merge', 'end_household') THEN was ->> 'valid_to' IS NULL AND was IS NOT NULL AND NOT opens
            WHEN c.kind IN ('split', 'new_household') THEN was IS NULL AND opens
            WHEN c.kind IN ('entry', 'exit', 'return', 'correct_entry', 'correct_exit') THEN was IS NOT NULL OR opens
            WHEN c.kind = 'reverse' THEN c.after -> 'rows' -> key = (
                SELECT u.before -> 'rows' -> key FROM registry_change u WHERE u.id = c.reverses_id)
            ELSE c.kind = 'import'
          END
    );
END $$;
REVOKE ALL ON FUNCTION registry_period_untold(text, bigint, jsonb, jsonb) FROM PUBLIC;
"""
#: what registry_state_is_decided() said of periods, and says from now on
REWRITTEN = (
    (
        """    ELSIF TG_OP = 'INSERT' THEN  -- periods of households that this very transaction brought in may come with a load
        SELECT n.household_id INTO culprit FROM new_rows n
        WHERE registry_undecided(n.household_id, NULL, EXISTS (
            SELECT FROM registry_household h WHERE h.household_id = n.household_id
            AND h.recorded_from = transaction_timestamp() AND h.version = 1)) LIMIT 1;
    ELSE""",
        """    ELSIF TG_OP = 'INSERT' THEN
        SELECT n.household_id INTO culprit FROM new_rows n
        WHERE registry_period_untold(n.household_id, n.id, NULL, to_jsonb(n)) LIMIT 1;
    ELSIF TG_OP = 'UPDATE' THEN  -- one whose number changes is gone, and that is not told
        SELECT o.household_id INTO culprit FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id
        WHERE registry_period_untold(o.household_id, o.id, to_jsonb(o), to_jsonb(n)) LIMIT 1;
    ELSE""",
    ),
    (
        "WHERE registry_undecided(o.household_id, NULL, false) LIMIT 1;",
        "WHERE registry_period_untold(o.household_id, o.id, to_jsonb(o), NULL) LIMIT 1;",
    ),
)


def rewrite(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    _each(editor, list(REWRITTEN))


def put_back(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    _each(editor, [(new, old) for old, new in REWRITTEN])


def _each(editor: BaseDatabaseSchemaEditor, words: list[tuple[str, str]]) -> None:
    """In the function as it stands."""
    with editor.connection.cursor() as cursor:
        for old, new in words:
            cursor.execute("SELECT pg_get_functiondef('registry_state_is_decided()'::regprocedure)")
            text = cursor.fetchone()[0]
            if text.count(old) != 1:
                raise LookupError(f"registry_state_is_decided() does not say {old!r} once")
            cursor.execute(text.replace(old, new))


class Migration(migrations.Migration):
    dependencies = [("registry", "0024_helpers_stay_inside")]
    operations = [
        migrations.RunSQL(UNTOLD, "DROP FUNCTION registry_period_untold(text, bigint, jsonb, jsonb)"),
        migrations.RunPython(rewrite, put_back),
    ]
