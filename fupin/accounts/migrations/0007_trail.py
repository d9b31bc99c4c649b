"""数过留痕: every change of a traced table leaves an entry in a table that is closed to the app, written by triggers.

See ``docs/decisions/0012-trail.md``. One line in a migration traces another table::

    SELECT fupin_trace('registry_person', key => '{person_id}', hidden => '{}', quiet => '{}')

``key`` names the columns that say which record it is (joined by "/"); ``hidden`` columns appear as a hash only (binary
ones always do); a change of ``quiet`` columns alone is no entry. Columns added later are traced by themselves, but a new
secret wants the line again.
"""

from django.db import migrations

TABLES = """
CREATE TABLE accounts_trail (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    at timestamptz NOT NULL,
    txid bigint NOT NULL,
    actor bigint,
    login text NOT NULL,
    origin text NOT NULL,
    why text NOT NULL,
    source text NOT NULL COLLATE "C",
    op text NOT NULL CHECK (op IN ('I', 'U', 'D', 'T', 'X')),
    key text NOT NULL COLLATE "C",
    last text COLLATE "C",
    keys text[] COLLATE "C",
    before jsonb,
    after jsonb,
    digest bytea,
    entries integer NOT NULL DEFAULT 1,
    CONSTRAINT trail_shape CHECK ((keys IS NULL) = (op IN ('I', 'U', 'D')))
);
CREATE INDEX trail_record ON accounts_trail (source, key);
CREATE INDEX trail_bulk ON accounts_trail (source, last) WHERE keys IS NOT NULL;
CREATE INDEX trail_deed ON accounts_trail (txid) WHERE source = 'accounts_deed';

CREATE TABLE accounts_seal (
    number bigint PRIMARY KEY CHECK (number > 0),
    first bigint NOT NULL,
    last bigint NOT NULL CHECK (last >= first),
    entries integer NOT NULL,
    size bigint NOT NULL,
    digest bytea NOT NULL,
    leaves bytea NOT NULL,
    previous bytea NOT NULL,
    at text NOT NULL,
    key_id text NOT NULL,
    hash bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE accounts_trailcheck (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seal bigint NOT NULL,
    entries bigint NOT NULL,
    broken_zh text NOT NULL,
    broken_en text NOT NULL
);
"""

CLOSE = """
SELECT fupin_close_to_app(one) FROM unnest(ARRAY[
    'accounts_trail', 'accounts_trail_id_seq', 'accounts_seal', 'accounts_trailcheck', 'accounts_trailcheck_id_seq'
]::regclass[]) one;
"""

HELPERS = """
CREATE FUNCTION accounts_trail_key(line jsonb, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(line ->> one.name, '/' ORDER BY one.place) FROM unnest(columns) WITH ORDINALITY one(name, place)
$$;
-- what may be kept of a row: quiet columns gone, of hidden ones only a hash, by which a change is seen
CREATE FUNCTION accounts_trail_line(line jsonb, hidden text[], quiet text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (line - quiet) || coalesce((
        SELECT jsonb_object_agg(name, 'sha256:' || left(encode(sha256(convert_to(line ->> name, 'UTF8')), 'hex'), 16))
        FROM unnest(hidden) name WHERE line ->> name IS NOT NULL
    ), '{}')
$$;
-- what of ``line`` is not the same in ``other``
CREATE FUNCTION accounts_trail_changed(line jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(line) WHERE other -> key IS DISTINCT FROM value
$$;
"""

WRITE = """
CREATE FUNCTION accounts_trail_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- a row as text is the same whatever the session likes
SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' SET extra_float_digits = 1
SET bytea_output = 'hex' AS $$
DECLARE
    many CONSTANT integer := 1000;  -- rows of one INSERT from which on they are told in chunks
    columns text[] := TG_ARGV[0];
    hidden text[] := TG_ARGV[1];
    quiet text[] := TG_ARGV[2];
    -- first of all: the sealer relies on a transaction having its number before it draws any id
    xact bigint := pg_current_xact_id()::text::bigint;
    moment timestamptz := clock_timestamp();
    opened text := public.fupin_opened();  -- user|prefix|origin, believed because the database signed it itself
    actor bigint := nullif(split_part(opened, '|', 1), '')::bigint;
    origin text := coalesce(substr(opened, length(split_part(opened, '|', 1) || split_part(opened, '|', 2)) + 3), '');
    why text := left(coalesce(current_setting('fupin.why', true), ''), 500);
    bulk text := NULL;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        bulk := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME);
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM FROM new_rows OFFSET many LIMIT 1;
        IF FOUND THEN
            bulk := 'new_rows';
        ELSE
            INSERT INTO public.accounts_trail (at, txid, actor, login, origin, why, source, op, key, after)
            SELECT moment, xact, actor, session_user, origin, why, TG_TABLE_NAME, 'I',
                   public.accounts_trail_key(to_jsonb(r), columns),
                   public.accounts_trail_line(to_jsonb(r), hidden, quiet)
            FROM new_rows r;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO public.accounts_trail (at, txid, actor, login, origin, why, source, op, key, before)
        SELECT moment, xact, actor, session_user, origin, why, TG_TABLE_NAME, 'D',
               public.accounts_trail_key(to_jsonb(r), columns),
               public.accounts_trail_line(to_jsonb(r), hidden, quiet)
        FROM old_rows r;
    ELSE
        -- a row whose key itself changed has no partner: it ended under the old key and began under the new one
        INSERT INTO public.accounts_trail (at, txid, actor, login, origin, why, source, op, key, before, after)
        SELECT moment, xact, actor, session_user, origin, why, TG_TABLE_NAME,
               CASE WHEN o.line IS NULL THEN 'I' WHEN n.line IS NULL THEN 'D' ELSE 'U' END,
               coalesce(o.key, n.key),
               public.accounts_trail_changed(o.line, n.line), public.accounts_trail_changed(n.line, o.line)
        FROM (SELECT public.accounts_trail_key(to_jsonb(r), columns) AS key,
                     public.accounts_trail_line(to_jsonb(r), hidden, quiet) AS line FROM old_rows r) o
        FULL JOIN (SELECT public.accounts_trail_key(to_jsonb(r), columns) AS key,
                          public.accounts_trail_line(to_jsonb(r), hidden, quiet) AS line FROM new_rows r) n USING (key)
        WHERE o.line IS DISTINCT FROM n.line;
    END IF;
    IF bulk IS NOT NULL THEN
        EXECUTE format($bulk$
            INSERT INTO public.accounts_trail
                (at, txid, actor, login, origin, why, source, op, key, last, keys, digest, entries)
            SELECT $1, $2, $3, session_user, $4, $5, $6, $7, min(key), max(key), array_agg(key ORDER BY place),
                   sha256(convert_to(string_agg(line, E'\\n' ORDER BY place), 'UTF8')), count(*)
            FROM (
                SELECT key, line, row_number() OVER (ORDER BY key) AS place
                FROM (SELECT concat_ws('/', %s) COLLATE "C" AS key, r::text AS line FROM %s r) k
            ) numbered
            GROUP BY (place - 1) / 4096 ORDER BY (place - 1) / 4096
            $bulk$, (SELECT string_agg(format('r.%I', name), ', ') FROM unnest(columns) name), bulk)
        USING moment, xact, actor, origin, why, TG_TABLE_NAME, CASE TG_OP WHEN 'INSERT' THEN 'X' ELSE 'T' END;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION accounts_trail_write() FROM PUBLIC;
"""

TRACE = """
CREATE FUNCTION fupin_trace(wanted regclass, key text[], hidden text[] DEFAULT '{}', quiet text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    event text;
    missing text;
    veiled text[] := hidden || ARRAY(
        SELECT attname::text FROM pg_attribute
        WHERE attrelid = wanted AND attnum > 0 AND NOT attisdropped AND atttypid = 'bytea'::regtype
    );
BEGIN
    SELECT name INTO missing FROM unnest(key || hidden || quiet) name
    WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = wanted AND attname = name AND NOT attisdropped);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'table % has no column %', wanted, missing;
    END IF;
    FOREACH event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS trail_%s ON %s', lower(event), wanted);
        EXECUTE format(
            'CREATE TRIGGER trail_%s %s %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION accounts_trail_write(%L, %L, %L)',
            lower(event),
            CASE event WHEN 'TRUNCATE' THEN 'BEFORE' ELSE 'AFTER' END,
            event,
            wanted,
            CASE event
                WHEN 'INSERT' THEN 'REFERENCING NEW TABLE AS new_rows'
                WHEN 'UPDATE' THEN 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
                WHEN 'DELETE' THEN 'REFERENCING OLD TABLE AS old_rows'
                ELSE ''
            END,
            key, veiled, quiet
        );
        -- also where session_replication_role would silence triggers
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trail_%s', wanted, lower(event));
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION fupin_trace(regclass, text[], text[], text[]) FROM PUBLIC;

SELECT fupin_trace('accounts_user', '{id}', '{password}', '{last_login}'),
       fupin_trace('accounts_apitoken', '{user_id,id}', '{}', '{last_used_at}'),
       fupin_trace('accounts_deed', '{id}'),
       fupin_trace('accounts_ticketkey', '{id}');
"""

READ = """
-- How the trail stands, for the page of the audit administrator. Counting stops at 100,000 unsealed entries.
CREATE FUNCTION fupin_trail_state() RETURNS TABLE (
    seal bigint, sealed_at text, sealed_to bigint, unsealed bigint, unsealed_since timestamptz,
    checked_at timestamptz, checked_seal bigint, checked_entries bigint, broken_zh text, broken_en text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH newest AS (SELECT s.number, s.at, s.last FROM accounts_seal s ORDER BY s.number DESC LIMIT 1),
    tail AS (
        SELECT t.at FROM accounts_trail t
        WHERE t.id > coalesce((SELECT newest.last FROM newest), 0) ORDER BY t.id LIMIT 100000
    )
    SELECT newest.number, newest.at, newest.last, (SELECT count(*) FROM tail), (SELECT min(tail.at) FROM tail),
           c.at, c.seal, c.entries, c.broken_zh, c.broken_en
    FROM (SELECT) one
    LEFT JOIN newest ON true
    LEFT JOIN (SELECT * FROM accounts_trailcheck k ORDER BY k.id DESC LIMIT 1) c ON true
$$;
-- The entries about one record of a table that is not guarded row by row; who may ask is the caller's to judge, but
-- nobody may without having opened a scope.
CREATE FUNCTION fupin_trail_about(wanted_source text, wanted_key text, most integer) RETURNS TABLE (
    id bigint, at timestamptz, txid bigint, actor bigint, login text, origin text, why text,
    source text, op text, key text, before jsonb, after jsonb, entries integer
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT t.id, t.at, t.txid, t.actor, t.login, t.origin, t.why, t.source, t.op, t.key, t.before, t.after, t.entries
    FROM accounts_trail t
    WHERE public.fupin_actor() IS NOT NULL
      AND t.source = wanted_source
      AND wanted_source IN ('accounts_user', 'exchange_delivery', 'identify_run')
      AND (t.key = wanted_key OR (t.keys @> ARRAY[wanted_key] AND t.key <= wanted_key AND t.last >= wanted_key))
    ORDER BY t.id DESC LIMIT most
$$;
"""

UNDO = """
DROP FUNCTION fupin_trail_about(text, text, integer);
DROP FUNCTION fupin_trail_state();
DROP FUNCTION fupin_trace(regclass, text[], text[], text[]);
DROP FUNCTION accounts_trail_write() CASCADE;
DROP FUNCTION accounts_trail_changed(jsonb, jsonb);
DROP FUNCTION accounts_trail_line(jsonb, text[], text[]);
DROP FUNCTION accounts_trail_key(jsonb, text[]);
DROP TABLE accounts_trailcheck;
DROP TABLE accounts_seal;
DROP TABLE accounts_trail;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_rows_guarded")]
    operations = [migrations.RunSQL(TABLES + CLOSE + HELPERS + WRITE + TRACE + READ, UNDO)]
