"""What rows of one parent add up to, where it is one of few sums, holds in what is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from likewise import Synthesizer
from likewise.databases.database import Database
from likewise.databases.keys import ForeignKey
from likewise.errors import ModelFileError
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.sums import Sum, Whole, adding_up, find_sums
from likewise.typing import Floats, Ints

KEY = ForeignKey.of("child.of -> parent.id")


def found(rows: pl.DataFrame, links: Ints, parents: pl.DataFrame, whose: Ints | None = None) -> dict[str, Sum]:
    counts, rng = np.bincount(links, minlength=len(parents)), np.random.default_rng(0)
    whose = np.arange(len(parents)) if whose is None else whose
    return {of.column: of for of, _, _ in find_sums(KEY, rows, links, counts, parents, rng, whose)}


def balanced(n: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, Ints]:
    """Parents, and rows whose shares add up to 100, whose places are 1 to n, and whose wins to the parent's round."""
    rng = np.random.default_rng(seed)
    size = rng.integers(3, 8, n)
    links = np.repeat(np.arange(n), size)
    turn = rng.integers(1, 10, n)
    rows: dict[str, list[float]] = {"share": [], "place": [], "wins": []}
    for of, many in zip(turn, size, strict=True):
        parts = rng.multinomial(10_000, rng.dirichlet(np.full(many, 5.0)))
        rows["share"] += (parts / 100).tolist()
        rows["place"] += (rng.permutation(many) + 1).tolist()
        rows["wins"] += rng.multinomial(of, np.full(many, 1 / many)).tolist()
    frame = pl.DataFrame(rows).with_columns(pl.col("place", "wins").cast(pl.Int64))
    frame = frame.with_columns(free=pl.Series(rng.normal(size=len(links)).round(2)), count=rng.poisson(3, len(links)))
    return pl.DataFrame({"turn": turn, "noise": rng.random(n)}), frame, links


def test_sums_are_found_alone_and_by_a_column_of_the_parent_and_chance_gives_none() -> None:
    parents, rows, links = balanced(300, 0)
    assert found(rows, links, parents) == {
        "share": Sum("share", 2, free=True), "place": Sum("place", 0, once=True), "wins": Sum("wins", 0),
    }  # fmt: skip
    assert "wins" not in found(rows, links, parents.drop("turn"))
    assert found(rows, links, parents, np.arange(300) % 4) == {}, "four persons have all of them"
    few = links < 20
    assert found(rows.filter(few), links[few], parents[:20]) == {}


def test_rows_of_other_draws_stand_in_until_sums_hold() -> None:
    rng, groups = np.random.default_rng(0), Groups.of(np.array([5, 0, 6, 5]), 4)

    def draw(some: Groups) -> tuple[pl.DataFrame, Ints]:
        n = len(some.rows)
        dice = rng.integers(1, 7, n)
        place = np.concatenate([rng.permutation(9)[:size] for size in some.size]) if n else np.zeros(0, np.int64)
        return pl.DataFrame({"dice": dice, "place": place, "amount": rng.normal(size=n).round(2)}), some.rows

    goals: dict[Sum, Floats] = {
        Sum("dice", 0): np.array([18.0, np.nan, np.nan, 17.0]),
        Sum("place", 0, once=True): np.array([20.0, 0.0, 24.0, np.nan]),
        Sum("amount", 2, free=True): np.zeros(4),
    }
    drawn = draw(groups)
    rows, links = adding_up(draw, drawn, groups, goals, rng)
    assert np.array_equal(links, drawn[1])
    sums = rows.with_columns(of=links).group_by("of").agg(pl.all().sum(), apart=pl.col("place").n_unique(), n=pl.len())
    made = {row["of"]: row for row in sums.iter_rows(named=True)}
    assert [made[0]["dice"], made[3]["dice"], made[0]["place"], made[2]["place"]] == [18, 17, 20, 24]
    assert all(abs(made[k]["amount"]) < 1e-9 for k in (0, 2, 3))
    assert all(made[k]["apart"] == made[k]["n"] for k in (0, 2, 3)), "places are held once"
    assert rows.filter(pl.Series(links) < 0).equals(drawn[0].filter(pl.Series(links) < 0)), "rows of none stay"
    assert (rows["dice"].is_between(1, 6)).all()


def test_parents_without_rows_and_draws_that_are_right_ask_for_no_others() -> None:
    asked = list[int]()
    groups = Groups.of(np.array([0, 2]))

    def draw(some: Groups) -> tuple[pl.DataFrame, Ints]:
        asked.append(len(some.rows))
        return pl.DataFrame({"dice": [4, 2]})[: len(some.rows)], some.rows

    goals = {Sum("dice", 0): np.array([9.0, 6.0])}
    rows, _ = adding_up(draw, draw(groups), groups, goals, np.random.default_rng(0), whole=Whole())
    assert rows["dice"].to_list() == [4, 2]
    assert asked == [2]


def test_whole_rows_stand_in_where_they_stand_in_no_order() -> None:
    rng, groups = np.random.default_rng(0), Groups.of(np.full(40, 6))

    def draw(some: Groups) -> tuple[pl.DataFrame, Ints]:
        dice, place = rng.integers(1, 7, len(some.rows)), np.concatenate([rng.permutation(9)[:n] for n in some.size])
        return pl.DataFrame({"dice": dice, "name": dice * 10, "kind": dice % 2, "place": place}), some.rows

    drawn, whole = draw(groups), Whole(["place"], ["kind"])
    rows, links = adding_up(draw, drawn, groups, {Sum("dice", 0): np.full(40, 20.0)}, rng, whole=whole)
    sums = rows.with_columns(of=links).group_by("of").agg(pl.col("dice").sum(), pl.col("place").n_unique())
    assert (sums["dice"] == 20).mean() > 0.9
    assert (sums["place"] == 6).all(), "held once"
    assert (rows["name"] == rows["dice"] * 10).mean() > 0.85, "what a row holds goes with it"


def test_a_database_keeps_them(tmp_path: Path) -> None:
    parents, rows, links = balanced(200, 1)
    tables = {"parent": parents.with_columns(id=np.arange(200)), "child": rows.with_columns(of=links)}
    synth = Synthesizer(epochs=15, random_state=0).fit(Database(tables, [str(KEY)]))
    synth.save(tmp_path / "m.likewise")
    drawn = Synthesizer.load(tmp_path / "m.likewise").sample(random_state=1)
    sums = drawn["child"].group_by("of").agg(pl.col("share", "wins").sum(), pl.len())
    both = sums.join(drawn["parent"], left_on="of", right_on="id")
    assert (both["share"].round(6) == 100).mean() > 0.95  # type: ignore[operator]
    assert (both["wins"] == both["turn"]).mean() > 0.8  # type: ignore[operator]
    assert drawn["child"]["share"].std() == pytest.approx(rows["share"].std(), rel=0.2)


@pytest.mark.parametrize("data", [None, {"column": "x"}, {"column": "x", "decimals": 99, "free": True, "once": True}])
def test_damage_is_refused(data: object) -> None:
    with pytest.raises(ModelFileError):
        Sum.from_dict(data)
