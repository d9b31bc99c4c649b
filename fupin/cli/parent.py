"""Children of `fupin serve` end with it, also when it is killed and cannot tell them."""

import os
import signal
import threading
import time

PARENT = "FUPIN_PARENT"
TICK_SECONDS = 0.5
GRACE_SECONDS = 10.0


def end_with_parent() -> None:
    """Watch the process that ``FUPIN_PARENT`` names, if it is ours, and end when it is gone."""
    parent = os.environ.get("FUPIN_PARENT", "")
    if parent == str(os.getppid()):
        threading.Thread(target=watch, args=(int(parent),), daemon=True).start()


def watch(parent: int) -> None:
    """Wait until the parent is gone; then ask this process to end, and insist after a grace."""
    while os.getppid() == parent:
        time.sleep(TICK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
