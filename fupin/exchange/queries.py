"""Reads, always for a user. A department's clerk sees the department's own deliveries, others by their role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from fupin.accounts.api import Role, User, may
from fupin.catalogue.schema import Dataset, datasets
from fupin.engine.inputs import DeliveryFile
from fupin.exchange.ledger import place_of
from fupin.exchange.ledgers.store import sealed_files
from fupin.exchange.models import Delivery, DeliveryState, LakeFile, QuarantinedRow
from fupin.exchange.reading.recognise import guess
from fupin.exchange.reading.source import PlainFile
from fupin.exchange.sealing import key_id_of_file, open_cells
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.masks import mask_all_but_ends, mask_numbers
from fupin.kernel.scope import Scope
from fupin.registry.api import lake_key_in_use


@dataclass(frozen=True)
class QuarantinedCells:
    """One quarantined row with its cells; ``header`` are the headings of the file, ``seen`` is the refused cell."""

    row: int
    column: str
    code: str
    reason_zh: str
    reason_en: str
    header: list[str]
    cells: list[str]
    seen: str = ""


def encryption_keys_in_use() -> Counter[str]:
    """Encryption key id → how many quarantined rows, messages, secrets of agreements and sealed files name it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT convert_from(substring(sealed FROM 2 FOR get_byte(sealed, 0)), 'UTF8'), count(*) FROM ("
            "SELECT cells AS sealed FROM exchange_quarantinedrow UNION ALL SELECT body FROM exchange_push "
            "UNION ALL SELECT secret FROM exchange_subscription UNION ALL SELECT pseudonyms FROM exchange_agreement "
            "UNION ALL SELECT former_secret FROM exchange_subscription WHERE former_secret IS NOT NULL"
            ") kept GROUP BY 1"
        )
        named = Counter({str(id_): int(count) for id_, count in cursor.fetchall()})
    return named + Counter(key_id_of_file(path) for path in [*raw_files(), *sealed_files()])


def raw_files() -> list[Path]:
    """Every sealed copy of a delivered file."""
    return sorted((Path(settings.FUPIN_DATA_DIR) / "raw").glob("*.sealed"))


def deliveries_for(user: User) -> QuerySet[Delivery]:
    """Newest first."""
    if not may(user, "see_deliveries"):
        return Delivery.objects.none()
    found = Delivery.objects.select_related("received_by")
    if user.role == Role.DEPARTMENT:
        return found.filter(_in(Scope.of(user.region)), department=user.department)
    return found.filter(_in(user.scope))


def _in(scope: Scope) -> Q:
    """The delivery's whole region lies in the scope."""
    condition = Q(pk__in=[])
    for low, high in scope.ranges():
        condition |= Q(region__gte=low, region__lt=high)
    return condition


def delivery_for(user: User, delivery_id: str) -> Delivery:
    """Raises NotFound for an absent and for a forbidden one alike."""
    found = deliveries_for(user).filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(f"no delivery {delivery_id!r}")
    return found


def datasets_for(user: User) -> list[Dataset]:
    """The data sets that the user may deliver, in the catalogue's order."""
    if not may(user, "deliver"):
        return []
    every = list(datasets().values())
    return [one for one in every if one.department == user.department] if user.role == Role.DEPARTMENT else every


def quarantine_of(user: User, delivery: Delivery) -> QuerySet[QuarantinedRow]:
    """The rows that did not pass, their cells sealed. Raises NotFound."""
    return QuarantinedRow.objects.filter(delivery=delivery_for(user, delivery.pk))


def quarantined_cells(user: User, delivery: Delivery, keys: Sequence[int]) -> list[QuarantinedCells]:
    """Some of those rows, in the order of their keys, for the screen: long numbers masked. Raises NotFound."""
    rows = quarantine_of(user, delivery).in_bulk(list(keys))
    columns = datasets()[delivery.dataset].columns
    numbers = _id_headings(delivery)
    shown = []
    for one in (opened(delivery, rows[key]) for key in keys if key in rows):
        column = columns[one.column].zh if one.column in columns else one.column
        headings = [*one.header, *[""] * len(one.cells)]
        cells = [
            mask_all_but_ends(cell) if heading in numbers else mask_numbers(cell)
            for heading, cell in zip(headings, one.cells, strict=False)
        ]
        shown.append(replace(one, column=column, cells=cells, seen=_seen(column, cells, delivery.recognised)))
    return shown


def _id_headings(delivery: Delivery) -> set[str]:
    """The headings of the file under which ID numbers stand."""
    found: dict[str, str] = delivery.recognised.get("columns", {})
    return {found[c.zh] for c in datasets()[delivery.dataset].columns.values() if c.type == "idcard" and c.zh in found}


def _seen(column: str, cells: list[str], recognised: Mapping[str, Any]) -> str:
    """The one cell that was refused; "" when the fault lies in the row as a whole."""
    heading = str(recognised.get("columns", {}).get(column, column))
    seen: dict[str, str] = dict(zip(recognised.get("header", []), cells, strict=False))
    return seen.get(heading, "")


def opened(delivery: Delivery, row: QuarantinedRow) -> QuarantinedCells:
    """The cells in clear: for who may download them, and only inside a recorded deed."""
    cells = open_cells(bytes(row.cells), settings.FUPIN_KEYS.now, place_of(delivery.pk, row.row))
    header = list(delivery.recognised.get("header", []))
    return QuarantinedCells(row.row, row.column, row.code, row.reason_zh, row.reason_en, header, cells)


def usable_deliveries(as_of: date, lake_key: str = "") -> list[DeliveryFile]:
    """Every accepted delivery whose data end on or before the day, by data set and cut-off date. For the engine.

    All under one version of the lake key: the one named (its id), or the one in use. Raises UserError when a delivery
    does not lie there under it.
    """
    lake_key = lake_key or lake_key_in_use()
    found = Delivery.objects.filter(state=DeliveryState.ACCEPTED, cut_off__lte=as_of)
    corrected = dict(Delivery.objects.exclude(corrects=None).values_list("pk", "corrects_id"))
    data = Path(settings.FUPIN_DATA_DIR)
    later = {file.delivery_id: file for file in LakeFile.objects.filter(lake_key=lake_key)}
    files = []
    for one in found.order_by("dataset", "cut_off", "pk"):
        file = one if one.lake_key == lake_key else later.get(one.pk)
        if file is None:
            raise _not_under(one.pk, lake_key)
        files.append(
            DeliveryFile(
                dataset=one.dataset,
                delivery=one.pk,
                path=data / file.parquet,
                sha256=file.parquet_sha256,
                cut_off=one.cut_off,
                provider=one.provider,
                rows=one.good_rows or 0,
                lake_key_id=lake_key,
                correction=_corrections(one.pk, corrected),
            )
        )
    return files


def _not_under(delivery: str, lake_key: str) -> UserError:
    return UserError(
        f"交付文件 {delivery} 没有数据湖密钥 {lake_key} 下的版本，不能与其他数据一起比对",
        f"the delivery {delivery} does not lie in the lake under {lake_key}: it cannot be joined with the others",
        "请管理员运行 fupin keys rotate lake 把轮换做完，再发起运行",
        "have `fupin keys rotate lake` finish the rotation, then start the run again",
    )


def _corrections(delivery: str, corrected: Mapping[str, str]) -> int:
    """How many deliveries this one corrects, one after the other."""
    found = 0
    while delivery in corrected:
        delivery, found = corrected[delivery], found + 1
    return found


def guess_dataset(path: Path) -> str | None:
    """The data set whose header the file shows best, or None. Raises Refusal when it is no table."""
    found = guess(PlainFile(path))
    return found.id if found else None
