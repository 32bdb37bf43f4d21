"""What a dry run has found, for people to read."""

from typing import Any, TextIO

from cityweather_client.show import counted, duration, sizes
from cityweather_client.table import Columns, place_name, point, printable, write_table

PARTS = {"city": "column", **{part: f"{part}_column" for part in ("region", "country", "latitude", "longitude")}}


def write(answer: dict[str, Any], out: TextIO) -> None:
    out.writelines(f"{name:10} {printable(value)}\n" for name, value in _reading(answer).items())
    out.write("\n")
    write_table(ROWS, answer["rows"], out)
    out.write(f"\n{sizes(answer['total'], answer['duplicates'], answer['rejected'])}\n")
    out.writelines(printable(f"  line {row['line']}: {row['code']}: {row['text']}") + "\n" for row in answer["reasons"])
    out.write(f"{_estimate(answer)}\nNothing was imported.\n")


def _reading(answer: dict[str, Any]) -> dict[str, str]:
    packed = f", {answer['compression']}" if answer["compression"] else ""
    reading = {"encoding": answer["encoding"] + packed, "delimiter": answer["delimiter"] or "none, one column"}
    reading["header"] = f"line {answer['header_line']}" if answer["header"] else "none"
    columns = {part: answer[option] for part, option in PARTS.items() if answer[option] is not None}
    return reading | {part: f"column {name}" if isinstance(name, int) else name for part, name in columns.items()}


def _row(row: dict[str, Any]) -> list[Any]:
    return [row["line"], row["city"], _place(row["matched"]) + _others(row["ambiguous"])]


def _place(matched: dict[str, Any] | None) -> str:
    if matched is None:
        return "not in the gazetteer: the provider is asked"
    name = place_name(matched)
    return f"{name} ({point(matched)})" if name else point(matched)


def _others(count: int) -> str:
    return f", or {count} other place{'s' if count > 1 else ''}" if count else ""


ROWS = Columns({"line": 8, "city": 36}, "place", _row)


def _estimate(answer: dict[str, Any]) -> str:
    about = "About " if answer["sampled"] < answer["total"] else ""
    found = (
        f"{about}{answer['ambiguous']:,} ambiguous, {answer['unmatched']:,} not in the gazetteer, "
        f"{counted(answer['requests'], 'request', 'requests')}"
    )
    seconds = answer["seconds"]
    return f"{found}." if seconds is None else f"{found}; the quota allows them within {duration(seconds)}."
