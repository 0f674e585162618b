"""Histories within a budget: what is protected is an entity with all its rows, and nothing else is looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from dp_accounting import dp_event
from dp_accounting.pld import pld_privacy_accountant as pld
from typer.testing import CliRunner

import likewise as lw
from likewise.audit import Claim, many_runs
from likewise.cli.app import app
from likewise.codecs.base import Codes
from likewise.dp import gate, units
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, StepPlan
from likewise.dp.ledger import DP, Ledger
from likewise.dp.units import Entities, EntitySums, one_of_each, settle
from likewise.errors import ModelFileError, OptionError, PrivacyError, RuleError, SchemaError
from likewise.histories import declared
from likewise.training import private as training
from likewise.training.loop import Schedule
from likewise.training.private import MARGIN, PrivateDescent
from likewise.typing import Ints

from ..nets.small import small_net
from ..nets.test_ghosts import SIZES
from ..nets.test_ghosts import codes as public_codes
from . import questions
from .artefacts import are_equal, blind_answers, blind_cuts, file_of
from .questions import first_of_each, last_of_each

pytestmark = pytest.mark.filterwarnings("ignore:.*drowns what they say", "ignore:.*are few for differential privacy")

N = 400
LONGEST = 6


def table(n: int = N, seed: int = 0) -> pl.DataFrame:
    """Stays of so many people: a sex that never changes, a ward that often stays, a cost that the ward tells."""
    rng = np.random.default_rng(seed)
    lengths = rng.geometric(0.3, n).clip(max=12)
    who = np.repeat(np.arange(n), lengths)
    begins = np.diff(who, prepend=-1) != 0
    days = np.where(begins, 18_000 + np.repeat(rng.integers(0, 20, n), lengths), rng.choice([1, 1, 1, 7], len(who)))
    passed = np.cumsum(days)
    days = passed - np.repeat(passed[begins] - days[begins], lengths)
    moved = begins | (rng.random(len(who)) < 0.3)
    ward = rng.integers(0, 3, len(who))[np.maximum.accumulate(np.where(moved, np.arange(len(who)), 0))]
    return pl.DataFrame({
        "who": [f"p{i}" for i in who], "day": pl.Series(days, dtype=pl.Int32).cast(pl.Date),
        "sex": np.repeat(np.array(["f", "m"])[rng.integers(0, 2, n)], lengths),
        "ward": np.array(["a", "b", "c"])[ward], "cost": 8 * ward + rng.integers(0, 6, len(who)),
    })  # fmt: skip


SCHEMA = lw.infer(table()).declare(
    {
        "who": {"kind": "id"}, "day": {"bounds": ("2019-04-14", "2019-05-14"), "format": "%Y-%m-%d"},
        "sex": {"levels": ("f", "m")}, "ward": {"levels": ("a", "b", "c")}, "cost": {"bounds": (0, 24)},
    },
    nullable=False,
)  # fmt: skip
BUDGET = DP(10.0, 1e-6, entity="who", max_rows=LONGEST)


def synth(privacy: DP = BUDGET, **options: Any) -> lw.Synthesizer:
    asked = {"schema": SCHEMA, "time": "day", "static": ["sex"], "random_state": 0, "epochs": 1, "sampling_rate": 0.25}
    return lw.Synthesizer(privacy=privacy, **(asked | options))


@pytest.fixture(scope="module")
def fitted() -> lw.Synthesizer:
    return synth(epochs=10).fit(table(1_500))


def odd(n_rows: int = 500) -> pl.DataFrame:
    """Somebody like nobody else, who comes far more often than is counted."""
    day = pl.Series(np.arange(n_rows) + 10, dtype=pl.Int32).cast(pl.Date)
    return pl.DataFrame(
        {"who": ["secret"] * n_rows, "day": day, "sex": ["x"] * n_rows, "ward": ["z"] * n_rows, "cost": 999}
    ).with_columns(
        day=pl.when(pl.int_range(pl.len()) % 50 == 1).then(None).otherwise("day"), cost=pl.col("cost").cast(pl.Int64)
    )


def courses(n: int = 900) -> pl.DataFrame:
    """People who take one to three courses at a time, never one twice."""
    rng = np.random.default_rng(5)
    rows = []
    for e in range(n):
        terms = np.sort(rng.choice(12, rng.integers(1, 4), replace=False))
        taken, at = rng.permutation(6), 0
        for term in terms:
            for _ in range(int(rng.integers(1, 3))):
                rows.append((f"p{e}", int(term), "abcdef"[taken[at]]))
                at += 1
    return pl.DataFrame(rows, schema=["who", "term", "course"], orient="row")


def learnt_courses(*rules: str, **options: Any) -> lw.Synthesizer:
    declared = {
        "who": {"kind": "id"}, "term": {"kind": "integer", "bounds": (0, 11)},
        "course": {"kind": "categorical", "levels": tuple("abcdef")},
    }  # fmt: skip
    schema = lw.infer(courses()).declare(declared, nullable=False)
    asked = {"schema": schema, "time": "term", "static": None, "epochs": 3, "rules": list(rules)}
    return synth(**(asked | options)).fit(courses())


def repeated(rows: pl.DataFrame, *names: str) -> int:
    return int(rows.select(names).is_duplicated().sum())


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def test_drawn_histories_keep_order_lengths_and_what_an_entity_is(fitted: lw.Synthesizer) -> None:
    real, fake = table(1_500), fitted.sample(1_500, random_state=1)
    assert fake["who"].n_unique() == 1_500
    gaps = fake.select(pl.col("day").diff().over("who")).to_series().drop_nulls()
    assert (gaps.dt.total_days() >= 0).all()
    assert fake["day"].is_between(pl.date(2019, 4, 14), pl.date(2019, 5, 14)).all()
    assert fake.group_by("who").agg(pl.col("sex").n_unique())["sex"].max() == 1
    lengths = [
        np.bincount(frame.group_by("who").len()["len"].to_numpy().clip(max=LONGEST), minlength=LONGEST + 1)
        for frame in (real, fake)
    ]
    assert max(fake.group_by("who").len()["len"]) == LONGEST
    shares = [counts / counts.sum() for counts in lengths]
    assert np.abs(np.cumsum(shares[0] - shares[1])).max() < 0.08
    costs = fake.group_by("ward").agg(pl.col("cost").mean()).sort("ward")["cost"].to_list()
    assert costs == pytest.approx([2.5, 10.5, 18.5], abs=2.5)


@pytest.mark.parametrize("names", [("who", "term", "course"), ("who", "course"), ("who", "term")])
def test_what_a_person_has_once_by_declaration_is_drawn_once(names: tuple[str, ...], tmp_path: Path) -> None:
    free, ruled = learnt_courses(), learnt_courses(f"unique ({', '.join(names)})")
    assert repeated(free.sample(900, random_state=1), *names) > 20
    drawn = ruled.sample(900, random_state=1)
    assert repeated(drawn, *names) == 0
    assert drawn["who"].n_unique() == 900
    assert drawn.group_by("who").len()["len"].max() > 1
    ruled.save(tmp_path / "m")
    assert lw.load(tmp_path / "m").sample(900, random_state=1).equals(drawn)


def test_a_rule_costs_nothing_and_is_kept_behind_known_rows() -> None:
    free, ruled = learnt_courses(), learnt_courses("unique (who, course)")
    assert free.ledger_ is not None
    assert ruled.ledger_ is not None
    assert ruled.ledger_.to_dict() == free.ledger_.to_dict()
    known = courses().filter(pl.len().over("who") <= 2)
    longer = ruled.extend(known, steps=2, random_state=1)
    assert repeated(longer, "who", "course") == 0
    assert len(longer) == len(known) + 2 * known["who"].n_unique()


def test_the_ledger_counts_entities_and_comes_to_what_dp_accounting_says(fitted: lw.Synthesizer) -> None:
    ledger = fitted.ledger_
    assert ledger is not None
    assert ledger.whole
    assert ledger.group == 1
    assert "entity" in ledger.to_dict()["adjacency"]
    assert "'who' with its whole history" in ledger.to_dict()["unit"]
    oracle = pld.PLDAccountant(value_discretization_interval=1e-3)
    oracle.compose(dp_event.GaussianDpEvent(1 / np.sqrt(2 * ledger.spent)))
    for steps, multiplier in ledger.runs:
        assert steps.rate == 0.25
        event = dp_event.PoissonSampledDpEvent(steps.rate, dp_event.GaussianDpEvent(multiplier))
        oracle.compose(event, steps.steps)
    assert oracle.get_epsilon(0.9e-6) == pytest.approx(10.0, rel=0.01)
    assert ledger.epsilon <= 10.0


def test_steps_take_entities_and_not_rows_with_the_rate_that_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    honest = EntitySums._rows_of

    def watched(self: EntitySums, who: Ints, k: int) -> Any:
        seen.append(len(who))
        rows, present = honest(self, who, k)
        of = np.searchsorted(self._starts, rows.reshape(-1, k)[:, 0], side="right") - 1
        assert np.array_equal(self._starts[of], self._starts[who])  # ties of empty histories aside
        return rows, present

    monkeypatch.setattr(EntitySums, "_rows_of", watched)
    n, steps, rate = 1_000, 40, 0.1
    sums = entity_sums(np.full(n, 3), steps=steps, rate=rate)
    for _ in range(steps):
        sums.noisy(2, lambda codes, present: np.zeros(2))
    assert sum(seen) == pytest.approx(n * steps * rate, abs=6 * np.sqrt(n * steps * rate))


# ---- one contribution of each entity ---------------------------------------------------------------------------------


def entity_sums(lengths: Any, *, steps: int = 1, rate: float = 1.0, codes: Any = None) -> EntitySums:
    plan = StepPlan(
        steps=steps, rate=rate, multiplier=1.0, clip=1.0, epsilon_before=0.0, epsilon=1.0, delta=1e-6, n_rows=40.0
    )  # fmt: skip
    n = int(np.sum(lengths))
    rows = np.zeros((n, 1), np.uint8) if codes is None else codes
    return EntitySums(Codes(rows, np.zeros((n, 0), np.float32)), np.asarray(lengths), plan, 8)


def summed(lengths: list[int], rows: np.ndarray, make: Callable[..., ClippedSums] = entity_sums) -> np.ndarray:
    """The exact sum of one step that takes everybody: rows alike pull the same way."""
    net = small_net(SIZES)
    net.drop.rate = 0.0
    seen = net.visible([1, 0, 3, 2])
    descent = PrivateDescent(
        net, lambda x, own: net.nll(x, seen).sum(1), make(lengths, codes=rows),
        Schedule(learning_rate=0.01, weight_decay=0.0), public=public_codes(n=8),
        rows_of=lambda some: torch.from_numpy(some.codes.astype(np.int64)),
    )  # fmt: skip
    return descent._sums.noisy(sum(p.numel() for p in net.parameters()), descent._clipped)


def moved_by_the_canary(make: Callable[..., ClippedSums] = entity_sums) -> float:
    """How far somebody of 500 rows moves the sum of twenty people."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 8, 20).tolist()
    sizes = sorted(SIZES, reverse=True)
    rows = np.stack([rng.integers(0, k, sum(lengths)) for k in sizes], 1).astype(np.uint8)
    canary = np.repeat(np.array([[k - 1 for k in sizes]], np.uint8), 500, 0)
    without = summed(lengths, rows, make)
    return float(np.linalg.norm(summed([*lengths, 500], np.vstack([rows, canary]), make) - without))


@pytest.fixture
def exact_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (gate, units):
        monkeypatch.setattr(module, "noisy_sum", lambda total, *rest: total)


@pytest.mark.usefixtures("exact_sums")
def test_somebody_of_500_rows_moves_the_sum_by_no_more_than_the_clip_norm() -> None:
    assert 0.9 < moved_by_the_canary() <= 1.0


@pytest.mark.usefixtures("exact_sums")
def test_a_row_whose_loss_is_no_number_takes_nobody_else_out_of_the_sum() -> None:
    """Entities of fewer rows than are taken together are filled up, and not by the first row of the table."""

    def clipped(codes: Codes, present: np.ndarray) -> np.ndarray:
        losses = np.where(codes.codes[:, 0] == 1, np.nan, 1.0) * present.ravel()
        return np.array([np.nan_to_num(losses.reshape(present.shape).sum(1).clip(max=1.0)).sum(), 0.0])

    lengths = [3, 5, 6, 7, 3]
    rows = np.zeros((sum(lengths), 1), np.uint8)
    alone = np.ones((1, 1), np.uint8)
    without = entity_sums(lengths, codes=rows).noisy(2, clipped)
    within = entity_sums([1, *lengths], codes=np.vstack([alone, rows])).noisy(2, clipped)
    assert (without[0], within[0]) == (5.0, 5.0)


@pytest.mark.usefixtures("exact_sums")
def test_planted_sampling_of_rows_is_caught() -> None:
    def rows_alone(lengths: Any, codes: Any) -> ClippedSums:
        told = entity_sums(lengths, codes=codes)
        return ClippedSums(told._codes, told.plan)

    assert moved_by_the_canary(rows_alone) > 100


@pytest.mark.usefixtures("exact_sums")
def test_planted_clipping_of_rows_in_place_of_entities_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = training.add_clipped
    monkeypatch.setattr(
        training, "add_clipped",
        lambda net, loss, rows, own, clip, unit, present: honest(net, loss, rows, own, clip, 1, present),
    )  # fmt: skip
    assert moved_by_the_canary() > 5


@pytest.mark.usefixtures("exact_sums")
def test_planted_sums_without_a_clip_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = training.add_clipped
    monkeypatch.setattr(
        training, "add_clipped",
        lambda net, loss, rows, own, clip, unit, present: honest(net, loss, rows, own, 1e9, unit, present),
    )  # fmt: skip
    assert moved_by_the_canary() > 5


@pytest.mark.usefixtures("exact_sums")
def test_rows_that_pull_against_each_other_are_not_told_too_small() -> None:
    """Where gradients of one entity nearly cancel, rounding is a large part of what is left."""
    net = small_net(SIZES, scale=4.0)
    net.drop.rate = 0.0
    seen = net.visible([1, 0, 3, 2])
    rows = public_codes(n=64)
    signs = torch.where(torch.arange(64) % 2 == 0, 300.0, -300.0)
    pairs = rows.view(8, 8, -1)[:, :1].expand(8, 8, -1).reshape(64, -1)  # each unit: one row, for and against

    def loss(x: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        return net.nll(x, seen).sum(1) * (signs + torch.linspace(0, 0.1, 64))

    for unit in range(8):
        net.zero_grad()
        present = torch.arange(64) // 8 == unit
        training.add_clipped(net, loss, pairs, torch.Generator(), 1.0, 8, present)
        norm = torch.cat([p.grad.ravel() for p in net.parameters() if p.grad is not None]).double().norm()
        assert norm <= 1.0 + MARGIN


# ---- what comes before the steps -------------------------------------------------------------------------------------


def furthest(first: pl.DataFrame, second: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> float:
    """How far the answers to questions on two tables are apart, in terms of their sensitivities."""
    return questions.furthest(lambda: synth().fit(first), lambda: synth().fit(second), monkeypatch, least=5)


@pytest.mark.parametrize("chosen", [first_of_each, last_of_each])
@pytest.mark.parametrize("which", ["odd", "known"])
def test_a_whole_entity_moves_no_count_further_than_the_ledger_says(
    chosen: Any, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (declared, units):  # what is chosen of the others is the same in both tables
        monkeypatch.setattr(module, "one_of_each", chosen)
    more = odd() if which == "odd" else table(1, seed=3).with_columns(who=pl.lit("another"))
    assert furthest(table(), pl.concat([table(), more]), monkeypatch) <= 1 + 1e-9


def test_planted_counts_of_all_rows_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "one_of_each", lambda starts, n: np.arange(n))
    monkeypatch.setattr(declared, "one_of_each", first_of_each)
    assert furthest(table(), pl.concat([table(), odd()]), monkeypatch) > 2


@pytest.mark.parametrize("more", [odd(), table(1, seed=3).with_columns(who=pl.lit("another"))])
def test_an_entity_more_changes_no_row_of_any_other(more: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the steps are given: to each entity its own rows, the same whoever stands before it in the table."""
    blind_answers(monkeypatch)
    blind_cuts(monkeypatch)
    given: list[list[np.ndarray]] = []
    honest = Entities.__init__

    def watched(self: Entities, codes: Codes, lengths: Ints, *rest: Any) -> None:
        given[-1] += np.split(codes.codes, np.cumsum(lengths)[:-1])
        honest(self, codes, lengths, *rest)

    monkeypatch.setattr(Entities, "__init__", watched)
    base = table(60)
    assert max(base.group_by("who").len()["len"]) > LONGEST
    for frame in (base, pl.concat([more, base])):
        given.append([])
        synth().fit(frame)
    without, within = given
    rows = min(len(more), LONGEST)
    assert [len(within[0]), len(within[61])] == [rows, rows - 1]
    for mine, its in zip(without, [*within[1:61], *within[62:]], strict=True):
        assert np.array_equal(mine, its)


def test_one_row_of_each_is_any_of_its_rows_and_of_none_there_is_none() -> None:
    starts = np.array([0, 3, 3, 4])
    drawn = [one_of_each(starts, 10) for _ in range(300)]
    assert {tuple(starts.searchsorted(d, side="right")) for d in drawn} == {(1, 3, 4)}
    assert set(np.concatenate(drawn).tolist()) == set(range(10))


@pytest.mark.parametrize("change", ["an odd one more", "one less", "rows without anybody or time"])
def test_files_of_neighbouring_tables_are_the_same_but_for_noise(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mechanisms are blind here, so whatever differs came past them."""
    blind_answers(monkeypatch)
    blind_cuts(monkeypatch)
    monkeypatch.setattr(units, "noisy_sum", lambda total, *rest: np.sin(np.arange(len(total), dtype=float)))
    base = table(60)
    nobody = base.head(3).with_columns(who=pl.lit(None, pl.String))
    timeless = base.head(2).with_columns(day=None).cast(base.schema)
    others = {
        "an odd one more": pl.concat([odd(), base]), "one less": base.filter(pl.col("who") != "p0"),
        "rows without anybody or time": pl.concat([nobody, base, timeless]),
    }  # fmt: skip
    one, other = (file_of(synth().fit(t), tmp_path / "m.likewise") for t in (base, others[change]))
    assert are_equal(one, other)


# ---- the file, the budget, and what is refused -----------------------------------------------------------------------


def test_a_saved_model_draws_the_same_and_keeps_its_promise(fitted: lw.Synthesizer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "m.likewise")
    loaded = lw.load(tmp_path / "m.likewise")
    assert loaded.sample(20, random_state=3).equals(fitted.sample(20, random_state=3))
    assert loaded.ledger_ is not None
    assert loaded.ledger_.to_dict() == fitted.ledger_.to_dict()  # type: ignore[union-attr]
    assert (loaded.privacy, loaded.time, loaded.static) == (BUDGET, "day", ["sex"])
    assert loaded.extend(table(3), steps=2).shape == (len(table(3)) + 6, 5)
    assert set(fitted.sample(10, where={"sex": "f"}, length=2)["sex"]) == {"f"}
    assert not hasattr(fitted, "train_rows_") or fitted.train_rows_ is None
    assert "entity of column 'who'" in str(fitted.noisy_report(n=20).ledger)


def test_a_file_of_no_sound_ends_is_refused(fitted: lw.Synthesizer) -> None:
    from dataclasses import replace

    model = fitted.histories_
    assert model is not None
    with pytest.raises(ModelFileError, match="share from -1 to 1"):
        replace(model.layout, ends=(2.0,) * LONGEST).check()


def test_a_gate_gives_only_steps_that_were_paid_for() -> None:
    ledger = Ledger(BUDGET, whole=True)
    rows = Codes(np.zeros((6, 1), np.uint8), np.zeros((6, 0), np.float32))
    held = Entities(rows, np.array([2, 4]), [2], ledger)
    with pytest.raises(PrivacyError, match="not paid for"):
        held.clipped_sums([("steps", Steps(0.5, 3))], clip=1.0, n_rows=2)
    settle([(held, "steps", Steps(0.5, 3), 2.0)], ledger, clip=1.0)
    [sums] = held.clipped_sums([("steps", Steps(0.5, 3))], clip=1.0, n_rows=2)
    assert (sums.plan.steps, sums.plan.of) == (3, "entities")
    with pytest.raises(PrivacyError, match="not paid for"):  # a second time
        held.clipped_sums([("steps", Steps(0.5, 3))], clip=1.0, n_rows=2)
    with pytest.raises(PrivacyError, match="counts rows"):
        Entities(rows, np.array([2, 4]), [2], Ledger(BUDGET))
    with pytest.raises(PrivacyError, match="have 7 rows together, and there are 6"):
        Entities(rows, np.array([2, 5]), [2], Ledger(BUDGET, whole=True))


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"privacy": DP(1.0, 1e-6)}, PrivacyError, "max_rows"),
        ({"privacy": DP(1.0, 1e-6, entity="who")}, PrivacyError, "2 or more"),
        ({"rules": ["cost >= 0"]}, RuleError, "only rules as 'unique .who, ...."),
        ({"rules": ["unique (day, ward)"]}, RuleError, "only rules as 'unique .who, ...."),
        ({"rules": ["unique (who, day, wart)"]}, RuleError, "no column 'wart'.*'ward'"),
        ({"rules": ["unique (who, day, cost)"]}, RuleError, "'cost' is of kind 'integer'"),
        ({"rules": ["unique (who, sex)"], "static": ["sex"]}, RuleError, "'sex' is static"),
        ({"rules": ["unique (who, ward, sex)"]}, RuleError, "name the time"),
        ({"rules": ["unique (who, day, ward)", "unique (who, day, sex)"]}, RuleError, "say it once"),
        ({"model": "aim"}, OptionError, "take 'autoregressive'"),
        ({"time": "ward"}, SchemaError, "is to tell the time"),
        ({"static": ["hight"]}, SchemaError, "no column 'hight'"),
        ({"static": ["day"]}, SchemaError, "leave it out of static"),
        ({"holdout": 0.3}, OptionError, "nothing is held out"),
    ],
)
def test_what_cannot_be_kept_is_refused(options: dict[str, Any], error: type[Exception], says: str) -> None:
    asked = {"schema": SCHEMA, "time": "day", "random_state": 0, "privacy": BUDGET} | options
    with pytest.raises(error, match=says):
        lw.Synthesizer(**asked).fit(table(20))


def test_a_table_of_entities_beside_is_refused() -> None:
    people = table(20).group_by("who").agg(pl.col("sex").first())
    with pytest.raises(OptionError, match="join it to the rows"):
        synth().fit(table(20), static=people)


def test_fits_of_histories_and_of_rows_add_up_in_one_budget(tmp_path: Path) -> None:
    total = DP(30.0, 1e-5, entity="who", max_rows=LONGEST)
    kept = lw.Budget(tmp_path / "people.json", total=total)
    synth(budget=kept).fit(table(60))
    alone = kept.spent
    assert alone == pytest.approx(10.0, rel=0.2)
    rows = DP(2.0, 1e-6, entity="who", max_rows=LONGEST)
    lw.Synthesizer("mst", schema=SCHEMA, privacy=rows, budget=kept).fit(table(60))
    assert alone < kept.spent <= 12.1


def test_other_clocks_are_counted_by_declaration() -> None:
    base = table(80)
    moments = base.with_columns(day=pl.col("day").cast(pl.Datetime("ms")) + pl.duration(hours=5), hours=pl.lit(1.5))
    as_said = {
        "moments": (moments, {"day": {"bounds": ("2019-04-14", "2019-05-14"), "format": "%Y-%m-%d %H:%M"}}),
        "numbers": (base.with_columns(day=pl.int_range(pl.len()).over("who")), {"day": {"bounds": (0, 20)}}),
        "floats": (base.with_columns(day=pl.int_range(pl.len()).over("who") / 4), {"day": {"bounds": (0.0, 5.0)}}),
    }
    for frame, said in as_said.values():
        facts = {"who": {"kind": "id"}, "sex": {"levels": ("f", "m")}, "ward": {"levels": ("a", "b", "c")}}
        facts |= {"cost": {"bounds": (0, 24)}} | said
        facts |= {"hours": {"bounds": (0.0, 3.0)}} if "hours" in frame.columns else {}
        schema = lw.infer(frame).declare(facts, nullable=False)
        fake = synth(schema=schema).fit(frame).sample(50, random_state=0)
        assert fake["day"].dtype == frame["day"].dtype
        assert fake.select((pl.col("day").diff().over("who").drop_nulls().cast(pl.Float64) >= 0).all()).item()
        if fake["day"].dtype.is_float():
            assert fake["day"].is_between(0, 5).all()
    rows = synth(time=True, static=None).fit(base).sample(20, random_state=0)
    assert rows["who"].n_unique() == 20


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_moments_that_no_calendar_has_end_no_fit(zone: str | None) -> None:
    """An error would tell that somebody has them."""
    base = table(40).with_columns(pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone(zone), seen=None)
    base = base.with_columns(seen=pl.col("day"))
    said = {"bounds": ("2019-04-14", "2019-05-14"), "format": "%Y-%m-%d"}
    facts: dict[str, Any] = {"who": {"kind": "id"}, "sex": {"levels": ("f", "m")}, "ward": {"levels": ("a", "b", "c")}}
    facts |= {"cost": {"bounds": (0, 24)}, "day": said, "seen": {"kind": "categorical", "levels": ("once", "never")}}
    schema = lw.infer(base).declare(facts, nullable=False)
    ends = pl.Series([2**63 - 1, 1 - 2**63, 2**62]).cast(base["day"].dtype)
    more = base.head(3).with_columns(who=pl.lit("secret"), day=ends, seen=ends)
    synth(schema=schema).fit(pl.concat([base, more]))
    rows = DP(10.0, 1e-6, entity="who", max_rows=LONGEST)
    lw.Synthesizer("mst", schema=schema, privacy=rows).fit(pl.concat([base, more]))


def test_the_bounds_of_time_must_be_said() -> None:
    loose = table(20).with_columns(day=pl.int_range(pl.len()).over("who"))
    facts = {"who": {"kind": "id"}, "sex": {"levels": ("f", "m")}, "ward": {"levels": ("a", "b", "c")}}
    schema = lw.infer(loose).declare(facts | {"cost": {"bounds": (0, 24)}, "day": {"kind": "integer"}}, nullable=False)
    paying = DP(1.0, 1e-6, pay=("bounds",), entity="who", max_rows=5)
    with pytest.raises(PrivacyError, match="its bounds say how long a gap may be"):
        synth(paying, schema=schema).fit(loose)


def test_nobody_at_all_is_learnt_from_too() -> None:
    nobody = table(20).with_columns(who=pl.lit(None, pl.String))
    fake = synth().fit(nobody).sample(3, random_state=0)
    assert fake["who"].n_unique() == 3


def test_the_command_line_learns_and_draws_histories_within_a_budget(tmp_path: Path) -> None:
    real, said, fake, model = (tmp_path / name for name in ("real.csv", "schema.json", "fake.csv", "m.likewise"))
    table(300).write_csv(real)
    as_read = [lw.Column(**{**column.to_dict(), "dtype": "String"}) for column in SCHEMA]
    said.write_text(lw.Schema(tuple(as_read)).to_json())
    asked = ["synth", real, "-o", fake, "--schema", said, "--entity", "who", "--time", "day", "--static", "sex"]
    asked += ["--max-rows", LONGEST, "--epsilon", 8, "--entities", 40, "--dp-only", "--save", model]
    answer = CliRunner().invoke(app, [str(word) for word in asked])
    assert answer.exit_code == 0, answer.output
    words = " ".join(answer.output.split())
    assert "one entity of column 'who' with its whole history" in words
    assert "entities each, noise multiplier" in words
    drawn = pl.read_csv(fake, try_parse_dates=True)
    assert drawn["who"].n_unique() == 40
    sheet = CliRunner().invoke(app, ["statement", str(model), "-o", str(tmp_path / "sheet.md")])
    assert sheet.exit_code == 0, sheet.output
    assert "with its whole history" in (tmp_path / "sheet.md").read_text()
    audit = CliRunner().invoke(app, ["audit", "--dp", str(model)])
    assert audit.exit_code == 2
    assert "budget of whole histories" in " ".join(audit.output.split())


@pytest.mark.parametrize("planted", [False, True])
def test_an_audit_by_entity_clears_sums_of_entities_and_accuses_those_of_rows(planted: bool) -> None:
    """Somebody of 500 rows is in or not; who sees the noisy sum guesses it no better than the budget allows."""
    budget = DP(3.0, 1e-6, entity="who", max_rows=500)
    plan = StepPlan(
        steps=1, rate=1.0, multiplier=Ledger(budget, whole=True).multiplier(Steps(1.0, 1)), clip=1.0,
        epsilon_before=0.0, epsilon=3.0, delta=1e-6, n_rows=4.0,
    )  # fmt: skip

    def clipped(codes: Codes, present: Any = None) -> Any:
        """Each row pulls by 1, and is cut with the others of its entity, or planted alone."""
        pulls = np.ones(len(codes)) if present is None else present.sum(1).clip(max=1.0)
        return np.array([pulls.sum(), 0.0])

    def seen(inside: bool) -> float:
        lengths = np.array([3, 1, 7] + [500] * inside)
        rows = Codes(np.zeros((lengths.sum(), 1), np.uint8), np.zeros((lengths.sum(), 0), np.float32))
        sums = ClippedSums(rows, plan) if planted else EntitySums(rows, lengths, plan, 8)
        return float(sums.noisy(2, clipped)[0])

    claim = Claim(epsilon=3.0, delta=1e-6)
    found = many_runs(seen, claim, runs=1_000, law="gaussian", confidence=0.9999)
    assert found.is_broken == planted
    assert found.epsilon > 0.5
