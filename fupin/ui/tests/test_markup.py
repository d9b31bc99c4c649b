"""HTML written by functions: nothing of a row is taken for HTML unless it says so, in every language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, override

from fupin.ui.lists import Column, Kind, Listing, Shown
from fupin.ui.markup import address, escaped, filled, options
from fupin.ui.templatetags import ui

NASTY = '<b title="x">\'&amp;</b>'


@dataclass(frozen=True)
class Row:
    name: str
    n: int


COLUMNS = (
    Column("name", "名<称", lambda row: row.name, sort=("name",), css="text-nowrap", fixed=True),
    Column("n", "数", lambda row: row.n, sort=("n",), kind=Kind.NUMBER),
    Column("chip", "标", shows=lambda row: filled("<i>{}</i>", row.name), hidden_title=True),
)


def shown(asked: str = "", **more: Any) -> Shown:
    rows = [Row(NASTY, 1), Row("b", 2345)]
    listing = Listing("rows", "行", COLUMNS, rows, lambda found: found, "name", key="name", **more)
    return Shown(listing, QueryDict(asked))


@pytest.mark.parametrize("text", [NASTY, SafeString(NASTY), 5, None, gettext_lazy("疑点")])
def test_what_is_put_into_html_is_escaped_as_django_does(text: Any) -> None:
    assert escaped(text) == conditional_escape(text)
    assert filled("<p>{}</p>", text) == f"<p>{conditional_escape(text)}</p>"


def test_a_choice_is_escaped_and_the_one_asked_for_is_marked() -> None:
    html = options([("", "全部"), (1, NASTY)], "1")
    assert html == f'<option value="">全部</option><option value="1" selected>{conditional_escape(NASTY)}</option>'


@pytest.mark.parametrize("name", ["4501240010010001", "4501-20261031-1", 'a"b/c', "张三", ""])
def test_an_address_is_djangos_own(name: str) -> None:
    if "/" in name or not name:
        with pytest.raises(Exception, match="portrait"):
            address("console:portrait", name)
    else:
        assert address("console:portrait", name) == reverse("console:portrait", args=[name])
    assert address("console:findings") == reverse("console:findings")


def test_cells_are_escaped_and_numbers_carry_their_heading() -> None:
    body = shown(href=lambda row: f"/{row.name}/", detail=lambda row: filled("<u>{}</u>", row.name)).body
    assert "<b " not in body
    assert body.count(f"<i>{conditional_escape(NASTY)}</i>") == 1
    assert '<td class=" num" data-label="数">2,345</td>' in body
    assert '<tr data-href="/b/" tabindex="0"><td class="text-nowrap">b</td>' in body
    assert '<tr class="detail"><td colspan="3" class="p-0 border-0"><u>b</u></td></tr>' in body


def test_headings_tell_by_what_the_list_is_sorted_and_hidden_columns_are_not_shown() -> None:
    head = shown("sort=-n").head
    assert '<th scope="col" class=" num" aria-sort="ascending"><a class="sort" href="?sort=n">数' in head
    assert "名&lt;称" in head
    assert '<span class="visually-hidden">标</span>' in head
    some = shown("cols=n")
    assert some.head.count("<th ") == 2
    assert 'value="n" checked>' in some.choices
    assert 'value="name" checked disabled>' in some.choices
    assert 'value="chip">' in some.choices


def test_a_count_that_is_known_is_not_counted_again() -> None:
    assert shown(count=lambda: 7).count == 7
    assert shown(count=lambda: None).count == 2


def test_what_is_kept_of_an_icon_or_an_address_is_no_language() -> None:
    for language, word in (("zh-hans", "贫困"), ("en", "Poor"), ("zh-hans", "贫困")):
        with override(language):
            assert word.lower() in ui.band_chip("poor").lower()
