"""逻辑筛查: screenings, their hits, counts by region and rule, what people answered, and exemptions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

STATES = ["waiting", "running", "finished", "failed"]


class Standing(models.TextChoices):
    """How a hit stands against the screening before."""

    NEW = "new", _("新发现")
    STILL = "still", _("仍存在")
    MENDED = "mended", _("已改正")


class Answer(models.TextChoices):
    MENDED = "mended", _("已改正")
    RIGHT = "right", _("情况属实")


class Screening(models.Model):
    """One screening of a region. ``told``: for each rule [rule, applicable, checked, unknown, hits]."""

    id = models.CharField(primary_key=True, max_length=40)
    region = models.CharField(max_length=15, db_collation="C")
    as_of = models.DateField()
    state = models.CharField(max_length=10, default="waiting")
    step = models.CharField(max_length=60, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)
    problem = models.JSONField(default=dict)
    told = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    before = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(name="screening_state_known", condition=models.Q(state__in=STATES)),
        ]


class ScreenHit(models.Model):
    """What one rule says of one person, household or village. Never an automatic change.

    ``household_id`` and ``person_id`` are "" where the rule speaks of something larger.
    """

    pk = models.CompositePrimaryKey("screening_id", "rule", "object_id")
    screening = models.ForeignKey(Screening, on_delete=models.CASCADE, related_name="hits", db_index=False)
    rule = models.CharField(max_length=10, db_collation="C")
    object_id = models.CharField(max_length=24, db_collation="C")
    level = models.CharField(max_length=10)
    severity = models.PositiveSmallIntegerField()
    household_id = models.CharField(max_length=24, db_collation="C", blank=True)
    person_id = models.CharField(max_length=24, db_collation="C", blank=True)
    village_code = models.CharField(max_length=12, db_collation="C")
    params = models.JSONField(default=dict)
    standing = models.CharField(max_length=6, choices=Standing.choices)
    exempted = models.BooleanField()
    since = models.DateField()
    mended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            # the list's own order, so that a page of it reads fifty rows
            models.Index(
                fields=["screening", "severity", "village_code", "rule", "object_id"], name="screen_hit_order"
            ),
            models.Index(fields=["screening", "village_code"], name="screen_hit_place"),
        ]
        constraints = [
            models.CheckConstraint(name="screen_hit_severity", condition=models.Q(severity__range=(1, 5))),
            models.CheckConstraint(name="screen_hit_standing", condition=models.Q(standing__in=Standing.values)),
        ]

    @property
    def key(self) -> str:
        return f"{self.rule}:{self.object_id}"


class ScreenCount(models.Model):
    """Hits of one rule in one region. ``open`` = new and still there, without the exempted ones."""

    pk = models.CompositePrimaryKey("screening_id", "region", "rule")
    screening = models.ForeignKey(Screening, on_delete=models.CASCADE, related_name="region_counts", db_index=False)
    region = models.CharField(max_length=15, db_collation="C")
    rule = models.CharField(max_length=10, db_collation="C")
    severity = models.PositiveSmallIntegerField()
    open = models.IntegerField()
    fresh = models.IntegerField()
    mended = models.IntegerField()
    exempted = models.IntegerField()


class ScreenAnswer(models.Model):
    """What an office says of a hit: mended, or right as it is and why. The registry is changed elsewhere."""

    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="answers")
    rule = models.CharField(max_length=10, db_collation="C")
    object_id = models.CharField(max_length=24, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    answer = models.CharField(max_length=6, choices=Answer.choices)
    note = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["rule", "object_id"], name="screen_answer_of")]
        constraints = [
            models.CheckConstraint(name="screen_answer_known", condition=models.Q(answer__in=Answer.values)),
            models.CheckConstraint(
                name="screen_answer_says_why", condition=~models.Q(answer="right") | ~models.Q(note="")
            ),
        ]


class ScreenExemption(models.Model):
    """A rule does not count for one object until a day, for a reason; its hits are counted apart, never dropped."""

    rule = models.CharField(max_length=10, db_collation="C")
    object_id = models.CharField(max_length=24, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    reason = models.CharField(max_length=200)
    until = models.DateField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["until", "pk"]
        constraints = [
            models.CheckConstraint(name="screen_exemption_says_why", condition=~models.Q(reason="")),
            models.CheckConstraint(
                name="screen_exemption_end_pair",
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["rule", "object_id"], condition=models.Q(ended_at__isnull=True), name="screen_exemption_once"
            ),
        ]
