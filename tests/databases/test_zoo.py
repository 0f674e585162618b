"""The thirty-four small databases that people ask for, T1 to T34: where each is tested, and some of the tests."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl
import pytest

from likewise import CodecOptions, Synthesizer
from likewise.databases.database import Database

from .shops import check

QUICK: dict[str, Any] = {"epochs": 2, "random_state": 0}
WHERE = {
    1: "test_integrity.test_orphans_are_taken_for_missing_and_it_is_told",
    2: "test_synthesizer.test_missing_owners_stay_missing",
    3: "test_zoo.test_counts_of_children_come_back_and_none_is_given_to_all",
    4: "test_zoo.test_counts_of_children_come_back_and_none_is_given_to_all",
    5: "test_zoo.test_a_parent_of_one_row_and_a_column_that_is_always_missing",
    6: "test_synthesizer.test_empty_tables_and_tables_of_keys_alone",
    7: "test_synthesizer.test_a_junction_that_holds_most_pairs_repeats_none",
    8: "test_matching.test_repeats_are_allowed_where_nobody_forbids_them",
    9: "test_synthesizer.test_two_keys_to_one_table",
    10: "test_zoo.test_a_row_with_three_parents_follows_all_of_them",
    11: "test_levels.test_self_loops_and_circles_stay",
    12: "test_graph.test_two_circles_that_share_a_table_are_both_cut",
    13: "test_synthesizer.test_composite_keys_that_share_a_column",
    14: "test_synthesizer.test_one_to_one_stays_so_and_a_part_of_parents_may_have_none",
    15: "test_zoo.test_a_table_without_a_key_points_at_one",
    16: "test_making.test_new_keys_are_unique_of_their_type_and_not_real",
    17: "test_synthesizer.test_keys_of_other_types_on_both_sides",
    18: "test_synthesizer.test_a_chain_of_six_tables_of_twenty_rows",
    19: "test_synthesizer.test_thirty_tables_in_two_parts_come_back_whole",
    20: "test_derived.test_made_tables_keep_all_of_it",
    21: "test_derived.test_made_tables_keep_all_of_it",
    22: "test_derived.test_made_tables_keep_all_of_it",
    23: "test_zoo.test_a_status_and_the_date_that_goes_with_it_are_drawn_together",
    24: "test_synthesizer.test_real_customers_get_made_orders",
    25: "test_synthesizer.test_a_large_group_among_small_ones_is_drawn_in_parts",
    26: "test_zoo.test_a_key_into_several_tables_by_a_type_is_left_as_it_is_and_drawn",
    27: "test_zoo.test_means_of_siblings_spread_as_counted_by_hand",
    28: "test_synthesizer.test_children_of_two_tables_agree_in_what_their_parent_does_not_say",
    29: "test_zoo.test_a_grandchild_follows_its_grandparent_as_counted_by_hand",
    30: "test_integrity.test_no_table_is_learnt_whose_key_tells_no_rows_apart",
    31: "test_zoo.test_odd_names_of_tables_and_columns_are_drawn",
    32: "test_synthesizer.test_the_order_of_tables_does_not_matter",
    33: "test_zoo.test_texts_of_a_child_are_texts",
    34: "test_synthesizer.test_a_kept_table_stays_as_it_is",
}


@pytest.mark.parametrize("case", WHERE)
def test_each_of_the_small_databases_has_its_test(case: int) -> None:
    module, name = WHERE[case].split(".")
    assert callable(getattr(import_module(f"tests.databases.{module}"), name))


def test_they_are_thirty_four() -> None:
    assert list(WHERE) == list(range(1, 35))


def drawn_of(database: Database, seed: int = 1, **options: Any) -> Database:
    drawn = Synthesizer(**QUICK | options).fit(database).sample(random_state=seed)
    check(drawn, database.schema, database)
    assert isinstance(drawn, Database)
    return drawn


@pytest.mark.parametrize("law", [{0: 160, 1: 200, 10: 20, 15: 20}, {0: 140, 1: 88}])
def test_counts_of_children_come_back_and_none_is_given_to_all(law: dict[int, int]) -> None:
    """T3, and T4: 88 of 228 parents have one child."""
    rng = np.random.default_rng(0)
    counts = rng.permutation(np.repeat(list(law), list(law.values())))
    who = np.repeat(np.arange(len(counts)), counts)
    parents = pl.DataFrame({"id": np.arange(len(counts)), "size": rng.random(len(counts))})
    children = pl.DataFrame({"p": who, "x": rng.normal(size=len(who)), "kind": rng.choice(["a", "b"], len(who))})
    drawn = drawn_of(Database({"p": parents, "c": children}, ["c.p -> p.id"]), epochs=20)
    made = np.bincount(np.searchsorted(drawn["p"]["id"].sort(), drawn["c"]["p"]), minlength=len(drawn["p"]))
    upto = np.arange(max(law) + 1)
    apart = [abs((made <= k).mean() - (counts <= k).mean()) for k in upto]
    assert max(apart) < 0.1
    assert set(made.tolist()) <= set(law)
    assert drawn["c"]["kind"].n_unique() == 2
    assert drawn["c"]["x"].n_unique() > 20


def test_a_parent_of_one_row_and_a_column_that_is_always_missing() -> None:
    """T5."""
    rng = np.random.default_rng(0)
    children = pl.DataFrame({"p": np.zeros(200, int) + 7, "x": rng.normal(size=200), "none": [None] * 200})
    database = Database({"p": pl.DataFrame({"id": [7], "name": ["only"]}), "c": children}, ["c.p -> p.id"])
    drawn = Synthesizer(**QUICK).fit(database).sample(random_state=1)
    assert len(drawn["p"]) == 1
    assert set(drawn["c"]["p"]) == set(drawn["p"]["id"])
    assert drawn["c"]["none"].null_count() == len(drawn["c"]) > 100


def test_a_row_with_three_parents_follows_all_of_them() -> None:
    """T10: the points of a driver in a car in a race, each of which has its part in them."""
    rng, n = np.random.default_rng(0), 1_500
    skill, power, rain = (rng.integers(0, 2, k) for k in (60, 40, 100))
    driver, car, race = (rng.integers(0, k, n) for k in (60, 40, 100))
    points = 8 * skill[driver] + 4 * power[car] + 2 * rain[race] + rng.integers(0, 2, n)
    tables = {
        "drivers": pl.DataFrame({"id": np.arange(60), "good": skill}),
        "cars": pl.DataFrame({"id": np.arange(40), "fast": power}),
        "races": pl.DataFrame({"id": np.arange(100), "wet": rain}),
        "results": pl.DataFrame({"driver": driver, "car": car, "race": race, "points": points}),
    }
    keys = ["results.driver -> drivers.id", "results.car -> cars.id", "results.race -> races.id"]
    drawn = drawn_of(Database(tables, keys), epochs=20)
    rows = drawn["results"]
    for name, column, part in (("drivers", "good", 8), ("cars", "fast", 4), ("races", "wet", 2)):
        told = rows.join(drawn[name], left_on=name[:-1], right_on="id")
        means = dict(told.group_by(column).agg(pl.col("points").mean()).iter_rows())
        assert means[1] - means[0] == pytest.approx(part, abs=0.4 * part), name


def test_a_table_without_a_key_points_at_one() -> None:
    """T15."""
    rng = np.random.default_rng(0)
    who = rng.integers(0, 50, 400)
    notes = pl.DataFrame({"user": who, "mood": rng.choice(["good", "bad"], 400)})
    database = Database({"users": pl.DataFrame({"id": np.arange(50)}), "notes": notes}, ["notes.user -> users.id"])
    assert database.schema.tables["notes"].primary == ()
    assert len(drawn_of(database)["notes"]) > 200


def test_a_status_and_the_date_that_goes_with_it_are_drawn_together() -> None:
    """T23: an order has a day of delivery where it was delivered, and in no other case."""
    rng, n = np.random.default_rng(0), 900
    state = rng.choice(["new", "sent", "delivered"], n)
    day = pl.Series(rng.integers(19_000, 19_300, n), dtype=pl.Int32).cast(pl.Date)
    orders = pl.DataFrame({"user": rng.integers(0, 150, n), "state": state, "delivered": day}).with_columns(
        delivered=pl.when(pl.col("state") == "delivered").then("delivered")
    )
    users = pl.DataFrame({"id": np.arange(150)})
    rows = drawn_of(Database({"users": users, "orders": orders}, ["orders.user -> users.id"]), epochs=20)["orders"]
    assert ((rows["state"] == "delivered") == rows["delivered"].is_not_null()).mean() > 0.97  # type: ignore[operator]


def test_a_key_into_several_tables_by_a_type_is_left_as_it_is_and_drawn() -> None:
    """T26: it is no foreign key, and its type goes on telling what it may hold."""
    rng, n = np.random.default_rng(0), 600
    kind = rng.choice(["user", "shop"], n)
    tables = {
        "users": pl.DataFrame({"id": np.arange(100), "age": rng.integers(18, 80, 100)}),
        "shops": pl.DataFrame({"id": np.arange(40), "size": rng.integers(1, 9, 40)}),
        "notes": pl.DataFrame({"about_type": kind, "about_id": np.where(kind == "user", 50, 5), "n": rng.random(n)}),
    }
    database = Database(tables)
    assert not database.schema.of("notes")
    rows = drawn_of(database, epochs=8)["notes"]
    assert ((rows["about_type"] == "user") == (rows["about_id"] == 50)).mean() > 0.95  # type: ignore[operator]


def test_odd_names_of_tables_and_columns_are_drawn() -> None:
    """T31: names of several tables alike, with blanks, quotes and dots, reserved ones, and long ones."""
    rng = np.random.default_rng(0)
    long, quoted = "x" * 80, 'a "b" c'
    tables = {
        "select": pl.DataFrame({"id": np.arange(40), "name": rng.choice(["a", "b"], 40), long: rng.random(40)}),
        "order by.x": pl.DataFrame({"no": np.arange(160), quoted: np.arange(160) // 4, "name": rng.random(160)}),
    }
    database = Database(tables, ['"order by.x"."a ""b"" c" -> select.id'])
    drawn = drawn_of(database)
    assert {name: list(drawn[name].columns) for name in drawn} == {
        name: frame.columns for name, frame in tables.items()
    }


@pytest.mark.parametrize("text", ["placeholder", "ngram"])
def test_texts_of_a_child_are_texts(text: Any) -> None:
    """T33."""
    rng = np.random.default_rng(0)
    words = np.array(
        ["the", "parcel", "came", "late", "again", "and", "nobody", "at", "desk", "knew", "why", "it", "did"]
    )
    notes = pl.DataFrame({
        "user": np.arange(400) // 4, "note": [" ".join(rng.choice(words, 9)) for _ in range(400)],
    })  # fmt: skip
    database = Database({"users": pl.DataFrame({"id": np.arange(100)}), "notes": notes}, ["notes.user -> users.id"])
    made = drawn_of(database, codec=CodecOptions(text=text))["notes"]["note"]
    assert made.dtype == pl.String
    assert made.null_count() == 0
    assert not set(made) & set(notes["note"])


# ---- against what is counted by hand, a row at a time ----------------------------------------------------------------


def spread_by_hand(parents: list[int], children: list[tuple[int, float]]) -> tuple[float, float]:
    """The deviation of the means of siblings, and that which the likeness of siblings makes of it, by sums alone."""
    groups: dict[int, list[float]] = {p: [] for p in parents}
    for parent, value in children:
        groups[parent].append(value)
    known = [values for values in groups.values() if values]
    means = [sum(values) / len(values) for values in known]
    middle = sum(means) / len(means)
    seen = math.sqrt(sum((mean - middle) ** 2 for mean in means) / (len(means) - 1))
    pairs = [(a, b) for values in known for i, a in enumerate(values) for b in values[i + 1 :]]
    every = [value for values in known for value in values]
    centre = sum(every) / len(every)
    variance = sum((value - centre) ** 2 for value in every) / len(every)
    alike = sum((a - centre) * (b - centre) for a, b in pairs) / len(pairs) / variance
    n = len(every) / len(known)
    return seen, math.sqrt(variance * (1 + (n - 1) * alike) / n)


def test_means_of_siblings_spread_as_counted_by_hand() -> None:
    """T27: children of a parent share what no column of it says; the deviation of their means, within 5 %."""
    rng, m, n = np.random.default_rng(0), 400, 5
    hidden, who = rng.normal(size=m), np.repeat(np.arange(m), n)
    parents = pl.DataFrame({"id": np.arange(m), "noise": rng.random(m)})
    children = pl.DataFrame({"p": who, "x": 2 * hidden[who] + rng.normal(size=m * n)})
    database = Database({"p": parents, "c": children}, ["c.p -> p.id"])
    synth = Synthesizer(epochs=30, random_state=0).fit(database)
    real, told = spread_by_hand(parents["id"].to_list(), children.rows())
    assert told == pytest.approx(real, rel=0.02), "the two counts by hand are one"
    found = []
    for seed in range(4):
        drawn = synth.sample(random_state=seed)
        found.append(spread_by_hand(drawn["p"]["id"].to_list(), drawn["c"].select("p", "x").rows())[0])
    assert sum(found) / 4 == pytest.approx(real, rel=0.05)  # of rows dealt out by chance it is less than half


def law_by_hand(database: Database) -> dict[tuple[str, str], float]:
    """How often a grandparent of a kind has a grandchild of a kind: by looking each row's parent up, and its."""
    kind = dict(database["top"].select("id", "kind").iter_rows())
    above = dict(database["middle"].select("id", "top").iter_rows())
    found: dict[tuple[str, str], int] = {}
    for middle, same in database["low"].select("middle", "same").iter_rows():
        pair = kind[above[middle]], same
        found[pair] = found.get(pair, 0) + 1
    return {pair: n / sum(found.values()) for pair, n in found.items()}


def test_a_grandchild_follows_its_grandparent_as_counted_by_hand() -> None:
    """T29: eight of ten grandchildren are of their grandparent's kind, of which the table between says nothing."""
    rng = np.random.default_rng(0)
    top = pl.DataFrame({"id": np.arange(300), "kind": rng.choice(["x", "y"], 300, p=[0.3, 0.7])})
    middle = pl.DataFrame({"id": np.arange(600), "top": np.arange(600) // 2, "noise": rng.random(600)})
    kind = top["kind"].to_numpy()[np.arange(1_200) // 4]
    same = np.where(rng.random(1_200) < 0.8, kind, np.where(kind == "x", "y", "x"))
    low = pl.DataFrame({"middle": np.arange(1_200) // 2, "same": same})
    database = Database({"top": top, "middle": middle, "low": low}, ["middle.top -> top.id", "low.middle -> middle.id"])
    synth = Synthesizer(epochs=20, random_state=0).fit(database)
    laws = [law_by_hand(synth.sample(random_state=seed)) for seed in range(4)]
    real = law_by_hand(database)
    made = {pair: sum(law.get(pair, 0) for law in laws) / 4 for pair in real}
    alone = {(a, b): sum(v for (k, _), v in real.items() if k == a) * sum(v for (_, k), v in real.items() if k == b)
             for a, b in real}  # fmt: skip
    apart, by_chance = (sum(abs(law[pair] - real[pair]) for pair in real) / 2 for law in (made, alone))
    assert by_chance > 0.2
    assert apart < 0.05
    noise = {k: [] for k in "xy"}  # type: ignore[var-annotated]
    drawn = synth.sample(random_state=0)
    kinds = dict(drawn["top"].select("id", "kind").iter_rows())
    for of, value in drawn["middle"].select("top", "noise").iter_rows():
        noise[kinds[of]].append(value)
    means = [sum(values) / len(values) for values in noise.values()]
    assert abs(means[0] - means[1]) < 0.1, "and the table between still says nothing"
