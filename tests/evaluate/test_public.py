"""Linkage to a public table: who is found in a released one, beside who would be found anyway."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli import app as cli
from likewise.errors import InputError, OptionError
from likewise.evaluate.attacks.cells import Levels, released_cells
from likewise.evaluate.attacks.public import link_public
from likewise.schema.column import Column, Kind, Role, Schema

SCHEMA = Schema(
    (
        Column(name="name", kind=Kind.ID, role=Role.ID),
        Column(name="age", kind=Kind.INTEGER, role=Role.QUASI_IDENTIFIER),
        Column(name="zip", kind=Kind.CATEGORICAL, role=Role.QUASI_IDENTIFIER),
        Column(name="illness", kind=Kind.CATEGORICAL, role=Role.SENSITIVE),
        Column(name="cost", kind=Kind.REAL, role=Role.SENSITIVE),
    )
)
PUBLIC = ["name", "age", "zip"]


def patients(rng: np.random.Generator, n: int, mark: str) -> pl.DataFrame:
    """Illness and cost follow from age, in part: some is told of everybody."""
    age = rng.integers(18, 95, n)
    ill = rng.random(n) < age / 120
    return pl.DataFrame(
        {
            "name": [f"{mark} {i}" for i in range(n)],
            "age": age,
            "zip": [f"0{k}" for k in rng.integers(1_000, 1_060, n)],
            "illness": np.where(ill, "heart", rng.choice(["none", "skin"], n)),
            "cost": np.where(ill, 900.0, np.round(rng.gamma(2.0, 150.0, n) / 50) * 50),
        }
    )


def register(*tables: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([table.select(PUBLIC) for table in tables])


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(6_203)
    return tuple(patients(rng, n, mark) for n, mark in ((700, "in"), (400, "out"), (700, "new")))


def linked(tables, released: pl.DataFrame, **more):
    train, holdout, _ = tables
    return link_public(
        register(train, holdout), train, released, SCHEMA, ["age", "zip"], **({"holdout": holdout} | more)
    )


def alarms(found) -> list[bool]:
    return [one.risk.interval[0] > one.risk.floor for one in (found.exact, found.by_distance)]


def test_people_are_found_in_a_table_that_holds_their_rows(tables):
    found = linked(tables, tables[0].drop("name"))
    assert alarms(found) == [True, True]
    assert found.exact.risk.value > 0.8, "age and zip are one's own for most"
    assert found.by_distance.risk.value > found.exact.risk.value
    assert found.by_distance.risk.floor < 0.5
    assert (found.known_by, found.read) == (("name",), ("illness", "cost"))
    assert (found.exact.risk.n, found.exact.n_others, found.n_public, found.n_unclear) == (700, 400, 1_100, 0)


def test_people_are_not_found_among_fresh_rows(tables):
    found = linked(tables, tables[2].drop("name"))
    assert alarms(found) == [False, False]
    assert found.by_distance.risk.floor > 0.2, "what age tells of everybody is no leak"


def test_without_a_holdout_the_person_most_alike_is_the_control(tables):
    copied, fresh = (linked(tables, table.drop("name"), holdout=None) for table in (tables[0], tables[2]))
    assert (alarms(copied), alarms(fresh)) == ([True, True], [False, False])
    assert copied.by_distance.n_others == 0
    assert copied.by_distance.risk.floor == pytest.approx(linked(tables, tables[0]).by_distance.risk.floor, abs=0.1)


def test_a_fifth_of_the_rows_copied_is_found_and_so_is_their_share(tables):
    released = pl.concat([tables[0][:140], tables[2][140:]])
    found = linked(tables, released)
    assert alarms(found) == [True, True]
    assert found.exact.risk.value - found.exact.risk.floor == pytest.approx(0.2, abs=0.07)


def test_clean_tables_raise_no_more_alarms_than_the_level_says():
    rng = np.random.default_rng(6_204)
    count = np.zeros(2, dtype=int)
    for k in range(40):
        drawn = tuple(patients(rng, n, mark) for n, mark in ((200, "in"), (120, "out"), (200, "new")))
        count += alarms(linked(drawn, drawn[2], **({} if k % 2 else {"holdout": None})))
    assert count.max() <= 4  # of 40 at a level of 1 in 40


def test_anonymised_rows_hide_whom_exact_values_show(tables):
    train = tables[0].drop("name")
    done = lw.privacy.anonymize(train, quasi_identifiers=["age", "zip"], sensitive="illness", k=10)
    raw, told = linked(tables, train), linked(tables, done.frame)
    assert told.exact.risk.value == 0.0, "ten rows fit each person"
    assert told.by_distance.risk.value < 0.6 * raw.by_distance.risk.value


def test_microaggregated_rows_are_linked_by_distance_alone(tables):
    train = tables[0].drop("name")
    found = linked(tables, lw.privacy.microaggregate(train, columns=["age"], k=30).frame)
    raw = linked(tables, train)
    assert found.exact.risk.value < 0.05, "a mean of ages is hardly anybody's"
    assert 0.3 < found.by_distance.risk.value < raw.by_distance.risk.value
    assert alarms(found)[1]


def test_without_a_key_people_are_known_by_all_that_both_tables_hold(tables):
    train, holdout, _ = tables
    named = register(train, holdout).drop("name")
    found = link_public(named, train, train, SCHEMA, ["age", "zip"], holdout=holdout)
    assert found.known_by == ("age", "zip")
    assert 0 < found.n_unclear < 400
    assert alarms(found) == [True, True]


def test_a_person_with_many_rows_is_one_person():
    rng = np.random.default_rng(6_205)
    train, holdout = patients(rng, 300, "in"), patients(rng, 200, "out")
    schema = SCHEMA.replace("name", kind=Kind.ID, role=Role.ENTITY)
    twice = pl.concat([train, train.with_columns(cost=pl.col("cost") + 100.0)])
    found = link_public(register(train, holdout), twice, twice, schema, ["age", "zip"], holdout=holdout)
    assert (found.known_by, found.exact.risk.n, found.n_unclear) == (("name",), 300, 0)
    assert alarms(found) == [True, True]


@pytest.mark.parametrize(
    ("cells", "value", "fits"),
    [
        (["[20, 30)", "[30, 40)", "[20, 30]", "*", None, "30", "25 | 40", "[20, 25] or missing"], 30,
         [False, True, True, True, False, True, True, False]),
        (["[0.2, 0.3)", "[0.3, 0.4)", "0.3", "0.30", "no label"], 0.3, [False, True, True, True, True]),
    ],
)  # fmt: skip
def test_labels_of_numbers_stand_for_what_they_say(cells, value, fits):
    read = released_cells(pl.Series(cells), Column(name="x", kind=Kind.REAL), pl.Series([], dtype=pl.String))
    assert (read.gaps(np.array([float(value)]), slice(None))[0] == 0.0).tolist() == fits


def test_labels_of_dates_stand_for_all_their_days():
    cells = ["1987", "1987-10", "1987-Q4", "1980s", "1987-10-19", "[1987-01-01, 1987-10-19)", "1988", "*"]
    column = Column(name="born", kind=Kind.DATETIME, dtype="Date")
    read = released_cells(pl.Series(cells), column, pl.Series([], dtype=pl.String))
    day = np.array([dt.datetime(1987, 10, 19).timestamp() - dt.datetime(1970, 1, 1).timestamp()]) * 1e6
    assert (read.gaps(day, slice(None))[0] == 0.0).tolist() == [True, True, True, True, True, False, False, True]


def test_labels_of_levels_are_sets_masks_and_stars():
    cells = ["021**", "*", "02139", '"a | b" | 02139', '"a | b"', "02140", None]
    levels = pl.Series(["02139", "a | b"])
    read = released_cells(pl.Series(cells), Column(name="zip", kind=Kind.CATEGORICAL), levels)
    assert isinstance(read, Levels)
    fits = read.gaps(np.array([0, 1]), slice(None)) == 0.0
    assert fits.tolist() == [
        [True, True, True, True, False, False, False],
        [False, True, False, True, True, False, False],
    ]


@pytest.mark.parametrize(
    "flags",
    [
        pl.Series("flag", ["no", "yes"] * 60),
        pl.Series("flag", [0, 1] * 60),
        pl.Series("flag", [False, True] * 60),
        pl.Series("flag", ["a", "?", "b"] * 40),
    ],
    ids=["words", "numbers", "truth values", "with holes"],
)
def test_a_table_given_away_whole_tells_of_each_person_however_a_column_is_written(flags: pl.Series):
    """Whoever finds the only row of a person reads there whatever it holds, a hole too."""
    rng = np.random.default_rng(6_209)
    train = pl.DataFrame({"who": [f"p{i}" for i in range(120)], "age": rng.permutation(120) + 1_000, "flag": flags})
    schema = lw.infer(train, entity=False, overrides={"who": "id", "age": "integer"})
    found = link_public(train.select("who", "age"), train, train.drop("who"), schema, ["age"])
    assert found.read == ("flag",)
    assert found.exact.risk.value == 1.0


def test_labels_of_truth_values_and_holes_are_read_as_they_are_written():
    yes_no = Column(name="x", kind=Kind.BOOLEAN, labels=("no", "yes"), missing=("?",))
    levels = pl.Series(["false", "true", None], dtype=pl.String)
    cells = ["no", "no | yes", "*", "?", "yes | missing", "true"]
    read = released_cells(pl.Series(cells), yes_no, levels)
    assert isinstance(read, Levels)
    assert (read.gaps(np.arange(3), slice(None)) == 0).T.tolist() == [
        [True, False, False], [True, True, False], [True, True, True], [False, False, True], [False, True, True],
        [False, True, False],
    ]  # fmt: skip
    numbered = Column(name="x", kind=Kind.BOOLEAN, labels=("0", "1"))
    read = released_cells(pl.Series(["[0, 1]", "1"]), numbered, levels)
    assert isinstance(read, Levels)
    assert (read.gaps(np.arange(3), slice(None)) == 0).T.tolist() == [[True, True, False], [False, True, False]]


def test_the_report_carries_both_links_beside_the_rest(tables):
    train, holdout, fresh = tables
    options = {"holdout": holdout, "schema": SCHEMA, "public": register(train, holdout), "on": ["age", "zip"]}
    report = lw.evaluate(train, fresh, measures="accuracy", **options)
    for name in ("public_exact", "public_nearest"):
        score = report[name]
        assert score.threat == "sees the released rows and holds a table of names with age, zip"
        assert score.n == 700
        assert 0.0 < score.least_leak < 0.2
        assert "400 people of the public table who are in the holdout" in score.method
    assert "shape" in report
    done = lw.privacy.anonymize(train.drop("name"), quasi_identifiers=["age", "zip"], k=5)
    told = lw.evaluate(train, done.frame, **options)
    assert [score.name for score in told] == ["public_exact", "public_nearest"]
    assert told.notes[0].startswith("Only the linkage to the public table was measured: the synthetic table: column")


@pytest.mark.parametrize(
    ("change", "on", "error", "said"),
    [
        (lambda f: f.drop("zip"), ["age", "zip"], InputError, "the public table lacks column 'zip' to link by"),
        (
            lambda f: f.rename({"age": "agge"}),
            ["age"],
            InputError,
            "lacks column 'age' to link by; did you mean 'agge'",
        ),
        (
            lambda f: f[:0],
            ["age"],
            InputError,
            "0 of 0 people of the public table were found in the real one by 'name'",
        ),
        (lambda f: f.with_columns(name=pl.lit("x")), ["age"], InputError, "0 of 1100 people"),
        (lambda f: f.with_columns(age=pl.lit("old")), ["age"], InputError, "the public table: column 'age': 1100 of"),
        (lambda f: f, [], OptionError, "linkage needs the columns"),
        (lambda f: f, ["name"], OptionError, "column 'name' is a key"),
        (lambda f: f, ["nmae"], InputError, "the public table lacks column 'nmae'"),
    ],
)
def test_what_cannot_be_linked_is_named(tables, change, on, error, said):
    train, holdout, fresh = tables
    with pytest.raises(error, match=said):
        link_public(change(register(train, holdout)), train, fresh, SCHEMA, on, holdout=holdout)


def test_columns_without_a_table_are_refused(tables):
    with pytest.raises(OptionError, match="needs public"):
        lw.evaluate(tables[0], tables[2], on=["age"], schema=SCHEMA)
    with pytest.raises(OptionError, match="no column that a link could tell"):
        link_public(tables[0], *(tables[0].select(PUBLIC),) * 2, SCHEMA, ["age", "zip"])


def test_the_command_line_links(tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train, holdout, fresh = tables
    released = pl.concat([train[:300], fresh[300:]])
    files = {"train": train, "holdout": holdout, "fake": released, "voters": register(train, holdout)}
    for name, table in files.items():
        table.write_csv(f"{name}.csv")
    words = [
        "audit",
        "train.csv",
        "fake.csv",
        "--holdout",
        "holdout.csv",
        "--public",
        "voters.csv",
        "--measures",
        "accuracy",
    ]
    (tmp_path / "rules.toml").write_text("[rules]\npublic_exact = { no_alarm = true, least_leak = 0.1 }\n")
    answer = CliRunner().invoke(cli.app, [*words, "--on", "age,zip", "--rules", "rules.toml", "--json", "out.json"])
    assert answer.exit_code == 1, answer.output
    assert "failed: public_exact: no alarm" in answer.stderr
    scores = {s["name"]: s for s in json.loads((tmp_path / "out.json").read_text())["report"]["scores"]}
    assert scores["public_nearest"]["value"] > 0.3
    answer = CliRunner().invoke(cli.app, [*words, "--on", "age,town"])
    assert answer.exit_code == 3
    assert "lacks column 'town' to link by" in answer.stderr
    assert CliRunner().invoke(cli.app, ["audit", "train.csv", "fake.csv", "--on", "age"]).exit_code == 2
