"""Accounts are handed down: they end, know who opened them, and the one administrator becomes the first of three."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

ROLES = [
    ("decision_maker", "决策者"),
    ("office", "扶贫办"),
    ("cadre", "驻村干部"),
    ("department", "部门数据员"),
    ("system_administrator", "系统管理员"),
    ("security_administrator", "安全管理员"),
    ("audit_administrator", "审计管理员"),
]
DAYS = 180  # that tokens made before this migration live on


def split_administrators(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Those there are keep opening accounts; the other two are set up with ``fupin users add``."""
    users: Any = apps.get_model("accounts", "User").objects.using(editor.connection.alias)
    users.filter(role="administrator").update(role="system_administrator")


def join_administrators(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    users: Any = apps.get_model("accounts", "User").objects.using(editor.connection.alias)
    users.filter(role__endswith="_administrator").update(role="administrator")


def end_tokens(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    tokens: Any = apps.get_model("accounts", "ApiToken").objects.using(editor.connection.alias)
    tokens.update(expires_at=timezone.now() + timedelta(days=DAYS))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_departments_have_a_region")]

    operations = [
        migrations.RemoveConstraint("user", "user_role_known"),
        migrations.AlterField("user", "role", models.CharField(choices=ROLES, max_length=30, verbose_name="角色")),
        migrations.RunPython(split_administrators, join_administrators),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                name="user_role_known", condition=models.Q(role__in=[code for code, _name in ROLES])
            ),
        ),
        migrations.AddField("user", "ends_on", models.DateField(blank=True, null=True, verbose_name="到期日")),
        migrations.AddField("user", "must_change_password", models.BooleanField(default=False)),
        migrations.AddField("user", "epoch", models.PositiveIntegerField(default=0)),
        migrations.AddField(
            "user",
            "opened_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="opened",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("apitoken", "last_used_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("apitoken", "expires_at", models.DateTimeField(null=True)),
        migrations.RunPython(end_tokens, migrations.RunPython.noop),
        migrations.AlterField("apitoken", "expires_at", models.DateTimeField()),
    ]
