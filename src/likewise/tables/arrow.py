"""Arrow tables: what Polars cannot hold as it is goes in as something it can, and comes out as the type it came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl

from likewise.errors import InputError
from likewise.schema.dtypes import dtype_name

if TYPE_CHECKING:
    import pyarrow as pa


def from_arrow(table: pa.Table) -> tuple[pl.DataFrame, Callable[[pl.DataFrame], Any]]:
    """The Polars frame of an Arrow table, and the way back: each column in the type it came in, if its values fit.

    Raises:
        InputError: a column is nested, binary or of a type no column can have.
    """
    types = {field.name: field.type for field in table.schema}
    frame = pl.DataFrame([series_of(field.name, table[i]) for i, field in enumerate(table.schema)])
    orders = {field.name: _order_of(table[i]) for i, field in enumerate(table.schema)}

    def give_back(out: pl.DataFrame) -> Any:
        import pyarrow as pa

        return pa.table({n: array_of(out[n], types.get(n), orders.get(n)) for n in out.columns})

    return frame, give_back


def series_of(name: str, column: Any) -> pl.Series:
    """One Arrow column (array or chunked) in Polars.

    Raises:
        InputError: cells that are no single values, or a type that cannot be read.
    """
    import pyarrow as pa

    given = column.type
    try:
        series = pl.Series(name, pl.from_arrow(_plain(column)))
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, TypeError, OverflowError):
        series = None
    except pl.exceptions.PanicException:  # no Exception: it would pass every net
        series = None
    if series is None or not dtype_name(series.dtype):
        raise InputError(
            f"column {name!r}: a table's cells must be single values; unnest or drop it, or turn it into text: "
            f"its type is {given}"
        )
    return series


def _plain(column: Any) -> Any:
    """The column in a type that Polars reads."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
        column, kind = column.cast(kind.storage_type), kind.storage_type
    if pa.types.is_run_end_encoded(kind):
        column, kind = pc.run_end_decode(column), kind.value_type
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_timestamp(kind) and kind.tz is not None and kind.tz[:1] in ("+", "-"):
        return pc.local_timestamp(column)  # the clock on the wall; there is no zone of that name
    if pa.types.is_decimal(kind) and not pa.types.is_decimal128(kind):
        return column.cast(pa.decimal128(38, kind.scale))
    return column


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _order_of(column: Any) -> list[Any]:
    """The values of a dictionary in its order."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return []
    return list(dict.fromkeys(v for chunk in column.chunks for v in chunk.dictionary.to_pylist()))


def array_of(series: pl.Series, wanted: Any, order: list[Any] | None = None) -> Any:
    """One Polars column as an Arrow array of the type wanted, or of the one its values need.

    Args:
        order: the values of the dictionary that came, in its order; those that are drawn keep it.
    """
    import pyarrow as pa

    if isinstance(series.dtype, pl.Categorical | pl.Enum) and wanted is not None:
        series = series.cast(pl.String)
    made = series.to_arrow(compat_level=pl.CompatLevel.oldest())
    if wanted is None or made.type == wanted:
        return made
    try:
        return _cast(made, wanted, order or [])
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return made


def _cast(made: Any, wanted: Any, order: list[Any]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(wanted, pa.BaseExtensionType):
        if wanted.extension_name == "arrow.uuid":
            from uuid import UUID

            return pa.array([None if v is None else UUID(v) for v in made.to_pylist()], wanted)
        return pa.ExtensionArray.from_storage(wanted, _cast(made, wanted.storage_type, order))
    if pa.types.is_run_end_encoded(wanted):
        return pc.run_end_encode(_cast(made, wanted.value_type, order), wanted.run_end_type)
    if pa.types.is_dictionary(wanted):
        values = made.cast(wanted.value_type)
        seen = set(values.to_pylist()) - {None}
        kept = [v for v in order if v in seen]
        kept += sorted(seen - set(kept))
        listed = pa.array(kept, wanted.value_type)
        at = pc.index_in(values, listed).cast(wanted.index_type)
        return pa.DictionaryArray.from_arrays(at, listed, ordered=wanted.ordered)
    if pa.types.is_timestamp(wanted) and wanted.tz is not None and wanted.tz[:1] in ("+", "-"):
        return pc.assume_timezone(made.cast(pa.timestamp(wanted.unit), safe=False), wanted.tz)
    if pa.types.is_float16(wanted):
        return made.cast(pa.float32()).cast(wanted, safe=False)
    if pa.types.is_integer(wanted) and pa.types.is_floating(made.type):
        return made.cast(wanted)  # only where nothing is cut off
    return made.cast(wanted, safe=False)
