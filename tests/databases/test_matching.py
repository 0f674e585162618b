"""Claims of `databases.links.matching`, held against counting by hand and against brute force."""

from __future__ import annotations

import time
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likewise.databases.links.matching import assign, match
from likewise.typing import Ints


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def repeats(owner: Ints, rows: Ints) -> int:
    pairs = np.column_stack([owner, rows])[rows >= 0]
    return len(pairs) - len(np.unique(pairs, axis=0))


def counted(rows: Ints, p: int) -> Ints:
    return np.bincount(rows[rows >= 0], minlength=p)


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    return (
        draw(st.integers(0, 60)), draw(st.integers(1, 12)), draw(st.integers(1, 8)), draw(st.integers(1, 3)),
        draw(st.integers(0, 2**32)),
    )  # fmt: skip


def drawn(n: int, p: int, k: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    return rng.integers(0, k, (n, 2)), rng.integers(0, k, (p, 2)), rng.integers(0, 5, p)


def closest(code: Ints, codes: Ints) -> set[tuple[int, ...]]:
    """The leaves that are nearest: of the same cluster if there is one, else of the nearest cluster."""
    gaps = np.abs(codes - code)
    same = gaps[:, 0] == gaps[:, 0].min()
    if gaps[:, 0].min() == 0:
        same &= gaps[:, 1] == gaps[same, 1].min()
    return {tuple(row) for row in codes[same]}


@given(cases())
@settings(max_examples=200, deadline=None)
def test_links_stay_in_their_leaf_or_go_to_the_nearest(case: tuple[int, int, int, int, int]) -> None:
    n, p, k, _, seed = case
    rng = rng_of(seed)
    wanted, codes, degrees = drawn(n, p, k, rng)
    rows = match(wanted, codes, degrees, rng)
    assert ((rows >= 0) & (rows < p)).all()
    for code, row in zip(wanted, rows, strict=True):
        assert tuple(codes[row]) in closest(code, codes)


@given(cases())
@settings(max_examples=200, deadline=None)
def test_planned_degrees_are_exact_when_they_are_to_be(case: tuple[int, int, int, int, int]) -> None:
    n, p, k, _, seed = case
    rng = rng_of(seed)
    wanted, codes, _ = drawn(n, p, k, rng)
    degrees = np.bincount(rng.integers(0, p, n), minlength=p)
    assert np.array_equal(counted(match(wanted, codes, degrees, rng, exact="degrees"), p), degrees)
    leaves = codes[np.repeat(np.arange(p), degrees)]  # as many links a leaf as the plan has: types and degrees exact
    rows = match(leaves, codes, degrees, rng)
    assert np.array_equal(codes[rows], leaves)
    assert np.array_equal(counted(rows, p), degrees)


@given(cases())
@settings(max_examples=300, deadline=None)
def test_no_pair_comes_twice_and_no_more_links_are_lost_than_must_be(case: tuple[int, int, int, int, int]) -> None:
    n, p, k, n_owners, seed = case
    rng = rng_of(seed)
    wanted, codes, degrees = drawn(n, p, k, rng)
    owner = rng.integers(0, n_owners, n)
    rows = match(wanted, codes, degrees, rng, owner=owner)
    assert repeats(owner, rows) == 0
    must = int(np.maximum(np.bincount(owner, minlength=1) - p, 0).sum())
    assert (rows < 0).sum() == must


@given(cases(), st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_groups_agree(case: tuple[int, int, int, int, int], n_groups: int) -> None:
    n, p, k, n_owners, seed = case
    rng = rng_of(seed)
    wanted, codes, degrees = drawn(n, p, k, rng)
    within = rng.integers(0, n_groups, n) * 7 - 3, rng.integers(0, n_groups, p) * 7 - 3
    lonely = ~np.isin(within[0], within[1])
    for exact in ("types", "degrees"):
        rows = match(wanted, codes, degrees, rng, within=within, exact=exact)
        assert np.array_equal(rows < 0, lonely)
        assert (within[1][rows] == within[0])[~lonely].all()
    owner = rng.integers(0, n_owners, n)
    rows = match(wanted, codes, degrees, rng, within=within, owner=owner)
    assert (within[1][rows] == within[0])[rows >= 0].all()
    assert repeats(owner, rows) == 0
    room = {g: (within[1] == g).sum() for g in np.unique(within[0])}
    must = sum(max(0, ((within[0] == g) & (owner == o)).sum() - room[g]) for g, o in product(room, np.unique(owner)))
    assert (rows < 0).sum() == must
    alone = assign(wanted, codes, rng, within=within)
    assert repeats(np.zeros(n, np.int64), alone) == 0
    assert (within[1][alone] == within[0])[alone >= 0].all()
    assert (alone < 0).sum() == sum(max(0, (within[0] == g).sum() - room[g]) for g in room)


def feasible(owners: tuple[int, ...], parents: tuple[int, ...]) -> bool:
    """Whether a table of 0 and 1 has these sums, by trying all."""
    if not owners:
        return not any(parents)
    return any(
        feasible(owners[1:], tuple(q - (i in chosen) for i, q in enumerate(parents)))
        for chosen in combinations([i for i, q in enumerate(parents) if q > 0], owners[0])
    )


@pytest.mark.parametrize("seed", range(40))
def test_degrees_stay_exact_without_repeats_wherever_some_table_has_them(seed: int) -> None:
    rng = rng_of(seed)
    table = rng.random((4, 4)) < rng.uniform(0.3, 0.9)  # by construction there is one
    owner, degrees = np.repeat(np.arange(4), table.sum(1)), table.sum(0)
    assert feasible(tuple(table.sum(1)), tuple(degrees))
    zeros = np.zeros((len(owner), 2), np.int64)
    rows = match(zeros, np.zeros((4, 2), np.int64), degrees, rng, owner=owner)
    assert repeats(owner, rows) == 0
    assert np.array_equal(counted(rows, 4), degrees)


def test_a_dense_junction_has_all_its_pairs() -> None:
    """T7: 80 % of all pairs."""
    rng = rng_of(1)
    table = rng.random((200, 60)) < 0.8
    owner = np.repeat(np.arange(200), table.sum(1))
    codes = np.column_stack([np.arange(60) // 20, np.arange(60) % 20 // 10])
    rows = match(codes[np.nonzero(table)[1]], codes, table.sum(0), rng, owner=owner)
    assert repeats(owner, rows) == 0
    assert (rows >= 0).all()
    assert np.array_equal(counted(rows, 60), table.sum(0))


def test_more_links_than_pairs_are_dropped_and_counted() -> None:
    owner = np.repeat([0, 1], [5, 2])
    rows = match(np.zeros((7, 2), np.int64), np.array([[0, 0], [3, 1], [9, 0]]), np.ones(3), rng_of(0), owner=owner)
    assert (rows < 0).sum() == 2
    assert sorted(rows[(owner == 0) & (rows >= 0)]) == [0, 1, 2]


def test_repeats_are_allowed_where_nobody_forbids_them() -> None:
    """T8."""
    rng = rng_of(2)
    owner = np.repeat(np.arange(50), 10)
    rows = match(np.zeros((500, 2), np.int64), np.zeros((5, 2), np.int64), np.ones(5), rng)
    assert repeats(owner, rows) > 200
    assert np.array_equal(counted(rows, 5), [100] * 5)


def test_no_parents_no_links() -> None:
    rng, none = rng_of(3), np.zeros((0, 2), np.int64)
    assert (match(np.zeros((4, 2), np.int64), none, np.zeros(0), rng) == -1).all()
    assert len(match(none, np.zeros((3, 2), np.int64), np.ones(3), rng)) == 0


def test_the_same_seed_gives_the_same_links() -> None:
    wanted, codes, degrees = drawn(500, 40, 6, rng_of(5))
    owner = rng_of(6).integers(0, 60, 500)
    one, two = (match(wanted, codes, degrees, rng_of(7), owner=owner) for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, match(wanted, codes, degrees, rng_of(8), owner=owner))


def test_a_million_links_take_seconds() -> None:
    rng = rng_of(9)
    codes = rng.integers(0, 17, (100_000, 2))
    degrees = rng.geometric(0.1, 100_000)
    wanted = codes[rng.choice(100_000, 1_000_000, p=degrees / degrees.sum())]
    owner = np.sort(rng.integers(0, 200_000, 1_000_000))
    start = time.process_time()
    rows = match(wanted, codes, degrees, rng, owner=owner)
    assert time.process_time() - start < 30  # 3 s on an idle core
    assert (rows >= 0).all()
    assert repeats(owner, rows) == 0
