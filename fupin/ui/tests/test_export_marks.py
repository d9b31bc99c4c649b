from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from fupin.accounts.models import User
from fupin.kernel.marks import numbers_in, without_marks
from fupin.ui.export_marks import Watermark, secret
from fupin.ui.lists import Value

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
CELLS: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.integers(), st.text("韦山明*0123 ="), st.just("450124196203040011")
)


@given(st.integers(1, 2**40 - 1), st.lists(st.lists(CELLS), min_size=1), st.data())
def test_any_row_with_a_chinese_word_names_the_export_and_reads_as_before(
    deed: int, rows: list[list[Value]], data: st.DataObject
) -> None:
    mark = Watermark(User(username="shiban"), deed, AT)
    row = data.draw(st.sampled_from(rows))
    marked = mark.put(row)
    words = any(isinstance(cell, str) and set(cell) & set("韦山明") for cell in row)
    assert numbers_in(secret(), "\t".join(map(str, marked))) == ({deed} if words else set())
    assert [without_marks(cell) if isinstance(cell, str) else cell for cell in marked] == row
    assert all(was == now for was, now in zip(row, marked, strict=True) if not isinstance(was, str))


def test_everybody_may_read_who_took_it_and_when() -> None:
    user = User(username="shiban", display_name="韦清和")
    assert Watermark(user, 1, AT).words == "韦清和（shiban）2026-11-22 13:00 导出"
