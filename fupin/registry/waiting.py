"""Who has to wait for a record: for a while, then he is told; never for ever, and nothing is half done.

Households are locked in the order of their numbers, by forms and by batches of ledgers alike, and before anything that
hangs on them: so nobody waits for somebody who waits for him. Should it happen all the same, one of the two is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable

from fupin.kernel.errors import UserError

#: how long a form waits, for every lock of its transaction
PATIENCE = "5s"


class Busy(UserError):
    """Somebody else is writing the same record at this moment; nothing was written."""

    def __init__(self, record: str = "") -> None:
        super().__init__(
            f"{record or '有关的户'}正由别人办理或正在导入台账，您的填写没有写入",
            f"{record or 'the household'} is being written by somebody else or by a ledger at this moment; "
            "yours was not written",
            "请过几分钟再提交；一直这样，请看台账批次的进度",
            "hand it in again in a few minutes; if it stays so, look at the progress of the ledgers",
        )


def met_another(error: BaseException) -> bool:
    """Whether a lock was waited for in vain."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, DeadlockDetected | LockNotAvailable)


@contextmanager
def patient(record: str) -> Iterator[None]:
    """Locks are waited for so long, here and until the transaction ends; raises Busy."""
    with connection.cursor() as cursor:  # who has said less is left at that
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, true) WHERE current_setting('lock_timeout') = '0'", [PATIENCE]
        )
    try:
        yield
    except OperationalError as error:
        if met_another(error):
            raise Busy(record) from error
        raise
