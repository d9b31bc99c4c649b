"""Log lines carry no personal data."""

import logging
import sys

from fupin.config.logs import LineFormatter


def written(message: str, error: Exception | None = None) -> str:
    information = None
    if error is not None:
        try:
            raise error
        except Exception:
            information = sys.exc_info()
    record = logging.LogRecord("fupin", logging.ERROR, "x.py", 1, message, (), information)
    return LineFormatter("%(message)s").format(record)


def test_an_id_number_is_masked() -> None:
    assert written("户主 110101199003070019 重复") == "户主 110101********9 重复"
    assert written("旧号 110101900307001") == "旧号 110101********1"


def test_shorter_and_longer_numbers_stay() -> None:
    for text in ("区划 450124102003", "行 1234567", "摘要 12345678901234567890123456789012"):
        assert written(text) == text


def test_rows_that_the_database_quotes_are_dropped() -> None:
    error = ValueError(
        'duplicate key "person_pkey"\nDETAIL:  Key (name)=(韦小兰) already exists.\nCONTEXT:  COPY person'
    )
    text = written("failed", error)
    assert "person_pkey" in text
    assert "韦小兰" not in text
    assert "COPY person" not in text


def test_one_record_is_one_line() -> None:
    forged = written("用户 wang\r\n2026-01-01 00:00:00,000 INFO fupin: 一切正常\x1b[2K\u2028另一行\u202e")
    assert forged == r"用户 wang\u000d ⏎ 2026-01-01 00:00:00,000 INFO fupin: 一切正常\u001b[2K\u2028另一行\u202e"
    told = written("failed", ValueError("one\ntwo"))
    assert len(told.splitlines()) == 1
    assert "Traceback" in told
    assert told.endswith("ValueError: one ⏎ two")
