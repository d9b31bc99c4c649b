"""An ID number is corrected or given later, and every number that somebody ever had stays, closed.

The closed table keeps one number a person, the present one; the former ones lie beside it, as closed, under the mark
that the log names (``id_mark``; 0 for the first). ``fupin_put_number`` moves them, for a change in the log of the same
transaction alone; ``fupin_open_former`` gives a former one out against a committed deed that names the change.
"""

from django.db import migrations, models
from django.db.models.functions import Now

CLOSED = """
DO $$
DECLARE
    holder record;
BEGIN
    FOR holder IN
        SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS name
        FROM pg_class c, LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        WHERE c.oid = 'registry_formernumber'::regclass AND a.grantee <> c.relowner
    LOOP
        -- not TRUNCATE, which the app has in tests alone, to clean up after those that commit
        EXECUTE format('REVOKE SELECT, INSERT, UPDATE, DELETE, REFERENCES, TRIGGER ON registry_formernumber FROM %s',
                       holder.name);
    END LOOP;
END $$;
CREATE SEQUENCE registry_number_mark;
SELECT fupin_keep_versions('registry_person', 'person_id',
    '{pinyin,initials,id_hint,id_lookup,id_tail4,id_tail6,lookup_key,lake_key,lake_key_id,lake_former,
      id_length,id_check_ok,id_birth_agrees,id_birth_judged,id_sex,id_region_ok}', true);
"""
FUNCTIONS = """
-- cipher null: the number of that mark comes back, or none where there was none
CREATE FUNCTION fupin_put_number(wanted text, new_mark bigint, new_cipher bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    place text := 'person/' || wanted;
    put bytea := new_cipher;
BEGIN
    IF NOT EXISTS (
        SELECT FROM registry_change c
        WHERE c.person_id = wanted AND c.txid = pg_current_xact_id()::text::bigint
          AND c.after -> 'rows' -> place ? 'id_mark'
          AND (c.after -> 'rows' -> place ->> 'id_mark')::bigint IS NOT DISTINCT FROM new_mark
    ) THEN
        RAISE EXCEPTION 'fupin: the number of % changes without a change in the log', wanted
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM registry_formernumber WHERE person_id = wanted) THEN
        INSERT INTO registry_formernumber (person_id, mark, cipher, key)
        SELECT record, 0, cipher, key FROM registry_sealedvalue
        WHERE kind = 'person' AND record = wanted AND field = 'id_number';
    END IF;
    DELETE FROM registry_sealedvalue WHERE kind = 'person' AND record = wanted AND field = 'id_number';
    IF put IS NULL THEN
        SELECT cipher INTO put FROM registry_formernumber WHERE person_id = wanted AND mark = coalesce(new_mark, 0);
    ELSE
        INSERT INTO registry_formernumber (person_id, mark, cipher, key)
        VALUES (wanted, new_mark, put, convert_from(substring(put FROM 2 FOR get_byte(put, 0)), 'UTF8'));
    END IF;
    IF put IS NOT NULL THEN
        INSERT INTO registry_sealedvalue (kind, record, field, cipher, key)
        VALUES ('person', wanted, 'id_number', put, convert_from(substring(put FROM 2 FOR get_byte(put, 0)), 'UTF8'));
    END IF;
END $$;

-- the number that the change replaced
CREATE FUNCTION fupin_open_former(receipt bigint) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    deed record;
    undone record;
    upper_half bigint := (pg_snapshot_xmax(pg_current_snapshot())::text::bigint >> 32) << 32;
BEGIN
    SELECT d.*, upper_half + d.xmin::text::bigint AS written_by INTO deed FROM accounts_deed d WHERE d.id = receipt;
    IF deed.id IS NULL OR deed.verb <> 'reveal_id' OR deed.object_kind <> 'person'
        OR deed.by_id IS DISTINCT FROM fupin_actor()
        OR deed.at NOT BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() + interval '5 seconds'
        OR length(btrim(deed.reason)) < 4
        OR pg_xact_status(deed.written_by::text::xid8) IS DISTINCT FROM 'committed'
    THEN
        RETURN NULL;
    END IF;
    SELECT c.person_id, c.village_code, c.before -> 'rows' -> ('person/' || c.person_id) ->> 'id_mark' AS mark
    INTO undone FROM registry_change c
    WHERE c.id = (deed.detail ->> 'change')::bigint
      AND c.after -> 'rows' -> ('person/' || c.person_id) ? 'id_mark';
    IF undone.person_id IS DISTINCT FROM deed.object_id
        OR NOT coalesce(starts_with(undone.village_code, fupin_scope()), false) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT f.cipher FROM registry_formernumber f
            WHERE f.person_id = undone.person_id AND f.mark = coalesce(undone.mark::bigint, 0));
END $$;
"""
UNDO = """
DROP FUNCTION fupin_open_former(bigint);
DROP FUNCTION fupin_put_number(text, bigint, bytea);
"""
UNCLOSED = "DROP SEQUENCE registry_number_mark;"


class Migration(migrations.Migration):
    dependencies = [("registry", "0016_change_papers")]
    operations = [
        migrations.AddField("person", "id_mark", models.BigIntegerField(null=True)),
        migrations.CreateModel(
            name="FormerNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.CharField(db_collation="C", max_length=26)),
                ("mark", models.BigIntegerField()),
                ("cipher", models.BinaryField()),
                ("key", models.CharField(db_collation="C", max_length=8)),
                ("written_at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("person_id", "mark"), name="one_former_number_of_a_mark")
                ]
            },
        ),
        migrations.RunSQL(CLOSED, UNCLOSED),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
