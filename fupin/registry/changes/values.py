"""Facts as they were typed → as the columns hold them; what cannot be is refused with its name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import models
from django.utils import timezone

from fupin.catalogue.schema import Column, code_lists, tables
from fupin.kernel.errors import UserError
from fupin.registry.household_models import Person

FLAGS = {"1": True, "0": False, "true": True, "false": False, "True": True, "False": False}


def column_of(model: type[models.Model], name: str) -> Column:
    """The catalogue's column. Raises KeyError for one that a form may not name."""
    return tables()["persons" if model is Person else "households"].columns[name]


def clean(model: type[models.Model], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Column → value; what was left empty is None. Raises UserError."""
    return {name: _value(column_of(model, name), value) for name, value in typed.items()}


def _value(column: Column, value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    try:
        if column.type == "flag":
            return text if isinstance(text, bool) else FLAGS[str(text)]
        if column.type == "date":
            return _day(text if isinstance(text, date) else date.fromisoformat(str(text)))
        if column.type == "int":
            return _within(column, int(text))
        if column.type == "code":
            return _code(column, str(text))
    except (KeyError, ValueError) as error:
        raise _wrong(column) from error
    if len(str(text)) > 60:
        raise _wrong(column)
    return str(text)


def _day(day: date) -> date:
    if not date(1850, 1, 1) <= day <= timezone.localdate():
        raise ValueError(day)
    return day


def _within(column: Column, number: int) -> int:
    low, high = column.min, column.max
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(number)
    return number


def _code(column: Column, code: str) -> str:
    if code not in code_lists()[column.codes].values:
        raise KeyError(code)
    return code


def _wrong(column: Column) -> UserError:
    return UserError(
        f"“{column.zh}”填写不对", f"{column.en!r} is not right", "请从列表选择或改正", "choose from the list or mend it"
    )
