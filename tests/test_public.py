"""The public face: what `likewise` exports, and that importing it costs next to nothing."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import likewise


@pytest.mark.parametrize("name", likewise.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(likewise, name) is not None


def test_all_is_sorted_and_without_repeats() -> None:
    """Names all in capitals first, as the linter sorts them."""
    assert likewise.__all__ == sorted(set(likewise.__all__), key=lambda name: (not name.isupper(), name))


def test_type_checkers_see_exactly_the_public_names() -> None:
    tree = ast.parse(Path(likewise.__file__).read_text(encoding="utf-8"))
    imports = [
        node
        for branch in tree.body
        if isinstance(branch, ast.If)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
    ]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert seen == likewise._HOME
    assert set(seen) == set(likewise.__all__) - {"__version__"}


def test_the_reference_has_every_public_name() -> None:
    page = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
    parts = re.findall(r"```\{public\} (.*)", page.read_text(encoding="utf-8"))
    named = [word for part in parts for word in part.split() if not word.startswith("likewise.")]
    assert sorted(named) == sorted(set(likewise.__all__) - {"__version__"}), "each stands once in docs/reference.md"


def test_every_error_and_warning_of_ours_is_public() -> None:
    from likewise import errors

    tree = {
        name
        for name, value in vars(errors).items()
        if getattr(value, "__module__", "") == errors.__name__ and isinstance(value, type)
    }
    assert tree == {name for name in likewise.__all__ if name.endswith(("Error", "Warning"))}


def test_evaluate_stays_the_function_after_its_module_is_imported() -> None:
    importlib.import_module("likewise.evaluate")
    assert callable(likewise.evaluate)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'synthesiser'"):
        likewise.synthesiser  # noqa: B018


def test_dir_lists_the_public_names() -> None:
    assert set(likewise.__all__) <= set(dir(likewise))


def test_import_is_light_and_quick() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import likewise; seconds = time.perf_counter() - start;"
        "heavy = {'torch', 'polars', 'numpy', 'sklearn', 'pandas', 'scipy', 'typer', 'rich'} & set(sys.modules);"
        "assert not heavy, heavy; print(seconds)"
    )
    # The best of three: another process may have had the machine to itself meanwhile.
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(3)]
    assert all(run.returncode == 0 for run in runs), runs[0].stderr
    assert min(float(run.stdout) for run in runs) <= 0.3


TOLD_ELSEWHERE = {"audit_database", "audit_training", "read_plan", "from_pandera", "write_images", "write_windows"}
"""Functions without an example: it would take minutes, need another package, or stands where one reads."""


def public_values() -> dict[str, object]:
    """What docs/reference.md names, but models: `likewise models` tells their options, the contract their methods."""
    page = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
    found: dict[str, object] = {}
    for word in " ".join(re.findall(r"```\{public\} (.*)", page.read_text(encoding="utf-8"))).split():
        if word.startswith("likewise."):
            room = importlib.import_module(word)
            found |= {f"{word}.{name}": getattr(room, name) for name in room.__all__}
        else:
            found[f"likewise.{word}"] = getattr(likewise, word)
    return {name: value for name, value in found.items() if callable(value) and not hasattr(value, "keeps_privacy")}


def functions_of(value: object) -> dict[str, object]:
    """Methods of ours of a class, or the function itself."""
    if not inspect.isclass(value):
        return {"": value}
    methods = {name: getattr(method, "__func__", method) for name, method in inspect.getmembers(value)}
    return {
        f".{name}": method
        for name, method in methods.items()
        if not name.startswith("_") and inspect.isfunction(method) and method.__module__.startswith("likewise.")
    }


@pytest.mark.parametrize(("name", "value"), public_values().items())
def test_docstrings_say_what_is_taken_and_raised(name: str, value: object) -> None:
    of_class = inspect.getdoc(value) or ""
    assert of_class, name
    for method, function in functions_of(value).items():
        told = (inspect.getdoc(function) or "") + (of_class if method else "")
        assert inspect.getdoc(function), name + method
        taken = [word for word in inspect.signature(function).parameters if word not in ("self", "cls")]  # type: ignore[arg-type]
        if method not in (".from_dict", ".from_json") and name != "likewise.privacy.anonymize":  # which names Promise
            unsaid = [word for word in taken if not re.search(rf"\b{word}\b", told) and not word.startswith("_")]
            assert not unsaid or name == "likewise.load", (name + method, unsaid)  # which names Synthesizer.load
        raised = re.findall(r"\braise (?:errors\.)?([A-Z]\w+Error)\(", inspect.getsource(function))  # type: ignore[arg-type]
        assert not {error for error in raised if error in likewise.__all__ and error not in told}, name + method


def test_functions_have_an_example_that_is_run() -> None:
    without = {
        name.rsplit(".", 1)[1]
        for name, value in public_values().items()
        if inspect.isfunction(value) and ">>>" not in (value.__doc__ or "")
    }
    assert without == TOLD_ELSEWHERE
