"""The ledger of deliveries: who gave what, when, how much of it was good."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from fupin.exchange.agreement_models import Agreement, AgreementState, Direction, ExchangeEntry, Way
from fupin.exchange.push_models import Push, PushState, PushTry, Subscription

__all__ = [
    "Agreement",
    "AgreementState",
    "Delivery",
    "DeliveryState",
    "Direction",
    "ExchangeEntry",
    "Push",
    "PushState",
    "PushTry",
    "QuarantinedRow",
    "Subscription",
    "Way",
]


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("等待处理")
    READING = "reading", _("正在读取")
    ACCEPTED = "accepted", _("已入湖")
    REFUSED = "refused", _("已退回")
    WITHDRAWN = "withdrawn", _("已撤回")


class Delivery(models.Model):
    """One delivered file. ``accepted`` files lie in the lake as immutable Parquet.

    ``region``: what the deliverer's account answers for; only who has all of it in scope sees the delivery.
    ``replaces``: the whole of the delivery that it corrects (else only the rows that come again); the old one is then
    ``withdrawn``, as it is when the same file corrects its cut-off date.
    """

    id = models.CharField(primary_key=True, max_length=40)
    dataset = models.CharField(max_length=40, db_index=True)
    department = models.CharField(max_length=40, db_index=True)
    region = models.CharField(_("辖区代码"), max_length=15, db_collation="C", default="")
    provider = models.CharField(_("提供人"), max_length=80)
    batch = models.CharField(_("批次号"), max_length=60)
    cut_off = models.DateField(_("数据截止日"))
    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    recognised = models.JSONField(default=dict)
    rows = models.BigIntegerField(null=True)
    good_rows = models.BigIntegerField(null=True)
    bad_rows = models.BigIntegerField(null=True)
    duplicate_rows = models.BigIntegerField(null=True)
    without_id_rows = models.BigIntegerField(null=True)
    progress = models.PositiveSmallIntegerField(default=0)
    problem = models.JSONField(default=dict)
    parquet = models.CharField(max_length=255, blank=True)
    parquet_sha256 = models.CharField(max_length=64, blank=True)
    lake_key = models.CharField(max_length=20, blank=True)
    replaces = models.BooleanField(default=False)
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    received_at = models.DateTimeField(auto_now_add=True)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)

    #: set on what ``receive`` and ``enqueue`` give back when the very file had come before; not a column
    seen_before = False

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.CheckConstraint(name="delivery_state_known", condition=models.Q(state__in=DeliveryState.values)),
            models.UniqueConstraint(
                name="same_file_accepted_once",
                fields=["dataset", "sha256", "cut_off"],
                condition=models.Q(state="accepted"),
            ),
            models.CheckConstraint(
                name="only_a_correction_replaces",
                condition=models.Q(replaces=False) | models.Q(corrects__isnull=False),
            ),
            models.CheckConstraint(
                name="accepted_delivery_is_counted",
                condition=~models.Q(state="accepted")
                | models.Q(
                    rows=models.F("good_rows") + models.F("bad_rows") + models.F("duplicate_rows"),
                    finished_at__isnull=False,
                ),
            ),
        ]


class LakeFile(models.Model):
    """A delivery under a later version of the lake key than the one it came in under. The file never changes."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="lake_files")
    lake_key = models.CharField(max_length=20)
    parquet = models.CharField(max_length=255)
    parquet_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_file_a_version", fields=["delivery", "lake_key"])]


class QuarantinedRow(models.Model):
    """A row that did not pass. The cells hold real numbers of people: encrypted."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="quarantined")
    row = models.BigIntegerField()
    column = models.CharField(max_length=60)
    code = models.CharField(max_length=40)
    reason_zh = models.CharField(max_length=300)
    reason_en = models.CharField(max_length=300)
    cells = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["delivery", "row"], name="quarantine_place")]
