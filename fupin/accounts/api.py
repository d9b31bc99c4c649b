"""The door to accounts."""

from fupin.accounts.acting import (
    act_from_now_on,
    acting_as,
    acting_for,
    acting_for_platform,
    install_ticket_key,
    nobody_acting,
    open_scope_on,
)
from fupin.accounts.bulk import HEADS, NEEDED, Outcome, open_many
from fupin.accounts.doors import sign_in
from fupin.accounts.keeping import (
    change_account,
    change_own_password,
    close_account,
    renew_password,
    reopen_account,
    unlock,
)
from fupin.accounts.models import ApiToken, Deed, Role, SavedFilter, User
from fupin.accounts.opening import create_user, last_day
from fupin.accounts.passwords import draw_password
from fupin.accounts.queries import (
    TrailState,
    cadres_of,
    deeds_for,
    filters_for,
    may,
    may_guard,
    may_keep,
    tokens_of,
    trail_state,
    user_for,
    users_for,
)
from fupin.accounts.rules import ROLES, THREE, VERBS, RoleRights
from fupin.accounts.services import forget_filter, record, require, save_filter
from fupin.accounts.tokens import revoke_token, rotate_token, token_for, user_of_token
from fupin.kernel.errors import Forbidden
from fupin.kernel.scope import Scope

__all__ = [
    "HEADS",
    "NEEDED",
    "ROLES",
    "THREE",
    "VERBS",
    "ApiToken",
    "Deed",
    "Forbidden",
    "Outcome",
    "Role",
    "RoleRights",
    "SavedFilter",
    "Scope",
    "TrailState",
    "User",
    "act_from_now_on",
    "acting_as",
    "acting_for",
    "acting_for_platform",
    "cadres_of",
    "change_account",
    "change_own_password",
    "close_account",
    "create_user",
    "deeds_for",
    "draw_password",
    "filters_for",
    "forget_filter",
    "install_ticket_key",
    "last_day",
    "may",
    "may_guard",
    "may_keep",
    "nobody_acting",
    "open_many",
    "open_scope_on",
    "record",
    "renew_password",
    "reopen_account",
    "require",
    "revoke_token",
    "rotate_token",
    "save_filter",
    "sign_in",
    "token_for",
    "tokens_of",
    "trail_state",
    "unlock",
    "user_for",
    "user_of_token",
    "users_for",
]
