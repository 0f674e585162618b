"""The figures of databases equal what others compute, and what plain loops count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.evaluate.databases import aggregates, counts, floors, hops
from likewise.evaluate.databases.linked import Linked, link
from likewise.evaluate.databases.validity import checks

from .made import DATES, KEYS, LEVELS, database, shop

PRIMARY = {"cities": "id", "customers": "id", "orders": "no", "visits": "visit", "lines": "line"}


def both(seed: int = 1) -> tuple[Linked, Linked]:
    sides = link({"real": database(150, 0), "synthetic": database(120, seed)})
    return sides["real"], sides["synthetic"]


def metadata() -> dict[str, Any]:
    """The shop in the words of sdmetrics."""
    ids = {"id", "city", "customer", "no", "visit", "line"}
    kinds = {
        t: {c: "id" if c in ids else "categorical" if c in LEVELS else "datetime" if c in DATES else "numerical"
            for c in frame.columns}
        for t, frame in shop(60, 0).items()
    }  # fmt: skip
    sides = [ForeignKey.of(text) for text in KEYS]
    return {
        "tables": {t: {"primary_key": PRIMARY[t], "columns": {c: {"sdtype": k} for c, k in of.items()}}
                   for t, of in kinds.items()},
        "relationships": [
            {"parent_table_name": k.parent, "parent_primary_key": k.parent_columns[0], "child_table_name": k.table,
             "child_foreign_key": k.columns[0]} for k in sides
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def oracle() -> Any:
    report = pytest.importorskip("sdmetrics.reports").multi_table.QualityReport()
    frames = [{t: f.to_pandas() for t, f in database(n, s).tables.items()} for n, s in ((150, 0), (120, 1))]
    report.real_correlation_threshold = report.real_association_threshold = 0
    report.generate(*frames, metadata(), verbose=False)
    return report


def details(oracle: Any, name: str, *, tables: tuple[str, ...]) -> dict[tuple[str, ...], float]:
    found = oracle.get_details(name)
    return {tuple(row[t] for t in (*tables, "Column 1", "Column 2")): row["Score"] for _, row in found.iterrows()}


def test_pairs_over_one_link_are_those_of_sdmetrics(oracle: Any) -> None:
    theirs = details(oracle, "Intertable Trends", tables=("Parent Table", "Child Table"))
    ours = {(h.top[0], h.bottom[0], h.top[1], h.bottom[1]): h.score for h in hops.hop_scores(*both(), 1)}
    assert len(ours) > 15
    assert set(ours) == {k for k, v in theirs.items() if not math.isnan(v)}
    assert ours == pytest.approx({k: theirs[k] for k in ours}, abs=1e-9)


def test_pairs_within_tables_are_those_of_sdmetrics(oracle: Any) -> None:
    theirs = details(oracle, "Column Pair Trends", tables=("Table",))
    ours = {(h.top[0], *sorted((h.top[1], h.bottom[1]))): h.score for h in hops.hop_scores(*both(), 0)}
    known = {(t, *sorted((a, b))): v for (t, a, b), v in theirs.items()}
    assert len(ours) > 5
    assert ours == pytest.approx({k: known[k] for k in ours}, abs=1e-9)


def test_cardinality_is_that_of_sdmetrics(oracle: Any) -> None:
    theirs = oracle.get_details("Cardinality")
    known = {(r["Parent Table"], r["Child Table"]): r["Score"] for _, r in theirs.iterrows()}
    ours = {(k.parent, k.table): v for k, v in counts.cardinality(*both()).items()}
    assert ours == pytest.approx(known)


def test_pairs_over_two_links_are_those_of_a_plain_join() -> None:
    real, other = both()
    ours = {h.path[-1].table + h.top[1] + h.bottom[1]: h.score for h in hops.hop_scores(real, other, 2)}
    r = []
    for n, seed in ((150, 0), (120, 1)):
        tables = database(n, seed).tables
        joined = tables["lines"].join(tables["orders"], on="no").join(
            tables["customers"], left_on="customer", right_on="id")  # fmt: skip
        r.append(np.corrcoef(joined["age"], joined["price"])[0, 1])
    assert ours["linesageprice"] == pytest.approx(1 - abs(r[0] - r[1]) / 2)
    assert {len(h.path) for h in hops.hop_scores(real, other, 3)} == {3}


def test_a_database_beside_itself_scores_one() -> None:
    real, _ = both()
    for k in range(4):
        assert hops.hop_mean(hops.hop_scores(real, real, k)) == pytest.approx(1.0)
    assert counts.mean(counts.cardinality(real, real)) == 1.0


def test_features_of_a_parent_are_what_a_plain_loop_counts() -> None:
    real, _ = both()
    tables = database(150, 0).tables
    told = aggregates.features(real, "customers")
    orders = {k[0]: part for k, part in tables["orders"].group_by("customer")}
    for i, key in enumerate(tables["customers"]["id"]):
        mine = orders.get(key)
        name = KEYS[1]
        assert told[f"{name}: children"].values[i] == (0 if mine is None else len(mine))
        assert told[f"{name}: different channel"].values[i] == (0 if mine is None else mine["channel"].n_unique())
        mean = math.nan if mine is None else mine["value"].mean()
        assert told[f"{name}: mean value"].values[i] == pytest.approx(mean, nan_ok=True)


def test_rewired_links_are_seen_and_fresh_rows_are_not() -> None:
    sides = link({"real": database(400, 0), "fresh": database(400, 2)})
    real = sides["real"]
    rng = np.random.default_rng(0)
    table = "customers"
    fresh = aggregates.c2st_agg(real, sides["fresh"])[table].accuracy
    rewired = floors.rewired(real, rng)
    assert 0.42 < fresh < 0.58
    assert aggregates.c2st_agg(real, rewired)[table].accuracy > fresh + 0.1
    assert hops.hop_mean(hops.hop_scores(real, rewired, 1)) < hops.hop_mean(hops.hop_scores(real, sides["fresh"], 1))


def test_rewired_links_keep_counts_and_tables_apart_do_not() -> None:
    real, _ = both()
    rng = np.random.default_rng(0)
    kept, apart = floors.rewired(real, rng), floors.rewired(real, rng, counts=False)
    for key in real.schema.foreign:
        assert kept.counts(key).tolist() == real.counts(key).tolist()
        assert sorted(apart.counts(key)) == sorted(real.counts(key))
    assert any(apart.counts(key).tolist() != real.counts(key).tolist() for key in real.schema.foreign)


def test_counts_of_one_parent_hang_together() -> None:
    real, _ = both()
    pairs = counts.degree_correlations(real, floors.rewired(real, np.random.default_rng(0), counts=False))
    (a, b), (r, broken) = next(iter(pairs.items()))
    assert (a.table, b.table) == ("orders", "visits")
    assert r > 0.4 > abs(broken) + 0.1


def test_every_fault_of_keys_is_counted_under_its_name() -> None:
    schema = DatabaseSchema(
        {
            "a": TableSchema(primary=("id",), required=("x",), checks=("x >= 0",)),
            "b": TableSchema(primary=("a", "k"), unique=(("u", "v"),)),
        },
        (ForeignKey.of("b.a -> a.id"),),
    )
    good = Database({
        "a": pl.DataFrame({"id": [1, 2, 3], "x": [1.5, 2.5, 3.25]}),
        "b": pl.DataFrame({"a": [1, 1, 2], "k": [1, 2, 1], "u": [1, 1, None], "v": [1, 2, 2]}),
    }, keys=schema)  # fmt: skip
    bad = Database({
        "a": pl.DataFrame({"id": [1, 1, 3], "x": [None, -2.5, 3.25]}),
        "b": pl.DataFrame({"a": [1, 1, 9], "k": [1, 1, 1], "u": [1, 1, None], "v": [1, 1, 1]}),
    }, keys=schema)  # fmt: skip
    assert not any(check.broken for check in checks(good, good))
    found = {check.name: check.broken for check in checks(good, bad) if check.broken}
    assert found == {"a(id)": 1, "a(x)": 1, "a: x >= 0": 1, "b(a, k)": 1, "b(u, v)": 1, "b.a -> a.id": 1}


def test_paths_pass_no_table_twice() -> None:
    keys = ("b.a -> a.id", "a.b -> b.id", "c.b -> b.id", "b.up -> b.id")
    schema = DatabaseSchema({t: TableSchema(primary=("id",)) for t in "abc"}, tuple(map(ForeignKey.of, keys)))
    assert [[str(k) for k in path] for path in hops.paths(schema, 2)] == [[keys[0], keys[2]]]
    assert hops.paths(schema, 3) == []
