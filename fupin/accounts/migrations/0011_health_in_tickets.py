"""A ticket says whether its scope may read coded health facts of persons, and the opened scope keeps it, sealed.

It stands behind the region in the ticket (``3301+h``) and, as the sign between seal and body, in what the transaction
notes: ``+`` instead of ``|``. The sign is part of what is sealed, so that nobody turns the one into the other.
"""

from django.db import migrations

OPEN = r"""
CREATE OR REPLACE FUNCTION fupin_open(claim text, proof bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key bytea := (SELECT secret FROM accounts_ticketkey);
    parts text[] := string_to_array(claim, '|');
    sign text := CASE WHEN right(parts[4], 2) = '+h' THEN '+' ELSE '|' END;
    body text;
BEGIN
    IF key IS NULL OR proof IS NULL OR proof <> fupin_mac(key, 'ticket|' || claim) THEN
        RAISE EXCEPTION 'fupin: this ticket is not ours' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF parts[1]::int <> pg_backend_pid()
       OR abs(extract(epoch FROM clock_timestamp()) - parts[2]::bigint) > 300 THEN
        RAISE EXCEPTION 'fupin: this ticket is of another connection or too old'
            USING ERRCODE = 'insufficient_privilege', HINT = 'compare the clocks of the two machines';
    END IF;
    body := concat_ws('|', parts[3], CASE sign WHEN '+' THEN left(parts[4], -2) ELSE parts[4] END,
                      array_to_string(parts[5:], '|'));
    PERFORM set_config('fupin.scope', encode(fupin_mac(key, 'open' || sign || fupin_here() || '|' || body), 'hex')
                       || sign || body, true);
END $$;

CREATE OR REPLACE FUNCTION fupin_opened() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said text := current_setting('fupin.scope', true);
    body text;
BEGIN
    IF said IS NULL OR length(said) < 66 OR substr(said, 65, 1) NOT IN ('|', '+') THEN RETURN NULL; END IF;
    body := substr(said, 66);
    IF left(said, 64) <> encode(fupin_mac((SELECT secret FROM accounts_ticketkey),
                                          'open' || substr(said, 65, 1) || fupin_here() || '|' || body), 'hex') THEN
        RETURN NULL;
    END IF;
    RETURN body;
END $$;

-- whoever signs in as the owner of the tables is asked for no scope
CREATE FUNCTION fupin_owns() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN pg_has_role(session_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = 'accounts_ticketkey'::regclass),
                   'USAGE');

-- whether the scope of this transaction may read coded health facts
CREATE FUNCTION fupin_sees_health() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN fupin_owns() OR (fupin_opened() IS NOT NULL AND substr(current_setting('fupin.scope', true), 65, 1) = '+');

-- Of these columns the app reads none by itself any more: others of the table it reads as before, and it still writes
-- all. A migration that adds a column to the table calls it again: a new column is not readable before.
CREATE FUNCTION fupin_close_columns(guarded regclass, closed text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    holder record;
    open_ones text := (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = guarded AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attname = ANY (closed));
BEGIN
    FOR holder IN
        SELECT DISTINCT quote_ident(pg_get_userbyid(acl.grantee)) AS name FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.oid = guarded AND acl.grantee NOT IN (c.relowner, 0)
    LOOP
        EXECUTE format('REVOKE SELECT ON %s FROM %s', guarded, holder.name);
        EXECUTE format('GRANT SELECT (%s) ON %s TO %s', open_ones, guarded, holder.name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION fupin_close_columns(regclass, text[]) FROM PUBLIC;
"""
UNOPEN = """
DROP FUNCTION fupin_close_columns(regclass, text[]);
DROP FUNCTION fupin_sees_health();
DROP FUNCTION fupin_owns();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_government_identity")]
    operations = [migrations.RunSQL(OPEN, UNOPEN)]
