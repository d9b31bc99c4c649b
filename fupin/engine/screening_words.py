"""A hit in words of the reader's language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from fupin.catalogue.load import Catalogue
from fupin.catalogue.schema import datasets, tables
from fupin.catalogue.screening import ScreenColumn, Screening, ScreenRule
from fupin.engine.screening import VILLAGES, with_staged
from fupin.engine.words import value_in_words

NOT_GIVEN = ("未填", "not given")
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
    if isinstance(value, float) and (column is None or not (column.codes or column.type == "money")):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return value_in_words(value, column, lang, NOT_GIVEN)


def named_columns(catalogue: Catalogue, screening: Screening) -> dict[str, Any]:
    """``f_``, ``v_`` and ``x_`` names → what says their type and codes, for :func:`told_message`."""
    fields = with_staged(catalogue, screening).fields
    return {
        **{f"f_{id_}": field for id_, field in fields.items()},
        **{f"v_{id_}": field for id_, field in fields.items()},
        **screening.columns,
        **{f"q_{id_}": ScreenColumn(id_, "household", "", "", "money") for id_ in catalogue.parameters},
    }
