"""Who may sign in and stay: an open account (``AUTHENTICATION_BACKENDS``)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from fupin.accounts.models import User


class OpenAccounts(ModelBackend):
    """Asked at sign-in and again for every request: an account past its last day is signed out by itself."""

    def user_can_authenticate(self, user: Any) -> bool:
        return isinstance(user, User) and user.is_open
