"""What settings.py reads from the environment, by its source, and what env/.env.example writes about it."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPUTED = object()  # a default that depends on something else
EXAMPLE_LINE = re.compile(r"(#?)([A-Z][A-Z0-9_]*)=(.*)")


def settings_tree() -> ast.Module:
    return ast.parse((ROOT / "src/cityweather/settings.py").read_text())


def constants(tree: ast.Module) -> dict[str, object]:
    return {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def written(node: ast.expr, named: dict[str, object]) -> object:
    """A default as it would be written in the environment."""
    if isinstance(node, ast.Name):
        return named.get(node.id, COMPUTED)
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return COMPUTED
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def variables_read() -> dict[str, object]:
    """Name → default of every `env.kind("NAME", default)`."""
    tree = settings_tree()
    named = constants(tree)
    return {
        node.args[0].value: written(node.args[1], named)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
    }


@dataclass(frozen=True)
class Documented:
    value: object  # COMPUTED where the line is commented out
    comment: str


def variables_documented() -> dict[str, Documented]:
    documented: dict[str, Documented] = {}
    comment = ""
    for line in (ROOT / "env/.env.example").read_text().splitlines():
        if match := EXAMPLE_LINE.fullmatch(line):
            off, name, value = match.groups()
            documented[name] = Documented(COMPUTED if off else value, comment)
        else:
            comment = line  # stays for the lines that follow one another
    return documented


def locked(lock: str) -> dict[str, list[str]]:
    """Package → its pinned versions, of which a newer interpreter may have another, in one of env/requirements*.txt."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", (ROOT / "env" / lock).read_text(), re.MULTILINE
    ):
        pins.setdefault(name, []).append(version)
    return pins
