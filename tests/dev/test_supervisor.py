"""The supervisor: starts again what dies, reports it, stops in order, and leaves nobody behind."""

import errno
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cityweather_client.output import OutputLost
from cityweather_dev import supervisor as module
from cityweather_dev.console import prefixed
from cityweather_dev.processes import CannotStart, wait_until
from cityweather_dev.supervisor import Part, Supervisor

SLEEP = "print('up', flush=True); time.sleep(60)"
SLEEPER = f"import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); {SLEEP}"
DEAF = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
PARENT = f"import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-S', '-c', {DEAF!r}]).pid); {SLEEP}"


def part(name: str, script: str = SLEEPER, stage: int = 1, stop_by: float = 5) -> Part:
    return Part(name, [sys.executable, "-S", "-c", script], stage, stop_by)


class Watched(Supervisor):
    """One whose words and pids a test can look at."""

    def __init__(self) -> None:
        self.printed: list[tuple[str, str]] = []
        self.pids: dict[str, int] = {}
        super().__init__(os.environ, lambda who, line: self.printed.append((who, line)), self._note)

    def _note(self, pids: object) -> None:
        self.pids = dict(pids)  # type: ignore[call-overload]

    def until(self, condition: Callable[[], bool]) -> None:
        self.wait(condition, 10, lambda: "the condition")

    def count(self, who: str, text: str) -> int:
        return sum(line.startswith(text) for name, line in self.printed if name == who)


@pytest.fixture
def watched() -> Iterator[Watched]:
    supervisor = Watched()
    yield supervisor
    supervisor.kill()


def test_the_output_of_a_part_is_passed_on_with_its_name(watched: Watched) -> None:
    watched.start(part("one", "print('first\\nsecond', end='', flush=True); import time; time.sleep(60)"))
    watched.start(part("two", "import sys; sys.stderr.write('Grüße\\n')\nimport time; time.sleep(60)"))
    watched.until(lambda: ("one", "first") in watched.printed)
    watched.until(lambda: ("two", "Grüße") in watched.printed)
    watched.kill()


def test_a_dead_part_is_started_again_after_a_pause(watched: Watched) -> None:
    watched.start(part("one"))
    for death in (1, 2):
        watched.until(lambda death=death: watched.count("one", "up") == death)  # type: ignore[misc]
        os.kill(watched.pids["one"], signal.SIGKILL)
        watched.until(lambda death=death: watched.count("up", "one was ended by SIGKILL") == death)  # type: ignore[misc]
        assert "one" not in watched.pids
    watched.until(lambda: watched.count("one", "up") == 3)
    pauses = [line.rpartition(" in ")[2] for who, line in watched.printed if who == "up"]
    assert pauses == ["1 s"] * 2


def test_a_part_that_keeps_dying_at_the_start_ends_it_with_its_last_words(watched: Watched) -> None:
    watched.start(part("one", "raise SystemExit('no such setting')"))
    with pytest.raises(CannotStart, match=r"(?s)one does not stay up.*no such setting"):
        watched.wait(lambda: False, 20, lambda: "it")


def test_parts_stop_in_the_order_of_their_stages(watched: Watched) -> None:
    script = SLEEPER.replace("sys.exit()", "(print('bye', flush=True), sys.exit())")
    for name, stage in (("redis", 3), ("beat", 1), ("web", 2)):
        watched.start(part(name, script, stage))
    watched.until(lambda: len(watched.printed) == 3)
    watched.stop()
    assert [who for who, line in watched.printed if line == "bye"] == ["beat", "web", "redis"]


def test_a_part_that_does_not_stop_in_its_time_is_killed(watched: Watched) -> None:
    watched.start(part("deaf", DEAF, stop_by=0.3))
    watched.until(lambda: watched.count("deaf", "up") == 1)
    pid, began = watched.pids["deaf"], time.monotonic()
    watched.stop()
    assert time.monotonic() - began < 3
    assert not psutil.pid_exists(pid)
    assert ("up", "deaf did not stop in time and is killed") in watched.printed


def test_the_children_of_a_dead_part_do_not_outlive_it(watched: Watched) -> None:
    watched.start(part("one", PARENT))
    watched.until(lambda: watched.count("one", "up") == 2)
    grandchild = int(next(line for who, line in watched.printed if line.isdecimal()))
    os.kill(watched.pids["one"], signal.SIGKILL)
    watched.until(lambda: _gone(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_parts_die_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from cityweather_dev.supervisor import Part, Supervisor\n"
        "supervisor = Supervisor(os.environ, lambda who, line: print(line, flush=True), lambda pids: None)\n"
        "supervisor.start(Part('one', [sys.executable, '-S', '-c', sys.argv[1]], 1, 1))\n"
        "supervisor.tend(60)"
    )
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, child], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    assert wait_until(lambda: _gone(pid), 5)


def test_a_step_that_fails_shows_its_output(watched: Watched) -> None:
    with pytest.raises(CannotStart, match=r"(?s)migrate failed.*no table"):
        watched.run([sys.executable, "-S", "-c", "raise SystemExit('no table')"], "migrate")


def test_a_step_without_end_is_given_up_with_a_sentence(watched: Watched) -> None:
    with pytest.raises(CannotStart, match="migrate did not end within 0 s"):
        watched.run([sys.executable, "-S", "-c", DEAF], "migrate", seconds=0.3)


def test_a_machine_without_room_for_a_process_is_tried_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    real, refusals = module.spawn, iter([OSError("no more processes")])

    def spawn(*arguments: Any, **options: Any) -> Any:
        for refusal in refusals:
            raise refusal
        return real(*arguments, **options)

    monkeypatch.setattr(module, "spawn", spawn)
    watched.start(part("one"))
    watched.until(lambda: watched.count("one", "up") == 1)
    assert ("up", "one could not be started (no more processes); it starts again in 1 s") in watched.printed


def test_a_full_disk_ends_nothing() -> None:
    def full(_: object) -> None:
        raise OSError("no space left")

    printed: list[str] = []
    supervisor = Supervisor(os.environ, lambda _, line: printed.append(line), full)
    supervisor.start(part("one"))
    supervisor.wait(lambda: "up" in printed, 10, lambda: "it")
    supervisor.stop()
    assert any("no space left" in line for line in printed)


class Full(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def flush(self) -> None:
        raise self._error


def test_a_line_that_cannot_be_written_ends_nothing() -> None:
    full = OSError(errno.ENOSPC, "no space left")
    for error in (full, OutputLost(full)):
        prefixed(Full(error))("up", "a line")


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
