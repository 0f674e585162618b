"""What a net's state holds: all that makes the same net again, and no more memory than its arrays take."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from likewise.errors import InputError, LikewiseError, ModelFileError, OptionError
from likewise.models import MODELS
from likewise.models.base import Fit, Generator
from likewise.models.gradient import inputs as gradient

from .tables import coded

OPEN: dict[str, dict[str, Any]] = {
    "autoregressive": {"epochs": 1},
    "vae": {"epochs": 1},
    "gan": {"epochs": 1, "width": 16, "critic_width": 16},
    "vaegan": {"epochs": 1, "critics": 1, "critic_epochs": 1},
}
"""Options that leave the widths open."""

every_net = pytest.mark.parametrize("model", sorted(OPEN))


def fit(model: str) -> Generator:
    data = coded("only_categorical")
    return MODELS[model](**OPEN[model]).fit(
        Fit.of(data.train[:100], data.holdout, data.alphabet, rng=np.random.default_rng(21))
    )


@every_net
def test_widths_are_those_it_was_made_with_whatever_a_later_version_would_choose(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, alphabet = fit(model), coded("only_categorical").alphabet
    monkeypatch.setattr(gradient, "MANY_CODES", 1)
    monkeypatch.setattr("likewise.models.gradient.tables.N_KNOTS", 5)
    monkeypatch.setattr(gradient, "compute_dtype", lambda *_: pytest.fail("the precision is looked up again"))
    again = MODELS[model](**made.options()).load_state(made.state(), alphabet)
    rows = [kind.sample(50, rng=np.random.default_rng(22)).codes for kind in (made, again)]
    assert np.array_equal(*rows)


def test_an_open_precision_hangs_on_the_net_and_not_on_a_table_or_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient, "ON_PROCESSORS", "fp32")  # as it is where a run of the tests forces none
    for flag in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, flag, lambda: True, raising=False)
    assert gradient.compute_dtype("auto") == torch.float32
    assert gradient.compute_dtype("auto", paints=True) == gradient.compute_dtype("bf16") == torch.bfloat16


@every_net
def test_a_state_is_a_copy(model: str) -> None:
    made = fit(model)
    for array in made.state().values():
        array[...] = 0
    assert any(array.any() for array in made.state().values())


@every_net
@pytest.mark.parametrize(
    ("name", "value"), [("d_embed", 400_000), ("d_hidden", 2**40), ("n_knots", 2**30), ("bf16", -1)]
)
def test_a_settled_width_that_is_not_the_weights_own_is_refused(model: str, name: str, value: int) -> None:
    made, alphabet = fit(model), coded("only_categorical").alphabet
    state = made.state() | {f"settled.{name}": np.array([value], np.int64)}
    with pytest.raises(ModelFileError):
        MODELS[model](**made.options()).load_state(state, alphabet)


HOSTILE = """
import resource
import numpy as np
from likewise.codecs.base import Alphabet, Codes, Field
from likewise.errors import ModelFileError
from likewise.models import MODELS
from likewise.models.base import Fit

alphabet = Alphabet((Field(size=3, emit=np.ones(3, bool)), Field(size=2, emit=np.ones(2, bool))))
codes = Codes(np.zeros((40, 2), np.uint8), np.zeros((40, 0), np.float32))
small = {"epochs": 1, "width": 4, "latent_dim": 2, "d_embed": 2, "d_hidden": 2}
for model, asked in (("vae", {"latent_dim": 4000}), ("vae", {"n_layers": 10**9}), ("gan", {"width": 10**9}),
                     ("gan", {"n_layers": 10**7}), ("vae", {"width": 10**6})):
    made = MODELS[model](**small).fit(Fit.of(codes, codes[:0], alphabet, rng=np.random.default_rng(0)))
    state = made.state()
    for name, value in asked.items():
        if f"settled.{name}" in state:
            state[f"settled.{name}"] = np.array([value], np.int64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        MODELS[model](**{**made.options(), **asked}).load_state(state, alphabet)
    except ModelFileError:
        pass
    else:
        raise SystemExit(f"{model} {asked} was taken")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if grown > 30:
        raise SystemExit(f"{model} {asked} took {grown:.0f} MB")
"""


def test_a_small_file_that_asks_for_much_takes_little() -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("model", sorted(MODELS))
def test_no_row_at_all_is_refused_by_name_or_learnt(model: str) -> None:
    data = coded("mixed")
    none = data.train[np.zeros(0, np.int64)]
    try:
        made = MODELS[model]().fit(Fit.of(none, none, data.alphabet, rng=np.random.default_rng(23)))
        assert len(made.sample(3, rng=np.random.default_rng(24))) == 3
    except LikewiseError as error:
        assert isinstance(error, InputError)  # noqa: PT017 - either outcome is allowed
        assert "no row" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "value"),
    [("min_samples_leaf", 2.5), ("min_samples_leaf", True), ("min_samples_leaf", "5"), ("max_depth", 1.5),
     ("max_depth", 0), ("smoothing", True), ("smoothing", "a"), ("smoothing", float("nan"))],
)  # fmt: skip
def test_trees_hold_their_options_to_their_kinds(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=name):
        MODELS["cart"](**{name: value})
