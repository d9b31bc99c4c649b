"""The look at colours finds what it must, although it leaves out rows that are dressed as others."""

from __future__ import annotations

from playwright.sync_api import Page

from fupin.ui.tests.axe import violations, violations_in_dark

HEAD = "<!doctype html><html lang=en data-bs-theme=light><title>x</title><main><h1>All</h1>"
STYLE = "<style>.dim{color:#aaa;background:#fff} [data-bs-theme=dark] .night{color:#444;background:#333}</style>"


def rows(*classes: str) -> str:
    return f"<table><tbody>{''.join(f'<tr><td class={one}>word</td></tr>' for one in classes)}</tbody></table>"


def test_a_row_dressed_otherwise_is_found_among_many(page: Page) -> None:
    page.set_content(HEAD + STYLE + rows(*["plain"] * 20, "dim", *["plain"] * 20))
    found = violations(page)
    assert [one.split(":")[0] for one in found] == ["color-contrast"]
    assert ".dim" in found[0]


def test_rows_that_are_alike_are_looked_at_once(page: Page) -> None:
    page.set_content(HEAD + STYLE + rows(*["dim"] * 20))
    assert len(violations(page)) == 2  # of the even rows one, of the odd rows one


def test_dark_colours_are_looked_at_in_the_dark(page: Page) -> None:
    page.set_content(HEAD + STYLE + rows("night"))
    assert violations(page) == []
    assert [one.split(":")[0] for one in violations_in_dark(page)] == ["color-contrast"]


def test_what_is_no_colour_is_found_too(page: Page) -> None:
    page.set_content(HEAD + "<button></button>")
    assert [one.split(":")[0] for one in violations(page)] == ["button-name"]
