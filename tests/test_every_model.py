"""Claims about `Synthesizer` with every model: rare conditions, one class alone, bounds, columns told, arrays.

A model added to MODELS is tested unasked, as in models/test_contract.py, which makes it small.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise import Synthesizer
from likewise.codecs.base import Search
from likewise.models import MODELS
from likewise.synthesizer.search import watched

from .models.test_contract import FAST_OPTIONS

every_model = pytest.mark.parametrize("model", sorted(MODELS))


def make(model: str, **options: Any) -> Synthesizer:
    return Synthesizer(model, **{"random_state": 0, **FAST_OPTIONS.get(model, {}), **options})


def table(n_rows: int = 400) -> pl.DataFrame:
    """Six columns; `city` has a level of 2 %, and the others follow one another."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 91, n_rows)
    rich = rng.random(n_rows) < age / 200
    return pl.DataFrame(
        {
            "key": [f"k{i:05d}" for i in range(n_rows)],
            "city": np.where(np.arange(n_rows) % 50 == 0, "hamlet", rng.choice(["north", "south", "port"], n_rows)),
            "age": age,
            "income": np.where(rich, "high", "low"),
            "score": np.round(rng.normal(50, 10, n_rows) + 10 * rich, 1),
            "unit": "point",
        }
    )


@cache
def fitted(model: str) -> Synthesizer:
    """Shared by the tests that only draw from it."""
    return make(model).fit(table())


# ---- rare conditions ----------------------------------------------------------------------------------------------

RARE = {"city": "hamlet", "age": lw.between(60, 90), "income": "high", "score": lw.above(55)}


def obeys(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(
        pl.col("city") == "hamlet", pl.col("age").is_between(60, 90), pl.col("income") == "high", pl.col("score") > 55
    )


@every_model
def test_rare_conditions_give_all_rows_asked_for(model: str) -> None:
    rows = fitted(model).sample(60, where=RARE, random_state=1)
    assert len(rows) == 60
    assert len(obeys(rows)) == 60
    assert rows.equals(fitted(model).sample(60, where=RARE, random_state=1))


@every_model
def test_a_small_budget_gives_all_rows_or_an_error_with_the_rate_never_fewer(model: str) -> None:
    try:
        rows = fitted(model).sample(400, where=RARE, max_tries=450, random_state=2)
    except lw.ConditionError as error:
        assert "'city', 'age', 'income', 'score'" in str(error)  # noqa: PT017 - either outcome is allowed
        assert "acceptance rate" in str(error)  # noqa: PT017
        assert "max_tries" in str(error)  # noqa: PT017
    else:
        assert len(obeys(rows)) == 400


@every_model
def test_a_search_is_told_of_and_ends_with_what_was_wanted(model: str) -> None:
    told: list[Search] = []
    fitted(model).sample(200, where=RARE, progress=told.append, random_state=3)
    assert all(0 <= s.found <= s.wanted == 200 and s.tried > 0 and 0 <= s.share <= 1 for s in told)
    if model != "copula":  # which draws from the conditional law without trying
        assert told


@pytest.mark.parametrize(("share", "named"), [(1e-9, "a share of 1e-09"), (0.0, "none")])
def test_rows_that_the_table_could_not_show_are_given_with_a_warning(share: float, named: str) -> None:
    """A net calls nothing impossible; what it takes for nearly so may be a contradiction."""
    with (
        pytest.warns(lw.LikewiseWarning, match=f"conditions on 'a', 'b': of 4,096 rows .* {named} met them"),
        watched(["a", "b"], None, n_rows=1000) as tell,
    ):
        tell(Search(found=9, wanted=9, tried=4096, most=9999, share=share))
    with watched(["a", "b"], None, n_rows=1000) as tell:  # a rare one is no matter: warnings are errors here
        tell(Search(found=9, wanted=9, tried=4096, most=9999, share=1e-3))


@pytest.mark.parametrize("max_tries", [0, -1, 2.5, True, "many"])
def test_a_budget_must_be_a_whole_number_above_0(max_tries: Any) -> None:
    with pytest.raises(lw.OptionError, match="max_tries must be a whole number of 1 or more"):
        fitted("copula").sample(3, where=RARE, max_tries=max_tries)


# ---- one class alone ----------------------------------------------------------------------------------------------


@every_model
def test_a_class_is_learnt_alone_in_one_call(model: str) -> None:
    whole = table()
    synth = make(model, only={"income": "high"}).fit(whole)
    rows = synth.sample(random_state=0)
    of_class = whole.filter(pl.col("income") == "high")
    assert (rows["income"] == "high").all()
    assert len(rows) == len(of_class)
    assert rows.schema == whole.schema
    assert {c.name: c.kind for c in synth.schema_} == {c.name: c.kind for c in fitted(model).schema_}
    learnt = np.concatenate([synth.train_rows_, synth.holdout_rows_])
    assert (whole[np.sort(learnt)]["income"] == "high").all()
    assert len(learnt) == len(of_class)


@every_model
def test_a_class_of_too_few_rows_is_an_error_that_says_how_many_and_what_to_do(model: str) -> None:
    one = table().with_columns(city=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("isle")).otherwise("city"))
    for only, many in (({"city": "isle"}, 1), ({"city": "hamlet"}, 8), ({"city": "nowhere"}, 0)):
        with pytest.raises(lw.ConditionError, match=rf"only on 'city': {many} of 400 rows meet it.*needs 20.*vae"):
            make(model, only=only).fit(one)


SOME = ["north", "port"]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({"age": lw.between(60, 90)}, pl.col("age").is_between(60, 90)),
        ({"age": lw.above(60), "city": SOME}, (pl.col("age") > 60) & pl.col("city").is_in(SOME)),
        ({"score": lw.missing()}, pl.col("score").is_null()),
        ({"seen": lw.below("2020-03-01")}, pl.col("seen") < pl.date(2020, 3, 1)),
        ({"flag": True}, pl.col("flag")),
    ],
    ids=str,
)  # fmt: skip
def test_a_class_is_any_condition(only: dict[str, Any], expected: pl.Expr) -> None:
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 12, 31), eager=True).sample(
        400, seed=0, with_replacement=True
    )
    whole = table().with_columns(
        pl.when(pl.int_range(pl.len()) % 8 > 0).then("score"), seen=days, flag=pl.col("age") % 2 == 0
    )
    synth = make("copula", only=only).fit(whole)
    wanted = np.flatnonzero(whole.select(expected.fill_null(False)).to_series().to_numpy())
    assert np.sort(np.concatenate([synth.train_rows_, synth.holdout_rows_])).tolist() == wanted.tolist()
    assert synth.sample(50).select(expected.fill_null(False)).to_series().all()


def test_rows_kept_elsewhere_are_of_the_class_too() -> None:
    whole = table()
    synth = make("autoregressive", only={"income": "high"}).fit(whole[:300], holdout=whole[300:])
    assert synth.n_rows_ == (whole[:300]["income"] == "high").sum()


@pytest.mark.parametrize(
    ("only", "error", "message"),
    [
        ({"incom": "high"}, lw.ConditionError, "no column 'incom'.*did you mean 'income'"),
        ({"key": "k00001"}, lw.ConditionError, "'key' has role 'id'"),
        (["income"], lw.OptionError, "only must map columns to conditions, got list"),
    ],
)
def test_a_class_must_be_told_by_columns_of_the_table(only: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make("copula", only=only).fit(table())


def test_a_class_alone_is_refused_under_a_budget_of_privacy() -> None:
    with pytest.raises(lw.OptionError, match="privacy does not pay for counting a class"):
        make("mst", only={"income": "high"}, privacy=lw.DP(1.0))


# ---- bounds and columns that are told -----------------------------------------------------------------------------


@every_model
def test_bounds_hold_in_every_row(model: str) -> None:
    rows = make(model, bounds={"age": (30, 40), "score": (45.0, 55.0)}).fit(
        table().with_columns(pl.col("age").clip(30, 40), pl.col("score").clip(45, 55))
    ).sample(500)  # fmt: skip
    assert rows["age"].is_between(30, 40).all()
    assert rows["score"].is_between(45, 55).all()


TOLD = sorted(name for name, kind in MODELS.items() if "condition_on" in kind().options())


@pytest.mark.parametrize("model", TOLD)
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["incom"], "condition_on: no column 'incom'.*did you mean 'income'"),
        (["unit"], "condition_on: column 'unit' has one value only"),
        (["key"], "condition_on: column 'key' is an id"),
        (["income", "key"], "condition_on: column 'key' is an id"),
        ("income", "condition_on must be a list of column names"),
        ([3], "condition_on: no column '3'"),
    ],
    ids=str,
)
def test_a_column_that_tells_nothing_cannot_be_told(model: str, columns: Any, message: str) -> None:
    with pytest.raises(lw.OptionError, match=message):
        make(model, condition_on=columns).fit(table())


@pytest.mark.parametrize("model", TOLD)
def test_columns_that_are_told_are_met_in_every_row_without_a_search(model: str) -> None:
    told: list[Search] = []
    synth = make(model, condition_on=["city", "age"]).fit(table())
    rows = synth.sample(300, where={"city": "hamlet", "age": lw.between(60, 90)}, progress=told.append)
    assert (rows["city"] == "hamlet").all()
    assert rows["age"].is_between(60, 90).all()
    assert all(search.tried <= 8 * 1024 for search in told)  # at most among the labels themselves
    others = synth.sample(100, where={"city": "hamlet", "income": "high"})
    assert others.filter(pl.col("city") == "hamlet", pl.col("income") == "high").height == 100


# ---- arrays of numbers --------------------------------------------------------------------------------------------

ARRAY = np.random.default_rng(0).normal(0, 20, (120, 3))
ARRAYS = {
    "float64": ARRAY,
    "float32": ARRAY.astype(np.float32),
    "float16": ARRAY.astype(np.float16),
    "int64": ARRAY.astype(np.int64),
    "int8": ARRAY.astype(np.int8),
    "uint16": np.abs(ARRAY).astype(np.uint16),
    "big-endian": ARRAY.astype(">f8"),
    "bool": ARRAY > 0,
    "with NaN": np.where(np.random.default_rng(1).random(ARRAY.shape) < 0.1, np.nan, ARRAY),
    "a column of NaN": np.where(np.arange(3) == 1, np.nan, ARRAY),
    "strided": np.asfortranarray(ARRAY)[::2, ::2],
    "numbered rows": np.c_[np.arange(120), ARRAY[:, 0].astype(int), 20200101 + np.arange(120) % 30],
    "one column": ARRAY[:, :1],
}


@every_model
@pytest.mark.parametrize("kind", ["float64", "int64", "bool", "with NaN"])
def test_an_array_gives_an_array_of_its_type_and_width(model: str, kind: str) -> None:
    check_array(model, ARRAYS[kind])


@pytest.mark.parametrize("kind", ARRAYS)
def test_any_array_of_numbers_gives_one_like_it(kind: str) -> None:
    check_array("copula", ARRAYS[kind])


def check_array(model: str, array: np.ndarray) -> None:
    synth = make(model).fit(array)
    fake = synth.sample(50)
    assert type(fake) is np.ndarray
    assert fake.dtype == array.dtype
    assert fake.shape == (50, array.shape[1])
    assert not any(column.kind in ("id", "datetime") for column in synth.schema_)
    low, high = np.nanmin(array.astype(float)), np.nanmax(array.astype(float))
    seen = fake[~np.isnan(fake.astype(float))].astype(float)
    assert (seen >= low).all()
    assert (seen <= high).all()
    if not np.isnan(array.astype(float)).any():
        assert len(seen) == fake.size


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (ARRAY[:, 0], r"2-D .* got 1-D of float64; reshape\(-1, 1\) makes it one column"),
        (np.array(3.0), "2-D .* got 0-D"),
        (ARRAY.astype(complex), "numbers or texts, got 2-D of complex128"),
        (np.datetime64("2020-01-01") + np.arange(60).reshape(20, 3), "got 2-D of datetime64"),
        (np.array([[{"a": 1}, [1]]] * 20, dtype=object), "column 'x0': .* cells must be single values"),
        (np.zeros((0, 3)), "rows and columns, got 0 rows"),
        (np.zeros((5, 0)), "rows and columns, got 5 rows and 0 columns"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(lw.InputError, match=message):
        make("copula").fit(array)
