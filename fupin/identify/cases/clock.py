"""The day on which something is done: that of China, as the database counts it (``fupin_today``)."""

from __future__ import annotations

from datetime import date

from django.utils import timezone


def today() -> date:
    return timezone.localdate()
