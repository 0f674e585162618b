"""Synthesizer: schema, codec and generator under one roof. Frames in, frames of the same kind out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise import memory
from likewise.codecs.base import Codes, Given, Search
from likewise.codecs.column import CodecOptions
from likewise.codecs.image import LABEL, ImageCodec
from likewise.codecs.table import Narrowing
from likewise.codecs.window import WindowCodec
from likewise.dp.answers import NoisyTable
from likewise.dp.budget import Budget
from likewise.dp.gate import StepPlan
from likewise.dp.ledger import DP, Ledger
from likewise.engines import engine_of
from likewise.errors import InputError, LikewiseWarning, ModelFileError, NotFittedError, OptionError
from likewise.estimator import Estimator
from likewise.hashing import Split
from likewise.histories.model import HistoryModel
from likewise.histories.order import SERIES
from likewise.images.sets import as_images, giving_back
from likewise.modelfile import ModelFile, read_model, write_model
from likewise.models import AUTO
from likewise.models.base import Generator
from likewise.rules.plan import RulePlan
from likewise.schema.column import Role, Schema
from likewise.schema.distinct import Columns, Counted
from likewise.schema.finite import refuse_infinite
from likewise.schema.parse import parse, parse_declared, restore
from likewise.schema.persons import People
from likewise.series.sets import as_windows, giving_windows_back
from likewise.sources.chosen import Chosen
from likewise.synthesizer import several
from likewise.synthesizer.beside import Beside, Drawn, Joined
from likewise.synthesizer.completion import completed
from likewise.synthesizer.continuation import extended
from likewise.synthesizer.drawing import (
    check_draw,
    drawn,
    draws_rows,
    narrowed,
    parts_of,
    spans_of,
    what_was_learnt,
)
from likewise.synthesizer.filled_histories import filled_histories
from likewise.synthesizer.fitting import (
    Learnt,
    fit_histories,
    fit_histories_privately,
    fit_privately,
    fit_rows,
    of_chosen,
    table_of,
    warn_of_few_rows,
)
from likewise.synthesizer.given import histories_of
from likewise.synthesizer.histories import log_prob_of, refuse
from likewise.synthesizer.images import fit_images
from likewise.synthesizer.latents import LatentMethods
from likewise.synthesizer.parameters import (
    HOLDOUT,
    check_parameters,
    check_seed,
    is_count,
    made_generator,
    streams,
)
from likewise.synthesizer.rows import counted_of, is_numeric
from likewise.synthesizer.ruled_histories import RuledRows
from likewise.synthesizer.saved import DAMAGE, Saved
from likewise.synthesizer.scans.asking import in_parts
from likewise.synthesizer.streaming import write_rows
from likewise.synthesizer.windows import codes_of_arrays, fit_windows, plainly
from likewise.tables.frames import from_frame, with_index_of
from likewise.tables.pandas import word_on_index
from likewise.training.loop import Progress

if TYPE_CHECKING:
    from likewise.databases.database import Database
    from likewise.engines.base import Engine
    from likewise.evaluate import Report
    from likewise.synthesizer.databases.learning import DatabaseModel

MANY_ROWS = 1_000_000
"""Of so many what a fit leaves behind is worth giving back."""

OF_PARTS = ("where", "length", "max_tries", "progress", "random_state")
"""What `sample_parts` takes of that which `sample` does."""


class Synthesizer(Estimator, LatentMethods):
    """Learns a table, images or windows of time series, and draws new rows that behave likewise.

    Args:
        model: name of a generator (see `likewise.models.MODELS`; for images `likewise.models.images.IMAGE_MODELS`, for
            windows `likewise.models.windows.WINDOW_MODELS`) or a generator. "auto" is "autoregressive"; under a budget
            of privacy "aim", or "mst" for more than 30 columns; for images "vaegan", or "vae" under a budget.
        schema: what the columns are; None infers it from the data.
        random_state: seed of the split, of training and of drawing; None draws one, or takes 0 with a `checkpoint`.
        holdout: share of the rows kept from training, for early stopping; 0 keeps none.
        bounds: column -> (least, greatest) value of a number, a date or a time, instead of the protected range learnt
            from the data. What lies beyond is learnt as the bound; the outermost rows thin out towards it.
        only: column -> value, list of values or condition, as `where` of `sample` takes them: learn the rows that meet
            them and no others. Kinds and roles of the columns are still told from the whole table.
        entity: the column that tells whose a row is, where a person, a machine or a case has several. What is kept then
            has 5 of them behind it, all rows of one are learnt or held out together, and a drawn row's is made anew.
            None takes the schema's, or one that repeats as an entity's key does, with a warning; False counts rows.
        time: the column that orders an entity's rows; True takes their own order. They are then learnt as histories,
            or without an entity as one series:
            `sample(n)` draws n entities with all their rows, and `extend` goes on from rows that are known.
        static: the columns that say what an entity is, and so never change within its rows; None finds them, or takes
            none under a budget of privacy.
        rules: what must hold between columns, each a text such as "start <= end", "a + b = total" or "city, country
            from data" (docs/rules.md), beside those of the schema. Every row that is drawn keeps them; real rows that
            do not are counted in a warning, and learnt from all the same.
        strict_rules: refuse a table of which a row breaks a rule.
        privacy: a budget of differential privacy, `likewise.DP(epsilon, delta)`. The schema must then be given, and
            declare all that is not paid for; of a draft (`infer`) only what a person said of it counts. All models but
            "copula" and "cart" can keep it; of images "vae", "gan". With `time` it protects entities with all their
            rows: `DP(..., entity=, max_rows=)`.
        budget: the file of all fits of this data set, `likewise.Budget`: the fit of `privacy` is an entry in it before
            a row is looked at, and is refused where the total does not hold it.
        codec: how finely the table is coded and how its people are protected; `likewise.CodecOptions(k_anonymous=10)`
            tells the model the columns of role `quasi_identifier` only so that 10 rows share each combination.
        max_seconds: budget of training, of all tables and nets together, for models that learn in epochs.
        progress: called once an epoch with a `likewise.training.loop.Event`; True shows a bar; None or False nothing.
            It may raise `likewise.training.loop.Enough` to stop there and keep the best so far; not under a budget.
        **model_options: passed to the generator that `model` names.

    After `fit`: `schema_`, `codec_` (of images `image_codec_`), `generator_`, `n_rows_`, `train_rows_` and
    `holdout_rows_` (row numbers of the table given; None of one read in parts, which would be too many, and under a
    budget, for they would tell of rows), `rules_` (how
    rules are kept, or None), `record_` (what training did), `ledger_` (what a budget of privacy was spent on by the
    last fit, a failed one too, or None).

    Privacy: differential privacy where `privacy` is given; else none. By default a level held by fewer than 5 rows is
    never given out, and a range ends at the mean of the 5th to the 9th smallest and largest rows' values. Measure what
    a table leaks with `likewise.evaluate`.

    Example:
        >>> import polars as pl, likewise as lw
        >>> df = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
        >>> synth = lw.Synthesizer(random_state=0, epochs=2).fit(df)
        >>> synth.sample(3, where={"smokes": "yes"})["smokes"].to_list()
        ['yes', 'yes', 'yes']
    """

    image_codec_: ImageCodec | WindowCodec | None = None
    ledger_: Ledger | None = None
    train_rows_: npt.NDArray[np.int64] | None = None
    holdout_rows_: npt.NDArray[np.int64] | None = None
    _held_out: Split | None = None
    answers_: tuple[NoisyTable, ...] = ()
    _paid: Ledger | None = None
    rules_: RulePlan | None = None
    histories_: HistoryModel | None = None
    plan_: StepPlan | None = None
    database_: DatabaseModel | None = None
    beside_: Beside | None = None
    _give_back: Callable[[Any], Any] = staticmethod(lambda table: table)
    _give_static: Callable[[Any], Any] = staticmethod(lambda table: table)

    def __init__(
        self,
        model: str | Generator = AUTO,
        *,
        schema: Schema | None = None,
        random_state: int | None = None,
        holdout: float = HOLDOUT,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        only: Mapping[str, Any] | None = None,
        entity: str | bool | None = None,
        time: str | bool | None = None,
        static: Sequence[str] | None = None,
        rules: Sequence[str] | None = None,
        strict_rules: bool = False,
        privacy: DP | None = None,
        budget: Budget | None = None,
        codec: CodecOptions | None = None,
        max_seconds: float | None = None,
        progress: Progress | bool | None = None,
        **model_options: Any,
    ) -> None:
        check_parameters(
            schema=schema, random_state=random_state, holdout=holdout, bounds=bounds, only=only, entity=entity,
            time=time, static=static, rules=rules, strict_rules=strict_rules, privacy=privacy, budget=budget,
            codec=codec, max_seconds=max_seconds, progress=progress,
        )  # fmt: skip
        self.model, self.schema, self.random_state, self.holdout = model, schema, random_state, holdout
        self.bounds, self.only, self.codec, self.max_seconds, self.progress = bounds, only, codec, max_seconds, progress
        self.privacy, self.budget, self.entity, self.model_options = privacy, budget, entity, model_options
        self.rules, self.strict_rules, self.time, self.static = rules, strict_rules, time, static
        made_generator(self)

    def fit(
        self, frame: Any, holdout: Any = None, *, y: Any = None, static: Any = None, engine: str | Engine | None = None,
        workers: int | None = None, address: str | None = None, train_rows: int | None = None,
        data_parallel: bool = False,
    ) -> Self:  # fmt: skip
        """Learn a table, images or windows.

        Args:
            frame: pandas, Polars or Arrow frame, or a 2-D array; (n, columns). Images: an array (n, H, W) or
                (n, C, H, W), or a mapping {"x": images, "y": labels}. Windows: a `WindowSet`, a mapping
                {"windows": array}, or with `time=True` an array (n, steps, channels). What is drawn is of the kind
                given. The path of a file, or folder, of rows is read in the least memory; what is drawn is then a
                Polars frame. A large one (Parquet of more than 1e8 cells, other files of more than 1 GB), or a
                `likewise.scan`, is read in parts and never held: see docs/scale.md for what goes with that.
            holdout: rows for early stopping, kept elsewhere; None takes a share of `frame`.
            y: (n,) labels of images given as an array; the model is then told them.
            static: of histories: a frame, or a file, with a row for each entity, which says what it is, and the column
                of the entities. `sample` then gives two tables, `rows, static`. Entities without rows are learnt and
                drawn, too, where there are 5; rows of entities that it lacks are left out, with a warning.
            engine, workers, address: of a table that is read in parts: where that is done, as `likewise.engines`
                takes them; what is learnt is the same whatever they are. Given, they ask for it.
            train_rows: of such a table, rows that training sees at most, chosen by the hashes of their numbers; None
                for 10,000,000. Levels, bins and shares are those of all rows all the same; but of a table whose column
                tells whose a row is, or that holds texts or personal identifiers, all of its rows that are learnt, all
                of each person's, and None for 1,000,000.
            data_parallel: of such a table, whether workers train, too: 8, 4, 2 or 1 of them, with the same weights,
                which are not those of a training without it. Batches are larger where there are many rows.

        Raises:
            InputError: the frame cannot be used, or the table of entities does not go with it.
            OptionError: an argument is for what this is not: a database, histories, images, a table read in parts.
            SchemaError: the schema does not fit it.
            ConditionError: `only` names no column, or fewer than 20 rows meet it.
            PrivacyError: what `privacy` asks for cannot be kept; nothing was spent, or what was is in the text.
            TrainingError: training gave no usable model.
        """
        has_tables = several.is_database(frame)
        if self.privacy is not None and self.privacy.root is not None and not has_tables:
            raise OptionError(
                f"the budget protects rows of table {self.privacy.root!r} of a database, and what is to be learnt is "
                "none: fit a Database, or name the column that tells whose a row is (DP(entity=))"
            )
        if has_tables:
            if holdout is not None or y is not None or static is not None:
                raise OptionError("a database is learnt as it is: leave holdout, y and static out")
            return self._fit_database(frame)
        if holdout is not None and self.privacy is not None:
            raise OptionError(
                "holdout does not go with a budget of privacy: nothing stops early, so rows kept elsewhere would be "
                "looked at for nothing"
            )
        where = {
            "engine": engine, "workers": workers, "address": address, "train_rows": train_rows,
            "data_parallel": data_parallel,
        }  # fmt: skip
        others = {"y": y, "static": static}
        found = in_parts(self, frame, holdout, where, others)
        if isinstance(found, Chosen):
            return self._fit_chosen(found)
        if found is not None:
            learnt, self._drawing = found
            self._keep(learnt)
            self._give_back = plainly
            return self
        windows = as_windows(frame, in_order=self.time is True)
        images, (split, training, drawing) = None if windows is not None else as_images(frame, y), streams(self)
        if static is not None and (self.time is None or windows is not None or images is not None):
            raise OptionError("static is a table of entities whose rows are a history: give entity= and time=")
        give_back: Callable[[Any], Any]
        if windows is not None and y is None:
            give_back = giving_windows_back(frame)
            kept_windows = as_windows(holdout, in_order=True)
            if holdout is not None and kept_windows is None:
                raise InputError("what is learnt are windows, and the holdout is none: give windows throughout")
            learnt = fit_windows(self, windows, kept_windows, split, training)
        elif images is not None:
            give_back = giving_back(frame)
            kept_images = as_images(holdout)
            if holdout is not None and kept_images is None:
                raise InputError("what is learnt are images, and the holdout is none: give images throughout")
            learnt = fit_images(self, images, kept_images, split, training)
        elif y is not None:
            raise InputError("y gives the labels of images; in a table they are a column, and windows have none")
        elif self.privacy is not None:
            counted, give_back = counted_of(frame, by_header=True)
            if static is not None:
                raise OptionError(
                    "a table of entities beside their rows does not go with a budget of privacy: join it to the rows, "
                    "and name its columns in static=[...]"
                )
            within = fit_privately if self.time is None else fit_histories_privately
            learnt = within(self, self.privacy, counted.table.frame(), training)
            self.schema = learnt.schema  # the one that was given may be a draft, and tell of the rows
        else:
            if told := word_on_index(frame):
                warnings.warn(told, LikewiseWarning, stacklevel=2)
            counted, give_back = counted_of(frame, by_header=False)
            entities, give_static = (None, None) if static is None else counted_of(static, by_header=False)
            is_array = is_numeric(frame)
            del frame, static  # as few whole tables as can be are held at one time
            of_entities = None if entities is None else entities.table.frame()
            table, schema, joined = table_of(self, counted, of_entities, is_array=is_array)
            del counted, entities, of_entities
            if self.time is not None:
                learnt = fit_histories(self, table, schema, holdout, split, training, joined)
                self._give_static = give_static or self._give_static
            else:
                learnt = fit_rows(self, table, schema, holdout, split, training)
        # Only now, so that a fit that fails or is interrupted leaves what was there before.
        self._keep(learnt)
        self._give_back, self._drawing = give_back, drawing
        if learnt.n_rows >= MANY_ROWS:
            memory.give_back()
        warn_of_few_rows(learnt)
        return self

    def _fit_chosen(self, some: Chosen) -> Self:
        """Learn rows that were chosen of a table that is not held."""
        split, training, drawing = streams(self)
        entity = None if some.are_all else some.entity  # all rows tell by themselves
        table, schema, _ = table_of(self, Counted(some.frame, typed=None), None, is_array=False, entity=entity)
        learnt = fit_rows(self, table, schema, None, split, training)
        self._keep(of_chosen(learnt, some))
        self._give_back, self._drawing = plainly, drawing
        return self

    def _fit_of(self, frame: pl.DataFrame, people: People) -> Self:
        """Learn a table of a database, of which it is known whose each row is."""
        split, training, drawing = streams(self)
        counted, give_back = counted_of(frame, by_header=False)
        table, schema, _ = table_of(self, counted, None, is_array=False)
        learn = fit_rows if self.time is None else fit_histories
        learnt = learn(self, table, schema, None, split, training, people=people)
        self._keep(learnt)
        self._give_back, self._drawing = give_back, drawing
        return self

    def _fit_database(self, database: Database) -> Self:
        learnt, plan, without = several.learn(self, database)
        self.database_, self._give_back, self._drawing = learnt, without.with_tables, streams(self)[2]
        self.n_rows_ = sum(table.n_rows for table in learnt.tables.values())
        self.ledger_, self.plan_ = learnt.ledger, plan
        vars(self).pop("generator_", None)
        return self

    def _keep(self, learnt: Learnt) -> None:
        self.database_ = None
        self.generator_, self.schema_, self.n_rows_ = learnt.generator, learnt.schema, learnt.n_rows
        if isinstance(learnt.codec, ImageCodec | WindowCodec):
            self.image_codec_ = learnt.codec
        else:
            self.codec_, self.image_codec_ = learnt.codec, None
        self.beside_ = learnt.beside
        self.rules_, self.histories_, self.record_ = learnt.rules, learnt.histories, learnt.generator.record.to_dict()
        if learnt.reading is not None:
            self.record_ |= {"reading": learnt.reading}
        self.ledger_ = self._paid = learnt.ledger
        self.plan_, self.answers_ = (None, ()) if learnt.gate is None else (learnt.gate.plan, learnt.gate.answers)
        self._held_out = learnt.held_out
        for name in ("train_rows_", "holdout_rows_"):
            vars(self).pop(name, None)  # under a budget not even an attribute says that there were such rows
        if learnt.train_rows is not None:
            self.train_rows_, self.holdout_rows_ = learnt.train_rows, learnt.holdout_rows

    def sample(
        self,
        n: int | None = None,
        *,
        where: Mapping[str, Any] | None = None,
        length: Any = None,
        static: Any = None,
        max_tries: int | None = None,
        progress: Callable[[Search], None] | bool | None = None,
        random_state: int | None = None,
        scale: float | None = None,
        rows: Mapping[str, int] | None = None,
        given: Mapping[str, Any] | None = None,
        to: str | Path | None = None,
        engine: str = "local",
        workers: int | None = None,
        address: str | None = None,
    ) -> Any:
        """Draw rows.

        Args:
            n: how many, of histories entities with all their rows; None draws as many as the table had.
            where: column -> value, list of values or a condition such as `likewise.between(60, 90)`; every row obeys.
                Of histories so for what an entity is; of a column that changes within one, `some_row(condition)`,
                `every_row(condition)`, `at_row(place, condition)`, or a list of these, all of which hold.
            length: of histories: how many rows each has, a number or a condition.
            static: of histories: a frame with a row for each entity to be drawn, with what is known of it: any of the
                columns that say what an entity is, and its key. These stay as they are; the rest is drawn.
            max_tries: rows the model may draw in search of those that meet `where`; None for 32 a row and at least
                524,288. Columns that the model is told (`condition_on`) need no search. Of histories: entities, None
                for 32 each and at least 16,384.
            progress: called with a `likewise.codecs.base.Search` while it searches; True shows a line after a second;
                None does as the synthesizer's own `progress` when that is True.
            random_state: the same seed gives the same rows, and of a table the first n of more rows. None continues
                the synthesizer's own stream, so that a second call gives other rows.
            scale: of a database: how many times as many rows, in all tables; 1 by default.
            rows: of a database: table -> rows, in place of what the scale and the tables that it belongs to make of it.
            given: of a database: table -> frame of rows that are known, such as real customers, whose orders are to be
                drawn. They stay as they are; what is missing of them is drawn.
            to: of a table: the file that rows go to as they are drawn, so that they never are in memory all at once.
                What a disk that is full interrupts goes on where it was when the same seed is asked for again.
            engine, workers, address: who draws what goes to a file, as `likewise.engines.engine_of` takes them:
                "local", "processes" or "ray". The file is the same whoever does. With a cluster it must be able to
                reach the folder of the file.

        Returns:
            A frame of the kind that was fitted, of exactly n rows, or of those of exactly n entities; where a table of
            entities was learnt beside, `rows, static`: two frames, in which the keys are the same. The path, with `to`.

        Raises:
            ConditionError: a condition names no column, no row can meet it, or too few do to be found: the text tells
                the acceptance rate as measured. There are never fewer rows than asked for.
            OptionError: an argument is for what was not learnt: a database, histories, a table.
            NotFittedError: `fit` was not called.
        """
        drawn_by = {"engine": None if engine == "local" else engine, "workers": workers, "address": address}
        if to is None and (asked := [name for name, value in drawn_by.items() if value is not None]):
            raise OptionError(f"{asked[0]} says who draws what goes to a file: give to=, or leave it out")
        if self.database_ is not None:
            others = {"n": n, "length": length, "static": static, "max_tries": max_tries, "to": to}
            rng = self._rng(random_state)
            return several.draw(self, rng, others, where=where, scale=scale, rows=rows, given=given)
        self._check_fitted()
        of_databases = {"scale": scale, "rows": rows, "given": given}
        if asked := [name for name, value in of_databases.items() if value is not None]:
            raise OptionError(f"{asked[0]} is of databases, and this model learnt one table: leave it out")
        if to is not None:
            if static is not None or not draws_rows(self):
                raise OptionError(
                    f"to is of tables, and this model learnt {what_was_learnt(self)}: write what it draws"
                )
            with engine_of(engine, workers=workers, address=address) as doing:
                write_rows(
                    self, n, Path(to), self._seed(random_state), doing, again=random_state is not None, where=where,
                    length=length, max_tries=max_tries, progress=progress,
                )  # fmt: skip
            return Path(to)
        if static is not None:
            return self._sample_of(
                static, self._rng(random_state), n=n, where=where, length=length, max_tries=max_tries
            )
        seed = self._seed(random_state)
        rows = drawn(self, n, seed, where=where, length=length, max_tries=max_tries, progress=progress)
        if isinstance(rows, Drawn):
            return Drawn(self._frame_of(rows.rows), self._give_static(restore(rows.static, self.schema_)))
        return self._frame_of(rows) if isinstance(rows, Columns) else self._give_back(rows)

    def _sample_of(self, static: Any, rng: np.random.Generator, **asked: Any) -> Any:
        """Histories of the entities of a frame."""
        if self.histories_ is None:
            what = what_was_learnt(self)
            instead = "give where=" if what == "rows" else "leave it out"
            raise OptionError(f"static says whose histories are drawn, and this model learnt {what}: {instead}")
        if given := [name for name, value in asked.items() if value is not None]:
            raise OptionError(f"static has a row for each entity that is drawn: leave {given[0]} out")
        raw, give_back = from_frame(static)
        rows, entities = histories_of(self.histories_, self.schema_, raw, rng, RuledRows(self.rules_))
        if self.beside_ is None:
            return self._give_back(rows)
        rows, entities = self.beside_.part(rows, self.beside_.rows), self.beside_.part(entities, self.beside_.static)
        return Drawn(self._give_back(rows), give_back(entities))

    def sample_parts(self, n: int | None = None, *, part: int = 2**16, **asked: Any) -> Iterator[Any]:
        """The rows that `sample` draws, some at a time: to be written without ever holding all of them as a frame.

        Args:
            n: how many in all; None draws as many as the table had.
            part: how many at a time.
            **asked: `where`, `length`, `max_tries`, `progress` and `random_state`, as `sample` takes them.

        Yields:
            Frames of the kind that was fitted, of `part` rows, the last one of what is left.

        Raises:
            OptionError: this model learnt images, or something else is asked.

        Example:
            >>> import polars as pl, likewise as lw
            >>> synth = lw.Synthesizer("copula", random_state=0).fit(pl.DataFrame({"age": [23, 45, 31, 62] * 25}))
            >>> [len(frame) for frame in synth.sample_parts(10, part=4)]
            [4, 4, 2]
        """
        self._check_fitted()
        if self.image_codec_ is not None:
            raise OptionError("sample_parts draws tables, and this model learnt arrays; sample some at a time")
        if self.beside_ is not None:
            raise OptionError("sample_parts draws one table, and this model learnt two; use sample")
        if other := [name for name in asked if name not in OF_PARTS]:
            raise OptionError(f"sample_parts takes no {other[0]}, but {', '.join(OF_PARTS)}; use sample")
        if isinstance(part, bool) or not is_count(part) or part < 1:
            raise OptionError(f"part must be a whole number of 1 or more, got {part!r}")
        seed = self._seed(asked.pop("random_state", None))
        if draws_rows(self):
            n = check_draw(self, n, asked.get("max_tries"))
            tables = spans_of(self, n, seed, **asked)
        else:
            tables = iter([drawn(self, n, seed, **asked)])
        for table in parts_of(tables, part):
            yield self._frame_of(table)

    def extend(
        self, known: Any, *, steps: int | None = None, future: Any = None, static: Any = None,
        random_state: int | None = None,
    ) -> Any:  # fmt: skip
        """Go on with histories: the rows given, and behind each entity's own those that follow.

        Args:
            known: a frame with the columns of the table, rows of entities old or new; an entity may have any number,
                in any order.
            steps: rows to add to each entity; None goes on until its history ends.
            future: a frame of the rows to come with those of their columns that are known, such as moments or planned
                prices; the rest is drawn given these. Rows follow by entity, or without its column behind each.
            static: what the entities are, where such a table was learnt beside; those without rows stay so.
            random_state: as in `sample`.

        Returns:
            A frame of the kind of `known`: its rows as they were, each entity's in time, and the new ones.

        Raises:
            OptionError: the model learnt rows, not histories.
            InputError: a column that never changes within an entity does, the future does not follow, or a number is
                infinite.
            SchemaError: a column is absent or none of the table.
        """
        self._check_fitted()
        if self.histories_ is None:
            what = what_was_learnt(self)
            raise OptionError(
                f"extend goes on with histories, and this model learnt {what}: fit with entity= and time="
            )
        raw, give_back = from_frame(known)
        if (static is None) != (self.beside_ is None):
            need = "learnt none beside: leave it out" if self.beside_ is None else "learnt one: give it"
            raise OptionError(f"static is a table of what entities are, and this model {need}")
        if self.beside_ is not None:
            raw = Joined.of(raw, from_frame(static)[0], self.beside_.entity, all_rows=True).rows
        coming = None if future is None else from_frame(future)[0]
        for rows in (raw, coming):
            if rows is not None:
                refuse_infinite(rows, self.schema_)
        rng = self._rng(random_state)
        full = extended(self.histories_, self.schema_, raw, self._read_drawn(raw), steps, rng, coming, self.rules_)
        if self.beside_ is not None:
            full = self.beside_.part(full, self.beside_.rows)
        return give_back(full)

    def complete(self, partial: Any, *, random_state: int | None = None) -> Any:
        """Fill the missing cells and columns of rows, each drawn given all that is known of its row.

        Of histories given those before it, too, and chosen by how likely it makes the row behind it, where that is
        known.

        Args:
            partial: a frame with some of the columns, some of their cells missing; (n, columns). Of histories it tells
                of each row whose it is and when.
            random_state: as in `sample`; draws differ, so call again for another imputation.

        Returns:
            A frame of the kind of `partial` with all columns of the schema. Cells that were there come back as they
            were; missing cells of given columns are filled with values, absent columns may draw missing ones.

        Raises:
            InputError: a number is infinite, which is neither missing nor a value; or, of histories, what is known of
                a row does not tell whose it is or when.
            OptionError: the model learnt images or windows.
            SchemaError: a column is none of the table, or its values do not fit it.
        """
        self._check_fitted()
        if self.image_codec_ is not None:
            raise OptionError("complete fills tables, and this model learnt arrays; look at reconstruct")
        if self.beside_ is not None:
            raise OptionError("complete fills one table, and this model learnt two: join them by key, and learn that")
        raw, give_back = from_frame(partial)
        refuse_infinite(raw, self.schema_)
        table, rng = self._read(raw, partial=True), self._rng(random_state)
        if self.histories_ is not None:
            full = filled_histories(self.histories_, self.schema_, raw, table, rng, self.rules_)
        else:
            table = table.select(raw.columns)
            full = completed(raw, table, self.schema_, self.codec_, self.generator_, self.rules_, rng)
        return with_index_of(partial, give_back(full))

    def log_prob(self, frame: Any) -> npt.NDArray[np.float64]:
        """(n,) natural log-probability of each row's codes under the model; of histories given the rows before it.

        The probability is of codes, not of exact values: a number counts as its bin. Compare rows with rows only. Rows
        of an entity add up to the log-probability of its history, which ends with the last one given.

        Args:
            frame: rows with the columns of the table; (n, columns).

        Raises:
            OptionError: this kind of model knows no probabilities.
            SchemaError: a column is absent, or its values do not fit it.

        Privacy: a row's figure tells whether it was learnt from, unless a budget was kept.
        """
        self._check_fitted()
        if self.histories_ is not None:
            return log_prob_of(self.histories_, self._read_drawn(from_frame(frame)[0]), self.rules_)
        if self.image_codec_ is not None:
            raise OptionError(f"log_prob is of rows, and this model learnt {what_was_learnt(self)}")
        try:
            return self.generator_.log_prob(self._codes_of(frame))
        except NotImplementedError as error:
            raise OptionError(f"log_prob needs a model with probabilities, such as 'autoregressive': {error}") from None

    # ---- tables and images: all that differs between them once there is a model -------------------------------------

    def _codes_of(self, data: Any) -> Codes:
        if self.image_codec_ is None:
            raw = from_frame(data)[0]
            table = self._read_drawn(raw)
            return self.codec_.encode(table if self.rules_ is None else self.rules_.forward(Columns.of(table)))
        return codes_of_arrays(self.image_codec_, data)

    def _read(self, raw: pl.DataFrame, *, partial: bool = False) -> pl.DataFrame:
        """Rows of any table of this kind, read as those that were learnt."""
        reader = parse if self._paid is None else parse_declared
        return reader(raw, self.schema_, partial=partial)

    def _read_drawn(self, raw: pl.DataFrame) -> pl.DataFrame:
        """The same of rows that may have been drawn, and then lack the columns that were dropped."""
        needed = {c.name for c in self.schema_ if c.role is not Role.DROP}
        return self._read(raw, partial=needed <= set(raw.columns))

    def _data_of(self, codes: Codes, rng: np.random.Generator, narrowing: Narrowing | None = None) -> Any:
        if self.image_codec_ is None:
            if self.rules_ is not None:
                raise OptionError(
                    "rows from latents cannot be drawn again until they keep the rules: fit without rules"
                )
            return self._frame_of(self.codec_.decode_few(codes, rng=rng, narrowing=narrowing))
        return self._give_back(self.image_codec_.decode(codes))

    def _frame_of(self, table: Columns) -> Any:
        return self._give_back(restore(table, self.schema_))

    def _narrowed(self, where: Mapping[str, Any] | None) -> Narrowing:
        return narrowed(self, where)

    def save(self, path: str | Path) -> None:
        """Write the model to one file; it holds no row of the table, but those of kept tables of a database.

        Args:
            path: of the file; what stands there is replaced when the new one is whole.

        Raises:
            OutputError: it cannot be written; what stood there is untouched.
        """
        if self.database_ is None:
            write_model(path, *self._parts())
        else:
            several.save(self, path)

    def _parts(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        self._check_fitted()
        return Saved(
            kind=type(self.generator_), options=self.generator_.options(), schema=self.schema_,
            codec=self.image_codec_ or self.codec_, state=self.generator_.state(), answers=self.answers_,
            ledger=self._paid, n_rows=self.n_rows_, record=self.record_, rules=self.rules_,
            histories=self.histories_, beside=self.beside_,
        ).parts()  # fmt: skip

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The synthesizer that a model file holds; it draws Polars frames, mappings of images and labels, or arrays of
        windows.

        Args:
            path: of a file that `save` wrote. Reading it runs no code.

        Raises:
            InputError: there is no such file.
            ModelFileError: the file is damaged, not ours, or of a newer format.
        """
        file = read_model(path)
        try:
            if "database" in file.manifest:
                return cls._of_database(file)
            return cls._of_parts(file.manifest, file.arrays)
        except ModelFileError as error:
            raise ModelFileError(f"{path} is damaged: {error}") from error
        except DAMAGE as error:
            raise ModelFileError(f"{path} is damaged: its manifest does not hold together") from error

    @classmethod
    def _of_database(cls, file: ModelFile) -> Self:
        made = cls(str(file.manifest["model"]))
        several.load(made, file)
        return made

    @classmethod
    def _of(cls, saved: Saved) -> Self:
        made = cls(saved.kind.name)
        made.model_options, made.schema_ = saved.options, saved.schema
        if isinstance(saved.codec, ImageCodec | WindowCodec):
            made.image_codec_ = saved.codec
        else:
            made.codec_, made.rules_ = saved.codec, saved.rules
            made.histories_, made.beside_ = saved.histories, saved.beside
            made.rules = None if saved.rules is None else list(saved.rules.texts)
        generator = made_generator(made, saved.kind)
        if saved.ledger is not None:
            made.ledger_ = made._paid = saved.ledger
            # A model that kept a budget keeps it when it is fitted anew.
            made.privacy = saved.ledger.budget
            made.schema = saved.codec.labels_declared if isinstance(saved.codec, ImageCodec) else made.schema_
        if saved.histories is not None:
            made.generator_, layout = saved.histories.what, saved.histories.layout
            made.time, made.entity = layout.time or True, False if layout.keys[0] == SERIES else layout.keys[0]
            if saved.ledger is not None:  # within a budget nothing is found to be static
                made.static = [*layout.static, *layout.keys[1:]]
        else:
            made.generator_ = generator.load_state(saved.state, saved.alphabet)
        made.answers_, made.n_rows_, made.record_ = saved.answers, saved.n_rows, saved.record
        made._give_back = plainly
        made._drawing = np.random.default_rng()
        return made

    def __getstate__(self) -> dict[str, Any]:
        """Without the way back to the caller's own kind of frame, which cannot be pickled: a copy gives Polars."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_give_")}

    def _seed(self, random_state: int | None) -> int:
        """Of one draw."""
        check_seed(random_state)
        return int(self._drawing.integers(2**63)) if random_state is None else int(random_state)

    @classmethod
    def _of_parts(cls, manifest: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Self:
        return cls._of(Saved.of_parts(manifest, arrays))

    def _rng(self, random_state: int | None) -> np.random.Generator:
        if random_state is None:
            return self._drawing
        check_seed(random_state)
        return np.random.default_rng(random_state)

    def noisy_report(self, drawn: Any = None, *, n: int | None = None, random_state: int | None = None) -> Report:
        """Drawn rows held against the noisy tables that the budget has paid for: what the model got right, for nothing.

        Args:
            drawn: rows drawn from this model without conditions; None draws some.
            n: how many of them; None draws as many as the table had, about.
            random_state: of that draw, as in `sample`.

        Returns:
            A report whose `noisy` has a line for each table, and in which all that needs real rows is withheld.

        Raises:
            OptionError: the model keeps no budget, so there is no noisy table.

        Privacy: none is spent; no real row is looked at.
        """
        from likewise.evaluate.noisy import report_of

        self._check_fitted()
        if self._paid is None:
            raise OptionError("there is no noisy table to hold rows against: that needs a budget, privacy=DP(...)")
        if self.histories_ is not None:  # no table that was paid for is of rows as they stand
            rows = len(self.sample(n) if drawn is None else drawn)
            columns: dict[str, Any] = {"columns": len(self.schema_.modelled)}
            return report_of((), np.zeros((rows, 0), np.int64), self.n_rows_, (), columns).with_ledger(
                self._paid.to_dict()
            )
        if drawn is None:
            given = Given(weights=self._narrowed(None).weights)
            codes = self.generator_.sample(n or self.n_rows_, rng=self._rng(random_state), given=given)
        else:
            codes = self._codes_of(drawn)
        of_images = self.image_codec_ is not None
        facts = {"kind": "images"} if of_images else {"columns": len(self.schema_.modelled)}
        names = [LABEL] if of_images else self.codec_.field_names
        return report_of(self.answers_, codes.codes, self.n_rows_, names, facts).with_ledger(self._paid.to_dict())

    def _check_of_rows(self, what: str) -> None:
        """Refuse what needs rows that stand alone, where histories were learnt."""
        self._check_fitted()
        if self.histories_ is not None:
            refuse(what)

    def _check_fitted(self) -> None:
        if self.database_ is not None:
            raise OptionError("this model learnt a database, of which it can sample, save and load")
        if not hasattr(self, "generator_"):
            raise NotFittedError("this Synthesizer has learnt nothing yet: call fit first")


def load(path: str | Path) -> Synthesizer:
    """The synthesizer that a model file holds. See `Synthesizer.load`, which says what it takes and raises.

    Example:
        >>> import polars as pl, tempfile, likewise as lw
        >>> frame = pl.DataFrame({"age": [23, 45, 31, 62] * 25})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     lw.Synthesizer("copula", random_state=0).fit(frame).save(f"{folder}/m.likewise")
        ...     len(lw.load(f"{folder}/m.likewise").sample(7))
        7
    """
    return Synthesizer.load(path)
