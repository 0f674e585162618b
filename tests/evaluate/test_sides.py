"""Members and control are made exchangeable: repeated rows, people with several rows, people on both sides."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from likewise.errors import InputError, OptionError
from likewise.evaluate import Report, evaluate, neighbours
from likewise.evaluate.attacks.copies import copies_beside, copies_once, distance_share, row_hashes
from likewise.evaluate.attacks.exchange import own_side
from likewise.evaluate.attacks.sides import Side, Sides, take_sides
from likewise.evaluate.tables import Typed, type_tables
from likewise.schema.column import Column, Kind, Schema

NAMES = [f"v{i}" for i in range(5)]
NUMBERS = Schema(tuple(Column(name=name, kind=Kind.REAL) for name in NAMES))


def numbers(rng: np.random.Generator, n: int) -> pl.DataFrame:
    return pl.DataFrame(rng.gamma(2.0, size=(n, len(NAMES))), schema=NAMES)


def repeated(frame: pl.DataFrame, times: list[int]) -> pl.DataFrame:
    """Row i so often as times says, the list beginning anew where it ends."""
    n = len(frame)
    return frame[np.repeat(np.arange(n), np.resize(times, n))]


def sides_of(train: pl.DataFrame, holdout: pl.DataFrame, fake: pl.DataFrame) -> tuple[Sides, Typed]:
    a, b, synthetic = type_tables([train, holdout, fake], NUMBERS)
    real = [Side(table, row_hashes(frame, NAMES)) for table, frame in ((a, train), (b, holdout))]
    return take_sides(*real, np.random.default_rng(97)), synthetic


def nearness(train: pl.DataFrame, holdout: pl.DataFrame, fake: pl.DataFrame):
    sides, synthetic = sides_of(train, holdout, fake)
    return distance_share(sides.train.table, sides.holdout.table, synthetic, seed=31)


REPEATS = {
    "training twice": ([2], [1]),
    "training three times": ([3], [1]),
    "some rows forty times": ([40] + [1] * 19, [1]),
    "holdout twice": ([1], [2]),
    "both, unlike": ([3], [2]),
    "few rows often": ([1] * 200 + [150], [1]),
}


@pytest.mark.parametrize("times", REPEATS.values(), ids=REPEATS.keys())
def test_repeated_rows_leave_a_table_without_a_leak_at_its_floor(times):
    rng = np.random.default_rng(4_101)
    shares, alarms = [], 0
    for _ in range(20):
        train, holdout = repeated(numbers(rng, 300), times[0]), repeated(numbers(rng, 200), times[1])
        for found in nearness(train, holdout, numbers(rng, 600)):
            low, high = found.interval
            assert 0.0 <= low <= found.value <= high <= 1.0
            alarms += low > 0.5
            shares.append(found.value)
    # One share of all 600 deviates by .03: the mean of twenty by less than .01.
    assert np.mean(shares[::2]) == pytest.approx(0.5, abs=0.03)
    assert alarms <= 4  # forty tries at a level of 1 in 40; five or more come in 1 of 250


@pytest.mark.parametrize("times", REPEATS.values(), ids=REPEATS.keys())
def test_repeated_rows_hide_no_near_copies(times):
    rng = np.random.default_rng(4_102)
    base, fake = numbers(rng, 300), numbers(rng, 900)
    fake = pl.concat([base[:90] * 1.0001, fake[90:]])
    every, crowded = nearness(repeated(base, times[0]), repeated(numbers(rng, 200), times[1]), fake)
    assert every.value == pytest.approx(0.55, abs=0.04)
    assert crowded.interval[0] > 0.5


def test_rows_that_repeat_by_chance_are_all_kept():
    rng = np.random.default_rng(4_103)
    schema = Schema((Column(name="a", kind=Kind.INTEGER), Column(name="b", kind=Kind.INTEGER)))
    train, holdout = (pl.DataFrame({c: rng.integers(0, 9, n) for c in "ab"}) for n in (500, 250))
    a, b = type_tables([train, holdout], schema)
    sides = take_sides(Side(a, row_hashes(train, ["a", "b"])), Side(b, row_hashes(holdout, ["a", "b"])), rng)
    assert (sides.train.table.n, sides.holdout.table.n, sides.notes) == (500, 250, ())


def test_rows_of_few_levels_that_all_stand_twice_are_counted_once():
    rng = np.random.default_rng(4_116)
    schema = Schema(tuple(Column(name=c, kind=Kind.INTEGER) for c in "abc"))
    shares = []
    for _ in range(12):
        train, holdout, fake = (pl.DataFrame({c: rng.integers(0, 4, n) for c in "abc"}) for n in (300, 200, 600))
        report = evaluate(pl.concat([train, train]), fake, holdout=holdout, schema=schema, measures="attacks")
        assert any("Every training row stands there 2 times" in note for note in report.notes)
        assert report["membership"].stands != "worse"
        shares.append(report["distance_share"].value)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)


def test_repeats_that_may_be_chance_or_not_are_not_judged():
    rng = np.random.default_rng(4_104)
    schema = Schema((Column(name="a", kind=Kind.INTEGER), Column(name="b", kind=Kind.INTEGER)))
    train, holdout, fake = (pl.DataFrame({c: rng.integers(0, 40, n) for c in "ab"}) for n in (300, 200, 600))
    many = repeated(train, [6, 1])
    report = evaluate(many, fake, holdout=holdout, schema=schema, measures="attacks")
    assert {score.name for score in report.group("privacy")} == {"copies", "copies_once"}
    assert any("No attack was made; name the column" in note for note in report.notes)


def test_five_copies_among_five_thousand_rows_are_found():
    rng = np.random.default_rng(4_105)
    train, holdout, fresh = numbers(rng, 5_000), numbers(rng, 2_500), numbers(rng, 5_000)
    for n, is_found in ((0, False), (1, False), (5, True), (50, True)):
        fake = pl.concat([train[:n], fresh[n:]])
        sides, _ = sides_of(train, holdout, fake)
        found = copies_once(row_hashes(fake, NAMES), sides)
        assert found.value == pytest.approx(n / 5_000)
        assert (found.interval[0] > found.floor) == is_found


def test_copies_that_chance_makes_are_no_alarm():
    rng = np.random.default_rng(4_106)
    alarms = 0
    for _ in range(60):
        schema = Schema((Column(name="a", kind=Kind.INTEGER), Column(name="b", kind=Kind.INTEGER)))
        size = int(rng.choice([20, 60, 400]))  # from many copies by chance to hardly any
        frames = [pl.DataFrame({c: rng.integers(0, size, n) for c in "ab"}) for n in (600, 300, 900)]
        a, b = type_tables(frames[:2], schema)
        real = [Side(t, row_hashes(f, ["a", "b"])) for t, f in zip((a, b), frames, strict=False)]
        found = copies_once(row_hashes(frames[2], ["a", "b"]), take_sides(*real, rng))
        alarms += found.interval[0] > found.floor
    assert alarms <= 5  # sixty tries at a level of 1 in 40: six or more come in 1 of 250


def test_copies_that_chance_makes_say_nothing_without_a_holdout():
    standings, found = [], []
    for seed in range(80):
        rng = np.random.default_rng([4_107, seed])
        train, fake = (pl.DataFrame({c: (40 * rng.random(400) ** 3).astype(int) for c in "ab"}) for _ in range(2))
        schema = Schema((Column(name="a", kind=Kind.INTEGER), Column(name="b", kind=Kind.INTEGER)))
        table = type_tables([train], schema)[0]
        sides = take_sides(Side(table, row_hashes(train, ["a", "b"])), None, rng)
        once = train.filter(train.is_unique())
        for rows, results in ((fake, standings), (pl.concat([once, fake[len(once) :]]), found)):
            figure = copies_once(row_hashes(rows, ["a", "b"]), sides)
            results.append((figure.interval[0] > figure.floor) - (figure.interval[1] < figure.floor))
    # Eighty tries at one in forty: seven or more on a side come in 1 of 200. All that occur once, copied, are found.
    assert (standings.count(1) <= 6, standings.count(-1) <= 6, found.count(1)) == (True, True, 80)


def test_training_rows_of_which_none_repeats_are_worth_half_as_many_chances_of_a_pair():
    """Of a few pairs of equal rows half fall across two tables of one size and a quarter within either: two of three
    are copies where the third would be a repeat, so nine come without any in 1 of 38, ten in 1 of 58."""
    train, other = np.arange(1_000, dtype=np.uint64), np.arange(1_000, 2_000, dtype=np.uint64)
    for hits, is_alarm in ((6, False), (9, False), (10, True)):
        found = copies_beside(np.concatenate([train[:hits], other[hits:]]), train, None)
        assert (found.interval[0] > found.floor) == is_alarm


# ---- persons -----------------------------------------------------------------------------------------------------


def people(rng: np.random.Generator, n: int, rows: int | tuple[int, int] = 5, first: int = 0) -> pl.DataFrame:
    """n persons with near-alike rows, and whose each is."""
    count = np.full(n, rows) if isinstance(rows, int) else rng.integers(*rows, n)
    centre = np.repeat(rng.normal(size=(n, len(NAMES))), count, axis=0)
    values = centre + 0.02 * rng.normal(size=centre.shape)
    who = [f"person-{k}" for k in np.repeat(np.arange(n) + first, count)]
    return pl.DataFrame(values, schema=NAMES).with_columns(who=pl.Series(who))


def judged(train: pl.DataFrame, fake: pl.DataFrame, holdout: pl.DataFrame, **options) -> Report:
    return evaluate(train, fake, holdout=holdout, measures="attacks", **({"entity": "who"} | options))


def alarms_of(report: Report) -> set[str]:
    return {score.name for score in report.group("privacy") if score.stands == "worse"}


def leaked(rng: np.random.Generator, train: pl.DataFrame) -> pl.DataFrame:
    """Each row with a little noise, its person made anew."""
    values = train.select(NAMES).to_numpy()
    new = pl.DataFrame(values + 0.02 * rng.normal(size=values.shape), schema=NAMES)
    return new.with_columns(who=pl.Series([f"new-{i}" for i in range(len(new))]))


def test_persons_are_the_unit_of_every_attack():
    rng = np.random.default_rng(4_107)
    train, holdout = people(rng, 120), people(rng, 60, first=900)
    report = judged(train, leaked(rng, train), holdout)
    assert report["membership"].n == 60
    assert report["inference"].n == 120
    assert (report.data["entity"], report.data["persons_real"], report.data["persons_holdout"]) == ("who", 120, 60)
    assert report["distance_share"].value == 1.0
    assert {"distance_share", "near_copies", "membership", "density", "linkability", "inference"} <= alarms_of(report)
    assert "persons" in report["membership"].method


def test_holdout_rows_of_members_are_no_control():
    rng = np.random.default_rng(4_108)
    train, holdout = people(rng, 120), people(rng, 60, first=900)
    fake, members = leaked(rng, train), people(rng, 120).head(200)
    alone, mixed = judged(train, fake, holdout), judged(train, fake, pl.concat([holdout, members]))
    assert alone.notes == ()
    assert any(note.startswith("40 of 100 holdout persons are in the training rows too") for note in mixed.notes)
    assert mixed["linkability"].floor < 0.1, "members in the control would make the leak look like chance"
    assert alarms_of(alone) == alarms_of(mixed)


def test_a_holdout_of_members_alone_makes_no_attack():
    rng = np.random.default_rng(4_109)
    every = people(rng, 100)
    by_row = rng.permutation(len(every))
    report = judged(every[by_row[:400]], leaked(rng, every), every[by_row[400:]])
    assert {score.name for score in report.group("privacy")} == {"copies", "copies_once"}
    assert any("a control that contains members is no control" in note for note in report.notes)
    assert any("at least 20 training and holdout persons" in note for note in report.notes)


def test_persons_with_unlike_numbers_of_rows_are_met_by_one_row_each():
    rng = np.random.default_rng(4_110)
    train, holdout, fake = people(rng, 150), people(rng, 100, 1, 900), people(rng, 300, 1, 5_000)
    report = judged(train, fake, holdout)
    assert any("one row of each" in note for note in report.notes)
    assert report["distance_share"].value == pytest.approx(0.5, abs=0.25)
    assert "distance_share" not in alarms_of(report)


def test_floors_come_from_whole_persons_where_there_is_no_holdout():
    rng = np.random.default_rng(4_111)
    train, fake = people(rng, 60, 40), people(rng, 60, 40, 5_000)
    by_row, by_person = (evaluate(train, fake, measures="accuracy", entity=who) for who in (False, "who"))
    assert by_person["shape"].floor > 2.0 * by_row["shape"].floor


def test_a_classifier_does_not_know_real_rows_by_their_persons():
    rng = np.random.default_rng(4_117)
    train, holdout, fake = people(rng, 40), people(rng, 60, 10, 900), people(rng, 600, 1, 5_000)
    options = {"holdout": holdout, "measures": "detection", "learner": "histgb"}
    by_row, by_person = (evaluate(train, fake, entity=who, **options)["c2st"].value for who in (False, "who"))
    assert by_row > by_person + 0.1
    assert by_person < 0.7


def test_the_schema_may_say_whose_a_row_is():
    rng = np.random.default_rng(4_112)
    schema = Schema((*NUMBERS, Column(name="who", kind=Kind.CATEGORICAL, role="entity")))
    train, fake, holdout = people(rng, 60), people(rng, 60, 5, 5_000), people(rng, 40, 5, 900)
    assert judged(train, fake, holdout, entity=None, schema=schema) == judged(train, fake, holdout, schema=schema)
    assert judged(train, fake, holdout, entity=False, schema=schema).data["entity"] is None
    assert judged(train, fake.drop("who"), holdout, schema=schema)["membership"].n == 40


def test_rows_that_do_not_tell_whose_they_are_are_named():
    rng = np.random.default_rng(4_113)
    train = people(rng, 30).with_columns(who=pl.when(pl.int_range(pl.len()) > 2).then("who"))
    with pytest.raises(InputError, match="column 'who': 3 of 150 rows do not tell whose they are"):
        judged(train, people(rng, 30), people(rng, 30))
    with pytest.raises(OptionError, match="entity names column 'whose', which the table lacks; did you mean 'who'"):
        judged(people(rng, 30), people(rng, 30), people(rng, 30), entity="whose")


# ---- no chance parted the sides ------------------------------------------------------------------------------------


def rows_of_persons(rng: np.random.Generator, n_persons: int, noise: float) -> pl.DataFrame:
    """One to nine rows of each person, which differ by so much; nobody tells whose they are."""
    own = np.repeat(rng.normal(size=(n_persons, len(NAMES))), rng.integers(1, 10, n_persons), axis=0)
    return pl.DataFrame(own + noise * rng.normal(size=own.shape), schema=NAMES)


@pytest.mark.parametrize("noise", [0.02, 0.5])
def test_attacks_say_nothing_where_unnamed_persons_stand_on_one_side_with_all_their_rows(noise):
    rng = np.random.default_rng(4_120)
    train, holdout, fake = (rows_of_persons(rng, n, noise) for n in (80, 40, 80))
    report = evaluate(train, fake, holdout=holdout, measures="attacks", entity=False)
    assert "membership" not in report
    assert any("name the column that tells whose a row is" in note for note in report.notes)


def test_persons_dealt_out_row_by_row_are_a_control():
    """Which of their rows is a training row is chance: attacks may be held against it."""
    rng = np.random.default_rng(4_121)
    every = rows_of_persons(rng, 120, 0.1).sample(fraction=1.0, shuffle=True, seed=0)
    report = evaluate(every[:400], rows_of_persons(rng, 80, 0.1), holdout=every[400:], measures="attacks", entity=False)
    assert report["membership"].stands == "at"


def test_a_split_by_chance_is_called_one():
    found = []
    for seed in range(40):
        rng = np.random.default_rng([4_122, seed])
        rows = numbers(rng, 300).with_columns(pl.col(NAMES[0]).round(0))
        found.append(own_side(*type_tables([rows[:200], rows[200:]], NUMBERS), rng))
    assert all(f.is_chance for f in found)
    z = [(f.share - f.by_chance) / f.deviation for f in found]
    assert abs(np.mean(z)) < 0.6
    assert 0.6 < np.std(z) < 1.5


# ---- all rows are searched -----------------------------------------------------------------------------------------


def test_near_copies_are_found_in_a_table_of_any_length():
    rng = np.random.default_rng(4_114)
    train, holdout, fake = numbers(rng, 60_000), numbers(rng, 20_000), numbers(rng, 3_000)
    fake = pl.concat([train[-150:] * 1.0001, fake[150:]])
    every, crowded = nearness(train, holdout, fake)
    assert (every.searched, crowded.value) == (1.0, 1.0)
    assert crowded.interval[0] > 0.5


def test_the_share_that_was_searched_is_told(monkeypatch):
    monkeypatch.setattr(neighbours, "MOST_FLOATS", 4_000)
    rng = np.random.default_rng(4_115)
    report = evaluate(*(numbers(rng, 800) for _ in range(2)), holdout=numbers(rng, 400), measures="attacks")
    assert report["distance_share"].searched == pytest.approx(200 / 800)
    assert "only 25.0% of the rows were searched" in report["distance_share"].method
    assert report["membership"].searched == pytest.approx(400 / 800)
    assert "only 50.0% of the rows were searched" in report["membership"].method
