"""No entity counts for more rows than the budget says, and what one entity alone holds is not shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.levels import LevelCodec
from likewise.dp import columns
from likewise.dp.codec import private_codec
from likewise.dp.columns import ColumnGate, Distinct
from likewise.dp.entities import rows_within
from likewise.dp.ledger import DP, Ledger
from likewise.errors import LikewiseWarning, PrivacyError
from likewise.schema.column import Column, Schema
from likewise.schema.parse import parse_declared

MOST = 3
BUDGET = DP(5.0, 1e-6, pay=("levels", "bounds"), entity="person", max_rows=MOST)
SCHEMA = Schema(
    (
        Column(name="person", kind="id", role="id", dtype="Int64"),
        Column(name="town", kind="categorical", nullable=False),
        Column(name="pay", kind="integer", bounds=(0, 9000), nullable=False),
        Column(name="debt", kind="integer", nullable=False),
    )
)


def table(n: int = 4000, seed: int = 0) -> pl.DataFrame:
    """Every person has one to three rows."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "person": np.arange(n) // MOST * 10,
            "town": rng.choice(["north", "south"], n),
            "pay": rng.integers(0, 50, n) * 100,
            "debt": rng.integers(5, 900, n),
        }
    )


def with_person(frame: pl.DataFrame, rows: int, town: str = "atlantis") -> pl.DataFrame:
    """The same, and one person more, unlike all others."""
    more = {"person": [-1] * rows, "town": [town] * rows, "pay": [8765] * rows, "debt": [-70_000] * rows}
    return pl.concat([frame, pl.DataFrame(more, schema=frame.schema)]).sample(fraction=1, shuffle=True, seed=1)


def test_no_entity_keeps_more_rows_than_the_budget_counts() -> None:
    frame = with_person(table(), 50)
    rows = rows_within(BUDGET, frame)
    counts = frame[rows]["person"].value_counts()["count"]
    assert counts.max() == MOST
    assert len(rows) == 4000 + MOST
    assert (np.diff(rows) > 0).all()


NAN = float("nan")


@pytest.mark.parametrize(
    "keys",
    [
        pl.Series([None, None, "a", None]),
        pl.Series(["", "a", "  ", "NA"]),
        pl.Series([None, "a", "", "n/a"], dtype=pl.Categorical),
        pl.Series([NAN, 1.0, None, NAN]),
        pl.Series([7, None, None, None]),
    ],
    ids=str,
)
def test_rows_of_nobody_are_left_out_however_missing_is_written(keys: pl.Series) -> None:
    frame = pl.DataFrame({"person": pl.concat([keys] * 5)})
    rows = rows_within(BUDGET, frame)
    assert len(rows) == MOST
    assert frame[rows]["person"].n_unique() == 1


def test_a_person_whose_key_is_lost_in_some_rows_moves_no_more_than_the_rows_that_are_counted() -> None:
    """Rows of nobody that shared a place of one would make room for each other when a person leaves."""
    frame = pl.DataFrame({"person": ["a"] * 5 + [None] * 9, "what": [*"aaaaaxxxxxxxxx"]})
    schema = Schema((Column(name="person", kind="text", role="drop", missing=("-",)), Column(name="what", kind="text")))
    told = parse_declared(frame.with_columns(pl.col("person").fill_null("-")), schema)
    assert told[rows_within(BUDGET, told)]["what"].to_list() == ["a"] * MOST


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["p1", "p2", "p3"])], ids=str)
@pytest.mark.parametrize("role", ["id", "entity"])
def test_people_told_apart_by_categories_are_drawn_anew(dtype: Any, role: str) -> None:
    frame = pl.DataFrame({"person": pl.Series(["p1", "p2", "p3"] * 60, dtype=dtype), "pay": [1, 2, 3] * 60})
    stored = "Enum" if isinstance(dtype, pl.Enum) else "Categorical"
    schema = Schema(
        (
            Column(name="person", kind="id", role=role, dtype=stored),
            Column(name="pay", kind="integer", dtype="Int64", bounds=(0, 5), nullable=False),
        )
    )
    budget = DP(5.0, 1e-6, entity="person", max_rows=MOST)
    with pytest.warns(LikewiseWarning, match="few for differential privacy"):
        synth = lw.Synthesizer("mst", schema=schema, privacy=budget, random_state=0, iterations=5).fit(frame)
    assert synth.sample(3)["person"].cast(pl.String).to_list() == ["1", "2", "3"]


def test_which_rows_are_kept_is_chance_and_each_is_as_likely() -> None:
    frame = pl.DataFrame({"person": [1] * 6})
    kept = np.bincount(np.concatenate([rows_within(BUDGET, frame) for _ in range(2000)]), minlength=6)
    assert np.abs(kept / 2000 - MOST / 6).max() < 0.05  # over 4 deviations


def test_without_entities_all_rows_are_kept_and_a_lost_column_is_named() -> None:
    assert len(rows_within(DP(1.0), table())) == 4000
    assert len(rows_within(BUDGET, table()[:0])) == 0
    with pytest.raises(PrivacyError, match="column 'person', which the table lacks"):
        rows_within(BUDGET, table().drop("person"))


def test_the_column_of_the_entities_cannot_be_learnt() -> None:
    schema = SCHEMA.replace("person", kind="integer", bounds=(0, 10**6), nullable=False)
    with pytest.raises(PrivacyError, match="'person' tells the entities apart"):
        private_codec(table(), schema, Ledger(BUDGET))


def test_a_fit_learns_from_no_more_rows_of_an_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: list[int] = []

    def counting(frame: pl.DataFrame, *rest: Any) -> Any:
        learnt.append(len(frame))
        return private_codec(frame, *rest)

    monkeypatch.setattr("likewise.synthesizer.fitting.private_codec", counting)
    synth = lw.Synthesizer("mst", schema=SCHEMA, privacy=BUDGET, random_state=0, iterations=20).fit(
        with_person(table(600), 500, "north")
    )
    assert learnt == [600 + MOST]
    assert synth.ledger_ is not None
    assert synth.ledger_.epsilon == BUDGET.epsilon
    drawn = synth.sample(50)
    assert drawn["person"].to_list() == list(range(1, 51))
    assert set(drawn["town"].to_list()) <= {"north", "south"}


# ---- one entity moves no answer further than its rows --------------------------------------------------------------


def answers(frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, float]]:
    """Every exact answer that coding asks for, its noise taken away, and how far a row may move it."""
    asked: list[tuple[str, Any, float]] = []

    def counts(
        look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0, delta: float = 0.0
    ) -> Any:
        asked.append((what, np.asarray(look(), float), sensitivity))
        return np.where(np.arange(look().size) % 40 == 20, 1e9, 0.0), 1.0  # bounds are found, and always the same

    def choices(look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0) -> list[int]:
        asked.extend((what + " scores", np.asarray([max(scores)]), sensitivity) for scores in look())
        return [0 for _ in look()]

    monkeypatch.setattr(columns, "noisy_counts", counts)
    monkeypatch.setattr(columns, "noisy_choices", choices)
    monkeypatch.setattr(columns.secrets, "randbelow", lambda n: 0)
    private_codec(frame[rows_within(BUDGET, frame)], SCHEMA, Ledger(BUDGET))
    return asked


def moved(monkeypatch: pytest.MonkeyPatch) -> float:
    """How many rows' worth the answer moves that a person of many rows moves most."""
    before, after = answers(table(), monkeypatch), answers(with_person(table(), 7, "north"), monkeypatch)
    assert [what for what, _, _ in before] == [what for what, _, _ in after]
    worst = 0.0
    for (what, a, sensitivity), (_, b, _) in zip(before, after, strict=True):
        if what.endswith("scores"):
            continue  # of runs, whose number differs: tests/dp/test_private_fit.py holds the scores of models
        # Counts of what the table holds: a value that only the new person has is one count more.
        a, b = (np.sort(np.r_[x, np.zeros(max(a.size, b.size) - x.size)]) for x in (a, b))
        worst = max(worst, float(np.sqrt(((a - b) ** 2).sum())) / sensitivity)
    return worst


def test_an_entity_moves_no_answer_further_than_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 < moved(monkeypatch) <= MOST + 1e-9


def test_a_fit_that_forgets_to_bound_the_rows_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "rows_within", lambda budget, frame: np.arange(len(frame)))
    assert moved(monkeypatch) > MOST


# ---- what one entity alone holds -----------------------------------------------------------------------------------


def times_shown(frame: pl.DataFrame, tries: int = 60) -> int:
    """How often a level that only one person holds is shown, where noise is nearly none."""
    schema = Schema(tuple(c for c in SCHEMA if c.name in ("person", "town")))
    budget = DP(1e5, 1e-6, pay="levels", entity="person", max_rows=MOST)
    shown = 0
    for _ in range(tries):
        codec = private_codec(frame, schema, Ledger(budget)).codecs[1]
        assert isinstance(codec, LevelCodec)
        assert {"north", "south"} <= set(codec.levels)
        shown += "atlantis" in codec.levels
    return shown


def test_a_level_that_one_entity_alone_holds_is_not_shown() -> None:
    assert times_shown(with_person(table(600), MOST)) == 0


def test_a_threshold_for_single_rows_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ColumnGate.frequent

    def of_one_row(self: ColumnGate, what: str) -> Any:
        monkeypatch.setattr(self._ledger, "group", 1)
        shown = honest(self, what)
        monkeypatch.setattr(self._ledger, "group", MOST)
        return shown

    monkeypatch.setattr(ColumnGate, "frequent", of_one_row)
    assert times_shown(with_person(table(600), MOST)) > 0


def test_many_levels_of_one_entity_are_shown_no_more_often_than_delta_allows() -> None:
    """Noise far above the rows: m levels of one row each must not have m chances."""
    delta, sigma = 0.3, 40.0
    ledger = Ledger(DP(1.0, 0.9, entity="person", max_rows=20))
    rho = 1 / (2 * sigma**2)
    shown = 0
    for _ in range(400):
        ledger._entries.clear()
        ledger.delta_aside = 1.0
        alone = Distinct(np.arange(20), np.ones(20, np.int64))
        shown += len(ColumnGate(lambda: alone, ledger, rho, delta).frequent("levels")[0]) > 0  # noqa: B023
    assert shown / 400 < delta
