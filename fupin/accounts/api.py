"""The door to accounts."""

from fupin.accounts.models import ApiToken, Deed, Role, User
from fupin.accounts.queries import deeds_for, may, users_for
from fupin.accounts.rules import ROLES, VERBS, RoleRights
from fupin.accounts.services import create_user, record, require, revoke_token, sign_in, token_for, user_of_token
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
    "Scope",
    "User",
    "create_user",
    "deeds_for",
    "may",
    "record",
    "require",
    "revoke_token",
    "sign_in",
    "token_for",
    "user_of_token",
    "users_for",
]
