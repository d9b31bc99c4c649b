"""Cases: a household's way through a procedure, the acts taken, papers, notices, objections, bulk decisions.

The app's login only adds rows: acts, papers, answers. Where a case stands is moved by the database, when it takes an
act that fits (migration 0010): neither a form nor SQL of the app can put a case where no act has led it.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

USER = settings.AUTH_USER_MODEL
OUTCOMES = ["pass", "return", "refuse", "withdraw", "hang"]


class Ended(models.TextChoices):
    PASSED = "passed", _("办结")
    REFUSED = "refused", _("不予通过")
    WITHDRAWN = "withdrawn", _("申请撤回")


class StepRule(models.Model):
    """A step of a procedure as the database demands it; written from the catalogue by the owner's login alone."""

    pk = models.CompositePrimaryKey("procedure", "edition", "step")
    procedure = models.CharField(max_length=20, db_collation="C")
    edition = models.SmallIntegerField()
    since = models.DateField(null=True)  # new cases take it from this day on; null = always
    step = models.CharField(max_length=20, db_collation="C")
    place = models.SmallIntegerField()
    kind = models.CharField(max_length=12, db_collation="C")
    level = models.CharField(max_length=8, db_collation="C")
    papers = ArrayField(models.CharField(max_length=20))
    signatures = ArrayField(models.CharField(max_length=12))
    outcomes = ArrayField(models.CharField(max_length=8))
    returns_to = ArrayField(models.CharField(max_length=20))
    following = models.CharField(max_length=20, db_collation="C", blank=True)
    lasts = models.CharField(max_length=40, db_collation="C", blank=True)
    begins_in = ArrayField(models.CharField(max_length=1))
    ends_in = models.CharField(max_length=1, blank=True)
    kinds = ArrayField(models.CharField(max_length=12))
    follows = models.CharField(max_length=20, db_collation="C", blank=True)
    not_before = models.CharField(max_length=40, db_collation="C", blank=True)
    within_days = models.CharField(max_length=40, db_collation="C", blank=True)
    within_count = models.CharField(max_length=8, db_collation="C", blank=True)
    whole_days = models.CharField(max_length=40, db_collation="C", blank=True)  # only of steps that it holds for
    whole_count = models.CharField(max_length=8, db_collation="C", blank=True)
    kind_states = models.JSONField(default=dict)  # kind → states of the household that it is only for

    class Meta:
        managed = False  # nothing of Django's may empty it: made in migration 0010
        db_table = "identify_steprule"


class OverdueRule(models.Model):
    """Whom an overdue step is raised to, after how many times its days; written by the owner's login alone."""

    pk = models.CompositePrimaryKey("procedure", "edition", "receiver")
    procedure = models.CharField(max_length=20, db_collation="C")
    edition = models.SmallIntegerField()
    receiver = models.CharField(max_length=5, db_collation="C")
    after = models.DecimalField(max_digits=6, decimal_places=2)

    class Meta:
        managed = False  # made in migration 0015
        db_table = "identify_overduerule"


class CalendarDay(models.Model):
    """A day that is not what its weekday says; written by the owner's login alone."""

    day = models.DateField(primary_key=True)
    working = models.BooleanField()

    class Meta:
        managed = False  # made in migration 0015
        db_table = "identify_calendarday"


class StandardItem(models.Model):
    """An exit standard that must be met; written from the catalogue by the owner's login alone."""

    pk = models.CompositePrimaryKey("standards", "item")
    standards = models.CharField(max_length=30, db_collation="C")
    item = models.CharField(max_length=20, db_collation="C")
    regions = ArrayField(models.CharField(max_length=12), default=list)  # empty: wherever no other list holds

    class Meta:
        managed = False  # nothing of Django's may empty it: made in migration 0010
        db_table = "identify_standarditem"


class DatedParameter(models.Model):
    """Days, months and shares of the catalogue that the database counts by; written by the owner's login alone."""

    pk = models.CompositePrimaryKey("name", "region", "since")
    name = models.CharField(max_length=40, db_collation="C")
    region = models.CharField(max_length=15, db_collation="C", blank=True)
    since = models.DateField()
    value = models.DecimalField(max_digits=12, decimal_places=4)

    class Meta:
        managed = False  # nothing of Django's may empty it: made in migration 0010
        db_table = "identify_datedparameter"


class Case(models.Model):
    """``step`` "" when it has ended. ``entered_at``: when the present step began; ``hung_on``: of its notice.

    ``due_on``: the last day in time for the present step; null = no limit. ``standards``: the list an exit is held to.
    """

    procedure = models.CharField(max_length=20, db_collation="C")
    edition = models.SmallIntegerField(default=1, db_default=1)  # by which it goes on to its end
    kind = models.CharField(max_length=12, db_collation="C", blank=True)
    household_id = models.CharField(max_length=24, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    standards = models.CharField(max_length=30, db_collation="C", blank=True)
    channel = models.CharField(max_length=12, blank=True)
    opened_on = models.DateField()
    opened_at = models.DateTimeField(db_default=Now())
    opened_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", db_index=False)
    note = models.CharField(max_length=400, blank=True)
    step = models.CharField(max_length=20, db_collation="C", blank=True)
    entered_on = models.DateField()
    entered_at = models.DateTimeField()
    hung_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    ended = models.CharField(max_length=9, choices=Ended.choices, blank=True)
    ended_on = models.DateField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["village_code", "procedure", "step"], name="case_place"),
            models.Index(fields=["household_id"], name="case_household"),
            models.Index(fields=["due_on"], name="case_due", condition=models.Q(ended="")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["household_id", "procedure"], condition=models.Q(ended=""), name="one_open_case"
            ),
            models.CheckConstraint(
                name="case_stands_or_has_ended",
                condition=models.Q(ended="", ended_on__isnull=True) & ~models.Q(step="")
                | models.Q(step="", ended_on__isnull=False, ended__in=Ended.values),
            ),
        ]


class Notice(models.Model):
    """A notice as it hangs in a village: the cases of one step, from a day to a day, under a code for everybody."""

    code = models.CharField(primary_key=True, max_length=12, db_collation="C")
    procedure = models.CharField(max_length=20, db_collation="C")
    edition = models.SmallIntegerField(default=1, db_default=1)
    step = models.CharField(max_length=20, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    hung_on = models.DateField()
    last_day = models.DateField()
    place = models.CharField(max_length=80)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["village_code", "hung_on"], name="notice_place")]


class Bulk(models.Model):
    """Many cases decided at once: a sample is drawn by the database and must have been checked first."""

    procedure = models.CharField(max_length=20, db_collation="C")
    edition = models.SmallIntegerField(default=1, db_default=1)
    step = models.CharField(max_length=20, db_collation="C")
    region = models.CharField(max_length=12, db_collation="C")
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())
    seed = models.IntegerField(null=True)

    class Meta:
        ordering = ["-pk"]


class BulkCase(models.Model):
    """A case of a bulk decision; ``sampled`` is set by the database when the list is closed."""

    bulk = models.ForeignKey(Bulk, on_delete=models.PROTECT, related_name="cases", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    village_code = models.CharField(max_length=12, db_collation="C")
    sampled = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bulk", "case"], name="bulk_case_once")]
        # each act of a bulk asks for the sample: it must not read the whole list
        indexes = [models.Index(fields=["bulk"], name="bulk_sampled", condition=models.Q(sampled=True))]


class SampleCheck(models.Model):
    """What somebody found who looked into a sampled case."""

    bulk_case = models.OneToOneField(BulkCase, on_delete=models.PROTECT, related_name="check_made")
    village_code = models.CharField(max_length=12, db_collation="C")
    sound = models.BooleanField()
    note = models.CharField(max_length=200)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())


class CaseAct(models.Model):
    """One act on the present step of a case. ``held_on``: the day of the meeting or visit, as people say it; deadlines
    and notices count by ``taken_on``, the database's own day.

    ``signatures``: role → name. ``standards``: item → {met, note}. ``run``: whose comparison was looked at.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="acts", db_index=False)
    village_code = models.CharField(max_length=12, db_collation="C")
    step = models.CharField(max_length=20, db_collation="C")
    outcome = models.CharField(max_length=8)
    returned_to = models.CharField(max_length=20, db_collation="C", blank=True)
    taken_on = models.DateField()
    taken_at = models.DateTimeField(db_default=Now())
    held_on = models.DateField(null=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", db_index=False)
    note = models.CharField(max_length=400, blank=True)
    signatures = models.JSONField(default=dict)
    eligible = models.IntegerField(null=True)
    present = models.IntegerField(null=True)
    yes = models.IntegerField(null=True)
    no = models.IntegerField(null=True)
    standards = models.JSONField(default=dict)
    run = models.CharField(max_length=40, blank=True)
    notice = models.ForeignKey(Notice, null=True, on_delete=models.PROTECT, related_name="acts")
    bulk = models.ForeignKey(Bulk, null=True, on_delete=models.PROTECT, related_name="acts")
    next_due = models.DateField(null=True)  # of the step that follows

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["case"], name="act_case"),
            models.Index(fields=["village_code", "taken_on"], name="act_place_day"),
        ]
        constraints = [
            models.CheckConstraint(name="act_outcome", condition=models.Q(outcome__in=OUTCOMES)),
            models.CheckConstraint(
                name="act_says_why", condition=~models.Q(outcome__in=["return", "refuse"]) | ~models.Q(note="")
            ),
            models.CheckConstraint(
                name="votes_within_voters",
                condition=models.Q(eligible__isnull=True, present__isnull=True, yes__isnull=True, no__isnull=True)
                | models.Q(
                    eligible__gte=models.F("present"), present__gt=0, yes__gte=0, no__gte=0,
                    present__gte=models.F("yes") + models.F("no"),
                ),
            ),
        ]  # fmt: skip


class CaseFile(models.Model):
    """An attached file, encrypted, bound to ``mark``."""

    mark = models.UUIDField(primary_key=True)
    village_code = models.CharField(max_length=12, db_collation="C")
    name = models.CharField(max_length=120)
    media = models.CharField(max_length=40)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64, db_collation="C")
    content = models.BinaryField()
    at = models.DateTimeField(db_default=Now())


class CasePaper(models.Model):
    """A paper of the present step: a file, or where the sheet itself is kept (``kept_at``, an archive's number)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="papers")
    village_code = models.CharField(max_length=12, db_collation="C")
    step = models.CharField(max_length=20, db_collation="C")
    paper = models.CharField(max_length=20, db_collation="C")
    kept_at = models.CharField(max_length=80, blank=True)
    file = models.ForeignKey(CaseFile, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="paper_is_somewhere", condition=models.Q(file__isnull=False) | ~models.Q(kept_at="")
            )
        ]


class Objection(models.Model):
    """What somebody says against a case on a notice. Name and telephone encrypted, empty for an anonymous one."""

    mark = models.UUIDField(unique=True)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="objections")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="objections")
    village_code = models.CharField(max_length=12, db_collation="C")
    step = models.CharField(max_length=20, db_collation="C")
    at = models.DateTimeField(db_default=Now())
    due_on = models.DateField()
    receipt = models.CharField(max_length=12, unique=True, db_collation="C")
    anonymous = models.BooleanField()
    contact = models.BinaryField(null=True)
    body = models.TextField()
    files = ArrayField(models.UUIDField(), default=list)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="objection_named_or_not",
                condition=models.Q(anonymous=True, contact__isnull=True)
                | models.Q(anonymous=False, contact__isnull=False),
            )
        ]


class ObjectionAnswer(models.Model):
    """One answer to one objection; ``upheld``: the objection is right, and the case goes back."""

    objection = models.OneToOneField(Objection, on_delete=models.PROTECT, related_name="answer")
    village_code = models.CharField(max_length=12, db_collation="C")
    upheld = models.BooleanField()
    answer = models.CharField(max_length=800)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(name="answer_says_something", condition=~models.Q(answer=""))]


class Monitored(models.Model):
    """A household under monitoring from the decision to the end of its risk; written by the database alone."""

    household_id = models.CharField(max_length=24, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    kind = models.CharField(max_length=12, db_collation="C")
    since = models.DateField()
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    until = models.DateField(null=True)
    removal = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["household_id"], condition=models.Q(until__isnull=True), name="monitored_once"
            ),
            models.CheckConstraint(
                name="monitored_end_pair",
                condition=models.Q(until__isnull=True, removal__isnull=True)
                | models.Q(until__isnull=False, removal__isnull=False),
            ),
        ]


class Reminder(models.Model):
    """An overdue step as it was raised, once, to a region; written by the database alone (``fupin_raise_overdue``).

    It stands as long as the case does not move on. ``receiver``: whose turn it is, or the level above.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reminders", db_index=False)
    village_code = models.CharField(max_length=12, db_collation="C")
    step = models.CharField(max_length=20, db_collation="C")
    entered_at = models.DateTimeField()
    receiver = models.CharField(max_length=5)
    region = models.CharField(max_length=12, db_collation="C")
    due_on = models.DateField()
    raised_on = models.DateField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [models.Index(fields=["region"], name="reminder_region")]
        constraints = [models.UniqueConstraint(fields=["case", "entered_at", "receiver"], name="reminded_once")]
