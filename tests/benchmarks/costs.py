"""What a set of processes has used: CPU seconds, the most memory. Wall time means little on a shared machine."""

from collections.abc import Mapping
from pathlib import Path

import psutil


def family(pid: int) -> list[psutil.Process]:
    """The process and all that descends from it."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu(pid: int, *, alone: bool = False) -> float:
    """Seconds of user and system time of a family. Children that ended are in their parent's account."""
    total = 0.0
    for process in family(pid)[: 1 if alone else None]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if not alone:
            total += times.children_user + times.children_system
    return total


def peak(pid: int) -> int:
    """Bytes of resident memory that the largest process of a family had at most."""
    return max((_high_water(process.pid) for process in family(pid)), default=0)


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


class Meter:
    """CPU of named families since it was made."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._began = self._read()

    def _read(self) -> dict[str, float]:
        return {name: cpu(pid) for name, pid in self._pids.items()}

    def used(self) -> dict[str, float]:
        return {name: now - self._began[name] for name, now in self._read().items()}

    def peaks(self) -> dict[str, int]:
        return {name: peak(pid) for name, pid in self._pids.items()}
