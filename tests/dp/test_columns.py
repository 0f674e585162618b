"""The gate of a column: an entry before the look, nothing read where nothing is asked, and one row moves one count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from likewise.dp import columns
from likewise.dp.codec import private_codec
from likewise.dp.columns import ColumnGate, Distinct
from likewise.dp.ledger import DP, Ledger
from likewise.errors import PrivacyError
from likewise.schema.column import Column, Schema
from likewise.schema.dtypes import dtype_from_name

PAID = {
    "levels": (Column(name="c", kind="categorical", dtype="String"), "levels of column 'c'"),
    "bounds": (Column(name="c", kind="real", dtype="Float64", decimals=1), "bounds of column 'c'"),
    "frequent values": (Column(name="c", kind="integer", dtype="Int64", bounds=(0, 500)), "frequent values of column"),
    "edges": (Column(name="c", kind="real", dtype="Float64", bounds=(0, 1)), "round 1 of the bin edges of column 'c'"),
    "days": (Column(name="c", kind="datetime", dtype="Date"), "bounds of column 'c'"),
    "times": (
        Column(name="c", kind="datetime", dtype="Datetime(us)", bounds=("2021-03-01", "2021-03-02")),
        "frequent values of column 'c (time of day)'",
    ),
}


class Unread(pl.DataFrame):
    """A table whose columns fail as soon as one reads them."""

    def __getitem__(self, key: Any) -> Any:
        raise RuntimeError("somebody looked")

    def get_column(self, name: Any, **options: Any) -> Any:
        raise RuntimeError("somebody looked")


def codec_of_unread(column: Column, ledger: Ledger | None = None) -> Ledger:
    ledger = ledger or Ledger(DP(1.0, 1e-6, pay=("levels", "bounds", "missing")))
    stored = dtype_from_name(column.dtype) if column.dtype else pl.String
    private_codec(Unread(schema={"c": stored}), Schema((column,)), ledger)
    return ledger


@pytest.mark.parametrize("paid", PAID)
def test_the_entry_of_a_query_stands_when_the_column_is_read(paid: str) -> None:
    column, what = PAID[paid]
    ledger = Ledger(DP(1.0, 1e-6, pay=("levels", "bounds", "missing")))
    with pytest.raises(RuntimeError, match="somebody looked"):
        codec_of_unread(column, ledger)
    [entry] = ledger.entries
    assert entry.what.startswith(what)
    assert entry.rho > 0


@pytest.mark.parametrize(
    "column",
    [
        Column(name="c", kind="integer", bounds=(1, 6)),
        Column(name="c", kind="categorical", levels=("north", "south")),
        Column(name="c", kind="boolean"),
        Column(name="c", kind="datetime", dtype="Date", bounds=("2021-03-01", "2021-03-20")),
        Column(name="c", kind="id", role="id", format="C-0000"),
    ],
    ids=lambda column: str(column.kind),
)
def test_a_column_that_is_declared_is_never_read(column: Column) -> None:
    assert not codec_of_unread(column).entries


@pytest.mark.parametrize("paid", PAID)
def test_a_query_that_the_budget_does_not_hold_reads_nothing(paid: str) -> None:
    ledger = Ledger(DP(1.0, 1e-6, pay=("levels", "bounds", "missing")))
    columns.noisy_counts(lambda: np.zeros(1, np.int64), ledger.left, ledger, "all there is")
    with pytest.raises(PrivacyError, match="nothing was asked of the data"):
        codec_of_unread(PAID[paid][0], ledger)


def test_what_a_row_does_to_a_column_it_does_to_one_count_and_to_scores_by_a_half() -> None:
    """Exact answers of a column, and of the same with a row more, whatever it holds."""
    rng = np.random.default_rng(211)
    rows = rng.integers(0, 40, 90)
    for odd in (0, 7, 39, int(rows[0])):
        a, b = (Distinct.of(cells, np.ones(len(cells), np.int64)) for cells in (rows, np.r_[rows, odd]))
        counts = [np.bincount(held.values, weights=held.counts, minlength=40) for held in (a, b)]
        assert np.abs(counts[0] - counts[1]).sum() == 1.0
        for low, high in ((0, 40), (3, 21)):
            scores = [score_of_each_cut(held, low, high) for held in (a, b)]
            assert np.abs(scores[0] - scores[1]).max() <= 0.5


def score_of_each_cut(held: Distinct, low: int, high: int) -> np.ndarray:
    starts, scores = columns.runs_of_cuts(held, low, high, 1.0)
    lengths = np.diff(starts)
    return np.repeat(scores - np.log(lengths), lengths)


def test_values_that_noise_shows_alike_stand_in_an_order_that_the_rows_do_not_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(columns, "noisy_counts", lambda look, *rest, **options: (np.full(len(look()), 500.0), 1.0))
    schema = Schema((Column(name="c", kind="categorical", nullable=False),))
    for counts in ((70, 90, 80), (90, 80, 70)):
        frame = pl.DataFrame({"c": np.repeat(["fig", "apple", "plum"], counts)})
        [codec] = private_codec(frame, schema, Ledger(DP(1.0, 1e-6, pay="levels"))).codecs
        assert codec.levels == ("apple", "fig", "plum")  # type: ignore[attr-defined]


# ---- planted -------------------------------------------------------------------------------------------------------


def read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The column is summed up before anything is asked of it."""
    honest = ColumnGate.__init__

    def early(self: ColumnGate, read: Callable[[], Any], *rest: Any) -> None:
        column = read()
        honest(self, lambda: column, *rest)

    monkeypatch.setattr(ColumnGate, "__init__", early)


def look_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mechanisms are given answers instead of ways to look."""

    def hasty(honest: Callable[..., Any]) -> Callable[..., Any]:
        def mechanism(look: Any, *rest: Any, **options: Any) -> Any:
            answer = look()
            return honest(lambda: answer, *rest, **options)

        return mechanism

    for name in ("noisy_counts", "noisy_choices"):
        monkeypatch.setattr(columns, name, hasty(getattr(columns, name)))


def no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries are answered beside the ledger."""
    monkeypatch.setattr(columns, "noisy_counts", lambda look, *rest, **options: (look(), 1.0))
    monkeypatch.setattr(columns, "noisy_choices", lambda look, *rest, **options: [0 for _ in look()])


@pytest.mark.parametrize("paid", PAID)
@pytest.mark.parametrize("plant", [read_at_once, look_first, no_entry])
def test_a_look_before_its_entry_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        test_the_entry_of_a_query_stands_when_the_column_is_read(paid)


@pytest.mark.parametrize("is_planted", [False, True])
def test_every_answer_to_the_codec_is_one_entry_and_a_ledger_that_nobody_keeps_is_caught(
    is_planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[str] = []

    def counted(honest: Callable[..., Any]) -> Callable[..., Any]:
        def mechanism(look: Any, rho: float, ledger: Ledger, what: str, **options: Any) -> Any:
            answers.append(what)
            return honest(look, rho, Ledger(ledger.budget) if is_planted else ledger, what, **options)

        return mechanism

    for name in ("noisy_counts", "noisy_choices"):
        monkeypatch.setattr(columns, name, counted(getattr(columns, name)))
    rng, ledger = np.random.default_rng(223), Ledger(DP(5.0, 1e-6, pay=("levels", "bounds")))
    frame = pl.DataFrame({"pay": rng.integers(0, 9000, 800), "town": rng.choice(["fig", "plum"], 800)})
    kinds = {"pay": "integer", "town": "categorical"}
    schema = Schema(tuple(Column(name=name, kind=kind, nullable=False) for name, kind in kinds.items()))
    private_codec(frame, schema, ledger)
    assert len(answers) == 8  # bounds, frequent values, five rounds of edges; levels
    assert ([entry.what for entry in ledger.entries] == answers) != is_planted
