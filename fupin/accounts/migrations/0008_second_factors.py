"""Sessions that are listed and limited, tokens that carry chosen verbs, roles of helpers, enterprises and residents."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ROLES = [
    ("decision_maker", "决策者"),
    ("office", "扶贫办"),
    ("cadre", "驻村干部"),
    ("department", "部门数据员"),
    ("helper_unit", "帮扶单位"),
    ("enterprise", "企业与社会力量"),
    ("resident", "农户本人"),
    ("system_administrator", "系统管理员"),
    ("security_administrator", "安全管理员"),
    ("audit_administrator", "审计管理员"),
]
#: what tokens could do before they carried verbs
VERBS = ["deliver", "see_deliveries", "download_bad_rows"]


def give_all_verbs(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    tokens: Any = apps.get_model("accounts", "ApiToken").objects.using(editor.connection.alias)
    tokens.update(verbs=VERBS)


def close_without_region(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """An empty region now means the whole country: an account that has none by some accident must not gain it."""
    users: Any = apps.get_model("accounts", "User").objects.using(editor.connection.alias)
    users.filter(role__in=["office", "decision_maker"], region="").update(is_active=False)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_trail"), ("sessions", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("user", "user_role_known"),
        migrations.AlterField("user", "role", models.CharField(choices=ROLES, max_length=30, verbose_name="角色")),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                name="user_role_known", condition=models.Q(role__in=[code for code, _name in ROLES])
            ),
        ),
        migrations.RunPython(close_without_region, migrations.RunPython.noop),
        migrations.AddField("apitoken", "verbs", models.JSONField(default=list)),
        migrations.RunPython(give_all_verbs, migrations.RunPython.noop),
        migrations.CreateModel(
            name="OpenSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField(auto_now_add=True)),
                ("seen_at", models.DateTimeField()),
                ("address", models.CharField(blank=True, max_length=45)),
                ("program", models.CharField(blank=True, max_length=200)),
                (
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="open_session",
                        to="sessions.session",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
