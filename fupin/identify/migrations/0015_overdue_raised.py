"""What is overdue is raised: once for each step and case, to the region that has to act, later to the one above.

So that it cannot be talked away, the last day in time is the database's own: it knows the days that each step may take
and which days are worked on (``identify_calendarday``, the published exceptions), both written from the catalogue by
the owner. What the app sends as ``due_on`` or ``next_due`` is not looked at.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

TABLES = """
ALTER TABLE identify_steprule
    ADD within_days text NOT NULL DEFAULT '', ADD within_count text NOT NULL DEFAULT '',
    ADD whole_days text NOT NULL DEFAULT '', ADD whole_count text NOT NULL DEFAULT '';
CREATE TABLE identify_overduerule (
    procedure text COLLATE "C" NOT NULL, receiver text COLLATE "C" NOT NULL CHECK (receiver IN ('turn', 'above')),
    after numeric NOT NULL CHECK (after >= 0), PRIMARY KEY (procedure, receiver)
);
-- working days at a week's end and holidays on others; Monday to Friday need no row
CREATE TABLE identify_calendarday (day date PRIMARY KEY, working boolean NOT NULL);
SELECT fupin_only_read(one) FROM unnest(ARRAY['identify_overduerule', 'identify_calendarday']::regclass[]) one;
"""

DUE = """
CREATE FUNCTION fupin_due(since date, days integer, counting text) RETURNS date
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found date := since;
    left_over integer := days;
BEGIN
    IF counting = 'calendar' THEN RETURN since + days; END IF;
    WHILE left_over > 0 LOOP
        found := found + 1;
        IF coalesce((SELECT c.working FROM identify_calendarday c WHERE c.day = found),
                    extract(isodow FROM found) < 6) THEN
            left_over := left_over - 1;
        END IF;
    END LOOP;
    RETURN found;
END $$;

-- the last day in time for a step that begins: its own, or that of the whole procedure when it is nearer; null = none
CREATE FUNCTION identify_due(rule identify_steprule, since date, opened date, village text) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN least(
    CASE WHEN rule.within_days <> '' THEN
        fupin_due(since, fupin_parameter(rule.within_days, village, since)::int, rule.within_count) END,
    CASE WHEN rule.whole_days <> '' THEN
        fupin_due(opened, fupin_parameter(rule.whole_days, village, opened)::int, rule.whole_count) END);

-- these two stand beside case_begins and act_taken, and by their names run after the one and before the other
CREATE FUNCTION identify_case_begins_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    rule identify_steprule;
BEGIN
    SELECT * INTO rule FROM identify_steprule s WHERE s.procedure = NEW.procedure AND s.step = NEW.step;
    NEW.due_on := identify_due(rule, NEW.entered_on, NEW.opened_on, NEW.village_code);
    RETURN NEW;
END $$;
CREATE TRIGGER case_begins_due BEFORE INSERT ON identify_case
    FOR EACH ROW EXECUTE FUNCTION identify_case_begins_due();

CREATE FUNCTION identify_act_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c identify_case;
    rule identify_steprule;
BEGIN
    SELECT * INTO c FROM identify_case WHERE id = NEW.case_id;
    NEW.next_due := NULL;
    IF NEW.outcome = 'hang' THEN
        NEW.next_due := c.due_on;
    ELSIF NEW.outcome IN ('pass', 'return') THEN
        SELECT s.* INTO rule FROM identify_steprule s WHERE s.procedure = c.procedure AND s.step =
            CASE NEW.outcome WHEN 'return' THEN NEW.returned_to ELSE (
                SELECT f.following FROM identify_steprule f WHERE f.procedure = c.procedure AND f.step = c.step) END;
        IF FOUND THEN NEW.next_due := identify_due(rule, fupin_today(), c.opened_on, c.village_code); END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER act_due BEFORE INSERT ON identify_caseact FOR EACH ROW EXECUTE FUNCTION identify_act_due();

CREATE FUNCTION identify_objection_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.due_on := fupin_due(
        fupin_today(), fupin_parameter('answer_objection_days', NEW.village_code, fupin_today())::int, 'working');
    RETURN NEW;
END $$;
CREATE TRIGGER objection_due BEFORE INSERT ON identify_objection
    FOR EACH ROW EXECUTE FUNCTION identify_objection_due();
"""

RAISED = """
-- the smallest region of at most so many digits in which somebody can act; the place itself where nobody can
CREATE FUNCTION identify_receiver(village text, most integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
RETURN coalesce(
    (SELECT u.region FROM accounts_user u
     WHERE u.is_active AND (u.ends_on IS NULL OR u.ends_on >= fupin_today()) AND u.role IN ('office', 'cadre')
     AND u.region <> '' AND length(u.region) <= most AND starts_with(village, u.region)
     ORDER BY length(u.region) DESC LIMIT 1),
    left(village, (SELECT max(digits) FROM unnest('{2,4,6,9,12}'::int[]) digits WHERE digits <= most)));

-- raises what is overdue and was not raised for this step yet; how many. Anybody may ask for it: it does what is due.
CREATE FUNCTION fupin_raise_overdue() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made integer;
BEGIN
    WITH late AS MATERIALIZED (
        SELECT c.id, c.village_code, c.step, c.entered_at, c.due_on, o.receiver,
               CASE s.level WHEN 'village' THEN 12 WHEN 'town' THEN 9 ELSE 6 END AS digits
        FROM identify_case c
        JOIN identify_steprule s ON s.procedure = c.procedure AND s.step = c.step
        JOIN identify_overduerule o ON o.procedure = c.procedure
        WHERE c.ended = '' AND c.due_on < fupin_today()
        AND NOT EXISTS (SELECT FROM identify_reminder r WHERE r.case_id = c.id AND r.entered_at = c.entered_at
                        AND r.receiver = o.receiver)
        AND fupin_today() > fupin_due(c.due_on, ceil(o.after * CASE WHEN s.within_days <> ''
            THEN fupin_parameter(s.within_days, c.village_code, c.entered_on)
            ELSE fupin_parameter(s.whole_days, c.village_code, c.opened_on) END)::int,
            CASE WHEN s.within_days <> '' THEN s.within_count ELSE s.whole_count END)
    ), turn AS (SELECT l.*, identify_receiver(l.village_code, l.digits) AS acting FROM late l)
    INSERT INTO identify_reminder (case_id, village_code, step, entered_at, receiver, region, due_on, raised_on, at)
    SELECT t.id, t.village_code, t.step, t.entered_at, t.receiver,
           CASE t.receiver WHEN 'turn' THEN t.acting
                ELSE identify_receiver(t.village_code, greatest(length(t.acting) - 1, 2)) END,
           t.due_on, fupin_today(), clock_timestamp()
    FROM turn t ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;
"""

UNDUE = """
DROP TRIGGER objection_due ON identify_objection;
DROP TRIGGER act_due ON identify_caseact;
DROP TRIGGER case_begins_due ON identify_case;
DROP FUNCTION identify_objection_due, identify_act_due, identify_case_begins_due, identify_due, fupin_due;
"""
UNTABLES = """
DROP TABLE identify_overduerule, identify_calendarday;
ALTER TABLE identify_steprule DROP within_days, DROP within_count, DROP whole_days, DROP whole_count;
"""
CLOSED = """
CREATE POLICY identify_reminder_scope ON identify_reminder USING (
    CASE WHEN village_code >= (SELECT fupin_scope()) AND village_code < (SELECT fupin_scope()) || ':'
    THEN true ELSE false END);
ALTER TABLE identify_reminder ENABLE ROW LEVEL SECURITY;
SELECT fupin_only_add('identify_reminder', 'INSERT, UPDATE, DELETE'),
       fupin_trace('identify_reminder', '{case_id,id}');
"""


class Migration(migrations.Migration):
    dependencies = [("identify", "0013_finding_verdicts")]
    operations = [
        migrations.AddIndex(  # each act of a bulk decision asks for its sample: not from the whole list
            model_name="bulkcase",
            index=models.Index(fields=["bulk"], name="bulk_sampled", condition=models.Q(sampled=True)),
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("working", models.BooleanField()),
            ],
            options={"db_table": "identify_calendarday", "managed": False},
        ),
        migrations.CreateModel(
            name="OverdueRule",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "procedure", "receiver", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("procedure", models.CharField(db_collation="C", max_length=20)),
                ("receiver", models.CharField(db_collation="C", max_length=5)),
                ("after", models.DecimalField(decimal_places=2, max_digits=6)),
            ],
            options={"db_table": "identify_overduerule", "managed": False},
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("village_code", models.CharField(db_collation="C", max_length=12)),
                ("step", models.CharField(db_collation="C", max_length=20)),
                ("entered_at", models.DateTimeField()),
                ("receiver", models.CharField(max_length=5)),
                ("region", models.CharField(db_collation="C", max_length=12)),
                ("due_on", models.DateField()),
                ("raised_on", models.DateField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminders",
                        to="identify.case",
                    ),
                ),
            ],
            options={
                "ordering": ["due_on", "pk"],
                "indexes": [models.Index(fields=["region"], name="reminder_region")],
                "constraints": [
                    models.UniqueConstraint(fields=("case", "entered_at", "receiver"), name="reminded_once")
                ],
            },
        ),
        migrations.RunSQL(CLOSED, migrations.RunSQL.noop),
        migrations.RunSQL(TABLES, UNTABLES),
        migrations.RunSQL(DUE, UNDUE),
        migrations.RunSQL(RAISED, "DROP FUNCTION fupin_raise_overdue, identify_receiver;"),
    ]
