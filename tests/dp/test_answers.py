"""Noisy tables are kept as they were paid for, come back from a file, and hold nothing that was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.dp import answers
from likewise.dp.answers import Answers, NoisyTable, from_state, to_state
from likewise.errors import ModelFileError, OptionError
from likewise.modelfile import read_model, write_model

from .test_private_fit import synth, table

pytestmark = pytest.mark.filterwarnings("ignore:gradients of the net")


def made(*fields: int, sizes: tuple[int, ...] = (3, 4, 5), seed: int = 61) -> NoisyTable:
    rng = np.random.default_rng(seed)
    groups = tuple(np.r_[0, rng.integers(0, 2, sizes[j] - 2), 1] for j in fields)
    return NoisyTable(fields, groups, rng.normal(10, 5, [2 for _ in fields]), 1.5)


def test_tables_come_back_from_their_arrays() -> None:
    tables = (made(0), made(0, 2, seed=62), made(1, 2, seed=63))
    back = from_state(to_state(tables), (3, 4, 5))
    assert len(back) == 3
    for one, other in zip(tables, back, strict=True):
        assert one.fields == other.fields
        assert one.sigma == other.sigma
        np.testing.assert_array_equal(one.counts, other.counts)
        for a, b in zip(one.groups, other.groups, strict=True):
            np.testing.assert_array_equal(a, b)
    assert from_state(to_state(()), (3, 4, 5)) == ()


@pytest.mark.parametrize("part", ["fields", "ranks", "groups", "counts", "sigmas"])
def test_damaged_arrays_are_refused(part: str) -> None:
    state = to_state((made(0), made(1, 2)))
    for damaged in (state[part][:-1], np.r_[state[part], state[part][-1:]], -1 - state[part]):
        if part == "counts" and len(damaged) == len(state[part]):
            continue  # noise may take a count below 0
        with pytest.raises(ModelFileError, match="noisy tables"):
            from_state({**state, part: damaged}, (3, 4, 5))
    with pytest.raises(ModelFileError, match="noisy tables"):
        from_state({name: array for name, array in state.items() if name != part}, (3, 4, 5))


def test_shares_count_rows_by_their_groups() -> None:
    kept = NoisyTable((1, 0), (np.array([0, 1, 1]), np.array([0, 1])), np.zeros((2, 2)), 1.0)
    shares = kept.shares(np.array([[0, 0], [0, 1], [1, 1], [1, 2]], np.uint8))
    np.testing.assert_array_equal(shares, [[0.25, 0.0], [0.25, 0.5]])


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_CELLS", 7)
    kept = Answers()
    for one in (made(0), made(0, 1, 2), made(0, 1), made(1, 2), made(2)):
        kept.keep(one)
    assert [one.fields for one in kept.tables] == [(0,), (0, 1)]  # three fields are too many, then cells are


@pytest.mark.parametrize("model", ["mst", "aim", "autoregressive", "vae"])
def test_every_model_keeps_a_table_of_each_column_that_its_ledger_paid_for(model: str) -> None:
    fitted = synth(model).fit(table(900, seed=64))
    assert fitted.ledger_ is not None
    assert {(0,), (1,), (2,)} <= {one.fields for one in fitted.answers_}
    paid = {entry.parameter for entry in fitted.ledger_.entries if entry.mechanism == "gaussian"}
    assert {one.sigma for one in fitted.answers_} <= paid


def test_pairs_are_kept_in_the_codes_they_were_counted_in() -> None:
    """Under next to no noise each kept table is that of the rows."""
    frame = table(4000, seed=65)
    fitted = synth(privacy=lw.DP(1e4, 1e-6)).fit(frame)
    codes = fitted._codes_of(frame).codes
    assert any(len(one.fields) == 2 for one in fitted.answers_)
    for one in fitted.answers_:
        np.testing.assert_allclose(one.shares(codes), one.counts / 4000, atol=0.01)


def test_a_model_file_carries_them_and_a_plain_one_has_none(tmp_path: Path) -> None:
    fitted = synth().fit(table(900, seed=66))
    fitted.save(tmp_path / "m.likewise")
    loaded = lw.load(tmp_path / "m.likewise")
    assert [one.fields for one in loaded.answers_] == [one.fields for one in fitted.answers_]
    told = [model.noisy_report(random_state=3).to_dict() for model in (fitted, loaded)]
    assert told[0] == told[1]
    plain = lw.Synthesizer("mst", random_state=0, iterations=20).fit(table(300, seed=67))
    assert plain.answers_ == ()
    with pytest.raises(OptionError, match="needs a budget"):
        plain.noisy_report()


def test_a_file_with_broken_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.likewise"
    synth().fit(table(900, seed=68)).save(path)
    file = read_model(path)
    arrays: dict[str, Any] = {**file.arrays, "answers.sigmas": np.zeros_like(file.arrays["answers.sigmas"])}
    write_model(path, file.manifest, arrays)
    with pytest.raises(ModelFileError, match="noisy tables"):
        lw.load(path)


def test_labels_of_images_are_held_against_their_noisy_counts() -> None:
    rng = np.random.default_rng(69)
    x, y = rng.integers(0, 256, (400, 6, 6)).astype(np.uint8), rng.choice(3, 400, p=[0.6, 0.3, 0.1])
    declared = lw.Schema((lw.Column(name="y", kind="categorical", levels=("0", "1", "2"), nullable=False),))
    fitted = lw.Synthesizer("vae", net="mlp", epochs=1, schema=declared, privacy=lw.DP(9.0, 1e-6), random_state=0)
    report = fitted.fit(x, y=y).noisy_report(random_state=2)
    [fit] = report.noisy
    assert fit.columns == ("y",)
    assert fit.stands != "worse"
    assert 'id="noisy"' in report.to_html()


def test_any_rows_can_be_held_against_them() -> None:
    frame = table(3000, seed=70)
    fitted = synth(privacy=lw.DP(8.0, 1e-6)).fit(frame)
    [town] = [fit for fit in fitted.noisy_report(frame).noisy if fit.columns == ("town",)]
    moved = frame.with_columns(pl.lit("east").alias("town"))
    [other] = [fit for fit in fitted.noisy_report(moved).noisy if fit.columns == ("town",)]
    assert town.stands != "worse"
    assert other.stands == "worse"
