"""What dossiers hold beside households: who helps which household, what a village states of itself, its team, its
projects.

The columns of ``VillageYear`` are those of the catalogue's ``dossiers/village_year.toml``; a test holds them together.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fupin.registry.household_models import Household

VILLAGE = models.Q(village_code__regex=r"^\d{12}$")
STILL = models.Q(until__isnull=True)
PERIOD = STILL | models.Q(until__gte=models.F("since"))


class Helper(models.Model):
    """帮扶责任人: somebody of a unit who answers for households. ``username``: his account, where he has one."""

    helper_id = models.CharField(_("帮扶人编号"), primary_key=True, max_length=24, db_collation="C")
    name = models.CharField(_("姓名"), max_length=60)
    unit = models.CharField(_("单位"), max_length=120)
    post = models.CharField(_("职务"), max_length=60, blank=True)
    phone_hint = models.BinaryField(null=True)  # its masked form, encrypted; the number lies in SealedValue
    username = models.CharField(max_length=150, null=True)

    def __str__(self) -> str:
        return self.name


class Helping(models.Model):
    """Who helps a household from when to when (both days included); ``until`` null = still.

    The same helper does not help the same household twice at a time: an exclusion constraint of migration 0015.
    """

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="helping", db_index=False)
    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="helping", db_index=False)
    since = models.DateField(_("起"))
    until = models.DateField(_("止"), null=True)
    ended_why = models.CharField(_("终止原因"), max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["household"], name="helping_household"),
            models.Index(fields=["helper"], name="helping_helper"),
        ]
        constraints = [
            models.CheckConstraint(name="helping_period", condition=PERIOD),
            models.CheckConstraint(name="helping_end_says_why", condition=STILL | ~models.Q(ended_why="")),
        ]


class VillageYear(models.Model):
    """One village's form of one year. Null = nobody has told us. Money in 分, areas in 亩.

    ``stated_by``: who answers for it; ``entered_by``: the account that wrote it last, null = it came with a load.
    """

    pk = models.CompositePrimaryKey("village_code", "year")
    village_code = models.CharField(_("行政村代码"), max_length=12, db_collation="C")
    year = models.SmallIntegerField(_("数据年度"))
    stated_by = models.CharField(_("填报人"), max_length=60, blank=True)
    stated_on = models.DateField(_("填报日期"), null=True)
    entered_by = models.CharField(max_length=150, null=True)
    natural_villages = models.IntegerField(_("自然村数"), null=True)
    households = models.IntegerField(_("总户数"), null=True)
    persons = models.IntegerField(_("总人口数"), null=True)
    registered_households = models.IntegerField(_("建档立卡户数"), null=True)
    registered_persons = models.IntegerField(_("建档立卡人口数"), null=True)
    poor_households = models.IntegerField(_("贫困户数（未脱贫）"), null=True)
    poor_persons = models.IntegerField(_("贫困人口数（未脱贫）"), null=True)
    subsistence_households = models.IntegerField(_("低保户数"), null=True)
    subsistence_persons = models.IntegerField(_("低保人口数"), null=True)
    extreme_households = models.IntegerField(_("五保户（特困供养）数"), null=True)
    extreme_persons = models.IntegerField(_("五保（特困供养）人口数"), null=True)
    minority_persons = models.IntegerField(_("少数民族人口数"), null=True)
    women = models.IntegerField(_("妇女人口数"), null=True)
    disabled_persons = models.IntegerField(_("残疾人口数"), null=True)
    labour_force = models.IntegerField(_("劳动力人数"), null=True)
    migrant_workers = models.IntegerField(_("外出务工人数（3 个月以上）"), null=True)
    terrain = models.CharField(_("地形地貌"), max_length=60, null=True)
    direction = models.CharField(_("发展方向"), max_length=120, null=True)
    net_income_head = models.BigIntegerField(_("农民人均纯收入"), null=True)
    collective_income = models.BigIntegerField(_("村集体经济年收入"), null=True)
    industries = models.IntegerField(_("特色产业数"), null=True)
    cooperatives = models.IntegerField(_("农民专业合作社数"), null=True)
    mutual_fund = models.BooleanField(_("有互助资金组织"), null=True)
    farmland_mu = models.DecimalField(_("耕地面积"), max_digits=12, decimal_places=3, null=True)
    tourism_workers = models.IntegerField(_("乡村旅游从业人数"), null=True)
    farmhouse_income = models.BigIntegerField(_("农家乐户均年收入"), null=True)
    unpaved_km = models.DecimalField(_("到乡镇未通沥青（水泥）路里程"), max_digits=12, decimal_places=3, null=True)
    road_base_m = models.DecimalField(_("通村路路基宽度"), max_digits=12, decimal_places=3, null=True)
    road_surface_m = models.DecimalField(_("通村路路面宽度"), max_digits=12, decimal_places=3, null=True)
    road_hardened = models.BooleanField(_("通村路已硬化"), null=True)
    villages_without_road = models.IntegerField(_("未通路的自然村数"), null=True)
    without_road_km = models.DecimalField(_("自然村未通路里程"), max_digits=12, decimal_places=3, null=True)
    bus = models.BooleanField(_("通客运班车"), null=True)
    dangerous_houses = models.IntegerField(_("危房户数（C、D 级）"), null=True)
    small_homes = models.IntegerField(_("人均住房不足 13 平方米的户数"), null=True)
    water_unsafe = models.IntegerField(_("未实现饮水安全的户数"), null=True)
    water_hard = models.IntegerField(_("饮水困难的户数"), null=True)
    powered_homes = models.IntegerField(_("通生活用电的户数"), null=True)
    production_power = models.BooleanField(_("通生产用电"), null=True)
    tv_homes = models.IntegerField(_("通广播电视的户数"), null=True)
    broadband = models.BooleanField(_("通宽带"), null=True)
    medical_insured = models.IntegerField(_("参加基本医保人数"), null=True)
    pension_insured = models.IntegerField(_("参加养老保险人数"), null=True)
    primary_schools = models.IntegerField(_("小学数"), null=True)
    poverty_dropouts = models.IntegerField(_("因贫辍学人数"), null=True)
    clinics = models.IntegerField(_("卫生室数"), null=True)
    doctors = models.IntegerField(_("执业（助理）医师数"), null=True)
    public_toilets = models.IntegerField(_("公共卫生厕所数"), null=True)
    culture_rooms = models.IntegerField(_("文化（图书）室数"), null=True)
    waste_points = models.IntegerField(_("垃圾集中堆放点数"), null=True)
    party_members = models.IntegerField(_("党员数"), null=True)
    graduate_officials = models.IntegerField(_("大学生村官数"), null=True)
    village_office = models.BooleanField(_("有村级办公场所"), null=True)
    notice_board = models.BooleanField(_("有村务公开栏"), null=True)
    committee_sound = models.BooleanField(_("“两委”班子健全"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="village_year", condition=models.Q(year__range=(2000, 2100))),
            models.CheckConstraint(name="village_year_place", condition=VILLAGE),
        ]


class TeamRole(models.TextChoices):
    FIRST_SECRETARY = "first_secretary", _("第一书记")
    LEADER = "leader", _("工作队队长")
    MEMBER = "member", _("工作队队员")


class TeamMember(models.Model):
    """驻村工作队 (B48–B49): who is sent to a village by which unit; ``until`` null = still."""

    village_code = models.CharField(_("行政村代码"), max_length=12, db_collation="C")
    name = models.CharField(_("姓名"), max_length=60)
    role = models.CharField(_("职责"), max_length=16, choices=TeamRole.choices)
    unit = models.CharField(_("派出单位"), max_length=120)
    post = models.CharField(_("职务"), max_length=60, blank=True)
    since = models.DateField(_("起"))
    until = models.DateField(_("止"), null=True)

    class Meta:
        indexes = [models.Index(fields=["village_code"], name="team_village")]
        constraints = [
            models.CheckConstraint(name="team_village_code", condition=VILLAGE),
            models.CheckConstraint(name="team_period", condition=PERIOD),
            models.CheckConstraint(name="team_role", condition=models.Q(role__in=TeamRole.values)),
            models.UniqueConstraint(
                name="one_first_secretary", fields=["village_code"], condition=STILL & models.Q(role="first_secretary")
            ),
        ]


class Progress(models.TextChoices):
    PLANNED = "planned", _("已列入计划")
    UNDER_WAY = "under_way", _("在建")
    DONE = "done", _("已完工")


class VillageProject(models.Model):
    """拟建、在建项目 of a village. ``funds`` in 分, null = not known yet."""

    village_code = models.CharField(_("行政村代码"), max_length=12, db_collation="C")
    name = models.CharField(_("项目名称"), max_length=120)
    year = models.SmallIntegerField(_("年度"))
    funds = models.BigIntegerField(_("资金"), null=True)
    source = models.CharField(_("资金来源"), max_length=120, blank=True)
    progress = models.CharField(_("进度"), max_length=10, choices=Progress.choices)

    class Meta:
        indexes = [models.Index(fields=["village_code"], name="project_village")]
        constraints = [
            models.CheckConstraint(name="project_village_code", condition=VILLAGE),
            models.CheckConstraint(name="project_progress", condition=models.Q(progress__in=Progress.values)),
            models.CheckConstraint(
                name="project_funds", condition=models.Q(funds__isnull=True) | models.Q(funds__gte=0)
            ),
        ]
