"""Child processes that end with their parent, also when it is killed and can tell nobody."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

# Loaded before any fork: a child between fork and exec must not import.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with(parent: int, signal_number: int = signal.SIGKILL) -> None:
    """Called in a child: the kernel signals it when the thread that started it is gone. Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)
