"""A person with all rights over the database edits, deletes, inserts, reorders, cuts, re-chains: it shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from fupin.accounts.trail import entries, heads, sealer
from fupin.accounts.trail.api import Places, Verdict, public_keys, seal_now, verify
from fupin.accounts.trail.chain import LEAF, Seal, harms, seal_of
from fupin.accounts.trail.keys import SealingKey, load_or_make
from fupin.kernel.errors import UserError

COLUMNS = "at, txid, login, origin, why, source, op, key, after"


@dataclass
class Trail:
    """``sql``: the owner's cursor. Thirty entries under three seals, unless a test makes its own."""

    sql: psycopg.Cursor[Any]
    places: Places

    def write(self, count: int, first: int = 1) -> None:
        self.sql.execute(
            f"INSERT INTO accounts_trail ({COLUMNS}) SELECT now(), 1, 'app', '', '', 't', 'I', n::text,"
            " jsonb_build_object('n', n) FROM generate_series(%s::int, %s) n",
            (first, first + count - 1),
        )

    def seal(self) -> list[Seal]:
        return seal_now(self.places, lambda: False)

    def verify(self, *files: Path) -> Verdict:
        own = self.places.heads / heads.NAME
        return verify(public_keys(self.places.key_file), [*files, own][: len(files) or 1], lambda _step, _share: None)

    def kept(self, tmp: Path) -> Path:
        """A copy of the heads, carried elsewhere."""
        copy = tmp / "elsewhere.jsonl"
        copy.write_bytes((self.places.heads / heads.NAME).read_bytes())
        return copy


@pytest.fixture
def trail(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Trail]:
    with django_db_blocker.unblock(), entries.owners_connection() as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_trail, accounts_seal, accounts_trailcheck RESTART IDENTITY")
        made = Trail(cursor, Places(tmp_path / "keys" / "trail-key.json", tmp_path / "heads"))
        for first in (1, 11, 21):
            made.write(10, first)
            made.seal()
        yield made
        cursor.execute("TRUNCATE accounts_trail, accounts_seal, accounts_trailcheck RESTART IDENTITY")
        connections["owner"].close()


def broken(verdict: Verdict) -> tuple[str, int]:
    assert verdict.broken is not None
    assert str(verdict.broken.seal) in verdict.broken.zh or verdict.broken.kind in ("slipped", "cut")
    return verdict.broken.kind, verdict.broken.seal


def test_an_untouched_trail_is_whole_and_its_unsealed_tail_is_told(trail: Trail) -> None:
    trail.write(4, 31)
    verdict = trail.verify()
    assert (verdict.broken, verdict.seals, verdict.entries, verdict.tail) == (None, 3, 30, 4)
    assert verdict.tail_since is not None
    assert verdict.compared == 3


TAMPERED: list[tuple[str, tuple[str, int], str]] = [
    ("UPDATE accounts_trail SET after = '{\"n\": 0}' WHERE id = 13", ("edited", 2), "第 13 条留痕被改动"),
    ("UPDATE accounts_trail SET actor = 7 WHERE id = 30", ("edited", 3), "第 30 条"),
    ("UPDATE accounts_trail SET at = at - interval '1 microsecond' WHERE id = 1", ("edited", 1), "第 1 条"),
    ("DELETE FROM accounts_trail WHERE id = 20", ("missing", 2), "第 20 条留痕被删除"),
    ("DELETE FROM accounts_trail WHERE id BETWEEN 1 AND 10", ("missing", 1), "另有 5 条"),
    (
        f"INSERT INTO accounts_trail (id, {COLUMNS}) OVERRIDING SYSTEM VALUE"
        " SELECT -5, now(), 1, 'app', '', '', 't', 'I', 'x', NULL",
        ("slipped", 1),
        "塞进来",
    ),
    (
        "CREATE TEMP TABLE swap AS SELECT * FROM accounts_trail WHERE id IN (12, 14);"
        "DELETE FROM accounts_trail WHERE id IN (12, 14); UPDATE swap SET id = 26 - id;"
        "INSERT INTO accounts_trail OVERRIDING SYSTEM VALUE SELECT * FROM swap",
        ("reordered", 2),
        "次序被改动",
    ),
    ("DELETE FROM accounts_seal WHERE number = 2", ("seals_missing", 2), "第 2–2 号封存被删除"),
    ("UPDATE accounts_seal SET entries = 11 WHERE number = 2", ("forged", 2), "伪造"),
    ("UPDATE accounts_seal SET previous = sha256('x') WHERE number = 3", ("unlinked", 3), "接不上"),
    ("UPDATE accounts_seal SET at = '2020' WHERE number = 3", ("forged", 3), "伪造"),
    ("UPDATE accounts_seal SET key_id = 'ffffffffffffffff' WHERE number = 3", ("wrong_key", 3), "钥匙"),
    ("DELETE FROM accounts_seal WHERE number = 3; DELETE FROM accounts_trail WHERE id > 20", ("cut", 3), "末尾被截去"),
    (
        "UPDATE accounts_seal SET leaves = '' WHERE number = 1",
        ("forged", 1),
        "伪造",
    ),
]


@pytest.mark.parametrize(("statement", "expected", "said"), TAMPERED)
def test_the_first_broken_link_is_named(trail: Trail, statement: str, expected: tuple[str, int], said: str) -> None:
    for one in statement.split(";"):
        trail.sql.execute(one)
    verdict = trail.verify()
    assert broken(verdict) == expected
    assert verdict.broken is not None
    assert said in verdict.broken.zh


def test_the_earliest_of_several_faults_is_named(trail: Trail) -> None:
    trail.sql.execute("UPDATE accounts_trail SET why = 'x' WHERE id IN (25, 3)")
    trail.sql.execute("DELETE FROM accounts_seal WHERE number = 2")
    assert broken(trail.verify()) == ("edited", 1)


def test_a_row_slipped_into_the_gap_of_a_rolled_back_transaction_is_found(trail: Trail) -> None:
    trail.sql.execute("SELECT nextval('accounts_trail_id_seq')")  # as a transaction does that is rolled back
    trail.write(3, 32)
    trail.seal()
    assert trail.verify().broken is None
    trail.sql.execute(
        f"INSERT INTO accounts_trail (id, {COLUMNS}) OVERRIDING SYSTEM VALUE"
        " SELECT 31, now(), 1, 'app', '', '', 't', 'I', 'x', NULL"
    )
    assert broken(trail.verify()) == ("slipped", 4)


def patiently(working: sealer.Sealer) -> list[Seal]:
    """Until the mark is reached: a transaction that a neighbouring test has open, in any database, holds it up."""
    made = working.tick()
    while working.waiting is not None:
        made += working.tick()
    return made


def rechain(trail: Trail, key: SealingKey) -> None:
    """What somebody does who knows this very code: edit, then seal all of it anew."""
    trail.sql.execute("UPDATE accounts_trail SET after = '{}' WHERE id = 5")
    trail.sql.execute("DELETE FROM accounts_seal")
    forger = sealer.Sealer(trail.sql.connection, key, trail.places.heads.with_name("forger"))
    patiently(forger)


def test_a_chain_made_anew_with_another_key_is_found(trail: Trail) -> None:
    rechain(trail, SealingKey.of(b"f" * 32))
    assert broken(trail.verify()) == ("wrong_key", 1)


def test_a_chain_made_anew_with_our_own_key_is_found_by_a_head_kept_elsewhere(trail: Trail, tmp_path: Path) -> None:
    kept = trail.kept(tmp_path)
    rechain(trail, load_or_make(trail.places.key_file, may_make=False))
    (trail.places.heads / heads.NAME).unlink()
    assert broken(trail.verify(kept)) == ("rechained", 1)


def test_a_forger_who_replaces_key_and_heads_is_found_by_a_head_kept_elsewhere(trail: Trail, tmp_path: Path) -> None:
    kept = trail.kept(tmp_path)
    trail.places.key_file.unlink()
    trail.places.key_file.with_name("trail-key.json.pub").unlink()
    rechain(trail, load_or_make(trail.places.key_file, may_make=True))
    assert broken(trail.verify(kept)) == ("rechained", 1)


def test_a_head_that_was_changed_where_it_was_kept_is_told_apart(trail: Trail, tmp_path: Path) -> None:
    kept = trail.kept(tmp_path)
    lines = kept.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace('"entries":10', '"entries":11')
    kept.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert broken(trail.verify(kept)) == ("forged_head", 2)


def test_a_file_that_holds_no_heads_is_refused_with_its_line(trail: Trail, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"number": 1}\n', encoding="utf-8")
    with pytest.raises(UserError, match="第 1 行"):
        trail.verify(other)


def test_the_sealer_does_not_go_on_from_a_chain_that_was_cut(trail: Trail) -> None:
    trail.sql.execute("DELETE FROM accounts_seal WHERE number = 3")
    trail.write(1)
    with pytest.raises(UserError, match="封存停止"):
        trail.seal()


def test_heads_that_a_crash_left_unwritten_are_written_at_the_next_start(trail: Trail) -> None:
    file = trail.places.heads / heads.NAME
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1][:40])
    trail.seal()
    assert [json.loads(line)["number"] for line in heads.newest_lines(trail.places.heads, 9)] == [1, 2, 3]


def test_a_lost_key_is_not_replaced_in_silence(trail: Trail) -> None:
    trail.places.key_file.unlink()
    trail.write(1)
    with pytest.raises(UserError, match="不见了"):
        trail.seal()
    (seal,) = seal_now(trail.places, lambda: False, new_key=True)
    assert trail.verify().broken is None
    assert seal.key_id != seal_of(json.loads(heads.newest_lines(trail.places.heads, 4)[0])).key_id


def test_a_key_that_others_can_read_is_refused(trail: Trail) -> None:
    trail.places.key_file.chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        trail.seal()


def test_a_second_sealer_stands_by(trail: Trail) -> None:
    with entries.owners_connection() as first, entries.owners_connection() as second:
        assert sealer.open_sealer(first, trail.places) is not None
        assert sealer.open_sealer(second, trail.places) is None
        with pytest.raises(UserError, match="另一个封存进程"):
            trail.seal()


def test_transactions_that_commit_out_of_order_are_sealed_completely(trail: Trail) -> None:
    """The first draws id 31 and stays open; the second draws 32 and commits: nothing above 30 may be sealed yet."""
    statement = "UPDATE accounts_user SET display_name = display_name WHERE false"
    insert = "INSERT INTO accounts_deed (at, verb, object_kind, object_id, region, reason, detail)"
    insert += " VALUES (now(), 'v', 'k', 'o', '', '', '{}')"
    with entries.owners_connection() as slow, entries.owners_connection() as quick:
        slow.execute("BEGIN")
        slow.execute(insert)
        quick.execute(insert)
        quick.execute(statement)
        with entries.owners_connection() as connection:
            key = load_or_make(trail.places.key_file, may_make=False)
            working = sealer.Sealer(connection, key, trail.places.heads)
            assert working.tick() == []
            slow.execute("COMMIT")
            (seal,) = patiently(working)
    assert (seal.first, seal.last, seal.entries) == (31, 32, 2)
    assert trail.verify().broken is None
    trail.sql.execute("TRUNCATE accounts_deed")


def test_signatures_are_over_every_word_of_a_seal(trail: Trail) -> None:
    seal = entries.last_seal(trail.sql.connection)
    assert seal is not None
    changes: dict[str, Any] = {"number": 9, "first": 9, "last": 99, "entries": 9, "size": 9, "at": "x", "key_id": "x"}
    changes |= {name: hashlib.sha256(b"x").digest() for name in ("digest", "leaves", "previous")}
    for name, value in changes.items():
        assert replace(seal, **{name: value}).hash != seal.hash, name


LEAVES = st.dictionaries(st.integers(1, 40), st.binary(min_size=16, max_size=16), min_size=1, max_size=12)


def pack(leaves: dict[int, bytes]) -> bytes:
    return b"".join(LEAF.pack(one, leaves[one]) for one in sorted(leaves))


@given(LEAVES, st.data())
def test_whatever_is_done_to_one_entry_that_entry_is_named(leaves: dict[int, bytes], data: Any) -> None:
    now = dict(leaves)
    victim = data.draw(st.sampled_from(sorted(leaves)))
    if data.draw(st.booleans()):
        del now[victim]
    else:
        now[victim] = b"edited by a hand"
    found = list(harms(pack(leaves), pack(now)))
    assert [one.entry for one in found] == ([] if now == leaves else [victim])
