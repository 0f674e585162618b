"""Counts by two keys that add up to the same in a group do so in what is drawn, and so hold their joint law."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from likewise import Synthesizer
from likewise.databases.database import Database
from likewise.databases.keys import ForeignKey
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.paired import least_off, pairs_of, uneven
from likewise.synthesizer.databases.plan import plan_of
from likewise.typing import Ints

from .shops import check

A, B = ForeignKey.of("edge.a -> node.id"), ForeignKey.of("edge.b -> node.id")


def rings(n: int, seed: int) -> Database:
    """Graphs of rings with leaves: each ring node points at the next and at its leaf, which points at none."""
    rng = np.random.default_rng(seed)
    size = rng.integers(3, 9, n)
    of = np.repeat(np.arange(n), size)
    at = np.arange(len(of))
    first = np.repeat(np.cumsum(size) - size, size)
    after = first + (at - first + 1) % size[of]
    leaf = len(of) + at
    kind = ["ring"] * len(at) + ["leaf"] * len(at)
    nodes = pl.DataFrame({"id": np.append(at, leaf), "graph": np.append(of, of), "kind": kind})
    edges = pl.DataFrame({"a": np.append(at, at), "b": np.append(after, leaf), "w": rng.random(2 * len(at))})
    graphs = pl.DataFrame({"id": np.arange(n), "x": rng.random(n)})
    keys = ["node.graph -> graph.id", "edge.a -> node.id", "edge.b -> node.id"]
    return Database({"graph": graphs, "node": nodes.sort("graph", maintain_order=True), "edge": edges}, keys)


def ends(database: Database) -> pl.DataFrame:
    nodes = database.tables["node"]
    for end in "ab":
        counts = database.tables["edge"].group_by(end).len(f"n_{end}")
        nodes = nodes.join(counts, left_on="id", right_on=end, how="left")
    return nodes.with_columns(pl.col("n_a", "n_b").fill_null(0))


def test_both_ends_of_edges_hold_their_joint_law(tmp_path: Path) -> None:
    real = rings(90, 0)
    synth = Synthesizer(epochs=25, random_state=0).fit(real)
    assert synth.database_.tables["node"].paired == ((A, B),)
    synth.save(tmp_path / "rings.likewise")
    drawn = Synthesizer.load(tmp_path / "rings.likewise").sample(random_state=1)
    check(drawn, real.schema, real)
    counts = ends(drawn)
    sums = counts.group_by("graph").agg(pl.col("n_a", "n_b").sum())
    assert (sums["n_a"] == sums["n_b"]).all()
    shares = {row[:3]: row[3] / len(counts) for row in counts.group_by("kind", "n_a", "n_b").len().iter_rows()}
    assert shares["ring", 2, 1] + shares["leaf", 0, 1] > 0.9, "real ones hold no other"


def test_counts_that_agree_in_every_row_or_in_few_groups_are_no_pair() -> None:
    links = np.repeat(np.arange(30), 3)
    one, other = np.tile([2, 0, 1], 30), np.tile([0, 1, 2], 30)
    assert pairs_of({A: one, B: other}, links) == ((A, B),)
    assert pairs_of({A: one, B: one}, links) == ()
    assert pairs_of({A: one, B: np.roll(other, 1) + (links == 0)}, links) == ()
    assert pairs_of({A: one[:30], B: other[:30]}, links[:30]) == ()


def test_groups_are_drawn_again_until_they_agree_and_others_stay() -> None:
    asked = list[list[int]]()
    groups = Groups.of(np.array([2, 0, 3, 2]), 2)

    def draw(some: Groups) -> tuple[pl.DataFrame, Ints]:
        asked.append(some.parent.tolist())
        links, turn = some.rows, len(asked)
        one = np.where((links == 2) & (turn < 3), 9 - turn, 1)
        frame = pl.DataFrame({plan_of(A): one, plan_of(B): np.ones(len(links), int), "turn": [turn] * len(links)})
        return frame, links

    rows, links = least_off(draw, groups, lambda rows, links: uneven([(A, B)], rows, links, 4), 4)
    assert asked == [[0, 2, 3, -1], [2], [2]]
    assert links.tolist() == [0, 0, 2, 2, 2, 3, 3, -1, -1]
    assert rows["turn"].to_list() == [1, 1, 3, 3, 3, 1, 1, 1, 1]
