"""Backups: one moment of the database and every file that its rows name; how it is taken, checked and brought back.

A backup is a folder: ``database.dump`` (pg_dump's custom format), ``data/…`` (files of the data folder under their own
names) and, written last, ``manifest.json`` with the sum of each. The keys never lie in it: see ``keyfiles``.
Why this way: ``docs/decisions/0014-backups.md``.
"""

from fupin.cli.backups.bring_back import restore_backup
from fupin.cli.backups.manifest import Manifest, check_files, read_manifest
from fupin.cli.backups.take import take_backup
from fupin.cli.backups.trial import restore_test

__all__ = ["Manifest", "check_files", "read_manifest", "restore_backup", "restore_test", "take_backup"]
