"""Writes that everything else rests on: the trail of deeds, the question whether somebody may, saved filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from fupin.accounts.models import Deed, SavedFilter, User
from fupin.accounts.queries import may
from fupin.accounts.rules import ROLES, VERBS
from fupin.kernel.errors import Forbidden, UserError

MAX_FILTERS = 20  # of one user on one list: a menu, not an archive


def record(
    *,
    by: User | None,
    verb: str,
    object_kind: str,
    object_id: str,
    region: str = "",
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    using: str = "default",
) -> Deed:
    """Write down what somebody did; call it inside the transaction of the deed (of the database alias ``using``).

    Never put an ID number into it.
    """
    return Deed.objects.using(using).create(
        by=by,
        verb=verb,
        object_kind=object_kind,
        object_id=object_id,
        region=region,
        reason=reason,
        detail=dict(detail or {}),
    )


def require(user: User, verb: str, region: str | None = None) -> None:
    """Raises Forbidden unless the user's role may do it and, when a region is given, it lies in the user's scope."""
    zh, en = VERBS[verb]
    if not may(user, verb):
        allowed = [role for role in ROLES.values() if verb in role.verbs]
        raise Forbidden(
            f"您的角色不能{zh}",
            f"your role may not {en}",
            f"可以的角色：{'、'.join(role.zh for role in allowed)}",
            f"roles that may: {', '.join(role.en for role in allowed)}",
        )
    if region is not None and not user.scope.covers(region):
        raise Forbidden(
            f"区划 {region} 不在您的辖区内，不能{zh}",
            f"region {region} lies outside your scope: you may not {en}",
            "请由该辖区的账号办理",
            "ask an account of that region",
        )


@transaction.atomic
def save_filter(*, by: User, path: str, name: str, query: str) -> SavedFilter:
    """Keeps a question under a name; the same name again takes the new question. Raises UserError."""
    name = name.strip()
    others = SavedFilter.objects.filter(user=by, path=path).exclude(name=name)
    if not name or len(name) > 40 or len(query) > 1000:
        raise UserError(
            "常用条件要有名字，最多 40 个字",
            "a saved filter needs a name of at most 40 characters",
            "换一个短名字",
            "shorten it",
        )
    if others.count() >= MAX_FILTERS:
        raise UserError(
            f"一个名单最多保存 {MAX_FILTERS} 个常用条件",
            f"a list keeps at most {MAX_FILTERS} saved filters",
            "先删除不用的",
            "delete one that is not needed",
        )
    return SavedFilter.objects.update_or_create(user=by, path=path, name=name, defaults={"query": query})[0]


def forget_filter(*, by: User, number: int) -> None:
    """Only one's own; one that is not there is no error."""
    SavedFilter.objects.filter(user=by, pk=number).delete()
