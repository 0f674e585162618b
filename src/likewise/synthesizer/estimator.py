"""Synthesizer: schema, codec and generator under one roof. Frames in, frames of the same kind out."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Alphabet, Codes, Given, Search
from likewise.codecs.column import CodecOptions
from likewise.codecs.image import LABEL, ImageCodec
from likewise.codecs.people import is_personal
from likewise.codecs.table import Narrowing, TableCodec
from likewise.conditions import resolve
from likewise.dp.answers import NoisyTable
from likewise.dp.budget import Budget, End
from likewise.dp.codec import private_codec
from likewise.dp.declaration import Declaration
from likewise.dp.entities import check_entities, rows_within
from likewise.dp.gate import Exact, Gate, Noisy, StepPlan, gate_of
from likewise.dp.ledger import DP, Ledger
from likewise.errors import (
    ConditionError,
    InputError,
    LikewiseError,
    LikewiseWarning,
    ModelFileError,
    NotFittedError,
    OptionError,
    PrivacyError,
    nearest,
)
from likewise.estimator import Estimator, check_count, held_in_memory
from likewise.histories.model import HistoryModel
from likewise.images.sets import as_images, as_mapping, giving_back
from likewise.modelfile import read_model, write_model
from likewise.models import AUTO, MODELS, model_for, model_named
from likewise.models.base import Fit, Generator
from likewise.models.eligible import LEAST_ROWS, ledger_for
from likewise.models.images import IMAGE_MODELS
from likewise.models.images.base import ImageModel
from likewise.models.marginals.model import MarginalModel
from likewise.notebook import live_bar
from likewise.rules.plan import RulePlan
from likewise.schema.column import Role, Schema
from likewise.schema.distinct import Columns, Counted
from likewise.schema.infer import doubts, infer_counted, with_entity
from likewise.schema.parse import fill_column, parse, parse_counted, parse_declared, restore, restore_column
from likewise.schema.persons import parted, word_on_entity
from likewise.synthesizer.histories import check_time, draw_histories, extended, learn_histories, refuse, timed
from likewise.synthesizer.images import fit_images
from likewise.synthesizer.latents import LatentMethods
from likewise.synthesizer.rows import (
    codec_of,
    counted_of,
    is_numeric,
    meeting_rows,
    of_array,
    others,
    parts_of,
    persons_in,
    rows_of_class,
)
from likewise.synthesizer.ruled import Draw, alphabet_of, rules_of
from likewise.synthesizer.ruled_completion import Completion
from likewise.synthesizer.saved import DAMAGE, Saved, without_rare_levels
from likewise.synthesizer.search import drawn_under, watched
from likewise.tables.frames import from_frame, names_of, with_index_of
from likewise.tables.pandas import word_on_index
from likewise.training.loop import Event, Progress

if TYPE_CHECKING:
    from likewise.evaluate import Report

HOLDOUT = 0.1
"""Share of the rows kept from training, where none is asked for."""

TRIED = 20
"""Draws of people that may be replaced by others, for one of them is given."""

MIN_ROWS_TO_HOLD_OUT = 20
"""Below this every row is needed for training; nothing is held out and training runs as long as planned."""


class Synthesizer(Estimator, LatentMethods):
    """Learns a table, or images, and draws new rows that behave likewise.

    Args:
        model: name of a generator (see `likewise.models.MODELS`; for images `likewise.models.images.IMAGE_MODELS`) or a
            generator. "auto" is "autoregressive"; under a budget of privacy "aim", or "mst" for more than 30 columns;
            for images "vaegan", or "vae" under a budget.
        schema: what the columns are; None infers it from the data.
        random_state: seed of the split, of training and of drawing; None draws one, or takes 0 with a `checkpoint`.
        holdout: share of the rows kept from training, for early stopping; 0 keeps none.
        bounds: column -> (least, greatest) value, instead of the protected range learnt from the data.
        only: column -> value, list of values or condition, as `where` of `sample` takes them: learn the rows that meet
            them and no others. Kinds and roles of the columns are still told from the whole table.
        entity: the column that tells whose a row is, where a person, a machine or a case has several. What is kept then
            has 5 of them behind it, all rows of one are learnt or held out together, and a drawn row's is made anew.
            None takes the schema's, or one that repeats as an entity's key does, with a warning; False counts rows.
        time: the column that orders an entity's rows; True takes their own order. They are then learnt as histories:
            `sample(n)` draws n entities with all their rows, and `extend` goes on from rows that are known.
        static: the columns that say what an entity is, and so never change within its rows; None finds them.
        rules: what must hold between columns, each a text such as "start <= end", "a + b = total" or "city, country
            from data" (docs/rules.md), beside those of the schema. Every row that is drawn keeps them; real rows that
            do not are counted in a warning, and learnt from all the same.
        strict_rules: refuse a table of which a row breaks a rule.
        privacy: a budget of differential privacy, `likewise.DP(epsilon, delta)`. The schema must then be given, and
            declare all that is not paid for; of a draft (`infer`) only what a person said of it counts. All models but
            "copula" and "cart" can keep it; of images "vae", "gan".
        budget: the file of all fits of this data set, `likewise.Budget`: the fit of `privacy` is an entry in it before
            a row is looked at, and is refused where the total does not hold it.
        codec: how finely the table is coded and how its people are protected; `likewise.CodecOptions(k_anonymous=10)`
            tells the model the columns of role `quasi_identifier` only so that 10 rows share each combination.
        max_seconds: budget of training.
        progress: called once an epoch with a `likewise.training.loop.Event`; True shows a bar; None or False nothing.
        **model_options: passed to the generator that `model` names.

    After `fit`: `schema_`, `codec_` (of images `image_codec_`), `generator_`, `n_rows_`, `train_rows_` and
    `holdout_rows_` (row numbers of the table given; None under a budget, for they would tell of rows), `rules_` (how
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

    image_codec_: ImageCodec | None = None
    ledger_: Ledger | None = None
    train_rows_: npt.NDArray[np.int64] | None = None
    holdout_rows_: npt.NDArray[np.int64] | None = None
    answers_: tuple[NoisyTable, ...] = ()
    _paid: Ledger | None = None
    rules_: RulePlan | None = None
    histories_: HistoryModel | None = None
    plan_: StepPlan | None = None
    _give_back: Callable[[Any], Any] = staticmethod(lambda table: table)

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
        if isinstance(holdout, bool) or not isinstance(holdout, int | float | np.number) or not 0 <= holdout < 1:
            raise OptionError(f"holdout must be a number in [0, 1), got {holdout!r}")
        if schema is not None and not isinstance(schema, Schema):
            raise OptionError(f"schema must be a likewise.Schema or None, got {type(schema).__name__}")
        if not isinstance(progress, bool | None) and not callable(progress):
            raise OptionError(f"progress must be a function, True, False or None, got {type(progress).__name__}")
        if random_state is not None and (isinstance(random_state, bool) or not _is_seed(random_state)):
            raise OptionError(f"random_state must be a whole number of 0 or more, or None, got {random_state!r}")
        if not isinstance(privacy, DP | None):
            raise OptionError(f"privacy must be a likewise.DP or None, got {type(privacy).__name__}")
        if not isinstance(budget, Budget | None):
            raise OptionError(f"budget must be a likewise.Budget or None, got {type(budget).__name__}")
        if budget is not None and privacy is None:
            raise OptionError("a budget of all fits needs to know what this one may spend: give privacy=DP(...) too")
        if privacy is not None and codec is not None and codec.k_anonymous is not None:
            raise OptionError("privacy does not pay for k_anonymous, which reads all rows: take one of the two")
        if privacy is not None and codec is not None and codec.text == "ngram":
            raise OptionError(
                "privacy does not pay for the words of texts: leave text at 'placeholder', and drop columns of texts"
            )
        if not isinstance(only, Mapping | None):
            raise OptionError(f"only must map columns to conditions, got {type(only).__name__}")
        if privacy is not None and holdout not in (0, HOLDOUT):
            raise OptionError(
                "holdout does not go with a budget of privacy: nothing stops early, so nothing is held out"
            )
        if only and privacy is not None:
            raise OptionError(
                "privacy does not pay for counting a class: learn all rows, and draw the class with where="
            )
        if rules is not None and (isinstance(rules, str) or not all(isinstance(rule, str) for rule in rules)):
            raise OptionError('rules must be a list of texts, such as ["start <= end"]')
        if entity is True or not isinstance(entity, str | bool | None):
            raise OptionError(f"entity must be the name of a column, False or None, got {entity!r}")
        check_time(time, static, entity, rules=rules, only=only, privacy=privacy)
        if privacy is not None:
            check_entities(privacy, schema, entity)
        self.model, self.schema, self.random_state, self.holdout = model, schema, random_state, holdout
        self.bounds, self.only, self.codec, self.max_seconds, self.progress = bounds, only, codec, max_seconds, progress
        self.privacy, self.budget, self.entity, self.model_options = privacy, budget, entity, model_options
        self.rules, self.strict_rules, self.time, self.static = rules, strict_rules, time, static
        self._make_generator()

    def _make_generator(self, kind: type[Generator] | None = None) -> Generator:
        """A fresh generator with these options.

        Args:
            kind: its class; None for whatever the model's name may mean, where the data is not known yet.
        """
        if isinstance(self.model, Generator):
            if self.model_options:
                raise OptionError("model options go to the generator itself when one is given")
            kind, options = type(self.model), self.model.options()
        elif isinstance(self.model, str):
            kind, options = kind or self._kind_by_name(self.model), dict(self.model_options)
        else:
            raise OptionError(f"model must be a name or a generator, got {type(self.model).__name__}")
        if isinstance(options.get("condition_on"), list | tuple):
            options["condition_on"] = names_of(options["condition_on"])
        known = list(inspect.signature(kind).parameters)
        for name in options:
            if name not in known:
                hint = nearest(name, known)
                raise OptionError(f"model {kind.name!r} has no option {name!r}{hint}; it has {', '.join(known)}")
        if self.max_seconds is not None and "max_seconds" in known:
            options["max_seconds"] = self.max_seconds
        return kind(**options)

    def _kind_by_name(self, name: str) -> type[Generator]:
        """The generator of that name; of tables, unless only the one of images has these options."""
        if name in IMAGE_MODELS:
            kinds = [kinds[name] for kinds in (MODELS, IMAGE_MODELS) if name in kinds]
            fits = [kind for kind in kinds if set(self.model_options) <= set(inspect.signature(kind).parameters)]
            if (fits or kinds)[0] is IMAGE_MODELS[name]:
                return IMAGE_MODELS[name]
        return self._table_kind(name)

    def _table_kind(self, name: str, schema: Schema | None = None) -> type[Generator]:
        if name != AUTO:
            return model_named(name)
        n_columns = 0 if schema is None else len(schema.modelled)
        return model_for(private=self.privacy is not None, n_columns=n_columns)

    def _table_generator(self, schema: Schema) -> Generator:
        if isinstance(self.model, ImageModel):
            raise InputError(f"model {self.model.name!r} learns images: arrays of 3 or 4 dimensions, got a table")
        return self._make_generator(self._table_kind(self.model, schema) if isinstance(self.model, str) else None)

    def fit(self, frame: Any, holdout: Any = None, *, y: Any = None) -> Self:
        """Learn a table or images.

        Args:
            frame: pandas, Polars or Arrow frame, or a 2-D array; (n, columns). Images: an array (n, H, W) or
                (n, C, H, W), or a mapping {"x": images, "y": labels}; what is drawn is of the kind given. The path of
                a file of rows is read in the least memory; what is drawn is then a Polars frame.
            holdout: rows for early stopping, kept elsewhere; None takes a share of `frame`.
            y: (n,) labels of images given as an array; the model is then told them.

        Raises:
            InputError: the frame cannot be used.
            SchemaError: the schema does not fit it.
            ConditionError: `only` names no column, or fewer than 20 rows meet it.
            PrivacyError: what `privacy` asks for cannot be kept; nothing was spent, or what was is in the text.
            TrainingError: training gave no usable model.
        """
        if holdout is not None and self.privacy is not None:
            raise OptionError(
                "holdout does not go with a budget of privacy: nothing stops early, so rows kept elsewhere would be "
                "looked at for nothing"
            )
        images = as_images(frame, y)
        if images is not None:
            fit_images(self, images, as_images(holdout), giving_back(frame))
            return self
        if y is not None:
            raise InputError("y gives the labels of images; in a table they are a column like the others")
        counted, give_back = counted_of(frame, by_header=self.privacy is not None)
        if self.privacy is not None:
            return self._fit_privately(self.privacy, counted.table.frame(), give_back)
        found = self._schema_of(counted, is_array=is_numeric(frame))
        schema = self._bounded(timed(found, self.time)).with_rules(self.rules)
        generator = self._table_generator(schema)
        if told := word_on_index(frame):
            warnings.warn(told, LikewiseWarning, stacklevel=2)
        del frame  # a table is many times its codes: as few as can be are held at one time
        if self.time is not None:
            if holdout is not None:
                raise OptionError("holdout does not go with time: a share of the entities is held out")
            return self._learn_histories(parse_counted(counted, schema).frame(), schema, self.time, give_back)
        table, only = parse_counted(counted, schema), resolve(self.only or {}, schema)
        del counted
        whose = persons_in(table, schema.entity)
        rows = rows_of_class(table, only, whose)
        left_out, table = (others(table, rows), table.rows(rows)) if only else (None, table)
        rules = rules_of(schema, table, whose[rows], self.codec, strict=self.strict_rules)
        split, training, drawing = self._streams()
        train_rows, holdout_rows = self._split(whose[rows], split, own=holdout is None)
        learnt, kept = parts_of(table, train_rows, holdout_rows)
        kept = kept if holdout is None else Columns.of(parse(from_frame(holdout)[0], schema))
        chosen = meeting_rows(kept, only) if only else None
        if rules is not None:
            learnt, kept = rules.forward(learnt), rules.forward(kept)
            left_out = None if left_out is None else rules.forward(left_out)
        codec = codec_of(learnt, schema if rules is None else rules.inner, self.codec, (left_out, kept))
        kept = kept if chosen is None else kept.rows(chosen)
        gate, held = gate_of(codec.encode(learnt), codec.alphabet.sizes), codec.encode(kept)
        del learnt, left_out, kept
        self._train(generator, alphabet_of(codec, rules), gate, held, training, _condition_fields(generator, codec))
        # Only now, so that a fit that fails or is interrupted leaves what was there before.
        self._keep(generator, gate, give_back, drawing)
        self.schema_, self.codec_, self.image_codec_ = without_rare_levels(schema, codec, rules), codec, None
        self.rules_ = rules
        self.train_rows_, self.holdout_rows_ = rows[train_rows], rows[holdout_rows]
        self.n_rows_ = len(rows)
        return self

    def _learn_histories(
        self, table: pl.DataFrame, schema: Schema, time: str | bool, give_back: Callable[[Any], Any]
    ) -> Self:
        """Learn the rows of entities in time."""
        split, training, drawing = self._streams()

        def make() -> Generator:
            """A fresh one; of a row that is drawn next nothing is known ahead, so it learns one order alone."""
            generator = self._table_generator(schema)
            if (
                isinstance(self.model, str)
                and "any_order" not in self.model_options
                and hasattr(generator, "any_order")
            ):
                generator.any_order = 0.0
            return generator

        with _progress(self.progress) as report:
            model, learnt, held = learn_histories(
                table, schema, time=time, static=self.static, holdout=self.holdout, options=self.codec,
                make=make, split=split, training=training, progress=report,
            )  # fmt: skip
        self._keep(model.what, None, give_back, drawing)
        self.histories_, self.codec_, self.image_codec_, self.rules_ = model, model.layout.codec, None, None
        self.schema_ = without_rare_levels(schema, self.codec_, None)
        self.train_rows_, self.holdout_rows_, self.n_rows_ = learnt, held, len(table)
        return self

    def _train(
        self,
        generator: Generator,
        alphabet: Alphabet,
        gate: Exact | Noisy,
        holdout: Codes,
        training: np.random.Generator,
        condition_fields: tuple[int, ...] = (),
    ) -> None:
        """Let a generator learn what the gate answers."""
        with _progress(self.progress) as report:
            fit = Fit(
                gate=gate, holdout=holdout, alphabet=alphabet, rng=training, condition_fields=condition_fields,
                progress=report,
            )  # fmt: skip
            generator.fit(fit)
        if self.privacy is not None:
            _check_delta(self.privacy, generator.n_rows)

    def _fit_privately(self, budget: DP, raw: pl.DataFrame, give_back: Callable[[pl.DataFrame], Any]) -> Self:
        """Learn a table of which the declaration and what the ledger lists are all that is known.

        Nothing stops early, so nothing is held out, and nothing that is kept tells how many rows there were, or which.
        """
        schema = None if self.schema is None else self._bounded(self.schema)
        declaration = Declaration.of(schema, raw.schema, budget).with_rules(self.rules)
        rules = RulePlan.declared(declaration.rules, declaration) if declaration.rules else None
        inner = declaration if rules is None else Declaration(rules.inner.columns)
        generator = self._table_generator(inner)
        _, training, drawing = self._streams()
        with self._recorded(generator) as end:
            ledger = ledger_for(budget, generator)
            with self._telling_what_was_spent(ledger, end):
                table = parse_declared(raw, declaration)
                table = table[rows_within(budget, table)]
                table = table if rules is None else rules.forward(Columns.of(table)).frame()
                codec = private_codec(table, inner, ledger, self.codec)
                gate, none = gate_of(codec.encode(table), codec.alphabet.sizes, ledger), codec.encode(table[:0])
                self._train(
                    generator, alphabet_of(codec, rules), gate, none, training, _condition_fields(generator, codec)
                )
        self._keep(generator, gate, give_back, drawing, ledger)
        # The schema that was given may be a draft, and tell of the rows.
        self.schema = self.schema_ = declaration
        self.codec_, self.image_codec_, self.rules_ = codec, None, rules
        self._warn_of_few_rows()
        return self

    def _streams(self) -> list[np.random.Generator]:
        """Of the split, of training and of drawing."""
        seed = self.random_state
        if seed is None and getattr(self._make_generator(), "checkpoint", None) is not None:
            seed = 0  # a training that is taken up must find the rows split as they were
        return [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(3)]

    def _recorded(self, generator: Generator) -> AbstractContextManager[End]:
        """The fit as an entry of the file of all fits, where there is one."""
        if self.budget is None or self.privacy is None:
            return nullcontext(lambda entries: None)
        counts_only = isinstance(generator, MarginalModel)
        return self.budget.recorded(self.privacy, generator.name, counts_only=counts_only)

    @contextmanager
    def _telling_what_was_spent(self, ledger: Ledger | None, end: End) -> Iterator[None]:
        """A fit that fails after it has looked at the rows tells what that cost, and leaves its ledger."""
        try:
            yield
        except BaseException as error:
            if ledger is not None and ledger.entries:
                self.ledger_ = ledger
                spent = f"this try has spent epsilon {ledger.epsilon:.3g} of {ledger.budget.epsilon:g}: see ledger_"
                if isinstance(error, LikewiseError):
                    error.args = (f"{error}; {spent}",)
                else:
                    error.add_note(spent)
            raise
        finally:
            end(() if ledger is None else ledger.entries)

    def _keep(
        self, generator: Generator, gate: Gate | None, give_back: Callable[[Any], Any], drawing: np.random.Generator,
        ledger: Ledger | None = None,
    ) -> None:  # fmt: skip
        """What a fit ends with, of tables and of images."""
        self.generator_, self._give_back, self._drawing = generator, give_back, drawing
        self.ledger_ = self._paid = ledger
        self.plan_, self.answers_ = (None, ()) if gate is None else (gate.plan, gate.answers)
        self.record_, self.histories_ = generator.record.to_dict(), None
        for name in ("train_rows_", "holdout_rows_"):
            vars(self).pop(name, None)
        if ledger is not None:
            self.n_rows_ = generator.n_rows

    def _warn_of_few_rows(self) -> None:
        """The last that a fit does: where warnings are errors, it has ended all the same."""
        if self.ledger_ is not None and self.n_rows_ < LEAST_ROWS:
            warnings.warn(
                f"some {self.n_rows_:,} rows, by noisy counts, are few for differential privacy: the noise is "
                "larger than most counts",
                LikewiseWarning,
                stacklevel=4,
            )

    def _bounded(self, schema: Schema) -> Schema:
        for name, ends in (self.bounds or {}).items():
            if isinstance(ends, str) or not isinstance(ends, Iterable):
                raise OptionError(f"bounds of column {name!r} must be two numbers (low, high)")
            plain = tuple(end.item() if isinstance(end, np.generic) else end for end in ends)
            schema = schema.replace(str(name), bounds=plain)
        return schema

    def _schema_of(self, counted: Counted, *, is_array: bool) -> Schema:
        """What the columns are, and whose the rows, with a warning where only the rows tell it."""
        raw = counted.table
        if self.schema is None and not is_array:
            schema = infer_counted(counted, entity=self.entity)[0]
            for doubt in doubts(schema):
                warnings.warn(doubt, LikewiseWarning, stacklevel=3)
        else:
            given = of_array(raw.frame()) if self.schema is None else self.schema
            schema = with_entity(given, raw, self.entity, counted)
        told = None if self.entity is not None or is_array else word_on_entity(raw, schema, counted)
        if told:
            warnings.warn(told, LikewiseWarning, stacklevel=3)
        return schema

    def _split(
        self, whose: npt.NDArray[np.int64], rng: np.random.Generator, *, own: bool
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Row numbers to train on and to hold out, both in the table's order; all rows of a person go together."""
        return parted(whose, self.holdout if own and len(whose) >= MIN_ROWS_TO_HOLD_OUT else 0.0, rng)

    def sample(
        self,
        n: int | None = None,
        *,
        where: Mapping[str, Any] | None = None,
        max_tries: int | None = None,
        progress: Callable[[Search], None] | bool | None = None,
        random_state: int | None = None,
    ) -> Any:
        """Draw rows.

        Args:
            n: how many, of histories entities with all their rows; None draws as many as the table had.
            where: column -> value, list of values or a condition such as `likewise.between(60, 90)`; every row obeys.
            max_tries: rows the model may draw in search of those that meet `where`; None for 32 a row and at least
                524,288. Columns that the model is told (`condition_on`) need no search.
            progress: called with a `likewise.codecs.base.Search` while it searches; True shows a line after a second;
                None does as the synthesizer's own `progress` when that is True.
            random_state: the same seed gives the same rows. None continues the synthesizer's own stream, so that
                a second call gives other rows.

        Returns:
            A frame of the kind that was fitted, of exactly n rows, or of those of exactly n entities.

        Raises:
            ConditionError: a condition names no column, no row can meet it, or too few do to be found: the text tells
                the acceptance rate as measured. There are never fewer rows than asked for.
            NotFittedError: `fit` was not called.
        """
        drawn = self._drawn(n, where, max_tries, progress, random_state)
        return self._frame_of(drawn) if isinstance(drawn, Columns) else self._give_back(drawn)

    def sample_parts(self, n: int | None = None, *, part: int = 2**16, **asked: Any) -> Iterator[Any]:
        """The rows that `sample` draws, some at a time: to be written without ever holding all of them as a frame.

        Args:
            n: how many in all; None draws as many as the table had.
            part: how many at a time.
            **asked: `where`, `max_tries`, `progress` and `random_state`, as `sample` takes them.

        Yields:
            Frames of the kind that was fitted, of `part` rows, the last one of what is left.

        Raises:
            OptionError: this model learnt images.

        Example:
            >>> import polars as pl, likewise as lw
            >>> synth = lw.Synthesizer("copula", random_state=0).fit(pl.DataFrame({"age": [23, 45, 31, 62] * 25}))
            >>> [len(frame) for frame in synth.sample_parts(10, part=4)]
            [4, 4, 2]
        """
        self._check_fitted()
        if self.image_codec_ is not None:
            raise OptionError("sample_parts draws tables, and this model learnt images; sample some at a time")
        if part < 1:
            raise OptionError(f"part must be a whole number of 1 or more, got {part!r}")
        wanted = dict.fromkeys(("where", "max_tries", "progress", "random_state")) | asked
        table = self._drawn(n, **wanted)
        for start in range(0, len(table), part):
            yield self._frame_of(table.slice(start, part))

    def _drawn(
        self, n: int | None, where: Mapping[str, Any] | None, max_tries: int | None,
        progress: Callable[[Search], None] | bool | None, random_state: int | None,
    ) -> Any:  # fmt: skip
        """Rows as `sample` draws them: the columns of a canonical frame, or images."""
        self._check_fitted()
        known = self.n_rows_ if self.histories_ is None else self.histories_.n_entities
        n = check_count("n", known if n is None else n)
        if isinstance(max_tries, bool) or not (max_tries is None or (_is_seed(max_tries) and max_tries > 0)):
            raise OptionError(f"max_tries must be a whole number of 1 or more, or None, got {max_tries!r}")
        if self.histories_ is not None:
            conditions, rng = _by_name(where), self._rng(random_state)
            with held_in_memory(n):
                return Columns.of(draw_histories(self.histories_, self.schema_, n, conditions, rng, max_tries))
        narrowing = Narrowing({}, {}) if self.rules_ is not None else self._narrowed(where)
        conditions = resolve(_by_name(where), self.schema_) if self.rules_ is not None else {}
        rng, asked = self._rng(random_state), self.progress is True if progress is None else progress
        with watched(map(str, where or ()), asked, self.n_rows_) as tell, held_in_memory(n):
            if self.rules_ is not None:
                heard = tell if conditions else None
                draw = Draw(self.rules_, self.codec_, self.generator_, conditions, max_tries=max_tries, tell=heard)
                return draw.table(n, rng)
            if self.image_codec_ is None:
                return drawn_under(narrowing, self.codec_, self.generator_, n, rng, max_tries=max_tries, tell=tell)
            given = Given(weights=narrowing.weights, max_tries=max_tries, progress=tell)
            return self.image_codec_.decode(self.generator_.sample(n, rng=rng, given=given))

    def extend(self, known: Any, *, steps: int | None = None, random_state: int | None = None) -> Any:
        """Go on with histories: the rows given, and behind each entity's own those that follow.

        Args:
            known: a frame with the columns of the table, rows of entities old or new; an entity may have any number.
            steps: rows to add to each entity; None goes on until its history ends.
            random_state: as in `sample`.

        Returns:
            A frame of the kind of `known`: its rows as they were, each entity's in time, and the new ones.

        Raises:
            OptionError: the model learnt rows, not histories.
            InputError: a column is absent, or one that never changes within an entity does.
        """
        self._check_fitted()
        if self.histories_ is None:
            raise OptionError("extend goes on with histories, and this model learnt rows: fit with entity= and time=")
        raw, give_back = from_frame(known)
        full = extended(self.histories_, self.schema_, raw, self._read(raw), steps, self._rng(random_state))
        return give_back(full)

    def complete(self, partial: Any, *, random_state: int | None = None) -> Any:
        """Fill the missing cells and columns of rows, each drawn given all that is known of its row.

        Args:
            partial: a frame with some of the columns, some of their cells missing; (n, columns).
            random_state: as in `sample`; draws differ, so call again for another imputation.

        Returns:
            A frame of the kind of `partial` with all columns of the schema. Cells that were there come back as they
            were; missing cells of given columns are filled with values, absent columns may draw missing ones.
        """
        self._check_fitted()
        if self.image_codec_ is not None:
            raise OptionError("complete fills tables, and this model learnt images; look at reconstruct")
        if self.histories_ is not None:
            refuse("complete")
        raw, give_back = from_frame(partial)
        table = self._read(raw, partial=True).select(raw.columns)
        rng = self._rng(random_state)
        if self.rules_ is not None:
            filled = Completion(self.rules_, self.codec_, self.generator_, table, rng).table()
            full = pl.concat([filled, self.codec_.keys(filled, rng)], how="horizontal")
        else:
            narrowing = self.codec_.not_missing(table.columns)
            given = Given(self.codec_.encode_known(table), narrowing.weights, joint=False)
            codes = self.generator_.sample(len(table), rng=rng, given=given)
            full = self.codec_.decode(codes, rng=rng, narrowing=narrowing, known=table)
        drawn = restore(full, self.schema_)
        keys = [c for c in self.schema_ if c.is_key and c.name in raw.columns]
        drawn = drawn.with_columns(self._new_keys(raw[c.name], rng) for c in keys if not is_personal(c))
        if people := [c.name for c in keys if is_personal(c)]:
            drawn = drawn.with_columns(self._new_people(full, raw, people, rng))
        names = [name for name in self.schema_.names if name in raw.columns or name in drawn.columns]
        full = pl.DataFrame([fill_column(name, raw, table, drawn) for name in names])
        return with_index_of(partial, give_back(full))

    def _new_keys(self, given: pl.Series, rng: np.random.Generator) -> pl.Series:
        """As many keys as there are cells, none of them among those given."""
        codec = next(c for c in self.codec_.codecs if c.name == given.name)
        known = given.drop_nulls()
        nothing = np.zeros((len(given) + len(known), 0), np.float32)
        drawn = replace(codec, missing_share=0.0).decode(nothing, nothing, rng)  # type: ignore[type-var]
        keys = restore_column(drawn, self.schema_[given.name])
        return keys.filter(~keys.is_in(known.cast(keys.dtype, strict=False).implode())).head(len(given))

    def _new_people(
        self, full: pl.DataFrame, raw: pl.DataFrame, names: Sequence[str], rng: np.random.Generator
    ) -> pl.DataFrame:
        """Columns made of persons, with none of the cells given."""
        found = restore(pl.DataFrame(self.codec_.people(Columns.of(full), rng, whole=names)), self.schema_)
        for _ in range(TRIED):
            known = {name: raw[name].drop_nulls().cast(found[name].dtype, strict=False) for name in names}
            given = [found[name].is_in(cells.implode()) for name, cells in known.items()]
            real = pl.select(pl.any_horizontal(pl.lit(each) for each in given)).to_series()
            if not real.any():
                break
            others = restore(pl.DataFrame(self.codec_.people(Columns.of(full), rng, whole=names)), self.schema_)
            found = pl.DataFrame(others[name].zip_with(real, found[name]) for name in found.columns)
        return found

    def log_prob(self, frame: Any) -> npt.NDArray[np.float64]:
        """(n,) natural log-probability of each row's codes under the model.

        The probability is of codes, not of exact values: a number counts as its bin. Compare rows with rows only.

        Raises:
            OptionError: this kind of model knows no probabilities.
        """
        self._check_fitted()
        try:
            return self.generator_.log_prob(self._codes_of(frame))
        except NotImplementedError as error:
            raise OptionError(f"log_prob needs a model with probabilities, such as 'autoregressive': {error}") from None

    # ---- tables and images: all that differs between them once there is a model -------------------------------------

    def _codes_of(self, data: Any) -> Codes:
        if self.histories_ is not None:
            refuse("log_prob")
        if self.image_codec_ is None:
            raw = from_frame(data)[0]
            # Rows that were drawn lack the columns that were dropped.
            needed = {c.name for c in self.schema_ if c.role is not Role.DROP}
            table = self._read(raw, partial=needed <= set(raw.columns))
            return self.codec_.encode(table if self.rules_ is None else self.rules_.forward(Columns.of(table)))
        images = as_images(data)
        if images is None:
            raise InputError(f"this model learnt images: give an array or a mapping, got {type(data).__name__}")
        return self.image_codec_.encode(images)

    def _read(self, raw: pl.DataFrame, *, partial: bool = False) -> pl.DataFrame:
        """Rows of any table of this kind, read as those that were learnt."""
        reader = parse if self._paid is None else parse_declared
        return reader(raw, self.schema_, partial=partial)

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
        """What conditions leave of the codes."""
        conditions = _by_name(where)
        if self.image_codec_ is None:
            return self.codec_.condition(resolve(conditions, self.schema_))
        return self.image_codec_.condition(conditions)

    def save(self, path: str | Path) -> None:
        """Write the model to one file; it holds no row of the table.

        Raises:
            OutputError: it cannot be written; what stood there is untouched.
        """
        self._check_fitted()
        saved = Saved(
            kind=type(self.generator_), options=self.generator_.options(), schema=self.schema_,
            codec=self.image_codec_ or self.codec_, state=self.generator_.state(), answers=self.answers_,
            ledger=self._paid, n_rows=self.n_rows_, record=self.record_, rules=self.rules_,
            histories=self.histories_,
        )  # fmt: skip
        write_model(path, *saved.parts())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The synthesizer that a model file holds; it draws Polars frames, or mappings of images and labels.

        Raises:
            InputError: there is no such file.
            ModelFileError: the file is damaged, not ours, or of a newer format.
        """
        file = read_model(path)
        try:
            return cls._of(Saved.of_parts(file.manifest, file.arrays))
        except ModelFileError as error:
            raise ModelFileError(f"{path} is damaged: {error}") from error
        except DAMAGE as error:
            raise ModelFileError(f"{path} is damaged: its manifest does not hold together") from error

    @classmethod
    def _of(cls, saved: Saved) -> Self:
        made = cls(saved.kind.name)
        made.model_options, made.schema_ = saved.options, saved.schema
        if isinstance(saved.codec, ImageCodec):
            made.image_codec_ = saved.codec
        else:
            made.codec_, made.rules_, made.histories_ = saved.codec, saved.rules, saved.histories
            made.rules = None if saved.rules is None else list(saved.rules.texts)
        generator = made._make_generator(saved.kind)
        if saved.ledger is not None:
            made.ledger_ = made._paid = saved.ledger
            # A model that kept a budget keeps it when it is fitted anew.
            made.privacy = saved.ledger.budget
            made.schema = made.schema_ if made.image_codec_ is None else made.image_codec_.labels_declared
        if saved.histories is not None:
            made.generator_, layout = saved.histories.what, saved.histories.layout
            made.time, made.entity = layout.time or True, layout.keys[0]
        else:
            made.generator_ = generator.load_state(saved.state, saved.alphabet)
        made.answers_, made.n_rows_, made.record_ = saved.answers, saved.n_rows, saved.record
        made._give_back = lambda table: table if made.image_codec_ is None else as_mapping(table)
        made._drawing = np.random.default_rng()
        return made

    def __getstate__(self) -> dict[str, Any]:
        """Without the way back to the caller's own kind of frame, which cannot be pickled: a copy gives Polars."""
        return {name: value for name, value in vars(self).items() if name != "_give_back"}

    def _rng(self, random_state: int | None) -> np.random.Generator:
        if random_state is None:
            return self._drawing
        if isinstance(random_state, bool) or not _is_seed(random_state):
            raise OptionError(f"random_state must be a whole number of 0 or more, or None, got {random_state!r}")
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
        if drawn is None:
            given = Given(weights=self._narrowed(None).weights)
            codes = self.generator_.sample(n or self.n_rows_, rng=self._rng(random_state), given=given)
        else:
            codes = self._codes_of(drawn)
        of_images = self.image_codec_ is not None
        facts = {"kind": "images"} if of_images else {"columns": len(self.schema_.modelled)}
        names = [LABEL] if of_images else self.codec_.field_names
        return report_of(self.answers_, codes.codes, self.n_rows_, names, facts).with_ledger(self._paid.to_dict())

    def _check_fitted(self) -> None:
        if not hasattr(self, "generator_"):
            raise NotFittedError("this Synthesizer has learnt nothing yet: call fit first")


def _check_delta(budget: DP, n_rows: int) -> None:
    """Hold delta against the number of rows, by the noisy count: by the exact one, a refusal would tell of a row.

    Raises:
        PrivacyError: showing a row whole would be within delta.
    """
    if budget.delta * n_rows >= 1:
        raise PrivacyError(
            f"delta must be well below one over the number of rows, got {budget.delta:g}: showing one row whole would "
            "be within it"
        )


def load(path: str | Path) -> Synthesizer:
    """The synthesizer that a model file holds. See `Synthesizer.load`."""
    return Synthesizer.load(path)


def _condition_fields(generator: Generator, codec: TableCodec) -> tuple[int, ...]:
    """The fields of the columns that a generator is to be told, as its option `condition_on` names them."""
    found: list[int] = []
    for name in getattr(generator, "condition_on", ()):
        if name not in codec.columns:
            raise OptionError(f"condition_on: no column {name!r}{nearest(name, list(codec.columns))}")
        of_column = codec.fields_of(name)
        if not of_column:
            raise OptionError(f"condition_on: column {name!r} is an id: ids are regenerated, never learnt")
        if all(codec.alphabet.fields[j].size < 2 for j in of_column):
            raise OptionError(f"condition_on: column {name!r} has one value only, so it tells nothing; leave it out")
        found += of_column
    return tuple(dict.fromkeys(found))


def _by_name(where: Mapping[str, Any] | None) -> dict[str, Any]:
    if not isinstance(where, Mapping | None):
        raise ConditionError(f"where must map columns to conditions, got {type(where).__name__}")
    return {str(name): condition for name, condition in (where or {}).items()}


def _is_seed(value: object) -> bool:
    return isinstance(value, int | np.integer) and int(value) >= 0


@contextmanager
def _progress(asked: Progress | bool | None) -> Iterator[Progress | None]:
    """The callback to use: the caller's own, or a bar of ours, in a notebook or a terminal."""
    if asked is not True:
        yield asked or None
        return
    from likewise.cli.terminal import Terminal, training_figures

    if bar_of_cell := live_bar():

        def show(event: Event) -> None:
            words = f"{event.unit} {event.epoch:.0f}/{event.epochs:.0f} · {training_figures(event)}"
            bar_of_cell(event.epoch / event.epochs, words)

        yield show
        return
    with Terminal().training() as bar:
        yield None if isinstance(bar, bool) else bar
