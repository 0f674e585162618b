"""`Oversampler`: imbalanced-learn's contract over every generator of ours and over the SMOTE family."""

from __future__ import annotations

import numbers
import os
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from likewise.balance import doors, shards
from likewise.balance.generators import free_name
from likewise.balance.groups import OneHot
from likewise.balance.rare import regions
from likewise.balance.report import BalanceReport, ClassReport, Part
from likewise.balance.ruled import RowRules, refuse_target
from likewise.balance.run import CLASSIC, WAYS, Drawn, Plan, Run, Target, default_plans
from likewise.codecs.column import CodecOptions
from likewise.engines import Engine, working
from likewise.errors import FallbackWarning, OptionError
from likewise.estimator import OLD_NAME, renamed
from likewise.models import MODELS
from likewise.models.base import Generator
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.dtypes import dtype_name
from likewise.schema.infer import infer
from likewise.sources.distinct import ROWS
from likewise.sources.opening import Scan
from likewise.sources.source import Shard
from likewise.synthesizer import Synthesizer
from likewise.synthesizer.streaming import Job
from likewise.tables.joining import Parts

LOOKED_AT = 2**17
"""First rows of a table that is not held, by which its columns are told."""


class Oversampler(BaseOverSampler):  # type: ignore[misc]
    """Adds rows to rare classes, or to rare values of a number, by a generator or by the SMOTE family.

    An imbalanced-learn sampler: the rows given come first, untouched, and the new ones after them, class by class;
    `imblearn.pipeline.Pipeline` calls it while fitting only. Features may be arrays, sparse matrices, lists or frames
    of pandas, Polars or Arrow, with texts, dates and missing values. Before balancing at all, look at
    `likewise.balance.compare`: moving the threshold of the classifier often does as much.

    Args:
        model: "auto"; "random", "smote", "smotenc", "borderline" or "adasyn" (imbalanced-learn's); the name of a
            generator (`likewise.models.MODELS`), or one made by you.
        way: "conditional": one model of all rows that is told the class. "class-specific": a model of each class alone.
            "auto": conditional. For generators only.
        sampling_strategy: as in imbalanced-learn: a ratio, "auto", "minority", "not minority", "not majority", "all",
            class -> final count, or a function of the target that gives such a mapping. With `task="regression"`,
            "auto" brings every region below the mean size of a region up to it, a ratio is of the largest region, and
            classes are the numbers of the regions, from the lowest, 0.
        random_state: the same number gives the same rows.
        quality: share of the rows drawn that is left out, those that a classifier trained on the real rows least
            believes to be of their class. None: no filter.
        overlap: probability of being rare from which rows of other classes are learnt as a class of their own, so that
            the generator does not take them for an example against the rare class; .3 is usual. Conditional way only.
            None: no such class. The rows stay in the result whatever they were learnt as.
        task: "classification", or "regression" for a target of numbers.
        bins: with `task="regression"`, where regions of the target meet; None finds rare values by their relevance.
        schema: what the feature columns are; None infers it.
        rules: what must hold between them, as `Synthesizer` takes them: every new row keeps them.
        options: options of the generator that is named.
        method: the old name of `model`; it warns, and ends after two releases.

    Attributes:
        sampling_strategy_: class -> number of rows to add.
        report_: a `BalanceReport`: what each class got, by what, and why if not by what was asked for.
        n_given_: rows given; those from this place on in the result are new. There are no `sample_indices_`, for a
            drawn row comes from no single row.
        n_features_in_, feature_names_in_: as in scikit-learn.

    Warns:
        FallbackWarning: a class has too few rows to learn from, so a simpler method made its rows; `report_` says
            which.

    Privacy: none. The rows themselves are given back, and nothing protects single values in the new ones.

    Example:
        >>> import numpy as np
        >>> from likewise.balance import Oversampler
        >>> X, y = np.random.default_rng(0).normal(size=(60, 2)), np.repeat([0, 1], [48, 12])
        >>> X_more, y_more = Oversampler("smote", random_state=0).fit_resample(X, y)
        >>> X_more.shape, np.bincount(y_more).tolist(), bool((X_more[:60] == X).all())
        ((96, 2), [48, 48], True)
    """

    _parameter_constraints: dict[str, Any] = {  # noqa: RUF012
        "model": [StrOptions({"auto", *CLASSIC, *MODELS}), Generator],
        "way": [StrOptions({"auto", *WAYS})],
        "sampling_strategy": BaseOverSampler._parameter_constraints["sampling_strategy"],
        "random_state": ["random_state"],
        "quality": [Interval(numbers.Real, 0, 1, closed="neither"), None],
        "overlap": [Interval(numbers.Real, 0, 1, closed="neither"), None],
        "task": [StrOptions({"classification", "regression"})],
        "bins": ["array-like", None],
        "schema": [Schema, None],
        "rules": [list, tuple, None],
        "options": [dict, None],
        "method": [StrOptions({OLD_NAME, "auto", *CLASSIC, *MODELS})],
    }

    def __init__(
        self,
        model: str | Generator = "auto",
        *,
        way: str = "auto",
        sampling_strategy: Any = "auto",
        random_state: Any = None,
        quality: float | None = None,
        overlap: float | None = None,
        task: str = "classification",
        bins: Sequence[float] | None = None,
        schema: Schema | None = None,
        rules: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        method: str = OLD_NAME,
    ) -> None:
        self.model, self.way, self.method = model, way, method
        self.sampling_strategy, self.random_state = sampling_strategy, random_state
        self.quality, self.overlap = quality, overlap
        self.task, self.bins, self.schema, self.rules, self.options = task, bins, schema, rules, options

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Check what came and work out `sampling_strategy_`; `fit_resample` does this too."""
        self._read(X, y)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """The rows given, and new ones after them.

        Args:
            X: (n, D) features.
            y: (n,) classes, (n, 1) or one-hot (n, K); numbers with `task="regression"`.

        Returns:
            X and y of n + m rows, in the containers they came in.

        Raises:
            ValueError: one class only, a strategy below the present count, or data that cannot be used.
        """
        table, target, wanted = self._read(X, y)
        lacking = {k: n for k, n in wanted.items() if n > 0}
        run = self._run(table, target, getattr(y, "name", None)).with_overlap(lacking, self.overlap)
        drawn = run.draw(lacking)
        self.report_, self.n_given_ = run.report(wanted, drawn), len(table)
        return _appended(X, y, drawn, run)

    def write_resampled(
        self, scan: Scan, target: str, to: str | os.PathLike[str], *, mark: str | None = None,
        engine: str | Engine | None = None, workers: int | None = None, address: str | None = None,
    ) -> Path:  # fmt: skip
        """A table that is not held, and new rows of its rare classes behind it, written to a file.

        Classes are counted on all rows; a generator learns the table in parts, as `Synthesizer.fit` does, and new rows
        are drawn under the condition of each class. `fit_resample` learns rows in memory otherwise, and draws others.

        Args:
            scan: of the table, features and target.
            target: the column of classes.
            to: the file (Parquet, CSV, JSON lines).
            mark: a column to add that tells which rows are new.
            engine, workers, address: who does that, as `likewise.engines` takes them; the file is the same.

        Raises:
            OptionError: an option goes with rows in memory only, or the target has no classes.
            InputError: the target is missing in some rows, or a class has too few rows.
        """
        self._validate_params()
        model = self._in_parts(scan, mark)
        to = Path(to)
        scan.check_apart(to)
        parts = Parts.new(to, scan.dialect)
        seed = self.random_state
        if not isinstance(seed, numbers.Integral):
            seed = check_random_state(seed).randint(2**31 - 1)
        with scan.opened() as source, working(engine, workers, address) as work:
            counts = shards.classes_of(work, source, target)
            if mark in source.names:
                raise OptionError(f"there is a column {mark!r} already: call the mark otherwise")
            labels, strategy = counts[target].to_list(), self.sampling_strategy
            if isinstance(strategy, Mapping):
                if unknown := [label for label in strategy if label not in labels]:
                    raise OptionError(f"sampling_strategy names {len(unknown)} classes that column {target!r} lacks")
                strategy = {labels.index(label): n for label, n in strategy.items()}
            found = check_sampling_strategy(strategy, shards.repeated(counts), "over-sampling")
            wanted = {int(k): int(n) for k, n in found.items()}
            shards.check_learnable(counts, wanted)
            head = source.read(Shard(0, 0, min(LOOKED_AT, source.n_rows)))
            told = {column.name: column for column in self.schema or ()}
            told[target] = Column(name=target, kind=Kind.CATEGORICAL, dtype=str(dtype_name(head.schema[target])))
            schema = infer(head, overrides=told, entity=False)
            if keys := [column.name for column in schema if column.is_key]:
                raise OptionError(
                    f"column {keys[0]!r} is a key, and new ones that no row has are not made of a table in parts: "
                    "leave it out, or say what else it is (schema)"
                )
            options = dict(self.options or {}) if isinstance(model, str) else {}
            synth = Synthesizer(
                model, schema=schema, entity=False, random_state=int(seed), codec=CodecOptions(protect=False), **options
            ).fit(replace(scan, source=source), engine=work)
            asked = {labels[k]: n for k, n in wanted.items() if n}
            job = Job(synth, 0, int(seed), {}, None, parts, scan.dialect)
            shards.write(work, shards.Adding(source, job, target, asked, mark))
        name = model if isinstance(model, str) else model.name
        self.sampling_strategy_ = OrderedDict((labels[k], n) for k, n in wanted.items())
        self.n_given_ = source.n_rows
        made = {label: (Part(name, "conditional", n),) for label, n in asked.items()}
        self.report_ = BalanceReport(tuple(
            ClassReport(label, n, asked.get(label, 0), made.get(label, ()))
            for label, n in zip(labels, counts[ROWS].to_list(), strict=True)
        ))  # fmt: skip
        return to

    def _in_parts(self, scan: Any, mark: str | None) -> str | Generator:
        """What learns a table that is not held.

        Raises:
            OptionError: something is asked for that looks at rows in memory.
        """
        if not isinstance(scan, Scan):
            raise OptionError(f"a table to write is given as likewise.scan(...), got {type(scan).__name__}")
        model = renamed("method", self.method, "model", self.model, "auto")
        given = {
            "way": self.way == "class-specific", "quality": self.quality is not None,
            "overlap": self.overlap is not None, "task": self.task != "classification", "rules": bool(self.rules),
            "a function as sampling_strategy": callable(self.sampling_strategy), f"model {model!r}": model in CLASSIC,
        }  # fmt: skip
        if named := [name for name, said in given.items() if said]:
            raise OptionError(
                f"{named[0]} does not go with a table that is read in parts: it looks at rows in memory. Leave it out, "
                "or give fit_resample a frame"
            )
        return "autoregressive" if model == "auto" else model

    def _fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """imbalanced-learn's template asks for it; `fit_resample` here is whole and does not."""
        return self.fit_resample(X, y)

    def _read(self, X: Any, y: Any) -> tuple[pl.DataFrame, Target, dict[int, int]]:
        """The features as a table, the target as classes, and how many rows each is to get."""
        self._validate_params()
        self._model = renamed("method", self.method, "model", self.model, "auto")
        target = self._target(y)
        if doors.is_frame(X):
            table = doors.as_table(X)
            check_consistent_length(target.codes, table)
            self.n_features_in_ = table.width
            self.feature_names_in_ = np.array(table.columns, dtype=object)
        else:
            validate_data(
                self, X=doors.as_array(X), y=target.codes, reset=True, dtype=None, accept_sparse=["csr", "csc"],
                ensure_all_finite="allow-nan",
            )  # fmt: skip
            table = doors.as_table(X)
        wanted = self._wanted(target)
        self.sampling_strategy_ = OrderedDict((target.labels[k], n) for k, n in wanted.items())
        return table, target, wanted

    def _target(self, y: Any) -> Target:
        array = doors.target_array(y)
        if self.task == "regression":
            from sklearn.utils.validation import column_or_1d

            values = column_or_1d(array).astype(np.float64)
            if not np.isfinite(values).all():
                raise OptionError(f"the target must be finite numbers, {int((~np.isfinite(values)).sum())} are not")
            codes, ends = regions(values, self.bins)
            return Target(ends, codes, values)
        check_classification_targets(array)
        flat, _ = check_target_type(array, indicate_one_vs_all=True)
        labels, codes = np.unique(flat, return_inverse=True)
        return Target(tuple(labels), codes.astype(np.int64))

    def _wanted(self, target: Target) -> dict[int, int]:
        """Class -> rows to add."""
        if target.values is None:
            labels = np.array(target.labels)
            found = check_sampling_strategy(self.sampling_strategy, labels[target.codes], "over-sampling")
            return {int((labels == label).argmax()): int(n) for label, n in found.items()}
        counts = np.bincount(target.codes)
        if len(counts) < 2:
            warnings.warn("no value of the target is rare: nothing to add", FallbackWarning, stacklevel=4)
            return {}
        strategy = self.sampling_strategy
        if strategy == "auto" or isinstance(strategy, numbers.Real):
            goal = counts.mean() if strategy == "auto" else strategy * counts.max()
            return {k: max(0, int(goal) - int(n)) for k, n in enumerate(counts)}
        return {int(k): int(n) for k, n in check_sampling_strategy(strategy, target.codes, "over-sampling").items()}

    def _run(self, table: pl.DataFrame, target: Target, named: str | None) -> Run:
        seed = self.random_state
        if not isinstance(seed, numbers.Integral):
            seed = check_random_state(seed).randint(2**31 - 1)
        schema = (infer(table) if self.schema is None else self.schema).with_rules(self.rules)
        if named not in table.columns:
            refuse_target(schema.rules, named)
        one_hot, table, schema = OneHot.joined(table, schema)
        value = None
        if target.values is not None:
            value = free_name("target", table.columns)
            # First, for a generator draws best what it is told when that comes before all else.
            table = pl.DataFrame([pl.Series(value, target.values), *table.get_columns()])
            schema = Schema((Column(name=value, kind=Kind.REAL, dtype="Float64"), *schema), rules=schema.rules)
        plans, model = self._plans(len(table))
        return Run(
            table=table, schema=schema, target=target, plans=plans, model=model, options=self.options or {},
            seed=int(seed), value=value, quality=self.quality, one_hot=one_hot,
            kept=RowRules.of(table, schema),
        )  # fmt: skip

    def _plans(self, n_rows: int) -> tuple[tuple[Plan, ...], Generator | None]:
        """What is to make the rows, and the generator if one was given."""
        model = self._model
        if isinstance(model, str) and model in ("auto", *CLASSIC):
            if self.way != "auto" or self.options:
                raise OptionError(f"way and options are for one generator; {model!r} takes neither")
            return default_plans(n_rows) if model == "auto" else (Plan(model),), None
        way = "conditional" if self.way == "auto" else self.way
        return ((Plan(model, way),), None) if isinstance(model, str) else ((Plan(model.name, way),), model)


def _appended(X: Any, y: Any, drawn: Mapping[int, tuple[Drawn, ...]], run: Run) -> tuple[Any, Any]:
    """The rows given and those drawn, class by class, in the containers that came."""
    codes = run.target.codes
    own, first = np.arange(len(codes)), np.unique(codes, return_index=True)[1]
    parts = [(k, part) for k, its in drawn.items() for part in its]
    if run.value is None:
        labels = doors.take(y, np.concatenate([own, *(np.full(len(part.rows), first[k]) for k, part in parts)]))
    else:
        new_values = [part.rows[run.value].to_numpy() for _, part in parts]
        labels = doors.with_new_values(y, np.concatenate([np.zeros(0), *new_values]))
    copies = [part.copies for _, part in parts if part.copies is not None]
    if len(copies) == len(parts):
        return doors.take(X, np.concatenate([own, *copies])), labels
    new = run.with_new_keys(pl.concat([part.rows for _, part in parts], how="vertical_relaxed"))
    return doors.with_new_rows(X, run.one_hot.parted(new.drop(run.value) if run.value else new)), labels
