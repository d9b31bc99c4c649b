"""How log lines are written."""

import logging
import re

# PostgreSQL quotes rows in these lines of its errors ("DETAIL:  Key (…)=(…) already exists.", "CONTEXT:  COPY …").
QUOTES_ROWS = re.compile(r"^\s*(DETAIL|CONTEXT|LINE \d+|QUERY|STATEMENT|HINT):.*\n?", re.MULTILINE)
LONG_NUMBER = re.compile(r"(?<!\d)(\d{6})\d{8,11}([\dXx])(?!\d)")
#: what begins a line, or writes over one, in some program that shows a log; \u2028 and \u202e among them
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
BREAK = " ⏎ "


class LineFormatter(logging.Formatter):
    """One line a record, whatever is in it; without what quotes rows of the database; ID numbers are masked."""

    def format(self, record: logging.LogRecord) -> str:
        """The line and its traceback, without personal data; nothing in it passes for a record of its own."""
        text = LONG_NUMBER.sub(r"\1********\2", QUOTES_ROWS.sub("", super().format(record)))
        return CONTROL.sub(_shown, text.rstrip("\n"))


def _shown(sign: re.Match[str]) -> str:
    return BREAK if sign[0] == "\n" else f"\\u{ord(sign[0]):04x}"
