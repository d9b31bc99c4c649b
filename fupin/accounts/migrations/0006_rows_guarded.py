"""Tickets that open a scope for one transaction; what the policies of other apps ask.

``fupin_open(claim, proof)`` believes a claim only with a proof made under the key in ``accounts_ticketkey``, which
nobody but the owner reads. It notes the scope in a setting of the transaction, sealed with the same key together with
the connection and the beginning of the transaction: a setting that somebody writes himself, or keeps for the next
transaction or another connection, is not believed.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from fupin.accounts import acting

MAKE = r"""
CREATE TABLE accounts_ticketkey (
    id smallint PRIMARY KEY CHECK (id = 1),
    secret bytea NOT NULL CHECK (length(secret) = 32)
);

CREATE FUNCTION fupin_mac(secret bytea, message text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN sha256(secret || sha256(secret || convert_to(message, 'UTF8')));
REVOKE ALL ON FUNCTION fupin_mac FROM PUBLIC;

-- what belongs to this transaction of this connection and to no other
CREATE FUNCTION fupin_here() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN pg_backend_pid()::text || '|' || (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint::text;

CREATE FUNCTION fupin_open(claim text, proof bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key bytea := (SELECT secret FROM accounts_ticketkey);
    parts text[] := string_to_array(claim, '|');
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
    body := concat_ws('|', parts[3], parts[4], array_to_string(parts[5:], '|'));
    PERFORM set_config('fupin.scope', encode(fupin_mac(key, 'open|' || fupin_here() || '|' || body), 'hex')
                       || '|' || body, true);
END $$;

CREATE FUNCTION fupin_close() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT set_config('fupin.scope', '', true); END;

-- user|prefix|origin as opened in this transaction; null for none and for what somebody wrote himself
CREATE FUNCTION fupin_opened() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said text := current_setting('fupin.scope', true);
    body text;
BEGIN
    IF said IS NULL OR length(said) < 66 THEN RETURN NULL; END IF;
    body := substr(said, 66);
    IF left(said, 64) <> encode(
        fupin_mac((SELECT secret FROM accounts_ticketkey), 'open|' || fupin_here() || '|' || body), 'hex') THEN
        RETURN NULL;
    END IF;
    RETURN body;
END $$;

-- the account whose scope this is; null for none and for the platform itself
CREATE FUNCTION fupin_actor() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN nullif(split_part(fupin_opened(), '|', 1), '')::bigint;

CREATE FUNCTION fupin_origin() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN split_part(fupin_opened(), '|', 3);

-- the prefix of the region codes in scope ('' = all of them); null for none
CREATE FUNCTION fupin_scope() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN nullif(split_part(fupin_opened(), '|', 2), '-');

CREATE FUNCTION fupin_close_to_app(guarded regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    holder record;
BEGIN
    FOR holder IN
        SELECT DISTINCT acl.grantee FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.oid = guarded AND acl.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', guarded,
                       CASE holder.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(holder.grantee)) END);
    END LOOP;
END $$;
-- views that belong to the owner pass by the policies: the app reads through them and never writes
CREATE FUNCTION fupin_only_read(guarded regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    holder record;
BEGIN
    FOR holder IN
        SELECT DISTINCT quote_ident(pg_get_userbyid(acl.grantee)) AS name FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.oid = guarded AND acl.grantee NOT IN (c.relowner, 0)
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', guarded, holder.name);
        EXECUTE format('GRANT SELECT ON %s TO %s', guarded, holder.name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION fupin_close_to_app, fupin_only_read FROM PUBLIC;
SELECT fupin_close_to_app('accounts_ticketkey');
"""
UNMAKE = """
DROP FUNCTION fupin_only_read, fupin_close_to_app, fupin_scope, fupin_origin, fupin_actor, fupin_opened, fupin_close, fupin_open,
    fupin_here, fupin_mac;
DROP TABLE accounts_ticketkey;
"""


def tell_key(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    acting.install_ticket_key(editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_handed_down")]
    operations = [
        migrations.RunSQL(MAKE, UNMAKE),
        migrations.RunPython(tell_key, migrations.RunPython.noop),
    ]
