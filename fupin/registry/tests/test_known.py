"""What was true on a day, as it was known at a moment: the database's history agrees with a replay of the log."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fupin.accounts.api import acting_as, acting_for_platform
from fupin.accounts.tests.fixtures import COUNTY, OTHER_COUNTY, VILLAGE, Cast
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.models import Household, HouseholdState, Membership, Person, RegistryChange
from fupin.registry.number_facts import COLUMNS as NUMBER_FACTS
from fupin.registry.tests.changing import do, filing, seen
from fupin.registry.tests.fixtures import Homes, add_member, make_household

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("cases_stand_aside")]
START = date(2016, 1, 1)


def now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def death(cast: Cast, on: date, person: str = "P-child") -> RegistryChange:
    return do(
        cast.cadre, registry.end_membership, household_id="H-own", person_id=person, filing=filing("death", on)
    )  # fmt: skip


def names(cast: Cast, on: date, known: datetime, home: str = "H-own") -> list[str]:
    with acting_as(cast.county_office):
        return [one.name for one in registry.members_at(cast.county_office, home, true_on=on, known_at=known)]


def test_a_death_told_late_is_true_since_then_and_known_since_now(cast: Cast, homes: Homes) -> None:
    before = now()
    death(cast, date(2026, 3, 1))
    after = now()
    assert names(cast, date(2026, 3, 2), before) == ["韦大山", "韦小月"]
    assert names(cast, date(2026, 3, 2), after) == ["韦大山"]
    assert names(cast, date(2026, 2, 1), after) == ["韦大山", "韦小月"]


def test_a_correction_does_not_change_what_was_known_before(cast: Cast, homes: Homes) -> None:
    before = now()
    do(
        cast.cadre, registry.correct_person, household_id="H-own", person_id="P-own", filing=filing("correct_person"),
        facts={"name": "韦大川"},
    )  # fmt: skip
    assert names(cast, date(2026, 3, 2), before)[0] == "韦大山"
    assert names(cast, date(2026, 3, 2), now())[0] == "韦大川"


def test_what_a_former_member_does_elsewhere_is_not_told(cast: Cast, homes: Homes) -> None:
    death(cast, date(2026, 3, 1))
    with transaction.atomic():
        Membership.objects.create(household=homes.far, person_id="P-child", relation="04", valid_from="2026-04-01")
    Person.objects.filter(pk="P-child").update(name="覃小月")
    assert names(cast, date(2026, 2, 1), now()) == ["韦大山", "韦小月"]


def test_nothing_was_known_before_it_was_loaded(cast: Cast, homes: Homes) -> None:
    long_ago = timezone.now() - timedelta(days=400)
    with acting_as(cast.cadre):
        asked = {"true_on": date(2026, 1, 1), "known_at": long_ago}
        assert registry.household_at(cast.cadre, "H-own", **asked) is None  # type: ignore[arg-type]


def test_another_scope_is_told_nothing(cast: Cast, homes: Homes) -> None:
    asked: Any = {"true_on": date(2026, 1, 1), "known_at": timezone.now()}
    with acting_as(cast.stranger):
        with pytest.raises(NotFound):
            registry.household_at(cast.stranger, "H-own", **asked)
        with pytest.raises(NotFound):
            registry.counts_at(cast.stranger, COUNTY, **asked)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM fupin_known_of_household('H-own', now())")
            assert cursor.fetchone()[0] == 0
            cursor.execute("SELECT count(*) FROM fupin_counts_known(%s, current_date, now())", [COUNTY])
            assert cursor.fetchone()[0] == 0


def test_a_rollup_of_a_past_day_stays_as_it_was(cast: Cast, homes: Homes) -> None:
    asked: Any = {"region": COUNTY, "true_on": date(2026, 6, 1), "known_at": now()}
    with acting_as(cast.county_office):
        before = registry.counts_at(cast.county_office, **asked)
    assert registry.summed(before) == {"0": registry.Counted(2, 3)}
    death(cast, date(2026, 3, 1))
    do(
        cast.county_office, registry.change_state, household_id="H-next", state="1", effective=date(2026, 4, 1),
        kind="exit", reason="会议决定", case_id=3,
    )  # fmt: skip
    with acting_as(cast.county_office):
        assert registry.counts_at(cast.county_office, **asked) == before
        present = registry.counts_at(cast.county_office, **{**asked, "known_at": now()})
        assert registry.summed(present) == {"0": registry.Counted(1, 1), "1": registry.Counted(1, 1)}
        with pytest.raises(NotFound):
            registry.counts_at(cast.county_office, **{**asked, "region": OTHER_COUNTY})


def test_the_app_can_neither_write_nor_read_the_past_itself(cast: Cast, homes: Homes) -> None:
    for sql in (
        "SELECT * FROM registry_past",
        "INSERT INTO registry_past (source, key, recorded_from, recorded_to, line) "
        "VALUES ('x', 'x', '1-1-1', now(), '{}')",
        "UPDATE registry_past SET line = '{}'",
        "DELETE FROM registry_past",
    ):
        with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(sql)


def test_nobody_dates_his_knowledge_back(cast: Cast, homes: Homes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_person SET recorded_from = '2020-01-01', version = 9 WHERE person_id = 'P-own'")
        cursor.execute("SELECT recorded_from > now() - interval '1 hour', version FROM registry_person "
                       "WHERE person_id = 'P-own'")  # fmt: skip
        assert cursor.fetchone() == (True, 2)
    new = (
        "INSERT INTO registry_membership (household_id, person_id, valid_from, valid_to, recorded_from) "
        "VALUES ('H-own', 'P-child', '2001-01-01', '2002-01-01', '2020-01-01')"
    )
    with pytest.raises(DatabaseError, match="known since another time"), connection.cursor() as cursor:
        cursor.execute(new)


@pytest.mark.parametrize("model", [Household, Person, Membership, HouseholdState])
def test_no_column_of_a_fact_is_forgotten_by_the_history(homes: Homes, model: Any) -> None:
    """A migration that adds one asks ``fupin_keep_versions`` again."""
    derived = {
        "head_pinyin", "pinyin", "initials", "phone_hint", "phone_lookup", "phone_tail4", "id_hint", "id_lookup",
        "id_tail4", "id_tail6", "lookup_key", "lake_key", "lake_key_id", "lake_former", *NUMBER_FACTS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'version_next' AND tgrelid = %s::regclass",
            [model._meta.db_table],
        )
        watched = cursor.fetchone()[0]
    columns = {str(one.column) for one in model._meta.concrete_fields} - derived
    assert {name for name in columns if not re.search(rf"old\.{name}\b", watched)} == set()


# -- any sequence of changes, told again from the log ------------------------------------------------------------------

DAYS = st.dates(START, START + timedelta(days=40))
KINDS = ["birth", "move_out", "death", "new_head", "rename", "split", "exit", "return", "correct_exit", "reverse"]
#: what, how many days off the usual march of time (many are told late), which member or which change
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from([0, 0, 0, -3, -15]), st.integers(0, 5)), min_size=4, max_size=12
)


@dataclass
class World:
    """The rows of a few households in plain Python, and the log written down beside them."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: (household, person) → name when the leaving was written down: what he does elsewhere is not this household's
    left: dict[tuple[str, str], str] = field(default_factory=dict)

    def apply(self, change: RegistryChange) -> None:
        for key, image in change.after["rows"].items():
            if image is None:
                del self.rows[key]
            else:
                self.rows[key] = {**self.rows.get(key, {}), **image}
        for key in change.after["rows"]:
            row = self.rows.get(key)
            if key.startswith("membership/") and row is not None and row.get("valid_to"):
                self.left[row["household_id"], row["person_id"]] = self._name(row["person_id"])

    def _name(self, person: str) -> str:
        return str(self.rows[f"person/{person}"]["name"])

    def _known_as(self, home: str, person: str) -> str:
        """A member's name as it is; that of one who has left as it was then."""
        here = [row for key, row in self.rows.items() if key.startswith("membership/")]
        own = [row for row in here if (row["household_id"], row["person_id"]) == (home, person)]
        present = any(row.get("valid_to") is None for row in own)
        return self._name(person) if present else self.left[home, person]

    def members(self, home: str, on: date) -> set[tuple[str, str, str]]:
        """(person, relation, name)"""
        return {
            (row["person_id"], row["relation"], self._known_as(home, row["person_id"]))
            for row in self._holding("membership", home, on)
        }

    def state(self, home: str, on: date) -> str | None:
        return next((row["state"] for row in self._holding("state", home, on)), None)

    def _holding(self, table: str, home: str, on: date) -> Iterator[dict[str, Any]]:
        day = on.isoformat()
        for key, row in self.rows.items():
            if key.startswith(f"{table}/") and row["household_id"] == home:
                until = row.get("valid_to")
                if row["valid_from"] <= day and (until is None or day < until):
                    yield row


def first_world(homes: list[str]) -> World:
    """As it is before the first change."""
    from fupin.registry.changes.steps import image_of, key_of

    world = World()
    for model in (Household, HouseholdState, Membership):
        name = "household__in" if model is not Household else "pk__in"
        for row in model._default_manager.filter(**{name: homes}):
            world.rows[key_of(row)] = image_of(row)
    for person in Person.objects.filter(memberships__household__in=homes):
        world.rows[key_of(person)] = image_of(person)
    return world


def one_step(cast: Cast, home: str, kind: str, on: date, pick: int, done: list[RegistryChange]) -> RegistryChange:
    office = cast.county_office
    members = list(
        Membership.objects.filter(household=home, valid_to__isnull=True)
        .order_by("id")
        .values_list("person_id", flat=True)
    )
    one = members[pick % len(members)] if members else "nobody"
    rest = [who for who in members if who != one]
    common: dict[str, Any] = {"household_id": home}
    if kind == "birth":
        facts = {"name": f"韦{'一二三四五六'[pick]}", "sex": "1", "birth_date": on.isoformat()}
        return do(office, registry.add_member, **common, filing=filing("birth", on), relation="04", facts=facts)
    if kind in ("move_out", "death"):
        return do(
            office, registry.end_membership, **common, person_id=one, filing=filing(kind, on),
            new_head=rest[0] if rest else "",
        )  # fmt: skip
    if kind == "new_head":
        return do(office, registry.change_head, **common, filing=filing("new_head", on), head=one)
    if kind == "rename":
        form = filing("correct_person", on)
        return do(office, registry.correct_person, **common, person_id=one, filing=form, facts={"name": f"农{pick}"})
    if kind == "split":
        follows = rest[0] if rest else ""
        return do(office, registry.split, **common, filing=filing("split", on), members=[one], head=one,
                  next_head=follows)  # fmt: skip
    if kind == "reverse":
        return do(office, registry.reverse, change_id=done[-1 - pick % len(done)].pk if done else 0, reason="办理有误")
    state = {"exit": "1", "return": "3", "correct_exit": "0"}[kind]
    return do(
        office, registry.change_state, **common, state=state, effective=on, kind=kind, reason="会议决定",
        case_id=1, papers=seen(kind),
    )  # fmt: skip


@pytest.fixture
def stage(cast: Cast, homes: Homes) -> Cast:
    return cast


TURN = iter(range(1_000_000))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, asked=st.lists(DAYS, min_size=2, max_size=4))
def test_bitemporal_queries_agree_with_a_replay_of_the_log(
    stage: Cast, steps: list[tuple[str, int, int]], asked: list[date]
) -> None:
    home = f"H-try{next(TURN)}"
    with acting_for_platform("test"):
        head = make_household(home, VILLAGE, "韦大山")
        add_member(head, f"{home}-c", "韦小月", None, "04")
    world = first_world([home])
    moments = [(now(), copy.deepcopy(world))]
    done: list[RegistryChange] = []
    homes = {home}
    for number, (kind, late, pick) in enumerate(steps):
        on = START + timedelta(days=4 * number + 3 + late)
        try:
            change = one_step(stage, home, kind, on, pick, done)
        except (UserError, NotFound):
            continue
        done.append(change)
        homes |= {change.other_id} if change.other_id else set()
        world.apply(RegistryChange.objects.get(pk=change.pk))
        moments.append((now(), copy.deepcopy(world)))
    for known, then in moments:
        for one in homes:
            compare(stage, one, [*asked, START + timedelta(days=60)], known, then)


def compare(cast: Cast, home: str, days: list[date], known: datetime, then: World) -> None:
    for day in days:
        with acting_as(cast.county_office):
            found = registry.household_at(cast.county_office, home, true_on=day, known_at=known)
        told = set() if found is None else {(one.person_id, one.relation, one.name) for one in found.members}
        assert told == then.members(home, day)
        assert (None if found is None else found.state) == then.state(home, day)
