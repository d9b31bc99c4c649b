"""What a load of many households asked row by row is asked of all its rows at once; the guard is not weaker.

Whether this transaction is a load is asked once a statement. Its new households are then decided, as before; its periods
are those of households that this very transaction brought in, by one question for all rows of the statement. Where a
single one is of any other household, every row is asked for by itself, as before.
"""

from django.db import migrations

from fupin.registry.functions import reworded

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


class Migration(migrations.Migration):
    dependencies = [("registry", "0024_helpers_stay_inside")]
    operations = [reworded(*((FUNCTION, *words) for words in REWRITTEN))]
