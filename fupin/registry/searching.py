"""Finding households by number, by last digits, by name, pinyin or initials; always inside the user's scope.

Numbers are looked up by keyed hashes, under the present key and, while a rotation runs, under the former ones. Texts
are looked up by ranges of an index, never by a pattern.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.expressions import RawSQL

from fupin.accounts.api import User
from fupin.kernel.identity import normalise
from fupin.kernel.keys import Key, keyed_hash, tail_hash
from fupin.registry.models import Household
from fupin.registry.queries import households_for
from fupin.registry.spelling import sound
from fupin.registry.syllables import SYLLABLES, cuts

Asked = tuple[str, list[Any]]  # a statement that gives household numbers, and its parameters
LAST = "\U0010ffff"  # after every text that begins with the same characters (collation "C")
TAIL = re.compile(r"\d{4}|\d{3}X|\d{6}|\d{5}X")
PHONE = re.compile(r"1\d{10}")
MOST_NAMED = 500  # persons that one way of reading a name gives: nobody looks through more, and nobody waits for them
LETTERS = re.compile(r"[a-z ]+")
CHARACTER = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


def search_households(user: User, text: str) -> QuerySet[Household]:
    """A whole ID or phone number, its last 4 or (ID) 6 digits, a member's name, pinyin, initials or a mixture of them,
    a household number or its beginning (7 digits or more). Of a broad name at most about MOST_NAMED households.

    A number is looked up by its keyed hash and appears in no query.
    """
    households, text = households_for(user), unicodedata.normalize("NFKC", text).strip()
    if not text:
        return households.none()
    return households.filter(_found(text)).order_by("village_code", "household_id")


def is_broad(text: str) -> bool:
    """Whether a search by this name, in the opened scope, has more to give than it gives."""
    text = unicodedata.normalize("NFKC", text).strip()
    if normalise(text).number is not None or TAIL.fullmatch("".join(text.upper().split())):
        return False
    with connection.cursor() as cursor:
        return any(_given(cursor, _named(way)) > MOST_NAMED for way in _ways(text.lower()))


def _given(cursor: Any, asked: Asked) -> int:
    cursor.execute(f"SELECT count(*) FROM ({asked[0]}) AS given", asked[1])  # noqa: S608 – our own statement
    return int(cursor.fetchone()[0])


def _found(text: str) -> Q:
    number, plain = normalise(text).number, "".join(text.upper().split())
    if number is not None:
        return _any_of(_numbered(whole=_hashes(number)))
    if PHONE.fullmatch(plain):
        return Q(phone_lookup__in=_hashes(plain))
    if TAIL.fullmatch(plain):
        return _with_tail(plain)
    if names := _ways(text.lower()):
        return _any_of(*map(_named, names))
    return _range("household_id", text)


def _any_of(*asked: Asked) -> Q:
    """One array of household numbers, made first: the households are then read by their key, whatever the planner
    thinks of the size of the scope."""
    statement = " UNION ALL ".join(one[0] for one in asked)
    numbers = RawSQL(statement, [value for one in asked for value in one[1]])  # noqa: S611  # all values are parameters
    among = {"template": "%(expressions)s)", "arg_joiner": " = ANY (ARRAY"}
    return Q(Func(F("pk"), numbers, output_field=BooleanField(), **among))


def _lookup_keys() -> Sequence[Key]:
    keys: Sequence[Key] = settings.FUPIN_KEYS.now.lookups
    return keys


def _hashes(number: str) -> list[bytes]:
    return [keyed_hash(key, number) for key in _lookup_keys()]


def _with_tail(tail: str) -> Q:
    """The last four of an ID or phone number, the last six of an ID number."""
    hashes = [tail_hash(key, tail, len(tail)) for key in _lookup_keys()]
    if len(tail) == 6:
        return _any_of(_numbered(tails6=hashes))
    phones = "SELECT household_id FROM registry_household WHERE phone_tail4 = ANY (%s::bytea[])"
    return _any_of(_numbered(tails4=hashes), (phones, [hashes]))


def _numbered(whole: Sequence[bytes] = (), tails4: Sequence[bytes] = (), tails6: Sequence[bytes] = ()) -> Asked:
    """Households of the opened scope with such a member; the database's own function, see migration 0003."""
    statement = "SELECT fupin_find_numbered(%s::bytea[], %s::bytea[], %s::bytea[])"
    return statement, [list(whole), list(tails4), list(tails6)]


@dataclass(frozen=True)
class Piece:
    """One character of a name: how its sound begins, whether that is all of it, and itself where it was written."""

    sound: str
    whole: bool
    character: str = ""


def _ways(text: str) -> list[list[Piece]]:
    """What was typed as pieces of a name, in every way it may be meant; none for what cannot be a name."""
    ways: list[list[Piece]] = [[]]
    parts = re.findall(r"[a-z]+|[^a-z\s]", text)
    for place, part in enumerate(parts):
        if CHARACTER.fullmatch(part):
            more = [[Piece(sound(part), True, part)]]
        elif LETTERS.fullmatch(part):
            last = place == len(parts) - 1
            more = [_pieces(cut, last) for cut in cuts(part)]
        else:
            more = [] if part != "·" else [[Piece(sound(part), True, part)]]
        ways = [before + after for before in ways for after in more]
    return ways[:MOST]


MOST = 12


def _pieces(cut: Sequence[str], last: bool) -> list[Piece]:
    """The last piece of all may go on; any other that is a syllable is one."""
    end = len(cut) - 1
    return [Piece(piece, piece in SYLLABLES and not (last and place == end)) for place, piece in enumerate(cut)]


def _named(pieces: Sequence[Piece]) -> Asked:
    """Ranges first (they have an index), then what they cannot tell, character by character."""
    whole = next((place for place, piece in enumerate(pieces) if not piece.whole), len(pieces))
    sound = " ".join(piece.sound for piece in pieces[: whole + 1])
    letters = "".join(piece.sound[:1] for piece in pieces)
    leading = next((place for place, piece in enumerate(pieces) if not piece.character), len(pieces))
    beginning = "".join(piece.character for piece in pieces[:leading])
    untold = any(
        (place > whole and len(piece.sound) > 1) or (place >= leading and piece.character)
        for place, piece in enumerate(pieces)
    )
    heard = [piece.sound + (" " if piece.whole else "") for piece in pieces] if untold else None
    written = [piece.character for piece in pieces] if untold else None
    statement = "SELECT fupin_find_named(%s, %s, %s, %s::text[], %s::text[], %s)"
    return statement, [sound, letters, beginning, heard, written, MOST_NAMED + 1]


def _range(column: str, beginning: str) -> Q:
    return Q(**{f"{column}__gte": beginning, f"{column}__lt": beginning + LAST})
