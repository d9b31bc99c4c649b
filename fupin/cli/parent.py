"""Children of `fupin serve` end with it, also when it is killed and cannot tell them."""

import os
import signal
import sys
import threading
import time

PARENT = "FUPIN_PARENT"
TICK_SECONDS = 0.5
GRACE_SECONDS = 10.0


def end_with_parent() -> None:
    """Watch the process that ``FUPIN_PARENT`` names, if it is ours, and end when it is gone.

    A parent that was killed while this process was still starting is gone already: then there is nothing to work for.
    Grandchildren inherit the variable; their own parent is alive, and so is the one it names.
    """
    parent = os.environ.get(PARENT, "")
    if not parent.isdigit():
        return
    if int(parent) == os.getppid():
        threading.Thread(target=watch, args=(int(parent),), daemon=True).start()
    elif not is_alive(int(parent)):
        sys.exit(1)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def watch(parent: int) -> None:
    """Wait until the parent is gone; then ask this process to end, and insist after a grace."""
    while os.getppid() == parent:
        time.sleep(TICK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
