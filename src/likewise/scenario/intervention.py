"""Interventions: set a column, and draw anew only what depends on it.

To see rows in which a column has a value (`where`) is not to set it there. Seen, the value tells about its causes, so
they change too; set, it does not, and only its effects do: p(rest | do(X = x)) is the product of each column's law
given its parents, without X's own (the truncated factorisation, Pearl 2009, section 3.2). Which columns are effects no
table can tell for sure: it is given as an order or a graph, or guessed, and said to be guessed.

Legend: n rows, D fields.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from scipy import special

from likewise.codecs.base import Codes, Given
from likewise.codecs.matrix import numbers_of
from likewise.conditions import Condition, OneOf
from likewise.errors import LikewiseWarning, OptionError, nearest
from likewise.rules.plan import RulePlan
from likewise.schema.column import Kind
from likewise.schema.parse import canonical_dtype
from likewise.synthesizer import Synthesizer
from likewise.synthesizer.ruled_completion import Completion
from likewise.synthesizer.search import drawn_each
from likewise.typing import Floats, Ints

Graph = dict[str, tuple[str, ...]]
"""Column -> its parents."""

ORDER_ROWS, ORDER_BINS = 5_000, 6


def graph_of(order: Sequence[str], columns: Sequence[str]) -> Graph:
    """The graph in which each column depends on all that stand before it.

    Raises:
        OptionError: the order does not name every column once.
    """
    if sorted(order) != sorted(columns):
        raise OptionError(f"the order must name each of the {len(columns)} columns once, got {len(order)} names")
    return {name: tuple(order[:i]) for i, name in enumerate(order)}


def checked_graph(parents: Mapping[str, Sequence[str]], columns: Sequence[str]) -> Graph:
    """The graph with every column in it, causes first.

    Raises:
        OptionError: it names no column of the table, or runs in a circle.
    """
    for name in [*parents, *(p for group in parents.values() for p in group)]:
        if name not in columns:
            raise OptionError(f"the graph names a column {name!r} that is not modelled{nearest(name, list(columns))}")
    left = {name: tuple(parents.get(name, ())) for name in columns}
    graph: Graph = {}
    while left:
        ready = [name for name, group in left.items() if all(p in graph for p in group)]
        if not ready:
            raise OptionError(f"the graph runs in a circle through {sorted(left)[:5]}; no cause is its own effect")
        for name in ready:
            graph[name] = left.pop(name)
    return graph


def descendants(graph: Graph, columns: Sequence[str]) -> list[str]:
    """The columns that depend on any of these, causes first; those set themselves are left out."""
    touched = set(columns)
    for name, group in graph.items():
        if name not in touched and touched.intersection(group):
            touched.add(name)
    return [name for name in graph if name in touched and name not in columns]


def intervene(
    synthesizer: Synthesizer,
    table: pl.DataFrame,
    settings: Mapping[str, Condition],
    graph: Graph,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Rows with columns set and what depends on them drawn anew.

    Args:
        table: (n,) canonical rows. Cells that do not depend on what is set stay as they are.
        settings: column -> what it is set to; where that is more than one value, each row draws one of them.
        graph: causes first.
    """
    set_to = pl.DataFrame([_set(synthesizer, name, asked, len(table), rng) for name, asked in settings.items()])
    table = table.with_columns(set_to)
    if synthesizer.rules_ is not None:
        return _under_rules(synthesizer, synthesizer.rules_, table, settings, graph, rng)
    codes = synthesizer.codec_.encode(table)
    effects = descendants(graph, list(settings))
    for names, known in _steps(effects, graph):
        _draw(synthesizer, codes, names, known, rng)
    drawn = synthesizer.codec_.decode(codes, rng=rng, known=table.drop(effects))
    return table.with_columns(drawn[name] for name in effects)


def _under_rules(
    synthesizer: Synthesizer, plan: RulePlan, table: pl.DataFrame, settings: Mapping[str, Condition], graph: Graph,
    rng: np.random.Generator,
) -> pl.DataFrame:  # fmt: skip
    """The effects drawn anew where rules hold, each given its causes, so that the rules hold among these; and of the
    rows those that keep all rules."""
    for names, known in _steps(descendants(graph, list(settings)), graph):
        given = table.select(known)
        with warnings.catch_warnings():  # rows whose causes break a rule, or leave no room, go below
            warnings.simplefilter("ignore", LikewiseWarning)
            completion = Completion(plan, synthesizer.codec_, synthesizer.generator_, given, rng, may_lack=True)
            filled = completion.table(all_rows=False)
        table = table.with_columns(filled[name] for name in names)
    return table.filter(plan.keep_all(table))


def _steps(effects: list[str], graph: Graph) -> list[tuple[list[str], tuple[str, ...]]]:
    """(columns to draw, columns that are known) in order: columns that follow each other in a full order are drawn in
    one go, for a generator draws the rest given the first."""
    steps: list[tuple[list[str], tuple[str, ...]]] = []
    for name in effects:
        parents = graph[name]
        if steps and set(parents) == {*steps[-1][0], *steps[-1][1]}:
            steps[-1][0].append(name)
        else:
            steps.append(([name], parents))
    return steps


def _set(synthesizer: Synthesizer, name: str, asked: Condition, n: int, rng: np.random.Generator) -> pl.Series:
    """(n,) the column as it is set. A number may be set beyond the range seen: the generator then takes its effects for
    those of the nearest value it knows."""
    codec = synthesizer.codec_
    is_number = synthesizer.schema_[name].kind in (Kind.INTEGER, Kind.REAL)
    if isinstance(asked, OneOf) and is_number:
        return pl.Series(name, np.array(asked.values)[rng.integers(len(asked.values), size=n)])
    if isinstance(asked, OneOf) and name not in codec.columns:
        values = pl.Series(name, asked.values, dtype=canonical_dtype(synthesizer.schema_[name]))
        return values.gather(rng.integers(len(values), size=n))
    if name not in codec.columns:
        raise OptionError(f"column {name!r} is made by rules of other columns: set it to values, not to a range")
    narrowing = codec.condition({name: asked})

    def evenly(rows: Ints) -> Codes:
        codes = np.zeros((len(rows), len(codec.alphabet.fields)), codec.alphabet.code_dtype)
        for at in codec.fields_of(name):
            weights = narrowing.weights[at]
            codes[:, at] = rng.choice(len(weights), len(rows), p=weights / weights.sum())
        return Codes(codes, rng.random((len(rows), codec.alphabet.n_fractions), dtype=np.float32))

    return drawn_each(narrowing, codec, n, evenly, rng).series(name)


def _draw(
    synthesizer: Synthesizer, codes: Codes, names: list[str], known: Sequence[str], rng: np.random.Generator
) -> None:
    """Draw columns given what is known, into `codes`."""
    codec = synthesizer.codec_
    given = np.full(codes.codes.shape, -1, np.int64)
    for name in known:
        fields = list(codec.fields_of(name))
        given[:, fields] = codes.codes[:, fields]
    drawn = synthesizer.generator_.sample(len(codes), rng=rng, given=Given(codes=given, joint=False))
    for name in names:
        for at in codec.fields_of(name):
            codes.codes[:, at] = drawn.codes[:, at]
            fraction = codec.alphabet.fields[at].fraction
            if fraction is not None:
                codes.fractions[:, fraction] = drawn.fractions[:, fraction]


# ---- a guess at the order --------------------------------------------------------------------------------------------


def guess_order(table: pl.DataFrame, kinds: Mapping[str, Kind], rng: np.random.Generator) -> list[str]:
    """An order of the columns, causes first, guessed from the rows alone.

    Pairs of numbers are compared by how independent of the cause the residual is (Hyvarinen and Smith 2013, the
    entropy form of eq. 7), which tells cause from effect where effects are linear and noise is not normal; pairs with
    levels by which direction describes the rows in fewer bits (Budhathoki and Vreeken 2018). Then whichever column is
    most a cause of those left is taken, until none is left. It is a guess: a confounder fools it.
    """
    rows = table if len(table) <= ORDER_ROWS else table[np.sort(rng.choice(len(table), ORDER_ROWS, replace=False))]
    columns = [name for name in table.columns if name in kinds]
    numbers = {n: _standard(rows[n]) for n in columns if kinds[n] in (Kind.INTEGER, Kind.REAL)}
    levels = {n: _levels(rows[n], numbers.get(n)) for n in columns}
    lead = np.zeros((len(columns), len(columns)))
    for i, a in enumerate(columns):
        for j, b in enumerate(columns[:i]):
            both = a in numbers and b in numbers
            lead[i, j] = _leads_numbers(numbers[a], numbers[b]) if both else _leads_levels(levels[a], levels[b])
            lead[j, i] = -lead[i, j]
    order, left = [], list(range(len(columns)))
    while left:
        # The squares of what speaks against it, as in DirectLiNGAM: one strong word against outweighs many for.
        against = [float((np.minimum(lead[i, left], 0.0) ** 2).sum()) for i in left]
        order.append(left.pop(int(np.argmin(against))))
    return [columns[i] for i in order]


def _standard(series: pl.Series) -> Floats:
    x = numbers_of(series)
    x = np.where(np.isfinite(x), x, np.nanmean(x) if np.isfinite(x).any() else 0.0)
    out: Floats = (x - x.mean()) / (x.std() or 1.0)
    return out


def _leads_numbers(x: Floats, y: Floats) -> float:
    """Positive where x looks the cause of y, in nats a row."""
    r = float((x * y).mean())
    if abs(r) > 1 - 1e-9:
        return 0.0
    rest = np.sqrt(1 - r * r)
    return _entropy(y) + _entropy((x - r * y) / rest) - _entropy(x) - _entropy((y - r * x) / rest)


def _entropy(u: Floats) -> float:
    """The entropy of a standardised variable (Hyvarinen 1998)."""
    k1, k2, gamma = 79.047, 7.4129, 0.37457
    first = float(np.log(np.cosh(u)).mean()) - gamma
    second = float((u * np.exp(-(u**2) / 2)).mean())
    return float((1 + np.log(2 * np.pi)) / 2 - k1 * first**2 - k2 * second**2)


def _levels(series: pl.Series, numbers: Floats | None) -> Ints:
    if numbers is not None:
        cuts = np.unique(np.quantile(numbers, np.linspace(0, 1, ORDER_BINS + 1)[1:-1]))
        return np.searchsorted(cuts, numbers).astype(np.int64)
    return series.cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64) - 1


def _leads_levels(x: Ints, y: Ints) -> float:
    """Positive where y given x takes fewer bits than x given y, over what each takes alone; in nats a row."""
    joint = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(joint, (x, y), 1.0)
    forth = _code_length(joint.sum(1)) + sum(_code_length(row) for row in joint)
    back = _code_length(joint.sum(0)) + sum(_code_length(column) for column in joint.T)
    return (back - forth) / len(x)


def _code_length(counts: Floats) -> float:
    """Nats that describe these counts' values, by the normalised maximum likelihood (its Szpankowski form)."""
    n, k = float(counts.sum()), len(counts)
    if n == 0 or k < 2:
        return 0.0
    fit = -float(special.xlogy(counts, counts / n).sum())
    half = (k - 1) / 2
    log_gamma = float(special.gammaln(k / 2))
    extra = half * np.log(max(n / 2, 1.0)) + 0.5 * np.log(np.pi) - log_gamma
    return fit + max(float(extra), 0.0)
