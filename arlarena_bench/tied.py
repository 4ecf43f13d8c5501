"""A process that does not outlive who started it."""

import os
import sys
import threading


def die_with_parent() -> None:
    """End this process when the one that started it is gone, even if it was killed.

    The parent holds the other end of standard input and writes nothing to it. What outlived it
    would write into a folder that somebody else opens meanwhile.
    """

    def wait_for_end() -> None:
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=wait_for_end, daemon=True).start()
