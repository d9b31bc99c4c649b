"""Lists: their columns are declared once. The page shows them, sorts by them, hides them; the file carries them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from fupin.ui.templatetags.ui import number, percent

PAGE_SIZE = 50
#: what an address says of the form of a list, not of what is in it
FORM = ("page", "sort", "cols", "csrfmiddlewaretoken", "as")

Word = str | Promise
Value = str | Promise | int | float | date | datetime | None


class Kind(StrEnum):
    """What a file takes the values for. A ``TIME`` is aware, a ``SHARE`` 0–1 is shown in percent."""

    TEXT = "text"
    NUMBER = "number"
    SHARE = "share"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True)
class Column:
    """One column: its ``value`` goes into a file, ``shows`` is the page's HTML (else the value in words).

    ``sort``: fields by which the rows are ordered, () = it cannot be sorted by; ``gaps``: those fields may be null, and
    what is unknown then stands last in both directions. ``fixed``: cannot be hidden. ``parts`` take the column's place
    in a file (an interval becomes two numbers); without value and parts it is on the page only. ``width``: of the
    column in a workbook, in characters.
    """

    key: str
    title: Word
    value: Callable[[Any], Value] | None = None
    shows: Callable[[Any], str] | None = None
    sort: tuple[str, ...] = ()
    kind: Kind = Kind.TEXT
    width: int = 14
    css: str = ""
    gaps: bool = False
    fixed: bool = False
    hidden_title: bool = False
    small_first: bool = False
    parts: tuple[Column, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.kind in (Kind.NUMBER, Kind.SHARE)

    @property
    def large_first(self) -> bool:
        """What a first click does: numbers and days from the top, unless the small ones matter most."""
        return self.kind != Kind.TEXT and not self.small_first


@dataclass(frozen=True)
class Listing:
    """A list of one user: every row of ``source`` is the user's to see.

    ``source``: a QuerySet, whose rows are numbered by ``key`` and brought by ``fetch`` (given the keys of one page,
    gives the rows in that order), or a sequence, whose elements it dresses. ``order``: as ``sort`` in an address.
    ``region``, ``object_id`` (run or delivery): what the list is about, for the file's second sheet and the trail.
    ``nothing``, ``advice``: what an empty list says.
    """

    name: str
    title: Word
    columns: tuple[Column, ...]
    source: QuerySet[Any] | Sequence[Any]
    fetch: Callable[[Sequence[Any]], Sequence[Any]]
    order: str
    key: str = "pk"
    href: Callable[[Any], str] | None = None
    detail: Callable[[Any], SafeString] | None = None
    region: str = ""
    object_id: str = ""
    nothing: Word = ""
    advice: Word = ""

    def column(self, key: str) -> Column | None:
        return next((column for column in self.columns if column.key == key), None)

    def ordered(self, sort: Sort) -> QuerySet[Any] | list[Any]:
        """Keys of a QuerySet, or the elements themselves, in the order asked for; ``key`` breaks ties."""
        fields = (*sort.column.sort, self.key)
        if not isinstance(self.source, QuerySet):
            return sorted(self.source, key=attrgetter(*fields), reverse=sort.down)
        order = [_term(field, sort.down, sort.column.gaps) for field in sort.column.sort]
        return self.source.order_by(*order, self.key).values_list(self.key, flat=True)


def _term(field: str, down: bool, gaps: bool) -> Any:
    if gaps:  # else an index in plain order would not be used
        return F(field).desc(nulls_last=True) if down else F(field).asc(nulls_last=True)
    return f"-{field}" if down else field


def by_key(rows: QuerySet[Any], key: str = "pk") -> Callable[[Sequence[Any]], list[Any]]:
    """Fetches rows in the order of their keys; one that went away meanwhile is left out."""

    def fetch(keys: Sequence[Any]) -> list[Any]:
        found = {getattr(row, key): row for row in rows.order_by().filter(**{f"{key}__in": list(keys)})}
        return [found[one] for one in keys if one in found]

    return fetch


@dataclass(frozen=True)
class Sort:
    """``sort=low`` in an address: by that column as a first click sorts it; ``sort=-low``: turned round."""

    column: Column
    down: bool

    @property
    def text(self) -> str:
        turned = self.down != self.column.large_first
        return f"-{self.column.key}" if turned else self.column.key

    @classmethod
    def of(cls, listing: Listing, asked: str) -> Sort:
        """What the address asks for; the list's own order when it asks for nothing that can be had."""
        for text in (asked, listing.order):
            column = listing.column(text.removeprefix("-"))
            if column is not None and column.sort:
                return cls(column, column.large_first != text.startswith("-"))
        raise LookupError(f"the list {listing.name} has no column to be ordered by {listing.order!r}")


@dataclass(frozen=True)
class Head:
    """A heading. ``aria``: ascending, descending, or "" when the list is not sorted by it."""

    column: Column
    href: str
    aria: str


@dataclass(frozen=True)
class Cell:
    column: Column
    html: str


@dataclass(frozen=True)
class Line:
    href: str
    cells: list[Cell]
    detail: str


class Shown:
    """A list as an address asks for it: one page of it, sorted, with the chosen columns."""

    def __init__(self, listing: Listing, asked: QueryDict, size: int = PAGE_SIZE) -> None:
        self.listing = listing
        self.asked = asked
        self.sort = Sort.of(listing, asked.get("sort", ""))
        self.columns = chosen(listing, asked)
        self.page: Page[Any] = Paginator(listing.ordered(self.sort), size).get_page(asked.get("page"))
        self.count = self.page.paginator.count
        self.rows = listing.fetch(list(self.page.object_list))

    @property
    def filtered(self) -> bool:
        return any(value for name, value in self.asked.items() if name not in (*FORM, "run"))

    @property
    def heads(self) -> list[Head]:
        return [Head(column, self._sorted_by(column), self._aria(column)) for column in self.columns]

    @property
    def lines(self) -> Iterator[Line]:
        listing = self.listing
        for row in self.rows:
            cells = [Cell(column, shown(column, row)) for column in self.columns]
            yield Line(listing.href(row) if listing.href else "", cells, listing.detail(row) if listing.detail else "")

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a filter form must send along so that order and columns outlive a new question."""
        return [(name, value) for name in ("sort", "cols", "run") for value in self.asked.getlist(name) if value]

    @property
    def others(self) -> list[tuple[str, str]]:
        """What the form of the columns must send along."""
        pairs = ((name, value) for name, values in self.asked.lists() for value in values)
        return [(name, value) for name, value in pairs if name not in ("cols", "page") and value]

    @property
    def query(self) -> str:
        """The address's question, without the page."""
        query = self.asked.copy()
        query.pop("page", None)
        return query.urlencode()

    def _aria(self, column: Column) -> str:
        if column != self.sort.column:
            return ""
        return "descending" if self.sort.down else "ascending"

    def _sorted_by(self, column: Column) -> str:
        """The address of the list sorted by a column: a second click turns it round. "" when it cannot be."""
        if not column.sort:
            return ""
        down = not self.sort.down if column == self.sort.column else column.large_first
        query = self.asked.copy()
        query.pop("page", None)
        query["sort"] = Sort(column, down).text
        return f"?{query.urlencode()}"


def chosen(listing: Listing, asked: QueryDict) -> list[Column]:
    """The columns that the address names (``cols=a&cols=b``), in the list's order; all when it names none it has."""
    names = set(asked.getlist("cols")) & {column.key for column in listing.columns}
    return [column for column in listing.columns if column.fixed or not names or column.key in names]


def shown(column: Column, row: Any) -> str:
    """A cell of the page: HTML of the column's own, else its value in words, escaped by the template."""
    if column.shows is not None:
        return column.shows(row)
    return in_words(column.value(row) if column.value else None, column.kind)


def in_words(value: Value, kind: Kind) -> str:
    """Days as 2026-10-31, times with hours and minutes, numbers with separators; a dash for what is not known."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return percent(value) if kind == Kind.SHARE else number(value)
    return str(value)


def file_columns(columns: Iterable[Column]) -> list[Column]:
    """What of the chosen columns goes into a file."""
    return [part for column in columns for part in (column.parts or (column,)) if part.value is not None]
