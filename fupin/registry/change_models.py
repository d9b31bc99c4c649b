"""Everything that changes the truth, one row a step, only ever added to: what was there, what is there now, since when
it is true, since when it is known, who says so, with which papers.

``before`` and ``after`` hold images of the rows that the step touched (see ``changes/images.py``), so that a step can
be taken back and the whole history be told again from the log alone. The database stamps ``recorded_at`` and ``txid``
itself; it refuses a change of a household's state that has no row here in the same transaction.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from fupin.accounts.models import User
from fupin.registry.coded import RowImages
from fupin.registry.household_models import Household, Person

#: changes of the state that only a passed case may bring about
BY_CASE = ("entry", "exit", "return")
#: kinds that no catalogue entry describes
LOAD, IMPORT, REVERSE = "load", "import", "reverse"


class RegistryChange(models.Model):
    kind = models.CharField(max_length=20, db_collation="C")  # of catalogue.changes, or load, import, reverse
    household = models.ForeignKey(
        Household, null=True, on_delete=models.PROTECT, related_name="changes", db_index=False
    )  # null: a load of many
    other = models.ForeignKey(
        Household, null=True, on_delete=models.PROTECT, related_name="changes_beside", db_index=False
    )  # of a split the new household, of a merge the one that takes the members in
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="changes", db_index=False)
    village_code = models.CharField(max_length=12, db_collation="C")  # of a load the region loaded
    effective = models.DateField()  # since when it is true
    recorded_at = models.DateTimeField(db_default=Now())  # since when it is known
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=500, blank=True, default="")
    proofs = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    case_id = models.BigIntegerField(null=True)
    batch = models.BigIntegerField(null=True)
    reverses = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reversed_by", unique=True
    )
    finding = models.CharField(max_length=80, blank=True, default="", db_collation="C")
    before = RowImages(default=dict)
    after = RowImages(default=dict)
    txid = models.BigIntegerField(default=0)  # of the transaction; stamped by the database

    class Meta:
        db_table = "registry_change"
        indexes = [
            models.Index(fields=["household", "id"], name="change_household"),
            models.Index(fields=["other"], name="change_other", condition=models.Q(other__isnull=False)),
            models.Index(fields=["person"], name="change_person"),
            models.Index(fields=["village_code", "recorded_at"], name="change_place"),
            models.Index(fields=["batch", "id"], name="change_batch", condition=models.Q(batch__isnull=False)),
            models.Index(fields=["case_id"], name="change_case", condition=models.Q(case_id__isnull=False)),
            models.Index(fields=["txid"], name="change_txid"),
        ]
        constraints = [
            models.CheckConstraint(
                name="change_by_case",
                condition=~models.Q(kind__in=BY_CASE) | models.Q(case_id__isnull=False),
            ),
            models.CheckConstraint(
                name="change_import_in_batch", condition=~models.Q(kind=IMPORT) | models.Q(batch__isnull=False)
            ),
            models.CheckConstraint(
                name="change_of_household", condition=models.Q(kind=LOAD) | models.Q(household__isnull=False)
            ),
            models.CheckConstraint(
                name="change_reverse",
                condition=models.Q(kind=REVERSE, reverses__isnull=False)
                | (~models.Q(kind=REVERSE) & models.Q(reverses__isnull=True)),
            ),
        ]
