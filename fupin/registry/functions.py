"""Functions of the database that migrations reword as they stand: what else they say, they go on saying."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

Words = tuple[str, str, str]


def reworded(*words: Words) -> migrations.RunPython:
    """``words``: a function with its argument types, what it says exactly once, what it says from now on.

    Undone in the opposite order. Raises LookupError where a function says it never or twice.
    """

    def forwards(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        _reword(editor, words)

    def backwards(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        _reword(editor, [(function, new, old) for function, old, new in reversed(words)])

    return migrations.RunPython(forwards, backwards)


def _reword(editor: BaseDatabaseSchemaEditor, words: Iterable[Words]) -> None:
    with editor.connection.cursor() as cursor:
        for function, old, new in words:
            cursor.execute("SELECT pg_get_functiondef(%s::regprocedure)", [function])
            text = cursor.fetchone()[0]
            if text.count(old) != 1:
                raise LookupError(f"{function} does not say {old!r} once")
            cursor.execute(text.replace(old, new))
