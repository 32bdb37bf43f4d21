"""What every process does at its start: refuse unusable settings, and end with its parent."""

import ctypes
import os
import signal
import sys

from django.core.checks import ERROR, run_checks

PR_SET_PDEATHSIG = 1

# Loaded before any fork, because a child must not import between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def exit_with_parent(parent: int, signal_number: int = signal.SIGKILL) -> None:
    """Called in a child: the kernel signals it when the thread that started it is gone. Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # the parent ended before the kernel knew
        os._exit(1)


def require_sound_settings() -> None:
    """Run Django's system checks. Raises SystemExit, whose message names every setting that is wrong."""
    errors = [message for message in run_checks() if message.level >= ERROR]
    if errors:
        lines = "\n".join(f"  {message.msg} {message.hint or ''} ({message.id})" for message in errors)
        raise SystemExit(f"CityWeather+ cannot start:\n{lines}")
