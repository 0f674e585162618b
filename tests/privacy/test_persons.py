"""Persons, not rows: what is promised holds among the people of a class, counted one by one."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.column import CodecOptions
from likewise.privacy import Promise, anonymize, hierarchies, measure, row_risk
from likewise.privacy.codec import anonymous_codec
from likewise.privacy.criteria import count_persons, paired
from likewise.privacy.encoding import spelled_once
from likewise.schema.parse import parse

QUASI = ["age", "town", "pay"]
TOWNS = {"Bern": ["CH"], "Basel": ["CH"], "Oslo": ["NO"], "Rome": ["IT"], None: ["none"]}


def visits(seed: int, persons: int = 40) -> pl.DataFrame:
    """One to six rows a person, whose age is its own and whose other cells vary; some are missing."""
    rng = np.random.default_rng(7_000 + seed)
    who = np.repeat(np.arange(persons), rng.integers(1, 7, persons))
    n = len(who)
    frame = pl.DataFrame(
        {
            "who": [f"id {i:03}" for i in who],
            "age": rng.integers(20, 60, persons)[who],
            "town": rng.choice(["Bern", "Basel", "Oslo", "Rome"], n),
            "pay": np.round(rng.gamma(3, 20, persons)[who]) / 10,
            "ill": rng.choice(["flu", "Flu ", "cold", "hiv", "ulcer"], n, p=[0.3, 0.1, 0.3, 0.1, 0.2]),
        }
    )
    holes = [pl.when(pl.Series(rng.random(n) < 0.1)).then(None).otherwise(c).alias(c) for c in ("town", "ill")]
    return frame.with_columns(holes)[rng.permutation(n)]


def classes_of(frame: pl.DataFrame, who: list[Any], names: list[str]) -> dict[tuple[str, ...], list[tuple[Any, Any]]]:
    """(person, level) of each row of each class, as its cells read."""
    found = defaultdict(list)
    ill = [None if x is None else x.strip().lower() for x in frame["ill"]]
    for row, person, level in zip(frame.select(names).iter_rows(), who, ill, strict=True):
        found[tuple(map(str, row))].append((person, level))
    return found


def worst(classes: dict[Any, list[tuple[Any, Any]]], *, ignore_missing: bool = False) -> dict[str, float]:
    """The slow count: the least or largest of each figure over the classes."""
    every = {pair for pairs in classes.values() for pair in pairs}
    levels = sorted({level for _, level in every}, key=str)
    q = np.array([sum(s == level for _, s in every) for level in levels]) / len(every)
    out = {"k": math.inf, "l": math.inf, "entropy": math.inf, "alpha": 0.0, "t": 0.0, "c": 0.0}
    for pairs in classes.values():
        out["k"] = min(out["k"], len({person for person, _ in pairs}))
        counts = np.array([len({p for p, s in pairs if s == level}) for level in levels], float)
        out["t"] = max(out["t"], np.abs(counts / counts.sum() - q).sum() / 2)
        known = [c for c, level in zip(counts, levels, strict=True) if c and not (ignore_missing and level is None)]
        people = len({p for p, s in pairs if not (ignore_missing and s is None)})
        p = np.array(known) / sum(known) if known else np.array([1.0])
        out["l"] = min(out["l"], len(known))
        out["entropy"] = min(out["entropy"], math.exp(-(p * np.log(p)).sum()))
        out["alpha"] = max(out["alpha"], max(known, default=0) / max(people, 1))
        tail = sum(sorted(known, reverse=True)[1:])
        out["c"] = max(out["c"], max(known, default=1) / tail if tail else math.inf)
    return out


PROMISES: list[dict[str, Any]] = [
    {}, {"l": 3}, {"l": 2.2, "l_kind": "entropy"}, {"l": 2, "l_kind": "recursive", "c": 2.0}, {"alpha": 0.85},
    {"t": 0.35}, {"l": 2, "alpha": 0.95, "ignore_missing": True}, {"alpha": 0.9, "ignore_missing": True},
]  # fmt: skip


@pytest.mark.parametrize("method", ["mondrian", "mondrian-relaxed", "lattice"])
@pytest.mark.parametrize("promise", PROMISES, ids=str)
def test_promises_hold_among_persons(promise: dict[str, Any], method: str) -> None:
    for seed, k in enumerate((2, 3, 5, 11)):
        frame = visits(seed)
        ladders = {"town": TOWNS, "age": hierarchies.intervals(5)} if seed % 2 or method == "lattice" else {}
        spare = {"max_suppression": 0.3, "suppressed": ("star", "drop")[seed % 2]} if method == "lattice" else {}
        done = anonymize(
            frame, quasi_identifiers=QUASI, sensitive="ill", entity="who", k=k, method=method, hierarchies=ladders,
            **promise, **spare,
        )  # fmt: skip
        assert done.frame.columns == ["age", "town", "pay", "ill"]
        told = ~done.suppressed[done.rows]
        who = frame["who"][done.rows].filter(pl.Series(told)).to_list()
        found = worst(
            classes_of(done.frame.filter(pl.Series(told)), who, QUASI),
            ignore_missing=promise.get("ignore_missing", False),
        )
        assert found["k"] >= k
        assert found["k"] == done.report.measures.k
        of = done.report.measures.sensitive[0]
        assert (found["l"], found["alpha"]) == (of.distinct_l, pytest.approx(of.alpha))
        if "l" in promise and promise.get("l_kind") is None:
            assert found["l"] >= promise["l"]
        if promise.get("l_kind") == "entropy":
            assert found["entropy"] >= promise["l"] - 1e-9
        if "c" in promise:
            assert found["c"] < promise["c"]
        assert found["alpha"] <= promise.get("alpha", 1) + 1e-9
        if "t" in promise and method != "lattice":  # where all rows are told, their whole is the input's
            assert found["t"] <= promise["t"] + 1e-9


def test_many_rows_of_one_person_are_no_crowd() -> None:
    frame = pl.DataFrame({"who": [1] * 5 + [2] * 5, "zip": ["8001"] * 5 + ["8002"] * 5, "ill": list("abcde") * 2})
    assert measure(frame, quasi_identifiers="zip").k == 5
    found = measure(frame, quasi_identifiers="zip", sensitive="ill", entity="who")
    assert (found.k, found.n_persons, found.n_rows, found.unique_rows, found.prosecutor_max) == (1, 2, 10, 2, 1.0)
    assert row_risk(frame, quasi_identifiers="zip", entity="who").tolist() == [1.0] * 10
    done = anonymize(frame, quasi_identifiers="zip", entity="who", k=2)
    assert done.frame["zip"].unique().to_list() == ["other levels"]  # each is one person's
    with pytest.raises(lw.OptionError, match="k=3 is more than the 2 persons of column 'who'"):
        anonymize(frame, quasi_identifiers="zip", entity="who", k=3)


def test_new_rows_alone_are_counted_in_persons_too() -> None:
    frame = visits(8).drop("pay")
    done = anonymize(frame, quasi_identifiers="age", entity="who", k=4)
    new = frame.filter(pl.col("who") < "id 012")
    people = defaultdict(set)
    for label, who in zip(done.recoding.transform(new, keep_order=True)["age"], new["who"], strict=True):
        people[label].add(who)
    k = min(map(len, people.values())) + 1
    with pytest.warns(lw.LikewiseWarning, match="rows fall into no released class"):
        told = done.recoding.transform(new, k=k)
    assert told.columns == ["age", "town", "ill"]
    assert set(told["age"]) == {label for label, whose in people.items() if len(whose) >= k}


def test_a_key_that_repeats_is_told_of_where_none_is_named() -> None:
    frame = visits(6).drop("pay").rename({"who": "person_id"})
    n = frame["person_id"].n_unique()
    notes = anonymize(frame, quasi_identifiers="age", k=5, drop="person_id").report.notes
    assert len(notes) == 1
    assert "rows were counted, not persons: column 'person_id'" in notes[0]
    assert f"{len(frame)} rows hold {n} values of it" in notes[0]
    assert "with entity='person_id' every class holds 5 persons" in notes[0]
    assert anonymize(frame, quasi_identifiers="age", k=5, entity="person_id").report.notes == ()
    assert anonymize(frame, quasi_identifiers="age", k=5, entity=False, drop="person_id").report.notes == ()
    with pytest.raises(lw.OptionError, match="entity must be the name of a column"):
        anonymize(frame, quasi_identifiers="age", k=5, entity=True)


def test_one_row_a_person_is_as_without_an_entity() -> None:
    frame = visits(1).unique("who", maintain_order=True)
    order: dict[str, Any] = dict(quasi_identifiers=QUASI, sensitive="ill", k=4, l=2, t=0.4, random_state=5)
    for method in ("mondrian", "lattice"):
        a = anonymize(frame, entity="who", method=method, **order)
        b = anonymize(frame, drop="who", method=method, **order)
        assert a.frame.equals(b.frame)
        assert a.report.gcp == b.report.gcp


def test_a_cut_leaves_k_persons_on_both_sides_where_one_can() -> None:
    # Half of the rows are one person's: the middle of the rows is not that of the persons.
    frame = pl.DataFrame({"who": [0] * 40 + list(range(1, 20)), "x": [0] * 40 + list(range(1, 20))})
    done = anonymize(frame, quasi_identifiers="x", entity="who", k=5)
    assert done.report.measures.n_classes == 4
    assert done.report.measures.k == 5


@pytest.mark.parametrize("seed", range(8))
def test_the_lattice_finds_the_best_among_persons(seed: int) -> None:
    import itertools

    frame = visits(seed, 25).drop_nulls()
    ladders = {"age": hierarchies.intervals(10, steps=2), "town": hierarchies.from_dict(TOWNS)}
    for alpha in (None, 0.9):
        done = anonymize(
            frame.drop("pay"), quasi_identifiers=["age", "town"], sensitive="ill", entity="who", k=3, alpha=alpha,
            method="lattice", hierarchies=ladders, max_suppression=0.2 if seed % 2 else 0.0,
        )  # fmt: skip
        best = math.inf
        for steps in itertools.product(range(4), range(3)):
            at = frame.select(
                ladders[c].labels(frame[c], s).alias(c) if s else pl.col(c).cast(pl.String)
                for c, s in zip(("age", "town"), steps, strict=True)
            ).with_columns(frame["ill"])
            bad = {
                key: len(pairs)
                for key, pairs in classes_of(at, frame["who"].to_list(), ["age", "town"]).items()
                if (f := worst({0: pairs}))["k"] < 3 or f["alpha"] > (alpha or 1) + 1e-9
            }
            if sum(bad.values()) <= (0.2 if seed % 2 else 0) * len(frame):
                best = min(best, loss(frame, at, bad))
        assert done.report.optimal
        assert done.report.gcp == pytest.approx(best)


def loss(frame: pl.DataFrame, at: pl.DataFrame, bad: dict[Any, int]) -> float:
    total = 0.0
    for column in ("age", "town"):
        under = defaultdict(set)
        for label, value in zip(at[column], frame[column], strict=True):
            under[label].add(value)
        whole = set(frame[column])
        for label, key in zip(at[column], at.select("age", "town").iter_rows(), strict=True):
            if key in bad or label == "*":
                total += 1
            elif column == "age":
                total += (max(under[label]) - min(under[label])) / (max(whole) - min(whole))
            elif len(under[label]) > 1:
                total += len(under[label]) / len(whole)
    return total / (2 * len(frame))


def test_a_generator_is_told_what_k_persons_share() -> None:
    frame = visits(3, 60).drop_nulls()
    schema = lw.infer(frame).replace("who", role=lw.Role.ENTITY)
    for name in QUASI:
        schema = schema.replace(name, role=lw.Role.QUASI_IDENTIFIER)
    table = parse(frame, schema)
    codec = anonymous_codec(table, schema, CodecOptions(k_anonymous=6))
    codes = codec.encode(table).codes[:, [j for name in QUASI for j in codec.fields_of(name)]]
    people = defaultdict(set)
    for row, who in zip(map(tuple, codes.tolist()), frame["who"], strict=True):
        people[row].add(who)
    assert min(map(len, people.values())) >= 6
    assert len(people) > 1
    n = frame["who"].n_unique()
    with pytest.raises(lw.PrivacyError, match=rf"k_anonymous={n + 1} is more than the {n} persons \(column 'who'\)"):
        anonymous_codec(table, schema, CodecOptions(k_anonymous=n + 1))


def test_persons_are_counted_as_sets_are() -> None:
    rng = np.random.default_rng(77)
    groups, persons, levels = np.sort(rng.integers(0, 9, 300)), rng.integers(0, 30, 300), rng.integers(0, 4, 300)
    slow = [len(set(persons[groups == g])) for g in range(9)]
    assert count_persons(groups, persons, 9).tolist() == slow
    codes, pairs = paired(levels.astype(np.int32), 4, persons)
    assert (pairs.level[codes] == levels).all()
    assert (pairs.person[codes] == persons).all()
    assert len(pairs.level) == len(set(zip(persons.tolist(), levels.tolist(), strict=True)))


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"entity": "whom"}, lw.InputError, "column 'whom', which the table lacks; did you mean 'who'"),
        ({"entity": "age"}, lw.OptionError, "column 'age' tells whose a row is"),
        ({"entity": "ill"}, lw.OptionError, "column 'ill' tells whose a row is"),
        ({"entity": "hole"}, lw.InputError, "column 'hole': 1 of .* rows do not tell whose they are"),
    ],
    ids=str,
)
def test_a_wrong_entity_is_refused_in_words(wrong: dict[str, str], error: Any, text: str) -> None:
    frame = visits(2)
    frame = frame.with_columns(hole=pl.Series([None, *frame["who"][1:]]))
    order: dict[str, Any] = dict(quasi_identifiers=["age", "town"], sensitive="ill", **wrong)
    for refused in (lambda: anonymize(frame, k=2, **order), lambda: measure(frame, **order)):
        with pytest.raises(error, match=text):
            refused()


# ---- what counts as a level ----------------------------------------------------------------------------------------


def test_spellings_of_one_word_are_one_level() -> None:
    words = ["flu", "Flu", "FLU ", "caf\u00e9", "cafe\u0301", "Stra\u00dfe", "STRASSE", None, "flu"]
    assert spelled_once(pl.Series(words)).drop_nulls().n_unique() == 3
    assert spelled_once(pl.Series([1.5, None])).to_list() == [1.5, None]
    frame = pl.DataFrame({"q": ["x"] * 9, "s": words})
    assert measure(frame, quasi_identifiers="q", sensitive="s").sensitive[0].distinct_l == 4
    assert measure(frame, quasi_identifiers="q", sensitive="s", ignore_missing=True).sensitive[0].distinct_l == 3
    with pytest.raises(lw.OptionError, match="l=5 is more than the 4 levels of 's'"):
        anonymize(frame, quasi_identifiers="q", sensitive="s", k=2, l=5)
    with pytest.raises(lw.OptionError, match="l=4 is more than the 3 levels of 's'"):
        anonymize(frame, quasi_identifiers="q", sensitive="s", k=2, l=4, ignore_missing=True)


def test_a_missing_cell_hides_nobody_on_request() -> None:
    frame = pl.DataFrame({"q": ["x"] * 4 + ["y"] * 4, "s": ["hiv", "hiv", "hiv", None, "hiv", "flu", "flu", None]})
    order: dict[str, Any] = dict(quasi_identifiers="q", sensitive="s", k=4, l=2)
    assert anonymize(frame, **order).report.measures.n_classes == 2
    assert anonymize(frame, ignore_missing=True, **order).report.measures.n_classes == 1
    only_missing = pl.DataFrame({"q": ["x"] * 4 + ["y"] * 4, "s": [None] * 4 + ["a", "b"] * 2})
    assert anonymize(only_missing, ignore_missing=True, **order).report.measures.n_classes == 1


def test_a_column_of_nothing_but_holes_has_no_level() -> None:
    frame = pl.DataFrame({"q": ["x", "x", "y"], "s": pl.Series([None] * 3, dtype=pl.String), "who": [1, 2, 3]})
    for entity in (None, "who"):
        of = measure(frame, quasi_identifiers="q", sensitive="s", ignore_missing=True, entity=entity).sensitive[0]
        assert (of.distinct_l, of.one_level, of.alpha, of.basic_beta) == (0, 0, 0.0, 0.0)
        assert measure(frame, quasi_identifiers="q", sensitive="s", entity=entity).sensitive[0].distinct_l == 1


def test_classes_in_which_all_have_one_level_are_told_of() -> None:
    frame = pl.DataFrame({"q": ["x"] * 4 + ["y"] * 4, "s": ["hiv"] * 4 + ["flu", "Flu"] * 2, "r": ["a", "b"] * 4})
    report = anonymize(frame, quasi_identifiers="q", sensitive=["s", "r"], k=4).report
    assert report.notes == (
        "in 2 of 2 classes all rows have one level of 's': whoever is in one of them has it; l=2 or more forbids that",
    )
    assert [of.one_level for of in report.measures.sensitive] == [2, 0]


# ---- what a promise is ---------------------------------------------------------------------------------------------


def test_a_promise_is_one_value() -> None:
    frame = visits(4)
    promise = Promise(k=3, l=2, t=0.5)
    order: dict[str, Any] = dict(quasi_identifiers=QUASI, sensitive="ill", entity="who", random_state=6)
    whole, parts = anonymize(frame, promise=promise, **order), anonymize(frame, k=3, l=2, t=0.5, **order)
    assert whole.frame.equals(parts.frame)
    assert whole.report.promise == promise.words() == "k=3, distinct l=2, t=0.5"
    with pytest.raises(lw.OptionError, match="k, l are parts of the promise"):
        anonymize(frame, promise=promise, k=4, l=2, **order)
    with pytest.raises(lw.OptionError, match=r"must be a likewise\.privacy\.Promise, got int"):
        anonymize(frame, promise=5, **order)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        promise.k = 1  # type: ignore[misc]


def test_stars_that_are_measured_again_are_no_class() -> None:
    frame = pl.DataFrame({"q": ["a"] * 5 + ["b"] * 5 + ["c"], "r": [1] * 11, "s": ["u", "v"] * 5 + ["u"]})
    done = anonymize(
        frame, quasi_identifiers=["q", "r"], sensitive="s", k=5, method="lattice", max_suppression=0.1,
        suppressed="star",
    )  # fmt: skip
    again = measure(done.frame, quasi_identifiers=["q", "r"], sensitive="s")
    assert again == done.report.measures
    assert (again.k, again.n_rows, again.suppressed_rows) == (5, 10, 1)
    told = measure(pl.DataFrame({"q": ["*"] * 3}), quasi_identifiers="q")
    assert (told.k, told.suppressed_rows) == (3, 0)


def test_a_population_holds_the_table() -> None:
    table = pl.DataFrame({"who": [1, 1, 2, 3], "q": ["a"] * 4})
    with pytest.raises(lw.InputError, match="1 classes of the table hold more people than they have in the population"):
        measure(table, quasi_identifiers="q", population=pl.DataFrame({"q": ["a"] * 3}))
    found = measure(table, quasi_identifiers="q", population=pl.DataFrame({"q": ["a"] * 3}), entity="who")
    assert (found.k_map, found.presence) == (3, (1.0, 1.0))
    with pytest.raises(lw.InputError, match=r"4 rows of 3 persons \(column 'who'\); give one row a person"):
        measure(table, quasi_identifiers="q", population=table, entity="who")


@pytest.mark.parametrize("seed", range(6))
def test_each_class_could_be_k_map_of_the_population(seed: int) -> None:
    rng = np.random.default_rng(40 + seed)
    everyone = pl.DataFrame(
        {"age": rng.integers(20, 60, 400), "town": rng.choice(["Bern", "Basel", "Oslo", "Rome"], 400)}
    )
    here = everyone.filter(pl.Series(rng.random(400) < 0.2))
    ladders: Any = {"town": TOWNS, "age": hierarchies.intervals(5)}
    order: dict[str, Any] = dict(quasi_identifiers=["age", "town"], method="lattice", hierarchies=ladders)
    done = anonymize(here, k=1, k_map=12, population=everyone, max_suppression=0.1 * (seed % 2), **order)
    steps = done.report.levels
    assert steps is not None
    told = everyone.select(
        (hierarchies.from_dict(ladders[c]) if c == "town" else ladders[c]).labels(everyone[c], steps[c]).alias(c)
        if steps[c] else pl.col(c).cast(pl.String)
        for c in ("age", "town")
    )  # fmt: skip
    rows = told.rows()
    least = min(rows.count(row) for row in set(done.frame.cast(pl.String).rows()))
    assert least == done.report.measures.k_map >= 12
    assert "k_map=12" in done.report.promise
    with pytest.raises(lw.OptionError, match="k_map and population belong together"):
        anonymize(here, k=1, k_map=12, **order)
    with pytest.raises(lw.PrivacyError, match="keeps k=1, k_map=401"):
        anonymize(here, k=1, k_map=401, population=everyone, **order)


@pytest.mark.parametrize("hole", ["?", "NA", "", None])
def test_rows_of_nobody_are_refused_however_a_hole_is_written(hole: str | None) -> None:
    """Else all rows without a person are one person more of their class."""
    frame = visits(31).with_columns(who=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(hole)).otherwise("who"))
    for ask in (
        lambda: anonymize(frame, quasi_identifiers=["age"], entity="who", k=2),
        lambda: measure(frame, quasi_identifiers=["age"], entity="who"),
        lambda: row_risk(frame, quasi_identifiers=["age"], entity="who"),
    ):
        with pytest.raises(lw.InputError, match="column 'who': 1 of"):
            ask()


@pytest.mark.parametrize("n_holes", [1, 3, 5])
def test_a_class_of_stars_counts_whole_though_some_of_it_has_no_level(n_holes: int) -> None:
    """Seven people unlike all others hide all their cells; a hole in a sensitive cell takes none of them out."""
    ill = ["flu", "hiv"] * 10 + ["flu", "hiv", "flu", "hiv", "flu", "hiv", "flu"]
    ill[len(ill) - n_holes :] = [None] * n_holes
    frame = pl.DataFrame({
        "age": ["30"] * 20 + [f"{k}" for k in range(60, 67)], "town": ["Bern"] * 20 + list("abcdefg"), "ill": ill,
    })  # fmt: skip
    quasi = ["age", "town"]
    done = anonymize(frame, quasi_identifiers=quasi, sensitive="ill", k=5, l=2, method="local-suppression")
    sizes = done.frame.group_by(quasi).len()
    assert sizes.filter(age="*", town="*")["len"].to_list() == [7]
    for found in (done.report.measures, measure(done.frame, quasi_identifiers=quasi, sensitive="ill")):
        assert (found.k, found.n_rows, found.suppressed_rows) == (7, 27, 0)
