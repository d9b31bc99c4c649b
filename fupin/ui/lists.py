"""Lists: their columns are declared once. The page shows them, sorts by them, hides them; the file carries them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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

from fupin.ui.markup import escaped, filled
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
    ``dress``: rows from records of a QuerySet, so that a page reads its records at once instead of keys first;
    ``count``: how many rows the source has where that is known without counting them, None where it is not.
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
    dress: Callable[[Sequence[Any]], Sequence[Any]] | None = None
    count: Callable[[], int | None] | None = None
    region: str = ""
    object_id: str = ""
    nothing: Word = ""
    advice: Word = ""

    def column(self, key: str) -> Column | None:
        return next((column for column in self.columns if column.key == key), None)

    def ordered(self, sort: Sort) -> QuerySet[Any] | list[Any]:
        """Keys of a QuerySet, or the elements themselves, in the order asked for; ``key`` breaks ties."""
        if not isinstance(self.source, QuerySet):
            return sorted(self.source, key=attrgetter(*sort.column.sort, self.key), reverse=sort.down)
        return self._records(self.source, sort).values_list(self.key, flat=True)

    def page(self, sort: Sort, size: int, number: str | None) -> tuple[Page[Any], Sequence[Any]]:
        """The page asked for, the nearest one when there is none of that number, and its rows."""
        known = self.count() if self.count is not None else None
        if self.dress is None or not isinstance(self.source, QuerySet):
            page = _paged(self.ordered(sort), size, known).get_page(number)
            return page, self.fetch(list(page.object_list))
        page = _paged(self._records(self.source, sort), size, known).get_page(number)
        return page, self.dress(list(page.object_list))

    def _records(self, source: QuerySet[Any], sort: Sort) -> QuerySet[Any]:
        order = [_term(field, sort.down, sort.column.gaps) for field in sort.column.sort]
        return source.order_by(*order, self.key)


def _paged(rows: QuerySet[Any] | list[Any], size: int, known: int | None) -> Paginator[Any]:
    """``known``: the count, when it need not be asked for."""
    pages = Paginator(rows, size)
    if known is not None:
        vars(pages)["count"] = known  # where the cached property keeps what it has counted
    return pages


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


class Shown:
    """A list as an address asks for it: one page of it, sorted, with the chosen columns."""

    def __init__(self, listing: Listing, asked: QueryDict, size: int = PAGE_SIZE) -> None:
        self.listing = listing
        self.asked = asked
        self.sort = Sort.of(listing, asked.get("sort", ""))
        self.columns = chosen(listing, asked)
        self.page, self.rows = listing.page(self.sort, size, asked.get("page"))
        self.count = self.page.paginator.count

    @property
    def filtered(self) -> bool:
        return any(value for name, value in self.asked.items() if name not in (*FORM, "run"))

    @property
    def head(self) -> SafeString:
        """The headings: each opens the list sorted by it."""
        return SafeString("".join([self._heading(column) for column in self.columns]))

    def _heading(self, column: Column) -> SafeString:
        aria, href = self._aria(column), self._sorted_by(column)
        form = '<th scope="col" class="{}{}"{}>{}</th>'
        sorted_ = filled(' aria-sort="{}"', aria) if aria else ""
        if href:
            title = filled('<a class="sort" href="{}">{}<i aria-hidden="true"></i></a>', href, column.title)
        else:
            title = filled('<span class="visually-hidden">{}</span>' if column.hidden_title else "{}", column.title)
        return filled(form, column.css, " num" if column.is_number else "", sorted_, title)

    @property
    def choices(self) -> SafeString:
        """A box to tick for each column that can be shown."""
        form = (
            '<label class="choice"><input class="form-check-input" type="checkbox" name="cols" value="{}"{}> {}</label>'
        )
        names = {column.key for column in self.columns}
        boxes = []
        for column in self.listing.columns:
            marks = (" checked" if column.key in names else "") + (" disabled" if column.fixed else "")
            boxes.append(filled(form, column.key, marks, column.title))
        return SafeString("".join(boxes))

    @property
    def body(self) -> SafeString:
        """The rows of the table. Not a template: five hundred cells a page would be most of its time."""
        opened = [(_opened(column), column) for column in self.columns]
        return SafeString("\n".join([self._line(row, opened) for row in self.rows]))

    def _line(self, row: Any, opened: Sequence[tuple[str, Column]]) -> str:
        """One row; everything in it is escaped unless it says that it is HTML."""
        listing = self.listing
        href = listing.href(row) if listing.href else ""
        cells = "".join([f"{start}{escaped(shown(column, row))}</td>" for start, column in opened])
        line = f"<tr{_opens(href) if href else ''}>{cells}</tr>"
        detail = listing.detail(row) if listing.detail else ""
        return line + _DETAIL.format(len(opened), escaped(detail)) if detail else line

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


_DETAIL = '\n<tr class="detail"><td colspan="{}" class="p-0 border-0">{}</td></tr>'


def _opens(href: str) -> SafeString:
    return filled(' data-href="{}" tabindex="0"', href)


def _opened(column: Column) -> SafeString:
    """The start of a column's cells: its class, and its heading for a screen where the cells stand below each other."""
    if column.is_number:
        return filled('<td class="{} num" data-label="{}">', column.css, column.title)
    return filled('<td class="{}">', column.css)


def chosen(listing: Listing, asked: QueryDict) -> list[Column]:
    """The columns that the address names (``cols=a&cols=b``), in the list's order; all when it names none it has."""
    names = set(asked.getlist("cols")) & {column.key for column in listing.columns}
    return [column for column in listing.columns if column.fixed or not names or column.key in names]


def shown(column: Column, row: Any) -> str:
    """A cell of the page: HTML of the column's own, else its value in words, which is yet to be escaped."""
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
