"""Features and target at the door: any container in, the same container out, its own rows first and untouched.

Legend: n rows given, m new rows, D feature columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import InputError
from likewise.schema.finite import refuse_infinite
from likewise.tables.frames import from_frame
from likewise.typing import Floats, Ints


def is_frame(data: Any) -> bool:
    """Whether this is a table with named columns, of whatever library."""
    return isinstance(data, pl.LazyFrame) or hasattr(data, "columns")


def as_array(data: Any) -> Any:
    """A list as an array, one of objects where it holds texts, for NumPy would make texts of the numbers too."""
    if not isinstance(data, list | tuple):
        return data
    array = np.asarray(data)
    return np.asarray(data, dtype=object) if array.dtype.kind == "U" else array


def as_table(features: Any) -> pl.DataFrame:
    """(n, D) features as Polars; arrays have columns x0, x1, ...

    Raises:
        InputError: not a table, or infinite values in it.
    """
    from scipy.sparse import issparse

    dense = features.toarray() if issparse(features) else as_array(features)
    table, _ = from_frame(dense)
    refuse_infinite(table)
    return table


def target_array(target: Any) -> npt.NDArray[Any]:
    """The target as an array, (n,) or, where classes are one-hot, (n, K).

    Raises:
        InputError: there is none, or some of it is missing.
    """
    if target is None:
        raise InputError("Oversampler requires y to be passed, but the target y is None")
    if isinstance(target, pl.Series | pl.DataFrame):
        n_missing, array = int(np.sum(target.null_count())), target.to_numpy()
    elif hasattr(target, "isna"):
        n_missing, array = int(np.sum(target.isna().to_numpy())), np.asarray(target)
    else:
        array = as_array(target.to_pylist() if hasattr(target, "to_pylist") else target)
        array = np.asarray(array)
        # None, and NaN, which is unlike itself.
        is_missing = array != array if array.dtype.kind in "Of" else np.zeros(0, bool)
        n_missing = int(np.sum(is_missing | (array == np.array(None)) if array.dtype == object else is_missing))
    if n_missing:
        raise InputError(f"the target is missing in {n_missing} of {len(array)} rows; drop those rows or fill them in")
    return array


def take(data: Any, rows: Ints) -> Any:
    """These rows of any container, in this order, types and names kept; a pandas index starts anew."""
    if hasattr(data, "iloc"):
        return data.iloc[rows].reset_index(drop=True)
    if isinstance(data, list | tuple):
        return type(data)(data[i] for i in rows.tolist())
    if isinstance(data, pl.LazyFrame):
        return data.collect()[rows].lazy()
    return data.take(rows) if hasattr(data, "to_pylist") else data[rows]


def with_new_rows(features: Any, new: pl.DataFrame) -> Any:
    """The features as they came, and the new rows after them.

    Args:
        features: (n, D) as given.
        new: (m, D) the columns of `as_table(features)`.
    """
    from scipy.sparse import issparse

    if len(new) == 0:
        return take(features, np.arange(_n_rows(features)))
    if issparse(features):
        return _sparse_with(features, new)
    if isinstance(features, list | tuple):
        return type(features)([*features, *_array_of(new, as_array(features).dtype).tolist()])
    if isinstance(features, np.ndarray):
        return np.concatenate([features, _array_of(new, features.dtype)])
    if isinstance(features, pl.LazyFrame):
        return with_new_rows(features.collect(), new).lazy()
    if isinstance(features, pl.DataFrame):
        return pl.concat([features, _named(new, features.columns).cast(features.schema)])
    _, give_back = from_frame(features)
    return _foreign_with(features, give_back(new))


def _n_rows(features: Any) -> int:
    if isinstance(features, pl.LazyFrame):
        return int(features.select(pl.len()).collect().item())
    return len(features) if isinstance(features, list | tuple) else int(features.shape[0])


def _named(new: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return new.rename(dict(zip(new.columns, names, strict=True)))


def _array_of(new: pl.DataFrame, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    array = new.to_numpy()
    if dtype.kind in "iu" and array.dtype.kind == "f":
        array = array.round()
    return array if dtype.kind in "US" else array.astype(dtype)


def _sparse_with(features: Any, new: pl.DataFrame) -> Any:
    from scipy.sparse import vstack

    below = features.__class__(_array_of(new, features.dtype))
    return vstack([features, below], format=features.format)


def _foreign_with(features: Any, new: Any) -> Any:
    """pandas and Arrow, each by its own means: what was given must not pass through another library."""
    if hasattr(features, "iloc"):
        import pandas as pd

        return pd.concat([features, new.astype(features.dtypes)], ignore_index=True)
    if hasattr(features, "to_pylist"):
        import pyarrow as pa

        return pa.concat_tables([features, new.cast(features.schema)])
    import narwhals as nw

    return nw.concat([nw.from_native(features), nw.from_native(new)]).to_native()


def with_new_values(target: Any, new: Floats) -> Any:
    """A target of numbers as it came, and the new numbers after its own.

    Args:
        target: (n,) or (n, 1).
        new: (m,); rounded where the target holds whole numbers.
    """
    whole = target_array(target).dtype.kind in "iu"
    below = new.round() if whole else new
    if isinstance(target, list | tuple):
        return type(target)([*target, *(below.astype(np.int64) if whole else below).tolist()])
    if isinstance(target, np.ndarray):
        return np.concatenate([target, below.astype(target.dtype).reshape(-1, *target.shape[1:])])
    if isinstance(target, pl.Series):
        return pl.concat([target, pl.Series(target.name, below).cast(target.dtype)])
    if hasattr(target, "iloc"):
        import pandas as pd

        if hasattr(target, "columns"):
            return pd.concat([target, pd.DataFrame(below, columns=target.columns)], ignore_index=True).astype(
                target.dtypes
            )
        return pd.concat([target, pd.Series(below, name=target.name).astype(target.dtype)], ignore_index=True)
    if hasattr(target, "to_pylist"):
        import pyarrow as pa

        chunks = target.chunks if isinstance(target, pa.ChunkedArray) else [target]
        return pa.chunked_array([*chunks, pa.array(below).cast(target.type, safe=False)])
    raise InputError(f"a target of numbers must be a list, an array or a series, got {type(target).__name__}")
