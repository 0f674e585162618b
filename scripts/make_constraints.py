"""Write constraints.txt: the exact version of everything that `likewise[dev]` draws in, as installed here."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TARGET = Path(__file__).resolve().parent.parent / "constraints.txt"
HEAD = """\
# The exact versions that the tests ran with, written by scripts/make_constraints.py.
"""


def closure(root: str, extras: frozenset[str]) -> dict[str, str]:
    """Name -> version of every installed package that `root[extras]` needs, itself left out."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    todo = [(root, extra) for extra in ("", *extras)]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            # A local part such as +cpu says which build is here, not which release is meant.
            found[name] = version(name).split("+")[0]
        except PackageNotFoundError:
            continue
        for text in requires(name) or []:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                todo += [(canonicalize_name(need.name), e) for e in ("", *need.extras)]
    del found[root]
    return dict(sorted(found.items()))


def main() -> None:
    pins = closure("likewise", frozenset({"dev"}))
    TARGET.write_text(HEAD + "".join(f"{name}=={pin}\n" for name, pin in pins.items()))
    print(f"{TARGET.name}: {len(pins)} packages")


if __name__ == "__main__":
    main()
