"""Models with critics under a budget: only the critics see rows, and those reach the file through noise alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw
from likewise.codecs.base import Alphabet, Codes, Field
from likewise.dp import gate
from likewise.dp.gate import Noisy
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.errors import ModelFileError, OptionError, PrivacyError
from likewise.models.adversarial.losses import flatness_penalty
from likewise.models.adversarial.moments import Moments
from likewise.models.adversarial.noisy_pairs import NoisyPairs
from likewise.models.adversarial.private_duel import PrivateDuel
from likewise.models.adversarial.variety import Variety
from likewise.models.ctgan.model import CTGAN
from likewise.models.gan import draws as gan_draws
from likewise.models.marginals.counts import OneWay
from likewise.models.tilted import model as tilted
from likewise.models.tilted.tilt import normalised, scores
from likewise.models.vae import model as vae
from likewise.models.vaegan.model import VAEGAN
from likewise.nets.ctgan import DenseCritic
from likewise.nets.ghosts import taping
from likewise.schema.column import Column, Schema
from likewise.training import private as private_training
from likewise.training.loop import Record

from .artefacts import Artefact, are_equal, blind_sums, file_of

SCHEMA = Schema(
    (
        Column(name="age", kind="integer", dtype="Int64", bounds=(1, 30), nullable=True),
        Column(name="town", kind="categorical", levels=("north", "south", "east"), nullable=False),
        Column(name="is_new", kind="boolean", dtype="Boolean", nullable=False),
    )
)
FAST: dict[str, dict[str, Any]] = {
    "gan": {"epochs": 1, "sampling_rate": 0.25, "width": 16, "critic_width": 16, "latent_dim": 4, "calibrate": 1},
    "ctgan": {
        "epochs": 1, "sampling_rate": 0.25, "generator_dim": [16], "discriminator_dim": [16], "embedding_dim": 4,
        "calibrate": 1,
    },
}  # fmt: skip
FAST["vaegan"] = {
    "epochs": 1, "sampling_rate": 0.25, "width": 16, "latent_dim": 4, "calibrate": 1, "critics": 2, "critic_epochs": 1,
}  # fmt: skip
MODELS = pytest.mark.parametrize("model", FAST)
pytestmark = [pytest.mark.filterwarnings("ignore:.*little will be learnt"), pytest.mark.usefixtures("few_draws")]


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws cost more than private steps on so few rows."""
    for module, name in ((tilted, "LEAST_DRAWS"), (gan_draws, "CALIBRATION_ROWS"), (vae, "CALIBRATION_ROWS")):
        monkeypatch.setattr(module, name, 1024)


TOLD = {"condition_on": ["town", "is_new"]}


def table(n: int = 400, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(1, 31, n)
    town = np.where(rng.random(n) < 0.8, np.where(age > 15, "north", "south"), "east")
    return pl.DataFrame({"age": age, "town": town, "is_new": rng.random(n) < 0.3})


def synth(model: str, epsilon: float = 20.0, **options: Any) -> lw.Synthesizer:
    budget = DP(epsilon, 1e-6)
    return lw.Synthesizer(model, schema=SCHEMA, privacy=budget, random_state=0, **{**FAST[model], **options})


@MODELS
def test_all_of_the_budget_and_no_more_is_in_the_ledger(model: str) -> None:
    fitted = synth(model, **TOLD).fit(table())
    assert fitted.ledger_ is not None
    assert fitted.plan_ is not None
    assert fitted.ledger_.epsilon == 20.0
    counts = [entry for entry in fitted.ledger_.entries if not entry.is_sampled]
    steps = fitted.ledger_.entries[len(counts) :]
    assert [entry.mechanism for entry in counts] == ["gaussian"] * (2 if model == "vaegan" else 3)
    assert len(steps) == (3 if model == "vaegan" else 1)
    for entry in steps:
        assert (entry.steps, entry.rate, entry.parameter) == (4, 0.25, fitted.plan_.multiplier)


@pytest.mark.parametrize(("model", "options"), [("gan", {"critic_steps": 2}), ("ctgan", {"discriminator_steps": 2})])
def test_every_step_of_the_critic_is_one_of_the_plan(model: str, options: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[float] = []
    honest = gate.noisy_sum
    monkeypatch.setattr(gate, "noisy_sum", lambda *given: (taken.append(given[2]), honest(*given))[1])
    moved = []
    monkeypatch.setattr(PrivateDuel, "move", lambda self, passed: moved.append(passed))
    plan = synth(model, **options).fit(table()).plan_
    assert plan is not None
    assert taken == [plan.multiplier] * 4
    assert len(moved) == 2


@pytest.mark.parametrize("model", ["gan", "ctgan"])
def test_rows_resemble_the_table_and_are_tied_as_there(model: str) -> None:
    frame = table(4000)
    slower: dict[str, Any] = {"epochs": 4, "sampling_rate": 1 / 32, "calibrate": 3}
    slower |= {"width": 64} if model == "gan" else {"epochs": 8, "generator_dim": [64], "discriminator_dim": [64]}
    fake = synth(model, 10.0, **slower).fit(frame).sample(4000, random_state=1)
    assert fake.schema == frame.schema
    for name in ("town", "is_new"):
        real, made = (dict(f[name].value_counts(normalize=True).iter_rows()) for f in (frame, fake))
        assert all(abs(made.get(value, 0) - share) < 0.06 for value, share in real.items())
    tied = (fake["age"] > 15) == (fake["town"] == "north")
    assert tied.mean() > 0.7  # .9 in the table, .5 if the two were independent


@MODELS
def test_packs_of_rows_and_the_time_left_are_refused(model: str) -> None:
    for options, said in (
        ({"critic_dropout": 0.1}, "critic_dropout does not go") if model == "vaegan" else ({"pac": 4}, "pac=4 judges"),
        ({"max_seconds": 9.0}, "max_seconds does not go"),
        ({"checkpoint": "x"}, "checkpoint does not go"),
        ({"batch_size": 64}, "batch_size does not go"),
    ):
        with pytest.raises(OptionError, match=said):
            synth(model, **options).fit(table())


def test_labels_of_too_many_levels_are_refused() -> None:
    towns = tuple(f"town {i}" for i in range(300))
    schema = SCHEMA.replace("town", levels=towns)
    with pytest.raises(PrivacyError, match="combinations of levels"):
        lw.Synthesizer("gan", schema=schema, privacy=DP(20.0), condition_on=["age", "town"], **FAST["gan"]).fit(
            table().with_columns(town=pl.lit(towns[0]))
        )


def test_a_model_is_made_again_from_its_options_and_its_state_alone() -> None:
    """Left open, the critics are one under a budget and three without: the state tells how many there are."""
    fitted = synth("vaegan", critics=None).fit(table())
    of_budget, alphabet = fitted.generator_, fitted.codec_.alphabet
    again = type(of_budget)(**of_budget.options()).load_state(of_budget.state(), alphabet)
    drawn = [model.sample(40, rng=np.random.default_rng(401)).codes for model in (of_budget, again)]
    assert np.array_equal(*drawn)
    two = {name: array for name, array in of_budget.state().items() if name.startswith("critics.0.")}
    two = of_budget.state() | {name.replace("critics.0.", "critics.1."): array for name, array in two.items()}
    with pytest.raises(ModelFileError, match="ask for 3 or 1 critics"):
        type(of_budget)(**of_budget.options()).load_state(two, alphabet)


def test_several_critics_are_several() -> None:
    """Each has steps of its own, and its own weights come of them."""
    arrays = synth("vaegan").fit(table()).generator_.state()
    weights = [arrays[f"critics.{i}.layers.1"] for i in range(2)]
    assert not np.allclose(*weights)


def test_one_critic_aliased_for_all_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    honest = VAEGAN._make_critic

    def the_same(self: Any, *given: Any) -> Any:
        made.append(honest(self, *given))
        return made[0]

    monkeypatch.setattr(VAEGAN, "_make_critic", the_same)
    with pytest.raises(AssertionError):
        test_several_critics_are_several()


# ---- the rows reach the file through noise alone ---------------------------------------------------------------------


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mechanisms that write into the ledger as ever, but whose answers have nothing to do with the rows."""

    def counts(
        look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0, delta: float = 0.0
    ) -> Any:
        sigma = sensitivity / np.sqrt(2 * rho)
        ledger.spend(Entry(what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity, rho=rho))
        return 40.0 + np.arange(look().size, dtype=float) % 7, sigma

    monkeypatch.setattr(gate, "noisy_counts", counts)
    blind_sums(monkeypatch)


def artefact(frame: pl.DataFrame, path: Path, model: str, **options: Any) -> Artefact:
    """The file of a model, as its manifest and its arrays."""
    return file_of(synth(model, **options).fit(frame), path)


def with_row(age: int | None, town: str | None, is_new: bool | None) -> pl.DataFrame:
    row = {"age": [age], "town": [town], "is_new": [is_new]}
    return table().vstack(pl.DataFrame(row, schema=table().schema))


NEIGHBOURS = {
    "a row less": table()[1:],
    "a missing cell": with_row(None, "east", True),
    "a value beyond the bounds": with_row(10**6, "east", True),
}


@MODELS
@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("told", [{}, TOLD], ids=["free", "told"])
def test_neighbouring_tables_differ_in_noisy_numbers_only(model: str, told: Any, tmp_path: Path) -> None:
    whole = artefact(table(), tmp_path / "a", model, **told)
    for frame in NEIGHBOURS.values():
        assert are_equal(whole, artefact(frame, tmp_path / "b", model, **told))


# Each plants a fault; `real` holds what the fault needs of the honest parts.


def labels_of_the_rows(self: Any, gate: Noisy, known: Any, share: float, rng: Any) -> Any:
    return self.fit(gate._codes, gate._codes[:0], rng)


def pairs_of_the_rows(gate: Noisy, alphabet: Alphabet, known: Any, share: float) -> Any:
    class Raw:
        def coarse_maps(self, columns: Any, device: str) -> Any:
            self.columns = columns
            return [torch.eye(alphabet.fields[j].size) for j in columns]

        def moments(self, maps: Any, columns: Any) -> Moments:
            return Moments.of(gate._codes.codes[:, columns], maps)

    return Raw()


def rows_behind(duel: Any) -> torch.Tensor:
    rows: torch.Tensor = duel._rows_of(duel._sums._codes)
    return rows


def penalty_on_the_rows(self: Any, passed: float) -> None:
    honest = self.shared
    embedded = self.net.embed_codes(rows_behind(self).long(), self.net.tables()[0]).detach()
    # So many times over that no processor's sixteen-bit products round it away.
    self.shared = lambda: honest() + 100 * flatness_penalty(self.net, embedded)
    PrivateDuel.honestly(self, passed)  # type: ignore[attr-defined]
    self.shared = honest


def labels_of_the_batch(self: Any, passed: float) -> None:
    self.game.told = rows_behind(self)[:, self.game.net.labels].long()
    PrivateDuel.honestly(self, passed)  # type: ignore[attr-defined]


def distance_of_the_rows(duel: Any, **rest: Any) -> Record:
    alphabet, rows = Alphabet(tuple(Field(size=k, emit=np.ones(k, bool)) for k in duel.net.sizes)), rows_behind(duel)
    record: Record = private_training.train_privately(duel, **rest)
    record.holdout_losses.append(Variety(rows.numpy(), alphabet).measure(rows.numpy()[:3])["distance"])
    return record


def modes_of_the_rows(self: Any, fit: Any, gate: Noisy, *rest: Any) -> Any:
    counts = [np.bincount(gate._codes.codes[:, j], minlength=k) for j, k in enumerate(gate.sizes)]
    honest, self._modes = self._modes, lambda noisy, rng: honest(counts, rng)
    return CTGAN.honestly(self, fit, gate, *rest)  # type: ignore[attr-defined]


def critics_trusted_by_the_rows(self: Any, sums: Any, *rest: Any) -> None:
    VAEGAN.honestly(self, sums, *rest)  # type: ignore[attr-defined]
    trust = float(scores(self._tilt.critics, self._drawable(sums[0]._codes)).mean())
    self._tilt = normalised(self._tilt.critics, 1 + trust, self._draws(200, np.random.default_rng(0)))


def noise_left_out(total: Any, *rest: Any) -> Any:
    return total


PLANTED: dict[str, tuple[str, str, Any]] = {
    "gan: the labels' law from the rows": (
        "gan", "likewise.models.gradient.labels.Labels.fit_privately", labels_of_the_rows,
    ),
    "gan: labels of the real batch": (
        "gan", "likewise.models.adversarial.private_duel.PrivateDuel.__call__", labels_of_the_batch,
    ),
    "gan: moments of the rows": ("gan", "likewise.models.adversarial.noisy_pairs.NoisyPairs.of", pairs_of_the_rows),
    "gan: penalty at the rows": (
        "gan", "likewise.models.adversarial.private_duel.PrivateDuel.__call__", penalty_on_the_rows,
    ),
    "gan: distance to the rows": (
        "gan", "likewise.models.adversarial.private_duel.train_privately", distance_of_the_rows,
    ),
    "gan: no noise": ("gan", "likewise.dp.gate.noisy_sum", noise_left_out),
    "vaegan: critics trusted as held-out rows say": (
        "vaegan", "likewise.models.tilted.model.Tilted._train_later", critics_trusted_by_the_rows,
    ),
    "vaegan: no noise": ("vaegan", "likewise.dp.gate.noisy_sum", noise_left_out),
    "ctgan: moments of the rows": ("ctgan", "likewise.models.adversarial.noisy_pairs.NoisyPairs.of", pairs_of_the_rows),
    "ctgan: modes of the rows": ("ctgan", "likewise.models.ctgan.model.CTGAN._learn_privately", modes_of_the_rows),
    "ctgan: labels of the real batch": (
        "ctgan", "likewise.models.adversarial.private_duel.PrivateDuel.__call__", labels_of_the_batch,
    ),
}  # fmt: skip


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("fault", PLANTED)
def test_planted_leaks_are_caught(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, where, fake = PLANTED[fault]
    monkeypatch.setattr(PrivateDuel, "honestly", PrivateDuel.__call__, raising=False)
    monkeypatch.setattr(VAEGAN, "honestly", VAEGAN._train_later, raising=False)
    monkeypatch.setattr(CTGAN, "honestly", CTGAN._learn_privately, raising=False)
    monkeypatch.setattr(where, fake)
    whole = artefact(table(), tmp_path / "a", model, **TOLD)
    assert any(not are_equal(whole, artefact(frame, tmp_path / "b", model, **TOLD)) for frame in NEIGHBOURS.values())


# ---- the parts -------------------------------------------------------------------------------------------------------


def alphabet_of(*sizes: int) -> Alphabet:
    return Alphabet(tuple(Field(size=k, emit=np.ones(k, bool)) for k in sizes))


def some_codes(n: int = 5000) -> np.ndarray:
    rng = np.random.default_rng(0)
    first = rng.integers(4, size=n)
    return np.stack(
        [first, np.where(rng.random(n) < 0.6, first % 3, rng.integers(3, size=n)), rng.integers(2, size=n)], 1
    )


def test_moments_of_noisy_pairs_are_those_of_the_rows_where_there_is_no_noise() -> None:
    codes, alphabet = some_codes(), alphabet_of(4, 3, 2)
    known = OneWay(tuple(np.bincount(c).astype(float) for c in codes.T), len(codes))
    pairs = NoisyPairs.of(noisy(codes, alphabet, 1e11), alphabet, known, 1.0)
    assert pairs is not None
    columns = [2, 0, 1]
    maps = pairs.coarse_maps(columns, "cpu")
    got, exact = pairs.moments(maps, columns), Moments.of(codes[:, columns], maps)
    between = got.counted > 0  # inside a field there is nothing to meet
    torch.testing.assert_close(got.wanted[between], exact.wanted[between], atol=2e-5, rtol=0)
    torch.testing.assert_close(got.mean, exact.mean)
    torch.testing.assert_close(got.scale, exact.scale)


def noisy(codes: np.ndarray, alphabet: Alphabet, rho: float) -> Noisy:
    """A gate that is opened with so much."""
    ledger = Ledger(DP(1.0, 1e-6))
    ledger.rho = rho
    return Noisy(Codes(codes.astype(np.uint8), np.zeros((len(codes), 0), np.float32)), alphabet.sizes, ledger)


def test_a_row_moves_the_pairs_no_further_than_their_sensitivity(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[np.ndarray, float]] = []

    def spy(look: Any, rho: float, ledger: Any, what: str, *, sensitivity: float) -> Any:
        asked.append((np.asarray(look(), float), sensitivity))
        return asked[-1][0], 1.0

    monkeypatch.setattr(gate, "noisy_counts", spy)
    codes, alphabet = some_codes(50), alphabet_of(4, 3, 2)
    known = OneWay(tuple(np.ones(k) for k in (4, 3, 2)), 50.0)
    for rows in (codes, codes[1:]):
        NoisyPairs.of(noisy(rows, alphabet, 9.0), alphabet, known, 0.1)
    (a, sensitivity), (b, _) = asked
    assert np.sqrt(((a - b) ** 2).sum()) == pytest.approx(sensitivity)


def test_what_noise_explains_of_a_pair_is_left_out() -> None:
    rng = np.random.default_rng(1)
    codes, alphabet = rng.integers(2, size=(500, 3)), alphabet_of(2, 2, 2)
    known = OneWay(tuple(np.bincount(c).astype(float) for c in codes.T), len(codes))
    kept = [
        np.abs(pairs.beyond).max()
        for _ in range(100)
        if (pairs := NoisyPairs.of(noisy(codes, alphabet, 1e-3), alphabet, known, 0.1)) is not None
    ]
    noise = np.sqrt(3 / 2e-4) / 500
    assert np.median(kept) < noise  # of twelve normal draws the largest is about 1.6 deviations off


def test_norms_of_the_dense_critic_are_those_of_plain_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    critic = DenseCritic(5, [7, 6], 1, dropout=0.0, generator=generator)
    rows = torch.randn(4, 5, generator=generator)
    with taping(critic) as tape:
        scores = critic.judge(rows)
        told = torch.stack(tape.squares(scores)).sum(0)
    parameters = list(critic.parameters())
    for score, square in zip(scores, told, strict=True):
        plain = torch.autograd.grad(score, parameters, retain_graph=True)
        assert float(square) == pytest.approx(sum(float(g.square().sum()) for g in plain), rel=1e-4)
