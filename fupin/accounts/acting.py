"""In whose name the database is asked: the scope is opened there, transaction by transaction, by a signed ticket.

The database itself keeps rows outside the scope from the app's login (row-level security). Which scope holds, it
believes only from a ticket signed with a key that the app's login cannot read: who acts, on which part of the country,
on which connection, when. It verifies the ticket and binds the scope to the running transaction (``fupin_open``).
Whoever can only speak SQL can neither make a ticket nor carry a scope over. See ``docs/decisions/0010``.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.errors import InsufficientPrivilege, UndefinedFunction
from psycopg.pq import TransactionStatus

from fupin.accounts.rules import role_may
from fupin.kernel.errors import UserError
from fupin.kernel.scope import Scope

if TYPE_CHECKING:
    from fupin.accounts.models import User

NOTHING = "-"  # in a ticket: somebody acts who sees no household
HEALTH = "+h"  # in a ticket, behind the region: coded health facts of persons may be read, too
WHOLE = Scope.everything()


@dataclass(frozen=True)
class Actor:
    """Who acts (None: the platform itself), where rows may be seen and written, and from where he came.

    ``health``: whether coded health facts of persons are read with their rows.
    """

    user_id: int | None
    scope: Scope
    origin: str = ""
    health: bool = False

    @property
    def prefix(self) -> str:
        """The scope as it stands in a ticket. Raises ValueError for one that is not a single region."""
        if len(self.scope.prefixes) > 1:
            raise ValueError("a ticket opens one region")
        return next(iter(self.scope.prefixes), NOTHING)


_ACTOR: ContextVar[Actor | None] = ContextVar("actor", default=None)


def present() -> Actor | None:
    """Who acts now; None: nobody, and guarded tables look empty."""
    return _ACTOR.get()


def sees_health() -> bool:
    """Whether who acts now may see a member's health, as the database asks itself."""
    actor = present()
    return actor is not None and actor.health


@contextmanager
def acting_as(user: User, *, origin: str = "") -> Iterator[None]:
    """Within the block the database shows and takes what lies in the user's scope.

    Without an ``origin`` it is that of the wider block: one request, however many transactions.
    """
    wider = present()
    with _acting(_actor_of(user, origin or (wider.origin if wider else ""))):
        yield


def _actor_of(user: User, origin: str) -> Actor:
    return Actor(user.pk, user.scope, origin, role_may(user.role, "see_health"))


@contextmanager
def acting_for(user: User | None, region: str, *, health: bool = True) -> Iterator[None]:
    """A job's work on one region, allowed when it was ordered; ``user`` ordered it (None: the platform itself).

    A run reckons with coded health facts whoever ordered it; ``health=False`` for work that only hands rows out.
    """
    with _acting(Actor(None if user is None else user.pk, Scope.of(region), "job", health)):
        yield


@contextmanager
def acting_for_platform(origin: str = "platform") -> Iterator[None]:
    """The platform's own work on everything, such as completing older runs after an update."""
    with _acting(Actor(None, WHOLE, origin, health=True)):
        yield


@contextmanager
def nobody_acting() -> Iterator[None]:
    """As a thread begins: without any scope."""
    with _acting(None):
        yield


def act_from_now_on(user: User | None, *, origin: str) -> None:
    """For a process that does one person's command (None: the platform's own) and ends, and inside of a wider block."""
    actor = Actor(None, WHOLE, origin, health=True) if user is None else _actor_of(user, origin)
    _ACTOR.set(actor)
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.in_atomic_block:
        open_scope(connection.connection, actor)


@contextmanager
def _acting(actor: Actor | None) -> Iterator[None]:
    """Inside a running transaction the scope changes at once and is put back at the end of the block."""
    connection = connections[DEFAULT_DB_ALIAS]
    inside = connection.in_atomic_block
    before = _ACTOR.set(actor)
    try:
        if inside:
            open_scope(connection.connection, actor)
        yield
    finally:
        _ACTOR.reset(before)
        if inside and connection.in_atomic_block and _alive(connection):
            open_scope(connection.connection, present())


def _alive(connection: Any) -> bool:
    """False in a transaction that has failed: it takes no statement, and rolled back it has its former scope again."""
    return bool(connection.connection.info.transaction_status != TransactionStatus.INERROR)


def open_scope(connection: Any, actor: Actor | None) -> None:
    """In the running transaction of a psycopg connection. Parameters travel apart: no list of queries shows them."""
    if actor is None:
        connection.execute("SELECT fupin_close()")
        return
    claim = claim_of(actor, connection.info.backend_pid)
    try:
        connection.execute("SELECT fupin_open(%s, %s)", (claim, proof_of(claim)))
    except (InsufficientPrivilege, UndefinedFunction) as error:
        raise _not_believed(error) from error


def _not_believed(error: Exception) -> UserError:
    return UserError(
        f"数据库不认这个进程的通行票：{str(error).splitlines()[0]}",
        f"the database does not believe this process's ticket: {str(error).splitlines()[0]}",
        "请用同一个 FUPIN_SECRET_KEY（或同一个数据文件夹）运行 fupin migrate，并核对两台机器的时钟。",
        "run `fupin migrate` under the same FUPIN_SECRET_KEY (or data folder), and compare the two machines' clocks.",
    )


def open_scope_on(backend: int) -> str:
    """The statement that opens the present scope on another driver's connection, inside its transaction.

    The ticket is good for that one connection only, so it may stand in the list of running queries.
    """
    actor = present()
    if actor is None:
        return "SELECT fupin_close()"
    claim = claim_of(actor, backend)
    quoted = claim.replace("'", "''")
    return f"SELECT fupin_open('{quoted}', '\\x{proof_of(claim).hex()}')"


def claim_of(actor: Actor, backend: int) -> str:
    """connection | seconds since 1970 | user | prefix, and whether health is seen | origin."""
    who = "" if actor.user_id is None else str(actor.user_id)
    where = actor.prefix + (HEALTH if actor.health else "")
    return "|".join((str(backend), str(int(time.time())), who, where, actor.origin[:80]))


def proof_of(claim: str) -> bytes:
    """What shows that the claim is ours: the database computes the same."""
    return mac(ticket_key(), f"ticket|{claim}")


def mac(key: bytes, text: str) -> bytes:
    """SHA-256 nested over a key of fixed length: PostgreSQL has it without an extension."""
    return hashlib.sha256(key + hashlib.sha256(key + text.encode()).digest()).digest()


def ticket_key() -> bytes:
    """Derived from Django's secret key: whoever has that one signs sessions as well."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"fupin.accounts.ticket", "sha256")


def install_ticket_key(using: str = "owner") -> None:
    """Tell the database the present key, by the owner's login; the app's cannot read it."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_ticketkey (id, secret) VALUES (1, %s) "
            "ON CONFLICT (id) DO UPDATE SET secret = excluded.secret "
            "WHERE accounts_ticketkey.secret IS DISTINCT FROM excluded.secret",
            [ticket_key()],
        )
