"""The generated city. Nobody in it exists; it is said to be generated data wherever it is shown."""

from pathlib import Path

MARK = "模拟数据 GENERATED DATA"  # the first line of the README beside every generated city


def is_generated(folder: Path) -> bool:
    """True when the folder, or the one above it, says that its contents were generated."""
    notes = [place / "README.txt" for place in (folder, folder.resolve().parent)]
    return any(note.is_file() and note.read_text(encoding="utf-8", errors="replace").startswith(MARK) for note in notes)
