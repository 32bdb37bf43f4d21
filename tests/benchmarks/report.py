"""Writes the measured figures into README.md beside this file: tables and a picture."""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt  # the backend is chosen first

OURS = "ours"
HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
KEPT = HERE / "results"
BEGIN, END = "<!-- benchmarks: written by `python -m tests.benchmarks report` -->", "<!-- /benchmarks -->"


def write(results: Path) -> None:
    """`results`: the JSON file that the other commands fill. A copy without the single runs is kept."""
    found = json.loads(results.read_text())
    KEPT.mkdir(exist_ok=True)
    _picture(found, KEPT / "benchmarks.png")
    picture = "![CPU a city, and cost against the size of the job](results/benchmarks.png)"
    text = "\n\n".join([picture, *tables(found)])
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    for part in ("system", "latency"):
        for contender in found.get(part, {}).get("contenders", []):
            contender.pop("runs", None)
    for view in found.get("web", {}).get("views", {}).values():
        view.pop("raw", None)
    (KEPT / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    print(text)


def _row(*cells: Any) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _table(head: list[str], rows: list[str]) -> str:
    return "\n".join([_row(*head), _row(*["---"] * len(head)), *rows])


def _source(part: dict[str, Any]) -> str:
    return f"`env/run {part['command']}` · {part['machine']} · {part['at'][:10]}"


def tables(found: dict[str, Any]) -> list[str]:
    makers = {
        "system": _system,
        "latency": _system,
        "growth": _growth,
        "flush": _flush,
        "web": _web,
        "polled": _polled,
        "soak": _soak,
    }
    return [
        text for name, make in makers.items() if name in found for text in (make(found[name]), _source(found[name]))
    ]


def _by_name(part: dict[str, Any], latency: float) -> dict[str, Any]:
    return {one["contender"]: one for one in part["contenders"] if one["latency"] == latency}


def _system(part: dict[str, Any]) -> str:
    rows = []
    for latency in sorted({one["latency"] for one in part["contenders"]}):
        contenders = _by_name(part, latency)
        own = contenders[OURS]["cpu_ms_a_city"]["median"] if OURS in contenders else None
        for name, one in contenders.items():
            cost, speed = one["cpu_ms_a_city"], one["cities_a_second"]
            ratio = f"{cost['median'] / own:.1f}" if own else ""
            rows.append(
                _row(
                    name, f"{latency * 1000:.0f} ms", f"{cost['median']:.3f} ({cost['low']:.3f}-{cost['high']:.3f})",
                    ratio, f"{speed['median']:,.0f} ({speed['low']:,.0f}-{speed['high']:,.0f})",
                    f"{one['fetched_a_second']['median']:,.0f}",
                )
            )  # fmt: skip
    head = [
        "what", "latency", "CPU ms a city, all processes (lowest-highest)", "times ours", "cities/s into the database",
        "fetched/s",
    ]  # fmt: skip
    return _table(head, rows)


def _growth(part: dict[str, Any]) -> str:
    rows = []
    for size in part["sizes"]:
        peaks = ", ".join(f"{name} {value / 1e6:.0f}" for name, value in size["peak_bytes"].items())
        rows.append(
            _row(
                f"{size['cities']:,}", _cost(size), f"{size['import_ms_a_city']:.3f}", peaks,
                f"{size['tracker_bytes'] / 1e6:.1f}", f"{size['cache_bytes_a_city']:.0f}",
                f"{size['complete_after']:.1f}",
            )
        )  # fmt: skip
    head = [
        "cities", "CPU ms a city", "of the import", "peak MB of a process", "tracker MB", "cache bytes a city",
        "database complete after, s",
    ]  # fmt: skip
    if "grown_percent" not in part:
        return _table(head, rows)
    growth = f"CPU a city from the first row to the last: {part['grown_percent']:+.1f} %"
    if "of_fetching" in part:
        growth += f"; measured in what fetching a city cost in the same run: {part['of_fetching']:+.1f} %"
    return f"{_table(head, rows)}\n\n{growth}."


def _cost(size: dict[str, Any]) -> str:
    return _range(size["spread"], ".3f") if "spread" in size else f"{size['cpu_ms_a_city']:.3f}"


def _flush(part: dict[str, Any]) -> str:
    costs = part["us_a_row"]
    rows = [_row(name, f"{cost['median']:.1f} ({cost['low']:.1f}-{cost['high']:.1f})") for name, cost in costs.items()]
    return _table(["flush and record alone", "CPU µs a row"], rows) + (
        f"\n\nOne process flushes {part['rows_a_second']['median']:,.0f} rows/s."
    )


def _web(part: dict[str, Any]) -> str:
    rows = []
    for name, view in part["views"].items():
        ratios = [_range(view["to_bare"][key], ".2f") for key in ("requests_a_second", "cpu_ms", "p99")]
        rate, cpu, p50, p99 = (view[key]["median"] for key in ("requests_a_second", "cpu_ms", "p50", "p99"))
        figures = (f"{rate:,.0f}", ratios[0], f"{cpu:.2f}", ratios[1], f"{p50:.1f}", f"{p99:.1f}", ratios[2])
        rows.append(_row(name, *figures))
    head = [
        "view, 64 connections", "requests/s", "ratio to bare", "CPU ms, all processes", "ratio to bare", "p50 ms",
        "p99 ms", "ratio to bare",
    ]  # fmt: skip
    unchanged, pages = part["unchanged_to_poll"], part["pages"]
    return _table(head, rows) + (
        f"\n\nRatios are medians of {unchanged['cpu_ms']['runs']} turns (lowest-highest). A 304 has "
        f"{_range(unchanged['requests_a_second'], '.2f')} times the requests/s of a 200 and costs "
        f"{_range(unchanged['cpu_ms'], '.2f')} times its CPU. A page of 100 results: first "
        f"{pages['first']['median']:.1f} ms, deep {pages['deep']['median']:.1f} ms, "
        f"{_range(pages['deep_to_first'], '.2f')} times the first."
    )


def _range(figure: dict[str, float], form: str) -> str:
    return f"{figure['median']:{form}} ({figure['low']:{form}}-{figure['high']:{form}})"


def _polled(part: dict[str, Any]) -> str:
    rows = [
        _row(
            way, f"{one['polls_a_second']:,.0f}", _range(one["cities_a_second"], ",.0f"),
            _range(one["to_alone"], ".3f"), _range(one["cpu_ms_a_city"], ".3f"),
        )
        for way, one in part["ways"].items()
    ]  # fmt: skip
    head = [
        f"a job of {part['cities']:,} and {part['connections']} connections", "polls/s", "cities/s", "to the first",
        "CPU ms a city, all processes",
    ]  # fmt: skip
    return _table(head, rows)


def _soak(part: dict[str, Any]) -> str:
    answers = ", ".join(f"{count:,} times {answer}" for answer, count in sorted(part["answers"].items()))
    jobs = ", ".join(f"{status} {processed:,} of {total:,}" for status, processed, total in part["jobs"])
    levels = part["levels"].items()
    grown = [f"{name} {was / 1e6:.0f} → {now / 1e6:.0f} MB" for name, (was, now) in levels if name.startswith("rss")]
    counts = [f"{name} {was:.0f} → {now:.0f}" for name, (was, now) in levels if not name.startswith("rss")]
    return (
        f"Soak: answers {answers}; the slowest took {part['slowest_seconds']:.1f} s. Jobs at its end: {jobs}.\n"
        f"Second quarter → last: {', '.join(grown)}; {', '.join(counts)}."
    )


def _picture(found: dict[str, Any], path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    if "system" in found:
        contenders = _by_name(found["system"], 0.0)
        names = sorted(contenders, key=lambda name: -contenders[name]["cpu_ms_a_city"]["median"])
        costs = [contenders[name]["cpu_ms_a_city"]["median"] for name in names]
        bars = left.barh(names, costs, color=["#c44" if "usual" in name else "#48a" for name in names])
        left.bar_label(bars, [f"{cost:.3g} ms" for cost in costs], padding=3)
        left.set(xscale="log", title="CPU a city, all processes", xlabel="ms", xlim=(min(costs) / 2, max(costs) * 4))
    if "growth" in found:
        sizes = found["growth"]["sizes"]
        right.plot([size["cities"] for size in sizes], [size["cpu_ms_a_city"] for size in sizes], "o-", color="#48a")
        right.set(xscale="log", ylim=(0, None), title="Cost against the size of the job", xlabel="cities", ylabel="ms")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
