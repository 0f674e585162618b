"""A fit under a budget: what it refuses, what its file holds, and that the rows reach it through noise alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.column import CodecOptions
from likewise.codecs.table import TableCodec
from likewise.dp import gate
from likewise.dp.accounting import rho_of_exponential, rho_of_gaussian
from likewise.dp.gate import ClippedSums, Noisy
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.errors import LikewiseWarning, ModelFileError, OptionError, PrivacyError
from likewise.modelfile import read_model, write_model
from likewise.models.marginals import mst
from likewise.models.marginals.counts import OneWay
from likewise.schema.column import Column, Schema
from likewise.training import private as private_training
from likewise.training.loop import Record

from .artefacts import Artefact, are_equal, blind_answers, blind_sums, file_of

pytestmark = pytest.mark.filterwarnings("ignore:gradients of the net")  # 600 rows are few for a net, and quick

BUDGET = DP(1.0, 1e-6)
SCHEMA = Schema(
    (
        Column(name="grade", kind="integer", dtype="Int64", bounds=(1, 6), nullable=True),
        Column(name="town", kind="categorical", levels=("north", "south", "east"), nullable=False),
        Column(name="is_new", kind="boolean", dtype="Boolean", nullable=False),
    )
)
MARGINALS, NETS = ["mst", "aim"], ["autoregressive", "vae"]
PRIVATE = pytest.mark.parametrize("model", MARGINALS + NETS)
OF_NETS = pytest.mark.parametrize("model", NETS)
FAST: dict[str, Any] = {
    "mst": {"iterations": 50},
    "aim": {"iterations": 50, "round_iterations": 10, "degree": 2},
    "autoregressive": {"epochs": 1, "sampling_rate": 0.25},
    "vae": {"epochs": 1, "sampling_rate": 0.25, "width": 16, "latent_dim": 4, "calibrate": 1},
}
MORE_STEPS = {"epochs": 10, "sampling_rate": 0.125}
SLOWER: dict[str, Any] = {
    **FAST,
    "autoregressive": MORE_STEPS,
    "vae": {"width": 64, "latent_dim": 4, "prior": "mixture", "calibrate": 4, **MORE_STEPS},
}


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
    costs = {
        "gaussian": lambda e: rho_of_gaussian(e.sensitivity, e.parameter),
        "exponential": lambda e: rho_of_exponential(e.parameter),
        "sampled gaussian": lambda e: 0.0,  # counted by the distribution of its losses instead
    }
    for entry in fitted.ledger_.entries:
        assert entry.rho == pytest.approx(costs[entry.mechanism](entry))


@PRIVATE
def test_rows_are_of_the_schema_and_resemble_the_table(model: str) -> None:
    frame = table(6000)
    fake = synth(model, privacy=DP(10.0, 1e-6), **SLOWER[model]).fit(frame).sample(6000, random_state=1)
    assert fake.schema == frame.schema
    for name in frame.columns:
        real, made = (dict(f[name].value_counts(normalize=True).iter_rows()) for f in (frame, fake))
        # Noise has no seed: over fits the worst share is off by .035 on average, with a deviation of .02.
        assert all(abs(made.get(value, 0) - share) < 0.16 for value, share in real.items())
    tied = (fake["grade"] > 3) == (fake["town"] == "north")
    assert tied.mean() > 0.7  # .8 in the table, .5 if the two were independent


@PRIVATE
def test_the_users_seed_reaches_the_draws_but_not_the_noise(model: str) -> None:
    one, other = synth(model).fit(table()), synth(model).fit(table())
    assert any(not np.array_equal(a, other.generator_.state()[k]) for k, a in one.generator_.state().items())
    assert one.sample(50, random_state=3).equals(one.sample(50, random_state=3))


@PRIVATE
def test_the_ledger_travels_with_the_model_and_a_forged_one_is_refused(model: str, tmp_path: Path) -> None:
    path, fitted = tmp_path / "m.likewise", synth(model).fit(table())
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
    with pytest.raises(OptionError, match=r"autoregressive, vae.*mst, aim"):
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
    """Mechanisms whose answers have nothing to do with the rows."""
    blind_answers(monkeypatch)


@pytest.fixture
def blind_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of training whose sum of gradients has nothing to do with the rows."""
    blind_sums(monkeypatch)


def artefact(frame: pl.DataFrame, path: Path, model: str) -> Artefact:
    """The file of a model, as its manifest and its arrays."""
    return file_of(synth(model).fit(frame), path)


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
@pytest.mark.usefixtures("blind", "blind_steps")
@pytest.mark.parametrize("change", NEIGHBOURS)
def test_neighbouring_tables_differ_in_noisy_numbers_only(model: str, change: str, tmp_path: Path) -> None:
    whole = artefact(table(), tmp_path / "a", model)
    assert are_equal(whole, artefact(NEIGHBOURS[change], tmp_path / "b", model))


def levels_from_the_data(frame: pl.DataFrame, schema: Schema, ledger: Ledger, options: Any = None) -> TableCodec:
    undeclared = Schema(tuple(Column(name=c.name, kind=c.kind, dtype=c.dtype) for c in schema))
    return TableCodec.fit(frame, undeclared, options)


def exact_rows(self: Any, gate: Noisy, *known: Any) -> Any:
    self.n_rows = len(gate._codes)
    return mst.MST._learn_honestly(self, gate, *known)  # type: ignore[attr-defined]


PLANTED = {
    "levels read from the data": (
        "likewise.synthesizer.fitting.private_codec",
        levels_from_the_data,
        "a missing cell",
    ),
    "exact row count stored": ("likewise.models.marginals.mst.MST._learn", exact_rows, "a row less"),
}


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("bug", PLANTED)
def test_planted_leaks_are_caught(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, fake, change = PLANTED[bug]
    monkeypatch.setattr(mst.MST, "_learn_honestly", mst.MST._learn, raising=False)
    monkeypatch.setattr(where, fake)
    whole = artefact(table(), tmp_path / "a", "mst")
    assert not are_equal(whole, artefact(NEIGHBOURS[change], tmp_path / "b", "mst"))


def raw_counts(gate: Noisy, share: float, told: Any = ()) -> OneWay:
    """Counts as they are, though paid for."""
    OneWay.honestly(gate, share)  # type: ignore[attr-defined]
    counts = [np.bincount(gate._codes.codes[:, j], minlength=k) + 0.5 for j, k in enumerate(gate.sizes)]
    return OneWay(tuple(counts), 500.0)


def exact_total(gate: Noisy, share: float, told: Any = ()) -> OneWay:
    honest = OneWay.honestly(gate, share)  # type: ignore[attr-defined]
    return OneWay(honest.counts, float(len(gate._codes)))


def mean_loss(descent: Any) -> float:
    import torch

    rows = descent._rows_of(descent._sums._codes)
    with torch.no_grad():
        return float(descent.loss(rows, torch.Generator().manual_seed(0)).mean())


def stopping_early(descent: Any, **rest: Any) -> Any:
    """Ends where the rows' own loss was, so that the next digits of it tell how many steps are done."""
    while descent.steps < 2 + int(1e6 * mean_loss(descent)) % 2:
        descent(0.5)
    return Record()


def telling_losses(descent: Any, **rest: Any) -> Any:
    record = private_training.train_privately(descent, **rest)
    record.train_losses.append(mean_loss(descent))
    return record


def forgetting_the_last(self: Any, size: int, clipped: Any) -> Any:
    """No noise in the last step."""
    noisy = ClippedSums.honestly(self, size, clipped)  # type: ignore[attr-defined]
    return noisy if self.taken < self.plan.steps else clipped(self._codes)


PLANTED_IN_NETS = {
    "where the logits start, from the rows": ("likewise.models.marginals.counts.OneWay.of", raw_counts),
    "exact row count": ("likewise.models.marginals.counts.OneWay.of", exact_total),
    "early stopping on the raw loss": ("likewise.models.gradient.tables.train_privately", stopping_early),
    "loss in the record": ("likewise.models.gradient.tables.train_privately", telling_losses),
    "noise forgotten in the last step": ("likewise.dp.gate.ClippedSums.noisy", forgetting_the_last),
}


@OF_NETS
@pytest.mark.usefixtures("blind", "blind_steps")
@pytest.mark.parametrize("bug", PLANTED_IN_NETS)
def test_planted_leaks_of_nets_are_caught(
    model: str, bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, fake = PLANTED_IN_NETS[bug]
    monkeypatch.setattr(OneWay, "honestly", OneWay.of, raising=False)
    monkeypatch.setattr(ClippedSums, "honestly", ClippedSums.noisy, raising=False)
    monkeypatch.setattr(where, fake)
    whole = artefact(table(), tmp_path / "a", model)
    others = [artefact(frame, tmp_path / "b", model) for frame in NEIGHBOURS.values()]
    assert not all(are_equal(whole, other) for other in others)


# ---- training under a budget -----------------------------------------------------------------------------------------


@OF_NETS
def test_the_plan_is_settled_and_told_before_training(model: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="likewise")
    fitted = synth(model).fit(table())
    plan = fitted.plan_
    assert plan is not None
    assert (plan.steps, plan.rate, plan.clip, plan.epsilon, plan.delta) == (4, 0.25, 1.0, 1.0, 1e-6)
    assert 0 < plan.epsilon_before < 1
    assert fitted.ledger_ is not None
    steps = fitted.ledger_.entries[-1]
    assert (steps.steps, steps.rate, steps.parameter) == (4, 0.25, plan.multiplier)
    assert plan.text() in caplog.text
    assert "epsilon" in plan.text()
    assert abs(fitted.n_rows_ - 600) < 200  # six deviations of a noisy count


@OF_NETS
@pytest.mark.parametrize(
    "options", [{"batch_size": 64}, {"dropout": 0.1}, {"checkpoint": "x"}, {"max_seconds": 9.0}, {"patience": 3}]
)
def test_options_that_a_budget_cannot_keep_are_refused(model: str, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"{next(iter(options))} does not go with a budget"):
        synth(model, **options).fit(table())


@pytest.mark.parametrize("model", ["mst", "autoregressive"])
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_seconds": 9.0}, "max_seconds"),
        ({"strict_rules": True}, "strict_rules"),
        ({"codec": CodecOptions(min_rows=1)}, "min_rows of the codec"),
        ({"codec": CodecOptions(protect=False)}, "protect of the codec"),
        ({"codec": CodecOptions(max_bins=8)}, "max_bins of the codec"),
        ({"codec": CodecOptions(rare_token="other")}, "rare_token of the codec"),
    ],
)
def test_what_a_budget_would_leave_unheard_is_refused(model: str, options: dict[str, Any], named: str) -> None:
    with pytest.raises(OptionError, match=f"{named} does not go with a budget"):
        lw.Synthesizer(model, schema=SCHEMA, privacy=BUDGET, **options)


@OF_NETS
@pytest.mark.parametrize("options", [{"clip": 0.5}, {"sampling_rate": 0.25}])
def test_options_of_a_budget_are_refused_where_there_is_none(model: str, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"{next(iter(options))} is of a budget of privacy"):
        lw.Synthesizer(model, epochs=1, **options).fit(table())


def test_free_bits_compare_rows_and_are_refused() -> None:
    with pytest.raises(OptionError, match="mean over a step's rows"):
        synth("vae", free_bits=0.5).fit(table())


@pytest.mark.filterwarnings("ignore:some .* rows, by noisy counts")  # by chance the count of rows is drowned too
def test_training_that_noise_would_drown_is_warned_of() -> None:
    with pytest.warns(LikewiseWarning, match="little will be learnt"):
        synth("autoregressive", privacy=DP(0.1, 1e-6)).fit(table())


def test_labels_are_told_by_noisy_counts() -> None:
    frame = table(6000)
    fitted = synth("vae", privacy=DP(10.0, 1e-6), condition_on=["town", "is_new"], **SLOWER["vae"]).fit(frame)
    assert fitted.ledger_ is not None
    assert any("labels" in entry.what for entry in fitted.ledger_.entries)
    fake = fitted.sample(4000, random_state=0)
    shares = [f.group_by("town", "is_new").len().sort("town", "is_new")["len"] / len(f) for f in (frame, fake)]
    assert (shares[0] - shares[1]).abs().max() < 0.03  # type: ignore[operator]
    assert set(fitted.sample(50, where={"town": "east"})["town"]) == {"east"}


# ---- one row moves no answer further than its sensitivity ------------------------------------------------------------


@pytest.mark.parametrize("model", MARGINALS)
def test_a_row_moves_no_answer_further_than_the_ledger_says(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts in L2, scores each: the exact answers of neighbouring tables, asked the same questions."""
    asked: list[list[tuple[str, Any, float]]] = []

    def counts(
        look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0, delta: float = 0.0
    ) -> Any:
        asked[-1].append((what, np.asarray(look(), float), sensitivity))
        sigma = sensitivity / np.sqrt(2 * rho)
        ledger.spend(Entry(what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity, rho=rho))
        return np.full(len(asked[-1][-1][1]), 400.0), sigma

    def choices(look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0) -> list[int]:
        asked[-1] += [(what + " scores", np.asarray(scores), sensitivity) for scores in look()]
        ledger.spend(Entry(what=what, mechanism="exponential", parameter=1.0, sensitivity=sensitivity, rho=rho))
        return [0]

    monkeypatch.setattr(gate, "noisy_counts", counts)
    monkeypatch.setattr(gate, "noisy_choices", choices)
    for frame in (table(), *NEIGHBOURS.values()):
        asked.append([])
        synth(model).fit(frame)
    for other in asked[1:]:
        assert [what for what, _, _ in other] == [what for what, _, _ in asked[0]]
        for (what, a, sensitivity), (_, b, _) in zip(asked[0], other, strict=True):
            moved = np.abs(a - b).max() if what.endswith("scores") else np.sqrt(((a - b) ** 2).sum())
            assert moved <= sensitivity + 1e-6, what
