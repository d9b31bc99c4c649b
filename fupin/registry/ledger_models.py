"""Monthly income and spending (收支台账), national items, in 分.

The columns are those of the table ``ledger`` in the catalogue; a test holds the two together.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fupin.registry.household_models import Household


class LedgerEntry(models.Model):
    """One month (or, for a household that is not registered, a year recalled) of one household."""

    pk = models.CompositePrimaryKey("household_id", "month")
    # no index of its own: the primary key begins with it
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="ledger", db_index=False)
    month = models.IntegerField(_("月份"))
    period_months = models.SmallIntegerField(_("覆盖月数"), default=1)
    wage_work = models.BigIntegerField(_("务工收入"), default=0)
    wage_post = models.BigIntegerField(_("公益性岗位报酬"), default=0)
    business_crops = models.BigIntegerField(_("种植收入"), default=0)
    business_animals = models.BigIntegerField(_("养殖收入"), default=0)
    business_forest = models.BigIntegerField(_("林果收入"), default=0)
    business_other = models.BigIntegerField(_("其他经营收入"), default=0)
    property_interest = models.BigIntegerField(_("利息"), default=0)
    property_dividend = models.BigIntegerField(_("资产收益分红"), default=0)
    property_rent = models.BigIntegerField(_("房屋租金"), default=0)
    property_land = models.BigIntegerField(_("土地流转收入"), default=0)
    transfer_family_planning = models.BigIntegerField(_("计划生育金"), default=0)
    transfer_subsistence = models.BigIntegerField(_("低保金"), default=0)
    transfer_extreme = models.BigIntegerField(_("特困供养金"), default=0)
    transfer_pension = models.BigIntegerField(_("养老保险金"), default=0)
    transfer_ecology = models.BigIntegerField(_("生态补偿金"), default=0)
    transfer_disability = models.BigIntegerField(_("残疾人补贴"), default=0)
    transfer_support = models.BigIntegerField(_("赡养金"), default=0)
    transfer_other = models.BigIntegerField(_("其他转移性收入"), default=0)
    cost_materials = models.BigIntegerField(_("农资支出"), default=0)
    cost_other = models.BigIntegerField(_("其他生产经营性支出"), default=0)
    spend_food = models.BigIntegerField(_("食品支出"), default=0)
    spend_medical = models.BigIntegerField(_("医疗支出"), default=0)
    spend_education = models.BigIntegerField(_("教育支出"), default=0)
    spend_other = models.BigIntegerField(_("其他生活支出"), default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="ledger_period", condition=models.Q(period_months__range=(1, 12))),
            models.CheckConstraint(name="ledger_month", condition=models.Q(month__range=(200001, 210012))),
        ]
