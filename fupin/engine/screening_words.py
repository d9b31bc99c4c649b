"""A hit in words of the reader's language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from fupin.catalogue.load import Catalogue
from fupin.catalogue.schema import code_lists, datasets, tables
from fupin.catalogue.screening import ScreenColumn, Screening, ScreenRule
from fupin.engine.screening import VILLAGES, with_staged

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@cache
def _words_of() -> Mapping[str, Any]:
    homes = {**tables()["survey"].columns, **tables()["households"].columns}
    own = {**datasets()[VILLAGES].columns, **tables()["persons"].columns}
    return {**own, **{f"h_{name}": column for name, column in homes.items()}}


def told_message(rule: ScreenRule, params: str, lang: str, columns: Mapping[str, Any]) -> str:
    """The message of a hit: codes become words, 分 become 元. ``columns``: further names → field or column."""
    values = json.loads(params)
    known = {**_words_of(), **columns}
    words = {name: _word(value, known.get(name), lang) for name, value in values.items()}
    return _PLACEHOLDER.sub(lambda found: words.get(found.group(1), found.group(0)), rule.message[lang])


def _word(value: Any, column: Any, lang: str) -> str:
    if value is None:
        return "未填" if lang == "zh" else "not given"
    if column is not None and column.codes:
        return code_lists()[column.codes].label(str(value), lang)
    if column is not None and column.type == "money":
        text = f"{value / 100:,.2f}".removesuffix(".00")
        return f"{text}元" if lang == "zh" else f"{text} yuan"
    if isinstance(value, bool):
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def named_columns(catalogue: Catalogue, screening: Screening) -> dict[str, Any]:
    """``f_``, ``v_`` and ``x_`` names → what says their type and codes, for :func:`told_message`."""
    fields = with_staged(catalogue, screening).fields
    return {
        **{f"f_{id_}": field for id_, field in fields.items()},
        **{f"v_{id_}": field for id_, field in fields.items()},
        **screening.columns,
        **{f"q_{id_}": ScreenColumn(id_, "household", "", "", "money") for id_ in catalogue.parameters},
    }
