"""A folder of deliveries, received by several processes as by one."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from fupin.cli import receive, receive_crew
from fupin.exchange.tests.files import HEADER, csv_bytes, row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files of fi_card; the second is none."""
    files = {
        "1.csv": csv_bytes([HEADER, row(1)]),
        "2.csv": b"%PDF-1.7",
        "3.csv": csv_bytes([HEADER, *(row(n) for n in range(2, 9))]),
    }
    with (tmp_path / "manifest.csv").open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(receive.COLUMNS)
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
            lines.writerow([name, "fi_card", "财政局", "b", "2019-12-31"])
    return tmp_path


@pytest.fixture
def own_processes(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """What a process of its own needs to find this test's database and data folder."""
    login = connection.settings_dict
    url = f"postgresql://{login['USER']}:{login['PASSWORD']}@/{login['NAME']}?host={login['HOST']}&port={login['PORT']}"
    settings.FUPIN_DATA_DIR = tmp_path / "data"
    monkeypatch.setitem(os.environ, "DATABASE_URL", url)
    monkeypatch.setitem(os.environ, "FUPIN_SECRET_KEY", settings.SECRET_KEY)  # it signs the tickets of the scope
    monkeypatch.setitem(os.environ, "FUPIN_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.django_db(transaction=True)
def test_two_processes_receive_a_folder_in_its_order_and_a_refusal_stops_nothing(
    folder: Path, own_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fupin.accounts.api import User

    monkeypatch.setattr(receive, "workers_for", lambda announced: 2)
    office = User.objects.create(username="office", role="office", region="4501")
    shares: list[float] = []
    received, refused = receive.receive_folder(by=office, folder=folder, progress=lambda _, share: shares.append(share))
    assert [(one.file_name, one.good_rows, one.seen_before) for one in received] == [
        ("1.csv", 1, False),
        ("3.csv", 7, False),
    ]
    assert [(one.path.name, "PDF" in one.error.zh) for one in refused] == [("2.csv", True)]
    assert shares[-1] == pytest.approx(1.0)
    again, _ = receive.receive_folder(by=office, folder=folder, progress=lambda *_: None)
    assert [one.seen_before for one in again] == [True, True]


def test_a_small_folder_is_not_worth_a_second_process(folder: Path) -> None:
    assert receive_crew.workers_for(receive.read_manifest(folder)) == 1
