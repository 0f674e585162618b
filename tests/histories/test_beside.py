"""Claims about a table of entities beside the rows of their histories."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, LikewiseWarning, OptionError
from likewise.synthesizer.beside import Joined

from .test_cli import run

N, WITHOUT = 300, 60


@cache
def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts and their payments: those of firms are large, and a fifth of all accounts has none."""
    rng = np.random.default_rng(0)
    account = pl.DataFrame({
        "account": [f"ac{i:05}" for i in rng.permutation(90_000)[:N]],
        "kind": rng.choice(["firm", "person"], N), "opened": rng.integers(1990, 2020, N),
    })  # fmt: skip
    lengths = rng.integers(1, 8, N) * (np.arange(N) >= WITHOUT)
    whose = np.repeat(np.arange(N), lengths)
    of_firms = (account["kind"] == "firm").to_numpy()[whose]
    amount = np.where(of_firms, rng.integers(1000, 2000, len(whose)), rng.integers(1, 100, len(whose)))
    day = np.concatenate([np.sort(rng.integers(0, 365, n)) for n in lengths])
    payments = pl.DataFrame({"day": day, "account": account["account"].gather(whose), "amount": amount})
    return payments.sample(fraction=1, shuffle=True, seed=0), account


@cache
def learnt() -> lw.Synthesizer:
    payments, accounts = tables()
    return lw.Synthesizer(entity="account", time="day", random_state=0, epochs=12).fit(payments, static=accounts)


def test_two_tables_are_drawn_of_the_same_entities() -> None:
    payments, accounts = learnt().sample(random_state=1)
    assert (payments.schema, accounts.schema) == tuple(table.schema for table in tables())
    assert len(accounts) == accounts["account"].n_unique() == N
    assert set(payments["account"]) < set(accounts["account"])
    assert not set(accounts["account"]) & set(tables()[1]["account"])
    both = payments.join(accounts, on="account")
    assert len(both) == len(payments)
    large = both.group_by("kind").agg(large=(pl.col("amount") >= 1000).mean())
    shares = dict(large.iter_rows())
    assert shares["firm"] > 0.95
    assert shares["person"] < 0.05


def test_entities_without_rows_are_as_many_as_real_ones() -> None:
    payments, accounts = learnt().sample(1_000, random_state=2)
    without = 1 - payments["account"].n_unique() / len(accounts)
    # A fifth: standard error of both shares .026.
    assert without == pytest.approx(WITHOUT / N, abs=0.09)
    none, some = learnt().sample(20, length=0, random_state=0)
    assert (len(none), len(some)) == (0, 20)


def test_conditions_hold_on_the_table_of_entities() -> None:
    payments, accounts = learnt().sample(
        30, where={"kind": "firm", "amount": lw.every_row(lw.above(500))}, length=lw.above(2), random_state=3
    )
    assert accounts["kind"].unique().to_list() == ["firm"]
    assert payments.group_by("account").len()["len"].min() > 2  # type: ignore[operator]
    assert set(payments["account"]) == set(accounts["account"])


def test_known_histories_go_on_with_what_their_entities_are(tmp_path: Path) -> None:
    payments, accounts = tables()
    some = payments.filter(pl.col("account").is_in(payments["account"].unique().sort()[:5].implode()))
    learnt().save(tmp_path / "m")
    for synth in (learnt(), lw.load(tmp_path / "m")):
        longer = synth.extend(some, steps=3, static=accounts, random_state=0)
        assert longer.columns == payments.columns
        assert len(longer) == len(some) + 15
        both = longer.join(some, on=longer.columns, how="anti").join(accounts, on="account")
        assert ((both["amount"] > 500) == (both["kind"] == "firm")).mean() > 0.8  # type: ignore[operator]
    with pytest.raises(OptionError, match="this model learnt one: give it"):
        learnt().extend(some, steps=3)
    with pytest.raises(InputError, match="have no row in the static table"):
        learnt().extend(some, steps=3, static=accounts.filter(pl.col("account") != some["account"][0]))


def test_a_file_and_a_copy_hold_both_tables(tmp_path: Path) -> None:
    learnt().save(tmp_path / "m")
    rows, static = lw.load(tmp_path / "m").sample(9, random_state=5)
    assert rows.equals(learnt().sample(9, random_state=5).rows)
    assert static.equals(learnt().sample(9, random_state=5).static)


def test_frames_come_back_of_the_kinds_that_they_were() -> None:
    payments, accounts = tables()
    synth = lw.Synthesizer(entity="account", time="day", random_state=0, epochs=1)
    rows, static = synth.fit(payments.to_pandas(), static=accounts).sample(5, random_state=0)
    assert isinstance(rows, pd.DataFrame)
    assert isinstance(static, pl.DataFrame)


def test_entities_of_rows_in_order_may_have_none_too() -> None:
    payments, accounts = tables()
    synth = lw.Synthesizer(entity="account", time=True, static=["kind", "opened"], random_state=0, epochs=6)
    rows, static = synth.fit(payments.drop("day"), static=accounts).sample(300, random_state=0)
    assert static.columns == accounts.columns
    assert 0.08 < 1 - rows["account"].n_unique() / 300 < 0.35


def test_rows_without_their_entity_are_left_out_and_told() -> None:
    payments, accounts = tables()
    gone = payments["account"].unique().sort()[:10]
    left = ~payments["account"].is_in(gone.implode())
    synth = lw.Synthesizer(entity="account", time="day", random_state=0, epochs=1)
    with pytest.warns(LikewiseWarning, match=rf"{int((~left).sum())} of .* of 10 entities, have no row in the static"):
        synth.fit(payments, static=accounts.filter(~pl.col("account").is_in(gone.implode())))
    assert synth.train_rows_ is not None
    assert synth.holdout_rows_ is not None
    rows = np.union1d(synth.train_rows_, synth.holdout_rows_)
    assert np.array_equal(rows, left.arg_true())


def wrong(**columns: Any) -> pl.DataFrame:
    return tables()[1].with_columns(**columns)


@pytest.mark.parametrize(
    ("static", "says"),
    [
        (tables()[1].rename({"account": "acount"}), "'account' is none of the static table.*'acount'"),
        (pl.concat([tables()[1], tables()[1][:4]]), "repeats in 4 of 304 rows"),
        (wrong(account=pl.when(pl.col("opened") > 1995).then("account")), "'account' is missing in"),
        (wrong(amount=1), "'amount' stand in both"),
        (wrong(account=pl.lit("x") + pl.col("account")), "have no row in the static table.*written alike"),
    ],
)
def test_a_table_of_entities_that_is_none_is_refused(static: pl.DataFrame, says: str) -> None:
    with pytest.raises(InputError, match=says):
        lw.Synthesizer(entity="account", time="day").fit(tables()[0], static=static)


def test_a_table_of_entities_needs_histories() -> None:
    with pytest.raises(OptionError, match="give entity= and time="):
        lw.Synthesizer(entity="account").fit(tables()[0], static=tables()[1])


def test_keys_are_joined_whatever_type_they_are_written_in() -> None:
    rows = pl.DataFrame({"who": ["1", "1", "2"], "x": [5, 6, 7]})
    joined = Joined.of(rows, pl.DataFrame({"who": [1, 2], "sex": ["f", "m"]}), "who")
    assert joined.rows["sex"].to_list() == ["f", "f", "m"]
    with pytest.raises(InputError, match="String in the static table"):
        Joined.of(joined.rows.with_columns(who=pl.Series([1, 1, 2])).drop("sex"), pl.DataFrame({"who": ["a"]}), "who")


def test_the_command_line_takes_and_writes_two_files(tmp_path: Path) -> None:
    payments, accounts, fake, other, model = (tmp_path / name for name in ("p.csv", "a.csv", "fp.csv", "fa.csv", "m"))
    tables()[0].write_csv(payments)
    tables()[1].write_csv(accounts)
    asked = ("--entity", "account", "--time", "day", "--static", accounts)
    learning = ("--save", model, "--seed", 0, "--max-seconds", 5)
    told = run("synth", payments, "-o", fake, *asked, "--static-output", other, *learning)
    assert "column 'account': taken as an id: unique" in told  # what is told of columns is told of both tables
    rows, static = pl.read_csv(fake), pl.read_csv(other)
    assert (rows.columns, static.columns) == (tables()[0].columns, tables()[1].columns)
    assert set(rows["account"]) < set(static["account"])
    run("sample", model, "--entities", 7, "-o", fake, "--static-output", other)
    assert len(pl.read_csv(other)) == 7
    run("sample", model, "--continue", payments, "--static", accounts, "--steps", 1, "-o", fake)
    assert len(pl.read_csv(fake)) == len(tables()[0]) + N - WITHOUT
    for args, says in (
        (("synth", payments, "-o", fake, *asked), "--static-output go together"),
        (("synth", payments, "-o", fake, *asked, "--static-output", accounts), "named twice"),
        (("sample", model, "--entities", 7, "-o", fake), "say where it goes"),
        (("sample", model, "--continue", payments, "--steps", 1, "-o", fake), "give it by --static"),
    ):
        with pytest.raises(RuntimeError, match=says):
            run(*args)


def test_numbers_that_are_carried_on_begin_somewhere_in_every_history_that_has_rows() -> None:
    payments, accounts = tables()
    total = payments.sort("account", "day").with_columns(paid=pl.col("amount").cum_sum().over("account"))
    synth = lw.Synthesizer(entity="account", time="day", random_state=0, epochs=1).fit(total, static=accounts)
    assert synth.histories_ is not None
    rows, static = synth.sample(400, random_state=0)
    assert len(rows)
    assert rows["account"].n_unique() < len(static) == 400
    assert not rows["paid"].null_count()
