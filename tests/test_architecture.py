"""The list of rooms in ARCHITECTURE.md is whole, and imports point downwards only along it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
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


# ---- files -----------------------------------------------------------------------------------------------------------


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def graph(*, inside_functions: bool) -> dict[str, set[str]]:
    """Module -> modules of ours that it imports; imports for types only are left out.

    Args:
        inside_functions: count those of functions, which run later, instead of those at the top.
    """
    files = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    result: dict[str, set[str]] = {}
    for module, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes: list[ast.AST] = list(tree.body)
        if inside_functions:
            inner = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
            nodes = [node for function in inner for node in ast.walk(function)]
        result[module] = set()
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module is not None and node.module in files:
                submodules = {f"{node.module}.{alias.name}" for alias in node.names} & set(files)
                result[module] |= submodules or {node.module}
        result[module].discard(module)
    return result


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules of which each imports, by whatever way, all others (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    at_the_top = graph(inside_functions=False)
    assert sum(map(len, at_the_top.values())) > 500
    assert circles(at_the_top) == []
    assert circles(at_the_top | {"likewise.errors": {"likewise.models.base"}}), "a circle that is there is found"


def loaded_by(module: str) -> set[str]:
    """Modules of ours that one brings with it, packages that hold them as well."""
    edges, found, left = graph(inside_functions=False), set[str](), [module]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += [*edges[one], *([one.rpartition(".")[0]] if "." in one else [])]
    return found


def test_a_synthesizer_of_one_table_loads_nothing_of_databases() -> None:
    """A first fit took 2.2 s of imports when it brought all rooms with it."""
    of_databases = {m for m in loaded_by("likewise.synthesizer.estimator") if "databases" in m}
    assert of_databases <= {"likewise.databases", *(f"likewise.databases.sql{m}" for m in ("", ".urls", ".values"))}
    assert "likewise.synthesizer.databases.learning" in loaded_by("likewise.synthesizer.databases.within")


MOST_LATER = 133
"""Imports inside functions of modules of ours. They can hide a circle, so there are no more of them than there were:
an import that is slow, or of a room above for a value to show itself, is what they are for."""


def test_imports_inside_functions_do_not_grow() -> None:
    assert sum(map(len, graph(inside_functions=True).values())) <= MOST_LATER


def test_a_generator_is_abstract_or_final() -> None:
    """No class is derived from one that can be made: what a model shares is in a base that is no model."""
    from likewise.models import MODELS
    from likewise.models.images import IMAGE_MODELS
    from likewise.models.windows import WINDOW_MODELS

    final = {*MODELS.values(), *IMAGE_MODELS.values(), *WINDOW_MODELS.values()}
    assert len(final) > 10
    assert [(kind, base) for kind in final for base in kind.__mro__[1:] if base in final] == []
