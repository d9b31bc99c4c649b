"""Who took a list, and when: readable in every row and on every page, and once more unseen in the rows' own words.

The unseen mark is the number of the deed in the trail (see ``kernel.marks``). It stands behind the first and the last
Chinese word of every row, never in a number or a code: one row of a paste still names the export (``fupin leak``).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from fupin.accounts.api import Deed, User
from fupin.kernel.marks import mark_of, numbers_in
from fupin.ui.lists import Value

PROPERTY = "fupin-export"
_WORD = re.compile(r"[\u3400-\u9fff]")
_LARGEST_PART = 1 << 30  # a workbook is unpacked in memory


@dataclass(frozen=True)
class Watermark:
    user: User
    deed: int
    at: datetime

    @cached_property
    def words(self) -> str:
        """What everybody may read: name, account, time."""
        when = f"{timezone.localtime(self.at):%Y-%m-%d %H:%M}"
        return _("%(name)s（%(account)s）%(when)s 导出") % {
            "name": self.user, "account": self.user.username, "when": when,
        }  # fmt: skip

    @cached_property
    def unseen(self) -> str:
        return mark_of(secret(), self.deed)

    def put(self, row: Sequence[Value]) -> list[Value]:
        """The row with the mark behind its first and its last Chinese text."""
        found = [place for place, value in enumerate(row) if isinstance(value, str) and _WORD.search(value)]
        marked = list(row)
        for place in {*found[:1], *found[-1:]}:
            marked[place] = f"{row[place]}{self.unseen}"
        return marked

    def put_on_book(self, book: Any, page: Any) -> None:
        """On every printed page, and among the properties of the file."""
        words = self.words.replace("&", "&&")  # a single one begins a code of the header
        page.set_header(f"&L{words}")
        page.set_footer(f"&L{words}&R&P / &N")
        book.set_custom_property(PROPERTY, f"{self.deed} {proof(self.deed)}")


def exports_named_in(path: Path) -> set[int]:
    """The deeds whose mark a file bears anywhere: a workbook, a CSV, any text. Raises OSError."""
    text = _text_of(path)
    told = re.findall(r">(\d+) ([0-9a-f]{32})<", text)
    return numbers_in(secret(), text) | {int(deed) for deed, shown in told if proof(int(deed)) == shown}


def deed_of(number: int) -> Deed | None:
    """The export that a mark names."""
    return Deed.objects.filter(pk=number, verb="export").select_related("by").first()


def proof(deed: int) -> str:
    """What shows that a property of a file is ours."""
    return hmac.digest(secret(), f"property {deed}".encode(), "sha256")[:16].hex()


def secret() -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"fupin.ui.export_marks", "sha256")


def _text_of(path: Path) -> str:
    if is_zipfile(path):
        try:
            with ZipFile(path) as parts:
                infos = [info for info in parts.infolist() if info.file_size < _LARGEST_PART]
                return "\n".join(parts.read(info).decode("utf-8", "replace") for info in infos)
        except BadZipFile:
            pass
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "utf-16", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    return content.decode("utf-8", "replace")
