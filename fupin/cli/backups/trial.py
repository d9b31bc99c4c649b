"""Is a backup more than a heap of files? Restore its database into a throw-away server and compare."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from fupin.cli import postgres
from fupin.cli.backups.bring_back import load_dump, settle
from fupin.cli.backups.manifest import Manifest, Report


def restore_test(source: Path, manifest: Manifest, report: Report) -> None:
    """Raises UserError when the dump cannot be restored or a table has not the rows that the manifest says."""
    # Not made by mkdtemp: as root, PostgreSQL's account must pass through, which the server's own folder maker sees to.
    data = Path(tempfile.gettempdir()) / f"fupin-restore-test-{secrets.token_hex(4)}"
    before = os.environ.get("FUPIN_PG_FAST")
    os.environ["FUPIN_PG_FAST"] = "1"  # nobody mourns a throw-away server after a power cut
    report("恢复演练 / restoring on trial", 0.0)
    try:
        url = postgres.ensure_server(data).owner_url
        load_dump(source, manifest, url, at_once=False)
        report("恢复演练 / restoring on trial", 0.9)
        settle(url, manifest)
    finally:
        postgres.destroy(data)
        if before is None:
            os.environ.pop("FUPIN_PG_FAST")
    report("完成 / done", 1.0)
