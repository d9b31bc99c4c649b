"""What may be shown of a name, an ID number, a phone number. A mask that is unsure hides everything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

#: eleven digits or more, whatever one or two signs or letters somebody put between them
_LONG_NUMBER = re.compile(r"\d(?:[^\d\n\u4e00-\u9fff]{0,2}\d){10,}[Xx]?")


def mask_all_but_ends(text: str) -> str:
    """For a cell that should hold an ID number, whatever is in it: four characters, stars, two characters."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return plain[:4] + "*" * (len(plain) - 6) + plain[-2:] if len(plain) > 10 else plain


def mask_numbers(text: str) -> str:
    """Any text with the middle of each number long enough to name a person (ID, phone, account) hidden."""
    plain = unicodedata.normalize("NFKC", text)
    return _LONG_NUMBER.sub(lambda hit: hit[0][:4] + "*" * (len(hit[0]) - 6) + hit[0][-2:], plain)


def mask_name(name: str | None) -> str:
    """张三 → 张*, 张小三 → 张*三, longer → first + ** + last; one character is hidden altogether."""
    name = (name or "").strip()
    if len(name) <= 1:
        return "*" * len(name)
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" * min(len(name) - 2, 2) + name[-1]


def mask_id(number: str | None) -> str:
    """450123********1234: six leading and four final characters of 18 (or 15); any other length is hidden."""
    number = (number or "").strip()
    if len(number) not in (15, 18):
        return "*" * len(number)
    return number[:6] + "*" * (len(number) - 10) + number[-4:]


def mask_phone(number: str | None) -> str:
    """138****1234 for eleven digits; anything else is hidden."""
    number = (number or "").strip()
    if len(number) != 11 or not number.isdigit():
        return "*" * len(number)
    return number[:3] + "****" + number[-4:]


#: what a public notice may show (农户公示): nothing else ever passes, whatever a form or a template hands over
NOTICE_FIELDS = ("village", "group", "head_name", "members", "attribute", "project", "amount")


def for_notice(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that a public notice may show, in their fixed order; the name masked, long numbers in texts, too.

    ID, phone and account numbers, health and exact address must never stand in a notice: so this is a list of what
    may, and an unknown field is left out. Text in an allowed field is not trusted either.
    """
    shown: dict[str, object] = {}
    for name in NOTICE_FIELDS:
        value = fields.get(name)
        if value is None:
            continue
        if name == "head_name":
            shown[name] = mask_name(str(value))
        else:
            shown[name] = mask_numbers(value) if isinstance(value, str) else value
    return shown
