"""`likewise statement`: the release sheet of a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from likewise import errors
from likewise.cli.options import OUTPUT, STANDARD, Debug, Lang, Language, Quiet
from likewise.cli.outputs import check_outputs, open_terminal, read_text, write_text

FORMATS = {".html": "to_html", ".json": "to_json", ".md": "to_markdown"}


def statement(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, as `likewise synth --save` writes it.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="SHEET", help="Where the sheet goes: .html, .json or .md; - for standard output."
        ),
        OUTPUT,
    ] = STANDARD,
    report: Annotated[
        Path | None, typer.Option(metavar="JSON", help="A report as --json writes it, whose attacks are told.")
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(metavar="JSON", help="An audit of the model, as `likewise audit --dp --json` writes it."),
    ] = None,
    budget: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The budget in which all fits of these data are counted.")
    ] = None,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Tell what is promised about a model and what is not, for who must sign.

    The sheet has the budget and what it was spent on, what is public, the checklist of NIST SP 800-226 answered for
    this model, open risks, and text for a data protection impact assessment. Nothing is read but the model file.

    \b
    Examples:
      likewise statement model.likewise
      likewise statement model.likewise -o sheet.html --lang zh
      likewise statement model.likewise -o sheet.html --audit audit.json --budget patients.json
      likewise statement model.likewise -o sheet.json --report report.json
    """
    import likewise as lw

    to_standard = output == STANDARD
    terminal = open_terminal(quiet, output)
    ending = ".md" if to_standard else output.suffix.lower()
    if ending not in FORMATS:
        raise errors.OptionError(f"a sheet is written as {', '.join(FORMATS)}, got {str(output)!r}")
    check_outputs(output)
    measured = None if report is None else lw.Report.from_json(read_text(report))
    with terminal.doing("reading"):
        sheet = lw.statement(
            model,
            measured,
            audit=None if audit is None else _json(audit),
            budget=None if budget is None else lw.Budget(budget),
        )
    write_text(getattr(sheet, FORMATS[ending])(lang=lang.value).rstrip("\n"), output)
    if not to_standard:
        terminal.result(f"{output}: the release sheet")


def _json(path: Path) -> dict[str, Any]:
    import json

    try:
        plain = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise errors.InputError(f"{str(path)!r} is not JSON (line {error.lineno}, column {error.colno})") from None
    if not isinstance(plain, dict):
        raise errors.InputError(f"{str(path)!r} holds no audit: it must be an object")
    return plain
