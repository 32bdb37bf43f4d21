"""What every process does at its start: refuse unusable settings, and end with its parent."""

import ctypes
import os
import signal
import sys
from typing import Any

from django.core.checks import ERROR, CheckMessage, run_checks

PR_SET_PDEATHSIG = 1

# Loaded before any fork, because a child must not import between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def exit_with_parent(parent: int) -> None:
    """Called in a child: the kernel kills it when the thread that started it is gone. Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before the kernel knew
        os._exit(1)


def require_sound_settings(*, warn: bool = True, fail_level: int = ERROR, **options: Any) -> None:
    """Run Django's system checks. What they warn of is printed; SystemExit is raised with what is wrong: a line each.

    `options` are those of run_checks.
    """
    found = [message for message in run_checks(**options) if not message.is_silenced()]
    if warn:
        sys.stderr.writelines(f"Warning: {_line(message)}\n" for message in found if not message.is_serious(fail_level))
    if errors := [message for message in found if message.is_serious(fail_level)]:
        raise SystemExit("\n".join(f"CityWeather+ cannot start: {_line(message)}" for message in errors))


def _line(message: CheckMessage) -> str:
    parts = (message.msg, message.hint or "", f"({message.id})" if message.id else "")
    return " ".join(part for text in parts if (part := " ".join(text.split())))
