"""Local suppression: every row has its crowd, by both readings of a star, at about the fewest stars there are."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.privacy import anonymize, hierarchies, measure
from likewise.privacy.encoding import encode
from likewise.privacy.local import by_any_value, by_own_value, crowds
from likewise.privacy.stars import crowds_as_read

QUASI = ["age", "town", "born", "smokes", "x"]
LOCAL: dict[str, Any] = {"method": "local-suppression"}


def people(seed: int, n: int = 60, persons: int | None = None) -> pl.DataFrame:
    """Numbers, texts, dates, truths, floats and categories with holes; rows may be of few persons."""
    rng = np.random.default_rng(3_000 + seed)
    start = dt.date(2000, 1, 1)
    frame = pl.DataFrame(
        {
            "age": rng.integers(0, 5, n), "town": rng.choice(["a", "b", "*", "a | b"], n),
            "born": [start + dt.timedelta(days=int(d)) for d in rng.integers(0, 4, n)],
            "smokes": rng.random(n) < 0.2, "x": rng.choice([0.0, -0.0, 0.5], n),
            "job": pl.Series(rng.choice(["u", "v"], n)).cast(pl.Categorical), "ill": rng.choice(["p", "q", "r"], n),
            "who": rng.integers(0, persons or 1, n),
        }
    )  # fmt: skip
    holes = [pl.when(pl.Series(rng.random(n) < 0.1)).then(None).otherwise(c).alias(c) for c in ("age", "town", "job")]
    return frame.with_columns(holes)


def texts(frame: pl.DataFrame, names: list[str]) -> list[tuple[Any, ...]]:
    return [tuple(None if c is None else str(c) for c in row) for row in frame.select(names).iter_rows()]


def written(cell: Any) -> tuple[Any, ...]:
    """How a cell may read that is told: among stars a truth is in lower case, and what looks like a sign is quoted."""
    if cell is None:
        return (None,)
    text = "0.0" if cell == 0 and isinstance(cell, float) else str(cell)
    return (f'"{text}"',) if text in ("*", "a | b") else (text, text.lower()) if isinstance(cell, bool) else (text,)


def crowd(row: tuple[Any, ...], rows: list[tuple[Any, ...]], who: list[Any]) -> int:
    """The slow count: all others that agree where neither is starred."""
    agree = (all("*" in (a, b) or a == b for a, b in zip(row, other, strict=True)) for other in rows)
    return len({w for w, yes in zip(who, agree, strict=True) if yes})


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("star", ["value", "any"])
def test_every_row_has_its_crowd(star: str, seed: int) -> None:
    k = (2, 3, 5, 9, 50)[seed % 5]
    persons = None if seed < 5 else 55
    frame = people(seed, 60 if persons is None else 150, persons)
    if persons:
        k = min(k, 12)
    names = [*QUASI, "job"][: 3 + seed % 4]
    done = anonymize(
        frame.drop("who") if persons is None else frame, quasi_identifiers=names, k=k, star=star,
        entity="who" if persons else None, drop=[], **LOCAL,
    )  # fmt: skip
    rows = texts(done.frame, names)
    who = list(range(len(rows))) if persons is None else frame["who"][done.rows].to_list()
    found = {row: crowd(row, rows, who) if star == "any" else 0 for row in set(rows)}
    if star == "value":
        members = defaultdict(set)
        for row, w in zip(rows, who, strict=True):
            members[row].add(w)
        found = {row: len(m) for row, m in members.items()}
    assert min(found.values()) >= k
    assert measure(done.frame.with_columns(who=pl.Series(who)), quasi_identifiers=names, entity="who", star=star,
                   sensitive="ill").k == min(found.values())  # fmt: skip
    # A cell is starred or told as it was.
    for i, name in enumerate(names):
        for row, cell in zip(rows, frame[name][done.rows], strict=True):
            assert row[i] == "*" or row[i] in written(cell)
    told = {name: sum(row[i] == "*" for row in rows) for i, name in enumerate(names)}
    assert done.report.stars == told
    assert done.report.gcp == pytest.approx(sum(told.values()) / len(rows) / len(names))


@pytest.mark.parametrize("promise", [{"l": 2}, {"l": 1.9, "l_kind": "entropy"}, {"alpha": 0.6}, {"t": 0.3}], ids=str)
def test_what_is_promised_of_sensitive_columns_holds_too(promise: dict[str, Any]) -> None:
    for seed in range(20, 26):
        frame = people(seed).drop("who")
        done = anonymize(frame, quasi_identifiers=QUASI[:4], sensitive="ill", k=3, **promise, **LOCAL)
        q = Counter(frame["ill"])
        classes = defaultdict(list)
        for row, ill in zip(texts(done.frame, QUASI[:4]), done.frame["ill"], strict=True):
            classes[row].append(ill)
        for ills in classes.values():
            p = {level: ills.count(level) / len(ills) for level in q}
            assert len(ills) >= 3
            if "l" in promise and len(promise) == 1:
                assert len(set(ills)) >= 2
            if "l_kind" in promise:
                assert -sum(x * np.log(x) for x in p.values() if x) >= np.log(1.9) - 1e-9
            assert max(p.values()) <= promise.get("alpha", 1) + 1e-9
            assert sum(abs(p[s] - q[s] / len(frame)) for s in q) / 2 <= promise.get("t", 1) + 1e-9


def fewest_stars(columns: list[Any], k: int, star: str) -> int:
    """Brute force over all ways to star the cells of a small table."""
    n, d = len(columns[0].codes), len(columns)
    codes = np.stack([c.codes for c in columns], 1)
    for total in range(n * d + 1):
        for cells in itertools.combinations(range(n * d), total):
            hidden = np.zeros(n * d, bool)
            hidden[list(cells)] = True
            told = np.where(hidden.reshape(n, d), -1, codes)
            if star == "value":
                good = min(Counter(map(tuple, told.tolist())).values()) >= k
            else:
                agree = (told[:, None] == told[None]) | (told[:, None] == -1) | (told[None] == -1)
                good = agree.all(2).sum(1).min() >= k
            if good:
                return total
    raise AssertionError


@pytest.mark.parametrize("star", ["value", "any"])
def test_the_stars_are_about_as_few_as_can_be(star: str) -> None:
    ours = best = 0
    for seed in range(12):
        rng = np.random.default_rng(600 + seed)
        columns = [encode(pl.Series(str(j), rng.integers(0, 2, 6))) for j in range(2)]
        if star == "value":
            stars = by_own_value(columns, np.ones(2), 2, lambda sizes, *_: sizes >= 2)
        else:
            stars = by_any_value(columns, np.ones(2), 2)
        fewest = fewest_stars(columns, 2, star)
        assert stars.sum() >= fewest
        ours, best = ours + int(stars.sum()), best + fewest
    assert ours <= 1.5 * best


def test_important_columns_keep_their_cells() -> None:
    frame = people(40, 300).drop("who")
    order: dict[str, Any] = dict(quasi_identifiers=QUASI[:4], k=6, **LOCAL)
    even = anonymize(frame, **order).report.stars
    dear = [anonymize(frame, importance={name: 50}, **order).report.stars for name in QUASI[:4]]
    assert even is not None
    assert all(stars is not None and stars[n] <= even[n] for stars, n in zip(dear, QUASI[:4], strict=True))
    assert sum(stars[n] for stars, n in zip(dear, QUASI[:4], strict=True) if stars) < sum(even.values()) / 2
    for star in ("value", "any"):
        untouched = anonymize(frame, **(order | {"k": 1}), star=star)
        assert untouched.report.gcp == 0
        assert untouched.frame.schema["age"] == pl.Int64


def test_a_star_for_any_value_hides_less_and_says_what_that_is_worth() -> None:
    frame = people(41, 200).drop("who")
    order: dict[str, Any] = dict(quasi_identifiers=QUASI, k=5, **LOCAL)
    own, anything = (anonymize(frame, star=star, **order) for star in ("value", "any"))
    assert anything.report.gcp < own.report.gcp
    assert own.report.notes[-1:] == () or "counted as any value" not in own.report.notes[-1]
    rows = texts(anything.frame, QUASI)
    # Who knows the true cells of a row looks for rows that show nothing else.
    true = [[written(cell) for cell in row] for row in frame.select(QUASI)[anything.rows].iter_rows()]
    fits = [sum(all(b == "*" or b in a for a, b in zip(cells, row, strict=True)) for row in rows) for cells in true]
    assert min(fits) < 5
    assert f"as few as {min(fits)} rows fit someone" in anything.report.notes[-1]


@pytest.mark.parametrize("seed", range(6))
def test_crowds_are_counted_as_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(800 + seed)
    drawn = rng.choice(["a", "b", "*", ""], (3, 40), p=[0.3, 0.3, 0.3, 0.1])
    cells = pl.DataFrame({f"c{j}": [x or None for x in row] for j, row in enumerate(drawn.tolist())})
    rows, who = texts(cells, cells.columns), rng.integers(0, 12, 40)
    assert crowds_as_read(cells).tolist() == [crowd(row, rows, list(range(40))) for row in rows]
    assert crowds_as_read(cells, who).tolist() == [crowd(row, rows, who.tolist()) for row in rows]
    capped = crowds_as_read(cells, who, exact_to=4)
    slow = np.array([crowd(row, rows, who.tolist()) for row in rows])
    assert ((capped == slow) | ((capped > 4) & (capped <= slow))).all()


def test_crowds_of_the_search_are_those_of_its_stars() -> None:
    rng = np.random.default_rng(77)
    columns = [encode(pl.Series(str(j), rng.integers(0, 3, 50))) for j in range(3)]
    stars, codes = rng.random((50, 3)) < 0.3, np.stack([c.codes for c in columns], 1)
    slow = [int(((codes == codes[i]) | stars).all(1).sum()) for i in range(50)]
    assert crowds(columns, stars, np.arange(50)).tolist() == slow


def test_a_search_gone_wrong_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from likewise.privacy import methods

    monkeypatch.setattr(methods, "by_any_value", lambda columns, *_, **__: np.zeros((len(columns[0].codes), 3), bool))
    monkeypatch.setattr(methods, "by_own_value", lambda columns, *_, **__: np.zeros((len(columns[0].codes), 3), bool))
    for star, text in (("any", r"\d+ of 60 rows do not agree with 5 rows"), ("value", "classes do not hold 5 rows")):
        with pytest.raises(lw.PrivacyError, match=text):
            anonymize(people(1).drop("who"), quasi_identifiers=QUASI[:3], k=5, star=star, **LOCAL)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"importance": {"agee": 1}}, "no quasi-identifier; did you mean 'age'"),
        ({"importance": {"age": 0}}, "importance of 'age' must be a number above 0"),
        ({"importance": {"age": "much"}}, "importance of 'age' must be a number above 0"),
        ({"importance": [2, 1]}, "importance must map columns to numbers, got list"),
        ({"star": "both"}, "star must be one of value, any"),
        ({"star": "any", "sensitive": "ill", "l": 2}, "star='any' makes none"),
        ({"hierarchies": {"age": hierarchies.intervals(5)}}, "hierarchies are given for 'age'"),
        ({"max_suppression": 0.1}, "need method='lattice'"),
        ({"method": "mondrian", "star": "any"}, "belong to method='local-suppression'"),
        ({"method": "lattice", "importance": {"age": 2}}, "belong to method='local-suppression'"),
    ],
    ids=str,
)
def test_wrong_orders_are_refused_in_words(wrong: dict[str, Any], text: str) -> None:
    order: dict[str, Any] = {"quasi_identifiers": ["age", "town"], "k": 3, **LOCAL} | wrong
    with pytest.raises(lw.OptionError, match=text):
        anonymize(people(2).drop("who"), **order)


def test_there_is_no_rule_for_new_rows_and_a_limit_to_columns() -> None:
    frame = people(3).drop("who")
    done = anonymize(frame, quasi_identifiers="age", k=3, **LOCAL)
    with pytest.raises(lw.OptionError, match="no rule for new ones"):
        done.recoding.transform(frame)
    wide = pl.DataFrame({f"c{i}": [1, 1] for i in range(13)})
    with pytest.raises(lw.OptionError, match="at most 12, got 13"):
        anonymize(wide, quasi_identifiers=wide.columns, k=2, **LOCAL)
