"""Claims of `databases.links.agreeing`, and of links that are unlike others."""

from __future__ import annotations

import json

import numpy as np
import pytest

from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.links.agreeing import Agreement, Agreements
from likewise.databases.links.matching import match, unlike
from likewise.errors import ModelFileError
from likewise.typing import Ints


def schema_of(*texts: str) -> tuple[DatabaseSchema, list[ForeignKey]]:
    keys = [ForeignKey.of(text) for text in texts]
    tables = {name: TableSchema(primary=("id",)) for key in keys for name in (key.table, key.parent)}
    return DatabaseSchema(tables, tuple(keys)), keys


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def bonds(seed: int = 0) -> tuple[DatabaseSchema, list[ForeignKey], dict[ForeignKey, Ints]]:
    """Two atoms of one molecule, never the same."""
    schema, keys = schema_of("bond.a -> atom.id", "bond.b -> atom.id", "atom.molecule -> molecule.id")
    rng = rng_of(seed)
    of = np.sort(rng.integers(0, 40, 500))
    a = rng.integers(0, 500, 900)
    b = np.array([rng.choice(np.flatnonzero((of == of[x]) & (np.arange(500) != x))) for x in a])
    return schema, keys, dict(zip(keys, (a, b, of), strict=True))


def test_both_atoms_of_a_bond_are_of_one_molecule_and_not_the_same() -> None:
    """T9: two foreign keys to one table."""
    schema, (a, b, of), links = bonds()
    found = Agreements.find(b, [a], schema, links, 500)
    assert found == Agreements((Agreement((a, of), (of,)),), (a,))
    assert str(found.agree[0]) == "a > molecule = this > molecule"
    rng = rng_of(1)
    codes = rng.integers(0, 3, (500, 2))
    within = found.within(links, 500)
    assert within is not None
    rows = match(codes[links[b]], codes, np.bincount(links[b], minlength=500), rng, within=within)
    rows = unlike(rows, links[a], codes, rng, within=within)
    assert (links[of][rows] == links[of][links[a]]).all()
    assert (rows != links[a]).all()


def test_an_address_is_one_of_the_customers_and_a_copied_customer_is_that_of_the_order() -> None:
    texts = [
        "order.customer -> customer.id", "order.address -> address.id", "address.customer -> customer.id",
        "line.order -> order.id", "line.customer -> customer.id",
    ]  # fmt: skip
    schema, keys = schema_of(*texts)
    customer, address, lives, of, copied = keys
    rng = rng_of(2)
    owners = np.sort(rng.integers(0, 60, 150))
    at = rng.integers(0, 150, 400)
    line = rng.integers(0, 400, 900)
    links = {customer: owners[at], address: at, lives: owners, of: line, copied: owners[at][line]}
    assert Agreements.find(address, [customer], schema, links, 150).agree == (Agreement((customer,), (lives,)),)
    found = Agreements.find(copied, [of], schema, links, 60)
    assert found.agree == (Agreement((of, customer), ()),)
    within = found.within(links, 60)
    rows = match(np.zeros((900, 2), np.int64), np.zeros((60, 2), np.int64), np.ones(60), rng, within=within)
    assert np.array_equal(rows, links[copied])


def test_links_of_chance_agree_in_nothing() -> None:
    schema, keys, links = bonds()
    for seed in range(30):
        rng = rng_of(seed)
        mixed = {key: rng.integers(0, link.max() + 1, len(link)) for key, link in links.items()}
        found = Agreements.find(keys[1], [keys[0]], schema, mixed, 500)
        assert found.agree == ()
        one = {**mixed, keys[2]: np.zeros(500, np.int64)}  # with one molecule it is no wonder
        assert Agreements.find(keys[1], [keys[0]], schema, one, 500).agree == ()


def test_ways_that_end_early_and_rare_exceptions() -> None:
    schema, keys, links = bonds()
    a, b, of = keys
    some = {**links, b: np.where(rng_of(3).random(900) < 0.3, -1, links[b])}
    assert Agreements.find(b, [a], schema, some, 500).agree == (Agreement((a, of), (of,)),)
    broken = {**links, b: np.where(rng_of(4).random(900) < 0.05, (links[b] + 250) % 500, links[b])}
    assert Agreements.find(b, [a], schema, broken, 500).agree == ()


def test_several_must_agree_at_once() -> None:
    schema, keys, links = bonds()
    also = np.arange(900) % 2, np.arange(500) % 2
    within = Agreements.find(keys[1], [keys[0]], schema, links, 500).within(links, 500, also)
    assert within is not None
    rows = match(np.zeros((900, 2), np.int64), np.zeros((500, 2), np.int64), np.ones(500), rng_of(), within=within)
    assert (also[1][rows] == also[0])[rows >= 0].all()
    assert (links[keys[2]][rows] == links[keys[2]][links[keys[0]]])[rows >= 0].all()
    assert (rows >= 0).mean() > 0.95
    assert Agreements().within(links, 500) is None


@pytest.mark.parametrize("seed", range(20))
def test_unlike_keeps_degrees_leaves_and_pairs_unique(seed: int) -> None:
    rng = rng_of(seed)
    codes = rng.integers(0, 2, (12, 2))
    owner, others = rng.integers(0, 9, 40), rng.integers(0, 12, 40)
    rows = match(codes[rng.integers(0, 12, 40)], codes, np.ones(12), rng, owner=owner)
    apart = unlike(rows, others, codes, rng, owner=owner)
    assert (apart != others).all()
    pairs = np.column_stack([owner, apart])
    assert len(np.unique(pairs, axis=0)) == 40
    many = unlike(np.repeat(np.arange(12), 50), np.repeat(np.arange(12), 50), np.zeros((12, 2), np.int64), rng)
    assert np.array_equal(np.bincount(many), [50] * 12)


def test_state_round_trips_and_damage_is_refused() -> None:
    schema, keys, links = bonds()
    found = Agreements.find(keys[1], [keys[0]], schema, links, 500)
    data = json.loads(json.dumps(found.to_dict()))
    assert Agreements.from_dict(data, keys[1], schema) == found
    for bad in (
        3, {}, {"agree": [{"mine": ["x"], "theirs": []}], "unlike": []}, {"agree": [], "unlike": [str(keys[2])]},
        {"agree": [{"mine": [str(keys[2])], "theirs": []}], "unlike": []},
        {"agree": [{"mine": [str(keys[1])], "theirs": []}], "unlike": []},
        {"agree": [{"mine": [], "theirs": []}], "unlike": []},
    ):  # fmt: skip
        with pytest.raises(ModelFileError):
            Agreements.from_dict(bad, keys[1], schema)
