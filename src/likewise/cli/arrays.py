"""`likewise synth` and `likewise sample` for images, and for windows of time series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from likewise import errors
from likewise.cli.doors import Door
from likewise.cli.inputs import conditions_of
from likewise.cli.outputs import check_outputs, show

if TYPE_CHECKING:
    from likewise.cli.terminal import Terminal
    from likewise.synthesizer import Synthesizer


def synth_arrays(
    source: Path,
    door: Door,
    terminal: Terminal,
    *,
    output: Path,
    rows: int | None,
    where: list[str],
    model: str | None,
    save: Path | None,
    report: Path | None,
    json: Path | None,
    seed: int | None,
    max_seconds: float | None,
    measure: bool,
    lang: Any,
) -> None:
    """Learn images, draw, write, then measure: what was drawn is safe on disk before the measures begin."""
    import likewise as lw

    check_outputs(save, report, json)
    door.check_writable(output)
    with terminal.doing("reading"):
        real = door.read(source)
    conditions = _conditions(where, real)
    with terminal.training() as progress:
        synthesizer = lw.Synthesizer(
            model or "auto", random_state=seed, max_seconds=max_seconds, progress=progress
        ).fit(real)
    fake = draw(synthesizer, door, rows, conditions, seed=None, terminal=terminal, output=output)
    if save is not None:
        synthesizer.save(save)
        terminal.result(f"{save}: the model")
    if not measure:
        return
    with terminal.doing("measuring"):
        learnt, kept = synthesizer.train_rows_, synthesizer.holdout_rows_
        assert learnt is not None  # no budget hides them
        assert kept is not None
        figures = lw.evaluate(real[learnt], fake, holdout=real[kept] if len(kept) else None, random_state=seed or 0)
    show(figures, terminal, report=report, json=json, lang=lang)


def draw(
    synthesizer: Synthesizer,
    door: Door,
    rows: int | None,
    where: dict[str, Any],
    *,
    seed: int | None,
    terminal: Terminal,
    output: Path,
) -> Any:
    """Draw images or windows and write them; seed None goes on with the synthesizer's own stream."""
    with terminal.doing("drawing"):
        fake = door.take(synthesizer.sample(rows, where=where or None, random_state=seed))
    door.write(fake, output)
    terminal.result(f"{output}: {len(fake):,} {door.what}")
    return fake


def _conditions(where: list[str], real: Any) -> dict[str, Any]:
    """What `--where` asks of the labels."""
    from likewise.codecs.image import ImageCodec

    if where and getattr(real, "y", None) is None:
        raise errors.ConditionError("these arrays came without labels, so no condition can be put on them")
    if not where:
        return {}
    codec = ImageCodec.fit(real)
    conditions = conditions_of(where, codec.schema)
    codec.condition(conditions)  # a label that cannot be drawn should be told before the long work
    return dict(conditions)
