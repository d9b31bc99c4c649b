"""Helpers, the yearly form of a village, its team and its projects."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0012_number_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Helper",
            fields=[
                (
                    "helper_id",
                    models.CharField(
                        db_collation="C", max_length=24, primary_key=True, serialize=False, verbose_name="帮扶人编号"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="姓名")),
                ("unit", models.CharField(max_length=120, verbose_name="单位")),
                ("post", models.CharField(blank=True, max_length=60, verbose_name="职务")),
                ("phone_hint", models.BinaryField(null=True)),
                ("username", models.CharField(max_length=150, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Helping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateField(verbose_name="起")),
                ("until", models.DateField(null=True, verbose_name="止")),
                ("ended_why", models.CharField(blank=True, max_length=200, verbose_name="终止原因")),
            ],
        ),
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("village_code", models.CharField(db_collation="C", max_length=12, verbose_name="行政村代码")),
                ("name", models.CharField(max_length=60, verbose_name="姓名")),
                (
                    "role",
                    models.CharField(
                        choices=[("first_secretary", "第一书记"), ("leader", "工作队队长"), ("member", "工作队队员")],
                        max_length=16,
                        verbose_name="职责",
                    ),
                ),
                ("unit", models.CharField(max_length=120, verbose_name="派出单位")),
                ("post", models.CharField(blank=True, max_length=60, verbose_name="职务")),
                ("since", models.DateField(verbose_name="起")),
                ("until", models.DateField(null=True, verbose_name="止")),
            ],
        ),
        migrations.CreateModel(
            name="VillageProject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("village_code", models.CharField(db_collation="C", max_length=12, verbose_name="行政村代码")),
                ("name", models.CharField(max_length=120, verbose_name="项目名称")),
                ("year", models.SmallIntegerField(verbose_name="年度")),
                ("funds", models.BigIntegerField(null=True, verbose_name="资金")),
                ("source", models.CharField(blank=True, max_length=120, verbose_name="资金来源")),
                (
                    "progress",
                    models.CharField(
                        choices=[("planned", "已列入计划"), ("under_way", "在建"), ("done", "已完工")],
                        max_length=10,
                        verbose_name="进度",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VillageYear",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "village_code", "year", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("village_code", models.CharField(db_collation="C", max_length=12, verbose_name="行政村代码")),
                ("year", models.SmallIntegerField(verbose_name="数据年度")),
                ("stated_by", models.CharField(blank=True, max_length=60, verbose_name="填报人")),
                ("stated_on", models.DateField(null=True, verbose_name="填报日期")),
                ("entered_by", models.CharField(max_length=150, null=True)),
                ("natural_villages", models.IntegerField(null=True, verbose_name="自然村数")),
                ("households", models.IntegerField(null=True, verbose_name="总户数")),
                ("persons", models.IntegerField(null=True, verbose_name="总人口数")),
                ("registered_households", models.IntegerField(null=True, verbose_name="建档立卡户数")),
                ("registered_persons", models.IntegerField(null=True, verbose_name="建档立卡人口数")),
                ("poor_households", models.IntegerField(null=True, verbose_name="贫困户数（未脱贫）")),
                ("poor_persons", models.IntegerField(null=True, verbose_name="贫困人口数（未脱贫）")),
                ("subsistence_households", models.IntegerField(null=True, verbose_name="低保户数")),
                ("subsistence_persons", models.IntegerField(null=True, verbose_name="低保人口数")),
                ("extreme_households", models.IntegerField(null=True, verbose_name="五保户（特困供养）数")),
                ("extreme_persons", models.IntegerField(null=True, verbose_name="五保（特困供养）人口数")),
                ("minority_persons", models.IntegerField(null=True, verbose_name="少数民族人口数")),
                ("women", models.IntegerField(null=True, verbose_name="妇女人口数")),
                ("disabled_persons", models.IntegerField(null=True, verbose_name="残疾人口数")),
                ("labour_force", models.IntegerField(null=True, verbose_name="劳动力人数")),
                ("migrant_workers", models.IntegerField(null=True, verbose_name="外出务工人数（3 个月以上）")),
                ("terrain", models.CharField(max_length=60, null=True, verbose_name="地形地貌")),
                ("direction", models.CharField(max_length=120, null=True, verbose_name="发展方向")),
                ("net_income_head", models.BigIntegerField(null=True, verbose_name="农民人均纯收入")),
                ("collective_income", models.BigIntegerField(null=True, verbose_name="村集体经济年收入")),
                ("industries", models.IntegerField(null=True, verbose_name="特色产业数")),
                ("cooperatives", models.IntegerField(null=True, verbose_name="农民专业合作社数")),
                ("mutual_fund", models.BooleanField(null=True, verbose_name="有互助资金组织")),
                (
                    "farmland_mu",
                    models.DecimalField(decimal_places=3, max_digits=12, null=True, verbose_name="耕地面积"),
                ),
                ("tourism_workers", models.IntegerField(null=True, verbose_name="乡村旅游从业人数")),
                ("farmhouse_income", models.BigIntegerField(null=True, verbose_name="农家乐户均年收入")),
                (
                    "unpaved_km",
                    models.DecimalField(
                        decimal_places=3, max_digits=12, null=True, verbose_name="到乡镇未通沥青（水泥）路里程"
                    ),
                ),
                (
                    "road_base_m",
                    models.DecimalField(decimal_places=3, max_digits=12, null=True, verbose_name="通村路路基宽度"),
                ),
                (
                    "road_surface_m",
                    models.DecimalField(decimal_places=3, max_digits=12, null=True, verbose_name="通村路路面宽度"),
                ),
                ("road_hardened", models.BooleanField(null=True, verbose_name="通村路已硬化")),
                ("villages_without_road", models.IntegerField(null=True, verbose_name="未通路的自然村数")),
                (
                    "without_road_km",
                    models.DecimalField(decimal_places=3, max_digits=12, null=True, verbose_name="自然村未通路里程"),
                ),
                ("bus", models.BooleanField(null=True, verbose_name="通客运班车")),
                ("dangerous_houses", models.IntegerField(null=True, verbose_name="危房户数（C、D 级）")),
                ("small_homes", models.IntegerField(null=True, verbose_name="人均住房不足 13 平方米的户数")),
                ("water_unsafe", models.IntegerField(null=True, verbose_name="未实现饮水安全的户数")),
                ("water_hard", models.IntegerField(null=True, verbose_name="饮水困难的户数")),
                ("powered_homes", models.IntegerField(null=True, verbose_name="通生活用电的户数")),
                ("production_power", models.BooleanField(null=True, verbose_name="通生产用电")),
                ("tv_homes", models.IntegerField(null=True, verbose_name="通广播电视的户数")),
                ("broadband", models.BooleanField(null=True, verbose_name="通宽带")),
                ("medical_insured", models.IntegerField(null=True, verbose_name="参加基本医保人数")),
                ("pension_insured", models.IntegerField(null=True, verbose_name="参加养老保险人数")),
                ("primary_schools", models.IntegerField(null=True, verbose_name="小学数")),
                ("poverty_dropouts", models.IntegerField(null=True, verbose_name="因贫辍学人数")),
                ("clinics", models.IntegerField(null=True, verbose_name="卫生室数")),
                ("doctors", models.IntegerField(null=True, verbose_name="执业（助理）医师数")),
                ("public_toilets", models.IntegerField(null=True, verbose_name="公共卫生厕所数")),
                ("culture_rooms", models.IntegerField(null=True, verbose_name="文化（图书）室数")),
                ("waste_points", models.IntegerField(null=True, verbose_name="垃圾集中堆放点数")),
                ("party_members", models.IntegerField(null=True, verbose_name="党员数")),
                ("graduate_officials", models.IntegerField(null=True, verbose_name="大学生村官数")),
                ("village_office", models.BooleanField(null=True, verbose_name="有村级办公场所")),
                ("notice_board", models.BooleanField(null=True, verbose_name="有村务公开栏")),
                ("committee_sound", models.BooleanField(null=True, verbose_name="“两委”班子健全")),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="sealedvalue",
            name="sealed_kind",
        ),
        migrations.AddConstraint(
            model_name="sealedvalue",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["person", "household", "helper"])), name="sealed_kind"
            ),
        ),
        migrations.AddField(
            model_name="helping",
            name="helper",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="helping",
                to="registry.helper",
            ),
        ),
        migrations.AddField(
            model_name="helping",
            name="household",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="helping",
                to="registry.household",
            ),
        ),
        migrations.AddIndex(
            model_name="teammember",
            index=models.Index(fields=["village_code"], name="team_village"),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=models.Q(("village_code__regex", "^\\d{12}$")), name="team_village_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                name="team_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["first_secretary", "leader", "member"])), name="team_role"
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until__isnull", True), ("role", "first_secretary")),
                fields=("village_code",),
                name="one_first_secretary",
            ),
        ),
        migrations.AddIndex(
            model_name="villageproject",
            index=models.Index(fields=["village_code"], name="project_village"),
        ),
        migrations.AddConstraint(
            model_name="villageproject",
            constraint=models.CheckConstraint(
                condition=models.Q(("village_code__regex", "^\\d{12}$")), name="project_village_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="villageproject",
            constraint=models.CheckConstraint(
                condition=models.Q(("progress__in", ["planned", "under_way", "done"])), name="project_progress"
            ),
        ),
        migrations.AddConstraint(
            model_name="villageproject",
            constraint=models.CheckConstraint(
                condition=models.Q(("funds__isnull", True), ("funds__gte", 0), _connector="OR"), name="project_funds"
            ),
        ),
        migrations.AddConstraint(
            model_name="villageyear",
            constraint=models.CheckConstraint(condition=models.Q(("year__range", (2000, 2100))), name="village_year"),
        ),
        migrations.AddConstraint(
            model_name="villageyear",
            constraint=models.CheckConstraint(
                condition=models.Q(("village_code__regex", "^\\d{12}$")), name="village_year_place"
            ),
        ),
        migrations.AddIndex(
            model_name="helping",
            index=models.Index(fields=["household"], name="helping_household"),
        ),
        migrations.AddIndex(
            model_name="helping",
            index=models.Index(fields=["helper"], name="helping_helper"),
        ),
        migrations.AddConstraint(
            model_name="helping",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                name="helping_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="helping",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__isnull", True), models.Q(("ended_why", ""), _negated=True), _connector="OR"
                ),
                name="helping_end_says_why",
            ),
        ),
    ]
