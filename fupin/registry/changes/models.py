"""Papers of changes: as an encrypted file, or where the sheet lies that somebody saw. Only ever added to."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from fupin.accounts.models import User
from fupin.registry.change_models import RegistryChange


class ChangeRule(models.Model):
    """The papers that a kind of change must come with; written from the catalogue by the owner's login alone.

    None for a kind that a passed case brings about: that one has its own, step by step.
    """

    kind = models.CharField(primary_key=True, max_length=20, db_collation="C")
    papers = ArrayField(models.CharField(max_length=40))

    class Meta:
        managed = False  # nothing of Django's may empty it: made in migration 0027
        db_table = "registry_changerule"


class ChangeFile(models.Model):
    """An attached file, encrypted, bound to ``mark``."""

    mark = models.UUIDField(primary_key=True)
    village_code = models.CharField(max_length=12, db_collation="C")
    name = models.CharField(max_length=120)
    media = models.CharField(max_length=40)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64, db_collation="C")
    content = models.BinaryField()
    at = models.DateTimeField(db_default=Now())


class ChangePaper(models.Model):
    """A paper of a change: a file, or seen on paper by ``by``, who says where the sheet is kept."""

    change = models.ForeignKey(RegistryChange, on_delete=models.PROTECT, related_name="papers")
    village_code = models.CharField(max_length=12, db_collation="C")
    paper = models.CharField(max_length=40, db_collation="C")
    kept_at = models.CharField(max_length=80, blank=True)
    file = models.OneToOneField(ChangeFile, null=True, on_delete=models.PROTECT, related_name="paper")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="change_paper_is_somewhere", condition=models.Q(file__isnull=False) | ~models.Q(kept_at="")
            )
        ]
