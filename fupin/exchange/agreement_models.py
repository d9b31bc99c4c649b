"""Sharing agreements between departments and the office, and the ledger of everything that went over them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AgreementState(models.TextChoices):
    DRAFT = "draft", _("待双方同意")
    IN_FORCE = "in_force", _("已签订")
    ENDED = "ended", _("已终止")


class Agreement(models.Model):
    """Which fields of which data set one side gives the other, for what, on what legal basis, until when.

    ``giver``, ``taker``: a department of the catalogue, or ``office``. Its terms never change (a trigger refuses):
    other terms are another agreement. Two that are in force never cover the same day for the same giver, taker, data
    set and region (an exclusion constraint in the migration). ``pseudonyms``: the sealed key of its pseudonyms.
    """

    giver = models.CharField(_("提供方"), max_length=40)
    taker = models.CharField(_("使用方"), max_length=40)
    dataset = models.CharField(_("数据集"), max_length=40)
    fields = ArrayField(models.CharField(max_length=60))
    purpose = models.CharField(_("用途"), max_length=300)
    legal_basis = models.CharField(_("法律依据"), max_length=200)
    region = models.CharField(_("辖区代码"), max_length=15, db_collation="C")
    valid_from = models.DateField(_("生效日"))
    valid_until = models.DateField(_("截止日"))
    state = models.CharField(max_length=10, choices=AgreementState.choices, default=AgreementState.DRAFT)
    pseudonyms = models.BinaryField(default=b"")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    giver_agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    giver_agreed_at = models.DateTimeField(null=True)
    taker_agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    taker_agreed_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="agreement_state_known", condition=Q(state__in=AgreementState.values)),
            models.CheckConstraint(name="agreement_has_two_sides", condition=~Q(giver=F("taker"))),
            models.CheckConstraint(
                name="agreement_ends_after_it_begins", condition=Q(valid_until__gte=F("valid_from"))
            ),
            models.CheckConstraint(name="agreement_names_fields", condition=Q(fields__len__gt=0)),
            models.CheckConstraint(name="agreement_says_why", condition=~Q(purpose="") & ~Q(legal_basis="")),
            models.CheckConstraint(
                name="agreement_in_force_was_agreed_by_both",
                condition=~Q(state="in_force") | Q(giver_agreed_at__isnull=False, taker_agreed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="agreement_end_has_day_and_reason",
                condition=(Q(state="ended", ended_at__isnull=False) & ~Q(ended_why=""))
                | (~Q(state="ended") & Q(ended_at__isnull=True)),
            ),
        ]

    @property
    def number(self) -> str:
        """As it stands on paper: XY-2026-00012."""
        return f"XY-{timezone.localdate(self.proposed_at).year}-{self.pk:05d}"

    @property
    def days_left(self) -> int:
        """Below zero when it has run out."""
        return (self.valid_until - timezone.localdate()).days

    @property
    def standing(self) -> str:
        """Its state as people speak of it: what is signed has not begun yet, holds, ends soon or has run out."""
        if self.state != AgreementState.IN_FORCE:
            return str(self.state)
        if self.valid_from > timezone.localdate():
            return "to_come"
        if self.days_left < 0:
            return "expired"
        return "ending" if self.days_left <= ENDING_DAYS else "holds"


ENDING_DAYS = 30


class Direction(models.TextChoices):
    IN = "in", _("收到")
    OUT = "out", _("给出")


class Way(models.TextChoices):
    DELIVERY = "delivery", _("交付")
    PUSH = "push", _("推送")
    READ = "read", _("接口读取")


class ExchangeEntry(models.Model):
    """One exchange as it happened; only ever added to (a trigger refuses the rest).

    ``agreement`` None: nothing covered it. ``outside``: fields that went although the agreement does not name them.
    ``object_id``: the delivery, the push, or the run that was read. ``digest``: SHA-256 of what went.
    """

    at = models.DateTimeField(default=timezone.now)
    agreement = models.ForeignKey(Agreement, null=True, on_delete=models.PROTECT, related_name="exchanges")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    way = models.CharField(max_length=10, choices=Way.choices)
    department = models.CharField(max_length=40)
    dataset = models.CharField(max_length=40)
    region = models.CharField(max_length=15, db_collation="C", default="")
    fields = ArrayField(models.CharField(max_length=60), default=list)
    outside = ArrayField(models.CharField(max_length=60), default=list)
    rows = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    object_id = models.CharField(max_length=60)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["department", "direction", "at"], name="exchange_department")]
        constraints = [
            models.CheckConstraint(name="exchange_direction_known", condition=Q(direction__in=Direction.values)),
            models.CheckConstraint(name="exchange_way_known", condition=Q(way__in=Way.values)),
            models.CheckConstraint(
                name="nothing_leaves_without_an_agreement",
                condition=Q(direction="in") | Q(agreement__isnull=False, outside=[]),
            ),
        ]
