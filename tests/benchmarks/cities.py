"""A CSV of so many distinct city names, made once."""

import subprocess
import sys
from pathlib import Path

OUT = Path(__file__).parent / "out"


def csv(count: int) -> Path:
    OUT.mkdir(exist_ok=True)
    path = OUT / f"cities-{count}.csv"
    if not path.exists():
        command = [sys.executable, "-m", "cityweather", "make_cities", str(path), "--count", str(count)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path
