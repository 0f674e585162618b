"""Scenario: rows under conditions, interventions, mixes and views, in the tails, each with how plausible it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.conditions import Condition
from likewise.errors import ConditionError, NotFittedError, OptionError, nearest
from likewise.scenario import draws
from likewise.scenario.asked import check_options, numbers_in, read_request, refuse_undone, tail_column
from likewise.scenario.conditions import obeys, settle
from likewise.scenario.intervention import intervene
from likewise.scenario.margins import Margin
from likewise.scenario.plausibility import Density, beyond_seen, numbers_of
from likewise.scenario.pooling import Pooling, View, constraints_of, pool, resample
from likewise.scenario.result import ScenarioDraw, notes_on, tail_figures
from likewise.scenario.reverse import Search, search
from likewise.scenario.tails import ReturnLevel, return_level
from likewise.scenario.times import times_of
from likewise.schema.column import Kind
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore
from likewise.synthesizer import Synthesizer
from likewise.tables.files import from_frame

Floats = npt.NDArray[np.float64]

POOL_ROWS = 20_000
"""Rows that are weighted to meet views, at least."""

REFERENCE_ROWS = 5_000
"""Rows that say what is plausible."""


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
        check_options(
            mappings={"where": where, "intervene": intervene, "parents": parents, "mix": mix},
            numbers={"return_period": return_period, "rows_per_period": rows_per_period},
            order=order, parents=parents, side=side,
        )  # fmt: skip
        if rows is not None and (mix is not None or return_period is not None):
            raise OptionError("`rows` gives cells which a mix or a tail would draw; keep one of the two")
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
        fitted = source if isinstance(source, Synthesizer) else None
        raw = self._rows_of(source, fitted, real)
        plain, self._give_back = from_frame(raw)
        schema = infer(plain) if fitted is None else fitted.schema_
        table = parse(plain, schema)
        if self.time is not None:
            times = times_of(table, self.time)
            table, self._rows_a_year = table[times.order], times.rows_per_year
        # All that can be refused is refused before the long work.
        self.asked_ = read_request(
            schema, table, where=self.where, rows=self.rows, intervene=self.intervene, order=self.order,
            parents=self.parents, mix=self.mix, views=self.views, extrapolate=self.extrapolate,
        )  # fmt: skip
        if self.return_period is not None:
            column = tail_column(self.tail, numbers_in(schema, table), {**self.asked_.where, **self.asked_.after})
            refuse_undone(self.asked_.changed, [column], "a return period")
            self._rows_in(self.return_period)
        self.random_ = np.random.default_rng(self.random_state)
        if fitted is None:
            fitted = Synthesizer(self.model, schema=schema, random_state=self.random_state, **self.model_options)
            fitted.fit(plain)
        self.synthesizer_ = fitted
        self.source_ = draws.Source(fitted, table, tuple(numbers_in(schema, table)))
        self.margins_ = {name: self._margin(name) for name in self.source_.numbers}
        self.density_ = Density.fit(fitted, self.margins_, self._reference(table))
        self._fit_tail()
        return self

    def _rows_of(self, source: Any, fitted: Synthesizer | None, real: Any) -> Any:
        """The rows that say what is usual."""
        if fitted is None:
            if real is not None:
                raise OptionError("`real` goes with a fitted synthesizer; a frame is its own rows")
            self.is_real_ = True
            return source
        fitted._check_fitted()
        self.is_real_ = real is not None
        if real is None and self.return_period is not None:
            raise OptionError(
                "a return period needs the real rows: a synthesizer ends where its protected range does; call "
                "fit(synthesizer, real=frame)"
            )
        return fitted.sample(POOL_ROWS, random_state=self.random_state or 0) if real is None else real

    def _margin(self, name: str) -> Margin:
        values = numbers_of(self.source_.table[name])
        return Margin.fit(values[np.isfinite(values)], name)

    def _reference(self, table: pl.DataFrame) -> pl.DataFrame:
        if len(table) <= REFERENCE_ROWS:
            return table
        return table[np.sort(np.random.default_rng(0).choice(len(table), REFERENCE_ROWS, replace=False))]

    # ---- tails -------------------------------------------------------------------------------------------------------

    def _fit_tail(self) -> None:
        """The tail that rows are drawn from: of a return period, or of a condition that reaches into it."""
        self.tail_: draws.TailModel | None = None
        self.level_: float | None = None
        self.return_level_: ReturnLevel | None = None
        far = self.asked_.far_condition(self.margins_)
        if self.return_period is not None:
            period = self._rows_in(self.return_period)
            self.tail_ = self._tail_model(self._tail_column(), self.asked_.where, self.side == "upper", period)
            self.return_level_ = self._level(self.tail_, self.return_period)
            self.level_ = self.return_level_.level
        elif far is not None:
            name, upper, self.level_ = far
            others = {k: v for k, v in self.asked_.where.items() if k != name}
            self.tail_ = self._tail_model(name, others, upper)

    def _tail_column(self) -> str:
        return tail_column(self.tail, list(self.source_.numbers), self.asked_.where)

    def _tail_model(
        self, name: str, conditions: Mapping[str, Condition], upper: bool, period: float = np.inf
    ) -> draws.TailModel:
        # Rows that were picked by a condition do not follow each other.
        in_order = self.time is not None and not conditions
        return draws.TailModel.fit(self.source_, name, conditions, upper=upper, in_order=in_order, period=period)

    def _rows_in(self, periods: float) -> float:
        """How many rows so many periods hold."""
        per = self.rows_per_period or (1.0 if self.time is None else self._rows_a_year)
        if periods * per <= 1:
            raise OptionError(
                f"a return period of {periods:g} is shorter than one row's step: a period holds {per:g} rows; ask for "
                "longer, or give rows_per_period"
            )
        return periods * per

    def _level(self, model: draws.TailModel, periods: float, confidence: float = 0.95) -> ReturnLevel:
        # Of all rows only some meet the conditions; a period holds so many fewer of them.
        share = model.n_rows / len(self.source_.table[model.column].drop_nulls())
        return return_level(model.tail, self._rows_in(periods) * share, confidence=confidence)

    def return_level(self, periods: float, *, confidence: float = 0.95) -> ReturnLevel:
        """The level that comes once in so many periods, with its interval; of `tail`, among rows that meet `where`.

        Raises:
            OptionError: the scenario names no tail, or the period lies within the data.
        """
        self._check_fitted()
        model = self.tail_ or self._tail_model(
            self._tail_column(), self.asked_.where, self.side == "upper", self._rows_in(periods)
        )
        return self._level(model, periods, confidence)

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
        if not self.asked_.settings:
            return self._draw(*self._weighted(int(n), rng))
        table, report = self._intervened(int(n), rng)
        report["intervention"] = {"set": sorted(self.asked_.settings), "order": list(self.asked_.graph)}
        return self._draw(table, report)

    def _intervened(self, n: int, rng: np.random.Generator) -> tuple[pl.DataFrame, dict[str, Any]]:
        """Rows after the intervention, those that meet what is asked of its effects."""
        asked, report = self.asked_, {}

        def made(many: int) -> pl.DataFrame:
            table, told = self._weighted(many, rng)
            report.update(told)
            table = intervene(self.synthesizer_, table, asked.settings, asked.graph, rng)
            return table.filter(obeys(table, asked.after)) if asked.after else table

        if not asked.after:
            return made(n), report
        return draws.until(n, made, "the conditions hardly ever hold after the intervention"), report

    def _weighted(self, n: int, rng: np.random.Generator) -> tuple[pl.DataFrame, dict[str, Any]]:
        """Rows in the shares and under the views asked for, and what that costs."""
        asked = self.asked_
        if not asked.mix and not asked.views:
            return self._plain(n, rng), {}
        if len(asked.mix) == 1 and not asked.views and self.tail_ is None and not asked.extended:
            ((column, shares),) = asked.mix.items()
            worth = draws.worth_of_mix(self.source_.table, column, shares)
            figures = {"method": "exact", "effective_rows": worth, "rows": len(self.source_.table)}
            return draws.draw_mix(self.source_, n, column, shares, asked.where, rng), {"mix": figures}
        rows = self._plain(max(POOL_ROWS, 2 * n), rng)
        pooled = self._pool(rows)
        return rows[resample(pooled.weights, n, rng)], {"views": pooled.to_dict()}

    def _plain(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        """Rows that meet the conditions, or lie in the tail."""
        model, level = self.tail_, self.level_
        if model is None or level is None:
            rows = draws.draw(self.source_, n, self.asked_.where, rng, self.asked_.known)
            return draws.extend_tails(self.source_, rows, self._extended(), rng)
        if self.asked_.known is not None:
            raise ConditionError("`rows` gives cells which a tail would draw; keep one of the two")

        def beyond(many: int) -> pl.DataFrame:
            rows = model.draw(many, level, rng)
            return rows.filter(obeys(rows, model.conditions)) if model.conditions else rows

        return draws.until(n, beyond, "the other conditions hardly ever hold out there")

    def _extended(self) -> dict[str, Margin]:
        """Columns whose tails are carried on in ordinary draws: a condition on the column itself says where it ends."""
        return {name: self.margins_[name] for name in self.asked_.extended if name not in self.asked_.where}

    def _pool(self, rows: pl.DataFrame) -> Pooling:
        """The weights of rows under all views and mixes."""
        schema, views = self.synthesizer_.schema_, self.asked_.all_views
        conditions = [settle(v.where or {}, schema, self.source_.table) for v in views if v.kind == "share"]
        met = [obeys(rows, asked).to_numpy() for asked in conditions]
        numbers = [c.name for c in schema if c.is_modelled and c.kind in (Kind.INTEGER, Kind.REAL)]
        prior = np.full(len(rows), 1 / len(rows))
        return pool(constraints_of(views, {name: numbers_of(rows[name]) for name in numbers}, met, prior))

    def _draw(self, table: pl.DataFrame, report: dict[str, Any]) -> ScenarioDraw:
        """Canonical rows as the caller gets them."""
        logs = self.density_.of(table)
        beyond = beyond_seen(table, self.source_.table, self.synthesizer_.schema_)
        if self.tail_ is not None:
            report = report | tail_figures(self.source_, self.tail_)
        if self.return_level_ is not None:
            report = report | {"return_level": self.return_level_.to_dict() | {"periods": self.return_period}}
        rows = restore(table, self.synthesizer_.schema_)
        is_guessed = bool(self.asked_.settings) and self.parents is None and self.order == "guess"
        return ScenarioDraw(
            frame=self._give_back(rows),
            plausibility=self.density_.percentile(logs),
            log_density=logs,
            beyond=beyond,
            report=report | {"share_beyond_seen": float(beyond.mean())},
            notes=notes_on(report, beyond, is_guessed=is_guessed, is_real=self.is_real_),
            _give_back=self._give_back,
            _rows=rows,
        )

    # ---- reverse stress ----------------------------------------------------------------------------------------------

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
        columns = [name for name in self.source_.modelled if self.source_.table[name].n_unique() > 1]
        task = Search(self.source_, self.asked_.where, self._extended(), self.density_, self._loss(loss), columns)
        found = search(task, float(threshold), n, search_rows, rng)
        figures = {"threshold": float(threshold), "losses": found.losses.tolist(), "probability": found.probability}
        return self._draw(found.rows, {"reverse": figures})

    def _loss(self, loss: Callable[[Any], Any] | Mapping[str, float]) -> Callable[[pl.DataFrame], Floats]:
        """(n,) losses of canonical rows; a loss that is no number counts as none."""
        if isinstance(loss, Mapping):
            for name in loss:
                if name not in self.margins_:
                    raise OptionError(
                        f"a loss is made of columns of numbers; {name!r} is none{nearest(str(name), self.margins_)}"
                    )
            return lambda rows: np.nan_to_num(sum(w * numbers_of(rows[name]) for name, w in loss.items()), nan=-np.inf)

        def of(rows: pl.DataFrame) -> Floats:
            found = np.asarray(loss(self._give_back(restore(rows, self.synthesizer_.schema_))), np.float64)
            if found.shape != (len(rows),):
                raise OptionError(f"the loss function must give one number a row, got shape {found.shape}")
            return np.where(np.isnan(found), -np.inf, found)

        return of

    def _check_fitted(self) -> None:
        if not hasattr(self, "source_"):
            raise NotFittedError("this Scenario has learnt nothing yet: call fit first")
