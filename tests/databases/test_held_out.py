"""What holds of groups of rows is learnt without the rows of people who are held out."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

from likewise import Synthesizer
from likewise.databases.database import Database
from likewise.databases.keys import ForeignKey
from likewise.synthesizer.databases import learning
from likewise.synthesizer.databases.learning import DatabaseModel
from likewise.synthesizer.databases.sums import sum_of

N, AWAY = 200, 40
OWNER, SIDE = "orders.user -> users.id", "orders.thing -> things.id"


def orders(*, other: bool) -> Database:
    """Users whose orders' points add up to 10 and of whose orders one is the first; those of some may be otherwise."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(N), 4)
    points = np.concatenate([rng.multinomial(10, [0.25] * 4) for _ in range(N)])
    turn, paid = np.where(np.arange(4 * N) % 4 == 0, "first", "later"), rng.normal(50, 9, 4 * N).round(2)
    if other:
        points = points + (who < AWAY)
        turn, paid = np.where(who < AWAY, "later", turn), np.where(who < AWAY, 3 * paid, paid)
    things = pl.DataFrame({"id": np.arange(60), "size": rng.integers(1, 9, 60), "weight": rng.random(60).round(2)})
    tables = {
        "users": pl.DataFrame({"id": np.arange(N), "age": rng.integers(18, 80, N)}), "things": things,
        "orders": pl.DataFrame({
            "user": who, "thing": rng.integers(0, 60, 4 * N), "points": points, "turn": turn, "paid": paid,
        }),
    }  # fmt: skip
    return Database(tables, ["users(id)", "things(id)", OWNER, SIDE])


def learnt(database: Database, monkeypatch: pytest.MonkeyPatch, away: np.ndarray) -> DatabaseModel:
    """Of a database of which some users are held out."""
    monkeypatch.setattr(learning, "held_out", lambda *_: np.isin(np.arange(5 * N + 60), away))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Synthesizer(random_state=0, epochs=1).fit(database).database_
    assert model is not None
    assert str(model.graph.owner["orders"]) == OWNER
    return model


def test_people_held_out_say_nothing_of_what_rows_add_up_to_and_have_in_common(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = (learnt(orders(other=of), monkeypatch, np.arange(AWAY)) for of in (False, True))
    key = ForeignKey.of(OWNER)
    for model in (one, other):
        assert [of.column for of in model.tables["orders"].sums] == ["points"]
        assert model.tables["users"].synth.schema_[sum_of(key, "points")].levels == ("", "10")
        assert ("turn", "first", True, True) in [
            (of.column, of.level, of.always, of.once) for of in model.tables["orders"].every
        ]


def test_people_held_out_say_nothing_of_how_much_alike_rows_are_that_point_at_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, real = [], orders(other=False)
    monkeypatch.setattr(learning.Siblings, "fit", lambda rows, link, *_: seen.append(link))
    learnt(real, monkeypatch, np.append(np.arange(AWAY), N + 7))  # and a thing
    thing, away = real.tables["orders"]["thing"].to_numpy(), real.tables["orders"]["user"].to_numpy() < AWAY
    assert [link.tolist() for link in seen] == [np.where(away | (thing == 7), -1, thing).tolist()]


def test_where_somebody_held_out_is_in_nearly_every_group_all_groups_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    model = learnt(orders(other=False), monkeypatch, np.arange(N - 20))
    assert [of.column for of in model.tables["orders"].sums] == ["points"]
