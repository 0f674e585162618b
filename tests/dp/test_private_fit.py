"""A fit under a budget: what it refuses, what its file holds, and that the rows reach it through noise alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.table import TableCodec
from likewise.dp import mechanisms
from likewise.dp.accounting import rho_of_exponential, rho_of_gaussian
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.errors import LikewiseWarning, ModelFileError, OptionError, PrivacyError
from likewise.modelfile import read_model, write_model
from likewise.models import aim, marginals, mst, private
from likewise.schema import Column, Schema

BUDGET = DP(1.0, 1e-6)
SCHEMA = Schema(
    (
        Column(name="grade", kind="integer", dtype="Int64", bounds=(1, 6), nullable=True),
        Column(name="town", kind="categorical", levels=("north", "south", "east"), nullable=False),
        Column(name="is_new", kind="boolean", dtype="Boolean", nullable=False),
    )
)
PRIVATE = pytest.mark.parametrize("model", ["mst", "aim"])
FAST: dict[str, Any] = {"mst": {"iterations": 50}, "aim": {"iterations": 50, "round_iterations": 10, "degree": 2}}


def table(n: int = 600, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    grade = rng.integers(1, 6, n)
    town = np.where(rng.random(n) < 0.8, np.where(grade > 3, "north", "south"), "east")
    return pl.DataFrame({"grade": grade, "town": town, "is_new": rng.random(n) < 0.3})


def synth(model: str = "mst", **options: Any) -> lw.Synthesizer:
    return lw.Synthesizer(model, **{"schema": SCHEMA, "privacy": BUDGET, "random_state": 0, **FAST[model], **options})


@PRIVATE
def test_all_of_the_budget_and_no_more_is_in_the_ledger(model: str) -> None:
    fitted = synth(model).fit(table())
    assert fitted.ledger_ is not None
    assert fitted.ledger_.epsilon == 1.0
    costs = {"gaussian": lambda e: rho_of_gaussian(e.sensitivity, e.parameter), "exponential": None}
    for entry in fitted.ledger_.entries:
        known = costs[entry.mechanism]
        cost = rho_of_exponential(entry.parameter) if known is None else known(entry)
        assert entry.rho == pytest.approx(cost)


@PRIVATE
def test_rows_are_of_the_schema_and_resemble_the_table(model: str) -> None:
    frame = table(6000)
    fake = synth(model, privacy=DP(10.0, 1e-6)).fit(frame).sample(6000, random_state=1)
    assert fake.schema == frame.schema
    for name in frame.columns:
        real, made = (dict(f[name].value_counts(normalize=True).iter_rows()) for f in (frame, fake))
        assert all(abs(made.get(value, 0) - share) < 0.05 for value, share in real.items())
    tied = (fake["grade"] > 3) == (fake["town"] == "north")
    assert tied.mean() > 0.7  # .8 in the table, .5 if the two were independent


def test_the_users_seed_reaches_the_draws_but_not_the_noise() -> None:
    one, other = synth().fit(table()), synth().fit(table())
    assert any(not np.array_equal(a, other.generator_.state()[k]) for k, a in one.generator_.state().items())
    assert one.sample(50, random_state=3).equals(one.sample(50, random_state=3))


def test_the_ledger_travels_with_the_model_and_a_forged_one_is_refused(tmp_path: Path) -> None:
    path, fitted = tmp_path / "m.likewise", synth().fit(table())
    fitted.save(path)
    loaded = lw.load(path)
    assert loaded.ledger_ is not None
    assert fitted.ledger_ is not None
    assert loaded.ledger_.to_dict() == fitted.ledger_.to_dict()
    assert loaded.sample(20, random_state=0).equals(fitted.sample(20, random_state=0))
    file = read_model(path)
    manifest = {**file.manifest, "privacy": {**file.manifest["privacy"], "budget": {"epsilon": 0.1, "delta": 1e-6}}}
    write_model(path, manifest, file.arrays)
    with pytest.raises(ModelFileError):
        lw.load(path)


def test_each_fit_has_a_ledger_of_its_own() -> None:
    model = synth()
    first = model.fit(table()).ledger_
    assert model.fit(table()).ledger_ is not first


def test_what_cannot_be_kept_is_refused() -> None:
    frame = table()
    with pytest.raises(OptionError, match="mst, aim"):
        lw.Synthesizer("copula", schema=SCHEMA, privacy=BUDGET).fit(frame)
    with pytest.raises(OptionError, match="needs a schema"):
        lw.Synthesizer("mst", privacy=BUDGET).fit(frame)
    with pytest.raises(PrivacyError, match="one over the number of rows"):
        synth(privacy=DP(1.0, 0.01)).fit(frame)
    with pytest.raises(OptionError, match=r"likewise\.DP"):
        lw.Synthesizer("mst", privacy=1.0)  # type: ignore[arg-type]
    with pytest.raises(PrivacyError, match="does not declare nullable"):
        synth(schema=SCHEMA.replace("town", nullable=None)).fit(frame)


def test_few_rows_are_warned_of() -> None:
    with pytest.warns(LikewiseWarning, match="few for differential privacy"):
        synth().fit(table(60))


# ---- the rows reach the file through the mechanisms' answers, and through nothing else ------------------------------


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mechanisms that write into the ledger as ever, but whose answers have nothing to do with the rows."""

    def counts(
        real: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0, delta: float = 0.0
    ) -> Any:
        sigma = sensitivity / np.sqrt(2 * rho)
        ledger.spend(
            Entry(what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity, rho=rho, delta=delta)
        )
        return 500.0 + np.arange(real.size, dtype=float).reshape(real.shape), sigma

    def choices(lists: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0) -> list[int]:
        ledger.spend(Entry(what=what, mechanism="exponential", parameter=1.0, sensitivity=sensitivity, rho=rho))
        return [0 for _ in lists]

    for module in (mechanisms, private, marginals, mst, aim):
        for name, fake in (("noisy_counts", counts), ("noisy_choices", choices)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, fake)


def artefact(frame: pl.DataFrame, path: Path, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file of a model, as its manifest and its arrays."""
    synth(model).fit(frame).save(path)
    file = read_model(path)
    return file.manifest, file.arrays


def are_equal(a: tuple[dict[str, Any], dict[str, Any]], b: tuple[dict[str, Any], dict[str, Any]]) -> bool:
    same_arrays = a[1].keys() == b[1].keys() and all(np.array_equal(a[1][k], b[1][k]) for k in a[1])
    return a[0] == b[0] and same_arrays


def with_row(grade: int | None, town: str | None, is_new: bool | None) -> pl.DataFrame:
    row = {"grade": [grade], "town": [town], "is_new": [is_new]}
    return table().vstack(pl.DataFrame(row, schema=table().schema))


NEIGHBOURS = {
    "a row less": table()[1:],
    "a missing cell": with_row(None, "east", True),
    "a value beyond the bounds": with_row(10**6, "east", True),
    "a missing cell where none was declared": with_row(1, None, None),
}


@PRIVATE
@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("change", NEIGHBOURS)
def test_neighbouring_tables_differ_in_noisy_numbers_only(model: str, change: str, tmp_path: Path) -> None:
    whole = artefact(table(), tmp_path / "a", model)
    assert are_equal(whole, artefact(NEIGHBOURS[change], tmp_path / "b", model))


def levels_from_the_data(frame: pl.DataFrame, schema: Schema, ledger: Ledger, options: Any = None) -> TableCodec:
    undeclared = Schema(tuple(Column(name=c.name, kind=c.kind, dtype=c.dtype) for c in schema))
    return TableCodec.fit(frame, undeclared, options)


def exact_rows(self: Any, codes: Any) -> Any:
    chain, compression = mst.MST._learn_honestly(self, codes)  # type: ignore[attr-defined]
    self.n_rows = len(codes)
    return chain, compression


PLANTED = {
    "levels read from the data": ("likewise.synthesizer.private_codec", levels_from_the_data, "a missing cell"),
    "exact row count stored": ("likewise.models.mst.MST._learn", exact_rows, "a row less"),
}


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("bug", PLANTED)
def test_planted_leaks_are_caught(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, fake, change = PLANTED[bug]
    monkeypatch.setattr(mst.MST, "_learn_honestly", mst.MST._learn, raising=False)
    monkeypatch.setattr(where, fake)
    whole = artefact(table(), tmp_path / "a", "mst")
    assert not are_equal(whole, artefact(NEIGHBOURS[change], tmp_path / "b", "mst"))


# ---- one row moves no answer further than its sensitivity ------------------------------------------------------------


@PRIVATE
def test_a_row_moves_no_answer_further_than_the_ledger_says(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts in L2, scores each: the exact answers of neighbouring tables, asked the same questions."""
    asked: list[list[tuple[str, Any, float]]] = []

    def counts(
        real: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0, delta: float = 0.0
    ) -> Any:
        asked[-1].append((what, np.asarray(real, float).ravel(), sensitivity))
        sigma = sensitivity / np.sqrt(2 * rho)
        ledger.spend(Entry(what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity, rho=rho))
        return np.full(real.shape, 400.0), sigma

    def choices(lists: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0) -> list[int]:
        asked[-1] += [(what + " scores", np.asarray(scores), sensitivity) for scores in lists]
        ledger.spend(Entry(what=what, mechanism="exponential", parameter=1.0, sensitivity=sensitivity, rho=rho))
        return [0 for _ in lists]

    for module in (private, marginals, mst, aim):
        for name, fake in (("noisy_counts", counts), ("noisy_choices", choices)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, fake)
    for frame in (table(), *NEIGHBOURS.values()):
        asked.append([])
        synth(model).fit(frame)
    for other in asked[1:]:
        assert [what for what, _, _ in other] == [what for what, _, _ in asked[0]]
        for (what, a, sensitivity), (_, b, _) in zip(asked[0], other, strict=True):
            moved = np.abs(a - b).max() if what.endswith("scores") else np.sqrt(((a - b) ** 2).sum())
            assert moved <= sensitivity + 1e-6, what
