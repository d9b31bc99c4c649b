"""Regions, households, persons and who belongs to which household from when to when.

Keys and what is searched by prefix have the collation "C": ranges of code points then mean the same on every server,
and one index serves equality, order and prefix. Columns of other apps that are joined with them need the same one.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fupin.registry.coded import HealthCode, HealthFlag


class Region(models.Model):
    """An administrative division. The code of an ancestor is a prefix: 2, 4, 6, 9, 12 or 15 digits."""

    code = models.CharField(primary_key=True, max_length=15, db_collation="C")
    name = models.CharField(max_length=60)
    pinyin = models.CharField(max_length=200, blank=True)
    level = models.PositiveSmallIntegerField()  # 1 province … 5 village, 6 group
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    geometry = models.JSONField(null=True)  # GeoJSON geometry, WGS84
    illustrative = models.BooleanField(default=False)  # 示意: a Voronoi cell, not a surveyed border

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="region_code_digits",
                condition=models.Q(code__regex=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12}|\d{15})$"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Household(models.Model):
    household_id = models.CharField(_("户编号"), primary_key=True, max_length=24, db_collation="C")
    village_code = models.CharField(_("行政村代码"), max_length=12, db_collation="C")
    head_name = models.CharField(_("户主姓名"), max_length=60, blank=True)
    head_pinyin = models.CharField(max_length=240, blank=True, db_collation="C")  # no blanks: zhangxiaosan
    members = models.PositiveSmallIntegerField(_("人口"), default=0)
    state = models.CharField(_("脱贫属性"), max_length=1)
    attribute = models.CharField(_("贫困户属性"), max_length=2, null=True)
    standard = models.CharField(_("识别标准"), max_length=2, null=True)
    cause_main = models.CharField(_("主要致贫原因"), max_length=2, null=True)
    cause_other = models.CharField(_("其他致贫原因"), max_length=2, null=True)
    registered_on = models.DateField(_("识别日期"), null=True)
    exited_on = models.DateField(_("脱贫日期"), null=True)
    relocated = models.BooleanField(_("易地搬迁户"), null=True)
    only_child = models.BooleanField(_("独生子女户"), null=True)
    martyr_family = models.BooleanField(_("军烈属"), null=True)
    # of the phone number, which itself lies in SealedValue
    phone_hint = models.BinaryField(null=True)  # its masked form, encrypted
    phone_lookup = models.BinaryField(null=True)  # HMAC under the lookup key
    phone_tail4 = models.BinaryField(null=True)
    lookup_key = models.CharField(max_length=8, null=True, db_collation="C")  # id of the key of these hashes
    ended_on = models.DateField(_("销户日期"), null=True)  # nobody belongs to it since then
    version = models.IntegerField(default=1)  # counted on by the database with every change of a fact

    class Meta:
        indexes = [
            models.Index(fields=["village_code", "household_id"], name="household_place"),
            models.Index(fields=["head_pinyin"], name="household_head_pinyin"),
            models.Index(fields=["phone_lookup"], name="household_phone_lookup"),
            models.Index(fields=["phone_tail4"], name="household_phone_tail4"),
        ]
        constraints = [
            models.CheckConstraint(name="household_state", condition=models.Q(state__in=["0", "1", "2", "3", "9"])),
            models.CheckConstraint(name="household_village", condition=models.Q(village_code__regex=r"^\d{12}$")),
        ]


class HouseholdState(models.Model):
    """脱贫属性 from when to when; ``valid_to`` null = still."""

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="states", db_index=False)
    state = models.CharField(max_length=1)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["household"], name="state_household")]
        constraints = [
            models.CheckConstraint(
                name="household_state_period",
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")),
            ),
            models.UniqueConstraint(
                name="one_open_household_state", fields=["household"], condition=models.Q(valid_to__isnull=True)
            ),
        ]


class Person(models.Model):
    person_id = models.CharField(_("人编号"), primary_key=True, max_length=26, db_collation="C")
    name = models.CharField(_("姓名"), max_length=60)
    pinyin = models.CharField(max_length=240, db_collation="C")  # a blank between characters: zhang xiao san
    initials = models.CharField(max_length=60, null=True, db_collation="C")  # zxs
    # of the ID number, which itself lies in SealedValue
    id_hint = models.BinaryField(null=True)  # its masked form, encrypted: with the birth date it is the whole number
    id_lookup = models.BinaryField(null=True, db_index=True)  # HMAC under the lookup key
    id_tail4 = models.BinaryField(null=True)
    id_tail6 = models.BinaryField(null=True)
    lookup_key = models.CharField(max_length=8, null=True, db_collation="C")  # id of the key of these hashes
    lake_key = models.BinaryField(null=True)  # HMAC under the lake key: joins with the deliveries
    id_mark = models.BigIntegerField(null=True)  # which of his numbers is the present one; null: the first (or none)
    lake_key_id = models.CharField(max_length=8, default="l1", db_collation="C")  # id of the key of that hash
    # what the number says of itself, without it: see number_facts
    id_length = models.SmallIntegerField(null=True)
    id_check_ok = models.BooleanField(null=True)
    id_birth_agrees = models.BooleanField(null=True)
    id_birth_judged = models.DateField(null=True)  # the birth date below, as it was when they were compared
    id_sex = models.CharField(max_length=1, null=True)
    id_region_ok = models.BooleanField(null=True)
    lake_former = models.BinaryField(null=True)  # under the version in use, while the next one is being made
    sex = models.CharField(_("性别"), max_length=2, null=True)
    birth_date = models.DateField(_("出生日期"), null=True)
    ethnicity = models.CharField(_("民族"), max_length=2, null=True)
    political = models.CharField(_("政治面貌"), max_length=2, null=True)
    education = models.CharField(_("文化程度"), max_length=2, null=True)
    schooling = models.CharField(_("在校生状况"), max_length=2, null=True)
    dropout_reason = models.CharField(_("失学辍学原因"), max_length=2, null=True)
    health = HealthCode(_("健康状况"), max_length=2, null=True)
    labour = models.CharField(_("劳动技能"), max_length=2, null=True)
    self_care = HealthCode(_("生活自理能力"), max_length=2, null=True)
    work_region = models.CharField(_("务工状况"), max_length=2, null=True)
    work_months = models.IntegerField(_("务工时间"), null=True)
    skill_certificate = models.BooleanField(_("职业技能证书"), null=True)
    medical_insured = models.BooleanField(_("参加城乡居民医保（自述）"), null=True)
    pension_insured = models.BooleanField(_("参加城乡居民养老（自述）"), null=True)
    serious_illness_insured = models.BooleanField(_("参加大病保险"), null=True)
    soldier = models.BooleanField(_("现役军人"), null=True)
    pregnant = HealthFlag(_("孕产期"), null=True)
    left_behind = models.BooleanField(_("留守"), null=True)
    version = models.IntegerField(default=1)  # counted on by the database with every change of a fact

    class Meta:
        indexes = [
            models.Index(fields=["pinyin"], name="person_pinyin"),
            models.Index(fields=["initials"], name="person_initials"),
            models.Index(fields=["id_tail4"], name="person_id_tail4"),
            models.Index(fields=["id_tail6"], name="person_id_tail6"),
        ]


class Membership(models.Model):
    """A person in a household from ``valid_from`` until ``valid_to`` (null = still)."""

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    relation = models.CharField(_("与户主关系"), max_length=2, null=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        # plain indexes: those that a foreign key brings along come in pairs
        indexes = [
            models.Index(fields=["household"], name="membership_household"),
            models.Index(fields=["person"], name="membership_person"),
        ]
        constraints = [
            models.CheckConstraint(
                name="membership_period",
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")),
            ),
            models.UniqueConstraint(
                name="one_open_membership", fields=["person"], condition=models.Q(valid_to__isnull=True)
            ),
        ]
