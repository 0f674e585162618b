"""Frames of other libraries at the door: in as Polars, out as the kind they came in.

Narwhals tells what a frame is and converts what it can; what pandas alone knows (dtypes, object columns, column names
that are no strings) is kept here.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from likewise.errors import InputError, LikewiseWarning
from likewise.schema.dtypes import dtype_name

GiveBack = Callable[[pl.DataFrame], Any]


def from_frame(frame: Any) -> tuple[pl.DataFrame, GiveBack]:
    """A Polars frame, and a function that turns a Polars frame of the same columns (or some of them) back.

    Takes Polars (also lazy), pandas, pyarrow tables and whatever else narwhals knows, and 2-D NumPy arrays (columns
    x0, x1, ...). A pandas index is not part of the table; column names that are no strings become their texts on the
    way in and are themselves again on the way out.

    Raises:
        InputError: not a frame, no rows or columns, two columns of one name, nested or binary columns.

    Example:
        >>> import numpy as np
        >>> table, give_back = from_frame(np.array([[1, 2], [3, 4]]))
        >>> table.columns, give_back(table).shape
        (['x0', 'x1'], (2, 2))
    """
    if isinstance(frame, pl.LazyFrame):
        table, back = _from_polars(frame.collect())
        return table, lambda out: back(out).lazy()
    if isinstance(frame, pl.DataFrame):
        return _from_polars(frame)
    if isinstance(frame, np.ndarray):
        return _from_numpy(frame)
    try:
        wrapped = nw.from_native(frame)
    except TypeError:
        raise InputError(
            f"a table must be a Polars, pandas or Arrow frame or a 2-D NumPy array, got {type(frame).__name__}"
        ) from None
    except nw.exceptions.DuplicateError:
        names = getattr(frame, "column_names", None) or list(frame.columns)
        _refuse_doubles(names)
        raise InputError("column names must differ") from None
    if isinstance(wrapped, nw.LazyFrame):
        wrapped = wrapped.collect("pyarrow")
    if wrapped.implementation.is_pandas():
        return _from_pandas(frame)
    table = wrapped.to_polars()
    implementation = wrapped.implementation

    def give_back(out: pl.DataFrame) -> Any:
        if implementation.is_pyarrow():
            return out.to_arrow(compat_level=pl.CompatLevel.oldest())
        return nw.from_arrow(out.to_arrow(), backend=implementation).to_native()

    return _checked(table), give_back


def _from_polars(frame: pl.DataFrame) -> tuple[pl.DataFrame, GiveBack]:
    """Polars as it is, but for a column without a name, which Polars itself does not carry through reliably."""
    if "" not in frame.columns:
        return _checked(frame), lambda out: out
    stand_in = f"column_{frame.columns.index('') + 1}"
    _refuse_doubles([name or stand_in for name in frame.columns])
    return _checked(frame.rename({"": stand_in})), lambda out: out.rename({stand_in: ""}, strict=False)


def _checked(table: pl.DataFrame) -> pl.DataFrame:
    if table.width == 0 or table.height == 0:
        raise InputError(f"a table needs rows and columns, got {table.height} rows and {table.width} columns")
    nested = [name for name, dtype in table.schema.items() if not dtype_name(dtype)]
    if nested:
        named = ", ".join(f"{name!r} ({table.schema[name]})" for name in nested[:10])
        raise InputError(f"a table's cells must be single values; unnest or drop these columns: {named}")
    return table


def _refuse_doubles(names: Sequence[Hashable]) -> None:
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        named = ", ".join(repr(name) for name in twice[:10])
        raise InputError(f"column names must differ, these come more than once: {named}")


def _from_numpy(array: np.ndarray[Any, Any]) -> tuple[pl.DataFrame, GiveBack]:
    if array.ndim != 2 or array.dtype.kind not in "biufUO":
        hint = "; reshape(-1, 1) makes it one column" if array.ndim == 1 and array.dtype.kind in "biufUO" else ""
        raise InputError(f"an array must be 2-D and of numbers or texts, got {array.ndim}-D of {array.dtype}{hint}")
    dtype = array.dtype
    if isinstance(array, np.matrix):
        array = np.asarray(array)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):  # halves and long doubles, which Polars does not hold
        array = array.astype(np.float64)
    names = [f"x{i}" for i in range(array.shape[1])]
    if array.dtype.kind in "UO":
        table = pl.DataFrame({n: _object_series(n, array[:, i].tolist()) for i, n in enumerate(names)})
    else:
        table = pl.from_numpy(array, schema=names)
    table = table.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))

    def give_back(out: pl.DataFrame) -> np.ndarray[Any, Any]:
        back = out.to_numpy()
        # Texts may be longer than the array's own width, and holes need floats: those keep the type they need.
        keep = dtype.kind in "U" or (dtype.kind in "biu" and out.null_count().sum_horizontal()[0] > 0)
        return back if keep else back.astype(dtype)

    return _checked(table), give_back


# ---- pandas ------------------------------------------------------------------------------------------------------


def _from_pandas(frame: Any) -> tuple[pl.DataFrame, GiveBack]:
    if frame.columns.nlevels > 1:
        raise InputError("a table's columns must have one level of names; flatten the MultiIndex first")
    labels = list(frame.columns)
    names = [str(label) or f"column_{i + 1}" for i, label in enumerate(labels)]
    _refuse_doubles(names)
    table = pl.DataFrame([_pandas_series(name, frame.iloc[:, i]) for i, name in enumerate(names)])
    label_of = dict(zip(names, labels, strict=True))
    dtypes = dict(zip(names, frame.dtypes, strict=True))

    def give_back(out: pl.DataFrame) -> Any:
        back = _to_pandas(out, dtypes)
        back.columns = [label_of.get(name, name) for name in out.columns]
        return back

    return _checked(table), give_back


def _pandas_series(name: str, series: Any) -> pl.Series:
    """One pandas column in Polars; NaN is null."""
    import pandas as pd

    if series.dtype == object:
        if pd.api.types.infer_dtype(series, skipna=True) == "string":
            return pl.Series(name, pl.from_pandas(series), pl.String)
        return _object_series(name, series.where(series.notna(), None).tolist())
    if isinstance(series.dtype, pd.CategoricalDtype):
        listed = [str(category) for category in series.cat.categories]  # Polars knows categories of text only
        codes = pl.Series(series.cat.codes.to_numpy(), dtype=pl.Int64)
        texts = pl.Series(name, listed, pl.String).gather(codes.set(codes < 0, None))
        in_order = series.dtype.ordered and len(set(listed)) == len(listed)
        return texts.cast(pl.Enum(listed) if in_order else pl.Categorical)
    if isinstance(series.dtype, pd.PeriodDtype | pd.IntervalDtype) or series.dtype.kind == "c":
        return pl.Series(name, [None if missing else str(v) for v, missing in zip(series, series.isna(), strict=True)])
    if hasattr(series.dtype, "subtype"):  # sparse
        series = series.sparse.to_dense()
    return pl.Series(name, pl.from_pandas(series, nan_to_null=True))


def _object_series(name: str, values: list[Any]) -> pl.Series:
    """A column of Python objects: as their own type if it is one, else as texts, which the user is told."""
    types = {type(v) for v in values if v is not None}
    if types & {list, dict, tuple, set, frozenset, bytes, bytearray, np.ndarray}:
        raise InputError(f"column {name!r}: a table's cells must be single values; it holds lists, mappings or bytes")
    if types <= {str}:
        return pl.Series(name, values, pl.String)
    if types <= {int, float} or len(types) <= 1:
        try:
            series = pl.Series(name, values, strict=types != {int, float})
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            pass
        else:
            if dtype_name(series.dtype):
                return series.fill_nan(None) if series.dtype.is_float() else series
    if len(types) > 1:
        named = ", ".join(sorted(t.__name__ for t in types))
        warnings.warn(f"column {name!r} mixes types ({named}): it was read as text", LikewiseWarning, stacklevel=2)
    return pl.Series(name, [None if v is None else str(v) for v in values], pl.String)


def _to_pandas(out: pl.DataFrame, dtypes: dict[str, Any]) -> Any:
    """pandas with the dtypes the columns came in, where the values allow it."""
    import pandas as pd

    columns = {name: _restored(out[name], dtypes.get(name)) for name in out.columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(out.height))


def _restored(series: pl.Series, dtype: Any) -> Any:
    import pandas as pd

    if dtype is None and series.dtype != pl.String and not isinstance(series.dtype, pl.Categorical | pl.Enum):
        # A column the frame did not have: in the type its values have by nature.
        dtype = series.head(0).to_pandas().dtype
    if dtype is None or dtype == np.dtype(object):
        plain = series.cast(pl.String) if isinstance(series.dtype, pl.Categorical | pl.Enum) else series
        return pd.Series(plain.to_list(), dtype=object)
    if isinstance(dtype, pd.CategoricalDtype):
        return _category(series, dtype)
    if isinstance(dtype, np.dtype) and dtype.kind in "biu" and series.has_nulls():
        # NumPy's integers and booleans have no missing value; pandas' own types do.
        return pd.Series(series.to_list(), dtype="boolean" if dtype.kind == "b" else "Int64")
    try:
        if isinstance(dtype, np.dtype):
            return series.to_pandas().astype(dtype)
        if getattr(dtype, "kind", "") in "iufb" and not isinstance(dtype, np.dtype):
            return pd.Series(pd.array(series.to_list(), dtype=dtype))
        return series.to_pandas().astype(dtype)
    except (TypeError, ValueError, OverflowError):
        return series.to_pandas()


def _category(series: pl.Series, dtype: Any) -> Any:
    """A category column; its list of categories keeps the old order, but no more than still occurs or the Polars type
    lists: what only one person's row holds is in neither."""
    import pandas as pd

    text = series.cast(pl.String)
    by_text = {str(c): c for c in dtype.categories}
    seen = set(text.drop_nulls().unique().to_list())
    listed = seen | set(series.dtype.categories if dtype.ordered and isinstance(series.dtype, pl.Enum) else ())
    kept = [c for c in dtype.categories if str(c) in listed]
    new = [t for t in sorted(seen) if t not in by_text]
    values = [None if t is None else by_text.get(t, t) for t in text.to_list()]
    return pd.Series(pd.Categorical(values, categories=kept + new, ordered=dtype.ordered))
