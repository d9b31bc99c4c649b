"""The password policy as a validator for ``AUTH_PASSWORD_VALIDATORS``, and passwords drawn by the machine."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.exceptions import ValidationError

from fupin.accounts.rules import PASSWORD_LENGTH, password_problem


class Policy:
    def validate(self, password: str, user: Any = None) -> None:
        problem = password_problem(password, getattr(user, "username", "") or "")
        if problem is not None:
            raise ValidationError(f"{problem[0]} / {problem[1]}", code="password_policy")

    def get_help_text(self) -> str:
        return f"至少 {PASSWORD_LENGTH} 位，含大写、小写、数字、符号中的三种，不含用户名。"


def draw_password() -> str:
    """One that the policy accepts."""
    while password_problem(password := secrets.token_urlsafe(9), ""):
        pass
    return password
