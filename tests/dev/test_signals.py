"""Ctrl-C stops `up` also where the shell's script that started it with & let it be ignored."""

import signal
import subprocess
import sys

import pytest

CODE = """
import signal
from cityweather_dev.console import Stopped, arm_signals
try:
    arm_signals()
    print("armed", flush=True)
    signal.pause()
except Stopped:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize(("sent", "stops"), [("SIGINT", True), ("SIGTERM", True), ("SIGHUP", False)])
def test_a_signal_that_was_ignored_at_the_start_stops_it_unless_it_is_the_hang_up(sent: str, stops: bool) -> None:
    script = f"import os, signal; signal.signal(signal.{sent}, signal.SIG_IGN); os.execv({sys.executable!r}, "
    script += f"[{sys.executable!r}, '-c', {CODE!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "armed\n"
        process.send_signal(getattr(signal, sent))
        if not stops:  # the next one does, and nothing was said in between
            process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "stopped\n"
