"""The list of rooms in ARCHITECTURE.md is whole, and imports point downwards only along it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import likewise

PACKAGE = Path(likewise.__file__).parent
PAGE = Path(__file__).resolve().parent.parent / "ARCHITECTURE.md"


def rooms() -> dict[str, int]:
    """Room -> its place in the list, from the top; those that share a line share a place."""
    table = PAGE.read_text(encoding="utf-8").split("| room |")[1].split("\n\n")[0]
    lines = [
        re.findall(r"`(\w+)(?:\.py|/)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")
    ]
    return {room: place for place, names in enumerate(lines) for room in names}


def imports_at_the_top() -> Iterator[tuple[str, str, Path]]:
    """(room, room it imports, file) for every import outside of functions; imports for types only are left out."""
    for path in sorted(PACKAGE.rglob("*.py")):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "likewise":
                _, *inner = (node.module or "").split(".")
                for name in inner[:1] or [alias.name for alias in node.names]:
                    yield own, name, path


def test_every_module_has_a_room() -> None:
    found = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found - {"__init__", "__main__"} == set(rooms()), "the list in ARCHITECTURE.md must name every room"


def test_imports_point_downwards() -> None:
    place = rooms()
    edges = [(own, other, path) for own, other, path in imports_at_the_top() if own in place and other in place]
    assert len(edges) > 50
    upwards = [f"{path.name}: {own} imports {other}" for own, other, path in edges if place[own] > place[other]]
    assert not upwards
