"""Where findings and changes are pushed to, what was pushed, and how each try went."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fupin.exchange.agreement_models import Agreement


class Subscription(models.Model):
    """The address to which everything under one outgoing agreement is pushed. ``secret``: sealed, shown once.

    A secret that was renewed signs beside the new one until ``former_until``.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="subscriptions")
    url = models.CharField(max_length=500)
    secret = models.BinaryField()
    former_secret = models.BinaryField(null=True)
    former_until = models.DateTimeField(null=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_subscription", fields=["agreement"], condition=Q(closed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="former_secret_until",
                condition=Q(former_secret__isnull=True, former_until__isnull=True)
                | Q(former_secret__isnull=False, former_until__isnull=False),
            ),
        ]

    @property
    def former_valid(self) -> bool:
        """The secret before the renewal still signs."""
        return self.former_until is not None and self.former_until > timezone.now()


class PushState(models.TextChoices):
    WAITING = "waiting", _("等待推送")
    DELIVERED = "delivered", _("已送达")
    GIVEN_UP = "given_up", _("已放弃")
    STOPPED = "stopped", _("已停止")


class Push(models.Model):
    """One message. Its id travels as ``webhook-id`` and is the same at every try and every replay; so are its bytes.

    ``body``: sealed, it tells of households. ``round`` grows with every replay, ``tries`` counts within one.
    """

    id = models.CharField(primary_key=True, max_length=40)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="pushes")
    event = models.CharField(max_length=40)
    subject = models.CharField(max_length=60)
    part = models.PositiveIntegerField()
    parts = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    body = models.BinaryField()
    state = models.CharField(max_length=10, choices=PushState.choices, default=PushState.WAITING)
    round = models.PositiveSmallIntegerField(default=1)
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at", "part"]
        constraints = [
            models.CheckConstraint(name="push_state_known", condition=Q(state__in=PushState.values)),
            models.UniqueConstraint(name="push_made_once", fields=["subscription", "event", "subject", "part"]),
        ]


class PushTry(models.Model):
    """One try of a push: what came back, in a word of ours. Only ever added to."""

    push = models.ForeignKey(Push, on_delete=models.PROTECT, related_name="all_tries")
    round = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=20)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["at", "pk"]
