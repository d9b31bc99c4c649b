"""Files of ledgers for the tests: national tables as CSV or XLSX, with numbers that check."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter

from fupin.accounts.api import User
from fupin.accounts.tests.fixtures import OTHER_VILLAGE, VILLAGE
from fupin.exchange.ledgers.services import LedgerFile, receive_ledger
from fupin.exchange.ledgers.work import order_apply, order_undo, run_apply, run_plan, run_undo
from fupin.kernel.identity import check_digit
from fupin.registry.api import LedgerBatch

AS_OF, YEAR = date(2026, 10, 31), 2026
HOME, NEXT = "45012410020100007", "45012410020200003"


def number(born: str, serial: int) -> str:
    """A valid ID number: 45012419800101 + serial + check digit."""
    first = f"450124{born}{serial:03d}"
    return first + check_digit(first)


AC01_HEAD = ["AAC001", "AAR008", "AAC005", "AAC006", "AAC007", "AAC008", "AAC009", "AAC012", "AAR010", "AAC016",
             "AAR012", "AAC004", "AAQ002", "AAR040", "AAR100"]  # fmt: skip
AB01_HEAD = ["AAB001", "AAC001", "AAB002", "AAB003", "AAB004", "AAB005", "AAB006", "AAB007", "AAB008", "AAB009",
             "AAB010", "AAB011", "AAB012", "AAB015", "AAB017", "AAB019", "AAR040", "AAR100"]  # fmt: skip


def home_row(home: str = HOME, village: str = VILLAGE, state: str = "0", **said: str) -> list[str]:
    values = {"AAC001": home, "AAR008": village, "AAC005": "01", "AAC006": "01", "AAC007": "02", "AAC008": "01,03",
              "AAC009": "0", "AAC012": "0", "AAR010": state, "AAC016": "", "AAR012": "13877100009", "AAC004": "",
              "AAQ002": "农村信用社", "AAR040": "2026", "AAR100": "1"}  # fmt: skip
    return [(values | said)[key] for key in AC01_HEAD]


def person_row(serial: int = 1, home: str = HOME, born: str = "19800101", **said: str) -> list[str]:
    values = {"AAB001": f"{home}{serial:02d}", "AAC001": home, "AAB002": "韦" + "一二三四五六七八九"[serial % 9] + "妹",
              "AAB003": "2", "AAB004": number(born, serial * 2), "AAB005": born,
              "AAB006": "01" if serial == 1 else "99",
              "AAB007": "08", "AAB008": "03", "AAB009": "01", "AAB010": "01", "AAB011": "04", "AAB012": "6",
              "AAB015": "1", "AAB017": "01", "AAB019": "0", "AAR040": "2026", "AAR100": "1"}  # fmt: skip
    return [(values | said)[key] for key in AB01_HEAD]


def as_csv(name: str, rows: Sequence[Sequence[Any]], encoding: str = "utf-8") -> LedgerFile:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    content = text.getvalue().encode(encoding)
    return LedgerFile(name, len(content), io.BytesIO(content))


def as_xlsx(name: str, sheets: dict[str, Sequence[Sequence[Any]]]) -> LedgerFile:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    for title, rows in sheets.items():
        page = book.add_worksheet(title)
        for line, row in enumerate(rows):
            for place, cell in enumerate(row):
                page.write_string(line, place, cell) if isinstance(cell, str) else page.write(line, place, cell)
    book.close()
    return LedgerFile(name, stream.tell(), io.BytesIO(stream.getvalue()))


def two_homes(**said: str) -> list[LedgerFile]:
    """A household of three and one of one, as AC01 and AB01."""
    homes = [AC01_HEAD, home_row(), home_row(NEXT, OTHER_VILLAGE)]
    people = [AB01_HEAD, *(person_row(one) for one in (1, 2, 3)), person_row(1, NEXT, born="19700202")]
    return [as_csv("AC01.csv", homes), as_csv("AB01.csv", people, "gb18030")]


def looked_at(by: User, files: Sequence[LedgerFile], region: str = "450124", **more: Any) -> LedgerBatch:
    """A dry run."""
    as_of = more.pop("as_of", AS_OF)
    batch = receive_ledger(by=by, files=files, region=region, as_of=as_of, year=YEAR, in_background=False, **more)
    return run_plan(batch.pk)


def confirmed(by: User, batch: LedgerBatch) -> LedgerBatch:
    """Every code column is what it is read as."""
    from fupin.exchange.ledgers.services import confirm_doubt

    for doubt in batch.doubts:
        confirm_doubt(by=by, batch_id=batch.pk, key=doubt["key"], chosen=doubt["chosen"], in_background=False)
    return LedgerBatch.objects.get(pk=batch.pk)


def applied(by: User, files: Sequence[LedgerFile], **more: Any) -> LedgerBatch:
    batch = confirmed(by, looked_at(by, files, **more))
    order_apply(by=by, batch_id=batch.pk, in_background=False)
    return run_apply(batch.pk)


def undone(by: User, batch: LedgerBatch) -> LedgerBatch:
    order_undo(by=by, batch_id=batch.pk, reason="传错了文件", in_background=False)
    return run_undo(batch.pk)


def without(row: Sequence[str], *keys: str) -> list[str]:
    """A row of AB01 with cells left empty."""
    return ["" if key in keys else cell for key, cell in zip(AB01_HEAD, row, strict=True)]
