"""Behind a proxy the brake on objections counts browsers, not the proxy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from fupin.kernel.errors import UserError


def refused_with(asked: list[str]) -> Callable[[str], None]:
    def refuse(address: str) -> None:
        asked.append(address)
        raise UserError("太多", "too many", "请稍后", "later")

    return refuse


def test_the_brake_means_the_browser(client: Client, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FUPIN_PROXIES = ["10.0.0.5"]
    asked: list[str] = []
    monkeypatch.setattr("fupin.portal.views._found", str)
    monkeypatch.setattr("fupin.portal.views._page", lambda *_args, **_more: HttpResponse())
    monkeypatch.setattr("fupin.portal.views.demand_room", refused_with(asked))
    said = {"HTTP_X_FORWARDED_FOR": "1.2.3.4, 203.0.113.9"}
    client.post("/notices/ABC/object/", REMOTE_ADDR="10.0.0.5", **said)  # type: ignore[arg-type]
    client.post("/notices/ABC/object/", REMOTE_ADDR="198.51.100.1", **said)  # type: ignore[arg-type]
    assert asked == ["203.0.113.9", "198.51.100.1"]
