"""What a person's, household's or helper's full values are, encrypted, in a table that the app's login cannot read.

Bulk loads add to it; nothing of the app reads it. A value comes out through ``fupin_open_value`` alone, against a deed
that is committed already (migration 0003), and through the owner's login when keys are rotated. One takes another one's
place only with a row of the log that names it (migration 0018); the former one is kept until that change is taken back.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from fupin.registry.change_models import RegistryChange


class Kind(models.TextChoices):
    PERSON = "person"
    HOUSEHOLD = "household"
    HELPER = "helper"


class SealedField(models.TextChoices):
    ID_NUMBER = "id_number"
    PHONE = "phone"
    BANK_ACCOUNT = "bank_account"
    ADDRESS = "address"
    DIAGNOSIS = "diagnosis"


class LakeVersion(models.Model):
    """One row: the id of the lake key in use; none before the first rotation. Written by the owner's login alone."""

    id = models.SmallIntegerField(primary_key=True)
    key = models.CharField(max_length=8, db_collation="C")
    since = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="one_lake_version", condition=models.Q(id=1))]


class SealedValue(models.Model):
    pk = models.CompositePrimaryKey("kind", "record", "field")
    kind = models.CharField(max_length=9, db_collation="C")
    record = models.CharField(max_length=26, db_collation="C")  # person_id, household_id or helper_id
    field = models.CharField(max_length=12, db_collation="C")
    cipher = models.BinaryField()
    key = models.CharField(max_length=8, db_collation="C")  # id of the key, as in front of the cipher
    # of a bank account: what persons and households hold of their numbers as columns of their own
    hint = models.BinaryField(null=True)
    lookup = models.BinaryField(null=True)
    lookup_key = models.CharField(max_length=8, null=True, db_collation="C")
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(name="sealed_kind", condition=models.Q(kind__in=Kind.values)),
            models.CheckConstraint(name="sealed_field", condition=models.Q(field__in=SealedField.values)),
        ]


class FormerValue(models.Model):
    """What a change put another value in the place of: its cipher (null: there was none) and all derived from it."""

    id = models.BigAutoField(primary_key=True)
    change = models.ForeignKey(RegistryChange, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=9, db_collation="C")
    record = models.CharField(max_length=26, db_collation="C")
    field = models.CharField(max_length=12, db_collation="C")
    cipher = models.BinaryField(null=True)
    key = models.CharField(max_length=8, null=True, db_collation="C")
    hint = models.BinaryField(null=True)
    lookup = models.BinaryField(null=True)
    lookup_key = models.CharField(max_length=8, null=True, db_collation="C")
    tail4 = models.BinaryField(null=True)
    tail6 = models.BinaryField(null=True)
    lake_key = models.BinaryField(null=True)
    lake_key_id = models.CharField(max_length=8, null=True, db_collation="C")
    lake_former = models.BinaryField(null=True)
    facts = models.JSONField(null=True)  # of an ID number: see number_facts

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_former_value", fields=["change", "kind", "record", "field"]),
        ]


class FormerNumber(models.Model):
    """Numbers that a person had, and the present one where it is not the first: as closed as the table above.

    Written by ``fupin_put_number``, read by ``fupin_open_former`` (migration 0017).
    """

    person_id = models.CharField(max_length=26, db_collation="C")
    mark = models.BigIntegerField()  # 0: the first; else ``Person.id_mark``
    cipher = models.BinaryField()
    key = models.CharField(max_length=8, db_collation="C")
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_former_number_of_a_mark", fields=["person_id", "mark"])]
