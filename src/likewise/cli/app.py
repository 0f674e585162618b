"""The command line: parse, call the library, print, turn errors into exit codes. Nothing is computed here.

A command is a file; what several share is said in `options`, `inputs`, `outputs` and `exits`. The library is imported
inside the commands, so that `likewise --help` stays quick.
"""

from __future__ import annotations

from typing import Annotated

import typer

from likewise import __version__
from likewise.cli import balance, scenario
from likewise.cli.anonymize import anonymize
from likewise.cli.audit import audit
from likewise.cli.budget import budget
from likewise.cli.compare import compare
from likewise.cli.complete import complete
from likewise.cli.demo import demo
from likewise.cli.evaluate import evaluate
from likewise.cli.exits import EXIT_CODES, tells_errors
from likewise.cli.impute import impute
from likewise.cli.inspect import inspect
from likewise.cli.models import models
from likewise.cli.pseudonymize import pseudonymize
from likewise.cli.sample import sample
from likewise.cli.schema import schema
from likewise.cli.statement import statement
from likewise.cli.studio import studio
from likewise.cli.synth import synth

app = typer.Typer(
    name="likewise",
    help="Synthetic tables that behave like the real one, with what they leak measured and said plainly.",
    epilog="Exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    synth, schema, inspect, sample, complete, evaluate, compare, audit, statement, budget, anonymize, pseudonymize,
    models, impute, studio, demo,
)  # fmt: skip


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"likewise {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version and leave.")
    ] = False,
) -> None: ...


for _command in COMMANDS:
    app.command()(tells_errors(_command))
app.add_typer(balance.app, name="balance")
app.add_typer(scenario.app, name="scenario")


def main() -> None:
    """The `likewise` command."""
    app()
