"""Sharing agreements, the ledger of exchanges, subscriptions and what is pushed to them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0005_lake_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Push",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("event", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=60)),
                ("part", models.PositiveIntegerField()),
                ("parts", models.PositiveIntegerField()),
                ("rows", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("body", models.BinaryField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "等待推送"),
                            ("delivered", "已送达"),
                            ("given_up", "已放弃"),
                            ("stopped", "已停止"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-made_at", "part"],
            },
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("giver", models.CharField(max_length=40, verbose_name="提供方")),
                ("taker", models.CharField(max_length=40, verbose_name="使用方")),
                ("dataset", models.CharField(max_length=40, verbose_name="数据集")),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None),
                ),
                ("purpose", models.CharField(max_length=300, verbose_name="用途")),
                ("legal_basis", models.CharField(max_length=200, verbose_name="法律依据")),
                ("region", models.CharField(db_collation="C", max_length=15, verbose_name="辖区代码")),
                ("valid_from", models.DateField(verbose_name="生效日")),
                ("valid_until", models.DateField(verbose_name="截止日")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "待双方同意"), ("in_force", "已签订"), ("ended", "已终止")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("pseudonyms", models.BinaryField(default=b"")),
                ("proposed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("giver_agreed_at", models.DateTimeField(null=True)),
                ("taker_agreed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_why", models.CharField(blank=True, default="", max_length=200)),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "giver_agreed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "taker_agreed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ExchangeEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("direction", models.CharField(choices=[("in", "收到"), ("out", "给出")], max_length=3)),
                (
                    "way",
                    models.CharField(
                        choices=[("delivery", "交付"), ("push", "推送"), ("read", "接口读取")], max_length=10
                    ),
                ),
                ("department", models.CharField(max_length=40)),
                ("dataset", models.CharField(max_length=40)),
                ("region", models.CharField(db_collation="C", default="", max_length=15)),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), default=list, size=None
                    ),
                ),
                (
                    "outside",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), default=list, size=None
                    ),
                ),
                ("rows", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("object_id", models.CharField(max_length=60)),
                (
                    "agreement",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exchanges",
                        to="exchange.agreement",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="PushTry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("round", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("outcome", models.CharField(max_length=20)),
                ("milliseconds", models.PositiveIntegerField()),
                (
                    "push",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="all_tries", to="exchange.push"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=500)),
                ("secret", models.BinaryField()),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="exchange.agreement",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="push",
            name="subscription",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="pushes", to="exchange.subscription"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "in_force", "ended"])), name="agreement_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("giver", models.F("taker")), _negated=True), name="agreement_has_two_sides"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until__gte", models.F("valid_from"))), name="agreement_ends_after_it_begins"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("fields__len__gt", 0)), name="agreement_names_fields"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purpose", ""), _negated=True), models.Q(("legal_basis", ""), _negated=True)
                ),
                name="agreement_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "in_force"), _negated=True),
                    models.Q(("giver_agreed_at__isnull", False), ("taker_agreed_at__isnull", False)),
                    _connector="OR",
                ),
                name="agreement_in_force_was_agreed_by_both",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False), ("state", "ended"), models.Q(("ended_why", ""), _negated=True)
                    ),
                    models.Q(models.Q(("state", "ended"), _negated=True), ("ended_at__isnull", True)),
                    _connector="OR",
                ),
                name="agreement_end_has_day_and_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="exchangeentry",
            index=models.Index(fields=["department", "direction", "at"], name="exchange_department"),
        ),
        migrations.AddConstraint(
            model_name="exchangeentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("direction__in", ["in", "out"])), name="exchange_direction_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangeentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("way__in", ["delivery", "push", "read"])), name="exchange_way_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangeentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("direction", "in"), models.Q(("agreement__isnull", False), ("outside", [])), _connector="OR"
                ),
                name="nothing_leaves_without_an_agreement",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)), fields=("agreement",), name="one_open_subscription"
            ),
        ),
        migrations.AddConstraint(
            model_name="push",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "delivered", "given_up", "stopped"])),
                name="push_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="push",
            constraint=models.UniqueConstraint(
                fields=("subscription", "event", "subject", "part"), name="push_made_once"
            ),
        ),
    ]
