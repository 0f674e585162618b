"""Claims about options: what is no such option is refused by name, and none is taken and then not listened to."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import OptionError
from likewise.models import MODELS
from likewise.models.base import Generator
from likewise.models.images import IMAGE_MODELS
from likewise.models.windows import WINDOW_MODELS
from likewise.schema.column import Kind, Role

KINDS = [
    pytest.param(kind, id=f"{what}-{name}")
    for what, kinds in (("tables", MODELS), ("images", IMAGE_MODELS), ("windows", WINDOW_MODELS))
    for name, kind in kinds.items()
]
JUNK: tuple[Any, ...] = (object(), np.array([1, 2]), 10**400, 1j, b"x", float("nan"))


def table() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    return pl.DataFrame({"x": rng.normal(size=120).round(2), "k": rng.choice(list("abc"), 120)})


@pytest.mark.parametrize("kind", KINDS)
def test_each_option_refuses_by_its_name_whatever_it_cannot_be(kind: type[Generator]) -> None:
    for f in (f for f in fields(kind) if f.init):
        for junk in JUNK:
            with pytest.raises(OptionError, match=f.name):
                kind(**{f.name: junk})


@pytest.mark.parametrize("name", ["vae", "gan", "vaegan", "ctgan"])
def test_columns_that_can_be_named_once_only_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match="condition_on must be a list of column names"):
        lw.Synthesizer(name, condition_on=(column for column in ["k"]))
    with pytest.raises(OptionError, match="condition_on must be a list of column names"):
        lw.Synthesizer(name, condition_on=None)


@pytest.mark.parametrize("name", ["copula", "cart", "mst", "aim"])
@pytest.mark.parametrize("most", [60.0, -1, "soon"])
def test_a_limit_of_time_that_a_model_does_not_know_is_refused(name: str, most: Any) -> None:
    with pytest.raises(OptionError, match=f"max_seconds does not go with model '{name}'"):
        lw.Synthesizer(name, max_seconds=most)


@pytest.mark.parametrize(("name", "option"), [("mst", "one_way"), ("mst", "select"), ("aim", "one_way")])
def test_shares_of_a_budget_are_refused_where_there_is_none(name: str, option: str) -> None:
    with pytest.raises(OptionError, match=f"{option} is of a budget of privacy, and there is none"):
        lw.Synthesizer(name, random_state=0, **{option: 0.4}).fit(table())  # type: ignore[arg-type]


def test_rounds_are_refused_where_a_budget_ends_them() -> None:
    schema = lw.Schema((lw.Column(name="k", kind=Kind.CATEGORICAL, levels=("a", "b", "c"), nullable=False),))
    synth = lw.Synthesizer("aim", schema=schema, privacy=lw.DP(1.0, 1e-6), rounds=3)
    with pytest.raises(OptionError, match="rounds does not go with a budget"):
        synth.fit(table().select("k"))


@pytest.mark.parametrize(
    ("option", "value"),
    [("max_bins", "9"), ("max_bins", None), ("min_rows", 1.5), ("min_rows", "5"), ("atom_share", "a"),
     ("bin_pieces", None), ("protect", "no"), ("protect", 0), ("rare_token", 5)],
)  # fmt: skip
def test_options_of_the_codec_are_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(OptionError, match=option):
        lw.CodecOptions(**{option: value})


def test_bounds_are_refused_where_nothing_would_keep_them() -> None:
    with pytest.raises(OptionError, match="bounds must map columns"):
        lw.Synthesizer("copula", bounds=[(0, 1)])  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="column 'k' is categorical"):
        lw.Synthesizer("copula", bounds={"k": (0, 1)}).fit(table())
    schema = lw.infer(table()).replace("x", role=Role.DROP)
    with pytest.raises(OptionError, match="column 'x' is of role drop"):
        lw.Synthesizer("copula", schema=schema, bounds={"x": (0, 1)}).fit(table())
