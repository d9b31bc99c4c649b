"""Second factors of an account: a code that changes every half minute, passkeys, recovery codes.

Models and ceremonies are `allauth.mfa`'s; its pages are not opened. Codes are counted in the database, not in a cache
of one process: none opens the door twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from fupin.accounts.models import User
from fupin.accounts.rules import role_may
from fupin.accounts.services import record
from fupin.kernel.errors import UserError

TOTP, PASSKEY, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES
OFFER = "factor_offer"  # in the session: the sealed secret that the page shows, until its first code is typed
MOST_PASSKEYS = 5


@dataclass(frozen=True)
class Factor:
    number: int
    kind: str
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Offer:
    """A new secret, as text and as the picture that a phone reads."""

    secret: str
    picture: str


def needs_factor(user: User) -> bool:
    """Whoever may see an ID number in clear."""
    return role_may(user.role, "reveal_id")


def has_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk).exclude(type=RECOVERY).exists())


def has_passkey(user: User) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type=PASSKEY).exists())


def factors_of(user: User) -> list[Factor]:
    """The oldest first; recovery codes are none."""
    found = Authenticator.objects.filter(user_id=user.pk).exclude(type=RECOVERY).order_by("created_at", "pk")
    return [Factor(one.pk, one.type, str(one.data.get("name", "")), one.created_at, one.last_used_at) for one in found]


def recovery_left(user: User) -> int:
    """How many recovery codes still open the door."""
    found = Authenticator.objects.filter(user_id=user.pk, type=RECOVERY).first()
    return len(found.wrap().get_unused_codes()) if found else 0


def offer_totp(request: HttpRequest, user: User) -> Offer:
    """The same secret until it is confirmed: a wrong code does not force the phone to read a new picture."""
    adapter = get_adapter()
    if OFFER not in request.session:
        request.session[OFFER] = adapter.encrypt(totp.generate_totp_secret())
    secret = adapter.decrypt(request.session[OFFER])
    return Offer(secret, adapter.build_totp_svg(adapter.build_totp_url(user, secret)))


@transaction.atomic
def add_totp(*, request: HttpRequest, user: User, code: str, name: str) -> list[str]:
    """Recovery codes when this is the first factor, to be shown once. Raises UserError.

    The caller has asked for the password (``doors.confirm_password``).
    """
    _lock(user)
    if Authenticator.objects.filter(user_id=user.pk, type=TOTP).exists():
        raise UserError(
            "已经有动态验证码了",
            "there is an authenticator app already",
            "换手机时先移除旧的，再添加新的",
            "remove the old one first, then add the new phone",
        )
    if OFFER not in request.session:
        raise _wrong_code()
    secret = get_adapter().decrypt(request.session[OFFER])
    counter = _counter_of(secret, code)
    if counter is None:
        raise _wrong_code()
    data = {"secret": get_adapter().encrypt(secret), "name": _named(name), "last_counter": counter}
    Authenticator.objects.create(user=user, type=TOTP, data=data)
    del request.session[OFFER]
    return _added(user, TOTP)


def begin_passkey(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the browser needs to make a passkey."""
    with context.request_context(request):
        return _plain(webauthn.begin_registration(user, passwordless=False))


@transaction.atomic
def add_passkey(*, request: HttpRequest, user: User, answer: str, name: str) -> list[str]:
    """``answer``: what the browser made, as JSON. Recovery codes for the first factor. Raises UserError.

    The caller has asked for the password.
    """
    _lock(user)
    if Authenticator.objects.filter(user_id=user.pk, type=PASSKEY).count() >= MOST_PASSKEYS:
        raise UserError(
            f"最多 {MOST_PASSKEYS} 个通行密钥",
            f"at most {MOST_PASSKEYS} passkeys",
            "先移除不用的",
            "remove one that is not used",
        )
    credential = _parsed(answer)
    with context.request_context(request), _library_errors():
        webauthn.parse_registration_response(credential)
        webauthn.complete_registration(credential)
    webauthn.WebAuthn.add(user, _named(name), credential)
    return _added(user, PASSKEY)


@transaction.atomic
def remove_factor(*, user: User, number: int) -> None:
    """Without the last one the recovery codes go too. The caller has asked for the password. Raises UserError."""
    _lock(user)
    found = Authenticator.objects.filter(user_id=user.pk, pk=number).exclude(type=RECOVERY).first()
    if found is None:
        raise UserError("没有这个第二重验证", "there is no such second factor", "请刷新页面", "load the page again")
    kind = found.type
    found.delete()
    if not has_factor(user):
        Authenticator.objects.filter(user_id=user.pk).delete()
    _write(user, "remove_factor", {"kind": kind})


def clear_factors(user: User) -> None:
    """For ``keeping.reset_factors``, which asks whether somebody may and writes it down."""
    Authenticator.objects.filter(user_id=user.pk).delete()


@transaction.atomic
def renew_recovery_codes(*, user: User) -> list[str]:
    """New ones, to be shown once; the old ones end. The caller has asked for the password. Raises UserError."""
    _lock(user)
    if not has_factor(user):
        raise UserError(
            "先添加第二重验证，才有恢复码",
            "recovery codes come with a second factor",
            "先添加手机验证码或通行密钥",
            "add an authenticator app or a passkey first",
        )
    Authenticator.objects.filter(user_id=user.pk, type=RECOVERY).delete()
    _write(user, "renew_recovery_codes", {})
    return [str(one) for one in RecoveryCodes.activate(user).generate_codes()]


def ask_passkey(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the browser needs to answer with one of the account's passkeys."""
    with context.request_context(request):
        return _plain(webauthn.begin_authentication(user))


@transaction.atomic
def factor_fits(request: HttpRequest, user: User, *, code: str = "", answer: str = "") -> str:
    """The kind of the factor that a code or a passkey's answer shows, "" for none. Uses the code up.

    ``doors`` counts and locks; nobody else calls it.
    """
    _lock(user)
    if answer:
        return _passkey_fits(request, user, answer)
    code = "".join(code.split())
    for one in Authenticator.objects.filter(user_id=user.pk).exclude(type=PASSKEY).order_by("-type"):
        if _totp_fits(one, code) if one.type == TOTP else one.wrap().validate_code(code):
            Authenticator.objects.get(pk=one.pk).record_usage()
            return str(one.type)
    return ""


def _totp_fits(factor: Authenticator, code: str) -> bool:
    counter = _counter_of(get_adapter().decrypt(factor.data["secret"]), code)
    if counter is None or counter <= factor.data.get("last_counter", -1):
        return False
    factor.data["last_counter"] = counter
    factor.save(update_fields=["data"])
    return True


def _counter_of(secret: str, code: str) -> int | None:
    """The half minute that a code belongs to; the last and the next one count, clocks differ."""
    typed = "".join(code.split())
    for counter in totp.yield_hotp_counters_from_time():
        if constant_time_compare(totp.format_hotp_value(totp.hotp_value(secret, counter)), typed):
            return int(counter)
    return None


def _passkey_fits(request: HttpRequest, user: User, answer: str) -> str:
    try:
        credential = _parsed(answer)
        with context.request_context(request), _library_errors():
            webauthn.parse_authentication_response(credential)
            found = webauthn.complete_authentication(user, credential)
    except UserError:
        return ""
    found.record_usage()
    return str(PASSKEY)


def reseal_factors() -> int:
    """After the encryption key has changed: every secret under the new one. How many were rewritten."""
    adapter, count = get_adapter(), 0
    for number in Authenticator.objects.exclude(type=PASSKEY).values_list("pk", flat=True):
        with transaction.atomic():
            one = Authenticator.objects.select_for_update().filter(pk=number).first()
            for name in {"secret", "seed"} & set(one.data if one else ()):
                one.data[name] = adapter.encrypt(adapter.decrypt(one.data[name]))
                one.save(update_fields=["data"])
                count += 1
    return count


def _added(user: User, kind: str) -> list[str]:
    _write(user, "add_factor", {"kind": str(kind)})
    if Authenticator.objects.filter(user_id=user.pk, type=RECOVERY).exists():
        return []
    return [str(one) for one in RecoveryCodes.activate(user).generate_codes()]


def _lock(user: User) -> None:
    """Two who try at once come one after the other: no code is counted twice."""
    User.objects.select_for_update().get(pk=user.pk)


def _named(name: str) -> str:
    """What its owner calls it; "" is shown as the word for its kind."""
    return name.strip()[:40]


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """As the browser's JSON has it."""
    found: dict[str, Any] = json.loads(json.dumps(options, default=dict))
    return found


def _parsed(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _wrong_answer()
    return found


@contextmanager
def _library_errors() -> Iterator[None]:
    """The library's refusals, and what it does not catch of a made-up answer, in our words."""
    try:
        yield
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _wrong_answer() from error


def _wrong_code() -> UserError:
    return UserError(
        "验证码不对",
        "the code is wrong",
        "请输入手机上现在显示的 6 位数字；手机时间要自动校准",
        "type the six digits that the phone shows now; its clock should set itself",
    )


def _wrong_answer() -> UserError:
    return UserError(
        "通行密钥没有通过",
        "the passkey was not accepted",
        "请再试一次，或换一种验证",
        "try again, or use another factor",
    )


def _write(user: User, verb: str, detail: dict[str, Any]) -> None:
    record(by=user, verb=verb, object_kind="user", object_id=str(user.pk), region=user.region, detail=detail)
