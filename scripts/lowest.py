"""Print the lowest versions that pyproject.toml allows, as constraints for pip, but for those named as arguments."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def lowest(leave_out: frozenset[str] = frozenset()) -> list[str]:
    """`name==version` of each dependency, extras' among them, but for those of `docs` and `dev`."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = {name: needs for name, needs in project["optional-dependencies"].items() if name not in ("docs", "dev")}
    needs = map(Requirement, [*project["dependencies"], *(need for several in extras.values() for need in several)])
    floors: dict[str, str] = {}
    for need in needs:
        if need.name not in ("likewise", *leave_out):
            (floor,) = (one.version for one in need.specifier if one.operator == ">=")
            floors[need.name] = floor
    return [f"{name}=={floor}" for name, floor in floors.items()]


if __name__ == "__main__":
    print(*lowest(frozenset(sys.argv[1:])), sep="\n")
