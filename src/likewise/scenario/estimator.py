"""Scenario: rows under conditions, interventions, mixes and views, in the tails, each with how plausible it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.matrix import numbers_of
from likewise.conditions import Condition
from likewise.errors import LikewiseWarning, NotFittedError, OptionError, nearest
from likewise.estimator import Estimator, check_count, check_seed, held_in_memory
from likewise.scenario.answer import POOL_ROWS, Answer
from likewise.scenario.asked import Question, numbers_in, read_request, tail_column
from likewise.scenario.draws import Source, TailModel
from likewise.scenario.plausibility import beyond_seen
from likewise.scenario.pooling import View
from likewise.scenario.result import ScenarioDraw, notes_on, of_few_runs, tail_figures
from likewise.scenario.reverse import Search, search
from likewise.scenario.tails import ReturnLevel, return_level
from likewise.scenario.times import times_of
from likewise.schema.column import Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore
from likewise.synthesizer import Synthesizer
from likewise.tables.frames import from_frame, name_of
from likewise.typing import Floats


class Scenario(Estimator):
    """Rows of a world that is not quite the one seen: what if, how often, how bad.

    Fitted once, it answers many questions: each call of `sample` asks its own. A generator is trained when a question
    first needs one; the tail of a table's only column needs none.

    Args:
        model: the generator that is fitted to a frame; see `likewise.models.MODELS`.
        time: a column of times; the rows then count as following each other, and their times are not drawn.
        rules: what must hold between columns, as `Synthesizer` takes them; every row keeps them, those under an
            intervention and from a tail too. A fitted synthesizer has its own.
        random_state: seed of the fit and of the draws.
        **options: of the generator, such as `epochs` or `max_seconds`. What `sample` takes may stand here too, as it
            did before, and is then asked by every call; that warns, and ends after two releases.

    Privacy: no differential privacy, and less protection than a `Synthesizer` gives: plausibility, tails and return
    levels are computed on the rows themselves, true extremes among them.

    Example:
        >>> import numpy as np, polars as pl, likewise as lw
        >>> rng = np.random.default_rng(0)
        >>> df = pl.DataFrame({"region": rng.choice(["n", "s"], 2000), "loss": rng.pareto(4.0, 2000)})
        >>> scenario = lw.Scenario("copula", random_state=0).fit(df)
        >>> draw = scenario.sample(100, tail="loss", return_period=10_000)
        >>> bool((draw.frame["loss"] >= draw.report["return_level"]["level"] - 1e-9).all()), bool(draw.beyond.all())
        (True, True)
        >>> set(scenario.sample(10, where={"region": "n"}).frame["region"])
        {'n'}
    """

    def __init__(
        self,
        model: str = "autoregressive",
        *,
        time: str | None = None,
        rules: Sequence[str] | None = None,
        random_state: int | None = None,
        **options: Any,
    ) -> None:
        check_seed(random_state)
        self.time, self.rules = None if time is None else name_of(time), rules
        self.model, self.random_state, self.options = model, random_state, options
        self._early = {name: options[name] for name in Question.names() if name in options}
        Question(**self._early)
        if self._early:
            names = ", ".join(f"{name}=..." for name in self._early)
            warnings.warn(
                f"Scenario({names}) asks before it has learnt, and trains anew for each question: write "
                f"Scenario(...).fit(frame).sample(n, {names}); the old spelling ends after two releases",
                FutureWarning,
                stacklevel=2,
            )

    # ---- learning ----------------------------------------------------------------------------------------------------

    def fit(self, source: Any, real: Any = None) -> Self:
        """Take a fitted synthesizer, or the frame that one is to be fitted to once a question needs it.

        Args:
            source: a fitted `Synthesizer`, or a frame.
            real: the rows that say what is plausible and how the tails go, where `source` is a synthesizer; None draws
                them from it, whose numbers end where its protected range does.

        Raises:
            InputError, SchemaError: the frame cannot be used.
            OptionError: `time` is no column of times, or the model has no such option.
        """
        fitted = source if isinstance(source, Synthesizer) else None
        plain, self._give_back = from_frame(self._rows_of(source, fitted, real))
        schema = infer(plain).with_rules(self.rules) if fitted is None else fitted.schema_
        table = parse(plain, schema)
        self._rows_a_year = 1.0
        if self.time is not None:
            times = times_of(table, self.time)
            table, self._rows_a_year = table[times.order], times.rows_per_year
            if fitted is None:  # a time that is drawn would say nothing: it says in which order rows came
                schema = Schema(tuple(column for column in schema if column.name != self.time), rules=schema.rules)
                plain, table = plain.drop(self.time), table.drop(self.time)
        self.source_ = Source(schema, table, tuple(numbers_in(schema, table)), self._learner(plain, schema, fitted))
        self.random_ = np.random.default_rng(self.random_state)
        self._tails: dict[Any, TailModel] = {}
        if self._early:
            self._answer(Question(**self._early))  # all that can be refused is refused here, as it was
        return self

    def _rows_of(self, source: Any, fitted: Synthesizer | None, real: Any) -> Any:
        """The rows that say what is usual."""
        if fitted is not None and self.rules:
            raise OptionError("rules are learnt with the rows: give them to the Synthesizer")
        if fitted is None:
            if real is not None:
                raise OptionError("`real` goes with a fitted synthesizer; a frame is its own rows")
            self.is_real_ = True
            return source
        fitted._check_of_rows("a scenario")
        self.is_real_ = real is not None
        return fitted.sample(POOL_ROWS, random_state=self.random_state or 0) if real is None else real

    def _learner(self, plain: pl.DataFrame, schema: Schema, fitted: Synthesizer | None) -> Callable[[], Synthesizer]:
        if fitted is not None:
            return lambda: fitted
        own = {name: value for name, value in self.options.items() if name not in self._early}
        blank = Synthesizer(self.model, schema=schema, random_state=self.random_state, **own)
        return lambda: blank.fit(plain)

    @property
    def synthesizer_(self) -> Synthesizer:
        """The generator, which is trained by the first look at it."""
        self._check_fitted()
        return self.source_.synthesizer

    # ---- questions ---------------------------------------------------------------------------------------------------

    def _question(self, **given: Any) -> Question:
        """What a call asks, over what `__init__` asked in the old spelling."""
        self._check_fitted()
        given = {name: value for name, value in given.items() if value is not None and value is not False}
        question = Question(**{**self._early, **given})
        if not self._early:
            question.refuse_unused()
        return question

    def _answer(self, question: Question) -> Answer:
        """How a question is answered, checked before the long work."""
        source = self.source_
        asked = read_request(source.schema, source.table, question)
        if question.return_period is not None:
            tail = self._tail(question, asked.where, question.return_period)
            return Answer(source, asked, tail, self._level(question, tail, question.return_period).level)
        far = asked.far_condition(source.margins) if asked.extended else None
        if far is None:
            return Answer(source, asked)
        name, upper, level = far
        others = {column: condition for column, condition in asked.where.items() if column != name}
        return Answer(source, asked, self._fitted_tail(name, others, upper), level)

    def _tail(self, question: Question, where: Mapping[str, Condition], periods: float) -> TailModel:
        if not self.is_real_:
            raise OptionError(
                "a return period needs the real rows: a synthesizer ends where its protected range does; call "
                "fit(synthesizer, real=frame)"
            )
        name = tail_column(question.tail, list(self.source_.numbers), where)
        return self._fitted_tail(name, where, question.upper, self._rows_in(question, periods))

    def _fitted_tail(
        self, name: str, conditions: Mapping[str, Condition], upper: bool, period: float = np.inf
    ) -> TailModel:
        key = name, frozenset(conditions.items()), upper, period
        if key not in self._tails:
            # Rows that were picked by a condition do not follow each other.
            in_order = self.time is not None and not conditions
            self._tails[key] = TailModel.fit(
                self.source_, name, conditions, upper=upper, in_order=in_order, period=period
            )
        return self._tails[key]

    def _rows_in(self, question: Question, periods: float) -> float:
        """How many rows so many periods hold."""
        per = question.rows_per_period or self._rows_a_year
        if periods * per <= 1:
            raise OptionError(
                f"a return period of {periods:g} is shorter than one row's step: a period holds {per:g} rows; ask for "
                "longer, or give rows_per_period"
            )
        return periods * per

    def _level(self, question: Question, model: TailModel, periods: float, confidence: float = 0.95) -> ReturnLevel:
        rows = self._rows_in(question, periods) * self._share(model)
        return return_level(model.tail, rows, confidence=confidence)

    def _share(self, model: TailModel) -> float:
        """Of all rows only some meet the conditions; a period holds so many fewer of them."""
        return len(model.rows) / len(self.source_.table[model.column].drop_nulls())

    def return_level(
        self,
        periods: float,
        *,
        tail: str | None = None,
        side: str | None = None,
        where: Mapping[str, Any] | None = None,
        rows_per_period: float | None = None,
        confidence: float = 0.95,
    ) -> ReturnLevel:
        """The level that comes once in so many periods, with its interval.

        Args:
            periods: how many.
            tail, side, where, rows_per_period: as in `sample`.
            confidence: of the interval.

        Raises:
            OptionError: no tail is named, or the period lies within the data.

        Warns:
            LikewiseWarning: the rows of the tail follow each other in a few long runs, as a price's do.
        """
        question = self._question(
            tail=tail, side=side, where=where, rows_per_period=rows_per_period, return_period=periods
        )
        where_ = read_request(self.source_.schema, self.source_.table, question).where
        model = self._tail(question, where_, periods)
        if (told := of_few_runs(len(model.tail.excesses), model.tail.extremal_index)) is not None:
            warnings.warn(told, LikewiseWarning, stacklevel=2)
        return self._level(question, model, periods, confidence)

    # ---- drawing -----------------------------------------------------------------------------------------------------

    def sample(
        self,
        n: int = 1000,
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
        side: str | None = None,
        rows_per_period: float | None = None,
        extrapolate: bool | str | Sequence[str] = False,
        random_state: int | None = None,
    ) -> ScenarioDraw:
        """Draw rows of a scenario; with nothing asked, ordinary ones.

        Args:
            n: how many.
            where: column -> value, values, range, or `scenario.quantiles(.9, 1)`; every row obeys.
            rows: a frame of rows of which some cells are known; the others are drawn given those.
            intervene: column -> what it is *set* to. Only columns that depend on it are drawn anew; to see rows that
                have the value is `where`.
            order: for an intervention: every column, causes first; or "guess", which guesses it and says so.
            parents: for an intervention: column -> the columns it depends on, instead of an order.
            mix: column -> {value or condition: share}; one column is drawn in exactly these shares, several by
                weights.
            views: `scenario.mean`, `std`, `quantile`, `correlation`, `share`: met by weights as near to equal as can
                be.
            return_period: draw rows as bad as come once in so many periods, or worse.
            tail: the column whose extremes are meant; needed where the table has several columns of numbers.
            side: "upper" (None is that too) or "lower": which extremes.
            rows_per_period: how many rows make a period; None takes a year's rows where `time` is given, else 1.
            extrapolate: columns of numbers whose tails are carried on beyond what was seen, or True for all that no
                rule holds to others.
            random_state: the same seed gives the same rows; None continues the scenario's own stream.

        Raises:
            ConditionError: a condition fits no column, contradicts another, or no row can meet what was asked.
            OptionError: an argument is outside what it may be or would not be used, a return period is shorter than
                one row's step, or no tail is named.
        """
        question = self._question(
            where=where, rows=rows, intervene=intervene, order=order, parents=parents, mix=mix, views=views,
            return_period=return_period, tail=tail, side=side, rows_per_period=rows_per_period, extrapolate=extrapolate,
        )  # fmt: skip
        n = check_count("n", n)
        answer = self._answer(question)
        rng = self.random_ if random_state is None else np.random.default_rng(random_state)
        with held_in_memory(n):
            return self._draw(question, answer, *answer.rows(n, rng))

    def _draw(self, question: Question, answer: Answer, table: pl.DataFrame, report: dict[str, Any]) -> ScenarioDraw:
        """Canonical rows as the caller gets them."""
        source = self.source_
        logs = source.density.of(table)
        beyond = beyond_seen(table, source.table, source.schema)
        if answer.tail is not None:
            report = report | tail_figures(source, answer.tail)
            if question.return_period is not None:
                report = report | self._levels(question, answer.tail, question.return_period)
        rows = restore(table, source.schema)
        is_guessed = bool(answer.asked.settings) and question.order == "guess"
        return ScenarioDraw(
            frame=self._give_back(rows),
            plausibility=source.density.percentile(logs),
            log_density=logs,
            beyond=beyond,
            report=report | {"share_beyond_seen": float(beyond.mean())},
            notes=notes_on(report, beyond, is_guessed=is_guessed, is_real=self.is_real_),
            _give_back=self._give_back,
            _rows=rows,
        )

    def _levels(self, question: Question, model: TailModel, periods: float) -> dict[str, Any]:
        """The level asked for, and those of a fifth and of five times the periods, where they lie in the tail."""
        unit = "years" if self.time is not None and question.rows_per_period is None else "periods"
        least = 1 / (model.tail.share * self._rows_in(question, periods) * self._share(model))
        told = [
            self._level(question, model, periods * k).to_dict() | {"periods": periods * k, "unit": unit}
            for k in (0.2, 1, 5)
            if k == 1 or k > least
        ]
        return {"return_level": next(t for t in told if t["periods"] == periods), "return_levels": told}

    # ---- reverse stress ----------------------------------------------------------------------------------------------

    def reverse(
        self,
        loss: Callable[[Any], Any] | Mapping[str, float],
        threshold: float,
        n: int = 10,
        *,
        where: Mapping[str, Any] | None = None,
        extrapolate: bool | str | Sequence[str] = False,
        search_rows: int = 2000,
        random_state: int | None = None,
    ) -> ScenarioDraw:
        """The reverse stress test: the most plausible rows that lose at least so much.

        Args:
            loss: a function from a frame (of the kind that was fitted) to (n,) losses, or weights by column.
            threshold: the least loss.
            n: how many rows, the most plausible first.
            where, extrapolate: as in `sample`.
            search_rows: rows that the search drives to the loss.

        Returns:
            The rows; the report holds their losses and how probable such a loss is under the generator.

        Raises:
            ConditionError: no row that the generator draws loses so much.
        """
        question, source = self._question(where=where, extrapolate=extrapolate), self.source_
        answer = Answer(source, read_request(source.schema, source.table, question))
        rng = self.random_ if random_state is None else np.random.default_rng(random_state)
        columns = [name for name in source.modelled if source.table[name].n_unique() > 1]
        task = Search(source, answer.asked.where, answer.extended(), source.density, self._loss(loss), columns)
        found = search(task, float(threshold), check_count("n", n), check_count("search_rows", search_rows), rng)
        figures = {"threshold": float(threshold), "losses": found.losses.tolist(), "probability": found.probability}
        return self._draw(question, answer, found.rows, {"reverse": figures})

    def _loss(self, loss: Callable[[Any], Any] | Mapping[str, float]) -> Callable[[pl.DataFrame], Floats]:
        """(n,) losses of canonical rows; a loss that is no number counts as none."""
        if isinstance(loss, Mapping):
            numbers = self.source_.numbers
            for name in loss:
                if name not in numbers:
                    hint = nearest(str(name), numbers)
                    raise OptionError(f"a loss is made of columns of numbers; {name!r} is none{hint}")
            return lambda rows: np.nan_to_num(sum(w * numbers_of(rows[name]) for name, w in loss.items()), nan=-np.inf)

        def of(rows: pl.DataFrame) -> Floats:
            found = np.asarray(loss(self._give_back(restore(rows, self.source_.schema))), np.float64)
            if found.shape != (len(rows),):
                raise OptionError(f"the loss function must give one number a row, got shape {found.shape}")
            return np.where(np.isnan(found), -np.inf, found)

        return of

    def _check_fitted(self) -> None:
        if not hasattr(self, "source_"):
            raise NotFittedError("this Scenario has learnt nothing yet: call fit first")
