"""Columns of coded health facts: the app's login writes them and cannot read them from the table.

They are read through the owner's views, which give them to a scope whose role may see them, and NULL (of images of
rows: all but them) to every other one. To the rest of the code they are columns like any other: only in the list of
what is selected the view's value stands in place of the column. A condition or an order by such a column the database
refuses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import models

HEALTH = ("health", "self_care", "pregnant")
HEALTH_VIEW = "registry_person_health"
IMAGES = ("before", "after")
IMAGES_VIEW = "registry_change_images"

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:
    _Field = object


class _ReadThroughView(_Field):
    """Mixin. Migrations know the plain field: in the table it is one."""

    _plain: str
    _view: tuple[str, str] = (HEALTH_VIEW, "person_id")

    def select_format(self, _compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        named = re.fullmatch(rf'("?\w+"?)\."?{self.column}"?', sql)
        if named is None:  # part of an expression: the database says what is forbidden
            return sql, params
        view, key = self._view
        # names of our own models
        return f"(SELECT v.{self.column} FROM {view} v WHERE v.{key} = {named[1]}.{key})", params  # noqa: S608

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, f"django.db.models.{self._plain}", args, kwargs


class HealthCode(_ReadThroughView, models.CharField):  # type: ignore[type-arg]
    _plain = "CharField"


class HealthFlag(_ReadThroughView, models.BooleanField):  # type: ignore[type-arg]
    _plain = "BooleanField"


class RowImages(_ReadThroughView, models.JSONField):
    """Images of rows in the log of changes, persons' facts among them."""

    _plain = "JSONField"
    _view = (IMAGES_VIEW, "id")
