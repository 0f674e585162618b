"""Candidates for rules, a function a kind: what some rows do not break, and what chance would be worth.

Legend: n rows, d columns, m candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import RuleError
from likewise.rules.binding import bind
from likewise.rules.evidence import FEW_LEVELS, Candidate, Rows
from likewise.rules.terms import Literal_, quoted
from likewise.schema.column import Column, Kind
from likewise.schema.parse import canonical_dtype

Told = set[frozenset[str]]
"""Pairs of columns of which a rule was found that says all."""

LEAST_VALUES = 5
"""Distinct values below which a number is not told from others by a formula."""
PARTS_OF_DATES = ("year", "month", "day", "weekday", "hour", "minute")
SPANS = ("years", "months", "days", "hours", "minutes", "seconds")
FEW_NUMBERS = 100
"""A real column of more values is no level: what it determines is told by ranges."""
MOST_PARTS = 60
"""Columns among which sums are looked for."""


def functions(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Numbers that are parts of dates or lie between them, texts that are others written large, small or joined."""
    dates = [c for c in rows.of_kinds(Kind.DATETIME) if canonical_dtype(c) != pl.Time]
    texts = rows.of_kinds(Kind.CATEGORICAL, Kind.TEXT)
    whole = [c for c in rows.of_kinds(Kind.INTEGER, Kind.REAL) if rows.n_values(c.name) > 1]
    tried = [f"{quoted(n.name)} = {part}({quoted(d.name)})" for n in whole for d in dates for part in PARTS_OF_DATES]
    tried += [
        f"{quoted(n.name)} = {span}({quoted(a.name)}, {quoted(b.name)})"
        for n in whole for a, b in permutations(dates, 2) for span in SPANS
    ]  # fmt: skip
    tried += [
        f"{quoted(a.name)} = {case}({quoted(b.name)})" for a, b in permutations(texts, 2) for case in ("upper", "lower")
    ]
    if len(texts) <= 12:
        tried += [
            f"{quoted(c.name)} = {quoted(a.name)} + {Literal_(between)} + {quoted(b.name)}"
            for a, b, c in permutations(texts, 3) for between in (" ", ", ", "-", "_", "/")
        ]  # fmt: skip
    yield from _those_that_hold(rows, tried)


def _those_that_hold(rows: Rows, tried: list[str]) -> Iterator[Candidate]:
    done: set[str] = set()
    for rule in tried:
        target = rule.split(" = ")[0]
        if target in done:
            continue
        try:
            if not rows.holds(rule):
                continue
        except RuleError:  # kinds that cannot be compared
            continue
        if (chance := rows.chance(rule, len(tried))) < rows.least and rows.counted(rule)[1] == 0:
            done.add(target)
            made, *read = bind([rule], rows.schema)[0].columns
            yield Candidate(rule, chance, tuple((made, name) for name in read))


# ---- equations -------------------------------------------------------------------------------------------------------


def equations(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Equal columns, sums of two and more, and products."""
    columns = [c for c in rows.of_kinds(Kind.INTEGER, Kind.REAL) if rows.n_values(c.name) >= LEAST_VALUES]
    columns = columns[:MOST_PARTS]
    known = rows.table.select(c.name for c in columns).drop_nulls() if columns else rows.table
    alike = [c for c in rows.schema if c.is_modelled and rows.n_values(c.name) > 1]
    pairs = [(a, b) for a, b in combinations(alike, 2) if canonical_dtype(a) == canonical_dtype(b)]
    same: set[str] = set()
    for a, b in pairs:
        rule = f"{quoted(b.name)} = {quoted(a.name)}"
        if b.name not in same and rows.holds(rule):
            same.add(b.name)
            yield Candidate(rule, rows.chance(rule, len(pairs)), ((a.name, b.name),))
    columns = [c for c in columns if c.name not in same]
    if len(columns) < 3 or len(known) < 20:
        return
    some = known.select(c.name for c in columns)[_spread(len(known), 40)].to_numpy().astype(float).T  # (d, rows)
    made: set[str] = set()
    for sign in "+*":
        for c, a, b in _of_two(columns, some, sign):
            if c.name in made or {a.name, b.name} & made or (sign == "*" and frozenset((a.name, c.name)) in told):
                continue
            rule = f"{quoted(c.name)} = {quoted(a.name)} {sign} {quoted(b.name)}"
            if sign == "*" and c.decimals is not None and c.kind is Kind.REAL:
                rule = f"{quoted(c.name)} = round({quoted(a.name)} * {quoted(b.name)}, {c.decimals})"
            chance = rows.chance(rule, len(columns) ** 3) if rows.holds(rule) else 0.0
            if chance < rows.least and rows.counted(rule)[1] == 0:
                made.add(c.name)
                yield Candidate(rule, chance, _with_total(rows, c, (a, b), sign))
    yield from _of_many(rows, [c for c in columns if c.name not in made], known)


def _spread(n: int, k: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, k)).astype(np.int64))


def _with_total(rows: Rows, total: Column, parts: tuple[Column, ...], sign: str) -> tuple[tuple[str, str], ...]:
    """Pairs whose order follows from a sum of parts that are never below 0, or a product of some never below 1."""
    small = {p.name for p in parts if rows.table[p.name].min() < (0 if sign == "+" else 1)}  # type: ignore[operator]
    if sign == "+":
        return () if small else tuple((p.name, total.name) for p in parts)
    return tuple((p.name, total.name) for p in parts if sign == "*" and not small - {p.name})


def _of_two(columns: list[Column], some: npt.NDArray[np.float64], sign: str) -> Iterator[tuple[Column, Column, Column]]:
    """c, a, b for which some rows do not break a + b = c, or a * b = c; the one with the greatest c first."""
    found = []
    for i, j in combinations(range(len(columns)), 2):
        made = some[i] + some[j] if sign == "+" else some[i] * some[j]
        size = np.abs(some[i]) + np.abs(some[j]) if sign == "+" else np.abs(made)
        units = np.array(
            [
                0.5 * 10.0 ** -(c.decimals or 0) if c.kind is Kind.REAL and c.decimals is not None else 1e-9
                for c in columns
            ]
        )
        near = np.abs(some - made) <= (units[:, None] if sign == "*" else 0.0) + 1e-9 * size
        fitting = [int(k) for k in np.flatnonzero(near.all(1)) if k not in (i, j)]
        found += [(-float(np.abs(some[k]).sum()), k, i, j) for k in fitting]
    for _, k, i, j in sorted(found):
        yield columns[k], columns[i], columns[j]


def _of_many(rows: Rows, columns: list[Column], known: pl.DataFrame) -> Iterator[Candidate]:
    """A column that is a sum of three or more others, with signs."""
    d = len(columns)
    if d < 4 or len(known) < 3 * d:
        return
    cells = known.select(c.name for c in columns)[_spread(len(known), 20 * d)].to_numpy().astype(float)
    # Small columns first, so that it is totals that depend on their parts, whatever other totals there are.
    order = sorted(range(d), key=lambda j: float(np.abs(cells[:, j]).sum()))
    scaled = cells[:, order] / np.maximum(np.linalg.norm(cells[:, order], axis=0), 1e-300)
    own = np.abs(np.diag(np.linalg.qr(scaled, mode="r")))  # what each adds to those before it
    free = [j for j, size in zip(order, own, strict=True) if size > 1e-9]
    for k in [j for j, size in zip(order, own, strict=True) if size <= 1e-9]:
        solved = np.asarray(np.linalg.lstsq(cells[:, free], cells[:, k], rcond=None)[0], np.float64)
        whole = np.round(solved)
        used = [(free[i], int(whole[i])) for i in np.flatnonzero(whole)]
        if np.abs(solved - whole).max() > 1e-4 or len(used) < 3 or {abs(s) for _, s in used} != {1}:
            continue
        used.sort(key=lambda pair: (-pair[1], pair[0]))
        parts = " ".join(("+ " if s > 0 else "- ") + quoted(columns[j].name) for j, s in used).removeprefix("+ ")
        rule = f"{quoted(columns[k].name)} = {parts}"
        chance = rows.chance(rule, d) if rows.holds(rule) else 0.0
        if chance < rows.least:
            of_sum = tuple(columns[j] for j, _ in used)
            sign = "+" if all(s > 0 for _, s in used) else "-"
            yield Candidate(rule, chance, _with_total(rows, columns[k], of_sum, sign))


def multiples(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Numbers of which all are so many times another."""
    columns = rows.of_kinds(Kind.INTEGER, Kind.REAL)
    for c in columns:
        decimals = 0 if c.kind is Kind.INTEGER else c.decimals
        if decimals is None or decimals > 9:
            continue
        values = (rows.table[c.name].drop_nulls().unique() * 10**decimals).round(0).cast(pl.Int64).to_numpy()
        step = int(np.gcd.reduce(values - values[0])) if len(values) > 1 else 0
        rest = int(values[0] % step) if step else 0
        if step <= 1 or len(values) < 20:
            continue
        if 10**decimals % step == 0 and rest == 0 and decimals and step % 10 == 0:
            continue  # written with more decimals than it has
        by = 10**decimals
        text = (f"{step}", f"{rest}") if decimals == 0 else (f"{step / by:.{decimals}f}", f"{rest / by:.{decimals}f}")
        yield Candidate(
            f"{quoted(c.name)} % {text[0]} = {text[1]}", math.log(len(columns)) - (len(values) - 1) * math.log(step)
        )


# ---- levels ----------------------------------------------------------------------------------------------------------


def one_hot(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Three columns of 0 and 1 or more, of which exactly one is 1."""
    found: dict[str, npt.NDArray[np.bool_]] = {}
    for c in rows.of_kinds(Kind.BOOLEAN, Kind.INTEGER, Kind.REAL):
        series = rows.table[c.name]
        if series.null_count() == 0 and (
            c.kind is Kind.BOOLEAN or (series.is_between(0, 1).all() and rows.n_values(c.name) == 2)
        ):
            cells = series.cast(pl.Float64).to_numpy()
            if set(np.unique(cells)) == {0.0, 1.0} and cells.sum() >= 5:
                found[c.name] = cells == 1
    left = sorted(found, key=lambda name: -int(found[name].sum()))
    while left:
        group, taken = [left[0]], found[left[0]].copy()
        for name in left[1:]:
            if not (taken & found[name]).any():
                group.append(name)
                taken |= found[name]
        left = [name for name in left if name not in group] if len(group) > 1 else left[1:]
        if len(group) >= 3 and taken.all():
            group.sort(key=rows.schema.names.index)
            rule = f"one of ({', '.join(map(quoted, group))})"
            yield Candidate(rule, rows.chance(rule, len(found) ** 2), tuple(combinations(group, 2)))


def patterns(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Cells that are missing together, or just where another column says so."""
    table, n = rows.table, len(rows.table)
    holed = [c.name for c in rows.schema if c.is_modelled and 10 <= table[c.name].null_count() <= n - 10]
    gone = {name: table[name].is_null() for name in holed}
    together: set[str] = set()
    for a, b in combinations(holed, 2):
        if b not in together and (gone[a] == gone[b]).all():
            together.add(b)
            for x, y in ((a, b), (b, a)):
                rule = f"{quoted(x)} is null -> {quoted(y)} is null"
                yield Candidate(rule, rows.chance(rule, len(holed) ** 2))
    told_by = [c for c in rows.of_kinds(Kind.CATEGORICAL, Kind.BOOLEAN) if rows.n_values(c.name) <= 50]
    for name in holed:
        for c in told_by if name not in together else ():
            if c.name in gone:
                continue
            counts = table.group_by(c.name).agg(pl.len().alias("n"), pl.col(name).is_null().sum().alias("gone"))
            share = counts["gone"] / counts["n"]
            if not share.is_in([0.0, 1.0]).all() or share.n_unique() < 2 or int(counts["n"].min()) < 10:  # type: ignore[arg-type]
                continue
            levels = counts.filter(share == 1.0)[c.name].sort().to_list()
            is_there = f"{quoted(c.name)} in ({', '.join(str(Literal_(v)) for v in levels)})"
            if len(levels) == 1:
                is_there = f"{quoted(c.name)} = {Literal_(levels[0])}"
            for rule in (f"{is_there} -> {quoted(name)} is null", f"not ({is_there}) -> {quoted(name)} is not null"):
                yield Candidate(rule, rows.chance(rule, len(holed) * len(told_by)))
            break


def intervals(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Levels that are ranges of a number: a claim a level."""
    numbers = [c for c in rows.of_kinds(Kind.INTEGER, Kind.REAL) if rows.n_values(c.name) >= 20]
    levels = [c for c in rows.of_kinds(Kind.CATEGORICAL) if rows.n_values(c.name) <= 20]
    for x, y in ((x, y) for y in levels for x in numbers):
        known = rows.few.select(x.name, y.name).drop_nulls().sort(x.name, maintain_order=True)
        if len(known) < 20 or _n_runs(known[y.name]) != known[y.name].n_unique():
            continue
        known = rows.table.select(x.name, y.name).drop_nulls()
        ends = (
            known.group_by(y.name)
            .agg(pl.col(x.name).min().alias("low"), pl.col(x.name).max().alias("high"))
            .sort("low")
        )
        if (ends["high"].shift(1) >= ends["low"]).any():
            continue
        lows, name = ends["low"].to_list(), quoted(x.name)
        for k, level in enumerate(ends[y.name]):
            below = "" if k + 1 == len(lows) else f" < {lows[k + 1]!r}"
            within = (
                f"{lows[k]!r} <= {name}{below}"
                if k and below
                else f"{name}{below}"
                if below
                else f"{name} >= {lows[k]!r}"
            )
            rule = f"{within} -> {quoted(y.name)} = {Literal_(level)}"
            yield Candidate(rule, rows.chance(rule, len(numbers) * len(levels)), ((x.name, y.name),))


def _n_runs(values: pl.Series) -> int:
    return int((values != values.shift(1)).fill_null(True).sum())


def combinations_seen(rows: Rows, told: Told) -> Iterator[Candidate]:
    """A column that determines others: each group of them once, as combinations."""
    n = len(rows.table)
    most_values = {name: FEW_NUMBERS if rows.schema[name].kind is Kind.REAL else FEW_LEVELS for name in rows.codes}
    codes = {name: code for name, code in rows.codes.items() if rows.n_values(name) <= most_values[name]}
    order = sorted(codes, key=lambda name: -rows.n_values(name))
    pick = np.random.default_rng(0).permutation(n)[: min(n, 20_000)]
    found: dict[str, list[str]] = {}
    worth: dict[str, float] = {}
    m = math.log(max(len(order) * (len(order) - 1), 1))
    for x in order:
        for y in order:
            if x == y or frozenset((x, y)) in told or not _determines(codes[x][pick], codes[y][pick]):
                continue
            groups = np.bincount(codes[x])
            in_groups = int(groups[groups > 1].sum())
            free = n - int((groups > 0).sum())
            most = np.bincount(codes[y]).max() / n
            chance = m + free * math.log(most)
            if in_groups >= max(30, 0.05 * n) and chance < rows.least and _determines(codes[x], codes[y]):
                found.setdefault(x, []).append(y)
                worth[x] = max(worth.get(x, -math.inf), chance)
    covered: list[set[str]] = []
    for x, ys in found.items():
        group = {x, *ys}
        if not any(group <= other for other in covered):
            covered.append(group)
            names = [name for name in rows.schema.names if name in group]
            yield Candidate(f"{', '.join(map(quoted, names))} from data", worth[x], tuple(combinations(names, 2)))


def _determines(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> bool:
    """Whether rows that are alike in x are alike in y."""
    first = np.zeros(int(x.max()) + 1, np.int64)
    first[x] = y  # the last one written of each
    return bool((first[x] == y).all())


# ---- orders and keys -------------------------------------------------------------------------------------------------


def orders(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Columns that are never above others, without those that follow from two such."""
    numbers = rows.of_kinds(Kind.INTEGER, Kind.REAL)
    dates = rows.of_kinds(Kind.DATETIME)
    pairs = [*permutations(numbers, 2)]
    pairs += [(a, b) for a, b in permutations(dates, 2) if canonical_dtype(a) == canonical_dtype(b)]
    found: dict[tuple[str, str], tuple[str, float]] = {}
    for a, b in pairs:
        if frozenset((a.name, b.name)) in told or rows.few.select((pl.col(a.name) > pl.col(b.name)).any()).item():
            continue
        cells = rows.table.select(pl.col(a.name).to_physical(), pl.col(b.name).to_physical()).drop_nulls()
        low, high = (cells[name].to_numpy() for name in (a.name, b.name))
        if not len(low) or (low > high).any():
            continue
        above = 1.0 - np.searchsorted(np.sort(low), high, side="right").mean() / len(low)  # of pairs dealt out anew
        chance = math.log(len(pairs)) + len(low) * math.log1p(-min(above, 1 - 1e-12))
        if chance < rows.least:
            found[a.name, b.name] = ("<" if (low < high).all() else "<=", chance)
    names = {name for pair in found for name in pair}
    for (lower, upper), (sign, chance) in found.items():
        if not any((lower, c) in found and (c, upper) in found for c in names - {lower, upper}):
            yield Candidate(f"{quoted(lower)} {sign} {quoted(upper)}", chance, ((lower, upper),))


def uniques(rows: Rows, told: Told) -> Iterator[Candidate]:
    """Two columns that together tell rows apart, where chance would have made many rows alike."""
    codes, n = rows.codes, len(rows.table)
    names = [name for name in codes if 2 * rows.n_values(name) <= n]  # others nearly tell rows apart alone
    pairs = list(combinations(names, 2))
    for a, b in pairs:
        if frozenset((a, b)) in told:
            continue
        alike = [float(((np.bincount(codes[name]) / n) ** 2).sum()) for name in (a, b)]
        chance = math.log(len(pairs)) - 0.5 * n * n * alike[0] * alike[1]
        if chance < rows.least and len(np.unique(codes[a] * (int(codes[b].max()) + 1) + codes[b])) == n:
            yield Candidate(f"unique ({quoted(a)}, {quoted(b)})", chance)
