"""What residents hand in themselves: an application, and what the village, its town or its county made of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from fupin.identify.cases.models import Case


class Application(models.Model):
    """An application by a resident, who needs no account. Added by the public function of the database alone.

    ``content``: name, ID number, telephone and what is said, encrypted and bound to ``mark``. ``due_on``: until when it
    is taken up or declined. ``receipt``: the code that opens its course for whoever handed it in.
    """

    mark = models.UUIDField(unique=True)
    village_code = models.CharField(max_length=12, db_collation="C")
    at = models.DateTimeField(db_default=Now())
    due_on = models.DateField()
    receipt = models.CharField(max_length=12, unique=True, db_collation="C")
    members = models.SmallIntegerField()
    content = models.BinaryField()
    files = ArrayField(models.UUIDField(), default=list)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["village_code", "at"], name="application_place")]
        constraints = [
            models.CheckConstraint(
                name="application_members", condition=models.Q(members__gte=1) & models.Q(members__lte=30)
            )
        ]


class ApplicationAnswer(models.Model):
    """One answer to one application: the case that it became, or why it did not become one."""

    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="answer")
    village_code = models.CharField(max_length=12, db_collation="C")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="applications")
    reason = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="taken_up_or_declined",
                condition=models.Q(case__isnull=False, reason="") | models.Q(case__isnull=True) & ~models.Q(reason=""),
            )
        ]
