"""Keeps child processes running: starts, prefixes what they say, starts again what died, stops in order."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cityweather_dev.processes import CannotStart, spawn

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a dead child is started again
STEADY = 10.0  # seconds after which a child has proved itself and its next pause is short again
PATIENCE = 3  # deaths before everything is ready, after which starting is given up

Say = Callable[[str, str], None]  # who, a line


@dataclass(frozen=True)
class Part:
    """One process of the stack. Lower stages stop first; `stop_by`: seconds after the stop began, then it is killed."""

    name: str
    command: Sequence[str]
    stage: int
    stop_by: float
    stop_signal: int = signal.SIGTERM


@dataclass
class Child:
    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0  # monotonic
    pause: float = FIRST_PAUSE
    due: float | None = None  # monotonic: when to start it again
    deaths: int = 0
    rest: bytes = b""  # of a line not yet ended
    last_lines: list[str] = field(default_factory=list)


class Supervisor:
    """Not threaded: the caller gives it time with `tend()`, and what dies meanwhile waits until then.

    The thread that calls must live as long as the children: the kernel ends them with it.
    """

    def __init__(self, env: Mapping[str, str], say: Say, tell_pids: Callable[[Mapping[str, int]], None]) -> None:
        self._env = env
        self._say = say
        self._tell_pids = tell_pids
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()

    def start(self, part: Part) -> None:
        self._children[part.name] = child = Child(part)
        self._spawn(child)

    def tend(self, seconds: float) -> None:
        """Pass on output and start again what died, for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._pass_on(min(left, 0.2))
            self._look_after()

    def wait(self, ready: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
        """Tend until ready. Raises CannotStart when that takes too long, or when a part keeps dying."""
        until = time.monotonic() + seconds
        while not ready():
            self.tend(0.1)
            for child in self._children.values():
                if child.deaths >= PATIENCE:
                    words = "\n".join(child.last_lines)
                    raise CannotStart(f"{child.part.name} does not stay up. Its last words:\n{words}")
            if time.monotonic() > until:
                raise CannotStart(f"{what()} was not ready within {seconds:.0f} s.")

    def run(self, command: Sequence[str], name: str, seconds: float = 600) -> None:
        """A step that must succeed before the next. Raises CannotStart with what it complained about."""
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
            self._say(name, line)

    def stop(self) -> None:
        """In order of the stages. What one stage does not need of its time, the next may use."""
        began = time.monotonic()
        for child in self._children.values():
            child.due = None
        for stage in sorted({child.part.stage for child in self._children.values()}):
            self._stop_stage([child for child in self._children.values() if child.part.stage == stage], began)
        self._children.clear()

    def kill(self) -> None:
        """At once and in no order."""
        for child in self._children.values():
            if child.process is not None:
                self._bury(child, child.process)
        self._children.clear()

    # --- one child ------------------------------------------------------------------------------------------------

    def _spawn(self, child: Child) -> None:
        child.due = None
        child.started = time.monotonic()
        try:
            process = child.process = spawn(child.part.command, output=subprocess.PIPE, env=self._env)
        except OSError as error:  # no memory, no process or file left
            self._put_off(child, f"could not be started ({error})", child.started)
            return
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)
        self._tell()

    def _tell(self) -> None:
        alive = {name: child.process.pid for name, child in self._children.items() if child.process is not None}
        try:
            self._tell_pids({"up": os.getpid(), **alive})
        except OSError as error:  # a full disk must not end what runs
            self._say("up", f"pids.json could not be written ({error})")

    def _look_after(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                self._mourn(child, child.process, now)
            elif child.due is not None and child.due <= now:
                self._spawn(child)

    def _mourn(self, child: Child, process: "subprocess.Popen[bytes]", now: float) -> None:
        self._bury(child, process)
        if now - child.started > STEADY:
            child.pause, child.deaths = FIRST_PAUSE, 0
        self._put_off(child, _fate(process), now)
        self._tell()

    def _put_off(self, child: Child, why: str, now: float) -> None:
        child.deaths += 1
        child.due = now + child.pause
        child.last_lines.append(why)
        self._say("up", f"{child.part.name} {why}; it starts again in {child.pause:g} s")
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _stop_stage(self, children: list[Child], began: float) -> None:
        alive = [(child, child.process) for child in children if child.process is not None]
        for child, process in alive:
            process.send_signal(child.part.stop_signal)
        until = began + max((child.part.stop_by for child, _ in alive), default=0)
        while any(process.poll() is None for _, process in alive) and time.monotonic() < until:
            self._pass_on(0.05)
        for child, process in alive:
            if process.poll() is None:
                self._say("up", f"{child.part.name} did not stop in time and is killed")
            self._bury(child, process)

    def _bury(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        """With its own children, which would go on beside its successor's."""
        _signal_group(process, signal.SIGKILL)
        process.wait()
        self._drain(child, process)
        child.process = None

    # --- what they say --------------------------------------------------------------------------------------------

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
        *lines, child.rest = (child.rest + data).split(b"\n")
        for line in lines:
            self._speak(child, line)
        if not data and descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)
        return bool(data)

    def _drain(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None:
            return
        while self._read(child, process.stdout.fileno()):
            pass
        if process.stdout.fileno() in self._selector.get_map():
            self._selector.unregister(process.stdout)
        process.stdout.close()
        if child.rest:
            self._speak(child, child.rest)
            child.rest = b""

    def _speak(self, child: Child, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if not text:
            return
        child.last_lines = [*child.last_lines[-9:], text]
        self._say(child.part.name, text)


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Each child leads a session of its own, so its group is itself and what it started."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _fate(process: "subprocess.Popen[bytes]") -> str:
    code = process.returncode
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
