"""The Gaussian copula against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from likewise.codecs.base import Alphabet, Codes, Field, Given
from likewise.errors import ConditionError, ModelFileError, OptionError
from likewise.models.base import Fit
from likewise.models.copula.law import Margin, Slices, correlation_of
from likewise.models.copula.model import GaussianCopula


def ordered(size: int, fraction: int | None = None, missing: int | None = None) -> Field:
    positions = (np.arange(size, dtype=np.float32) + 0.5) / size
    if missing is not None:
        positions[missing] = np.nan
    return Field(size=size, positions=positions, fraction=fraction, emit=np.ones(size, bool), missing=missing)


def levels(size: int) -> Field:
    return Field(size=size, emit=np.ones(size, bool))


def codes_of(*columns: np.ndarray) -> Codes:
    stacked = np.stack(columns, 1).astype(np.uint16)
    return Codes(stacked, np.zeros((len(stacked), 0), np.float32))


def fit(codes: Codes, fields: tuple[Field, ...]) -> GaussianCopula:
    return GaussianCopula().fit(Fit.of(codes, codes[:0], Alphabet(fields), rng=np.random.default_rng(0)))


def known_law(correlation: list[list[float]], sizes: tuple[int, ...]) -> GaussianCopula:
    """A copula with this correlation over ordered fields of even shares, each with a fraction."""
    state = {
        "share": np.concatenate([np.full(k, 1 / k) for k in sizes]),
        "order": np.concatenate([np.arange(k) for k in sizes]),
        "correlation": np.array(correlation),
    }
    fields = tuple(ordered(k, fraction=j) for j, k in enumerate(sizes))
    return GaussianCopula().load_state(state, Alphabet(fields))


def normals(codes: Codes, j: int, size: int) -> np.ndarray:
    """The latent component, from even codes and fractions."""
    return ndtri((codes.codes[:, j] + codes.fractions[:, j].astype(np.float64) + 1e-9) / (size + 1e-8))


# ---- learning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.6, 0.9])
@pytest.mark.parametrize("cuts", [([0.4], [-0.9]), ([1.2], [-0.7, -0.3, 1.5]), (np.linspace(-2, 2, 100), [0.0])])
def test_the_latent_correlation_of_cut_normals_is_recovered(rho: float, cuts: tuple[list[float], list[float]]) -> None:
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, rho], [rho, 1]], 60_000)
    codes = np.stack([np.digitize(z[:, j], cuts[j]) for j in range(2)], 1)
    margins = [Margin(np.bincount(codes[:, j]) / len(codes), np.arange(len(cuts[j]) + 1)) for j in range(2)]
    assert correlation_of(codes, margins, {}, shrink=False)[0, 1] == pytest.approx(rho, abs=0.025)


def test_independent_columns_of_few_rows_are_shrunk_towards_none() -> None:
    codes = np.random.default_rng(0).integers(0, 4, (30, 10))
    margins = [Margin(np.bincount(c, minlength=4) / 30, np.arange(4)) for c in codes.T]
    loose, shrunk = (correlation_of(codes, margins, {}, shrink=s) - np.eye(10) for s in (False, True))
    assert np.abs(shrunk).sum() < 0.5 * np.abs(loose).sum()


def test_correlations_that_contradict_each_other_are_made_positive_definite() -> None:
    # a and b exclude each other, b equals c, and c equals a wherever b is known to: no normal has such a law
    a = np.repeat([0, 1, 0], 50)
    b = np.repeat([0, 0, 1], 50)
    margins = [Margin(np.bincount(c) / 150, np.arange(2)) for c in (a, b, 1 - a - b)]
    r = correlation_of(np.stack([a, b, 1 - a - b], 1), margins, {}, shrink=False)
    assert np.linalg.eigvalsh(r).min() > 0
    assert np.allclose(np.diag(r), 1)


def test_levels_are_put_in_the_order_of_their_association() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 8, 5000)
    names = rng.permutation(8)  # level names say nothing about the order
    other = np.clip(np.round(true * 4 + rng.normal(0, 6, 5000)), 0, 31)
    copula = fit(codes_of(names[true], other), (levels(8), ordered(32)))
    along = np.argsort(names)[copula.state()["order"][:8]]
    assert list(along) in (list(range(8)), list(range(8))[::-1])


def test_missing_values_are_placed_where_their_rows_belong() -> None:
    rng = np.random.default_rng(0)
    value = rng.integers(0, 10, 5000)
    other = np.clip(np.round(value + rng.normal(0, 1, 5000)), 0, 9)
    holes = np.where((value > 7) & (rng.random(5000) < 0.8), 10, value)
    copula = fit(codes_of(holes, other), (ordered(11, missing=10), ordered(10)))
    assert list(copula.state()["order"][:11]).index(10) >= 7


def test_shares_are_kept_and_a_column_told_twice_agrees_with_itself() -> None:
    rng = np.random.default_rng(0)
    value = rng.choice(6, 4000, p=[0.4, 0.3, 0.15, 0.1, 0.04, 0.01])
    copula = fit(codes_of(value, rng.permutation(6)[value]), (ordered(6), levels(6)))
    drawn = copula.sample(40_000, rng=rng).codes
    real, fake = (np.bincount(c, minlength=6) / len(c) for c in (value, drawn[:, 0]))
    assert np.abs(real - fake).sum() / 2 < 0.01
    joint = np.zeros((6, 6))
    np.add.at(joint, (drawn[:, 0], drawn[:, 1]), 1)
    assert joint.max(1).sum() / joint.sum() > 0.95


# ---- drawing ---------------------------------------------------------------------------------------------------------


def test_fractions_carry_the_dependence_inside_a_code() -> None:
    copula = known_law([[1.0, 0.99], [0.99, 1.0]], (4, 4))
    drawn = copula.sample(20_000, rng=np.random.default_rng(0))
    same = drawn.codes[:, 0] == drawn.codes[:, 1]
    assert np.corrcoef(drawn.fractions[same].T)[0, 1] > 0.8
    assert np.corrcoef(normals(drawn, 0, 4), normals(drawn, 1, 4))[0, 1] == pytest.approx(0.99, abs=0.005)


@pytest.mark.parametrize("how", ["codes", "weights"])
def test_the_conditional_mean_is_that_of_the_normal(how: str) -> None:
    """Given the upper half of one component, the mean of the other is rho * phi(0) / 0.5."""
    copula, n = known_law([[1.0, 0.7], [0.7, 1.0]], (2, 50)), 40_000
    upper = Given(codes=np.tile([1, -1], (n, 1))) if how == "codes" else Given(weights={0: np.array([0.0, 1.0])})
    drawn = copula.sample(n, rng=np.random.default_rng(0), given=upper)
    assert (drawn.codes[:, 0] == 1).all()
    assert normals(drawn, 1, 50).mean() == pytest.approx(0.7 * 2 / np.sqrt(2 * np.pi), abs=0.01)


@pytest.mark.parametrize("how", ["codes", "weights", "both"])
def test_several_conditions_give_the_joint_law(how: str) -> None:
    """The orthant of three components, against rows of a free draw that happen to lie in it."""
    copula = known_law([[1.0, 0.6, -0.5], [0.6, 1.0, 0.2], [-0.5, 0.2, 1.0]], (2, 2, 20))
    free = copula.sample(200_000, rng=np.random.default_rng(0))
    inside = free[(free.codes[:, 0] == 1) & (free.codes[:, 1] == 0)]
    n, one = len(inside), np.array([0.0, 1.0])
    given = {
        "codes": Given(codes=np.tile([1, 0, -1], (n, 1))),
        "weights": Given(weights={0: one, 1: one[::-1]}),
        "both": Given(codes=np.tile([1, -1, -1], (n, 1)), weights={1: one[::-1]}),
    }[how]
    drawn = copula.sample(n, rng=np.random.default_rng(1), given=given)
    assert (drawn.codes[:, :2] == [1, 0]).all()
    expected, found = (np.bincount(c.codes[:, 2], minlength=20) / n for c in (inside, drawn))
    assert np.abs(expected - found).sum() / 2 < 0.03
    assert np.corrcoef(drawn.fractions[:, :2].T)[0, 1] == pytest.approx(
        np.corrcoef(inside.fractions[:, :2].T)[0, 1], abs=0.03
    )


def test_shares_weigh_codes() -> None:
    copula = known_law([[1.0, 0.5], [0.5, 1.0]], (4, 4))
    drawn = copula.sample(40_000, rng=np.random.default_rng(0), given=Given(weights={0: np.array([1, 0.25, 0, 0.5])}))
    assert np.bincount(drawn.codes[:, 0], minlength=4) / 40_000 == pytest.approx([4 / 7, 1 / 7, 0, 2 / 7], abs=0.01)


def test_slices_far_in_the_tail_are_kept() -> None:
    far = Slices(np.array([[7.0, -9.0]]), np.array([[7.5, -8.5]]), np.array([1.0, 0.5]), np.arange(1))
    for mean in (-30.0, 0.0, 30.0):
        z, mass = far.draw(np.full(500, mean), 1.0, np.random.default_rng(0))
        assert (((z >= 7) & (z <= 7.5)) | ((z >= -9) & (z <= -8.5))).all()
        assert (mass > 0).all()


def test_a_level_that_no_row_had_cannot_be_asked_for() -> None:
    copula = fit(codes_of(np.array([0, 1] * 20), np.array([0, 0, 1, 1] * 10)), (levels(3), levels(2)))
    with pytest.raises(ConditionError, match="field 0"):
        copula.sample(5, rng=np.random.default_rng(0), given=Given(weights={0: np.array([0.0, 0.0, 1.0])}))


def test_a_code_known_of_no_training_row_still_gives_a_row() -> None:
    copula = fit(codes_of(np.array([0, 1] * 20), np.array([0, 0, 1, 1] * 10)), (levels(3), levels(2)))
    drawn = copula.sample(4, rng=np.random.default_rng(0), given=Given(codes=np.tile([2, -1], (4, 1))))
    assert (drawn.codes[:, 0] == 2).all()


# ---- state and options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("share", 0, -0.5),
        ("share", 0, 0.9),
        ("order", 0, 1),
        ("order", 0, -3),
        ("correlation", (0, 0), 2.0),
        ("correlation", (0, 1), 0.5),
        ("correlation", (0, 1), np.inf),
    ],
)
def test_a_state_that_is_no_law_is_refused(name: str, at: int | tuple[int, int], value: float) -> None:
    copula = known_law([[1.0, 0.1], [0.1, 1.0]], (2, 3))
    state = {key: array.copy() for key, array in copula.state().items()}
    state[name][at] = value
    with pytest.raises(ModelFileError):
        GaussianCopula().load_state(state, Alphabet((ordered(2, 0), ordered(3, 1))))


def test_correlations_that_are_not_positive_definite_are_refused() -> None:
    with pytest.raises(ModelFileError, match="positive definite"):
        known_law([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]], (2, 2, 2))


def test_an_option_of_another_kind_is_refused() -> None:
    with pytest.raises(OptionError, match="shrink"):
        GaussianCopula(shrink=0.5)  # type: ignore[arg-type]
