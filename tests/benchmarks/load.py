"""wrk (Debian's package of that name) as the client: a Python one would be the bottleneck."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONNECTIONS = 64
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
POLITE = Path(__file__).with_name("polite.lua")
Figures = dict[str, Any]


def load(url: str, seconds: int, **headers: str) -> Figures:
    """Requests a second, p50 and p99 in ms, answers that were neither 2xx nor 3xx."""
    text = subprocess.run(_command(url, seconds, headers), check=True, capture_output=True, text=True).stdout
    return _figures(text)


@contextmanager
def loaded(url: str, *, polite: bool, **headers: str) -> Iterator[Figures]:
    """The same while something else goes on; what is yielded is filled at the end. Polite clients obey Retry-After."""
    command = _command(url, 600, headers, *(["-s", str(POLITE)] if polite else []))
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    found: Figures = {}
    try:
        yield found
    finally:
        client.send_signal(signal.SIGINT)
        text = client.communicate()[0]
    found.update(_figures(text))


def _command(url: str, seconds: int, headers: dict[str, str], *more: str) -> list[str]:
    if shutil.which("wrk") is None:
        raise SystemExit("Install wrk first (apt-get install wrk).")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "20s", *more]
    command += [part for name, value in headers.items() for part in ("-H", f"{name.replace('_', '-')}: {value}")]
    return [*command, url]


def _figures(text: str) -> Figures:
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    lost = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return {
        "requests": int(re.findall(r"(\d+) requests in", text)[0]),
        "requests_a_second": float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0]),
        "p50": _latency(text, "50"),
        "p99": _latency(text, "99"),
        "bad": (int(bad[1]) if bad else 0) + (sum(map(int, lost.groups())) if lost else 0),
    }


def _latency(text: str, percent: str) -> float:
    value, unit = re.findall(rf"{percent}%\s+([\d.]+)(us|ms|s)", text)[0]
    return float(value) * UNITS[unit]
