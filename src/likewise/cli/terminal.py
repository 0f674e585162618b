"""What the command line shows: progress while it works, tables when it is done. Numbers in, text out."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from likewise.codecs.base import Search
    from likewise.schema.column import Schema
    from likewise.training.loop import Event

PATIENCE_SECONDS = 1.0
"""What takes less than this needs no figures of how it goes."""


class Told(Console):
    """A console whose reader may go; Rich would end with code 1, which says that an audit's rule is broken."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "the reader has gone")


class Terminal:
    """Where the command line speaks: results on standard output, all else on standard error.

    Args:
        quiet: say nothing but errors.
        results_to_stderr: standard output is taken by data (`--json -`), so tables go to standard error.
    """

    def __init__(self, *, quiet: bool = False, results_to_stderr: bool = False) -> None:
        self.quiet = quiet
        self._err = Told(stderr=True, highlight=False, soft_wrap=True)
        self._out = self._err if results_to_stderr else Told(highlight=False)

    def result(self, what: str | Table) -> None:
        if not self.quiet:
            self._out.print(what)

    def note(self, text: str) -> None:
        """A line the user should know, beside the results."""
        if not self.quiet:
            self._err.print(f"[dim]note:[/dim] {escape(text)}")

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show a spinner while the block runs; nothing where standard error is not a terminal."""
        if self.quiet or not self._err.is_terminal:
            yield
            return
        with self._err.status(what):
            yield

    @contextmanager
    def drawing(self) -> Iterator[Callable[[Search], None] | None]:
        """A spinner while rows are drawn; a search for those that meet conditions adds its figures after a second."""
        if self.quiet or not self._err.is_terminal:
            yield None
            return
        began = time.monotonic()
        with self._err.status("drawing") as status:

            def show(search: Search) -> None:
                if time.monotonic() - began > PATIENCE_SECONDS:
                    status.update(f"drawing · {search_figures(search)}")

            yield show

    @contextmanager
    def counting(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        """A bar of how many are done, of how many; nothing where standard error is not a terminal."""
        if self.quiet or not self._err.is_terminal:
            yield None
            return
        columns = (TextColumn(what), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task(what, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    @contextmanager
    def training(self) -> Iterator[Callable[[Event], None] | bool]:
        """A progress bar fed by training events: epoch, held-out loss, rows a second, time left."""
        if self.quiet or not self._err.is_terminal:
            yield False
            return
        columns = (
            TextColumn("learning"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[unit]} {task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[figures]}"),
        )
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task("learning", total=None, start=True, figures="", unit="epoch", visible=False)

            def show(event: Event) -> None:
                progress.update(
                    task,
                    total=event.epochs,
                    completed=event.epoch,
                    figures=training_figures(event),
                    unit=event.unit,
                    visible=True,
                )

            yield show


SPEAKS: ContextVar[type[Terminal]] = ContextVar("SPEAKS")
"""What commands speak to instead of a terminal, where another program runs them and wants to hear of each event."""


def training_figures(event: Event) -> str:
    """The figures beside the bar.

    >>> from likewise.training.loop import Event
    >>> training_figures(Event(epoch=1, epochs=20, train_loss=9.1, holdout_loss=8.95, rows_per_second=81000.4,
    ...                        seconds=0.4, eta_seconds=7.3))
    'held-out loss 8.950 · 81,000 rows/s · 7 s left'
    """
    if event.unit == "shard":
        rate = f"{event.rows_per_second:,.0f} rows/s · {event.eta_seconds:.0f} s left"
        return f"reading, pass {event.notes['pass']:.0f} of 2 · {rate}"
    loss = f"loss {event.train_loss:.3f}" if event.holdout_loss is None else f"held-out loss {event.holdout_loss:.3f}"
    loss = "losses are not told" if math.isnan(event.train_loss) else loss
    notes = "".join(f" · {name} {value:.3g}" for name, value in event.notes.items())
    return f"{loss}{notes} · {event.rows_per_second:,.0f} rows/s · {event.eta_seconds:.0f} s left"


def search_figures(search: Search) -> str:
    """What a search for rows that meet conditions has found so far.

    >>> from likewise.codecs.base import Search
    >>> search_figures(Search(found=120, wanted=1000, tried=40960, most=524288, share=0.00293))
    '120 of 1,000 rows found · 0.29 % of 40,960 tried meet the conditions'
    """
    share = f"{100 * search.share:.2g} %" if search.share > 0 else "none"
    return f"{search.found:,} of {search.wanted:,} rows found · {share} of {search.tried:,} tried meet the conditions"


def lines_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table of texts."""
    table = Table(title=title, title_justify="left")
    for k, head in enumerate(heads):
        table.add_column(head, justify="right" if k else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def schema_table(schema: Schema) -> Table:
    """One line a column: name, kind, role, how it is stored, how missing values are written, and notes."""
    table = Table(title=f"{len(schema)} columns", title_justify="left")
    lines = schema.describe()
    for name in lines[0]:
        table.add_column("column" if name == "name" else name, overflow="fold")
    for line in lines:
        table.add_row(*map(escape, line.values()))
    return table
