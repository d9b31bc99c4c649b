"""What people say of a finding after they looked on the spot. The newest verdict holds; nothing changes by itself."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Said(models.TextChoices):
    CONFIRMED = "confirmed", _("属实")
    DISMISSED = "dismissed", _("不属实")


class FindingVerdict(models.Model):
    """Only ever added to. ``run_id`` is a plain text: a verdict outlives its run."""

    run_id = models.CharField(max_length=40)
    finding_id = models.CharField(max_length=32)
    rule = models.CharField(max_length=60)
    household_id = models.CharField(max_length=24, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    verdict = models.CharField(max_length=9, choices=Said.choices)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["run_id", "finding_id"], name="verdict_finding"),
            models.Index(fields=["village_code"], name="verdict_place"),
        ]
        constraints = [
            models.CheckConstraint(name="verdict_known", condition=models.Q(verdict__in=Said.values)),
            models.CheckConstraint(name="verdict_says_why", condition=~models.Q(reason="")),
        ]
