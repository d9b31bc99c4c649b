"""The door to accounts."""

from fupin.accounts.models import ApiToken, Deed, Role, SavedFilter, User
from fupin.accounts.queries import deeds_for, filters_for, may, users_for
from fupin.accounts.rules import ROLES, VERBS, RoleRights
from fupin.accounts.services import (
    create_user,
    forget_filter,
    record,
    require,
    revoke_token,
    save_filter,
    sign_in,
    token_for,
    user_of_token,
)
from fupin.kernel.errors import Forbidden
from fupin.kernel.scope import Scope

__all__ = [
    "ROLES",
    "VERBS",
    "ApiToken",
    "Deed",
    "Forbidden",
    "Role",
    "RoleRights",
    "SavedFilter",
    "Scope",
    "User",
    "create_user",
    "deeds_for",
    "filters_for",
    "forget_filter",
    "may",
    "record",
    "require",
    "revoke_token",
    "save_filter",
    "sign_in",
    "token_for",
    "user_of_token",
    "users_for",
]
