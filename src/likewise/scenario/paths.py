"""Paths of one or several series: what tomorrow may bring, also under a shock, and the risk of it day by day.

Filtered historical simulation (Barone-Adesi, Giannopoulos and Vosper 1999) with tails by extreme-value theory (McNeil
and Frey 2000): each series goes through its codec to noise that is alike at all times; whole rows of noise are drawn,
so that series stay together, each with its tails carried on; the codec takes them back to paths.

Legend: n steps seen, d series, p paths, h steps of a path.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise import plots
from likewise.codecs.matrix import numbers_of
from likewise.conditions import Between, meeting
from likewise.errors import ConditionError, InputError, NotFittedError, OptionError, nearest
from likewise.estimator import Estimator, check_count, check_seed
from likewise.notebook import Brief, Table, card
from likewise.scenario import calendars
from likewise.scenario.backtest import Backtest, backtest
from likewise.scenario.facts import Facts, stylised_facts
from likewise.scenario.risk import one_step_risk, path_risk
from likewise.scenario.series import (
    REGIMES,
    SeriesCodec,
    Start,
    fit_series,
    likely_series,
    regime_table,
    regimes,
)
from likewise.scenario.shocks import go_along, how_rare, noise_of_shock, rarity_of_shock
from likewise.scenario.summary import lines
from likewise.scenario.times import times_of
from likewise.schema.column import Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore
from likewise.tables.frames import from_frame, name_of, named, names_of
from likewise.typing import Floats, Ints

N_LIKELY = 32
"""Laws that the past allows, among which paths are shared out."""
MOST_PATHS = 200_000
"""Paths drawn in search of those that meet a condition, at most."""


@dataclass(frozen=True, kw_only=True, repr=False)
class PathDraw(Brief):
    """Paths that were drawn.

    Args:
        frame: long: path, step (0 is the last value seen), time where there is one, a column a series; in the kind of
            frame that was fitted.
        values: (p, h + 1, d) the same as an array.
        steps: (p, h, d) log-returns, changes or levels, as each series is modelled.
        columns: the names of the d series.
        report: figures, JSON-able: bands, value at risk, worst step and drawdown of the paths, how likely a shock or
            condition is, regimes, tails.
        notes: what the reader should know, in words.
    """

    frame: Any
    values: Floats
    steps: Floats
    columns: tuple[str, ...]
    report: dict[str, Any]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def _repr_html_(self) -> str:
        return card(f"{len(self):,} paths of {', '.join(self.columns)}", Table((), lines(self.report)), *self.notes)

    def plot(self, column: str | None = None) -> Any:
        """An Altair chart of one series: the median of the paths and the band that holds 90 % of them, step by step.

        Needs the extra `plot`.

        Raises:
            InputError: no series has that name.
            MissingExtraError: Altair is not installed.
        """
        name = self.columns[0] if column is None else column
        if name not in self.columns:
            raise InputError(f"there is no series {name!r}{nearest(name, self.columns)}")
        low, median, high = np.quantile(self.values[:, :, self.columns.index(name)], [0.05, 0.5, 0.95], axis=0)
        rows = [
            {"at": t, "low": low[t], "median": median[t], "high": high[t]} for t in range(self.values.shape[1])
        ]  # fmt: skip
        return plots.band(rows, f"{len(self):,} paths: median and 90 % band", x="step", y=name)

    def facts(self, column: str | None = None) -> Facts:
        """The stylised facts of one series' steps."""
        at = 0 if column is None else self.columns.index(column)
        return stylised_facts(self.steps[:, :, at])


@dataclass(frozen=True)
class _Law:
    """What the series may follow: codecs that the past allows, and the variances (n + 1, d) that these saw in it."""

    codecs: tuple[SeriesCodec, ...]
    variance: Floats


@dataclass(frozen=True)
class _History:
    """The series as seen: z (n, d), variance (n + 1, d), what was modelled without its season (n, d), and all values.
    Their last rows belong together."""

    z: Floats
    variance: Floats
    rest: Floats
    values: Floats
    regime: Ints
    first: int
    """The first row of z that has a whole past."""
    steps: tuple[int, ...]
    """(d,) how many steps each codec has seen: returns are one fewer than levels."""


class Paths(Estimator):
    """Draws paths of series.

    Args:
        columns: the series; None takes every column of numbers.
        time: the column of times; None takes the rows as even steps in order.
        transform: "returns" (prices), "changes" or "levels" (temperatures), or one for each column; "auto" takes prices
            for values above 0 without a season, and else asks whether they come back to a mean. The report says which.
        periods: seasons of levels, in rows: 24 for the day in hours; None finds day and year by the times.
        random_state: seed of the draws.

    After `fit`: `codecs_`, one a series; `history_`.

    Privacy: none. Noise of the past is drawn again as it was.

    Example:
        >>> import numpy as np, polars as pl
        >>> steps = 0.01 * np.random.default_rng(0).standard_t(4, 1500)
        >>> paths = Paths(random_state=0).fit(pl.DataFrame({"price": 100 * np.exp(np.cumsum(steps))}))
        >>> draw = paths.sample(50, 10, shock={"price": -0.2})
        >>> bool(np.allclose(draw.values[:, 1] / draw.values[:, 0], 0.8))
        True
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        *,
        time: str | None = None,
        transform: str | Mapping[str, str] = "auto",
        periods: Sequence[float] | None = None,
        random_state: int | None = None,
    ) -> None:
        names = list(transform.values()) if isinstance(transform, Mapping) else [transform]
        if any(name not in ("auto", "returns", "changes", "levels") for name in names):
            raise OptionError("transform must be 'auto', 'returns', 'changes' or 'levels'")
        if any(not p > 1 for p in periods or ()):
            raise OptionError("periods are numbers of rows above 1")
        check_seed(random_state)
        self.columns = names_of(columns) if isinstance(columns, list | tuple) else columns
        self.time = None if time is None else name_of(time)
        self.transform: str | Mapping[str, str] = transform if isinstance(transform, str) else named(transform)
        self.periods, self.random_state = periods, random_state

    def fit(self, frame: Any) -> Self:
        """Learn the series.

        Args:
            frame: with a row for each time; (n, columns).

        Raises:
            InputError: a time is missing or stands twice; a value is missing or infinite; too few rows.
            OptionError: a column is not there or holds no numbers.
        """
        raw, self._give_back = from_frame(frame)
        schema = self._schema = infer(raw)
        table = parse(raw, schema)
        self.columns_ = self._columns(schema)
        self.times_ = times_of(table, self.time) if self.time is not None else None
        if self.times_ is not None:
            table = table[self.times_.order]
        self._time_type = None if self.time is None else table.schema[self.time]
        values = np.stack([numbers_of(table[name]) for name in self.columns_], 1)
        periods = self._periods() if self.periods is None else tuple(self.periods)
        self.codecs_ = tuple(
            fit_series(values[:, j], name, transform=self._transform(name), periods=periods)  # type: ignore[arg-type]
            for j, name in enumerate(self.columns_)
        )
        self.history_ = self._past(values)
        self.laws_ = self._laws(values)
        self.random_ = np.random.default_rng(self.random_state)
        return self

    def _columns(self, schema: Schema) -> tuple[str, ...]:
        numbers = [c.name for c in schema if c.kind in (Kind.INTEGER, Kind.REAL) and c.name != self.time]
        if self.columns is None:
            if not numbers:
                raise OptionError("there is no column of numbers to draw paths of")
            return tuple(numbers)
        asked = tuple(self.columns) if isinstance(self.columns, list | tuple) else (name_of(self.columns),)
        for name in asked:
            if name not in numbers:
                raise OptionError(f"{name!r} is no column of numbers{nearest(name, numbers)}")
        return asked

    def _transform(self, name: str) -> str:
        return self.transform if isinstance(self.transform, str) else self.transform.get(name, "auto")

    def _periods(self) -> tuple[float, ...]:
        """Day and year in rows, where the steps are shorter and enough of them were seen."""
        if self.times_ is None:
            return ()
        step = float(np.median(np.diff(self.times_.seconds)))
        n = len(self.times_.seconds)
        lengths = [86_400 / step, self.times_.rows_per_year]
        lengths = [round(p) if abs(p - round(p)) < 0.01 else p for p in lengths]
        return tuple(p for p in lengths if p >= 4 and n >= 2 * p)

    def _past(self, values: Floats) -> _History:
        parts = [codec.encode(values[:, j]) for j, codec in enumerate(self.codecs_)]
        steps = tuple(len(z) for z, _, _ in parts)
        n = min(steps)
        first = max(len(codec.lags) - (steps[j] - n) for j, codec in enumerate(self.codecs_))
        z = np.stack([z[-n:] for z, _, _ in parts], 1)
        variance = np.stack([v[-n - 1 :] for _, v, _ in parts], 1)
        rest = np.stack([r[-n:] for _, _, r in parts], 1)
        sizes = (variance / variance.mean(0))[:-1].mean(1)
        return _History(z, variance, rest, values, regimes(sizes), max(first, 0), steps)

    def _laws(self, values: Floats) -> list[_Law]:
        """Laws of all series that their past allows: of what nobody knows paths must differ in, too."""
        rng = np.random.default_rng(self.random_state)
        likely = [likely_series(codec, values[:, j], N_LIKELY, rng) for j, codec in enumerate(self.codecs_)]
        n = len(self.history_.z)
        return [
            _Law(codecs, np.stack([c.encode(values[:, j])[1][-n - 1 :] for j, c in enumerate(codecs)], 1))
            for codecs in zip(*likely, strict=True)
        ]

    # ---- drawing -----------------------------------------------------------------------------------------------------

    def sample(
        self,
        n: int = 1000,
        horizon: int = 250,
        *,
        shock: Mapping[str, float] | None = None,
        at: int = 1,
        where: Mapping[str, Any] | None = None,
        start: str = "last",
        random_state: int | None = None,
    ) -> PathDraw:
        """Draw paths.

        Args:
            n: how many.
            horizon: h, steps after the start.
            shock: column -> what happens to it in one step: -0.2 is a fall of a fifth for a price, a change by -0.2 for
                other series. Other series go along as they went with moves of that size, and volatility follows.
            at: the step of the shock, 1 .. horizon.
            where: column -> range of its change over the whole path, in the same terms: `likewise.below(-0.3)`.
            start: "last", from the last value seen; "calm", "normal", "stressed": from moments of that regime.
            random_state: the same seed gives the same paths.

        Raises:
            ConditionError: hardly a path meets the conditions.
        """
        self._check_fitted()
        _check_path_options(n, horizon, at, start)
        rng = self.random_ if random_state is None else np.random.default_rng(random_state)
        shocks = {self._index(name): float(value) for name, value in (shock or {}).items()}
        wanted = {self._index(name): _range(name, asked) for name, asked in (where or {}).items()}
        report: dict[str, Any] = {"start": start, "regimes": regime_table(self.history_.regime)}
        report["series"] = {codec.name: codec.to_dict() for codec in self.codecs_}
        values, steps = self._draw(n, horizon, shocks, at, start, rng)
        if wanted:
            values, steps, share = self._met(n, values, steps, wanted, (horizon, shocks, at, start), rng)
            report["share_that_meets"] = share
        if shocks:
            report["shock"] = self._rarity(shocks)
        report["risk"] = {
            codec.name: path_risk(values[:, :, j], relative=codec.transform == "returns")
            for j, codec in enumerate(self.codecs_)
        }
        notes = tuple(self._notes(report))
        frame = self._give_back(self._written(self._long(values)))
        return PathDraw(
            frame=frame, values=values, steps=steps, columns=self.columns_, report=report, notes=notes,
        )  # fmt: skip

    def _index(self, label: Hashable) -> int:
        name = name_of(label)
        if name not in self.columns_:
            raise ConditionError(f"there is no series {name!r}{nearest(name, self.columns_)}")
        return self.columns_.index(name)

    def _draw(
        self, n: int, horizon: int, shocks: Mapping[int, float], at: int, start: str, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """(p, h + 1, d) values and (p, h, d) steps, each path by one of the laws that the past allows.

        Under a shock all follow the law that was fitted: how far the others go along hangs on how large the noise of
        each is beside the others', which these laws were not drawn together for.
        """
        laws = [_Law(self.codecs_, self.history_.variance)] if shocks else self.laws_
        begin, which = self._starts(n, start, rng), rng.permutation(n) % len(laws)
        values = np.empty((n, horizon + 1, len(self.codecs_)))
        steps = np.empty((n, horizon, len(self.codecs_)))
        for k, law in enumerate(laws):
            mine = which == k
            if mine.any():
                values[mine], steps[mine] = self._draw_by(law, begin[mine], horizon, shocks, at, rng)
        return values, steps

    def _draw_by(
        self, law: _Law, begin: Ints, horizon: int, shocks: Mapping[int, float], at: int, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        past, n = self.history_, len(begin)
        z = self._noise(law, n * horizon, rng).reshape(n, horizon, -1)
        depth = max(max(len(c.lags) for c in self.codecs_), 1)
        rest = past.rest[begin[:, None] + np.arange(1 - depth, 1)]  # (p, k, d)
        last = np.broadcast_to(past.values[-1], (n, past.values.shape[1]))
        starts = [
            Start(past.steps[j], rest[:, :, j], law.variance[begin + 1, j], last[:, j])
            for j in range(len(self.codecs_))
        ]
        for j, asked in shocks.items():
            z[:, at - 1, j] = noise_of_shock(law.codecs[j], asked, z[:, :at, j], starts[j])
        if shocks:
            z[:, at - 1, :] = go_along(self.codecs_, past.z[past.first :], list(shocks), z[:, at - 1, :], rng)
        parts = [codec.decode(z[:, :, j], starts[j], codec.drawn) for j, codec in enumerate(law.codecs)]
        values = np.stack([v for v, _ in parts], 2)
        return np.concatenate([last[:, None], values], 1), np.stack([s for _, s in parts], 2)

    def _starts(self, n: int, start: str, rng: np.random.Generator) -> Ints:
        """(p,) the step after which each path begins, as far as its volatility and its past are concerned."""
        past = self.history_
        if start == "last":
            return np.full(n, len(past.z) - 1)
        rows = np.flatnonzero(past.regime == REGIMES.index(start))
        rows = rows[rows >= past.first]
        if not len(rows):
            raise ConditionError(f"the series was never seen in the regime {start!r}")
        return rng.choice(rows, n)

    def _noise(self, law: _Law, n: int, rng: np.random.Generator) -> Floats:
        """(n, d) rows of noise: ranks of whole rows as they were seen, each series by its own law, tails carried on."""
        seen = self.history_.z[self.history_.first :]
        rows = rng.integers(len(seen), size=n)
        drawn = np.empty((n, seen.shape[1]))
        for j, codec in enumerate(law.codecs):
            ranks = np.empty(len(seen))
            ranks[np.argsort(seen[:, j], kind="stable")] = np.arange(len(seen))
            drawn[:, j] = codec.margin.quantile((ranks[rows] + rng.random(n)) / len(seen))
        return drawn

    def _met(
        self, n: int, values: Floats, steps: Floats, wanted: Mapping[int, Between],
        how: tuple[int, Mapping[int, float], int, str], rng: np.random.Generator,
    ) -> tuple[Floats, Floats, float]:  # fmt: skip
        """n paths whose whole change lies in the ranges, and the share of all paths that do."""
        kept, kept_steps, tried, found = [], [], 0, 0
        while True:
            moved = pl.DataFrame({str(j): self._moved(values[:, :, j], j) for j in wanted})
            met = meeting(moved, {str(j): asked for j, asked in wanted.items()}).to_numpy()
            tried, found = tried + len(values), found + int(met.sum())
            kept.append(values[met])
            kept_steps.append(steps[met])
            if found >= n:
                return np.concatenate(kept)[:n], np.concatenate(kept_steps)[:n], found / tried
            if tried >= MOST_PATHS:
                raise ConditionError(
                    f"{found} of {tried:,} paths meet the conditions, {n} were asked for: they are too rare from here; "
                    "add a shock, a longer horizon, start='stressed', or ask for fewer paths"
                )
            many = int(min(max(1.2 * (n - found) * tried / max(found, 1), n), 20_000))
            values, steps = self._draw(many, *how, rng)

    def _moved(self, values: Floats, j: int) -> Floats:
        """(p,) the change over the whole path, in the terms of a shock."""
        first, last = values[:, 0], values[:, -1]
        moved: Floats = last / first - 1 if self.codecs_[j].transform == "returns" else last - first
        return moved

    def _rarity(self, shocks: Mapping[int, float]) -> dict[str, Any]:
        """How often a step like each shock, or worse, comes in all times taken together."""
        found: dict[str, Any] = {}
        for j, asked in shocks.items():
            codec = self.codecs_[j]
            told = found[codec.name] = rarity_of_shock(codec, self.history_.values[:, j], asked).to_dict()
            if self.times_ is not None:
                told["once_in_years"] = told["once_in_steps"] / self.times_.rows_per_year
        return found

    def _notes(self, report: Mapping[str, Any]) -> list[str]:
        notes = []
        if report.get("share_that_meets", 1.0) < 0.01:
            notes.append(f"{report['share_that_meets']:.2%} of the paths meet the conditions: they are rare from here")
        for name, figures in report.get("shock", {}).items():
            if not figures["was_seen"]:
                notes.append(f"series {name!r}: a step of that size was never seen; by its tail it {how_rare(figures)}")
        return notes

    def _written(self, long: pl.DataFrame) -> pl.DataFrame:
        """Times and numbers as the table's own were written."""
        own = [column for column in self._schema if column.name in long.columns]
        whole = [pl.col(c.name).round().cast(pl.Int64) for c in own if c.kind is Kind.INTEGER and c.name != self.time]
        canonical = long.select(c.name for c in own).with_columns(whole)
        return long.with_columns(restore(canonical, self._schema).get_columns())

    def _long(self, values: Floats) -> pl.DataFrame:
        """(p * (h + 1),) rows, a path after the other."""
        p, h, _ = values.shape
        columns: dict[str, Any] = {"path": np.repeat(np.arange(p), h), "step": np.tile(np.arange(h), p)}
        if self.times_ is not None and self._time_type is not None:
            assert self.time is not None
            later = calendars.later(self.times_.seen.cast(self._time_type), h)
            columns[self.time] = pl.concat([later] * p)
        taken = [name for name in ("path", "step") if name in self.columns_]
        if taken:
            raise OptionError(f"series are called {taken}, as the columns of a path are; rename them")
        return pl.DataFrame(columns | {name: values[:, :, j].ravel() for j, name in enumerate(self.columns_)})

    # ---- risk --------------------------------------------------------------------------------------------------------

    def forecast(
        self,
        frame: Any,
        column: str | None = None,
        *,
        level: float = 0.99,
        refit: int | None = None,
        window: int | None = None,
    ) -> dict[str, Floats]:
        """Value at risk and expected shortfall of each step of a series, made before it.

        Args:
            frame: rows that follow those fitted, the last fitted row first: a step needs a value before it.
            column: the series; needed where there are several.
            level: such as .99.
            refit: learn again after so many steps, from what had been seen by then; None keeps what `fit` learnt.
            window: learn from so many rows before, at most; None from all.

        Returns:
            "losses", "value_at_risk", "expected_shortfall": (m,) in terms of the modelled steps (log-returns), positive
            a loss. For levels, a loss is a fall below what the lags and the season let expect.

        Raises:
            InputError: a time or a value is missing.
            OptionError: the level is not in (.5, 1), a count is none, or several series are there and none is named.
        """
        self._check_fitted()
        if not 0.5 < level < 1:
            raise OptionError(f"level must lie in (.5, 1), got {level}")
        for name, value in (("refit", refit), ("window", window)):
            if value is not None:
                check_count(name, value)
        j = 0 if column is None and len(self.columns_) == 1 else self._index(column or "")
        codec, seen = self.codecs_[j], self.history_.values[:, j]
        held = self._held(frame, codec.name)[1:]
        values = np.r_[seen, held]
        parts = []
        for at in range(0, len(held), refit or len(held)):
            now = len(seen) + at
            first = 0 if window is None else max(now - window, 0)
            if refit is not None:
                codec = fit_series(values[first:now], codec.name, transform=codec.transform, periods=codec.periods)
            stop = min(now + (refit or len(held)), len(values))
            parts.append(one_step_risk(codec, values[first:stop], stop - now, level))
        names = ("losses", "value_at_risk", "expected_shortfall")
        return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}

    def _held(self, frame: Any, column: str) -> Floats:
        raw, _ = from_frame(frame)
        if column not in raw.columns:
            raise InputError(f"column {column!r} is absent from the rows to forecast")
        table = parse(raw, infer(raw))
        if self.time is not None:
            table = table[times_of(table, self.time).order]
        values = numbers_of(table[column])
        if len(values) < 2 or not np.isfinite(values).all():
            raise InputError(f"column {column!r}: a forecast needs at least 2 values, none of them missing")
        return values

    def backtest(self, frame: Any, column: str | None = None, **options: Any) -> Backtest:
        """How `forecast` does on rows that came after: Kupiec, Christoffersen, Acerbi and Szekely.

        Args:
            frame: with the rows that came after.
            column: whose loss is forecast; None where there is but one.
            **options: of `forecast`.
        """
        found = self.forecast(frame, column, **options)
        return backtest(
            found["losses"], found["value_at_risk"], options.get("level", 0.99), found["expected_shortfall"]
        )

    def _check_fitted(self) -> None:
        if not hasattr(self, "history_"):
            raise NotFittedError("these Paths have learnt nothing yet: call fit first")


def _range(name: str, asked: Any) -> Between:
    if not isinstance(asked, Between):
        raise ConditionError(f"series {name!r}: a path's change takes a range, such as likewise.below(-0.3)")
    return asked


def _check_path_options(n: int, horizon: int, at: int, start: str) -> None:
    check_count("n", n)
    check_count("horizon", horizon)
    if not 1 <= at <= horizon:
        raise OptionError(f"the step of a shock must lie in 1..{horizon}, got {at}")
    if start not in ("last", *REGIMES):
        raise OptionError(f"start must be 'last' or one of {', '.join(REGIMES)}, got {start!r}")
