"""`likewise models`: what generators there are."""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise import errors
from likewise.cli.options import Debug, JsonFile, Quiet
from likewise.cli.outputs import open_terminal, write_text

if TYPE_CHECKING:
    from rich.table import Table

    from likewise.models.base import Generator

SENTENCES = {"purpose": "for", "cost": "cost", "guarantees": "holds", "avoid_when": "not when"}


def models(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show this one with all its options.")] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """List the generators: what each is for, what it costs, what holds, when not to use it.

    How to choose one, with measured figures, is in docs/choose.md.

    \b
    Examples:
      likewise models
      likewise models vae
      likewise models --json -
    """
    terminal = open_terminal(quiet, json)
    listed = catalogue(name)
    for kind, several in listed.items():
        for facts in several:
            terminal.result(model_table(facts, kind, whole=name is not None))
    if json is not None:
        write_text(json_format.dumps(listed, indent=2), json)


def check_model(name: str, *others: str) -> None:
    """Refuse, before a table is read, what is the name of no generator and none of `others`."""
    from likewise.models import MODELS

    known = list(dict.fromkeys([*others, *MODELS]))
    if name not in known:
        raise errors.OptionError(f"no model {name!r}{errors.nearest(name, known)}; there are: {', '.join(known)}")


def catalogue(name: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Generators of tables, of images and of windows, as plain data; those of one name where it is given.

    Raises:
        OptionError: there is none of that name.
    """
    from likewise.models import MODELS
    from likewise.models.about import describe
    from likewise.models.images import IMAGE_MODELS
    from likewise.models.windows import WINDOW_MODELS

    every: dict[str, list[type[Generator]]] = {
        "tables": list(MODELS.values()),
        "images": list(IMAGE_MODELS.values()),
        "windows": list(WINDOW_MODELS.values()),
    }
    if name is not None:
        check_model(name, *MODELS, *IMAGE_MODELS, *WINDOW_MODELS)
    return {
        of: [describe(kind) for kind in kinds if name in (None, kind.name)]
        for of, kinds in every.items()
    }  # fmt: skip


def model_table(facts: dict[str, Any], of: str, *, whole: bool) -> Table:
    """One generator in a few lines, its options with what they mean where the whole is asked for."""
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(f"[bold]{facts['name']}[/bold]", f"[dim]{of}, likewise.{facts['class']}[/dim]")
    for key, word in SENTENCES.items():
        table.add_row(f"  {word}", escape(facts[key]))
    options = facts["options"]
    if whole:
        for option in options:
            table.add_row(f"  {option['name']}", escape(f"{option['default']!r}: {option['text']}"))
    else:
        table.add_row("  options", escape(", ".join(f"{o['name']}={o['default']!r}" for o in options)))
    table.add_row()
    return table
