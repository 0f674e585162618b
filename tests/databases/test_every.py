"""What every group has, and what none has twice, holds in what is drawn."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from likewise import Synthesizer
from likewise.databases.database import Database
from likewise.errors import ModelFileError
from likewise.synthesizer.databases.every import Every, find_every, lacking
from likewise.typing import Ints


def accounts(n: int, seed: int) -> tuple[pl.DataFrame, Ints]:
    """One owner in each group, a guest in some."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 6, n)
    links = np.repeat(np.arange(n), size)
    role = rng.choice(["user", "guest"], len(links), p=[0.7, 0.3])
    role[np.cumsum(size) - size + rng.integers(0, size)] = "owner"
    return pl.DataFrame({"role": role, "sex": rng.choice(["f", "m"], len(links)), "x": rng.random(len(links))}), links


def test_one_owner_of_each_account_is_found_and_chance_is_not() -> None:
    rows, links = accounts(200, 0)
    assert list(find_every(rows, links, 200, links)) == [Every("role", "owner", always=True, once=True)]
    assert not list(find_every(rows, links, 200, links % 4)), "four persons have all accounts"
    few = links < 20
    assert not list(find_every(rows.filter(few), links[few], 20, links[few])), "by chance they might"


def test_groups_lack_a_level_or_have_it_twice() -> None:
    rows = pl.DataFrame({"role": ["owner", "user", "user", "owner", "owner", None]})
    found = [Every("role", "owner", always=True, once=True)]
    assert lacking(found, rows, np.array([0, 0, 1, 2, 2, -1]), 4).tolist() == [0, 1, 1, 0]


def test_each_drawn_account_has_one_owner() -> None:
    rows, links = accounts(300, 1)
    tables = {"account": pl.DataFrame({"id": np.arange(300)}), "holder": rows.with_columns(account=links)}
    synth = Synthesizer(epochs=8, random_state=0).fit(Database(tables, ["holder.account -> account.id"]))
    drawn = synth.sample(random_state=1)["holder"]
    owners = drawn.group_by("account").agg(n=(pl.col("role") == "owner").sum())["n"]
    assert (owners == 1).mean() > 0.97  # type: ignore[operator]


def test_damage_is_refused() -> None:
    for data in (None, {"column": "x"}, {"column": "x", "level": 1, "always": True, "once": True}):
        with pytest.raises(ModelFileError):
            Every.from_dict(data)
