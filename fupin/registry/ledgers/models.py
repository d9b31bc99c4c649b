"""Batches of ledgers, mappings that were saved for next time, and the cells that are kept as they were written."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from fupin.accounts.models import User


class BatchState(models.TextChoices):
    MAPPING = "mapping", _("等待指定列")
    READING = "reading", _("正在试算")
    READY = "ready", _("等待确认")
    APPLYING = "applying", _("正在写入")
    APPLIED = "applied", _("已写入")
    UNDOING = "undoing", _("正在撤回")
    UNDONE = "undone", _("已撤回")
    DROPPED = "dropped", _("已放弃")
    FAILED = "failed", _("未能读取")


class LedgerBatch(models.Model):
    """Files that are read, compared and applied as one. No cell of theirs stands here: differences are sealed.

    ``tables``: sheet, header, mapping, counts of each table. ``doubts``: code columns that a person has to confirm.
    ``digest``: of the differences that were looked at.
    """

    id = models.BigAutoField(primary_key=True)
    region = models.CharField(max_length=12, db_collation="C", blank=True)
    title = models.CharField(max_length=120)
    as_of = models.DateField()
    year = models.SmallIntegerField()
    state = models.CharField(max_length=9, choices=BatchState.choices, default=BatchState.READING)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    step = models.CharField(max_length=60, blank=True, default="")
    progress = models.PositiveSmallIntegerField(default=0)
    problem = models.JSONField(default=dict, blank=True)
    files = models.JSONField(default=list)
    tables = models.JSONField(default=list)
    doubts = models.JSONField(default=list, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    applied_at = models.DateTimeField(null=True)
    applied_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["region", "-created_at"], name="ledgerbatch_region")]
        constraints = [
            models.CheckConstraint(name="ledgerbatch_state", condition=models.Q(state__in=BatchState.values)),
            models.CheckConstraint(
                name="ledgerbatch_applied",
                condition=models.Q(applied_at__isnull=True, applied_by__isnull=True)
                | models.Q(applied_at__isnull=False, applied_by__isnull=False),
            ),
            models.CheckConstraint(
                name="ledgerbatch_undone",
                condition=models.Q(undone_at__isnull=True, undone_by__isnull=True)
                | models.Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]


class LedgerMapping(models.Model):
    """What the columns of a provincial ledger are, known again by its headings; for the region and all below it."""

    id = models.BigAutoField(primary_key=True)
    region = models.CharField(max_length=12, db_collation="C", blank=True)
    name = models.CharField(max_length=80)
    signature = models.CharField(max_length=64, db_collation="C")
    mapping = models.JSONField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_mapping_of_a_header", fields=["region", "signature"],
                condition=models.Q(retired_at__isnull=True),
            ),
        ]  # fmt: skip


class LedgerCells(models.Model):
    """Cells of one record in one layout that our own writing would not give back to the byte: heading → cell."""

    pk = models.CompositePrimaryKey("layout", "record", "year")
    layout = models.CharField(max_length=24, db_collation="C")
    record = models.CharField(max_length=26, db_collation="C")  # household_id or person_id
    year = models.SmallIntegerField()  # 0 where the layout has no year
    household_id = models.CharField(max_length=24, db_collation="C")
    cells = models.JSONField()
    batch = models.BigIntegerField()
    former = models.JSONField(null=True)  # what stood here before the batch
    former_batch = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["household_id"], name="ledgercells_household"),
            models.Index(fields=["batch"], name="ledgercells_batch"),
        ]
