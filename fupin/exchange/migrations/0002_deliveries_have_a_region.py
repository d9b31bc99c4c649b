"""A delivery belongs to a region, the same file may come again for another day, and one can be withdrawn."""

from __future__ import annotations

from django.db import migrations, models

STATES = [
    ("waiting", "等待处理"),
    ("reading", "正在读取"),
    ("accepted", "已入湖"),
    ("refused", "已退回"),
    ("withdrawn", "已撤回"),
]


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="delivery", name="delivery_state_known"),
        migrations.RemoveConstraint(model_name="delivery", name="same_file_accepted_once"),
        migrations.AddField(
            model_name="delivery",
            name="region",
            field=models.CharField(db_collation="C", default="", max_length=15, verbose_name="辖区代码"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="replaces",
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("replaces", False), ("corrects__isnull", False), _connector="OR"),
                name="only_a_correction_replaces",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="state",
            field=models.CharField(choices=STATES, default="waiting", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", [code for code, _name in STATES])), name="delivery_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "accepted")),
                fields=("dataset", "sha256", "cut_off"),
                name="same_file_accepted_once",
            ),
        ),
    ]
