"""How log lines are written."""

import logging
import re

# PostgreSQL quotes rows in these lines of its errors ("DETAIL:  Key (…)=(…) already exists.", "CONTEXT:  COPY …").
QUOTES_ROWS = re.compile(r"^\s*(DETAIL|CONTEXT|LINE \d+|QUERY|STATEMENT|HINT):.*\n?", re.MULTILINE)
LONG_NUMBER = re.compile(r"(?<!\d)(\d{6})\d{8,11}([\dXx])(?!\d)")


class LineFormatter(logging.Formatter):
    """Drops what quotes rows of the database and masks what looks like an ID number."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it, without personal data."""
        return LONG_NUMBER.sub(r"\1********\2", QUOTES_ROWS.sub("", super().format(record)))
