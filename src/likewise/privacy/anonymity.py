"""The face: make a table k-anonymous, l-diverse, t-close; say what it cost; check the finished table before it goes."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise._frames import from_frame
from likewise.errors import InputError, LikewiseWarning, OptionError, PrivacyError
from likewise.privacy.criteria import DISTANCES, Bools, Model, Sensitive, class_passes, is_number
from likewise.privacy.encoding import Floats, Ints, Quasi, Reader, encode, reader
from likewise.privacy.hierarchies import TOP, Hierarchy, auto, from_dict
from likewise.privacy.lattice import Found, NothingValid, cell_losses, search
from likewise.privacy.measures import Anonymity, columns_of, measure_table
from likewise.privacy.mondrian import mondrian
from likewise.privacy.recoding import FullDomain, Partition, Recoding, class_column
from likewise.privacy.verify import Promise, SensitiveInput, verify
from likewise.schema import nearest

if TYPE_CHECKING:
    from likewise.evaluate import Report as EvaluationReport

METHODS = ("mondrian", "mondrian-relaxed", "lattice")


@dataclass(frozen=True, kw_only=True)
class AnonymityReport:
    """What was done and what it cost, as plain data.

    Losses lie in 0 .. 1: a cell loses the share of its column that its label covers (numbers: of the range), nothing if
    it is told exactly, all if it is suppressed. `gcp` is the mean over all cells of the quasi-identifiers.
    """

    method: str
    promise: str
    n_rows: int
    n_suppressed: int
    levels: dict[str, int] | None  # step of each column's hierarchy; None: classes recoded one by one
    ncp: dict[str, float]
    gcp: float
    discernibility: int  # sum of squared class sizes, and n for each suppressed row
    average_class_size: float  # rows a class, in units of k
    optimal: bool  # whether no recoding of this kind can lose less; proven, not hoped
    bound: float | None  # no recoding of this kind can lose less than this; None: not known
    n_nodes: int | None  # of the lattice, and how many of them were checked
    n_checked: int | None
    seconds: float
    measures: Anonymity
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)


@dataclass(frozen=True)
class Anonymized:
    """The released table and all about it."""

    frame: Any  # of the kind that came
    report: AnonymityReport
    recoding: Recoding
    suppressed: npt.NDArray[np.bool_]  # (n,) rows of the input that are not told

    def evaluate(self, original: Any, *, random_state: int = 0, **options: Any) -> EvaluationReport:
        """The fidelity report of the released rows, with what was lost beside it.

        Each recoded cell is replaced by one of the original's values that its label stands for, drawn evenly; that
        table is compared with the original as `likewise.evaluate` compares any two.

        Args:
            original: the frame that was anonymised.
            random_state: seed of the drawn values and of all samples.
            **options: holdout, target, schema, measures, ... as `likewise.evaluate` takes them.

        Raises:
            InputError: the original has another number of rows than was anonymised.

        Privacy: the figures are computed on the original; they are not differentially private.

        Example:
            >>> import polars as pl, likewise as lw
            >>> frame = pl.DataFrame({"age": list(range(20, 80)), "ill": ["a", "b", "c"] * 20})
            >>> done = lw.privacy.anonymize(frame, quasi_identifiers=["age"], k=5)
            >>> round(done.evaluate(frame, measures=["accuracy"])["gcp"].value, 2)
            0.08
        """
        from likewise.privacy.fidelity import evaluate_anonymized

        return evaluate_anonymized(self, original, random_state, **options)


@dataclass(frozen=True)
class _Job:
    """A checked order, with the columns read."""

    table: pl.DataFrame
    names: list[str]
    readers: tuple[Reader, ...]
    values: list[pl.Series]
    hierarchies: dict[str, Hierarchy]
    model: Model
    sensitive: list[Sensitive]
    inputs: list[SensitiveInput]
    most_suppressed: int
    population: pl.DataFrame | None
    as_it_came: tuple[bool, ...]


@dataclass(frozen=True)
class _Outcome:
    recoding: Recoding
    cells: pl.DataFrame  # (n, quasi-identifiers)
    keep: Bools
    ncp: dict[str, float]
    found: Found | None


def anonymize(
    frame: Any,
    *,
    quasi_identifiers: str | Sequence[str],
    sensitive: str | Sequence[str] | None = None,
    k: int = 5,
    l: float | None = None,  # noqa: E741
    l_kind: str = "distinct",
    c: float | None = None,
    t: float | None = None,
    t_distance: str = "auto",
    alpha: float | None = None,
    delta: tuple[float, float] | None = None,
    population: Any = None,
    hierarchies: Mapping[str, Hierarchy | Mapping[Any, Any]] | None = None,
    method: str = "mondrian",
    max_suppression: float = 0.0,
    suppressed: str = "drop",
    numbers: str = "interval",
    drop: str | Sequence[str] = (),
    max_seconds: float = 30.0,
) -> Anonymized:
    """The rows themselves, told so coarsely that nobody stands out.

    Args:
        frame: any frame; it is not changed. Texts that mean "missing" are missing, and missing is a level of its own.
        quasi_identifiers: the columns by which someone could find a person; only their cells are recoded.
        sensitive: the column or columns nobody should learn of a person; every promise holds for each of them.
        k: every combination of quasi-identifiers is shared by at least so many rows.
        l: diversity of the sensitive columns in each class: "distinct", at least `l` levels; "entropy", at least the
            entropy of `l` equal ones; "recursive", the most frequent one rarer than `c` times all from the l-th on.
        t: earth mover's distance of each class from the whole *input* is at most `t`.
        t_distance: "equal", "ordered" (over the sorted levels), "hierarchical" (needs a hierarchy of the sensitive
            column), or "auto": ordered for numbers and times, else equal.
        alpha: no level of a sensitive column holds more than this share of a class.
        delta: least and largest share of each of the population's classes that is in the table (lattice only).
        population: all who might be in the table, with the same quasi-identifiers.
        hierarchies: how columns get coarser, by name: a `Hierarchy`, or a mapping of values to labels. Where none is
            given, "lattice" builds one and "mondrian" splits by order.
        method: "mondrian" recodes each class by itself and loses least; "mondrian-relaxed" may tell equal rows apart;
            "lattice" recodes whole columns, by the best combination of steps there is.
        max_suppression: share of the rows that "lattice" may suppress.
        suppressed: "drop" leaves such rows out, "star" keeps them with quasi-identifiers and sensitive cells hidden.
        numbers: what Mondrian tells of a class's numbers: their "interval", "mean" or "median".
        drop: columns to leave out: names, keys.
        max_seconds: for "lattice"; after it the best recoding so far is given, with `report.optimal` False.

    Raises:
        OptionError: an argument is out of range, or names no column.
        InputError: a hierarchy misses values or is not nested.
        PrivacyError: no recoding keeps the promise (what is the nearest, and what to relax), or the finished table
            does not keep it.

    Warns:
        LikewiseWarning: a column that passes through differs in every row, so it names people.

    Notes:
        This protects what is named: someone who knows more columns than `quasi_identifiers`, or another release of the
        same people, may know more. Only differential privacy promises something whatever is known.

    Example:
        >>> import polars as pl
        >>> table = pl.DataFrame({"age": [21, 22, 25, 61, 64, 64], "ill": ["a", "b", "a", "c", "a", "b"]})
        >>> done = anonymize(table, quasi_identifiers=["age"], sensitive="ill", k=3, l=2)
        >>> done.frame["age"].unique().sort().to_list(), done.report.measures.k
        (['[21, 25]', '[61, 64]'], 3)
    """
    started = time.monotonic()
    table, give_back = from_frame(frame)
    if isinstance(frame, np.ndarray):
        raise InputError("an array cannot hold the labels of a released table; give a frame")
    _check_choice("method", method, METHODS)
    _check_choice("suppressed", suppressed, ("drop", "star"))
    _check_choice("numbers", numbers, ("interval", "mean", "median"))
    model = Model(k=k, l=l, l_kind=l_kind, c=c, t=t, alpha=alpha, delta=delta)
    if not is_number(max_suppression) or not 0 <= max_suppression < 1:
        raise OptionError(
            f"max_suppression must be a share of the rows in 0 .. 1 (1 not among them), got {max_suppression!r}"
        )
    if method != "lattice" and (max_suppression or delta is not None):
        raise OptionError("max_suppression and delta need method='lattice': Mondrian suppresses nothing")
    job = _job(table, quasi_identifiers, sensitive, model, hierarchies or {}, t_distance, max_suppression, population)
    passing = _passing_columns(table, job, [drop] if isinstance(drop, str) else drop)
    _check_reachable(job)
    outcome = _lattice(job, max_seconds) if method == "lattice" else _mondrian(job, method.endswith("relaxed"), numbers)
    released, starred = _released(job, outcome, passing, hide=suppressed == "star")
    final = give_back(released)
    # What is checked is what is handed over, after its way back into the caller's kind of frame.
    seen = from_frame(final.collect() if isinstance(final, pl.LazyFrame) else final)[0]
    public = None if job.population is None else replace_released(outcome.recoding).recode(job.population)[0]
    promise = Promise(k=k, l=l, l_kind=l_kind, c=c, t=t, alpha=alpha, delta=delta)
    verify(seen, job.names, promise, job.inputs if model.needs_sensitive else (), starred=starred, population=public)
    shown = seen if starred is None else seen.filter(~starred)
    measures = measure_table(shown, job.names, [s.name for s in job.sensitive], public)
    report = _report(job, outcome, method, measures, time.monotonic() - started)
    return Anonymized(final, report, outcome.recoding, ~outcome.keep)


# ---- before ------------------------------------------------------------------------------------------------------


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(f"{name} must be one of {', '.join(known)}, got {value!r}")


def _job(
    table: pl.DataFrame, quasi_identifiers: str | Sequence[str], sensitive: str | Sequence[str] | None, model: Model,
    hierarchies: Mapping[str, Hierarchy | Mapping[Any, Any]], t_distance: str, max_suppression: float, population: Any,
) -> _Job:  # fmt: skip
    names, secret = columns_of(table, quasi_identifiers, sensitive)
    if model.k > table.height:
        raise OptionError(f"k={model.k} is more than the {table.height} rows of the table")
    if model.needs_sensitive and not secret:
        raise OptionError("l, t and alpha protect sensitive columns: name them with sensitive=")
    if (model.delta is None) != (population is None):
        raise OptionError("delta and population belong together: give both or neither")
    if not isinstance(hierarchies, Mapping):
        raise OptionError(f"hierarchies must map columns to hierarchies, got {type(hierarchies).__name__}")
    for name, hierarchy in hierarchies.items():
        if name not in (*names, *secret):
            raise OptionError(f"a hierarchy is given for {name!r}, no quasi-identifier{nearest(str(name), names)}")
        if not isinstance(hierarchy, Hierarchy | Mapping):
            raise OptionError(
                f"the hierarchy of {name!r} must be one of likewise.privacy.hierarchies or map values to labels, got "
                f"{type(hierarchy).__name__}"
            )
    given = {n: h if isinstance(h, Hierarchy) else from_dict(h) for n, h in hierarchies.items()}
    readers = tuple(reader(table[n]) for n in names)
    values = [r.read(table[r.name]) for r in readers]
    # A text column whose cells are written in several ways ("7", "07") must not be told as it came.
    own = tuple(r.column is None or table[r.name].n_unique() == v.n_unique()
                for r, v in zip(readers, values, strict=True))  # fmt: skip
    columns = [_sensitive(table[name], given.get(name), t_distance, model) for name in secret]
    public = None if population is None else from_frame(population)[0]
    lacking = [] if public is None else [n for n in names if n not in public.columns]
    if lacking:
        raise OptionError(f"the population lacks the quasi-identifiers {', '.join(map(repr, lacking))}")
    return _Job(
        table, names, readers, values, given, model, [s for s, _ in columns], [i for _, i in columns],
        int(max_suppression * table.height + 1e-9), public, own,
    )  # fmt: skip


def _sensitive(
    raw: pl.Series, hierarchy: Hierarchy | None, t_distance: str, model: Model
) -> tuple[Sensitive, SensitiveInput]:
    _check_choice("t_distance", t_distance, ("auto", *DISTANCES))
    values = reader(raw).read(raw)
    column = encode(values, hierarchy)
    kind = ("ordered" if column.is_scale else "equal") if t_distance == "auto" else t_distance
    if kind == "hierarchical" and hierarchy is None and model.t is not None:
        raise OptionError(
            f"t_distance='hierarchical' needs a hierarchy for {raw.name!r}: hierarchies={{{raw.name!r}: ...}}"
        )
    if kind != "hierarchical":
        column, hierarchy = encode(values), None
    if model.l is not None and model.l > column.n_levels:
        raise OptionError(f"l={model.l:g} is more than the {column.n_levels} levels of {raw.name!r}")
    q: Floats = np.bincount(column.codes, minlength=column.n_levels) / len(values)
    return (
        Sensitive(raw.name, column.codes, column.n_levels, q, kind, column.ladder),
        SensitiveInput(raw.name, raw, values, kind, hierarchy),
    )


def _passing_columns(table: pl.DataFrame, job: _Job, drop: Sequence[str]) -> list[str]:
    """Columns of the released table, in order; those that name people are told of."""
    for name in drop:
        if name not in table.columns:
            raise OptionError(f"there is no column {name!r} to drop{nearest(name, table.columns)}")
        if name in job.names or name in {s.name for s in job.sensitive}:
            raise OptionError(f"column {name!r} is to be dropped, yet named as quasi-identifier or sensitive")
    kept = [n for n in table.columns if n not in drop]
    others = [n for n in kept if n not in job.names and n not in {s.name for s in job.sensitive}]
    naming = [n for n in others if not table[n].dtype.is_float() and table.height > 1 and table[n].is_unique().all()]
    if naming:
        warnings.warn(
            f"columns pass through that differ in every row, so they name people: {', '.join(map(repr, naming))}; "
            "leave them out with drop=",
            LikewiseWarning,
            stacklevel=3,
        )
    return kept


def _check_reachable(job: _Job) -> None:
    """The whole table as one class is the most that recoding can do; if that fails, say what can be reached."""
    if job.most_suppressed:
        return  # without the rows that spoil it the rest may pass
    n = job.table.height
    one = np.zeros(n, np.int64)
    for column in job.sensitive if job.model.needs_sensitive else ():
        if class_passes(np.array([n]), one, job.model, [column])[0]:
            continue
        raise PrivacyError(
            f"no recoding can keep {job.model.words()}: even the whole table as one class does not. Column "
            f"{column.name!r} reaches {_reached(column.q, job.model)}; relax the model to that, or let rows be "
            "suppressed: method='lattice' with max_suppression"
        )


def _reached(q: Floats, model: Model) -> str:
    """The most that a class with these shares of a sensitive column's levels keeps."""
    falling = np.sort(q)[::-1]
    entropy = np.exp(-(q * np.log(np.where(q > 0, q, 1))).sum())
    # Rounded to the safe side, so that what is told can be asked for.
    parts = [f"distinct l={int((q > 0).sum())}", f"entropy l={np.floor(entropy * 1000) / 1000:g}"]
    if model.c is not None and model.l is not None:
        tail = falling[int(model.l) - 1 :].sum()
        parts.append(f"recursive l={model.l:g} with c={np.floor(falling[0] / tail * 1000 + 1) / 1000:g}")
    return ", ".join([*parts, f"alpha={np.ceil(falling[0] * 1000) / 1000:g}"])


# ---- the two searches --------------------------------------------------------------------------------------------


def _mondrian(job: _Job, relaxed: bool, numbers: str) -> _Outcome:
    columns = [encode(v, job.hierarchies.get(v.name)) for v in job.values]

    def accept(sizes: Ints, groups: Ints, rows: Ints) -> Bools:
        return class_passes(sizes, groups, job.model, job.sensitive, rows)

    classes, n_classes, splits = mondrian(columns, job.model.k, accept, relaxed=relaxed)
    order = np.argsort(classes, kind="stable")
    ordered = classes[order]
    starts = np.searchsorted(ordered, np.arange(n_classes))
    told = tuple(class_column(column, order, starts, ordered, numbers) for column in columns)
    sizes = np.bincount(classes)
    recoding = Partition(job.readers, tuple(_without_rows(c) for c in told), splits, not relaxed, job.as_it_came)
    ncp = {c.column.name: float((c.loss * sizes).sum() / len(classes)) for c in told}
    return _Outcome(recoding, recoding.cells(classes, job.table), np.ones(len(classes), bool), ncp, None)


def _without_rows(told: Any) -> Any:
    """The same without the rows' own codes: a recoding is kept long after the table."""
    return replace(told, column=replace(told.column, codes=np.zeros(0, np.int32)))


def _lattice(job: _Job, max_seconds: float) -> _Outcome:
    if not is_number(max_seconds) or not max_seconds > 0:
        raise OptionError(f"max_seconds must be above 0, got {max_seconds!r}")
    columns, public = _laddered(job)
    try:
        found = search(
            columns, job.sensitive, job.model, most_suppressed=job.most_suppressed, max_seconds=max_seconds,
            public=public,
        )  # fmt: skip
    except NothingValid as nothing:
        raise PrivacyError(_nothing_valid(job, nothing)) from None
    ladders = [c.ladder for c in columns if c.ladder is not None]
    hierarchies = tuple(ladder.hierarchy for ladder in ladders)
    recoding = FullDomain(job.readers, hierarchies, found.levels, job.as_it_came)
    cells, _ = recoding.recode(job.table)
    # A row at a time would be simpler, but the loss is the same for all rows of a level.
    ncp = {}
    for column, level in zip(columns, found.levels, strict=True):
        loss = _losses(column, level)[column.codes]
        ncp[column.name] = float(np.where(found.keep, loss, 1.0).mean())
    released = cells.filter(pl.Series(found.keep)).unique()
    return _Outcome(replace(recoding, released=released), cells, found.keep, ncp, found)


def _losses(column: Quasi, level: int) -> Floats:
    return cell_losses(column)[level]


def _laddered(job: _Job) -> tuple[list[Quasi], list[Ints] | None]:
    """Columns with hierarchies, built where none is given; and the population on the same codes."""
    if job.population is None:
        return [encode(v, job.hierarchies.get(v.name) or auto(v)) for v in job.values], None
    columns, public = [], []
    n = job.table.height
    for r, own in zip(job.readers, job.values, strict=True):
        both = pl.concat([own, r.read(job.population[r.name])])
        column = encode(both, job.hierarchies.get(r.name) or auto(both))
        public.append(column.codes[n:].astype(np.int64))
        columns.append(replace(column, codes=column.codes[:n]))
    return columns, public


def _nothing_valid(job: _Job, nothing: NothingValid) -> str:
    n, fewest = job.table.height, nothing.fewest_suppressed
    searched = "" if nothing.searched_all else " found in the time given"
    share = min(np.ceil(fewest / n * 1e4) / 1e4, 0.9999)
    advice = "give coarser hierarchies, relax the model"
    if fewest < n and (job.model.delta is None or job.model.delta[0] == 0):
        advice += f", or allow max_suppression={share:g}"
    return (
        f"no recoding{searched} keeps {job.model.words()}: the nearest would suppress {fewest} of {n} rows, "
        f"{job.most_suppressed} are allowed; {advice}"
    )


def replace_released(recoding: Recoding) -> Recoding:
    """The same recoding for rows of any class."""
    return replace(recoding, released=None) if isinstance(recoding, FullDomain) else recoding


# ---- after -------------------------------------------------------------------------------------------------------


def _released(job: _Job, outcome: _Outcome, columns: list[str], *, hide: bool) -> tuple[pl.DataFrame, pl.Series | None]:
    """The table as it goes out, columns in their order; with `hide`, which rows are starred."""
    full = job.table.with_columns(outcome.cells.get_columns()).select(columns)
    keep = pl.Series(outcome.keep)
    if outcome.keep.all():
        return full, None
    if not hide:
        return full.filter(keep), None
    # What is sensitive goes too: a starred row stands out, and whoever knows the classes may know whose it is.
    hidden = [*job.names, *(s.name for s in job.sensitive)]
    stars = [
        pl.when(keep).then(pl.col(n)).otherwise(pl.lit(TOP) if full.schema[n] == pl.String else None).alias(n)
        for n in hidden
    ]
    return full.with_columns(stars), ~keep


def _report(job: _Job, outcome: _Outcome, method: str, measures: Anonymity, seconds: float) -> AnonymityReport:
    found, n = outcome.found, job.table.height
    n_suppressed = int((~outcome.keep).sum())
    ids = measures.n_rows
    shown = outcome.cells.filter(pl.Series(outcome.keep))
    squares = shown.group_by(job.names).len()["len"].cast(pl.Int64).pow(2).sum()
    return AnonymityReport(
        method=method,
        promise=job.model.words(),
        n_rows=n,
        n_suppressed=n_suppressed,
        levels=None if found is None else dict(zip(job.names, found.levels, strict=True)),
        ncp=outcome.ncp,
        gcp=float(np.mean(list(outcome.ncp.values()))),
        discernibility=int(squares) + n_suppressed * n,
        average_class_size=ids / measures.n_classes / job.model.k,
        optimal=found is not None and found.optimal,
        bound=None if found is None else found.bound,
        n_nodes=None if found is None else found.n_nodes,
        n_checked=None if found is None else found.n_checked,
        seconds=seconds,
        measures=measures,
        notes=tuple(_notes(job, outcome)),
    )


def _notes(job: _Job, outcome: _Outcome) -> list[str]:
    notes = []
    for name, values in (*zip(job.names, job.values, strict=True), *((i.name, i.values) for i in job.inputs)):
        if values.null_count():
            notes.append(f"column {name!r}: {values.null_count()} missing cells are a level of their own")
    if outcome.found is not None:
        built = [n for n in job.names if n not in job.hierarchies]
        if built:
            notes.append("hierarchies were built from the data for: " + ", ".join(map(repr, built)))
        if not outcome.found.optimal:
            notes.append("the search ended before its best recoding was proven best; give it more max_seconds")
    return notes
