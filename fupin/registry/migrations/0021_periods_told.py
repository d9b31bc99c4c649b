"""Periods of states are written as the log tells them, row by row, or not at all.

Before, any row of a kind that may touch periods was enough, whatever it told: an empty ``merge`` of a household, and its
whole past could be written anew. Now every period that is written, cut or removed must stand in the log of the same
transaction as it is written; each kind does to periods only what its verb does; of a period that is there only the end
changes; and the open one has the household's state.
"""

import importlib

from django.db import migrations

from fupin.registry.functions import reworded

NAMED = importlib.import_module("fupin.registry.migrations.0019_batches_quicker").ANY
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
#: a batch's periods at one hashed question; what is left over is asked for one by one
TOLD = """(
            SELECT c.household_id, told.key, jsonb_strip_nulls(told.value)
            FROM registry_change c
            JOIN registry_household h ON h.household_id = c.household_id,
                jsonb_each(c.after -> 'rows') told
            WHERE c.txid = pg_current_xact_id_if_assigned()::text::bigint AND c.batch IS NOT NULL AND c.kind = 'import'
              AND c.person_id IS NULL AND starts_with(told.key, 'state/')
              AND (told.value ->> 'valid_to' IS NOT NULL OR h.state = told.value ->> 'state'))"""
#: what registry_state_is_decided() said of periods, and says from now on
REWRITTEN = (
    (
        """    ELSIF TG_OP = 'INSERT' THEN  -- periods of households that this very transaction brought in may come with a load
        SELECT n.household_id INTO culprit FROM new_rows n
        WHERE n.household_id NOT IN NAMED
          AND registry_undecided(n.household_id, NULL, EXISTS (
            SELECT FROM registry_household h WHERE h.household_id = n.household_id
            AND h.recorded_from = transaction_timestamp() AND h.version = 1)) LIMIT 1;
    ELSE""".replace("NAMED", NAMED),
        """    ELSIF TG_OP = 'INSERT' THEN
        SELECT n.household_id INTO culprit FROM new_rows n
        WHERE (n.household_id, 'state/' || n.id, jsonb_strip_nulls(to_jsonb(n) - 'recorded_from')) NOT IN TOLD
          AND registry_period_untold(n.household_id, n.id, NULL, to_jsonb(n)) LIMIT 1;
    ELSIF TG_OP = 'UPDATE' THEN  -- one whose number changes is gone, and that is not told
        SELECT o.household_id INTO culprit FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id
        WHERE registry_period_untold(o.household_id, o.id, to_jsonb(o), to_jsonb(n)) LIMIT 1;
    ELSE""".replace("TOLD", TOLD),
    ),
    (
        "WHERE registry_undecided(o.household_id, NULL, false) LIMIT 1;",
        "WHERE registry_period_untold(o.household_id, o.id, to_jsonb(o), NULL) LIMIT 1;",
    ),
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0020_health_closed")]
    operations = [
        migrations.RunSQL(UNTOLD, "DROP FUNCTION registry_period_untold(text, bigint, jsonb, jsonb)"),
        reworded(*(("registry_state_is_decided()", *words) for words in REWRITTEN)),
    ]
