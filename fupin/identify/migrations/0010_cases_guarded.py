"""The course of a case is kept by the database: whatever the app's login writes, a case moves by a fitting act alone.

The app may add cases, acts, papers, notices, answers; it changes and deletes none. A case begins at the first step; an
act is taken by an account of the step's level, fits the step, and to pass it everything is there that the procedure
demands (``identify_steprule``, written from the catalogue by the owner). The day is the database's own. The pure
functions in ``cases/course.py`` say the same in words before; a test holds the two together.
"""

from django.db import migrations

IN_SCOPE = (
    "CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)
GUARDED = (
    "case", "caseact", "casepaper", "casefile", "notice", "bulkcase", "samplecheck", "objection", "objectionanswer",
    "monitored",
)  # fmt: skip
ONLY_READ = ("monitored", "objection")
ONLY_ADDED = (
    "case",
    "caseact",
    "casepaper",
    "casefile",
    "notice",
    "bulk",
    "bulkcase",
    "samplecheck",
    "objectionanswer",
)

RULES = """
CREATE TABLE identify_steprule (
    procedure text COLLATE "C" NOT NULL, step text COLLATE "C" NOT NULL, place smallint NOT NULL, kind text NOT NULL,
    level text NOT NULL, papers text[] NOT NULL, signatures text[] NOT NULL, outcomes text[] NOT NULL,
    returns_to text[] NOT NULL, following text NOT NULL, lasts text NOT NULL, begins_in text[] NOT NULL,
    ends_in text NOT NULL, kinds text[] NOT NULL, follows text NOT NULL, not_before text NOT NULL,
    PRIMARY KEY (procedure, step)
);
CREATE TABLE identify_standarditem (
    standards text COLLATE "C" NOT NULL, item text COLLATE "C" NOT NULL, PRIMARY KEY (standards, item)
);
CREATE TABLE identify_datedparameter (
    name text COLLATE "C" NOT NULL, region text COLLATE "C" NOT NULL, since date NOT NULL, value numeric NOT NULL,
    PRIMARY KEY (name, region, since)
);
SELECT fupin_only_read(one) FROM unnest(ARRAY[
    'identify_steprule', 'identify_standarditem', 'identify_datedparameter'
]::regclass[]) one;
"""

ONLY_ADD = """
CREATE FUNCTION fupin_only_add(guarded regclass, lost text DEFAULT 'UPDATE, DELETE') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    holder record;
BEGIN
    FOR holder IN
        SELECT DISTINCT quote_ident(pg_get_userbyid(acl.grantee)) AS name FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.oid = guarded AND acl.grantee NOT IN (c.relowner, 0)
    LOOP
        -- not TRUNCATE, which the app has in tests alone, to clean up after those that commit
        EXECUTE format('REVOKE %s, REFERENCES, TRIGGER ON %s FROM %s', lost, guarded, holder.name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION fupin_only_add FROM PUBLIC;
"""


def rights() -> str:
    named = [("read", one) for one in ONLY_READ] + [("add", one) for one in ONLY_ADDED]
    lost = {"read": ", 'INSERT, UPDATE, DELETE'", "add": ""}
    return "".join(f"SELECT fupin_only_add('identify_{one}'{lost[what]});" for what, one in named)


TRACE = """
SELECT fupin_trace('identify_case', '{household_id,id}'),
       fupin_trace('identify_caseact', '{case_id,id}'),
       fupin_trace('identify_casepaper', '{case_id,id}'),
       fupin_trace('identify_notice', '{code}'),
       fupin_trace('identify_bulk', '{id}'),
       fupin_trace('identify_samplecheck', '{bulk_case_id}'),
       fupin_trace('identify_objection', '{case_id,id}', '{body,contact,receipt}'),
       fupin_trace('identify_objectionanswer', '{objection_id}', '{answer}'),
       fupin_trace('identify_monitored', '{household_id,id}');
"""

COUNTING = """
-- the day on which a deed is done here: notices hang in China
CREATE FUNCTION fupin_today() RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date;

-- the value of the nearest region that has one, the newest; null when nothing holds
CREATE FUNCTION fupin_parameter(wanted text, place text, on_day date) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN (SELECT p.value FROM identify_datedparameter p
        WHERE p.name = wanted AND p.since <= on_day AND starts_with(place, p.region)
        ORDER BY length(p.region) DESC, p.since DESC LIMIT 1);

-- whose turn: only an account of that level; for a village also its town, which enters for it
CREATE FUNCTION identify_is_level(level text, scope text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN length(scope) = ANY (CASE level WHEN 'village' THEN '{12,9}' WHEN 'town' THEN '{9}' ELSE '{6}' END::int[]);

CREATE FUNCTION identify_refuse(what text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'fupin: %', what USING ERRCODE = 'check_violation';
END $$;
"""

BEGINS = """
CREATE FUNCTION identify_case_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    rule identify_steprule;
    home record;
    scope text := fupin_scope();
BEGIN
    SELECT * INTO rule FROM identify_steprule s WHERE s.procedure = NEW.procedure AND s.place = 0;
    IF NOT FOUND THEN PERFORM identify_refuse('no such procedure'); END IF;
    SELECT h.village_code, h.state INTO home FROM registry_household h WHERE h.household_id = NEW.household_id;
    IF NOT FOUND OR scope IS NULL OR NOT starts_with(home.village_code, scope) THEN
        RAISE EXCEPTION 'fupin: no such household' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT identify_is_level(rule.level, scope) AND NOT identify_is_level('county', scope) THEN
        PERFORM identify_refuse('a case is opened by the village, its town or its county');
    END IF;
    IF NOT home.state = ANY (rule.begins_in) THEN PERFORM identify_refuse('not for a household in this state'); END IF;
    IF NOT (CASE WHEN cardinality(rule.kinds) = 0 THEN NEW.kind = '' ELSE NEW.kind = ANY (rule.kinds) END) THEN
        PERFORM identify_refuse('no such kind');
    END IF;
    IF rule.follows <> '' AND NOT EXISTS (
        SELECT FROM identify_monitored m WHERE m.household_id = NEW.household_id AND m.until IS NULL) THEN
        PERFORM identify_refuse('the household is not under monitoring');
    END IF;
    IF rule.kinds <> '{}' AND EXISTS (
        SELECT FROM identify_monitored m WHERE m.household_id = NEW.household_id AND m.until IS NULL) THEN
        PERFORM identify_refuse('the household is under monitoring already');
    END IF;
    IF EXISTS (SELECT FROM identify_steprule s WHERE s.procedure = NEW.procedure AND s.kind = 'standards')
       <> EXISTS (SELECT FROM identify_standarditem i WHERE i.standards = NEW.standards) THEN
        PERFORM identify_refuse('no such list of standards');
    END IF;
    NEW.village_code := home.village_code;
    NEW.step := rule.step;
    NEW.opened_on := fupin_today();
    NEW.opened_at := clock_timestamp();
    NEW.opened_by_id := coalesce(fupin_actor(), NEW.opened_by_id);
    NEW.entered_on := NEW.opened_on;
    NEW.entered_at := NEW.opened_at;
    NEW.hung_on := NULL;
    NEW.ended := '';
    NEW.ended_on := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER case_begins BEFORE INSERT ON identify_case FOR EACH ROW EXECUTE FUNCTION identify_case_begins();
"""

# what keeps an act from passing the step where the case stands; null when nothing does
BLOCKED = """
CREATE FUNCTION identify_blocked(c identify_case, act identify_caseact, rule identify_steprule) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    today date := fupin_today();
    last date;
BEGIN
    IF EXISTS (SELECT FROM unnest(rule.papers) wanted WHERE NOT EXISTS (
        SELECT FROM identify_casepaper p
        WHERE p.case_id = c.id AND p.step = c.step AND p.paper = wanted AND p.at >= c.entered_at)) THEN
        RETURN 'a paper is missing';
    END IF;
    IF EXISTS (SELECT FROM unnest(rule.signatures) wanted
               WHERE btrim(coalesce(act.signatures ->> wanted, '')) = '') THEN
        RETURN 'a signature is missing';
    END IF;
    IF rule.kind = 'votes' THEN
        IF act.present IS NULL OR act.eligible IS NULL OR act.yes IS NULL OR act.no IS NULL THEN
            RETURN 'no votes';
        ELSIF 100 * act.present < fupin_parameter('meeting_share', c.village_code, today) * act.eligible THEN
            RETURN 'too few present';
        ELSIF 100 * act.yes <= fupin_parameter('meeting_majority', c.village_code, today) * act.present THEN
            RETURN 'no majority';
        END IF;
    ELSIF rule.kind = 'comparison' THEN
        IF NOT EXISTS (SELECT FROM identify_householdindex i
                       WHERE i.run_id = act.run AND i.household_id = c.household_id) THEN
            RETURN 'not compared';
        END IF;
    ELSIF rule.kind = 'standards' THEN
        IF EXISTS (SELECT FROM identify_standarditem i WHERE i.standards = c.standards
                   AND act.standards -> i.item -> 'met' IS DISTINCT FROM 'true'::jsonb) THEN
            RETURN 'a standard is not met';
        END IF;
    ELSIF rule.kind IN ('notice', 'announcement') THEN
        SELECT max(n.last_day) INTO last FROM identify_caseact a JOIN identify_notice n ON n.code = a.notice_id
        WHERE a.case_id = c.id AND a.step = c.step AND a.outcome = 'hang' AND a.taken_at >= c.entered_at;
        IF c.hung_on IS NULL OR last IS NULL THEN
            RETURN 'the notice does not hang';
        ELSIF today <= last THEN
            RETURN 'the notice still hangs';
        ELSIF EXISTS (SELECT FROM identify_objection o LEFT JOIN identify_objectionanswer a ON a.objection_id = o.id
                      WHERE o.case_id = c.id AND o.step = c.step AND o.at >= c.entered_at
                      AND a.upheld IS DISTINCT FROM false) THEN
            RETURN 'an objection is not answered, or is right';
        END IF;
    ELSIF rule.kind = 'decision' AND act.bulk_id IS NOT NULL THEN
        IF NOT EXISTS (SELECT FROM identify_bulk b JOIN identify_bulkcase x ON x.bulk_id = b.id
                       WHERE b.id = act.bulk_id AND b.by_id = act.by_id AND b.seed IS NOT NULL
                       AND x.case_id = c.id AND b.procedure = c.procedure AND b.step = c.step)
           OR EXISTS (SELECT FROM identify_bulkcase x LEFT JOIN identify_samplecheck k ON k.bulk_case_id = x.id
                      WHERE x.bulk_id = act.bulk_id AND x.sampled AND k.sound IS DISTINCT FROM true) THEN
            RETURN 'the sample of the bulk decision is not checked';
        END IF;
    END IF;
    IF rule.following = '' THEN
        RETURN identify_end_blocked(c, rule, today);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION identify_end_blocked(c identify_case, rule identify_steprule, today date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM registry_household h
                   WHERE h.household_id = c.household_id AND h.state = ANY (rule.begins_in)) THEN
        RETURN 'the state of the household has changed meanwhile';
    END IF;
    IF rule.follows <> '' AND NOT EXISTS (
        SELECT FROM identify_monitored m WHERE m.household_id = c.household_id AND m.until IS NULL
        AND (rule.not_before = '' OR today >= m.since + make_interval(
            months => fupin_parameter(rule.not_before, c.village_code, m.since)::int))) THEN
        RETURN 'too early after the recognition';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION identify_blocked, identify_end_blocked FROM PUBLIC;
"""

MOVES = """
CREATE FUNCTION identify_act_taken() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c identify_case;
    rule identify_steprule;
    scope text := fupin_scope();
    moment timestamptz := clock_timestamp();
    why text;
BEGIN
    SELECT * INTO c FROM identify_case WHERE id = NEW.case_id FOR UPDATE;
    IF NOT FOUND OR scope IS NULL OR NOT starts_with(c.village_code, scope) THEN
        RAISE EXCEPTION 'fupin: no such case' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF c.step <> NEW.step OR c.ended <> '' THEN PERFORM identify_refuse('the case does not stand there'); END IF;
    SELECT * INTO rule FROM identify_steprule s WHERE s.procedure = c.procedure AND s.step = c.step;
    IF NOT FOUND THEN PERFORM identify_refuse('no such step'); END IF;
    IF NOT identify_is_level(rule.level, scope) THEN PERFORM identify_refuse('this step is not of your level'); END IF;
    IF NOT NEW.outcome = ANY (rule.outcomes) THEN PERFORM identify_refuse('no such outcome of this step'); END IF;
    NEW.village_code := c.village_code;
    NEW.taken_at := moment;
    NEW.taken_on := fupin_today();
    NEW.by_id := coalesce(fupin_actor(), NEW.by_id);
    IF NEW.held_on > NEW.taken_on THEN PERFORM identify_refuse('held in the future'); END IF;
    IF (NEW.outcome = 'return') <> (NEW.returned_to <> '')
       OR NEW.returned_to <> '' AND NOT NEW.returned_to = ANY (rule.returns_to) THEN
        PERFORM identify_refuse('not back to there');
    END IF;
    IF (NEW.outcome = 'hang') <> (NEW.notice_id IS NOT NULL) OR NEW.bulk_id IS NOT NULL AND NEW.outcome <> 'pass' THEN
        PERFORM identify_refuse('an act of another kind');
    END IF;
    IF NEW.outcome = 'hang' THEN
        IF c.hung_on IS NOT NULL OR NOT EXISTS (
            SELECT FROM identify_notice n WHERE n.code = NEW.notice_id AND n.procedure = c.procedure
            AND n.step = c.step AND n.village_code = c.village_code AND n.hung_on = NEW.taken_on
            AND n.last_day >= n.hung_on + fupin_parameter(rule.lasts, c.village_code, n.hung_on)::int) THEN
            PERFORM identify_refuse('not this notice, or shorter than it must hang');
        END IF;
        UPDATE identify_case SET hung_on = NEW.taken_on, due_on = NEW.next_due WHERE id = c.id;
        RETURN NEW;
    END IF;
    IF NEW.outcome = 'pass' THEN
        why := identify_blocked(c, NEW, rule);
        IF why IS NOT NULL THEN PERFORM identify_refuse(why); END IF;
    END IF;
    UPDATE identify_case SET
        step = CASE NEW.outcome WHEN 'pass' THEN rule.following ELSE NEW.returned_to END,
        entered_on = NEW.taken_on, entered_at = moment, hung_on = NULL, due_on = NEW.next_due,
        ended = CASE WHEN NEW.outcome = 'refuse' THEN 'refused' WHEN NEW.outcome = 'withdraw' THEN 'withdrawn'
                     WHEN NEW.outcome = 'pass' AND rule.following = '' THEN 'passed' ELSE '' END,
        ended_on = CASE WHEN NEW.outcome IN ('refuse', 'withdraw') OR NEW.outcome = 'pass' AND rule.following = ''
                        THEN NEW.taken_on END
    WHERE id = c.id;
    IF NEW.outcome = 'pass' AND rule.following = '' THEN
        IF rule.kinds <> '{}' THEN
            INSERT INTO identify_monitored (household_id, village_code, kind, since, case_id)
            VALUES (c.household_id, c.village_code, c.kind, NEW.taken_on, c.id);
        ELSIF rule.follows <> '' THEN
            UPDATE identify_monitored SET until = NEW.taken_on, removal_id = c.id
            WHERE household_id = c.household_id AND until IS NULL;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER act_taken BEFORE INSERT ON identify_caseact FOR EACH ROW EXECUTE FUNCTION identify_act_taken();
"""

NOTHING = migrations.RunSQL.noop
STATEMENTS = (
    (RULES, "DROP TABLE identify_steprule, identify_standarditem, identify_datedparameter;"),
    (ONLY_ADD, "DROP FUNCTION fupin_only_add;"),
    (rights(), NOTHING),  # the tables themselves go next
    (TRACE, NOTHING),
    (COUNTING, "DROP FUNCTION fupin_today, fupin_parameter, identify_is_level, identify_refuse;"),
    (BEGINS, "DROP TRIGGER case_begins ON identify_case; DROP FUNCTION identify_case_begins;"),
    (BLOCKED, "DROP FUNCTION identify_blocked, identify_end_blocked;"),
    (MOVES, "DROP TRIGGER act_taken ON identify_caseact; DROP FUNCTION identify_act_taken;"),
)


def guard(table: str, condition: str = IN_SCOPE) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE POLICY {table}_scope ON {table} USING ({condition}); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; DROP POLICY {table}_scope ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("identify", "0009_cases"), ("accounts", "0007_trail"), ("registry", "0005_lake_version")]
    operations = [
        *(guard(f"identify_{table}") for table in GUARDED),
        guard("identify_bulk", IN_SCOPE.replace("village_code", "region")),
        *(migrations.RunSQL(make, unmake) for make, unmake in STATEMENTS),
    ]
