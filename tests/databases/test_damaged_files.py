"""Model files of databases that were changed: refused in our words, or drawn from without a foreign error."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.modelfile import read_model, write_model

FEW = {"users": 5, "items": 5, "orders": 5}
WORSE: list[Any] = [None, -1, 0, 10**9, 1e300, "zz", [], {}, True]


def places(data: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every part of a manifest stands."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*above, key)
        yield from places(value, (*above, key))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng, n = np.random.default_rng(0), 120
    tables = {
        "users": pl.DataFrame({"id": range(30), "age": rng.integers(20, 70, 30), "land": rng.choice(list("abc"), 30)}),
        "items": pl.DataFrame({"id": range(20), "price": rng.random(20).round(2)}),
        "orders": pl.DataFrame(
            {"user": rng.integers(0, 30, n), "item": rng.integers(0, 20, n), "paid": rng.normal(size=n)}
        ),
    }
    database = lw.Database(tables, ["orders.user -> users.id", "orders.item -> items.id"])
    path = tmp_path_factory.mktemp("damaged") / "shop.likewise"
    lw.Synthesizer(epochs=1, random_state=0).fit(database).save(path)
    return path


@pytest.mark.filterwarnings("ignore")  # of what is drawn by damaged files
@pytest.mark.parametrize("seed", range(4))
def test_a_changed_manifest_is_refused_or_gives_rows(shop: Path, tmp_path: Path, seed: int) -> None:
    file, chance = read_model(shop), random.Random(seed)
    everywhere, refused = list(places(file.manifest)), 0
    for _ in range(12):
        manifest, where = copy.deepcopy(dict(file.manifest)), chance.choice(everywhere)
        part: Any = manifest
        for key in where[:-1]:
            part = part[key]
        if chance.random() < 0.2:
            part.pop(where[-1])
        else:
            part[where[-1]] = chance.choice(WORSE)
        write_model(tmp_path / "changed.likewise", manifest, file.arrays)
        try:
            lw.load(tmp_path / "changed.likewise").sample(rows=FEW, random_state=0)
        except lw.LikewiseError:
            refused += 1
    assert refused, "not one of these changes was seen"


@pytest.mark.parametrize("lost", ["shown", "told"])
def test_columns_that_tables_tell_each_other_are_held_to_their_models(shop: Path, tmp_path: Path, lost: str) -> None:
    file = read_model(shop)
    for i, table in enumerate(file.manifest["tables"]):
        if lost == "shown" and table["name"] == "orders":  # nobody is told of these
            continue
        for j, column in enumerate(table[lost]):
            manifest = copy.deepcopy(dict(file.manifest))
            strange = "strange" if lost == "told" else {**column, "name": "strange"}
            manifest["tables"][i][lost][j] = strange
            write_model(tmp_path / "strange.likewise", manifest, file.arrays)
            with pytest.raises(lw.ModelFileError):
                lw.load(tmp_path / "strange.likewise")
