"""The vendored files are the ones that the manifest names, each with its licence."""

import hashlib
import json
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))


def test_every_vendored_file_has_the_sum_of_the_manifest() -> None:
    sums = {entry["file"]: hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() for entry in MANIFEST}
    assert sums == {entry["file"]: entry["sha256"] for entry in MANIFEST}


def test_every_script_and_style_is_in_the_manifest() -> None:
    files = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.suffix in (".js", ".css", ".svg")}
    assert files == {entry["file"] for entry in MANIFEST}


def test_every_vendored_file_has_its_licence_beside_it() -> None:
    assert all((VENDOR / entry["licence_file"]).stat().st_size > 100 for entry in MANIFEST)


def test_every_icon_used_is_in_the_sprite() -> None:
    import re

    sprite = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "tabler-icons" / "icons.svg").read_text()))
    root = VENDOR.parents[2]
    pages = "".join(path.read_text(encoding="utf-8") for path in root.rglob("templates/**/*.html"))
    used = set(re.findall(r'{% icon "([^"]+)"', pages))
    used |= set(re.findall(r'Room\([^)]*"([a-z0-9-]+)"\)', (root / "ui" / "chrome.py").read_text(encoding="utf-8")))
    assert used - sprite == set()
