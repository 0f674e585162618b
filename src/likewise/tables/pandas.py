"""pandas frames: what pandas alone knows (dtypes, object columns, an index, names that are no texts), in and out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise.errors import InputError, LikewiseWarning
from likewise.schema.dtypes import dtype_name
from likewise.tables.arrow import array_of, series_of

if TYPE_CHECKING:
    import pandas as pd

Restore = Callable[[pl.Series], Any]


def from_pandas(frame: pd.DataFrame, names: list[str]) -> tuple[pl.DataFrame, Callable[[pl.DataFrame], Any]]:
    """The Polars frame of a pandas frame, and the way back.

    Args:
        names: what its columns are called in Polars.
    """
    import pandas as pd

    labels, levels = list(frame.columns), frame.columns.name
    columns = [frame.iloc[:, i] for i in range(len(names))]
    table = pl.DataFrame([pandas_series(name, column) for name, column in zip(names, columns, strict=True)])
    label_of = dict(zip(names, labels, strict=True))
    restores = {name: _restorer(column) for name, column in zip(names, columns, strict=True)}

    def give_back(out: pl.DataFrame) -> pd.DataFrame:
        made = {name: restores.get(name, _by_nature)(out[name]) for name in out.columns}
        back = pd.DataFrame(made, index=pd.RangeIndex(out.height))
        back.columns = pd.Index([label_of.get(name, name) for name in out.columns], name=levels, tupleize_cols=False)
        return back

    return table, give_back


def word_on_index(frame: Any) -> str | None:
    """What somebody should hear whose pandas frame has an index that says something; None for all others."""
    index = getattr(frame, "index", None)
    kind = type(index).__name__
    if kind in ("DatetimeIndex", "PeriodIndex", "TimedeltaIndex"):
        return "the index of the frame holds times, and an index is not learnt: reset_index() makes it a column"
    named = [name for name in getattr(index, "names", ()) or () if name is not None]
    if not named or not hasattr(frame, "iloc"):
        return None
    return f"the index of the frame ({', '.join(map(repr, named))}) is not learnt: reset_index() makes it a column"


# ---- in ----------------------------------------------------------------------------------------------------------


def pandas_series(name: str, series: Any) -> pl.Series:
    """One pandas column in Polars; NaN is null.

    Raises:
        InputError: cells that are no single values.
    """
    import pandas as pd

    dtype = series.dtype
    if dtype.kind == "O" and isinstance(dtype, np.dtype):
        if pd.api.types.infer_dtype(series, skipna=True) == "string":
            return pl.Series(name, series.where(series.notna(), None).tolist(), pl.String)
        return object_series(name, series.where(series.notna(), None).tolist())
    if isinstance(dtype, pd.CategoricalDtype):
        listed = [str(category) for category in series.cat.categories]  # Polars knows categories of text only
        codes = pl.Series(series.cat.codes.to_numpy(), dtype=pl.Int64)
        texts = pl.Series(name, listed, pl.String).gather(codes.set(codes < 0, None))
        return texts.cast(pl.Enum(listed) if listed and len(set(listed)) == len(listed) else pl.Categorical)
    if isinstance(dtype, pd.IntervalDtype):
        return _intervals(name, series)
    if isinstance(dtype, pd.PeriodDtype):
        return _texts(name, series)
    if dtype.kind == "c":
        raise InputError(f"column {name!r}: complex numbers are two numbers; give their parts as columns of their own")
    if isinstance(dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    if isinstance(dtype, pd.ArrowDtype):
        return series_of(name, series.array.__arrow_array__())
    if _offset(dtype) is not None:
        series = series.dt.tz_localize(None)  # the clock on the wall; there is no zone of that name
    try:
        return pl.Series(name, pl.from_pandas(series, nan_to_null=True))
    except (pl.exceptions.PolarsError, TypeError, ValueError, NotImplementedError) as error:
        raise InputError(f"column {name!r}: values of pandas type {dtype} cannot be read; turn it into text") from error
    except pl.exceptions.PanicException as error:  # no Exception: it would pass every net
        raise InputError(f"column {name!r}: values of pandas type {dtype} cannot be read; turn it into text") from error


def _texts(name: str, series: Any) -> pl.Series:
    return pl.Series(name, [None if gone else str(v) for v, gone in zip(series, series.isna(), strict=True)], pl.String)


def _intervals(name: str, series: Any) -> pl.Series:
    """Intervals as levels. There is no way to draw new ones, so they must repeat."""
    texts = _texts(name, series)
    n_known = len(texts) - texts.null_count()
    if n_known > 10 and texts.n_unique() > 0.5 * n_known:
        raise InputError(
            f"column {name!r}: intervals that hardly repeat cannot be drawn; give their ends as two columns, "
            "s.array.left and s.array.right"
        )
    return texts.cast(pl.Categorical)


def _offset(dtype: Any) -> Any:
    """The fixed offset of a zoned dtype; None for named zones and UTC."""
    import datetime as dt

    zone = getattr(dtype, "tz", None)
    is_fixed = type(zone) is dt.timezone or (type(zone).__module__.startswith("pytz") and hasattr(zone, "_minutes"))
    return zone if is_fixed and str(zone) not in ("UTC", "UTC+00:00") else None


def object_series(name: str, values: list[Any]) -> pl.Series:
    """A column of Python objects: as their own type if it is one, else as texts, which the user is told."""
    types = {type(v) for v in values if v is not None}
    nested = [t for t in types if issubclass(t, list | dict | tuple | set | frozenset | bytes | bytearray | np.ndarray)]
    if nested or complex in types:
        raise InputError(
            f"column {name!r}: a table's cells must be single values; it holds lists, mappings, bytes or complex "
            "numbers"
        )
    if types <= {str}:
        return pl.Series(name, values, pl.String)
    if len(types) == 1 and issubclass(next(iter(types)), Enum):
        return pl.Series(name, [None if v is None else str(v) for v in values], pl.String)
    if types <= {int, float} or len(types) <= 1:
        made = _of_one_type(name, values, strict=types != {int, float})
        if made is not None:
            return made
    if len(types) > 1:
        named = ", ".join(sorted(t.__name__ for t in types))
        alike = written_alike(v for v in values if v is not None)
        merged = "; values of two types that are written alike, as 1 and '1', are one, and all come back as text"
        warnings.warn(
            f"column {name!r} mixes types ({named}): it was read as text{merged * alike}", LikewiseWarning, stacklevel=2
        )
    return pl.Series(name, [None if v is None else str(v) for v in values], pl.String)


def _of_one_type(name: str, values: list[Any], *, strict: bool) -> pl.Series | None:
    if any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in values):
        for wide in (pl.UInt64, pl.Int128, pl.UInt128):
            try:
                return pl.Series(name, values, wide, strict=True)
            except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
                continue
    try:
        series = pl.Series(name, values, strict=strict)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return None
    except pl.exceptions.PanicException:  # no Exception: it would pass every net
        return None
    if not dtype_name(series.dtype):
        return None
    return series.fill_nan(None) if series.dtype.is_float() else series


# ---- out ---------------------------------------------------------------------------------------------------------


def _restorer(column: Any) -> Restore:
    """How a column like this one is written back: in its dtype, where the values allow it."""
    import pandas as pd

    dtype = column.dtype
    if dtype.kind == "O" and isinstance(dtype, np.dtype):
        read, hole = _maker(column), _hole(column)
        return lambda series: pd.Series([hole if v is None else read(v) for v in _plain(series)], dtype=object)
    if isinstance(dtype, pd.CategoricalDtype):
        return lambda series: _category(series, dtype)
    if isinstance(dtype, pd.IntervalDtype):
        by_text = {str(v): v for v in column.dropna().unique()}
        return lambda series: pd.Series([by_text.get(v) for v in _plain(series)], dtype=dtype)
    if isinstance(dtype, pd.ArrowDtype):
        return lambda series: _of_arrow(series, dtype)
    if _offset(dtype) is not None:
        return lambda series: series.to_pandas().astype(f"datetime64[{dtype.unit}]").dt.tz_localize(dtype.tz)
    return lambda series: _in_dtype(series, dtype)


def _plain(series: pl.Series) -> list[Any]:
    return (series.cast(pl.String) if isinstance(series.dtype, pl.Categorical | pl.Enum) else series).to_list()


def _hole(column: Any) -> Any:
    """What stands for a missing value in a column of objects: the marker that most of its holes have."""
    holes = Counter(type(v).__name__ for v in column[column.isna()])
    if not holes:
        return None
    wanted = holes.most_common(1)[0][0]
    return next(v for v in column[column.isna()] if type(v).__name__ == wanted)


def _maker(column: Any) -> Callable[[Any], Any]:
    """From what Polars holds of a cell to what the column held: members of an enum, UUIDs, what else its text makes."""
    known = column.dropna()
    types = {type(v) for v in known}
    if len(types) > 1:
        return _of_several_types(known, types)
    if not types:
        return lambda value: value
    (kind,) = types
    if issubclass(kind, Enum):
        members = {str(member): member for member in kind}
        return lambda value: members.get(value, value)
    if kind in (str, bool, int, float) or kind.__module__ in ("datetime", "decimal", "numpy", "pandas"):
        return lambda value: value
    if not all(_made(kind, str(v)) == v for v in known.iloc[:100]):
        return lambda value: value
    return lambda value: _made(kind, value) if isinstance(value, str) else value


def _of_several_types(known: Any, types: set[type]) -> Callable[[Any], Any]:
    """From a text to what the column held that is written so; texts alone, where two things are written alike."""
    by_text = {str(value): value for value in known}
    if written_alike(known):
        return lambda value: value
    numbers = [kind for kind in types if issubclass(kind, int | float | np.number) and kind is not bool]

    def read(value: Any) -> Any:
        if not isinstance(value, str) or value in by_text:
            return by_text.get(value, value)
        made = (number for kind in numbers if isinstance(number := _made(kind, value), kind))
        return next((number for number in made if str(number) == value), value)

    return read


def written_alike(values: Iterable[Any]) -> bool:
    """Whether values of different types have one text, as 1 and "1" have."""
    texts: dict[str, type] = {}
    return any(texts.setdefault(str(value), type(value)) is not type(value) for value in values)


def _made(kind: type, text: str) -> Any:
    try:
        return kind(text)
    except Exception:  # a class of the caller's may raise anything
        return text


def _by_nature(series: pl.Series) -> Any:
    """A column the frame did not have: in the type its values have by nature."""
    import pandas as pd

    if series.dtype == pl.String or isinstance(series.dtype, pl.Categorical | pl.Enum):
        return pd.Series(_plain(series), dtype=object)
    return _in_dtype(series, series.head(0).to_pandas().dtype)


def _of_arrow(series: pl.Series, dtype: Any) -> Any:
    import pandas as pd

    array = array_of(series, dtype.pyarrow_dtype)
    return pd.Series(pd.arrays.ArrowExtensionArray(array))


def _in_dtype(series: pl.Series, dtype: Any) -> Any:
    import pandas as pd

    if isinstance(dtype, np.dtype) and dtype.kind in "biu" and series.has_nulls():
        # NumPy's integers and booleans have no missing value; pandas' own types do.
        name = "boolean" if dtype.kind == "b" else dtype.name.replace("uint", "UInt").replace("int", "Int")
        return pd.Series(series.to_list(), dtype=name if series.dtype.is_integer() or dtype.kind == "b" else None)
    try:
        if getattr(dtype, "kind", "") in "iufb" and not isinstance(dtype, np.dtype | pd.SparseDtype):
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
    listed = seen | set(series.dtype.categories if isinstance(series.dtype, pl.Enum) else ())
    kept = [c for c in dtype.categories if str(c) in listed]
    new = [t for t in sorted(seen) if t not in by_text]
    values = [None if t is None else by_text.get(t, t) for t in text.to_list()]
    categories = pd.Index([*kept, *new], dtype=None if new else dtype.categories.dtype)
    return pd.Series(pd.Categorical(values, categories=categories, ordered=dtype.ordered))
