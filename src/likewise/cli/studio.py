"""`likewise studio`: the local page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from likewise import errors
from likewise.cli.options import AS_TOLD, PRIVACY, Debug, Lang, Language, Quiet, Reading
from likewise.cli.outputs import open_terminal


def studio(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A table, or a folder of several, to begin with; read where it lies."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="Of this machine; 0 takes a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address only.")] = False,
    plan: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Begin with what was said before, as the page saves it.")
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Look at the header only: what the columns are is declared.")
    ] = False,
    budget: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Count private fits here; see `likewise budget`.", rich_help_panel=PRIVACY),
    ] = None,
    reading: Reading = AS_TOLD,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Open a page of this machine that corrects columns, trains, shows what leaks and draws rows.

    It listens on 127.0.0.1 alone and asks nothing of any other machine. Its address holds a key: who has it, has the
    page. What it wrote is removed when it ends. From another machine, use ssh -L.

    \b
    Examples:
      likewise studio
      likewise studio real.csv
      likewise studio shop/
      likewise studio real.csv --no-browser --port 8123 --lang zh
      likewise studio real.csv --plan plan.toml
      likewise studio patients.csv --blind --budget patients.json
    """
    try:
        import likewise.studio.server as server
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise errors.MissingExtraError(error.name, "studio") from None
    terminal = open_terminal(quiet)
    for name in ("columns", "drop", "sheet"):
        if getattr(reading, name):
            raise errors.OptionError(f"--{name} is not for the studio: leave a column out there, by its role")

    def tell(address: str) -> None:
        typer.echo(f"likewise studio: {address}")  # needed, however quiet
        terminal.note("Ctrl-C or the page's Quit ends it")

    server.serve(
        file, port=port, open_browser=not no_browser, lang=lang.value, plan=plan, blind=blind, budget=budget, tell=tell,
        written=reading.dialect(),
    )  # fmt: skip
