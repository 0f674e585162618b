"""`likewise synth` of a table that is too large to be held: read in parts, learnt, drawn and written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import likewise as lw
from likewise import errors
from likewise.cli.outputs import write_drawn

if TYPE_CHECKING:
    from likewise.cli.options import Doing
    from likewise.cli.terminal import Terminal
    from likewise.schema.column import Schema


def goes_in_parts(source: Any, asked: dict[str, Any], *, data_parallel: bool = False) -> bool:
    """Whether a table is large, and nothing is asked of it that looks at rows together.

    Args:
        asked: options of that kind, and whether they are given.
        data_parallel: whether it shall be read in parts whatever its size.

    Raises:
        OptionError: it shall, and such an option is given.
    """
    given = [name for name, value in asked.items() if value]
    if given and data_parallel:
        named = "reading options" if given[0] == "reading" else "--" + given[0].replace("_", "-")
        raise errors.OptionError(
            f"--data-parallel reads a table in parts, with which {named} do not go: leave one of them out"
        )
    if given or data_parallel:
        return data_parallel
    try:
        return bool(lw.scan(source).is_large)
    except errors.LikewiseError:  # it is no such file
        return False


def synth_scan(
    source: Path, given: Schema | None, terminal: Terminal, *, output: Path, rows: int | None, model: str,
    entity: bool | None, codec: dict[str, Any], told: dict[str, Any], save: Path | None, seed: int | None,
    max_seconds: float | None, measured: list[str], doing: Doing, data_parallel: bool = False,
) -> None:  # fmt: skip
    """Learn a large table, draw, and write.

    Args:
        codec: options of the codec, and `told` those of the model.
        measured: options on the command line that ask for measures.
        doing: who reads and draws.
        data_parallel: whether they train, too.

    Raises:
        OptionError: measures are asked for, which look at all rows at once.
    """
    if measured:
        raise errors.OptionError(
            f"--{measured[0].replace('_', '-')} asks for measures, and a table so large is read in parts and not "
            "measured: leave it out, and give likewise evaluate samples of both"
        )
    with terminal.training() as progress:
        synthesizer = lw.Synthesizer(
            model, schema=given, random_state=seed, entity=entity, codec=lw.CodecOptions(**codec),
            max_seconds=max_seconds, progress=progress, **told,
        ).fit(source, **(asdict(doing) if doing.is_asked else {}), data_parallel=data_parallel)  # fmt: skip
    with terminal.doing("drawing"):
        write_drawn(synthesizer, rows, output, doing, seed=None)
    n_rows = synthesizer.n_rows_ if rows is None else rows
    terminal.result(f"{output}: {n_rows:,} rows")
    if save is not None:
        synthesizer.save(save)
        terminal.result(f"{save}: the model")
    if reading := synthesizer.record_.get("reading"):
        terminal.note(
            f"read in parts: training saw {reading['rows_trained_on']:,} of {reading['rows']:,} rows; levels, bins and "
            "shares are those of all"
        )
    terminal.note("not measured: give likewise evaluate samples of both tables")
