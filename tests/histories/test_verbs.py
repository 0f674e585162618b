"""Claims about histories where other verbs meet them: each works, or says what to do instead."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import OptionError, PrivacyError

from .test_cli import run
from .test_histories import in_time, learnt, visits


@pytest.mark.parametrize(
    "verb",
    [
        lambda: lw.Scenario("copula").fit(learnt()),
        lambda: lw.Imputer(learnt()).fit_transform(visits().with_columns(kg=pl.when(pl.col("visit") != 2).then("kg"))),
    ],
    ids=["scenario", "impute"],
)
def test_verbs_of_rows_say_what_to_do_instead(verb: Callable[[], Any]) -> None:
    with pytest.raises(OptionError, match="learnt histories: use sample, extend or complete, or fit without time"):
        verb()


def test_rows_do_not_go_on() -> None:
    rows = lw.Synthesizer("copula", entity="patient", random_state=0).fit(visits())
    with pytest.raises(OptionError, match="fit with entity= and time="):
        rows.extend(visits())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"only": {"sex": "f"}}, "only does not go with time: .* leave the entities that are not wanted out"),
        ({"privacy": lw.DP(1.0)}, "give privacy=lw.DP.1, 1e-06, entity='patient', max_rows=..."),
    ],
)
def test_options_of_rows_say_what_to_do_instead(options: dict[str, Any], says: str) -> None:
    with pytest.raises((OptionError, PrivacyError), match=says):
        lw.Synthesizer(entity="patient", time="day", **options)


def test_probabilities_are_of_rows_given_those_before_them_and_add_up() -> None:
    table = visits().filter(pl.col("patient") < "p0080")
    log_probs = learnt().log_prob(table)
    assert log_probs.shape == (len(table),)
    assert np.isfinite(log_probs).all()
    assert log_probs.max() < 0
    # The same rows in another order have the same probabilities.
    shuffled = table.with_columns(p=pl.Series(log_probs)).sample(fraction=1, shuffle=True, seed=1)
    assert learnt().log_prob(shuffled.drop("p")) == pytest.approx(shuffled["p"].to_numpy(), abs=1e-3)
    # Stages go from a to c for good: the other way round they are next to impossible.
    turned = table.with_columns(pl.col("stage").replace({"a": "c", "c": "a"}))
    assert learnt().log_prob(turned).mean() < log_probs.mean() - 3
    # What an entity is counts once, with its first row.
    assert learnt().log_prob(in_time(table).group_by("patient", maintain_order=True).first()).mean() < log_probs.mean()


def test_a_copy_draws_and_a_part_at_a_time() -> None:
    again = pickle.loads(pickle.dumps(learnt()))
    assert again.sample(9, random_state=1).equals(learnt().sample(9, random_state=1))
    assert pl.concat(learnt().sample_parts(9, part=7, random_state=1)).equals(learnt().sample(9, random_state=1))


def test_a_person_is_one_in_all_rows_of_an_entity() -> None:
    rng = np.random.default_rng(0)
    given, family = ["Anna", "Ben", "Clara", "David", "Emma"], ["Smith", "Jones", "Brown", "Moore", "Clark", "Hall"]
    names = [f"{rng.choice(given)} {rng.choice(family)}" for _ in range(200)]
    lengths = rng.integers(2, 6, 200)
    table = pl.DataFrame({
        "customer_id": np.repeat(np.arange(5_000, 5_200), lengths), "name": np.repeat(names, lengths),
        "email": np.repeat([f"{n.replace(' ', '.').lower()}{i}@example.org" for i, n in enumerate(names)], lengths),
        "month": np.concatenate([np.arange(n) for n in lengths]), "spent": rng.integers(1, 500, lengths.sum()),
    })  # fmt: skip
    drawn = lw.Synthesizer(entity="customer_id", time="month", random_state=0, epochs=1).fit(table).sample(100)
    assert drawn.group_by("customer_id").agg(pl.col("name", "email").n_unique()).select(
        pl.col("name", "email").max()
    ).row(0) == (1, 1)  # fmt: skip
    assert not set(drawn["email"]) & set(table["email"])


def test_a_plan_of_histories_is_tried_on_whole_ones(tmp_path: Path) -> None:
    visits().write_csv(tmp_path / "v.csv")
    for more, says in (((), "learnt, by auto learning takes"), (("--time", "day"), "as histories by 'day'")):
        told = " ".join(run("synth", tmp_path / "v.csv", "--entity", "patient", "--dry-run", *more).split())
        assert says in told
        assert "learning takes" in told
