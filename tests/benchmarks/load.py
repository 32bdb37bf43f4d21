"""wrk (Debian's package of that name) as the client: a Python one would be the bottleneck."""

import re
import shutil
import subprocess
from typing import Any

CONNECTIONS = 64
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def load(url: str, seconds: int, **headers: str) -> dict[str, Any]:
    """Requests a second, p50 and p99 in ms, answers that were neither 2xx nor 3xx."""
    if shutil.which("wrk") is None:
        raise SystemExit("Install wrk first (apt-get install wrk).")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "20s"]
    command += [part for name, value in headers.items() for part in ("-H", f"{name.replace('_', '-')}: {value}")]
    text = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {
        "requests_a_second": float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0]),
        "p50": _latency(text, "50"),
        "p99": _latency(text, "99"),
        "bad": int(bad[1]) if bad else 0,
    }


def _latency(text: str, percent: str) -> float:
    value, unit = re.findall(rf"{percent}%\s+([\d.]+)(us|ms|s)", text)[0]
    return float(value) * UNITS[unit]
