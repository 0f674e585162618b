"""No end of an interval and no name in a set is what one person alone has."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from likewise.privacy import anonymize, hierarchies
from likewise.privacy.encoding import encode
from likewise.privacy.ends import Held, ends_of
from likewise.privacy.labels import as_label

N = 400


def sparse(kind: str) -> pl.Series:
    """Values that one row has each, and lie far apart."""
    rng = np.random.default_rng(11)
    days = rng.choice(30_000, N, replace=False)
    seconds = rng.choice(10**8, N, replace=False)
    columns: dict[str, Any] = {
        "dates": [dt.date(1930, 1, 1) + dt.timedelta(days=int(d)) for d in days],
        "moments": [dt.datetime(2020, 1, 1) + dt.timedelta(seconds=int(s)) for s in seconds],
        "times": pl.Series(rng.choice(86_399, N, replace=False) * 10**9).cast(pl.Time),
        "durations": pl.Series(seconds * 1_000).cast(pl.Duration("ms")),
        "whole": rng.choice(10**6, N, replace=False) - 50_000,
        "decimals": rng.choice(10**6, N, replace=False) / 1_000,
        "thirty-two bits": (rng.choice(10**6, N, replace=False) / 1_000).astype(np.float32),
        "beyond 64 bits": pl.Series([2**63 + int(i) for i in rng.choice(10**6, N, replace=False)], dtype=pl.UInt64),
        "texts of dates": [f"{d % 28 + 1:02}.{d % 12 + 1:02}.{1930 + d // 400}" for d in days],
    }
    return pl.Series("x", columns[kind])


KINDS = ["dates", "moments", "times", "durations", "whole", "decimals", "thirty-two bits", "beyond 64 bits"]


@pytest.mark.parametrize("numbers", ["interval", "median"])
@pytest.mark.parametrize("kind", [*KINDS, "texts of dates"])
def test_no_end_of_an_interval_is_one_persons_own_value(kind: str, numbers: str) -> None:
    frame = sparse(kind).to_frame()
    column = encode(frame["x"]) if kind != "texts of dates" else encode(frame["x"].str.to_date("%d.%m.%Y").alias("x"))
    own = Counter(as_label(column.values).gather(column.codes).to_list())
    rare = {value for value, rows in own.items() if rows < 5}
    assert len(rare) > 0.9 * N
    told = anonymize(frame, quasi_identifiers="x", k=5, numbers=numbers, random_state=0)
    labels = as_label(told.frame["x"]).unique().to_list()
    ends = {end for label in labels for end in re.fullmatch(r"\[(.+), (.+)\]|(.+)", label).groups() if end}  # type: ignore[union-attr]
    assert ends & rare == set() or (kind, numbers) == ("times", "median")  # where a mean may meet a second by chance
    assert len(labels) > 20  # and yet it tells much
    assert told.report.gcp < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_an_interval_holds_its_class_and_its_ends_stand_for_five(kind: str) -> None:
    column = encode(sparse(kind))
    held = Held.of(column.codes, column.n_levels, None, 5)
    ends = ends_of(column.values, held)
    known = column.values.cast(pl.String).cast(pl.Float64) if ends.low.dtype == pl.Float64 else column.values
    assert (ends.low <= known).all()
    assert (ends.high >= known).all()
    cells = pl.DataFrame({"low": ends.low, "high": ends.high}).group_by("low", "high").len()["len"].sort()
    assert cells[1] >= 5  # all but the widest cell, for those that are left
    assert len(cells) > 20


def test_an_end_that_five_share_is_told() -> None:
    frame = pl.DataFrame({"age": [20, 31, 32, 47] * 5})
    assert set(anonymize(frame, quasi_identifiers="age", k=8).frame["age"]) == {"[20, 31]", "[32, 47]"}
    whose = pl.DataFrame({"age": [20] * 5 + [31] * 5, "who": [1] * 5 + [2] * 5})
    told = set(anonymize(whose, quasi_identifiers="age", entity="who", k=2).frame["age"])
    assert not any("20" in label or "31" in label for label in told)  # five rows, but one person's


def towns() -> pl.DataFrame:
    return pl.DataFrame({"town": ["Bern", "Basel", "Oslo"] * 30 + ["Eldorado"] + ["Ys", "Lyonesse"] * 2})


@pytest.mark.parametrize("method", ["mondrian", "mondrian-relaxed", "lattice"])
@pytest.mark.parametrize("k", [5, 40, 60])
def test_no_set_names_a_level_of_few(method: str, k: int) -> None:
    done = anonymize(towns(), quasi_identifiers="town", k=k, method=method)
    told = " ".join(done.frame["town"].unique())
    assert not [name for name in ("Eldorado", "Ys", "Lyonesse") if name in told]
    assert "other levels" in told or told == "*"
    # New rows of such a level are told as those were.
    if method != "mondrian-relaxed":
        old, new = towns()[-1:], pl.DataFrame({"town": ["Ys"]})
        assert_frame_equal(done.recoding.transform(old), done.recoding.transform(new))


def test_a_level_named_like_the_others_is_quoted() -> None:
    frame = pl.DataFrame({"town": ["other levels", "Basel"] * 5})
    assert anonymize(frame, quasi_identifiers="town", k=10).frame["town"].unique().to_list() == [
        'Basel | "other levels"'
    ]


def test_a_level_tree_counts_persons() -> None:
    towns, who = pl.Series(["a"] * 9 + ["b"] * 9 + ["c"] * 9), np.r_[np.arange(18), [18] * 9]
    assert hierarchies.by_frequency(towns).labels(towns, 1).n_unique() == 2
    assert "c" in " ".join(hierarchies.by_frequency(towns).labels(towns, 1).to_list())
    assert "c" not in " ".join(hierarchies.auto(towns, persons=who).labels(towns, 1).to_list())


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("%d.%m.%Y", r"\d\d\.\d\d\.\d{4}"),
        ("%m/%d/%Y %H:%M", r"\d\d/\d\d/\d{4} \d\d:\d\d"),
        ("%d %b %Y", r"\d\d [A-Z][a-z]{2} \d{4}"),
        ("%b %d, %Y", r"\d{4}-\d\d-\d\d"),  # whose comma would look like that between the ends
    ],
)
def test_ranges_of_dates_are_written_as_the_dates_are(form: str, told: str) -> None:
    rng = np.random.default_rng(5)
    days = [dt.datetime(2001, 3, 4) + dt.timedelta(hours=int(hours)) for hours in rng.integers(0, 30_000, 300)]
    frame = pl.DataFrame({"day": [day.strftime(form) for day in days], "x": rng.integers(0, 3, 300)})
    done = anonymize(frame, quasi_identifiers=["day"], k=5)
    assert done.frame["day"].str.contains(rf"^(?:\*|{told}|\[{told}, {told}\])$").all()
    assert done.frame["day"].str.contains("[", literal=True).any()
    again = done.recoding.transform(frame[done.rows.tolist()], keep_order=True)
    assert_frame_equal(again.select("day"), done.frame.select("day"))
