"""What a batch of a ledger asked row by row is asked of all its rows at once; no guard is weaker.

Stamps: a row of the log that already says this moment and this transaction is not stamped again (the writer of a batch
says both; whoever says anything else is stamped as before). States: households and periods that the log names are found
by one hashed question; only those that are left are asked for one by one, as before. And the second index of each
primary key for LIKE goes: in the collation "C" the key itself serves prefixes, and nothing asks LIKE.
"""

from django.db import migrations

from fupin.registry.functions import reworded

STAMP = """
DROP TRIGGER change_stamp_batch ON registry_change;
CREATE TRIGGER change_stamp_batch BEFORE INSERT ON registry_change
    FOR EACH ROW WHEN (NEW.batch IS NOT NULL{unless}) EXECUTE FUNCTION registry_change_stamp_batch();
ALTER TABLE registry_change ENABLE ALWAYS TRIGGER change_stamp_batch;
"""
UNLESS = """ AND (NEW.recorded_at IS DISTINCT FROM transaction_timestamp()
        OR NEW.txid IS DISTINCT FROM pg_current_xact_id()::text::bigint)"""

NAMED = """(
            SELECT {columns} FROM registry_change c
            WHERE c.txid = pg_current_xact_id_if_assigned()::text::bigint AND c.batch IS NOT NULL AND c.kind = 'import'
              AND c.person_id IS NULL AND c.household_id IS NOT NULL{more})"""
WITH_STATE = NAMED.format(
    columns="c.household_id, c.after ->> 'state', c.village_code", more=" AND c.after ->> 'state' IS NOT NULL"
)
ANY = NAMED.format(columns="c.household_id", more="")
FUNCTION = "registry_state_is_decided()"
#: what the function says, what it says from now on
REWRITTEN = (
    (
        "WHERE n.state <> '9' AND registry_",
        f"WHERE n.state <> '9' AND (n.household_id, n.state, n.village_code) NOT IN {WITH_STATE}\n          AND registry_",
    ),
    (
        "WHERE registry_undecided(n.household_id, NULL, EXISTS (",
        f"WHERE n.household_id NOT IN {ANY}\n          AND registry_undecided(n.household_id, NULL, EXISTS (",
    ),
)
UNDOUBLED = r"""
DO $$
DECLARE twin text;
BEGIN
    FOR twin IN
        SELECT indexname FROM pg_indexes
        WHERE schemaname = 'public' AND tablename IN ('registry_household', 'registry_person') AND indexname LIKE '%\_like'
    LOOP
        EXECUTE format('DROP INDEX %I', twin);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0018_values_replaced")]
    operations = [
        migrations.RunSQL(STAMP.format(unless=UNLESS), STAMP.format(unless="")),
        reworded(*((FUNCTION, *words) for words in REWRITTEN)),
        migrations.RunSQL(UNDOUBLED, migrations.RunSQL.noop),
    ]
