"""Claims about histories of entities of which it is known what they are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, LikewiseError, OptionError, SchemaError

from .test_beside import learnt as learnt_beside
from .test_cli import run
from .test_histories import learnt


def accounts() -> pl.DataFrame:
    return pl.DataFrame({"kind": ["firm", "person", None] * 40, "account": [f"new{i}" for i in range(120)]})


def test_each_entity_that_is_given_has_its_history_and_stays_as_it_was() -> None:
    rows, static = learnt_beside().sample(static=accounts(), random_state=0)
    assert static["account"].to_list() == accounts()["account"].to_list()
    assert set(rows["account"]) <= set(static["account"])
    assert static.columns == ["account", "kind", "opened"]
    assert not static.null_count().sum_horizontal().item()
    given = accounts().with_columns(drawn=static["kind"]).filter(pl.col("kind").is_not_null())
    assert (given["kind"] == given["drawn"]).all()
    large = rows.join(static, on="account").group_by("kind").agg(large=(pl.col("amount") > 500).mean())
    assert dict(large.iter_rows())["firm"] > 0.9 > 0.1 > dict(large.iter_rows())["person"]


def test_without_a_key_it_is_made_and_one_table_gives_one() -> None:
    rows = learnt().sample(static=pl.DataFrame({"sex": ["f", "m", "f"]}), random_state=0)
    told = (pl.col("sex").first(), pl.col("sex").n_unique().alias("sexes"), pl.col("day").is_sorted())
    by = rows.group_by("patient", maintain_order=True).agg(told)
    assert by["sex"].to_list() == ["f", "m", "f"]
    assert by["sexes"].to_list() == [1, 1, 1]
    assert by["day"].all()


@pytest.mark.parametrize(
    ("static", "asked", "error", "says"),
    [
        (pl.DataFrame({"sxe": ["f"]}), {}, SchemaError, "'sxe' does not say what an entity is.*'sex'"),
        (pl.DataFrame({"sex": ["f"], "kg": [70.0]}), {}, SchemaError, "'kg' does not say what an entity is"),
        (pl.DataFrame({"patient": ["a", "a"]}), {}, InputError, "'patient' repeats in 1 of 2 rows"),
        (pl.DataFrame({"patient": ["a", None]}), {}, InputError, "'patient' is missing in 1 of 2 rows"),
        (pl.DataFrame({"sex": ["f"]}), {"n": 5}, OptionError, "leave n out"),
        (pl.DataFrame({"sex": ["f"]}), {"length": 5}, OptionError, "leave length out"),
    ],
)
def test_what_is_no_table_of_entities_is_told(
    static: pl.DataFrame, asked: dict[str, int], error: type[LikewiseError], says: str
) -> None:
    with pytest.raises(error, match=says):
        learnt().sample(static=static, **asked)


def test_rows_have_no_entities() -> None:
    rows = lw.Synthesizer("copula", random_state=0).fit(pl.DataFrame({"x": [1, 2, 3, 4] * 10}))
    with pytest.raises(OptionError, match="this model learnt rows"):
        rows.sample(static=pl.DataFrame({"x": [1]}))


def test_the_command_line_draws_a_history_for_each_row_of_a_file(tmp_path: Path) -> None:
    model, given, rows, static = (tmp_path / name for name in ("m.likewise", "given.csv", "rows.csv", "static.csv"))
    learnt_beside().save(model)
    accounts().write_csv(given)
    run("sample", model, "--static", given, "-o", rows, "--static-output", static, "--seed", 1)
    assert pl.read_csv(static)["account"].to_list() == accounts()["account"].to_list()
    assert set(pl.read_csv(rows)["account"]) <= set(accounts()["account"])
    run("sample", model, "--static", given, "-o", rows)
    with pytest.raises(RuntimeError, match="do not go with it"):
        run("sample", model, "--static", given, "-o", rows, "--where", "kind=firm")
    with pytest.raises(RuntimeError, match="give one of"):
        run("sample", model, "--static", given, "--entities", 5, "-o", rows)
