"""Scenario: rows under conditions, interventions, mixes and views, in the tails, each with how plausible it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.conditions import Between, Condition, _as_condition, resolve
from likewise.errors import ConditionError, NotFittedError, OptionError
from likewise.io import from_frame
from likewise.parsing import parse, restore
from likewise.scenario import draws
from likewise.scenario.conditions import obeys, settle
from likewise.scenario.dependence import tail_dependence
from likewise.scenario.intervention import checked_graph, graph_of, guess_order, intervene
from likewise.scenario.margins import LEAST_DISTINCT, Margin
from likewise.scenario.plausibility import Density, beyond_seen, numbers_of
from likewise.scenario.pooling import Pooling, View, constraints_of, pool, resample
from likewise.scenario.reverse import Search, search
from likewise.scenario.tails import ReturnLevel, Tail, return_level
from likewise.scenario.times import rows_per_year
from likewise.schema import Kind, nearest
from likewise.synthesizer import Synthesizer

Floats = npt.NDArray[np.float64]

POOL_ROWS = 20_000
"""Rows that are weighted to meet views, at least."""

REFERENCE_ROWS = 5_000
"""Rows that say what is plausible."""

FEW_EFFECTIVE = 0.05
"""Below this share of effective rows a note says that the views ask for what the table hardly holds."""


@dataclass(frozen=True, kw_only=True)
class ScenarioDraw:
    """Rows of a scenario and what is to be known of them.

    Args:
        frame: the rows, in the kind of frame that was fitted, with its columns.
        plausibility: (n,) percentile of each row's log-density among the rows seen; 0 is unlike anything seen.
        log_density: (n,) in nats; compare rows with rows only.
        beyond: (n,) whether the row holds a number outside of the range seen.
        report: figures, JSON-able: return level, tails, chi, effective rows, the order of an intervention.
        notes: what the reader should know, in words.
    """

    frame: Any
    plausibility: Floats
    log_density: Floats
    beyond: npt.NDArray[np.bool_]
    report: dict[str, Any]
    notes: tuple[str, ...]
    _give_back: Callable[[pl.DataFrame], Any] = field(repr=False)
    _rows: pl.DataFrame = field(repr=False)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def annotated(self) -> Any:
        """The rows with two more columns, `plausibility` and `beyond_seen`."""
        names = _new_names(self._rows.columns, ("plausibility", "beyond_seen"))
        extra = (pl.Series(names[0], np.round(self.plausibility, 2)), pl.Series(names[1], self.beyond))
        return self._give_back(self._rows.with_columns(extra))


class Scenario:
    """Rows of a world that is not quite the one seen: what if, how often, how bad.

    Args:
        where: column -> value, values, range, or `scenario.quantiles(.9, 1)`; every row obeys.
        rows: a frame of rows of which some cells are known; the others are drawn given those.
        intervene: column -> what it is *set* to. Only columns that depend on it are drawn anew; to see rows that have
            the value is `where`.
        order: for an intervention: every column, causes first; or "guess", which guesses it and says so.
        parents: for an intervention: column -> the columns it depends on, instead of an order.
        mix: column -> {value or condition: share}; one column is drawn in exactly these shares, several by weights.
        views: `scenario.mean`, `std`, `quantile`, `correlation`, `share`: met by weights as near to equal as can be.
        return_period: draw rows as bad as come once in so many periods, or worse.
        tail: the column whose extremes are meant; needed where the table has several columns of numbers.
        side: "upper" or "lower": which extremes.
        rows_per_period: how many rows make a period; None takes a year's rows where `time` is given, else 1.
        time: a column of times; the rows then count as following each other.
        extrapolate: columns of numbers whose tails are carried on beyond what was seen, or True for all.
        model: the generator that is fitted to a frame; see `likewise.models.MODELS`.
        random_state: seed of the fit and of the draws.
        **model_options: passed to the generator.

    Privacy: no differential privacy, and less protection than a `Synthesizer` gives: plausibility, tails and return
    levels are computed on the rows themselves, true extremes among them.

    Example:
        >>> import numpy as np, polars as pl, likewise as lw
        >>> rng = np.random.default_rng(0)
        >>> df = pl.DataFrame({"region": rng.choice(["n", "s"], 2000), "loss": rng.pareto(4.0, 2000)})
        >>> scenario = lw.Scenario(return_period=10_000, tail="loss", model="copula", random_state=0).fit(df)
        >>> draw = scenario.sample(100)
        >>> bool((draw.frame["loss"] >= draw.report["return_level"]["level"] - 1e-9).all()), bool(draw.beyond.all())
        (True, True)
    """

    def __init__(
        self,
        *,
        where: Mapping[str, Any] | None = None,
        rows: Any = None,
        intervene: Mapping[str, Any] | None = None,
        order: Sequence[str] | str | None = None,
        parents: Mapping[str, Sequence[str]] | None = None,
        mix: Mapping[str, Mapping[Any, float]] | None = None,
        views: Sequence[View] | None = None,
        return_period: float | None = None,
        tail: str | None = None,
        side: str = "upper",
        rows_per_period: float | None = None,
        time: str | None = None,
        extrapolate: bool | Sequence[str] = False,
        model: str = "autoregressive",
        random_state: int | None = None,
        **model_options: Any,
    ) -> None:
        _check_options(where, intervene, order, parents, mix, return_period, side, rows_per_period, rows)
        self.where, self.rows, self.intervene, self.order, self.parents = where, rows, intervene, order, parents
        self.mix, self.views = mix, tuple(views or ())
        self.return_period, self.tail, self.side = return_period, tail, side
        self.rows_per_period, self.time, self.extrapolate = rows_per_period, time, extrapolate
        self.model, self.random_state, self.model_options = model, random_state, model_options

    # ---- learning ----------------------------------------------------------------------------------------------------

    def fit(self, source: Any, real: Any = None) -> Self:
        """Take a fitted synthesizer, or fit one to a frame.

        Args:
            source: a fitted `Synthesizer`, or a frame.
            real: the rows that say what is plausible and how the tails go, where `source` is a synthesizer; None draws
                them from it, whose numbers end where its protected range does.

        Raises:
            InputError, SchemaError: the frame cannot be used.
            ConditionError: a condition fits no column, or contradicts another.
            OptionError: a return period is shorter than one row's step, or no tail is named.
        """
        self.random_ = np.random.default_rng(self.random_state)
        if isinstance(source, Synthesizer):
            synthesizer = source
            synthesizer._check_fitted()
            raw = real if real is not None else synthesizer.sample(POOL_ROWS, random_state=self.random_state or 0)
            self.is_real_ = real is not None
        else:
            if real is not None:
                raise OptionError("`real` goes with a fitted synthesizer; a frame is its own rows")
            synthesizer = Synthesizer(self.model, random_state=self.random_state, **self.model_options).fit(source)
            raw, self.is_real_ = source, True
        plain, self._give_back = from_frame(raw)
        self.synthesizer_ = synthesizer
        table = parse(plain, synthesizer.schema_)
        self.source_ = draws.Source(synthesizer, table)
        self.margins_ = {name: self._margin(name) for name in self.source_.numbers}
        self.density_ = Density.fit(synthesizer, self.margins_, self._reference(table))
        self._settle()
        return self

    def _margin(self, name: str) -> Margin:
        values = numbers_of(self.source_.table[name])
        return Margin.fit(values[np.isfinite(values)], name, in_order=self.time is not None)

    def _reference(self, table: pl.DataFrame) -> pl.DataFrame:
        if len(table) <= REFERENCE_ROWS:
            return table
        return table[np.sort(np.random.default_rng(0).choice(len(table), REFERENCE_ROWS, replace=False))]

    def _settle(self) -> None:
        """Everything the caller asked for, checked against the columns."""
        schema, table = self.synthesizer_.schema_, self.source_.table
        self.where_ = settle(self.where or {}, schema, table)
        self.settings_ = settle(self.intervene or {}, schema, table)
        self.mix_ = {name: _shares(name, parts, schema) for name, parts in (self.mix or {}).items()}
        both = sorted(set(self.mix_) & set(self.where_))
        if both:
            raise ConditionError(f"columns {both} carry a condition and a mix; the two contradict each other")
        self.known_ = self._known_rows()
        self.graph_ = self._graph() if self.settings_ else {}
        self.tail_: draws.TailModel | None = None
        self.level_: ReturnLevel | float | None = None
        if self.return_period is not None or self._far_condition() is not None:
            self.tail_, self.level_ = self._tail()
        self.extended_ = self._extended()

    def _known_rows(self) -> pl.DataFrame | None:
        if self.rows is None:
            return None
        raw, _ = from_frame(self.rows)
        return parse(raw, self.synthesizer_.schema_, partial=True).select(raw.columns)

    def _graph(self) -> dict[str, tuple[str, ...]]:
        columns = self.source_.modelled
        if self.parents is not None:
            return checked_graph(self.parents, columns)
        if self.order is None:
            raise OptionError("an intervention needs the order of cause and effect: order=[...], parents={...}, "
                              "or order='guess' for a guess from the rows")  # fmt: skip
        if isinstance(self.order, str):
            kinds = {name: self.synthesizer_.schema_[name].kind for name in columns}
            return graph_of(guess_order(self.source_.table, kinds, np.random.default_rng(0)), columns)
        return graph_of(list(self.order), columns)

    # ---- tails -------------------------------------------------------------------------------------------------------

    def _far_condition(self) -> tuple[str, bool, float] | None:
        """A condition that reaches into a tail which is to be carried on: its column, whether upper, and the level."""
        for name in self._names_to_extend():
            condition, margin = self.where_.get(name), self.margins_.get(name)
            if isinstance(condition, Between) and margin is not None:
                low, high = condition.low, condition.high
                if high is None and low is not None and margin.upper and low > margin.upper.threshold:
                    return name, True, float(low)
                if low is None and high is not None and margin.lower and high < margin.lower.threshold:
                    return name, False, float(high)
        return None

    def _tail(self) -> tuple[draws.TailModel, ReturnLevel | float]:
        far = self._far_condition()
        if self.return_period is None:
            assert far is not None
            name, upper, level = far
            others = {k: v for k, v in self.where_.items() if k != name}
            return draws.TailModel.fit(self.source_, name, others, upper=upper, in_order=self._in_order(others)), level
        if not self.is_real_:
            raise OptionError("a return period needs the real rows: a synthesizer ends where its protected range does; "
                              "call fit(synthesizer, real=frame)")  # fmt: skip
        name = self._tail_column()
        model = draws.TailModel.fit(
            self.source_, name, self.where_, upper=self.side == "upper", in_order=self._in_order(self.where_)
        )
        return model, self._level(model, self.return_period)

    def _in_order(self, conditions: Mapping[str, Condition]) -> bool:
        return self.time is not None and not conditions

    def _level(self, model: draws.TailModel, periods: float, confidence: float = 0.95) -> ReturnLevel:
        rows = periods * self.rows_per_period_()
        if rows <= 1:
            raise OptionError(
                f"a return period of {periods:g} is shorter than one row's step: a period holds "
                f"{self.rows_per_period_():g} rows; ask for longer, or give rows_per_period"
            )
        # Of all rows only some meet the conditions; a period holds so many fewer of them.
        share = model.n_rows / len(self.source_.table[model.extremes.driver.name].drop_nulls())
        return return_level(_tail_of(model), rows * share, confidence=confidence)

    def _tail_column(self) -> str:
        numbers = self.source_.numbers
        if self.tail is None:
            if len(numbers) != 1:
                raise OptionError(f"name the column whose extremes are meant with `tail`; there are {numbers[:8]}")
            return numbers[0]
        if self.tail not in numbers:
            raise OptionError(
                f"tail={self.tail!r} is no column of numbers with {LEAST_DISTINCT} different values"
                f"{nearest(self.tail, numbers)}"
            )
        if self.tail in self.where_:
            raise ConditionError(f"column {self.tail!r} carries a condition and a return period; keep one of the two")
        return self.tail

    def rows_per_period_(self) -> float:
        """How many rows make a period."""
        if self.rows_per_period is not None:
            return float(self.rows_per_period)
        if self.time is None:
            return 1.0
        return rows_per_year(self.source_.table, self.time)

    def _names_to_extend(self) -> list[str]:
        numbers = self.source_.numbers
        if isinstance(self.extrapolate, bool):
            return numbers if self.extrapolate else []
        names = [self.extrapolate] if isinstance(self.extrapolate, str) else list(self.extrapolate)
        for name in names:
            if name not in numbers:
                raise OptionError(f"extrapolate: {name!r} is no column of numbers{nearest(name, numbers)}")
        return names

    def _extended(self) -> dict[str, Margin]:
        """Columns whose tails are carried on in ordinary draws: a condition on the column itself says where it ends."""
        return {name: self.margins_[name] for name in self._names_to_extend() if name not in self.where_}

    def return_level(self, periods: float, *, confidence: float = 0.95) -> ReturnLevel:
        """The level that comes once in so many periods, with its interval; of `tail`, among rows that meet `where`.

        Raises:
            OptionError: the scenario names no tail, or the period lies within the data.
        """
        self._check_fitted()
        model = self.tail_
        if model is None:
            model = draws.TailModel.fit(
                self.source_, self._tail_column(), self.where_,
                upper=self.side == "upper", in_order=self._in_order(self.where_),
            )  # fmt: skip
        return self._level(model, periods, confidence)

    def reverse(
        self,
        loss: Callable[[Any], Any] | Mapping[str, float],
        threshold: float,
        n: int = 10,
        *,
        search_rows: int = 2000,
        random_state: int | None = None,
    ) -> ScenarioDraw:
        """The reverse stress test: the most plausible rows that lose at least so much, under `where`.

        Args:
            loss: a function from a frame (of the kind that was fitted) to (n,) losses, or weights by column.
            threshold: the least loss.
            n: how many rows, the most plausible first.
            search_rows: rows that the search drives to the loss.

        Returns:
            The rows; the report holds their losses and how probable such a loss is under the generator.

        Raises:
            ConditionError: no row that the generator draws loses so much.
        """
        self._check_fitted()
        rng = self.random_ if random_state is None else np.random.default_rng(random_state)
        task = Search(
            self.source_, self.where_, self.extended_, self.density_, self._loss(loss),
            [name for name in self.source_.modelled if self.source_.table[name].n_unique() > 1],
        )  # fmt: skip
        found = search(task, float(threshold), n, search_rows, rng)
        figures = {"threshold": float(threshold), "losses": found.losses.tolist(), "probability": found.probability}
        return self._draw(found.rows, {"reverse": figures})

    def _loss(self, loss: Callable[[Any], Any] | Mapping[str, float]) -> Callable[[pl.DataFrame], Floats]:
        if isinstance(loss, Mapping):
            strange = [name for name in loss if name not in self.source_.modelled]
            if strange:
                raise OptionError(f"a loss is made of columns of numbers; {strange[0]!r} is none"
                                  f"{nearest(str(strange[0]), self.source_.modelled)}")  # fmt: skip
            return lambda rows: np.nan_to_num(sum(w * numbers_of(rows[name]) for name, w in loss.items()), nan=-np.inf)

        def of(rows: pl.DataFrame) -> Floats:
            found = np.asarray(loss(self._give_back(restore(rows, self.synthesizer_.schema_))), np.float64)
            if found.shape != (len(rows),):
                raise OptionError(f"the loss function must give one number a row, got shape {found.shape}")
            return np.where(np.isnan(found), -np.inf, found)

        return of

    # ---- drawing -----------------------------------------------------------------------------------------------------

    def sample(self, n: int = 1000, *, random_state: int | None = None) -> ScenarioDraw:
        """Draw rows of the scenario.

        Args:
            n: how many.
            random_state: the same seed gives the same rows; None continues the scenario's own stream.

        Raises:
            ConditionError: no row can meet what was asked.
        """
        self._check_fitted()
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise OptionError(f"n must be a whole number of 1 or more, got {n!r}")
        rng = self.random_ if random_state is None else np.random.default_rng(random_state)
        report: dict[str, Any] = {}
        table = self._weighted(int(n), rng, report)
        if self.settings_:
            table = intervene(self.synthesizer_, table, self.settings_, self.graph_, rng)
            report["intervention"] = {"set": sorted(self.settings_), "order": list(self.graph_)}
        return self._draw(table, report)

    def _base(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        """Rows that meet the conditions, or lie in the tail."""
        if self.tail_ is None:
            rows = draws.draw(self.source_, n, self.where_, rng, self.known_)
            return draws.extend_tails(self.source_, rows, self.extended_, rng) if self.extended_ else rows
        if self.known_ is not None:
            raise ConditionError("`rows` gives cells and a tail draws them; keep one of the two")
        level = self.level_.level if isinstance(self.level_, ReturnLevel) else float(self.level_ or 0.0)
        model = self.tail_

        def beyond(many: int) -> pl.DataFrame:
            rows = model.draw(many, level, rng)
            return rows.filter(obeys(rows, model.conditions)) if model.conditions else rows

        return draws.until(n, beyond, "the other conditions hardly ever hold out there")

    def _weighted(self, n: int, rng: np.random.Generator, report: dict[str, Any]) -> pl.DataFrame:
        """Rows in the shares and under the views asked for."""
        if not self.mix_ and not self.views:
            return self._base(n, rng)
        plain = self.tail_ is None and self.known_ is None and not self.extended_
        if len(self.mix_) == 1 and not self.views and plain:
            ((column, shares),) = self.mix_.items()
            report["mix"] = {"method": "exact", "effective_rows": self._worth(column, shares)}
            report["mix"]["rows"] = len(self.source_.table)
            return draws.draw_mix(self.source_, n, column, shares, self.where_, rng)
        rows = self._base(max(POOL_ROWS, 2 * n), rng)
        pooled = self._pool(rows)
        report["views"] = pooled.to_dict()
        return rows[resample(pooled.weights, n, rng)]

    def _worth(self, column: str, shares: Mapping[Condition, float]) -> float:
        """How many of the rows seen, weighted into this mix, would be worth: how far it is from what was seen."""
        table = self.source_.table
        seen = [float(m.mean()) for m in draws.masks(table, [{column: part} for part in shares])]
        wanted = [*shares.values(), max(1 - sum(shares.values()), 0.0)]
        seen.append(max(1 - sum(seen), 0.0))
        worth = sum(w * w / s for w, s in zip(wanted, seen, strict=True) if s > 0)
        return len(table) / worth if worth > 0 else 0.0

    def _pool(self, rows: pl.DataFrame) -> Pooling:
        schema = self.synthesizer_.schema_
        mixed = [
            View(kind="share", columns=(name,), value=part_share, where={name: part})
            for name, parts in self.mix_.items()
            for part, part_share in parts.items()
        ]
        views = [*self.views, *mixed]
        conditions = [settle(v.where or {}, schema, self.source_.table) for v in views if v.kind == "share"]
        columns = {
            name: numbers_of(rows[name])
            for name in self.source_.modelled
            if schema[name].kind in (Kind.INTEGER, Kind.REAL)
        }
        prior = np.full(len(rows), 1 / len(rows))
        return pool(constraints_of(views, columns, draws.masks(rows, conditions), prior))

    def _draw(self, table: pl.DataFrame, report: dict[str, Any]) -> ScenarioDraw:
        logs = self.density_.of(table)
        ranged = [
            c.name for c in self.synthesizer_.schema_
            if c.name in self.source_.modelled and c.kind in (Kind.INTEGER, Kind.REAL, Kind.DATETIME)
        ]  # fmt: skip
        beyond = beyond_seen(table, self.source_.table, ranged)
        if self.tail_ is not None:
            report |= self._tail_report()
        rows = restore(table, self.synthesizer_.schema_)
        return ScenarioDraw(
            frame=self._give_back(rows),
            plausibility=self.density_.percentile(logs),
            log_density=logs,
            beyond=beyond,
            report=report | {"share_beyond_seen": float(beyond.mean())},
            notes=self._notes(report, beyond),
            _give_back=self._give_back,
            _rows=rows,
        )

    def _tail_report(self) -> dict[str, Any]:
        assert self.tail_ is not None
        extremes = self.tail_.extremes
        found: dict[str, Any] = {
            "tail": {"column": extremes.driver.name, **_tail_of(self.tail_).to_dict()},
            "goes_with": extremes.to_dict(),
            "chi": self.tail_chi(),
        }
        if isinstance(self.level_, ReturnLevel):
            found["return_level"] = self.level_.to_dict() | {
                "periods": self.return_period,
                "rows_per_period": self.rows_per_period_(),
            }
        return found

    def tail_chi(self) -> dict[str, list[dict[str, Any]]]:
        """chi and chi-bar of the tail's column with every other column of numbers, among the rows seen, each with the
        tail of the other that goes with it."""
        self._check_fitted()
        if self.tail_ is None:
            return {}
        name, table = self.tail_.extremes.driver.name, self.source_.table
        x, own = numbers_of(table[name]), "upper" if self.tail_.extremes.upper else "lower"
        found = {}
        for other in self.source_.numbers:
            if other == name:
                continue
            y = numbers_of(table[other])
            sides = [tail_dependence(x, y, tails=(own, side)) for side in ("upper", "lower")]
            best = max(sides, key=lambda levels: levels[1].chi)
            side = "upper" if best is sides[0] else "lower"
            found[other] = [{"tail": side, **level.to_dict()} for level in best]
        return found

    def _notes(self, report: Mapping[str, Any], beyond: npt.NDArray[np.bool_]) -> tuple[str, ...]:
        notes = []
        for part in ("mix", "views"):
            figures = report.get(part)
            if figures and figures["effective_rows"] < FEW_EFFECTIVE * figures["rows"]:
                notes.append(
                    f"{part}: the weights are worth {figures['effective_rows']:,.0f} of {figures['rows']:,} rows: what "
                    "is asked for hardly occurs, and a few rows speak for many"
                )
        if self.settings_ and self.order == "guess" and self.parents is None:
            notes.append("the order of cause and effect was guessed from the rows; give your own where you know it")
        if beyond.any():
            notes.append(
                f"{beyond.mean():.1%} of the rows lie beyond anything seen: there the tail's law speaks, not the data"
            )
        if self.tail_ is not None and _tail_of(self.tail_).p_value < 0.05:
            notes.append("the tail's law fits badly at every threshold tried; read return levels with care")
        if not self.is_real_:
            notes.append("plausibility is among rows drawn by the synthesizer; give fit(synthesizer, real=frame)")
        return tuple(notes)

    def _check_fitted(self) -> None:
        if not hasattr(self, "source_"):
            raise NotFittedError("this Scenario has learnt nothing yet: call fit first")


def _tail_of(model: draws.TailModel) -> Tail:
    tail = model.extremes.driver.upper if model.extremes.upper else model.extremes.driver.lower
    assert tail is not None
    return tail


def _shares(name: str, parts: Mapping[Any, float], schema: Any) -> dict[Condition, float]:
    """The shares of a mix by condition, checked."""
    if not isinstance(parts, Mapping) or not parts:
        raise ConditionError(f"column {name!r}: a mix maps values or conditions to shares")
    shares: dict[Condition, float] = {}
    for part, value in parts.items():
        condition = resolve({name: _as_condition(part)}, schema)[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConditionError(f"column {name!r}: a share must be a number in [0, 1]")
        if condition in shares:
            raise ConditionError(f"column {name!r}: a part of the mix stands twice")
        shares[condition] = float(value)
    if sum(shares.values()) > 1 + 1e-9:
        raise ConditionError(f"column {name!r}: the shares of a mix add up to {sum(shares.values()):g}, more than 1")
    return shares


def _check_options(
    where: Any, intervene: Any, order: Any, parents: Any, mix: Any, period: Any, side: Any, per: Any, rows: Any
) -> None:
    for name, value in (("where", where), ("intervene", intervene), ("parents", parents), ("mix", mix)):
        if not isinstance(value, Mapping | None):
            raise OptionError(f"{name} must map columns to what is asked of them, got {type(value).__name__}")
    if order is not None and parents is not None:
        raise OptionError("give an order or parents, not both")
    if isinstance(order, str) and order != "guess":
        raise OptionError("order must be a list of columns, causes first, or 'guess'")
    for name, number in (("return_period", period), ("rows_per_period", per)):
        if number is not None and not (isinstance(number, int | float) and 0 < number < float("inf")):
            raise OptionError(f"{name} must be a number above 0, got {number!r}")
    if side not in ("upper", "lower"):
        raise OptionError(f"side must be 'upper' or 'lower', got {side!r}")
    if rows is not None and mix is not None:
        raise OptionError("`rows` gives cells and a mix draws them; keep one of the two")


def _new_names(taken: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Names that no column has."""
    names = []
    for name in wanted:
        while name in taken:
            name += "_"
        names.append(name)
    return names
