"""Frames of other libraries at the door: in as Polars, out as the kind they came in.

Narwhals tells what a frame is and converts what it can; what pandas and Arrow alone know is in `pandas` and `arrow`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import narwhals as nw
import numpy as np
import polars as pl

from likewise.errors import InputError
from likewise.schema.dtypes import dtype_name
from likewise.tables.arrow import from_arrow
from likewise.tables.pandas import from_pandas, object_series


class NoRows(InputError):
    """A file has columns and no rows: it may be one of several."""


GiveBack = Callable[[pl.DataFrame], Any]
T = TypeVar("T")


def from_frame(frame: Any) -> tuple[pl.DataFrame, GiveBack]:
    """A Polars frame, and a function that turns a Polars frame of the same columns (or some of them) back.

    Takes Polars (also lazy), pandas, pyarrow tables and whatever else narwhals knows, and 2-D NumPy arrays (columns
    x0, x1, ...). A pandas index is not part of the table; column names that are no strings become their texts on the
    way in and are themselves again on the way out.

    Raises:
        InputError: not a frame, no rows or columns, two columns of one name or one called `^...$`, nested columns.

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
        check_names(names)
        raise InputError("column names must differ") from None
    if isinstance(wrapped, nw.LazyFrame):
        wrapped = wrapped.collect("pyarrow")
    if wrapped.implementation.is_pandas():
        frame = wrapped.to_native()
        if frame.columns.nlevels > 1:
            raise InputError("a table's columns must have one level of names; flatten the MultiIndex first")
        names = names_of(frame.columns)
        check_names(names)
        table, give_back = from_pandas(frame, names)
        return _checked(table), give_back
    if wrapped.implementation.is_pyarrow():
        table, give_back = from_arrow(wrapped.to_native())
        return _checked(table), give_back
    implementation = wrapped.implementation
    return _checked(wrapped.to_polars()), lambda out: nw.from_arrow(out.to_arrow(), backend=implementation).to_native()


def name_of(label: Hashable) -> str:
    """What a column's label is called in the library, whatever it is: a text, a number, a tuple."""
    return str(label)


def names_of(labels: Iterable[Hashable]) -> list[str]:
    """The names of all labels of a frame, in its order; one without a text is named by its place."""
    return [name_of(label) or f"column_{i + 1}" for i, label in enumerate(labels)]


def named(values: Mapping[Any, T] | None) -> dict[str, T]:
    """What is said of columns by label, said by name."""
    return {name_of(label): value for label, value in (values or {}).items()}


def with_index_of(frame: Any, made: Any) -> Any:
    """A frame of the same rows as another, with its pandas index."""
    index = getattr(frame, "index", None)
    if hasattr(frame, "iloc") and hasattr(made, "iloc") and len(index) == len(made):  # type: ignore[arg-type]
        made.index = index
    return made


def _from_polars(frame: pl.DataFrame) -> tuple[pl.DataFrame, GiveBack]:
    """Polars as it is, but for a column without a name, which Polars itself does not carry through reliably."""
    if "" not in frame.columns:
        return _checked(frame), lambda out: out
    stand_in = f"column_{frame.columns.index('') + 1}"
    check_names([name or stand_in for name in frame.columns])
    return _checked(frame.rename({"": stand_in})), lambda out: out.rename({stand_in: ""}, strict=False)


def _checked(table: pl.DataFrame) -> pl.DataFrame:
    if table.width == 0 or table.height == 0:
        raise InputError(f"a table needs rows and columns, got {table.height} rows and {table.width} columns")
    check_names(table.columns)
    nested = [name for name, dtype in table.schema.items() if not dtype_name(dtype)]
    if nested:
        named = ", ".join(f"{name!r} ({table.schema[name]})" for name in nested[:10])
        raise InputError(f"a table's cells must be single values; unnest or drop these columns: {named}")
    return table


def check_names(names: Sequence[Hashable], what: str = "") -> None:
    """Raise InputError where two columns share a name, or Polars takes a name for a pattern of names: it would read
    other columns, or none, in its place.

    Args:
        names: the columns, in order.
        what: how to call the file in the error.
    """
    what = what and f"{what}: "
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        named = ", ".join(map(repr, twice[:10]))
        raise InputError(f"{what}column names must differ, these come more than once: {named}")
    patterns = [n for n in map(str, names) if n == "*" or (n.startswith("^") and n.endswith("$"))]
    if patterns:
        named = ", ".join(map(repr, patterns[:10]))
        raise InputError(f"{what}a column must not be called * nor ^...$, which are patterns of names; rename {named}")


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
        table = pl.DataFrame({n: object_series(n, array[:, i].tolist()) for i, n in enumerate(names)})
    else:
        table = pl.from_numpy(array, schema=names)
    table = table.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))

    def give_back(out: pl.DataFrame) -> np.ndarray[Any, Any]:
        back = out.to_numpy()
        # Texts may be longer than the array's own width, and holes need floats: those keep the type they need.
        keep = dtype.kind in "U" or (dtype.kind in "biu" and out.null_count().sum_horizontal()[0] > 0)
        return back if keep else back.astype(dtype)

    return _checked(table), give_back
