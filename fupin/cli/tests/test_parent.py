"""A child of a killed process does not live on, however early the kill came."""

import os
import subprocess
import sys

import pytest

from fupin.cli import parent


def test_a_child_whose_parent_is_already_gone_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    monkeypatch.setenv(parent.PARENT, str(gone.pid))
    with pytest.raises(SystemExit):
        parent.end_with_parent()


def test_a_grandchild_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(parent.PARENT, str(os.getpid()))  # alive, but not the parent of this process
    parent.end_with_parent()
