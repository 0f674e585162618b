"""`likewise synth` of a table that is too large to be held: read in parts, learnt, drawn and written."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import likewise as lw
from likewise import errors
from likewise.cli.options import AS_TOLD
from likewise.cli.outputs import STOPPED_BY_HOLDOUT, is_read_in_parts, show, write_drawn

if TYPE_CHECKING:
    from likewise.cli.options import Doing, Lang
    from likewise.cli.terminal import Terminal
    from likewise.evaluate import Report
    from likewise.schema.column import Schema


def synth_scan(
    source: Path, given: Schema | None, terminal: Terminal, *, output: Path, rows: int | None, model: str,
    entity: bool | None, codec: dict[str, Any], told: dict[str, Any], save: Path | None, seed: int | None,
    max_seconds: float | None, doing: Doing, report: Path | None, json: Path | None, lang: Lang,
    data_parallel: bool = False,
) -> None:  # fmt: skip
    """Learn a large table, draw, and write; measure what was written where a report is asked for.

    Args:
        codec: options of the codec, and `told` those of the model.
        doing: who reads and draws.
        data_parallel: whether they train, too.

    Raises:
        OptionError: a report is asked for, and what is written cannot be read in parts.
    """
    is_measured = report is not None or json is not None
    if is_measured and not is_read_in_parts(output):
        raise errors.OptionError(
            f"--{'json' if report is None else 'report'} reads the rows again, a part at a time, and {str(output)!r} "
            "is not read so: write Parquet, CSV or JSON lines, or leave it out"
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
        whose = "levels, bins and shares are those of " + ("the chosen rows" if "rows_chosen" in reading else "all")
        terminal.note(
            f"read in parts: training saw {reading['rows_trained_on']:,} of {reading['rows']:,} rows; {whose}"
        )
    if not is_measured:
        terminal.note("not measured: ask for --report, or give likewise evaluate both tables")
        return
    with terminal.doing("measuring"):
        figures = _measured(synthesizer, source, output, doing, seed or 0)
    show(figures, terminal, report=report, json=json, lang=lang)


def _measured(synthesizer: lw.Synthesizer, source: Path, output: Path, doing: Doing, seed: int) -> Report:
    """What was written beside the rows that were learnt, and beside those held out."""
    out, evaluate = synthesizer._held_out, partial(lw.evaluate, schema=synthesizer.schema_, random_state=seed)
    if synthesizer.record_.get("reading") is None:  # it was held, after all
        (frame, _), (fake, _) = AS_TOLD.read(source), AS_TOLD.read(output)
        learnt, kept = synthesizer.train_rows_, synthesizer.holdout_rows_
        of_holdout: Any = None if kept is None or not len(kept) else frame[kept]
        figures = evaluate(frame if learnt is None else frame[learnt], fake, holdout=of_holdout)
    elif "rows_chosen" in synthesizer.record_["reading"]:
        parts = (synthesizer.train_rows_, synthesizer.holdout_rows_)
        real, own = (lw.scan(source).rows_at(rows) for rows in parts)
        of_holdout = own if len(own) else None
        figures = evaluate(real, lw.scan(output).some(synthesizer.schema_), holdout=of_holdout)
    else:
        every, where = lw.scan(source), asdict(doing) if doing.is_asked else {}
        of_holdout = None if out is None else replace(every, split=out)
        learnt_rows = every if out is None else replace(every, split=replace(out, others=True))
        figures = evaluate(learnt_rows, lw.scan(output), holdout=of_holdout, entity=False, **where)
    return figures if of_holdout is None else replace(figures, notes=(*figures.notes, STOPPED_BY_HOLDOUT))
