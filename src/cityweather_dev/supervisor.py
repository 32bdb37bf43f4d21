"""Keeps child processes running: starts them, prefixes their output, starts again what died, stops them in order."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cityweather_dev.processes import CannotStart, spawn

RESTART_SECONDS = 1.0  # between the death of a part and its next start
MAX_DEATHS = 3  # of one part before everything is ready; then starting is given up
LAST_LINES = 10  # of each part, for error messages

Process = subprocess.Popen[bytes]
Log = Callable[[str, str], None]  # the part's name, one line


@dataclass(frozen=True)
class Part:
    """One process of the stack. Lower stages stop first; `stop_by`: seconds after the stop began, then it is killed."""

    name: str
    command: Sequence[str]
    stage: int
    stop_by: float


@dataclass
class Child:
    part: Part
    process: Process | None = None
    restart_at: float | None = None  # monotonic
    deaths: int = 0
    unfinished: bytes = b""  # a line whose end has not been read yet
    last_lines: list[str] = field(default_factory=list)


class Supervisor:
    """Starts processes and restarts those that die. It has no thread: it works only while `tend()` is called.

    The thread that calls must live as long as the children, because the kernel ends them with it.
    """

    def __init__(self, env: Mapping[str, str], log: Log, write_pids: Callable[[Mapping[str, int]], None]) -> None:
        self._env = env
        self._log = log
        self._write_pids = write_pids
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()

    def start(self, part: Part) -> None:
        self._children[part.name] = child = Child(part)
        self._spawn(child)

    def tend(self, seconds: float) -> None:
        """For so long, pass on output and start again what died."""
        until = time.monotonic() + seconds
        while (remaining := until - time.monotonic()) > 0:
            self._pass_on(min(remaining, 0.2))
            self._restart_dead()

    def wait(self, ready: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
        """Tend until ready. Raises CannotStart when that takes too long, or when a part keeps dying."""
        until = time.monotonic() + seconds
        while not ready():
            self.tend(0.1)
            for child in self._children.values():
                if child.deaths >= MAX_DEATHS:
                    words = "\n".join(child.last_lines)
                    raise CannotStart(f"{child.part.name} does not stay up. Its last words:\n{words}")
            if time.monotonic() > until:
                raise CannotStart(f"{what()} was not ready within {seconds:.0f} s.")

    def run(self, command: Sequence[str], name: str, seconds: float = 600) -> None:
        """A step that must succeed before the next. Raises CannotStart with its output."""
        with spawn(command, output=subprocess.PIPE, errors=subprocess.PIPE, env=self._env) as process:
            try:
                output, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                raise CannotStart(f"{name} did not end within {seconds:.0f} s.") from None
            finally:
                _signal_group(process, signal.SIGKILL)
        if process.returncode:
            words = (output + errors).decode(errors="replace").strip()
            raise CannotStart(f"{name} failed:\n{words}")
        for line in output.decode(errors="replace").splitlines():
            self._log(name, line)

    def stop(self) -> None:
        """Stops stage after stage. What one stage does not need of its time, the next may use."""
        began = time.monotonic()
        for stage in sorted({child.part.stage for child in self._children.values()}):
            self._stop_stage([child for child in self._children.values() if child.part.stage == stage], began)
        self._children.clear()

    def kill(self) -> None:
        """At once and in no order."""
        for child in self._children.values():
            if child.process is not None:
                self._reap(child, child.process)
        self._children.clear()

    # --- one child ------------------------------------------------------------------------------------------------

    def _spawn(self, child: Child) -> None:
        child.restart_at = None
        try:
            process = child.process = spawn(child.part.command, output=subprocess.PIPE, env=self._env)
        except OSError as error:  # no memory, no process or file left
            self._restart_later(child, f"could not be started ({error})")
            return
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)
        self._publish_pids()

    def _publish_pids(self) -> None:
        alive = {name: child.process.pid for name, child in self._children.items() if child.process is not None}
        try:
            self._write_pids({"up": os.getpid(), **alive})
        except OSError as error:  # a full disk must not end what runs
            self._log("up", f"pids.json could not be written ({error})")

    def _restart_dead(self) -> None:
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                reason = _exit_reason(child.process.returncode)
                self._reap(child, child.process)
                self._restart_later(child, reason)
                self._publish_pids()
            elif child.restart_at is not None and child.restart_at <= time.monotonic():
                self._spawn(child)

    def _restart_later(self, child: Child, reason: str) -> None:
        child.deaths += 1
        child.restart_at = time.monotonic() + RESTART_SECONDS
        child.last_lines.append(reason)
        self._log("up", f"{child.part.name} {reason}; it starts again in {RESTART_SECONDS:g} s")

    def _stop_stage(self, children: list[Child], began: float) -> None:
        alive = [(child, child.process) for child in children if child.process is not None]
        for _, process in alive:
            process.terminate()
        until = began + max((child.part.stop_by for child, _ in alive), default=0)
        while any(process.poll() is None for _, process in alive) and time.monotonic() < until:
            self._pass_on(0.05)
        for child, process in alive:
            if process.poll() is None:
                self._log("up", f"{child.part.name} did not stop in time and is killed")
            self._reap(child, process)

    def _reap(self, child: Child, process: Process) -> None:
        """Ends it together with its own children, which would go on beside its successor's."""
        _signal_group(process, signal.SIGKILL)
        process.wait()
        self._read_rest(child, process)
        child.process = None

    # --- output ---------------------------------------------------------------------------------------------------

    def _pass_on(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
        for key, _ in self._selector.select(seconds):
            self._read(key.data, key.fd)

    def _read(self, child: Child, descriptor: int) -> bool:
        """False at the end, or when there is nothing now."""
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return False
        *lines, child.unfinished = (child.unfinished + data).split(b"\n")
        for line in lines:
            self._log_line(child, line)
        if not data and descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)
        return bool(data)

    def _read_rest(self, child: Child, process: Process) -> None:
        if process.stdout is None:
            return
        while self._read(child, process.stdout.fileno()):
            pass
        if process.stdout.fileno() in self._selector.get_map():
            self._selector.unregister(process.stdout)
        process.stdout.close()
        self._log_line(child, child.unfinished)
        child.unfinished = b""

    def _log_line(self, child: Child, line: bytes) -> None:
        if text := line.decode(errors="replace").rstrip():
            child.last_lines = [*child.last_lines[1 - LAST_LINES :], text]
            self._log(child.part.name, text)


def _signal_group(process: Process, number: int) -> None:
    """Each child leads a session of its own, so its group is itself and what it started."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _exit_reason(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
