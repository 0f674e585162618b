"""The imputer: a scikit-learn transformer over the methods, for arrays and for frames of mixed columns.

Legend: n rows, C columns, h holes of one column, m draws.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator, TransformerMixin, _clone_parametrized
from sklearn.utils.validation import FLOAT_DTYPES, _check_feature_names_in, check_is_fitted, validate_data

from likewise.codecs.matrix import TableMatrix
from likewise.engines import Engine, working
from likewise.errors import InputError, LikewiseWarning, OptionError, nearest
from likewise.estimator import OLD_NAME, check_confidence, check_count, generator_of, renamed
from likewise.impute import shards
from likewise.impute.boosting import boost
from likewise.impute.chained import Equations
from likewise.impute.doors import Opened, OpenedArray, OpenedFrame, mark_of, open_frame
from likewise.impute.forest import grow
from likewise.impute.gain import Gain
from likewise.impute.generators import completing
from likewise.impute.laws import Holes, Method, interval, mean, middle
from likewise.impute.order import by_content, in_any_order
from likewise.impute.ruled import RuledHoles
from likewise.models import MODELS
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.finite import refuse_infinite
from likewise.schema.infer import infer
from likewise.schema.infer_column import SURE_TOKENS
from likewise.schema.parse import parse
from likewise.sources.opening import Scan
from likewise.synthesizer import Synthesizer
from likewise.typing import Floats

STATISTICS = ("median", "mean", "draw")
INTERVAL_DRAWS = 60
"""Draws behind an interval: ends at the 5th and 95th hundredth are the 3rd and 58th of them."""

_LEARNERS: dict[str, Callable[..., Any]] = {"forest": grow, "boosting": boost}
_CHAIN_OPTIONS = ("n_rounds", "max_rows")
METHODS = tuple(dict.fromkeys((*_LEARNERS, "gan", *MODELS)))


class Imputer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fills missing cells: once as well as can be guessed, or several times as they may have been.

    What to take depends on what for. `statistic="median"` (the default) puts the middle of what each hole may be, for
    levels the likeliest: nearest to the truth cell by cell, and so for prediction. But a column filled with middles is
    narrower than the truth, its correlations are stronger, and its standard errors are too small. For estimates take
    `imputations`, estimate on each table, and `pool` what comes out. `statistic="draw"` gives one such table.

    Args:
        model: "forest": chained equations over forests whose leaves hold donors (what measured best). "boosting": the
            same by gradient boosting with predictive mean matching. "autoregressive", "vae", "copula", "cart": a
            generator learns the table with its holes and completes the rows; "vae" with importance weights (MIWAE).
            "gan": GAIN, a baseline. Or a fitted `Synthesizer`.
        statistic: what `transform` puts into a hole: "median" or "mean" (for levels both the most frequent), or "draw".
        n_imputations: tables that `imputations` gives.
        missing_values: what stands for a missing cell beside null, None and NaN, such as -1 or "unknown".
        add_indicator: append a column for each that had holes in `fit`, telling where.
        keep_empty_features: keep columns that are wholly missing in `fit`; in an array they become 0 as scikit-learn
            has it, in a frame they stay missing. Otherwise they are left out.
        schema: what a frame's columns are; None infers it.
        rules: what must hold between columns, as `Synthesizer` takes them, beside those of the schema. What known cells
            determine is computed; rows whose fills break a rule are drawn again, so a row that does may come out
            otherwise in another batch. `intervals` look at each cell by itself.
        random_state: seed of learning and drawing; the same seed fills the same values.
        options: of the model: `n_trees`, `min_leaf`, `n_rounds`, `max_rows` for "forest"; for a generator its own, such
            as `epochs`.
        progress: called while `fit` learns, with how many columns, epochs or steps are done and how many there are.
        method: the old name of `model`; it warns, and ends after two releases.

    After `fit`: `schema_` (None for arrays), `n_holes_` (column -> holes that can be filled), `method_`,
    `n_features_in_`, `feature_names_in_`.

    What frames may hold: numbers, levels, truth values, dates and times; texts that come again are levels. Identifiers
    and texts that mostly differ are neither used nor filled: what would stand there is another row's. Cells that were
    known come back as they were, bit by bit, in the types they had.

    Privacy: none. An imputer keeps the rows it learnt from, and fills holes with values of real rows.

    Example:
        >>> import numpy as np, likewise as lw
        >>> x = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, np.nan], [3.0, 6.0], [np.nan, 8.0], [4.0, 8.0]] * 5)
        >>> lw.Imputer(random_state=0).fit_transform(x)[:6].tolist()
        [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [3.0, 6.0], [4.0, 8.0], [4.0, 8.0]]
    """

    def __init__(
        self,
        model: str | Synthesizer = "forest",
        *,
        statistic: str = "median",
        n_imputations: int = 5,
        missing_values: Any = np.nan,
        add_indicator: bool = False,
        keep_empty_features: bool = False,
        schema: Schema | None = None,
        rules: Sequence[str] | None = None,
        random_state: Any = None,
        options: Mapping[str, Any] | None = None,
        progress: Callable[[int, int], None] | None = None,
        method: str | Synthesizer = OLD_NAME,
    ) -> None:
        self.model = model
        self.method = method
        self.statistic = statistic
        self.n_imputations = n_imputations
        self.missing_values = missing_values
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.schema = schema
        self.rules = rules
        self.random_state = random_state
        self.options = options
        self.progress = progress

    # ---- learning ----------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from a table with holes.

        Args:
            X: pandas, Polars or Arrow frame, or an array of numbers; (n, C). Of a `likewise.scan`, a table that is not
                held, 131,072 rows are learnt, chosen by the hashes of their numbers; all where there are fewer.
            y: not used; scikit-learn's pipelines pass it.

        Raises:
            InputError: infinite values, or a frame that cannot be used.
            OptionError: an option that is outside what it may be.
        """
        self._model = renamed("method", self.method, "model", self.model, "forest")
        self._check_options()
        opened = self._open(shards.some_rows(X) if isinstance(X, Scan) else X, reset=True)
        rng = generator_of(self.random_state)
        missing = opened.missing
        counts = {name: int(missing[:, i].sum()) for i, name in enumerate(opened.names)}
        self._empty = [name for name, n in counts.items() if n == len(missing)]
        self._holed = [name for name, n in counts.items() if n]
        self._names = opened.names
        if self.add_indicator:
            _check_marks(self._names, self._holed)
        if isinstance(opened, OpenedFrame):
            used = [c for c in opened.schema if _is_fillable(c) and c.name not in self._empty]
            self._grid = TableMatrix.of_table(opened.table, Schema(tuple(used))) if used else TableMatrix(())
            self.schema_: Schema | None = opened.schema
        else:
            used = [_real(name) for name in opened.names if name not in self._empty]
            self._grid, self.schema_ = TableMatrix.of_numbers(used), None
        self._ruled = (
            RuledHoles.of(opened.table, opened.schema, self._grid) if isinstance(opened, OpenedFrame) else None
        )
        self.n_holes_ = {name: counts[name] for name in self._grid.names if counts[name]}
        self._warn_of_columns_left(opened)
        self.method_ = self._make_method(Schema(tuple(used)) if used else None, rng)
        if used:
            x = self._matrix(opened)
            self.method_.fit(x[rng.permutation(by_content(x))], self._grid, rng)
        self._seed = int(rng.integers(2**31))
        return self

    def _check_options(self) -> None:
        if self.statistic not in STATISTICS:
            raise OptionError(f"statistic must be one of {', '.join(STATISTICS)}, got {self.statistic!r}")
        if not isinstance(self._model, Synthesizer) and self._model not in METHODS:
            hint = nearest(str(self._model), METHODS)
            raise OptionError(f"there is no model {self._model!r}{hint}; there are: {', '.join(METHODS)}")
        if self.schema is not None and not isinstance(self.schema, Schema):
            raise OptionError(f"schema must be a likewise.Schema or None, got {type(self.schema).__name__}")
        check_count("n_imputations", self.n_imputations)

    def _make_method(self, schema: Schema | None, rng: np.random.Generator) -> Method:
        options, model = dict(self.options or {}), self._model
        if isinstance(model, str) and model in _LEARNERS:
            learner = _LEARNERS[model]
            chain = {name: options.pop(name) for name in _CHAIN_OPTIONS if name in options}
            given = ("x", "values", "is_code", "seed", "rough", "for_draws")
            own = _known(model, learner, options, but=given, more=_CHAIN_OPTIONS)
            first = "draw" if self.statistic == "draw" else "middle"
            return Equations(learner=partial(learner, **own), first=first, progress=self.progress, **chain)
        if model == "gan":
            return Gain(progress=self.progress, **_known("gan", Gain, options, but=("progress",)))
        return completing(model, schema or Schema(()), options, int(rng.integers(2**31)), self.progress)

    def _warn_of_columns_left(self, opened: Opened) -> None:
        """Tell of columns that come back with holes, or not at all."""
        in_frame = isinstance(opened, OpenedFrame)
        if self._empty and (in_frame or not self.keep_empty_features):
            what = (
                "they stay so" if self.keep_empty_features else "they are left out; keep_empty_features=True keeps them"
            )
            warnings.warn(
                f"columns without a single value: {_listed(self._empty)}; {what}", LikewiseWarning, stacklevel=3
            )
        if isinstance(opened, OpenedFrame) and self.schema is None:
            _warn_of_signs(opened, [c.name for c in self._grid.columns])
        unused = [n for n in self._holed if n not in self._empty and n not in self._grid.names]
        if unused:
            told = f"identifiers, texts that mostly differ and dropped columns are not filled: {_listed(unused)}"
            warnings.warn(told, LikewiseWarning, stacklevel=3)

    # ---- filling -----------------------------------------------------------------------------------------------------

    def transform(
        self, X: Any, *, to: str | os.PathLike[str] | None = None, engine: str | Engine | None = None,
        workers: int | None = None, address: str | None = None,
    ) -> Any:  # fmt: skip
        """The table with every hole filled once, as `statistic` says.

        Args:
            X: the columns that `fit` had, of these rows or of others; (n, C).
            to: of a `likewise.scan`, the file (Parquet, CSV, JSON lines) that its rows go to, block by block.
            engine, workers, address: who does that, as `likewise.engines` takes them; the rows are the same.

        Returns:
            The path `to`, or a table of the kind that came. A median or a mean is told by its row alone: it is the same
            in any batch. Draws are the same for the same rows, in any order: of several equal rows either may get
            either draw; in a table that is read in parts they hang on the row's number.

        Raises:
            InputError: a column is absent, or its values do not fit it.
            OptionError: a table that is read in parts has no `to`, or one that is held has.
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        if isinstance(X, Scan):
            if to is None:
                raise OptionError("a table that is read in parts goes to a file: name it with to=")
            with working(engine, workers, address) as work:
                return shards.filled(X, work, self._for_blocks()._filled, self._seed, Path(to))
        if any(given is not None for given in (to, engine, workers, address)):
            raise OptionError("to, engine, workers and address are of a likewise.scan, and this table is held already")
        return self._filled(X, np.random.default_rng(self._seed))

    def _for_blocks(self) -> Self:
        """The same for workers, whom nobody asks how far they are.

        Raises:
            InputError: it was fitted on an array.
        """
        if self.schema_ is None:
            raise InputError("this imputer was fitted on an array; give it arrays")
        light = copy(self)
        light.progress = None
        return light

    def _filled(self, X: Any, rng: np.random.Generator) -> Any:
        opened = self._open(X, reset=False)
        x = self._matrix(opened)
        if self.statistic == "draw":
            return self._closed(opened, self._draws(x, 1, rng), rng)
        said = middle if self.statistic == "median" else mean
        laws = self.method_.spread(x, rng) if np.isnan(x).any() else {}
        told = {j: said(v, bool(self._grid.is_code[j]))[:, None] for j, v in laws.items()}
        return self._closed(opened, told, rng)

    def imputations(self, X: Any, *, n_imputations: int | None = None, random_state: Any = None) -> list[Any]:
        """Several filled tables: multiple imputation (Rubin 1987), to estimate on each and `pool`.

        Args:
            X: as in `transform`.
            n_imputations: how many; None takes the imputer's own.
            random_state: None gives the same tables every time.

        Returns:
            Tables of the kind that came, equal where cells were known.
        """
        check_is_fitted(self)
        m = self.n_imputations if n_imputations is None else n_imputations
        check_count("n_imputations", m)
        opened = self._open(X, reset=False)
        rng = np.random.default_rng(self._seed) if random_state is None else generator_of(random_state)
        drawn = self._draws(self._matrix(opened), m, rng)
        return [self._closed(opened, {j: values[:, [k]] for j, values in drawn.items()}, rng) for k in range(m)]

    def intervals(
        self, X: Any, confidence: float = 0.9, *, n_draws: int = INTERVAL_DRAWS, coverage: float | None = None
    ) -> tuple[Any, Any]:
        """Between which values each hole lies with this probability, cell by cell.

        Args:
            X: as in `transform`.
            confidence: the probability, between 0 and 1.
            n_draws: draws behind each interval.
            coverage: the old name of `confidence`; it warns, and ends after two releases.

        Returns:
            Two tables, the lower and the upper ends; of a frame its columns of numbers and times only. Known cells are
            their own ends.
        """
        check_is_fitted(self)
        confidence = check_confidence("confidence", renamed("coverage", coverage, "confidence", confidence, 0.9))
        check_count("n_draws", n_draws)
        opened = self._open(X, reset=False)
        drawn = self._draws(self._matrix(opened), n_draws, np.random.default_rng(self._seed))
        numbers = {j: values for j, values in drawn.items() if not self._grid.is_code[j]}
        ends = {j: interval(values, confidence) for j, values in numbers.items()}
        whole = {j for j in numbers if self._grid.columns[j].column.kind is Kind.INTEGER}
        low = {j: (np.floor(a) if j in whole else a)[:, None] for j, (a, _) in ends.items()}
        high = {j: (np.ceil(b) if j in whole else b)[:, None] for j, (_, b) in ends.items()}
        kept = [c.name for c in self._grid.columns if not c.is_code]
        return opened.closed(self._grid, low, kept, []), opened.closed(self._grid, high, kept, [])

    def _draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        return in_any_order(lambda rows: self.method_.draws(rows, m, rng), x) if np.isnan(x).any() else {}

    # ---- the table at the door ---------------------------------------------------------------------------------------

    def _open(self, X: Any, *, reset: bool) -> Opened:
        if _is_frame(X):
            return self._open_frame(X, reset=reset)
        if not reset and self.schema_ is not None:
            raise InputError("this imputer was fitted on a frame; give it frames")
        if self.schema is not None:
            raise OptionError("a schema tells of a frame's columns; arrays have numbers only")
        if self.rules:
            raise OptionError("rules name a frame's columns; arrays have none")
        no_marker = _is_missing(self.missing_values)
        _refuse_texts(X)
        array = validate_data(
            self, X, reset=reset, dtype=FLOAT_DTYPES, ensure_all_finite="allow-nan" if no_marker else True, copy=True
        )
        if not no_marker:
            array[array == self.missing_values] = np.nan
        return OpenedArray(array, [f"x{i}" for i in range(array.shape[1])])

    def _open_frame(self, X: Any, *, reset: bool) -> OpenedFrame:
        raw, give_back = open_frame(X, None if _is_missing(self.missing_values) else self.missing_values)
        if not reset and self.schema_ is None:
            raise InputError("this imputer was fitted on an array; give it arrays")
        validate_data(self, X, reset=reset, skip_check_array=True)
        refuse_infinite(raw)
        if not reset:
            assert self.schema_ is not None
            return OpenedFrame(raw, parse(raw, self.schema_), self.schema_, give_back)
        typed = None if isinstance(X, pl.DataFrame) else True
        given = infer(raw, typed=typed) if self.schema is None else self.schema
        if isinstance(self._model, Synthesizer) and self._model.rules_ is not None:
            given = given.with_rules(self._model.rules_.texts)
        schema = given.with_rules(self.rules)
        schema = _without_numbered_ids(schema, raw) if self.schema is None else schema
        return OpenedFrame(raw, parse(raw, schema), schema, give_back)

    def _matrix(self, opened: Opened) -> Floats:
        """(n, columns of the grid) numbers and codes, holes that equations tell being none."""
        if isinstance(opened, OpenedFrame):
            return self._grid.encode(self._deduced(opened))
        assert isinstance(opened, OpenedArray)
        at = [opened.names.index(name) for name in self._grid.names]
        return opened.array[:, at].astype(np.float64)

    def _deduced(self, opened: OpenedFrame) -> pl.DataFrame:
        return opened.table if self._ruled is None else self._ruled.deduced(opened.table)

    def _closed(self, opened: Opened, values: Holes, rng: np.random.Generator) -> Any:
        if isinstance(opened, OpenedFrame) and self._ruled is not None:

            def draw(x: Floats, m: int) -> Holes:
                return self._draws(x, m, rng)

            values = self._ruled.filled(opened.table, self._deduced(opened), values, draw)
        return opened.closed(self._grid, values, self._kept, self._holed if self.add_indicator else [])

    @property
    def _kept(self) -> list[str]:
        return [name for name in self._names if self.keep_empty_features or name not in self._empty]

    # ---- scikit-learn ------------------------------------------------------------------------------------------------

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """The names of the columns that `transform` gives; `input_features` is there for scikit-learn alone."""
        check_is_fitted(self)
        names = list(_check_feature_names_in(self, input_features))
        at = {name: i for i, name in enumerate(self._names)}
        out = [names[at[name]] for name in self._kept]
        if self.add_indicator:
            out += [mark_of(names[at[name]]) for name in self._holed]
        return np.array(out, dtype=object)

    def __sklearn_clone__(self) -> Self:
        """A fitted synthesizer stays as it is: what it learnt is the parameter."""
        clone: Self = _clone_parametrized(self)
        for name in ("model", "method"):
            if isinstance(fitted := getattr(self, name), Synthesizer):
                setattr(clone, name, fitted)
        return clone

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = bool(_is_missing(self.missing_values))
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_seed")


def _is_fillable(column: Column) -> bool:
    """Whether values of other rows may stand in its holes: a note or a key of another person may not."""
    return column.is_modelled and column.kind is not Kind.TEXT


def _is_frame(X: Any) -> bool:
    """Whether this is a table with names, not an array or a list of rows."""
    return hasattr(X, "columns") or hasattr(X, "column_names") or hasattr(X, "collect_schema")


def _refuse_texts(X: Any) -> None:
    """Raise InputError for an array of texts, of which scikit-learn's own error would show one."""
    array = np.asarray(X) if isinstance(X, list | np.ndarray) else np.zeros(0)
    if array.dtype.kind in "US" or (array.dtype == object and any(isinstance(cell, str) for cell in array.flat)):
        raise InputError("an array to fill holds numbers only, and this one holds texts; give a frame")


def _warn_of_signs(opened: OpenedFrame, names: list[str]) -> None:
    """Tell of columns of texts that hold what stands for a missing cell in a file: in a frame it is a level."""
    signs: dict[str, int] = {}
    for name in names:
        if opened.raw[name].dtype in (pl.String, pl.Categorical, pl.Enum):
            texts = opened.table[name].cast(pl.String)
            found = texts.filter(texts.str.strip_chars().is_in(SURE_TOKENS))
            signs |= {} if found.is_empty() else {name: len(found)}
    if signs:
        warnings.warn(
            "texts like '?' and 'NA' are levels in a frame, though they mean a missing cell in a file: "
            f"{_listed(list(signs))}, {sum(signs.values()):,} cells in all, are not filled and may fill others; if "
            "they are holes, say missing_values='?' (what stands there), or make them null",
            LikewiseWarning,
            stacklevel=4,
        )


def _check_marks(names: list[str], holed: list[str]) -> None:
    """Raise InputError where a column is called what the mark of another would be."""
    taken = [mark_of(name) for name in holed if mark_of(name) in names]
    if taken:
        raise InputError(
            f"there are columns already that are called as the indicators would be: {_listed(taken)}; rename them, "
            "or leave add_indicator out"
        )


def _is_missing(value: Any) -> bool:
    """Whether this is one of the ways to say "missing" that need no marker."""
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and np.isnan(value))


def _real(name: str) -> Column:
    return Column(name=name, kind=Kind.REAL, dtype="Float64")


def _without_numbered_ids(schema: Schema, raw: Any) -> Schema:
    """Numbers that inference takes for keys, with holes among them, are numbers: a key has no holes."""
    for column in schema:
        if column.role is Role.ID and raw[column.name].dtype.is_numeric() and raw[column.name].has_nulls():
            whole = raw[column.name].dtype.is_integer()
            schema = schema.replace(column.name, kind=Kind.INTEGER if whole else Kind.REAL, role=Role.FEATURE)
    return schema


def _known(
    model: str, target: Callable[..., Any], options: dict[str, Any], but: Any = (), more: Any = ()
) -> dict[str, Any]:
    """The options, if the model has them all."""
    names = [*(name for name in inspect.signature(target).parameters if name not in but), *more]
    for name in options:
        if name not in names:
            raise OptionError(
                f"model {model!r} has no option {name!r}{nearest(name, names)}; it has {', '.join(names)}"
            )
    return options


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:10]))
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")
