"""Loading a whole registry from a folder: everything in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import polars as pl
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections, models, transaction
from django.utils import timezone
from psycopg.errors import UniqueViolation

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key
from fupin.registry.change_models import LOAD
from fupin.registry.copying import CopyIn, analyze, copy_in
from fupin.registry.dossiers.incoming import More, read_more
from fupin.registry.dossiers.loading import WRITTEN as MORE_WRITTEN
from fupin.registry.dossiers.loading import new_only, write_more
from fupin.registry.first_loading import OWNER, load_into_empty
from fupin.registry.incoming import Incoming, columns_of, read_folder
from fupin.registry.lake_version import hold_lake_key
from fupin.registry.models import (
    Household,
    HouseholdState,
    LedgerEntry,
    Membership,
    Person,
    Region,
    RegistryChange,
    SealedValue,
    Survey,
)
from fupin.registry.personal_columns import households_numbers, persons_numbers
from fupin.registry.progress import Progress, quiet
from fupin.registry.spelling import spell_column
from fupin.simulate import is_generated

HEAD = "01"
EXITED = "1"
NOT_REGISTERED = "9"
POOR = "0"
WRITTEN: tuple[type[models.Model], ...] = (
    Household,
    Person,
    Membership,
    HouseholdState,
    Survey,
    LedgerEntry,
    SealedValue,
    *MORE_WRITTEN,
)


@dataclass(frozen=True)
class Loaded:
    """How many rows of each table were written, and how many persons have no valid ID number."""

    households: int
    persons: int
    surveys: int
    ledger: int
    without_id: int


def load_registry(*, by: User, folder: Path, progress: Progress | None = None) -> Loaded:
    """Add the households of a folder (see ``incoming``) to the registry.

    Raises UserError before anything is written when a table is wrong or a number is already in use; Forbidden.
    """
    report = progress or quiet
    accounts.require(by, "load_registry")
    report("核对文件", 0.0)
    generated = is_generated(folder)
    villages = list(Region.objects.filter(level=5).values_list("code", flat=True))
    incoming = read_folder(folder, villages)
    more = new_only(read_more(folder, incoming.households["household_id"], villages))
    _refuse_elsewhere(incoming, by)
    _refuse_known(incoming)

    def write(copy: CopyIn, using: str) -> Loaded:
        _log(by, using)
        loaded = _write(incoming, more, timezone.localdate(), report, copy, hold_lake_key(using))
        accounts.record(
            by=by,
            verb="load_registry",
            object_kind="registry",
            object_id=folder.name[:80],
            region=by.region,
            detail={**asdict(loaded), "generated": generated},
            using=using,
        )
        report("核对与提交", 0.92)
        return loaded

    loaded = load_into_empty(WRITTEN, write) or _load_beside_others(write, report)
    report("完成", 1.0)
    return loaded


def _log(by: User, using: str) -> None:
    """One row of the log for all of it; it comes first: no state is written without one."""
    RegistryChange.objects.using(using).create(
        kind=LOAD, village_code=by.region[:12], effective=timezone.localdate(), by_id=by.pk
    )
    with connections[using].cursor() as cursor:  # a check still to come would keep the tables from being rebuilt
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _load_beside_others(write: Callable[[CopyIn, str], Loaded], report: Progress) -> Loaded:
    """With the app's login, into tables that have rows or are in use."""
    try:
        with transaction.atomic():
            loaded = write(copy_in, DEFAULT_DB_ALIAS)
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):  # beyond what the own scope shows
            raise _known("") from error
        raise
    report("统计分析", 0.97)
    # the owner may always do it; inside a transaction of the caller only this very session sees the new rows
    analyze(WRITTEN, DEFAULT_DB_ALIAS if connection.in_atomic_block else OWNER)
    return loaded


def _write(incoming: Incoming, more: More, today: date, report: Progress, copy: CopyIn, lake: Key) -> Loaded:
    """Numbers are encrypted on one core while the database takes in what needs none."""
    keys, known_since = settings.FUPIN_KEYS.now, _known_since(incoming, today)
    with ThreadPoolExecutor(1) as pool:
        encrypted = pool.submit(persons_numbers, incoming.persons, keys, lake)
        report("写入户", 0.12)
        homes, phones = households_numbers(households_rows(incoming), keys)
        households = copy(Household, [homes])
        copy(HouseholdState, [states_rows(incoming.households, known_since)])
        report("写入入户调查", 0.20)
        surveys = copy(Survey, [incoming.survey])
        report("写入家庭成员", 0.28)
        copy(Membership, [memberships_rows(incoming.persons, known_since)])
        ledger = copy(LedgerEntry, _ledger(incoming.ledger_files, report))
        helpers_phones = write_more(more, copy, keys)
        report("加密证件号", 0.70)
        persons, numbers = encrypted.result()
    report("写入人", 0.75)
    people = copy(Person, [persons])
    copy(SealedValue, [phones, numbers, helpers_phones])
    return Loaded(households, people, surveys, ledger, int(persons["lake_key"].null_count()))


def _ledger(files: Sequence[Path], report: Progress) -> Iterator[pl.DataFrame]:
    columns = [column.name for column in columns_of("ledger")]
    for number, path in enumerate(files):
        report("写入收支台账", 0.35 + 0.30 * number / len(files))
        yield pl.read_parquet(path, columns=columns).select(columns)


def households_rows(incoming: Incoming) -> pl.DataFrame:
    """Households with the head's name (the first member's where none is the head) and members counted."""
    by_household = incoming.persons.sort(pl.col("relation") != HEAD, maintain_order=True, nulls_last=True)
    heads = by_household.group_by("household_id", maintain_order=True).agg(
        head_name=pl.col("name").first(), members=pl.len().cast(pl.Int64)
    )
    frame = incoming.households.join(heads, on="household_id", how="left", maintain_order="left").with_columns(
        pl.col("head_name").fill_null(""), pl.col("members").fill_null(0)
    )
    pinyin = spell_column(frame["head_name"]).str.replace_all(" ", "").alias("head_pinyin")
    return frame.with_columns(pinyin)


def _known_since(incoming: Incoming, today: date) -> pl.DataFrame:
    """Household → since when the registry knows it: identified, else first surveyed, else today."""
    surveyed = incoming.survey.group_by("household_id").agg(pl.col("surveyed_on").min())
    known = incoming.households.join(surveyed, on="household_id", how="left", maintain_order="left")
    since = pl.coalesce("registered_on", "surveyed_on", pl.lit(today)).alias("known_since")
    return known.select("household_id", since)


def memberships_rows(persons: pl.DataFrame, known_since: pl.DataFrame) -> pl.DataFrame:
    """One open membership per person, from the household's first day or the person's birth."""
    frame = persons.join(known_since, on="household_id", how="left", maintain_order="left")
    since = pl.max_horizontal("known_since", "birth_date").alias("valid_from")
    return frame.select("household_id", "person_id", "relation", since)


def states_rows(households: pl.DataFrame, known_since: pl.DataFrame) -> pl.DataFrame:
    """未脱贫 until the day of exit, then the present state; households that never exited have one open row."""
    frame = households.join(known_since, on="household_id", how="left", maintain_order="left")
    exited = frame.filter(pl.col("exited_on") > pl.col("known_since"), pl.col("state") != NOT_REGISTERED)
    before = exited.select("household_id", state=pl.lit(POOR), valid_from="known_since", valid_to="exited_on")
    after = exited.select("household_id", "state", valid_from="exited_on", valid_to=pl.lit(None, pl.Date))
    others = frame.join(exited, on="household_id", how="anti", maintain_order="left")
    still = others.select("household_id", "state", valid_from="known_since", valid_to=pl.lit(None, pl.Date))
    return pl.concat([before, after, still])


def _refuse_known(incoming: Incoming) -> None:
    """A second load of the same households is refused, whole: nothing is overwritten in silence."""
    for model, numbers in ((Household, incoming.households["household_id"]), (Person, incoming.persons["person_id"])):
        if not model._default_manager.exists():
            continue
        with connection.cursor() as cursor:
            key = model._meta.pk.column
            query = f"SELECT {key} FROM {model._meta.db_table} WHERE {key} = ANY(%s) LIMIT 1"  # noqa: S608
            found = cursor.execute(query, [numbers.to_list()]) and cursor.fetchone()
        if found:
            raise _known(f" {found[0]}")


def _known(number: str) -> UserError:
    return UserError(
        f"登记库里已有编号{number or '（在别的辖区）'}，本次未写入任何数据",
        f"the registry already holds{number or ' one of these numbers, in another region'}; nothing was written",
        "只载入新的户，或换一个数据文件夹（FUPIN_DATA_DIR）",
        "load new households only, or use another data folder (FUPIN_DATA_DIR)",
    )


def _refuse_elsewhere(incoming: Incoming, by: User) -> None:
    """Households of villages outside the loader's region."""
    villages = incoming.households.get_column("village_code").unique().sort()
    for village in villages:
        accounts.require(by, "load_registry", village)
