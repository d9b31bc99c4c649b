"""Names of places as words that no password may hold: the first thing that is tried on an office's account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError

from fupin.accounts.api import letters_of
from fupin.registry.household_models import Region

SHORTEST = 5  # letters: a shorter name stands in many words by chance
COUNTY = 3


class PlaceNames:
    """For ``AUTH_PASSWORD_VALIDATORS``: provinces, cities and counties that are loaded, with or without 省市县."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - what Django calls
        letters = letters_of(password)
        if any(name in letters for name in _names()):
            raise ValidationError("密码不能包含地名 / a password must not hold a place's name", code="password_place")

    def get_help_text(self) -> str:
        return "不含省、市、县的名称。"


def _names() -> Iterator[str]:
    """guangxizhuangzuzizhiqu → guangxi, mashanxian → mashan."""
    for pinyin in Region.objects.filter(level__lte=COUNTY).values_list("pinyin", flat=True):
        syllables = pinyin.split()
        for name in {"".join(syllables[:2]), "".join(syllables[:-1])}:
            if len(name) >= SHORTEST:
                yield name
