"""What estimators share: parameters by name, repr, clone, and old names that warn."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone

import likewise as lw
from likewise.balance import Oversampler
from likewise.errors import OptionError
from likewise.impute import score_imputation
from likewise.scenario import Paths

MADE = [
    lw.Synthesizer("vae", random_state=3, epochs=2),
    lw.Scenario("vae", time="day", random_state=3, epochs=2),
    Paths(["price"], transform="returns", random_state=3),
    lw.Imputer("boosting", random_state=3),
    Oversampler("smote", random_state=3),
]
REPRS = [
    "Synthesizer(model='vae', random_state=3, epochs=2)",
    "Scenario(model='vae', time='day', random_state=3, epochs=2)",
    "Paths(columns=['price'], transform='returns', random_state=3)",
    "Imputer(model='boosting', random_state=3)",
    "Oversampler(model='smote', random_state=3)",
]
IDS = [type(made).__name__ for made in MADE]


@pytest.mark.parametrize(("made", "text"), list(zip(MADE, REPRS, strict=True)), ids=IDS)
def test_repr_says_what_is_not_the_default(made: Any, text: str) -> None:
    assert repr(made) == text


@pytest.mark.parametrize("made", MADE, ids=IDS)
def test_a_clone_has_the_same_parameters_and_is_another(made: Any) -> None:
    copy = clone(made)
    assert copy is not made
    assert repr(copy) == repr(made)
    assert copy.get_params() == made.get_params()
    assert copy.set_params(random_state=4) is copy
    assert (copy.random_state, made.random_state) == (4, 3)


@pytest.mark.parametrize("kind", [lw.Synthesizer, lw.Scenario, Paths])
@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_seeds_are_checked(kind: Any, seed: Any) -> None:
    with pytest.raises(OptionError, match="random_state must be a whole number of 0 or more"):
        kind(random_state=seed)
    with pytest.raises(OptionError, match="random_state"):
        kind().set_params(random_state=seed)


def test_a_parameter_that_is_not_there_is_named() -> None:
    with pytest.raises(OptionError, match="no parameter 'column'; did you mean 'columns'"):
        Paths().set_params(column="price")


def test_a_cloned_imputer_keeps_its_fitted_synthesizer() -> None:
    frame = pl.DataFrame({"a": np.arange(200) % 7, "b": np.arange(200) % 5})
    fitted = lw.Synthesizer("copula", random_state=0).fit(frame)
    assert clone(lw.Imputer(fitted, random_state=0)).model is fitted
    assert not hasattr(clone(fitted), "generator_")


def test_old_names_mean_the_same_and_warn() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    x[::5, 1] = np.nan
    y = np.repeat([0, 1], [30, 10])
    new = lw.Imputer("copula", random_state=0).fit(x)
    with pytest.warns(FutureWarning, match="method is called model now"):
        old = lw.Imputer(method="copula", random_state=0).fit(x)
    np.testing.assert_array_equal(old.transform(x), new.transform(x))
    with pytest.warns(FutureWarning, match="coverage is called confidence now"):
        ends = old.intervals(x, coverage=0.5)
    np.testing.assert_array_equal(ends, new.intervals(x, 0.5))
    full = np.nan_to_num(x)
    with pytest.warns(FutureWarning, match="level is called confidence now"):
        score = score_imputation(full, x, full, level=0.5)
    assert score == score_imputation(full, x, full, confidence=0.5)
    with pytest.warns(FutureWarning, match="method is called model now"):
        more = Oversampler(method="random", random_state=0).fit_resample(full, y)[0]
    np.testing.assert_array_equal(more, Oversampler("random", random_state=0).fit_resample(full, y)[0])


@pytest.mark.parametrize("made", MADE[:2], ids=repr)
@pytest.mark.parametrize("wrong", [{"random_state": -1}, {"random_state": -1, "no_such_parameter": 1}])
def test_a_parameter_that_is_refused_changes_nothing(made: Any, wrong: dict[str, Any]) -> None:
    fresh = clone(made)
    with pytest.raises(OptionError):
        fresh.set_params(**wrong)
    assert repr(fresh) == repr(made)
    assert fresh.set_params(random_state=4).get_params()["random_state"] == 4


@pytest.mark.parametrize("model", ["vae", "gan", "vaegan"])
def test_a_misspelt_option_is_held_against_those_of_tables(model: str) -> None:
    """Where a model of images has the name too, its options were listed, which a table's model has not."""
    with pytest.raises(OptionError, match="'epoch'; did you mean 'epochs'") as told:
        lw.Synthesizer(model, epoch=3)
    assert "calibrate" in str(told.value)
    assert lw.Synthesizer(model, calibrate=1).get_params()["calibrate"] == 1


def test_an_option_that_is_refused_is_not_kept() -> None:
    """It stayed among the options, and every later call was refused for it."""
    synth = lw.Synthesizer("vae", epochs=2)
    with pytest.raises(OptionError):
        synth.set_params(epoch=3)
    assert synth.set_params(epochs=3).get_params()["epochs"] == 3
