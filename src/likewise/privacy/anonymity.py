"""The face: make a table k-anonymous, l-diverse, t-close; say what it cost; check the finished table before it goes."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from likewise.engines import Engine, working
from likewise.errors import InputError, LikewiseWarning, OptionError
from likewise.privacy import shards
from likewise.privacy.asked import Asked, passing_columns, read_asked
from likewise.privacy.encoding import Ints
from likewise.privacy.labels import Hierarchy, as_label
from likewise.privacy.measures import Anonymity, columns_of, measure_table
from likewise.privacy.methods import METHODS, Outcome, found_by
from likewise.privacy.promise import Promise, check_choice, is_number
from likewise.privacy.recoding import FullDomain, Recoding, labels_of
from likewise.privacy.results import Anonymized, report_of, word_on_entity
from likewise.privacy.ruled import undone_by_rules, words_on_rules
from likewise.privacy.verify import verify
from likewise.privacy.written import order_tells
from likewise.schema.column import Schema
from likewise.schema.dialect import Dialect
from likewise.sources.distinct import ROWS
from likewise.sources.opening import Scan
from likewise.sources.scratch import scratch
from likewise.sources.source import Shard, Source
from likewise.tables.frames import from_frame, names_of
from likewise.tables.joining import Parts

_HEAD = 2**17  # rows of a table that is read in parts which are looked at as they are


def anonymize(
    frame: Any,
    *,
    quasi_identifiers: str | Sequence[str],
    sensitive: str | Sequence[str] | None = None,
    entity: str | bool | None = None,
    promise: Promise | None = None,
    k: int = 5,
    l: float | None = None,  # noqa: E741
    l_kind: str = "distinct",
    c: float | None = None,
    t: float | None = None,
    t_distance: str = "auto",
    alpha: float | None = None,
    ignore_missing: bool = False,
    delta: tuple[float, float] | None = None,
    k_map: int | None = None,
    population: Any = None,
    hierarchies: Mapping[str, Hierarchy | Mapping[Any, Any]] | None = None,
    levels: Mapping[str, int] | None = None,
    method: str = "mondrian",
    max_suppression: float = 0.0,
    suppressed: str = "drop",
    numbers: str = "interval",
    importance: Mapping[str, float] | None = None,
    star: str = "value",
    drop: str | Sequence[str] = (),
    schema: Schema | None = None,
    max_seconds: float = 30.0,
    keep_order: bool = False,
    random_state: int | np.random.Generator | None = None,
    to: str | os.PathLike[str] | None = None,
    engine: str | Engine | None = None,
    workers: int | None = None,
    address: str | None = None,
) -> Anonymized:
    """The rows themselves, told so coarsely that nobody stands out.

    Args:
        frame: any frame; it is not changed. Texts that mean "missing" are missing, and missing is a level of its own.
            Or a `likewise.scan` of a table that is read in parts and never held, written to the file `to`: see
            docs/scale.md for what goes with that.
        quasi_identifiers: the columns by which someone could find a person; only their cells are recoded.
        sensitive: the column or columns nobody should learn of a person; every promise holds for each of them.
        entity: the column that tells whose a row is: every promise then counts persons, not rows, and the column is
            left out. None: each row is a person, and a note tells of a column that repeats like a person's key; False:
            each row is a person, whatever repeats.
        promise: what every class keeps, as one value; or give its parts, k to k_map: see `Promise`.
        population: all who might be in the table, a row each, with the same quasi-identifiers; for delta and k_map
            (lattice only).
        hierarchies: how columns get coarser, by name: a `Hierarchy`, or a mapping of values to labels. Where none is
            given, "lattice" builds one and "mondrian" splits by order.
        levels: for "lattice", steps of hierarchies that are settled, by name: 0 tells the column as it is, the last
            hides it. Of columns that are not named the steps are searched, and the best is the best beside these.
        method: "mondrian" recodes each class by itself and loses least; "mondrian-relaxed" may tell equal rows apart;
            "lattice" recodes whole columns, by the best combination of steps there is; "local-suppression" hides single
            cells as `*` and tells all others as they are.
        max_suppression: share of the rows that "lattice" may suppress.
        suppressed: "drop" leaves such rows out, "star" keeps them with quasi-identifiers and sensitive cells hidden.
        numbers: what Mondrian tells of a class's numbers: their "interval", "mean" or "median".
        importance: for "local-suppression", what a star in each quasi-identifier costs; 1 where nothing is said.
        star: how "local-suppression" reads a star: as a "value" of its own, so that rows which read the same are a
            class; or as "any" value, so that k members agree with each row wherever neither is starred, as statistical
            offices count. The second hides less, and a note says how few rows fit someone whose cells are known.
        drop: columns to leave out: names, keys.
        schema: what columns are, where their values do not tell or tell wrongly; of the others nothing need be said.
            Its rules are not kept: notes tell how many released rows break each, and which cannot be held to it.
        max_seconds: for "lattice"; after it the best recoding so far is given, with `report.optimal` False.
        keep_order: leave the rows in their order. Else they are shuffled, for in a file sorted by age or name the place
            of a row tells whose it is.
        random_state: of the shuffle. None: by the operating system; whoever knows a seed can undo the shuffle.
        to: of a table that is read in parts, the file (Parquet, CSV, JSON lines) that its rows go to.
        engine, workers, address: who does that, as `likewise.engines` takes them.

    Raises:
        OptionError: an argument is out of range, or names no column.
        InputError: a hierarchy misses values or is not nested; or a row has no entity.
        PrivacyError: no recoding keeps the promise (what is the nearest, and what to relax), or the finished table
            does not keep it.

    Warns:
        LikewiseWarning: a column that passes through differs in most rows, so it names people; or the order is kept and
            tells something of a column that is recoded or left out; or a rule of the schema gives one back.

    Notes:
        This protects what is named: someone who knows more columns than `quasi_identifiers`, or another release of the
        same people, may know more. Only differential privacy promises something whatever is known.

    Example:
        >>> import polars as pl
        >>> table = pl.DataFrame({"age": [21, 22, 25, 61, 64, 64], "ill": ["a", "b", "a", "c", "a", "b"]})
        >>> done = anonymize(table, quasi_identifiers=["age"], sensitive="ill", k=3, l=2)
        >>> done.frame["age"].unique().sort().to_list(), done.report.measures.k
        (['[20, 30]', '[60, 65]'], 3)
    """
    started = time.monotonic()
    if isinstance(frame, np.ndarray):
        raise InputError("an array cannot hold the labels of a released table; give a frame")
    check_choice("method", method, METHODS)
    check_choice("suppressed", suppressed, ("drop", "star"))
    check_choice("numbers", numbers, ("interval", "mean", "median"))
    promise = _promised(promise, Promise(
        k=k, l=l, l_kind=l_kind, c=c, t=t, t_distance=t_distance, alpha=alpha, ignore_missing=ignore_missing,
        delta=delta, k_map=k_map,
    ))  # fmt: skip
    if not is_number(max_suppression) or not 0 <= max_suppression < 1:
        raise OptionError(
            f"max_suppression must be a share of the rows in 0 .. 1 (1 not among them), got {max_suppression!r}"
        )
    if method != "lattice" and (max_suppression or promise.needs_population):
        raise OptionError("max_suppression, delta and k_map need method='lattice': no other suppresses rows")
    if method != "lattice" and levels:
        raise OptionError("levels are steps of whole columns: they need method='lattice', no other recodes so")
    if method != "local-suppression" and (importance is not None or star != "value"):
        raise OptionError("importance and star belong to method='local-suppression': no other hides single cells")
    check_choice("star", star, ("value", "any"))
    if suppressed != "drop" and method != "lattice":
        raise OptionError("suppressed says what becomes of rows that method='lattice' suppresses; no other does")
    if numbers != "interval" and not method.startswith("mondrian"):
        raise OptionError("numbers says how Mondrian tells a class's numbers; no other method reads it")
    if schema is not None:
        entity = schema.entity if entity is None else entity
    if entity is True:
        raise OptionError("entity must be the name of a column, False or None, got True")
    dropped = [drop] if isinstance(drop, str) else names_of(drop)
    if isinstance(frame, Scan):
        _check_in_parts(to, method, numbers, entity, population, schema)
        assert to is not None
        frame.check_apart(Path(to))
        order = _Order(
            quasi_identifiers, sensitive, promise, hierarchies or {}, levels, max_suppression, schema, dropped, method,
            max_seconds, suppressed == "star", keep_order, random_state, said=entity is not None,
        )  # fmt: skip
        with frame.opened() as source, working(engine, workers, address) as work:
            return _in_parts(source, work, order, Path(to), frame.dialect, started)
    if any(given is not None for given in (to, engine, workers, address)):
        raise OptionError(
            "to, engine, workers and address are of tables that are read in parts: give likewise.scan(...) in place of "
            "a frame that is held already"
        )
    table, give_back = from_frame(frame)
    asked = read_asked(
        table, quasi_identifiers, sensitive, promise, hierarchies or {}, max_suppression, population, entity or None,
        schema, levels=levels,
    )  # fmt: skip
    passing = passing_columns(table, asked, dropped)
    outcome = found_by(asked, method, max_seconds, numbers, importance or {}, star)
    left_out = [n for n in table.columns if n not in passing]
    rows, starred = _order(asked, outcome, left_out, suppressed == "star", keep_order, random_state)
    outcome = replace(outcome, recoding=_finished(asked, outcome.recoding, left_out, as_texts=bool(starred.any())))
    released = _released(asked, outcome, passing, rows)
    final = give_back(released)
    # What is checked is what is handed over, after its way back into the caller's kind of frame.
    seen = from_frame(final)[0]
    public = _recoded_population(asked, outcome.recoding)
    persons = None if asked.persons is None else asked.persons[rows]
    measures = _checked(asked, seen, starred, public, persons, star)
    report = report_of(asked, outcome, method, measures, time.monotonic() - started)
    words = word_on_entity(table, promise.k) if entity is None else []
    if schema is not None and schema.rules:
        words += words_on_rules(schema, table, seen)
        for undone in undone_by_rules(schema, table, seen):
            warnings.warn(undone, LikewiseWarning, stacklevel=2)
    report = replace(report, notes=(*report.notes, *words))
    return Anonymized(final, report, outcome.recoding, ~outcome.keep, rows)


def _checked(
    asked: Asked, seen: pl.DataFrame, starred: pl.Series, public: pl.DataFrame | None, persons: Ints | None, star: str,
    weights: Ints | None = None,
) -> Anonymity:  # fmt: skip
    """The measures of a finished table, which keeps the promise.

    Raises:
        PrivacyError: it does not.
    """
    promise = asked.promise
    verify(
        seen, asked.names, promise, asked.inputs if promise.needs_sensitive else (), starred=starred,
        population=public, persons=persons, star=star, weights=weights,
    )  # fmt: skip
    return measure_table(
        seen, asked.names, [s.name for s in asked.sensitive], public, persons, ignore_missing=promise.ignore_missing,
        star=star, starred=starred, weights=weights,
    )  # fmt: skip


# ---- of a table that is not held ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Order:
    """What is asked of a table that is read in parts, as `anonymize` takes it."""

    quasi_identifiers: str | Sequence[str]
    sensitive: str | Sequence[str] | None
    promise: Promise
    hierarchies: Mapping[str, Hierarchy | Mapping[Any, Any]]
    levels: Mapping[str, int] | None
    max_suppression: float
    schema: Schema | None
    drop: Sequence[str]
    method: str
    max_seconds: float
    hides: bool  # suppressed rows, by stars
    keep_order: bool
    random_state: int | np.random.Generator | None
    said: bool  # whether rows are persons


def _check_in_parts(to: Any, method: str, numbers: str, entity: Any, population: Any, schema: Schema | None) -> None:
    """Hold what is asked to what is told by combinations of cells alone, before anything is read."""
    if to is None:
        raise OptionError("a table that is read in parts goes to a file: name it with to=")
    what = {
        f"method={method!r}": method not in ("mondrian", "lattice"), f"numbers={numbers!r}": numbers != "interval",
        "entity": bool(entity), "population": population is not None,
        "a schema with rules": schema is not None and bool(schema.rules),
    }  # fmt: skip
    if named := [name for name, given in what.items() if given]:
        raise OptionError(
            f"{named[0]} does not go with a table that is read in parts: it looks at rows one by one, and these are "
            "counted by their combinations of cells. Leave it out, or anonymise a frame that is held in memory"
        )


def _in_parts(
    source: Source, engine: Engine, order: _Order, to: Path, dialect: Dialect | None, started: float
) -> Anonymized:
    """Anonymise shard by shard; the file gets its name when its rows have been held to the promise."""
    parts = Parts.new(to, dialect)
    head = source.read(Shard(0, 0, min(_HEAD, source.n_rows)))
    names, secret = columns_of(head, order.quasi_identifiers, order.sensitive)
    tuples = shards.counted(engine, source, [*names, *secret])
    asked = read_asked(
        tuples.drop(ROWS), names, secret, order.promise, order.hierarchies, order.max_suppression, None, None,
        order.schema, tuples[ROWS].to_numpy(), order.levels,
    )  # fmt: skip
    passing = passing_columns(head, asked, order.drop)
    outcome = found_by(asked, order.method, order.max_seconds, "interval", {}, "value")
    left_out = [n for n in source.names if n not in passing]
    starred = order.hides and not outcome.keep.all()
    recoding = _finished(asked, outcome.recoding, left_out, as_texts=starred)
    classes = asked.table.select(names).with_columns(pl.Series(shards.CLASS, outcome.classes)).unique(names)
    seed = None if order.keep_order else int(np.random.default_rng(order.random_state).integers(2**63))
    if order.keep_order:
        _warn_of_order(head, [*names, *left_out])
    with scratch(shards.room_for(source), f"the finished rows of {source.what}") as folder:
        n_buckets = shards.buckets_of(source, seed)
        telling = shards.Telling(source, classes, recoding, passing, secret, order.hides, seed, folder, n_buckets)
        seen, sizes = shards.told(engine, telling)
        measures = _checked(asked, seen, seen[shards.STARRED], None, None, "value", seen[ROWS].to_numpy())
        shards.write(engine, telling, sizes, parts)
    report = report_of(asked, replace(outcome, recoding=recoding), order.method, measures, time.monotonic() - started)
    words = [] if order.said else word_on_entity(head, order.promise.k)
    none = np.zeros(0, np.int64)
    return Anonymized(to, replace(report, notes=(*report.notes, *words)), recoding, none.astype(bool), none)


def _promised(promise: Promise | None, parts: Promise) -> Promise:
    """The promise, given whole or in parts."""
    if promise is None:
        return parts
    if not isinstance(promise, Promise):
        raise OptionError(f"promise must be a likewise.privacy.Promise, got {type(promise).__name__}")
    if parts != Promise():
        named = ", ".join(f.name for f in fields(Promise) if getattr(parts, f.name) != f.default)
        raise OptionError(f"{named} are parts of the promise: give promise= or its parts, not both")
    return promise


def _recoded_population(asked: Asked, recoding: Recoding) -> pl.DataFrame | None:
    """The population as the table is told, in classes that are released or not."""
    if asked.population is None:
        return None
    assert isinstance(recoding, FullDomain)
    return labels_of(recoding.keys_of(asked.population), asked.readers, recoding.levels)


# ---- after -------------------------------------------------------------------------------------------------------


def _order(
    asked: Asked, outcome: Outcome, left_out: list[str], hide: bool, keep_order: bool,
    random_state: int | np.random.Generator | None,
) -> tuple[Ints, pl.Series]:  # fmt: skip
    """Which rows are released, in which order, and which of those are starred.

    Shape: -> (m,), (m,)
    """
    rows = np.arange(asked.table.height) if hide else np.flatnonzero(outcome.keep)
    if keep_order:
        _warn_of_order(asked.table, [*asked.names, *left_out])
    else:
        rows = np.random.default_rng(random_state).permutation(rows)
    return rows, pl.Series(~outcome.keep[rows])


def _warn_of_order(table: pl.DataFrame, names: Sequence[str]) -> None:
    if telling := [n for n in names if order_tells(table[n])]:
        warnings.warn(
            f"the rows are in an order that tells of columns {', '.join(map(repr, telling))}: whoever has a list "
            "in that order knows which row is whose; leave out keep_order to shuffle them",
            LikewiseWarning,
            stacklevel=4,
        )


def _finished(asked: Asked, recoding: Recoding, left_out: list[str], *, as_texts: bool) -> Recoding:
    """The recoding with its labels as they are released: among stars all are texts."""
    labels = recoding.labels
    if as_texts:
        own = pl.col(pl.Categorical, pl.Enum).cast(pl.String)
        labels = pl.DataFrame([s if s.dtype == pl.String else as_label(s) for s in labels.with_columns(own)])
    labels = labels.with_columns(reader.in_its_form(labels[reader.name]) for reader in asked.readers)
    return replace(recoding, labels=labels, left_out=tuple(left_out), entity=asked.entity)


def _released(asked: Asked, outcome: Outcome, columns: list[str], rows: Ints) -> pl.DataFrame:
    """The table as it goes out."""
    secret = [s.name for s in asked.sensitive]
    return shards.told_rows(asked.table.select(columns)[rows], outcome.classes[rows], outcome.recoding, secret)
