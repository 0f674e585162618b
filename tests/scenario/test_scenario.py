"""Scenario: draws under conditions against brute force, interventions against known causes, tails, and bad input."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest

import likewise as lw
from likewise.conditions import meeting
from likewise.errors import ConditionError, InputError, NotFittedError, OptionError
from likewise.scenario import Scenario, correlation, mean, quantiles, std
from likewise.scenario.conditions import settle
from likewise.scenario.intervention import checked_graph, descendants, graph_of, guess_order
from likewise.scenario.plausibility import CodeDensity
from likewise.schema.infer import infer
from likewise.schema.parse import parse


@cache
def people() -> pl.DataFrame:
    """A table whose causes are known: age -> job -> income -> spend, and a coin that nothing depends on."""
    rng = np.random.default_rng(0)
    n = 3_000
    age = rng.integers(18, 80, n)
    out = rng.random(n) < np.where(age < 35, 0.3, 0.1)
    income = np.round(np.where(out, 10.0, 30.0) * np.exp(rng.normal(0, 0.3, n)), 1)
    spend = np.round(income * rng.uniform(0.3, 0.7, n) + rng.pareto(3.0, n), 2)
    job = np.where(out, "none", "some")
    coin = rng.choice(["heads", "tails"], n)
    return pl.DataFrame({"age": age, "job": job, "income": income, "spend": spend, "coin": coin})


@cache
def synth() -> lw.Synthesizer:
    return lw.Synthesizer(random_state=0, epochs=4).fit(people())


def scenario() -> Scenario:
    return Scenario(random_state=1).fit(synth(), real=people())


CAUSES = ["age", "job", "income", "spend", "coin"]


# ---- conditions ------------------------------------------------------------------------------------------------------


def test_conditional_draws_equal_a_brute_force_filter_within_monte_carlo_error() -> None:
    where = {"job": "some", "age": lw.between(30, 50)}
    drawn = scenario().sample(4_000, where=where).frame
    many = synth().sample(60_000, random_state=5)
    brute = many.filter((pl.col("job") == "some") & pl.col("age").is_between(30, 50))
    assert len(brute) > 5_000
    for name in ("age", "income", "spend"):
        a, b = drawn[name].to_numpy(), brute[name].to_numpy()
        error = np.hypot(a.std() / np.sqrt(len(a)), b.std() / np.sqrt(len(b)))
        assert abs(a.mean() - b.mean()) < 4 * error, name
        assert np.abs(np.quantile(a, [0.1, 0.5, 0.9]) / np.quantile(b, [0.1, 0.5, 0.9]) - 1).max() < 0.05, name
    share = [(f["coin"] == "heads").mean() for f in (drawn, brute)]
    assert abs(share[0] - share[1]) < 4 * np.sqrt(0.25 / 4_000 + 0.25 / len(brute))


def test_quantiles_are_those_of_the_rows_seen() -> None:
    drawn = scenario().sample(200, where={"income": quantiles(0.8, 1)}).frame
    assert drawn["income"].min() >= people()["income"].quantile(0.8, "lower") - 1e-9


def test_rows_partly_given_keep_their_cells() -> None:
    given = pl.DataFrame({"age": [20, None], "job": ["none", "some"]})
    drawn = scenario().sample(6, rows=given).frame
    assert drawn["job"].to_list() == ["none", "some"] * 3
    assert drawn["age"].to_list()[::2] == [20] * 3


def test_rows_partly_given_and_conditions_hold_together() -> None:
    drawn = scenario().sample(50, rows=pl.DataFrame({"job": ["none"]}), where={"age": lw.above(60)}).frame
    assert set(drawn["job"]) == {"none"}
    assert drawn["age"].min() > 60


def test_every_kind_of_condition_is_read() -> None:
    frame = pl.DataFrame({"a": [1, 2, None, 4], "b": ["x", "y", "x", None]})
    schema = infer(frame)
    table = parse(frame, schema)

    def met(**where: object) -> list[bool]:
        return meeting(table, settle(where, schema, table)).to_list()

    assert met() == [True] * 4
    assert met(a=lw.above(1)) == [False, True, False, True]
    assert met(a=lw.missing()) == [False, False, True, False]
    assert met(a=lw.between(2, 4, closed="left"), b=["x", "y"]) == [False, True, False, False]


# ---- mixes and views -------------------------------------------------------------------------------------------------


def test_a_mix_has_exactly_its_shares() -> None:
    draw = scenario().sample(1_000, mix={"job": {"none": 0.3}})
    assert (draw.frame["job"] == "none").sum() == 300
    assert draw.report["mix"]["method"] == "exact"
    p, n = (people()["job"] == "none").mean(), len(people())
    assert draw.report["mix"]["effective_rows"] == pytest.approx(n / (0.3**2 / p + 0.7**2 / (1 - p)))


def test_a_mix_leaves_what_is_given_its_value_alone() -> None:
    drawn = scenario().sample(4_000, mix={"job": {"none": 0.6}}).frame
    plain = synth().sample(20_000, random_state=3)
    means = [f.filter(pl.col("job") == "none")["income"].mean() for f in (drawn, plain)]
    assert means[0] == pytest.approx(means[1], rel=0.04)


def test_several_mixes_and_views_are_met_by_weights() -> None:
    draw = scenario().sample(
        4_000, mix={"job": {"none": 0.3}, "coin": {"heads": 0.6}}, views=[mean("age", 45.0), std("income", 12.0)]
    )
    # Four deviations of a share of the rows, which count for about 2,000 where they are weighed.
    assert (draw.frame["job"] == "none").mean() == pytest.approx(0.3, abs=0.04)
    assert (draw.frame["coin"] == "heads").mean() == pytest.approx(0.6, abs=0.04)
    error = people()["age"].std() / np.sqrt(4_000)  # type: ignore[operator]
    assert draw.frame["age"].mean() == pytest.approx(45.0, abs=4 * error)
    assert draw.frame["income"].std() == pytest.approx(12.0, abs=0.4)
    assert 0 < draw.report["views"]["effective_rows"] < draw.report["views"]["rows"]


def test_views_that_few_rows_carry_are_told() -> None:
    draw = scenario().sample(100, views=[mean("income", 65.0)])
    assert any("worth" in note for note in draw.notes)


def test_a_correlation_can_be_viewed() -> None:
    drawn = scenario().sample(8_000, views=[correlation("age", "income", 0.5)]).frame
    assert np.corrcoef(drawn["age"], drawn["income"])[0, 1] == pytest.approx(0.5, abs=0.05)


# ---- interventions ---------------------------------------------------------------------------------------------------


def test_to_set_is_not_to_see() -> None:
    """Seen unemployed, people are younger; set unemployed, they are as old as they were."""
    seen = scenario().sample(3_000, where={"job": "none"}).frame
    done = scenario().sample(3_000, intervene={"job": "none"}, order=CAUSES).frame
    everyone = people()["age"].mean()
    assert seen["age"].mean() < everyone - 4
    assert done["age"].mean() == pytest.approx(everyone, abs=1.5)
    assert done["income"].mean() == pytest.approx(seen["income"].mean(), rel=0.06)


def test_an_intervention_moves_nothing_upstream() -> None:
    plain, done = (
        scenario().sample(500, random_state=7, **how).frame
        for how in ({}, {"intervene": {"income": 99.0}, "order": CAUSES})
    )
    assert done["age"].to_list() == plain["age"].to_list()
    assert done["job"].to_list() == plain["job"].to_list()
    assert set(done["income"]) == {99.0}
    assert done["spend"].mean() > plain["spend"].mean()


def test_parents_say_the_same_as_an_order_where_the_graph_is_a_chain() -> None:
    parents = {"job": ["age"], "income": ["job"], "spend": ["income"]}
    by_graph = scenario().sample(3_000, intervene={"job": "none"}, parents=parents).frame
    by_order = scenario().sample(3_000, intervene={"job": "none"}, order=CAUSES).frame
    assert by_graph["income"].mean() == pytest.approx(by_order["income"].mean(), rel=0.05)
    assert by_graph["spend"].mean() == pytest.approx(by_order["spend"].mean(), rel=0.06)


@pytest.mark.parametrize("where", [{"income": lw.above(20.0)}, {"spend": lw.below(10.0), "coin": "heads"}])
def test_what_is_asked_of_an_effect_holds_after_the_intervention(where: dict[str, object]) -> None:
    done = scenario().sample(400, intervene={"job": "none"}, order=CAUSES, where=where).frame
    assert len(done) == 400
    assert set(done["job"]) == {"none"}
    everyone = scenario().sample(20_000, intervene={"job": "none"}, order=CAUSES).frame
    if "income" in where:
        brute = everyone.filter(pl.col("income") > 20)
        assert (done["income"] > 20).all()
    else:
        brute = everyone.filter((pl.col("spend") < 10) & (pl.col("coin") == "heads"))
        assert (done["spend"] < 10).all()
        assert set(done["coin"]) == {"heads"}
    error = np.hypot(done["age"].std() / 20, brute["age"].std() / np.sqrt(len(brute)))  # type: ignore[operator]
    assert abs(done["age"].mean() - brute["age"].mean()) < 4 * error  # type: ignore[operator]


@pytest.mark.parametrize(
    "options",
    [
        {"where": {"job": "some"}},
        {"mix": {"job": {"none": 0.3}}},
        {"views": [mean("income", 30.0)]},
        {"tail": "spend", "return_period": 1_000},
    ],
)
def test_what_an_intervention_would_undo_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConditionError, match="would not hold"):
        scenario().sample(5, intervene={"job": "none"}, order=CAUSES, **options)


def test_descendants_are_found_along_the_graph() -> None:
    graph = checked_graph({"c": ["b"], "b": ["a"], "d": []}, ["d", "c", "b", "a"])
    assert descendants(graph, ["a"]) == ["b", "c"]
    assert descendants(graph, ["d"]) == []
    assert descendants(graph_of(["a", "b", "c"], ["a", "b", "c"]), ["b"]) == ["c"]


def test_a_guessed_order_finds_a_linear_chain_with_skewed_noise() -> None:
    rng = np.random.default_rng(1)
    x = rng.exponential(size=4_000)
    y = x + rng.exponential(size=4_000)
    z = y + rng.exponential(size=4_000)
    frame = pl.DataFrame({"z": z, "x": x, "y": y})
    kinds = {c.name: c.kind for c in infer(frame)}
    assert guess_order(frame, kinds, np.random.default_rng(0)) == ["x", "y", "z"]


def test_a_guess_is_told() -> None:
    draw = scenario().sample(50, intervene={"job": "none"}, order="guess")
    assert any("guessed" in note for note in draw.notes)
    assert sorted(draw.report["intervention"]["order"]) == sorted(CAUSES)


# ---- tails -----------------------------------------------------------------------------------------------------------


def test_a_return_period_draws_rows_as_bad_or_worse() -> None:
    draw = scenario().sample(300, tail="spend", return_period=50_000)
    level = draw.report["return_level"]
    assert draw.frame["spend"].min() >= level["level"] - 0.01
    assert level["low"] < level["level"] < level["high"]
    assert draw.beyond.mean() > 0.5
    assert np.median(draw.plausibility) < 1
    assert draw.frame["income"].mean() > 2 * people()["income"].mean()  # who spends so much earns much
    assert set(draw.report["chi"]) == {"age", "income"}


def test_a_return_period_counts_rows_that_meet_the_conditions() -> None:
    made, where = scenario(), {"coin": "heads"}
    whole, part = (made.return_level(20_000, tail="spend", where=w) for w in (None, where))
    heads = (people()["coin"] == "heads").mean()
    assert part.rows == pytest.approx(whole.rows * heads)
    drawn = made.sample(100, tail="spend", return_period=20_000, where=where)
    assert set(drawn.frame["coin"]) == {"heads"}
    assert drawn.report["return_level"]["level"] == part.level


def test_extended_tails_have_the_quantiles_of_the_law() -> None:
    rng = np.random.default_rng(2)
    frame = pl.DataFrame({"x": rng.standard_t(3, 4_000), "g": rng.choice(["a", "b"], 4_000)})
    drawn = Scenario("copula", random_state=0).fit(frame).sample(200_000, extrapolate=True).frame["x"]
    from scipy import stats

    truth = stats.t.ppf([0.001, 0.999], 3)
    np.testing.assert_allclose(np.quantile(drawn.to_numpy(), [0.001, 0.999]), truth, rtol=0.25)
    assert drawn.max() > frame["x"].max()


def test_a_condition_beyond_the_data_is_drawn_from_the_tail() -> None:
    far = float(people()["spend"].max()) + 5
    draw = scenario().sample(100, where={"spend": lw.above(far)}, extrapolate=True)
    assert draw.frame["spend"].min() >= far - 0.01
    assert draw.beyond.all()


def test_the_same_seed_gives_the_same_rows() -> None:
    made, asked = scenario(), {"tail": "spend", "return_period": 50_000}
    seeded = [made.sample(50, random_state=3, **asked).frame for _ in range(2)]
    assert seeded[0].equals(seeded[1])
    assert not made.sample(50, **asked).frame.equals(made.sample(50, **asked).frame)


# ---- plausibility ----------------------------------------------------------------------------------------------------


def test_plausibility_of_ordinary_rows_is_even_and_of_odd_ones_low() -> None:
    ordinary = scenario().sample(2_000)
    assert np.mean(ordinary.plausibility) == pytest.approx(50, abs=8)
    odd = scenario().sample(200, rows=pl.DataFrame({"job": ["none"], "income": [75.0]}))
    assert np.median(odd.plausibility) < 5
    assert ordinary.beyond.mean() < 0.01  # the tails that a generator draws go on a little


def test_the_annotated_frame_carries_both_columns() -> None:
    draw = scenario().sample(10)
    assert draw.annotated.columns[-2:] == ["plausibility", "beyond_seen"]
    assert draw.frame.columns == people().columns


# ---- reverse stress --------------------------------------------------------------------------------------------------


def test_reverse_finds_the_most_plausible_rows_of_a_loss() -> None:
    """Of two normal columns with correlation r the likeliest point with a + b = c is (c/2, c/2)."""
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 4_000)
    frame = pl.DataFrame({"a": z[:, 0], "b": z[:, 1]})
    made = Scenario(model="copula", random_state=0).fit(frame)
    draw = made.reverse({"a": 1.0, "b": 1.0}, 3.6, n=5, random_state=0)
    assert len(draw) == 5
    assert min(draw.report["reverse"]["losses"]) >= 3.6
    assert draw.frame["a"].mean() == pytest.approx(1.8, abs=0.35)
    assert (np.diff(draw.log_density) <= 0).all()
    assert draw.report["reverse"]["probability"] == pytest.approx(0.0221, rel=0.35)  # P(N(0, 3.2) > 3.6)


def test_reverse_takes_a_function_of_the_users_own_frame() -> None:
    frame = people().to_pandas()
    made = Scenario(random_state=1).fit(synth(), real=frame)

    def loss(rows: pd.DataFrame) -> np.ndarray:
        return (rows["income"] - rows["spend"]).to_numpy() * np.where(rows["job"] == "none", 1.0, 0.0)

    draw = made.reverse(loss, 10.0, n=4, search_rows=500)
    assert isinstance(draw.frame, pd.DataFrame)
    assert set(draw.frame["job"]) == {"none"}
    assert (loss(draw.frame) >= 10.0).all()


def test_reverse_refuses_what_no_row_can_lose() -> None:
    with pytest.raises(ConditionError, match="no rows of such a loss"):
        scenario().reverse({"age": 1.0}, 500.0, search_rows=200)


# ---- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"where": {"job": "some"}, "mix": {"job": {"none": 0.3}}}, ConditionError, "contradict"),
        ({"where": {"wage": 1}}, ConditionError, "no column 'wage'"),
        ({"where": {"job": quantiles(0.5, 1)}}, ConditionError, "no quantiles"),
        ({"mix": {"job": {"none": 0.7, "some": 0.6}}}, ConditionError, "more than 1"),
        ({"mix": {"job": {"none": 3}}}, ConditionError, "share"),
        ({"intervene": {"job": "none"}}, OptionError, "order of cause"),
        ({"intervene": {"job": "none"}, "order": ["job"]}, OptionError, "each of the 5 columns"),
        ({"intervene": {"job": "none"}, "parents": {"age": ["job"], "job": ["age"]}}, OptionError, "circle"),
        ({"intervene": {"job": "none"}, "parents": {"wage": []}}, OptionError, "not modelled"),
        ({"return_period": 100}, OptionError, "name the column"),
        ({"return_period": 100, "tail": "job"}, OptionError, "no column of numbers"),
        ({"return_period": 100, "tail": "spend", "where": {"spend": lw.above(3)}}, ConditionError, "keep one"),
        ({"return_period": 0.5, "tail": "spend"}, OptionError, "shorter than one row's step"),
        ({"return_period": 2, "tail": "spend"}, OptionError, "within the data"),
        ({"extrapolate": ["job"]}, OptionError, "no column of numbers"),
        ({"rows": pl.DataFrame({"job": []}, schema={"job": pl.String})}, InputError, "0 rows"),
        ({"rows": pl.DataFrame({"job": ["none"]}), "where": {"job": "some"}}, ConditionError, "given in the rows too"),
        ({"rows": pl.DataFrame({"job": ["none"]}), "return_period": 9, "tail": "spend"}, OptionError, "keep one"),
        ({"tail": "spend", "side": "lower"}, OptionError, "tail and side would not be used: give return_period"),
        ({"order": "guess"}, OptionError, "order would not be used: give intervene"),
        ({"return_period": -1}, OptionError, "above 0"),
        ({"return_period": float("inf")}, OptionError, "above 0"),
        ({"side": "left"}, OptionError, "side"),
        ({"order": "any"}, OptionError, "guess"),
        ({"order": ["a"], "parents": {}}, OptionError, "not both"),
        ({"where": ["a"]}, OptionError, "must map"),
    ],
)
def test_what_contradicts_itself_is_refused(options, error, message) -> None:
    with pytest.raises(error, match=message):
        scenario().sample(5, **options)


def test_a_tail_needs_real_rows() -> None:
    with pytest.raises(OptionError, match="real rows"):
        Scenario().fit(synth()).sample(5, return_period=1e6, tail="spend")
    with pytest.raises(OptionError, match="its own rows"):
        Scenario().fit(people(), real=people())
    with pytest.raises(InputError, match="a tail needs"):
        scenario().sample(5, return_period=1e6, tail="spend", where={"age": 33})


def test_a_synthesizer_alone_is_enough_for_the_rest() -> None:
    draw = Scenario(random_state=0).fit(synth()).sample(20, where={"job": "none"})
    assert set(draw.frame["job"]) == {"none"}
    assert any("real=frame" in note for note in draw.notes)


def test_drawing_needs_a_fit() -> None:
    with pytest.raises(NotFittedError):
        Scenario().sample(3)
    with pytest.raises(OptionError, match="n must be"):
        scenario().sample(0)


def test_a_column_of_times_makes_a_period_a_year_and_puts_rows_in_order() -> None:
    rng = np.random.default_rng(4)
    days = pl.Series(np.datetime64("2000-01-01") + np.arange(3_000))
    e = rng.pareto(3.0, 3_001)
    frame = pl.DataFrame({"day": days, "loss": np.maximum(e[1:], e[:-1])})  # extremes come in pairs
    made = Scenario(time="day", random_state=0).fit(frame)
    assert made.return_level(10, tail="loss").rows == pytest.approx(3652.4, abs=2)
    draw = made.sample(20, tail="loss", return_period=10)
    assert draw.frame.columns == ["loss"]  # a time that is made up would say nothing
    assert draw.report["tail"]["extremal_index"] == pytest.approx(0.5, abs=0.15)
    with pytest.raises(InputError, match="stand twice"):
        Scenario(time="day").fit(pl.concat([frame, frame.tail(1)]))
    with pytest.raises(OptionError, match="dates"):
        Scenario(time="loss").fit(frame)


def test_nothing_is_learnt_before_a_question_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = []
    fit = lw.Synthesizer.fit
    monkeypatch.setattr(lw.Synthesizer, "fit", lambda self, *frame: learnt.append(1) or fit(self, *frame))
    made = Scenario("copula", random_state=0).fit(people())
    for options in ({"where": {"wage": 1}}, {"return_period": 0.5, "tail": "spend"}, {"intervene": {"job": "none"}}):
        with pytest.raises(lw.LikewiseError):
            made.sample(**options)
    made.return_level(20_000, tail="spend")
    assert not learnt
    made.sample(5, where={"job": "none"})
    made.sample(5, mix={"job": {"none": 0.4}})
    assert len(learnt) == 1


def test_the_tail_of_a_tables_only_column_needs_no_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lw.Synthesizer, "fit", lambda *_: pytest.fail("learnt"))
    made = Scenario(random_state=0).fit(people().select("spend"))
    draw = made.sample(500, return_period=20_000)
    assert draw.frame["spend"].min() >= draw.report["return_level"]["level"] - 0.01
    assert draw.frame["spend"].dtype == people()["spend"].dtype
    assert draw.plausibility.max() < 1
    assert (np.diff(draw.log_density[np.argsort(draw.frame["spend"])]) <= 0).all()


def test_a_density_of_one_column_is_that_of_its_codes() -> None:
    frame = people().select("spend")
    made = Scenario("copula", random_state=0).fit(frame)
    source = made.source_
    alone = source.density.of(source.table)
    coded = CodeDensity.fit(made.synthesizer_, source.margins, source.table).of(source.table)
    assert np.median(np.abs(alone - coded)) < 0.05


def test_the_old_spelling_asks_the_same_and_warns() -> None:
    asked = {"where": {"coin": "heads"}, "tail": "spend", "return_period": 20_000}
    with pytest.warns(FutureWarning, match=r"Scenario\(\.\.\.\)\.fit\(frame\)\.sample\(n, where=\.\.\., return_period"):
        old = Scenario(model="copula", random_state=1, **asked)
    new = Scenario("copula", random_state=1).fit(people())
    a, b = old.fit(people()).sample(50, random_state=2), new.sample(50, random_state=2, **asked)
    assert a.frame.equals(b.frame)
    assert a.report == b.report
    assert old.return_level(20_000) == new.return_level(20_000, tail="spend", where={"coin": "heads"})
    with pytest.raises(OptionError, match="side"):
        Scenario(return_period=20_000, side="up")


def test_the_old_spelling_refuses_when_it_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lw.Synthesizer, "fit", lambda *_: pytest.fail("learnt"))
    for options in ({"where": {"wage": 1}}, {"return_period": 0.5, "tail": "spend"}, {"intervene": {"job": "none"}}):
        with pytest.warns(FutureWarning):
            old = Scenario(**options)
        with pytest.raises(lw.LikewiseError):
            old.fit(people())


@pytest.mark.parametrize("side", ["upper", "lower"])
def test_a_price_is_told_to_have_no_return_level_and_its_changes_have_one(side: str) -> None:
    """Of a price the rows beyond a threshold are one or two stretches of time, however many they are."""
    rng = np.random.default_rng(41)
    moves = rng.standard_t(5, 3_000)
    days = pl.date_range(pl.date(2010, 1, 1), pl.date(2010, 1, 1) + pl.duration(days=2_999), eager=True)
    table = pl.DataFrame({"day": days, "price": np.exp(4 + 0.01 * moves.cumsum()), "move": moves})
    for column, is_told in (("price", True), ("move", False)):
        scenario = lw.Scenario("copula", time="day", random_state=0).fit(table.select("day", column))
        notes = scenario.sample(5, tail=column, side=side, return_period=30).notes
        assert any("follow each other in about" in note for note in notes) == is_told
    with pytest.warns(lw.LikewiseWarning, match="follow each other in about"):
        lw.Scenario(time="day", random_state=0).fit(table.select("day", "price")).return_level(30, side=side)


@pytest.mark.parametrize("seed", range(3))
def test_mixes_of_several_columns_hold_to_a_row_a_part(seed: int) -> None:
    """Of eight combinations of what is asked for each gets its share within a row."""
    rng = np.random.default_rng(42)
    table = pl.DataFrame({name: rng.choice(["no", "yes"], 2_000) for name in ("a", "b", "c")})
    mix = {"a": {"yes": 0.3}, "b": {"yes": 0.9}, "c": {"yes": 0.25}}
    rows = lw.Scenario("copula", random_state=0).fit(table).sample(1_000, mix=mix, random_state=seed).frame
    for name, shares in mix.items():
        assert abs((rows[name] == "yes").sum() - 1_000 * shares["yes"]) <= 8 / 2
