"""`likewise demo`: the main job on the embedded table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from likewise import errors
from likewise.cli.inputs import schema_of
from likewise.cli.models import check_model
from likewise.cli.options import Debug, FixedSeed, Lang, Language, Model, Quiet
from likewise.cli.outputs import open_terminal
from likewise.cli.synth import DEFAULT_MODEL, synthesize

DEMO_FOLDER = Path("likewise-demo")


def demo(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go.")] = DEMO_FOLDER,
    model: Model = DEFAULT_MODEL,
    seed: FixedSeed = 0,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run the main job on the embedded Adult census.

    A synthetic table, the model and the report go into ./likewise-demo.

    \b
    Examples:
      likewise demo
      likewise demo -o somewhere --seed 1
      likewise demo --model cart
    """
    check_model(model, DEFAULT_MODEL)
    terminal = open_terminal(quiet)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.OutputError(f"the folder {str(folder)!r} cannot be made: {error.strerror}") from error
    from likewise.data import adult

    frame = adult()
    frame_schema = schema_of(frame, None, "income", terminal)
    synthesize(
        [frame], frame_schema, terminal, output=folder / "synthetic.csv", target="income", model=model,
        save=folder / "model.likewise", report=folder / "report.html", seed=seed, lang=lang,
    )  # fmt: skip
