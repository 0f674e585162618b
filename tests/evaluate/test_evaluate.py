"""evaluate() as a whole: every figure beside its floor, planted leaks, odd tables, wrong tables."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from likewise.errors import InputError, OptionError
from likewise.evaluate import Report, evaluate, evaluate_tables
from likewise.schema.column import Column, Kind, Role, Schema

from .frames import MIXED, mixed

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:xgboost.*")
MARGINAL = {"shape", "trend", "trend_linked", "sdmetrics_trend", "sdmetrics_trend_linked", "missing"}
ACCURACY = {"accuracy_univariate", "accuracy_bivariate", "accuracy_trivariate"}
JOINT = {"alpha_precision", "beta_recall", "mmd", "c2st"}
CLASSES = {"tstr_auc", "tstr_f1", "tstr_balanced_accuracy"}
ALL = MARGINAL | ACCURACY | JOINT | CLASSES | {"copies", "copies_once"}
ATTACKS = {
    "distance_share",
    "near_copies",
    "membership",
    "membership_tpr",
    "membership_tpr_10",
    "density",
    "density_tpr",
    "density_tpr_10",
    "inference",
    "singling_out",
    "singling_out_several",
    "linkability",
}


def run(real, synthetic, schema=MIXED, **options) -> Report:
    return evaluate_tables(real, synthetic, schema, **({"learner": "histgb"} | options))


@pytest.fixture(scope="module")
def fresh() -> Report:
    return run(mixed(2000, 0), mixed(2000, 1), holdout=mixed(1000, 2), target="class")


def test_every_figure_is_there_and_says_what_it_is(fresh):
    assert {s.name for s in fresh} == ALL | ATTACKS
    for score in fresh:
        assert score.meaning
        assert score.method
        assert score.floor is not None
        assert score.n > 0
    assert all(s.threat for s in fresh.group("privacy"))
    assert [c.name for c in fresh.columns] == [c.name for c in MIXED if c.is_modelled]
    assert fresh.data["columns_left_out"] == ["key"]
    assert fresh.notes == ()


def test_fresh_real_rows_stand_at_their_floors(fresh):
    for name in ("shape", "trend", "missing"):
        assert fresh[name].value == pytest.approx(fresh[name].floor, rel=0.6), name
    for name in ("c2st", "mmd", "alpha_precision", "beta_recall", *ATTACKS):
        low, high = fresh[name].interval
        assert low - 0.02 <= fresh[name].floor <= high + 0.02, name
    assert fresh["tstr_auc"].value == pytest.approx(fresh["tstr_auc"].floor, abs=0.05)
    assert fresh["copies"].value == fresh["copies"].floor == 0.0


def test_a_leak_of_one_row_in_twenty_is_caught():
    train, fake = mixed(4000, 0), mixed(4000, 1)
    report = run(train, pl.concat([train[:200], fake[200:]]), holdout=mixed(1500, 2))
    assert report["copies"].interval[0] > report["copies"].floor
    assert report["distance_share"].interval[0] > 0.5


def test_a_plain_copy_is_caught_by_every_attack():
    train = mixed(1500, 0)
    report = run(train, train, holdout=mixed(1000, 2))
    assert report["shape"].value == report["trend"].value == 0.0
    for name in ("copies", "distance_share", "membership"):
        assert report[name].value == pytest.approx(report[name].copy, abs=0.01)
        assert report[name].interval[0] > report[name].floor + 0.3


def test_noise_is_far_from_the_floor():
    real = mixed(1500, 0)
    shuffled = real.select(pl.col(c).shuffle(seed=i) for i, c in enumerate(real.columns))
    report = run(real, shuffled, holdout=mixed(1000, 2), target="class")
    assert report["c2st"].interval[0] > 0.6
    assert report["trend"].value > report["trend"].floor
    assert report["trend_linked"].value > 10 * report["trend_linked"].floor
    assert report["tstr_auc"].interval[1] < report["tstr_auc"].floor


def test_without_a_holdout_floors_come_from_halves_and_attacks_are_told_missing():
    report = run(mixed(2000, 0), mixed(2000, 1), target="income")
    assert {s.name for s in report} == ALL - CLASSES | {"tstr_r2", "tstr_rmse"}
    assert report["shape"].floor_by == "halves"
    assert report["shape"].value == pytest.approx(report["shape"].floor, rel=0.8)
    assert report["copies"].floor_by == "train"
    assert any("No holdout" in note for note in report.notes)


def test_an_overlapping_holdout_is_told():
    train = mixed(400, 0)
    report = run(train, mixed(400, 1), holdout=pl.concat([train[:150], mixed(150, 2)]))
    assert any("overlap" in note for note in report.notes)


def test_same_seed_same_report():
    frames = mixed(300, 0), mixed(300, 1)
    assert run(*frames, holdout=mixed(200, 2)) == run(*frames, holdout=mixed(200, 2))


def test_columns_in_another_order_change_nothing():
    real, fake = mixed(300, 0), mixed(300, 1)
    assert run(real, fake) == run(real, fake.select(reversed(fake.columns)))


def test_lacking_and_extra_columns_are_named():
    real = mixed(50, 0)
    with pytest.raises(InputError, match="synthetic table lacks column 'age' and has the extra column 'years'"):
        run(real, real.rename({"age": "years"}))
    with pytest.raises(InputError, match="holdout table lacks column 'gain'"):
        run(real, real, holdout=real.drop("gain"))


def test_another_type_is_named_without_its_values():
    real = mixed(50, 0)
    with pytest.raises(InputError, match="column 'age': kind integer does not fit") as caught:
        run(real, real.with_columns(age=pl.lit("secret")))
    assert "secret" not in str(caught.value)


def test_unknown_target_gets_a_hint():
    with pytest.raises(OptionError, match="did you mean 'income'"):
        run(mixed(50, 0), mixed(50, 1), target="incom")


def test_empty_tables_are_refused():
    with pytest.raises(InputError, match="synthetic table has no rows"):
        run(mixed(50, 0), mixed(50, 0)[:0])


ONLY_NUMBERS = Schema(tuple(Column(name=c, kind=Kind.REAL) for c in "xy"))
ONLY_LEVELS = Schema(tuple(Column(name=c, kind=Kind.CATEGORICAL) for c in "xy"))
NOTHING = {"x": pl.Float64, "y": pl.Float64}


def two_columns(kind: str, n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 2)) if kind == "numbers" else rng.integers(0, 4, (n, 2)).astype(str)
    return pl.DataFrame(values, schema=["x", "y"])


@pytest.mark.parametrize(("kind", "schema"), [("numbers", ONLY_NUMBERS), ("levels", ONLY_LEVELS)])
def test_tables_of_one_kind_of_column(kind, schema):
    report = run(*(two_columns(kind, 200, s) for s in (0, 1)), schema, holdout=two_columns(kind, 200, 2), target="x")
    assert {"near_copies", "membership", "density", "inference", "linkability"} < {s.name for s in report}


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f[:1],
        lambda f: f.with_columns(pl.lit(3).alias("age")),
        lambda f: f.with_columns(pl.lit("atlantis").alias("region")),
        lambda f: f.with_columns(pl.lit(None).cast(d).alias(c) for c, d in f.schema.items()),
        lambda f: f.with_columns(pl.lit(float("inf")).alias("gain")),
    ],
    ids=["one row", "constant column", "unseen level", "all missing", "infinite"],
)
@pytest.mark.parametrize("holdout", [True, False])
def test_odd_synthetic_tables_are_judged_without_a_stumble(change, holdout):
    report = run(mixed(200, 0), change(mixed(200, 1)), holdout=mixed(100, 2) if holdout else None, target="class")
    assert report["shape"].value > 0
    json.loads(report.to_json())
    assert Report.from_json(report.to_json()).to_dict() == report.to_dict()


def test_one_real_row_and_one_column():
    schema = Schema((Column(name="x", kind=Kind.REAL),))
    one = pl.DataFrame({"x": [1.0]})
    assert run(one, one, schema)["shape"].value == 0.0
    assert "trend" not in run(one, one, schema)


def test_a_target_with_one_class_is_a_note():
    frames = [mixed(100, s).with_columns(pl.lit("low").alias("class")) for s in range(3)]
    report = run(*frames[:2], holdout=frames[2], target="class")
    assert "tstr_auc" not in report
    assert any("one class" in note for note in report.notes)


def test_the_schema_may_name_the_target():
    schema = Schema(
        tuple(Column(name=c.name, kind=c.kind, role=Role.TARGET if c.name == "member" else c.role) for c in MIXED)
    )
    assert run(mixed(200, 0), mixed(200, 1), schema).data["target"] == "member"


def test_wide_tables_do_not_explode():
    rng = np.random.default_rng(0)
    schema = Schema(tuple(Column(name=f"c{i}", kind=Kind.CATEGORICAL if i % 2 else Kind.REAL) for i in range(300)))
    real, fake, held = (
        pl.DataFrame(
            {c.name: rng.integers(0, 5, 120).astype(str if c.kind is Kind.CATEGORICAL else float) for c in schema}
        )
        for _ in range(3)
    )
    report = run(real, fake, schema, holdout=held)
    assert report.data["pairs"] == 44_850
    assert "of 44,850 measured" in report["trend"].method
    assert report["trend"].stands == "at"


def test_frames_of_any_kind_give_the_same_report():
    real, fake, held = (mixed(300, s).drop("key") for s in range(3))
    a = evaluate(real, fake, holdout=held, target="class", learner="histgb")
    b = evaluate(*(f.to_pandas() for f in (real, fake)), holdout=held.to_pandas(), target="class", learner="histgb")
    c = evaluate(*(f.to_arrow() for f in (real, fake)), holdout=held.to_arrow(), target="class", learner="histgb")
    assert a.to_dict()["scores"] == b.to_dict()["scores"] == c.to_dict()["scores"]
    assert {s.name for s in a} >= ALL | {"distance_share", "membership", "inference", "linkability"}


def test_raw_frames_with_lacking_columns_are_told():
    real = mixed(100, 0).drop("key")
    with pytest.raises(InputError, match="lacks column 'gain'"):
        evaluate(real, real.drop("gain"))


def test_all_measures_add_learners_the_mix_importance_and_every_target():
    frames = mixed(500, 0), mixed(500, 1)
    measures = ["models", "targets"]
    report = run(*frames, holdout=mixed(400, 2), target="member", measures=measures, learner="linear")
    names = {s.name for s in report.group("utility")}
    assert {"mix_auc", "importance", "every_target", "tstr_auc_histgb"} <= names
    assert report["mix_auc"].value == pytest.approx(report["mix_auc"].floor, abs=0.05)
    assert report["importance"].value > 0.3
    low, high = report["every_target"].interval
    assert low <= 0.02
    assert high >= -0.02
    assert "c2st" not in report
    assert report.data["measures"] == ["models", "targets"]


def test_shuffled_rows_lose_every_target():
    real = mixed(600, 0)
    shuffled = real.select(pl.col(c).shuffle(seed=i) for i, c in enumerate(real.columns))
    report = run(real, shuffled, holdout=mixed(500, 2), measures="targets", learner="linear")
    assert report["every_target"].interval[0] > 0.0


def test_numbers_as_target_by_every_learner():
    report = run(mixed(300, 0), mixed(300, 1), holdout=mixed(200, 2), target="income", measures="models")
    assert {"mix_r2", "tstr_r2_linear"} <= {s.name for s in report}


def test_a_group_that_is_worse_served_shows():
    real, fake, held = (mixed(4000, s, holes=0.0) for s in range(3))
    hurt = pl.col("region") == "region 3"
    fake = fake.with_columns(age=pl.when(hurt).then(pl.col("age") + 10).otherwise(pl.col("age")))
    report = run(real, fake, holdout=held, target="class", by="region", measures="utility", learner="linear")
    found = {g.level: g for g in report.subgroups}
    assert len(found) == 8
    assert max(found.values(), key=lambda g: g.shape).level == "region 3"
    assert found["region 3"].shape > 2 * found["region 3"].shape_floor
    assert found["region 1"].shape < 1.6 * found["region 1"].shape_floor
    assert found["region 1"].interval[0] < found["region 1"].utility_floor < found["region 1"].interval[1]
    assert report.data["by"] == "region"
    assert Report.from_json(report.to_json()).to_dict() == report.to_dict()


def test_small_groups_are_a_note_and_numbers_no_groups():
    rare = mixed(300, 0).with_columns(
        pl.when(pl.col("age") > 80).then(pl.lit("rare")).otherwise("region").alias("region")
    )
    report = run(rare, mixed(300, 1), by="region", measures="accuracy")
    assert any("too few rows" in note for note in report.notes)
    with pytest.raises(OptionError, match="groups need a column of levels; 'age' holds integer"):
        run(mixed(60, 0), mixed(60, 1), by="age", measures="accuracy")
    with pytest.raises(OptionError, match=r"column of groups 'regin' is not .* did you mean 'region'"):
        run(mixed(60, 0), mixed(60, 1), by="regin")


def test_an_unknown_measure_gets_a_hint():
    with pytest.raises(OptionError, match="did you mean 'attacks'"):
        run(mixed(60, 0), mixed(60, 1), measures="atacks")


def test_names_of_columns_need_not_be_text():
    import pandas as pd

    rng = np.random.default_rng(0)
    real, fake, held = (pd.DataFrame({0: rng.normal(size=80), 1: rng.integers(0, 3, 80)}) for _ in range(3))
    assert [c.name for c in evaluate(real, fake, holdout=held, measures="accuracy").columns] == ["0", "1"]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("held", [0, 1])
def test_a_table_of_hardly_a_row_has_figures_and_no_floors(n: int, held: int) -> None:
    frame = pl.DataFrame({"a": [0.5, 1.5, None], "b": ["x", None, "y"], "c": [1, 2, 3]})
    report = evaluate(frame[:n], frame[::-1][:n], holdout=frame[:held] if held else None, target="c")
    assert not any(score.stands == "worse" for score in report)


def test_rows_of_one_person_alone_have_no_floors() -> None:
    rng = np.random.default_rng(0)
    one, other = (
        pl.DataFrame({"who": [who] * 60, "a": rng.normal(size=60), "y": rng.integers(0, 2, 60)}) for who in "pq"
    )
    report = evaluate(one, other, entity="who", target="y")
    assert not any(score.stands == "worse" for score in report)


def test_lengths_of_time_are_foretold_in_days() -> None:
    rng = np.random.default_rng(1)
    real, fake, held = (
        pl.DataFrame({"x": rng.normal(size=200), "d": rng.integers(0, 10 * 86_400, 200)}).with_columns(
            pl.duration(seconds="d").alias("d")
        )
        for _ in range(3)
    )
    score = evaluate(real, fake, holdout=held, target="d", measures=["utility"], learner="linear")["tstr_rmse"]
    assert 2.0 < score.value < 4.0  # evenly spread over ten days, of which x tells nothing: 10 / sqrt(12)
    assert score.method.endswith("in days")
