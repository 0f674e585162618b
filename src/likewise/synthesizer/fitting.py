"""How a synthesizer learns a table: told, parted, coded and trained on, to the value that a fit ends with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise import memory
from likewise.codecs.base import Alphabet, Codes
from likewise.codecs.image import ImageCodec
from likewise.codecs.table import TableCodec
from likewise.codecs.window import WindowCodec
from likewise.conditions import resolve
from likewise.dp.budget import End
from likewise.dp.codec import private_codec
from likewise.dp.declaration import Declaration
from likewise.dp.entities import rows_within
from likewise.dp.gate import Exact, Gate, Noisy, gate_of
from likewise.dp.ledger import DP, Ledger
from likewise.errors import LikewiseError, LikewiseWarning, OptionError, PrivacyError, RuleError
from likewise.hashing import Split
from likewise.histories.model import HistoryModel
from likewise.models.base import Fit, Generator
from likewise.models.eligible import LEAST_ROWS, ledger_for
from likewise.models.marginals.model import MarginalModel
from likewise.notebook import live_bar
from likewise.rules.plan import RulePlan
from likewise.schema.column import Kind, Schema
from likewise.schema.distinct import Columns, Counted
from likewise.schema.infer import doubts, infer_counted, timed, with_entity
from likewise.schema.lives import word_on_rows
from likewise.schema.parse import parse, parse_counted, parse_declared
from likewise.schema.persons import LEAST_ENTITIES, People, parted
from likewise.sources.chosen import Chosen
from likewise.synthesizer.beside import Beside, Joined, with_static
from likewise.synthesizer.histories import learn_histories, learn_within, warn_of_one_series
from likewise.synthesizer.parameters import condition_fields, table_generator
from likewise.synthesizer.rows import codec_of, meeting_rows, of_array, parts_of, persons_in, rows_of_class
from likewise.synthesizer.ruled import alphabet_of, rules_of
from likewise.synthesizer.ruled_histories import check_plan
from likewise.synthesizer.saved import without_rare_levels
from likewise.synthesizer.underway import UnderWay
from likewise.tables.frames import from_frame
from likewise.training.loop import Event, Progress
from likewise.typing import Ints

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

MIN_ROWS_TO_HOLD_OUT = 20
"""Below this every row is needed for training; nothing is held out and training runs as long as planned."""


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What a fit ends with.

    Args:
        codec: of a table, of images or of windows.
        gate: that the generator learnt through; None of histories.
        n_rows: of the table; under a budget by noisy counts.
        train_rows, holdout_rows: their numbers; None under a budget.
        ledger: what was paid; None without a budget.
        reading: of a table that was read in parts, how many rows were what; see `scans.fitting`.
        held_out: of such a table, which rows were; None for none.
    """

    generator: Generator
    schema: Schema
    codec: TableCodec | ImageCodec | WindowCodec
    gate: Gate | None
    n_rows: int
    train_rows: Ints | None = None
    holdout_rows: Ints | None = None
    ledger: Ledger | None = None
    rules: RulePlan | None = None
    histories: HistoryModel | None = None
    beside: Beside | None = None
    reading: dict[str, int] | None = None
    held_out: Split | None = None


def table_of(
    synth: Synthesizer, counted: Counted, static: pl.DataFrame | None, *, is_array: bool, entity: str | None = None
) -> tuple[Columns, Schema, Joined | None]:
    """The canonical table, what its columns are, and where a table of entities stands beside it, how they were joined.

    Args:
        static: that table, as it came.
        entity: as `schema_of` takes it.

    Raises:
        InputError, SchemaError, OptionError: a table is none of these, or they do not belong together.
    """
    given, joined = synth.schema, None
    if given is not None and static is not None:
        given = replace(given, columns=tuple(c for c in given if c.name in counted.table.columns))
    schema = schema_of(synth, counted, given, is_array=is_array, entity=entity)
    if static is not None:
        if schema.entity is None:
            raise OptionError("static has a row for each entity, and no column tells whose the rows are: give entity=")
        joined = Joined.of(counted.table.frame(), static, schema.entity)
        schema = with_static(schema, static, schema.entity, synth.schema)
        counted = Counted(joined.rows, typed=counted.typed)
    schema = timed(bounded(synth, schema), synth.time).with_rules(synth.rules)
    return parse_counted(counted, schema), schema, joined


def schema_of(
    synth: Synthesizer, counted: Counted, given: Schema | None, *, is_array: bool, entity: str | None = None
) -> Schema:
    """What the columns are, and whose the rows, with a warning where only the rows tell it.

    Args:
        given: what was said of them.
        entity: the column that tells it where more rows have told that.
    """
    raw, asked = counted.table, synth.entity if entity is None else entity
    if given is None and not is_array:
        schema = infer_counted(counted, entity=asked)[0]
        for doubt in doubts(schema):
            warnings.warn(doubt, LikewiseWarning, stacklevel=4)
    else:
        schema = with_entity(of_array(raw.frame()) if given is None else given, raw, asked, counted)
    named = asked is not None or is_array
    if not named and (told := word_on_rows(raw, schema, counted, in_time=synth.time is not None)):
        warnings.warn(told, LikewiseWarning, stacklevel=4)
    return schema


def bounded(synth: Synthesizer, schema: Schema) -> Schema:
    """The schema within the bounds that a synthesizer was given."""
    for name, ends in (synth.bounds or {}).items():
        if isinstance(ends, str) or not isinstance(ends, Iterable):
            raise OptionError(f"bounds of column {name!r} must be two numbers (low, high)")
        schema = schema.replace(str(name), bounds=tuple(ends))
        column = schema[str(name)]
        if not column.is_modelled or column.kind not in (Kind.INTEGER, Kind.REAL, Kind.DATETIME):
            what = str(column.kind) if column.is_modelled else f"of role {column.role}"
            raise OptionError(f"bounds are of numbers, dates and times that are learnt, and column {name!r} is {what}")
    return schema


def fit_rows(
    synth: Synthesizer, table: Columns, schema: Schema, holdout: Any, split: np.random.Generator,
    training: np.random.Generator, people: People | None = None,
) -> Learnt:  # fmt: skip
    """Learn the rows of a canonical table, of which nothing is left: a table is many times its codes."""
    generator, only = table_generator(synth, schema), resolve(synth.only or {}, schema)
    whose = persons_in(table, schema.entity) if people is None else people.whose
    rows = rows_of_class(table, only, whose)
    left_out = None
    if only:
        table, left_out = parts_of(table, rows, np.setdiff1d(np.arange(len(table)), rows))
    rules = rules_of(schema, table, whose[rows], synth.codec, strict=synth.strict_rules)
    if people is None:
        train_rows, holdout_rows = split_of(synth, whose[rows], split, own=holdout is None)
    else:
        train_rows, holdout_rows = people.parts
    learnt, kept = parts_of(table, train_rows, holdout_rows)
    kept = kept if holdout is None else Columns.of(parse(from_frame(holdout)[0], schema))
    chosen = meeting_rows(kept, only) if only else None
    if rules is not None:
        learnt, kept = rules.forward(learnt), rules.forward(kept)
        left_out = None if left_out is None else rules.forward(left_out)
    counted = None if people is None else [whose[train_rows], whose[:0], whose[holdout_rows]]
    codec = codec_of(learnt, schema if rules is None else rules.inner, synth.codec, (left_out, kept), counted)
    kept = kept if chosen is None else kept.rows(chosen)
    gate, held = gate_of(codec.encode(learnt), codec.alphabet.sizes), codec.encode(kept)
    del table, learnt, left_out, kept
    schema = without_rare_levels(schema, codec, rules)
    view = UnderWay(codec_=codec, rules_=rules, n_rows_=len(rows), schema_=schema, generator_=generator)
    told = condition_fields(generator, codec)
    train(synth, generator, alphabet_of(codec, rules), gate, held, training, told, view=view)
    return Learnt(
        generator=generator, schema=schema, codec=codec, gate=gate, rules=rules,
        n_rows=len(rows), train_rows=rows[train_rows], holdout_rows=rows[holdout_rows],
    )  # fmt: skip


def fit_histories(
    synth: Synthesizer, table: Columns, schema: Schema, holdout: Any, split: np.random.Generator,
    training: np.random.Generator, joined: Joined | None = None, people: People | None = None,
) -> Learnt:  # fmt: skip
    """Learn the rows of entities in time.

    Args:
        joined: where the table is of two: whence it comes.
        people: whose the rows are, where that is not the entity; rows of one entity are all held out or none.
    """
    assert synth.time is not None
    if holdout is not None:
        raise OptionError("holdout does not go with time: a share of the entities is held out")
    if schema.entity is None and synth.entity is None:
        warn_of_one_series()
    declared = synth.static
    if declared is not None and joined is not None:
        others = [name for name in joined.beside.static if name != joined.beside.entity]
        declared = list(dict.fromkeys([*declared, *others]))

    rules = _rules_of_rows(synth, table, schema, joined, people)
    if made := [name for name in declared or () if rules is not None and name in rules.made]:
        raise RuleError(f"a rule makes column {made[0]!r} of others, and static names it: leave it out of static")

    with memory.lack_told(), shown(synth.progress) as report:
        model, learnt, held = learn_histories(
            table.frame() if rules is None else rules.forward(table).frame(), schema if rules is None else rules.inner,
            time=synth.time, static=declared, holdout=synth.holdout, options=synth.codec,
            make=_of_histories(synth, schema), split=split, training=training, progress=report,
            bare=_bare(joined, schema), people=people,
        )  # fmt: skip
    if joined is not None:
        learnt, held = joined.kept[learnt], joined.kept[held]
    codec = model.layout.codec
    return Learnt(
        generator=model.what, schema=without_rare_levels(schema, codec, rules), codec=codec, gate=None,
        n_rows=len(table), train_rows=learnt, holdout_rows=held, rules=rules, histories=model,
        beside=None if joined is None else joined.beside,
    )  # fmt: skip


def _of_histories(synth: Synthesizer, schema: Schema) -> Callable[[], Generator]:
    """Makes a fresh generator; of a row that is drawn next nothing is known ahead, so it learns one order alone."""

    def make() -> Generator:
        generator = table_generator(synth, schema)
        if isinstance(synth.model, str) and "any_order" not in synth.model_options and hasattr(generator, "any_order"):
            generator.any_order = 0.0
        return generator

    return make


def _rules_of_rows(
    synth: Synthesizer, table: Columns, schema: Schema, joined: Joined | None, people: People | None
) -> RulePlan | None:  # fmt: skip
    """How the rules of the rows of histories are kept; None where there are none.

    Raises:
        RuleError: histories cannot keep one.
    """
    whose = persons_in(table, schema.entity) if people is None else people.whose
    rules = rules_of(schema, table, whose, synth.codec, strict=synth.strict_rules)
    if rules is not None:
        ties = {str(schema.entity): "whose the rows are", str(synth.time): "what orders them"}
        check_plan(rules, ties | dict.fromkeys(() if joined is None else joined.beside.static, "of the static table"))
    return rules


def _bare(joined: Joined | None, schema: Schema) -> pl.DataFrame | None:
    """The entities without rows, canonical; a few are left out, for what hardly anybody has is not drawn."""
    if joined is None or not len(joined.bare):
        return None
    if len(joined.bare) < LEAST_ENTITIES:
        warnings.warn(
            f"column {joined.beside.entity!r}: {len(joined.bare)} entities of the static table have no rows; fewer "
            f"than {LEAST_ENTITIES} are left out",
            LikewiseWarning,
            stacklevel=4,
        )
        return None
    return parse(joined.bare, schema, partial=True)


def fit_privately(synth: Synthesizer, budget: DP, raw: pl.DataFrame, training: np.random.Generator) -> Learnt:
    """Learn a table of which the declaration and what the ledger lists are all that is known.

    Nothing stops early, so nothing is held out, and nothing that is kept tells how many rows there were, or which.
    """
    schema = None if synth.schema is None else bounded(synth, synth.schema)
    declaration = Declaration.of(schema, raw.schema, budget).with_rules(synth.rules)
    rules = RulePlan.declared(declaration.rules, declaration) if declaration.rules else None
    inner = declaration if rules is None else Declaration(rules.inner.columns)
    generator = table_generator(synth, inner)
    with recorded(synth, generator) as end:
        ledger = ledger_for(budget, generator)
        with telling_what_was_spent(synth, ledger, end):
            table = parse_declared(raw, declaration)
            table = table[rows_within(budget, table)]
            table = table if rules is None else rules.forward(Columns.of(table)).frame()
            codec = private_codec(table, inner, ledger)
            gate, none = gate_of(codec.encode(table), codec.alphabet.sizes, ledger), codec.encode(table[:0])
            train(synth, generator, alphabet_of(codec, rules), gate, none, training, condition_fields(generator, codec))
    return Learnt(
        generator=generator, schema=declaration, codec=codec, gate=gate, n_rows=generator.n_rows, ledger=ledger,
        rules=rules,
    )  # fmt: skip


def fit_histories_privately(synth: Synthesizer, budget: DP, raw: pl.DataFrame, training: np.random.Generator) -> Learnt:
    """Learn the rows of entities in time, of which the same is known, and what is protected are entities."""
    assert synth.time is not None
    schema = None if synth.schema is None else bounded(synth, synth.schema)
    declaration, time = Declaration.of(schema, raw.schema, budget).with_rules(synth.rules), synth.time
    make = _of_histories(synth, declaration)
    with recorded(synth, make()) as end:
        ledger = ledger_for(budget, make(), whole=True)
        with telling_what_was_spent(synth, ledger, end), memory.lack_told(), shown(synth.progress) as report:
            model, gate, n_rows, schema = learn_within(
                raw, declaration, budget, ledger, time=time, static=synth.static, make=make, training=training,
                progress=report,
            )  # fmt: skip
            check_delta(budget, model.n_entities, "entities")
    return Learnt(
        generator=model.what, schema=schema, codec=model.layout.codec, gate=gate, n_rows=n_rows, ledger=ledger,
        histories=model,
    )  # fmt: skip


def of_chosen(learnt: Learnt, some: Chosen) -> Learnt:
    """What was learnt of chosen rows, told by the table that they are of."""
    assert learnt.train_rows is not None
    assert learnt.holdout_rows is not None
    train_rows, held = some.numbers[learnt.train_rows], some.numbers[learnt.holdout_rows]
    reading = {
        "rows": some.n_all, "rows_chosen": len(some.numbers), "rows_trained_on": len(train_rows),
        "rows_held_out": len(held), "shards": some.shards, "passes": 1,
    }  # fmt: skip
    return replace(learnt, n_rows=some.n_all, train_rows=train_rows, holdout_rows=held, reading=reading)


def train(
    synth: Synthesizer, generator: Generator, alphabet: Alphabet, gate: Exact | Noisy, holdout: Codes,
    training: np.random.Generator, told: tuple[int, ...] = (), progress: Progress | bool | None = None,
    view: UnderWay | None = None,
) -> None:  # fmt: skip
    """Let a generator learn what the gate answers.

    Args:
        told: fields of the columns that it is to be told (`condition_on`).
        progress: in place of the synthesizer's own.
        view: what shows rows meanwhile.

    Raises:
        PrivacyError: delta is too large for so many rows.
    """
    with memory.lack_told(), shown(synth.progress if progress is None else progress) as report:
        report = report if view is None else view.shown_to(report)
        generator.fit(
            Fit(gate=gate, holdout=holdout, alphabet=alphabet, rng=training, condition_fields=told, progress=report)
        )
    if synth.privacy is not None:
        check_delta(synth.privacy, generator.n_rows)


def split_of(synth: Synthesizer, whose: Ints, rng: np.random.Generator, *, own: bool) -> tuple[Ints, Ints]:
    """Row numbers to train on and to hold out, both in the table's order; all rows of a person go together."""
    return parted(whose, synth.holdout if own and len(whose) >= MIN_ROWS_TO_HOLD_OUT else 0.0, rng)


def recorded(synth: Synthesizer, generator: Generator) -> AbstractContextManager[End]:
    """The fit as an entry of the file of all fits, where there is one."""
    if synth.budget is None or synth.privacy is None:
        return nullcontext(lambda entries: None)
    counts_only, whole = isinstance(generator, MarginalModel), synth.time is not None
    return synth.budget.recorded(synth.privacy, generator.name, counts_only=counts_only, whole=whole)


@contextmanager
def telling_what_was_spent(synth: Synthesizer, ledger: Ledger | None, end: End) -> Iterator[None]:
    """A fit that fails after it has looked at the rows tells what that cost, and leaves its ledger."""
    try:
        yield
    except BaseException as error:
        if ledger is not None and ledger.entries:
            synth.ledger_ = ledger
            spent = f"this try has spent epsilon {ledger.epsilon:.3g} of {ledger.budget.epsilon:g}: see ledger_"
            if isinstance(error, LikewiseError):
                error.args = (f"{error}; {spent}",)
            else:
                error.add_note(spent)
        raise
    finally:
        end(() if ledger is None else ledger.entries)


def check_delta(budget: DP, n_rows: int, of: str = "rows") -> None:
    """Hold delta against the number of rows, by the noisy count: by the exact one, a refusal would tell of a row.

    Raises:
        PrivacyError: showing a row whole would be within delta.
    """
    if budget.delta * n_rows >= 1:
        raise PrivacyError(
            f"delta must be well below one over the number of {of}, got {budget.delta:g}: showing one of them whole "
            "would be within it"
        )


def warn_of_few_rows(learnt: Learnt) -> None:
    """The last that a fit does: where warnings are errors, it has ended all the same."""
    n, of = (learnt.n_rows, "rows") if learnt.histories is None else (learnt.histories.n_entities, "entities")
    if learnt.ledger is not None and n < LEAST_ROWS:
        warnings.warn(
            f"some {n:,} {of}, by noisy counts, are few for differential privacy: the noise is larger than most counts",
            LikewiseWarning,
            stacklevel=3,
        )


@contextmanager
def shown(asked: Progress | bool | None) -> Iterator[Progress | None]:
    """Whom a training tells how it goes: the caller's own, or a bar of ours, in a notebook or a terminal."""
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
