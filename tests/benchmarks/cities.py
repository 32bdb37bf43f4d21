"""CSVs of so many cities, each made once."""

import csv
import subprocess
import sys
from pathlib import Path

OUT = Path(__file__).parent / "out"
A_CIRCLE = 3_600  # points of one latitude


def named(count: int) -> Path:
    """Distinct real names. Many are other names of the same places."""
    path = OUT / f"cities-{count}.csv"
    if not path.exists():
        OUT.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "cityweather", "make_cities", str(path), "--count", str(count)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def located(count: int) -> Path:
    """The same names at points of their own, at most 3,000,000: each is a City and costs one request for weather."""
    path = OUT / f"located-{count}.csv"
    if not path.exists():
        with named(count).open(newline="") as names, path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["city", "latitude", "longitude"])
            for number, row in enumerate(csv.DictReader(names)):
                north, east = divmod(number, A_CIRCLE)
                writer.writerow([row["city"], round(-70 + north / 6, 2), east / 10 - 180])
    return path
