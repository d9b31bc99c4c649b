"""``fupin manage compile_translations``: the English texts as the server reads them. Part of the set-up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from fupin.ui.translation import compile_english


class Command(BaseCommand):
    help = "Compile the English translation (no gettext tools needed)."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(str(compile_english().name))
