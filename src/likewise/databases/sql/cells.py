"""Cells of frames as a database takes them: fitted to its columns; as literals of a statement; as text for COPY."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl

from likewise.databases.sql.values import SqlColumn, SqlTable, listed, quoted, size_of
from likewise.errors import OutputError

ROWS_A_STATEMENT = 1000
_BYTES_A_STATEMENT = 2**20
"""MySQL takes 16 MB, and SQL Server a thousand rows."""
_ZERO = {"mysql": "\\0", "sqlite": "'||char(0)||'", "duckdb": "'||chr(0)||'"}
_TIMES: dict[type[pl.DataType], str] = {
    pl.Date: "%Y-%m-%d", pl.Time: "%H:%M:%S%.f", pl.Datetime: "%Y-%m-%d %H:%M:%S%.f",
}  # fmt: skip


def fitted(frame: pl.DataFrame, table: SqlTable, dialect: str) -> pl.DataFrame:
    """The columns of a frame that are written, each as its declared type takes it.

    Raises:
        OutputError: a column holds what no database of this dialect does.
    """
    declared = {column.name: column for column in table.columns}
    return pl.DataFrame([_fitted(frame[name], declared[name], table.name, dialect) for name in table.written])


def _fitted(series: pl.Series, column: SqlColumn, table: str, dialect: str) -> pl.Series:
    what = f"table {table!r}, column {column.name!r}"
    dtype, kind = series.dtype, column.kind
    if dtype == pl.Null:
        return series.cast(pl.String)
    if dtype.is_nested() or isinstance(dtype, pl.Duration | pl.Object):
        raise OutputError(f"{what}: values of type {dtype} have no type in SQL; turn them into text")
    if isinstance(dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    elif kind in ("integer", "bit") and dtype.is_float():
        whole = series.cast(pl.Int64, strict=False)
        series = whole if bool(((whole.cast(pl.Float64) == series) | series.is_null()).all()) else series
    elif kind == "boolean" and dtype.is_integer() and dialect in ("postgresql", "duckdb"):
        series = series.cast(pl.Boolean)
    elif kind == "binary" and dtype == pl.String:
        series = _bytes(series)
    elif dtype == pl.String and kind == "json":
        series = _drawn(series, _IS_JSON, r"[\\\"\x00-\x1f]", '"')
    elif dtype == pl.String and column.type == "tsvector":
        series = _drawn(series, pl.col("x").str.contains(_VECTOR), r"[:'\\]", "")
    elif (dtype.is_float() and kind not in ("real", "decimal")) or (dtype.is_float() and dialect in ("mysql", "mssql")):
        series = series.fill_nan(None)
    if (
        dialect == "sqlite"
        and dtype.is_integer()
        and series.cast(pl.Int64, strict=False).null_count() > series.null_count()
    ):
        raise OutputError(f"{what}: SQLite holds no whole number beyond 64 bits with a sign; turn them into text")
    if dtype == pl.String and kind in ("text", "enum", "json", "other", "uuid") and dialect == "postgresql":
        _check_no_zero(series, what)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC")
    return series


_IS_JSON = pl.col("x").str.json_path_match("$").is_not_null() | (pl.col("x").str.strip_chars() == "null")
_VECTOR = r"^\s*(?:'(?:[^']|'')+'(?::[\d,A-D]+)?\s*)*$"


def _drawn(texts: pl.Series, fits: pl.Expr, signs: str, around: str) -> pl.Series:
    """Texts that a generator drew in place of those that only a type has: words, or a text of JSON.

    Args:
        fits: whether a text is one of the type.
        signs: what other texts may not hold.
        around: what stands around these.
    """
    text = pl.col("x")
    plain = pl.lit(around) + text.str.replace_all(signs, " ") + pl.lit(around)
    return texts.to_frame("x").select(pl.when(fits).then(text).otherwise(plain)).to_series().alias(texts.name)


def _bytes(texts: pl.Series) -> pl.Series:
    """Bytes that were read as hexadecimal digits; other texts as UTF-8."""
    if bool(texts.str.contains(r"^(?:[0-9a-f]{2})*$").all()):
        return texts.str.decode("hex")
    return texts.cast(pl.Binary)


def _check_no_zero(series: pl.Series, what: str) -> None:
    if series.str.contains("\0", literal=True).any():
        raise OutputError(f"{what}: PostgreSQL holds no text with the sign U+0000; take it out")


def cut(
    frame: pl.DataFrame, table: SqlTable, dialect: str, keys: Collection[str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Texts cut to the length of their columns, and the columns where some were. SQLite and DuckDB take any length;
    keys cut would be others."""
    found = []
    for column in table.columns if dialect not in ("sqlite", "duckdb") else ():
        if column.name in keys:
            continue
        size = size_of(column.type) if column.kind == "text" else ()
        if size and column.name in frame.columns and frame.schema[column.name] == pl.String:
            texts = frame[column.name]
            if bool((texts.str.len_chars() > size[0]).any()):
                frame = frame.with_columns(texts.str.slice(0, size[0]))
                found.append(column.name)
    return frame, tuple(found)


# ---- as text ---------------------------------------------------------------------------------------------------------


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """With times as text, truths and decimals as numbers: what SQLite holds."""
    return frame.with_columns(
        *(pl.col(name).dt.to_string(_time_form(dtype)) for name, dtype in frame.schema.items() if _is_time(dtype)),
        *(pl.col(name).cast(pl.Float64) for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal)),
        *(pl.col(name).cast(pl.Int64) for name, dtype in frame.schema.items() if dtype == pl.Boolean),
    )


def for_copy(frame: pl.DataFrame) -> bytes:
    """As COPY of PostgreSQL reads its own format of text: in CSV a line of `\\.` would end the rows.

    >>> for_copy(pl.DataFrame({"a": ["\\\\.", None, ""], "b": [1, 2, None]}))
    b'\\\\\\\\.\\t1\\n\\\\N\\t2\\n\\t\\\\N\\n'
    """
    cells = [_copied(name, dtype).fill_null("\\N") for name, dtype in frame.schema.items()]
    rows = frame.select(pl.concat_str(cells, separator="\t")).to_series()
    return "".join(row + "\n" for row in rows.to_list()).encode()


def _copied(name: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    if _is_time(dtype):
        return cell.dt.to_string(_time_form(dtype))
    if dtype == pl.Binary:
        return pl.lit("\\\\x") + cell.bin.encode("hex")
    text = cell.cast(pl.String)
    if dtype != pl.String:
        return text
    for sign, written in (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.str.replace_all(sign, written, literal=True)
    return text


def inserts(table: str, frame: pl.DataFrame, dialect: str) -> Iterator[str]:
    """Statements that insert rows, many rows each.

    >>> list(inserts('"t"', pl.DataFrame({"a": [1, None], "b": ["it's", ""]}), "sqlite"))
    ['INSERT INTO "t" ("a", "b") VALUES\\n(1, \\'it\\'\\'s\\'),\\n(NULL, \\'\\')']
    """
    head = f"INSERT INTO {table} ({listed(frame.columns, dialect)}) VALUES\n"
    rows = frame.select(pl.concat_str(literals(frame, dialect), separator=", ")).to_series()
    longest = rows.str.len_bytes().max()
    each = max(1, min(ROWS_A_STATEMENT, _BYTES_A_STATEMENT // (int(longest) + 4))) if isinstance(longest, int) else 1
    for start in range(0, len(rows), each):
        yield head + ",\n".join("(" + row + ")" for row in rows[start : start + each].to_list())


def literals(frame: pl.DataFrame, dialect: str) -> list[pl.Expr]:
    """Each column as literals of SQL."""
    return [_literal(name, dtype, dialect).fill_null("NULL") for name, dtype in frame.schema.items()]


def _literal(name: str, dtype: pl.DataType, dialect: str) -> pl.Expr:
    cell = pl.col(name)
    if _is_time(dtype):
        return "'" + cell.dt.to_string(_time_form(dtype)) + "'"
    if dtype == pl.Boolean:
        yes, no = ("1", "0") if dialect in ("sqlite", "mssql") else ("TRUE", "FALSE")
        return pl.when(cell).then(pl.lit(yes)).when(~cell).then(pl.lit(no))
    if dtype == pl.Binary:
        before, after = {"postgresql": ("'\\x", "'"), "mssql": ("0x", ""), "duckdb": ("from_hex('", "')")}.get(
            dialect, ("X'", "'")
        )
        return pl.lit(before) + cell.bin.encode("hex") + pl.lit(after)
    if dtype.is_float():
        text = cell.cast(pl.String)
        return pl.when(cell.is_finite()).then(text).when(cell.is_not_null()).then(_not_finite(text, dialect))
    if dtype.is_numeric():
        return cell.cast(pl.String)
    text = cell.cast(pl.String).str.replace_all("'", "''", literal=True)
    if dialect == "mysql":
        text = text.str.replace_all("\\", "\\\\", literal=True)
    if dialect in _ZERO:  # which no file of statements holds
        text = text.str.replace_all("\0", _ZERO[dialect], literal=True)
    return pl.lit("N'" if dialect == "mssql" else "'") + text + "'"


def _not_finite(text: pl.Expr, dialect: str) -> pl.Expr:
    """Only PostgreSQL and DuckDB have infinities, and numbers that are none."""
    if dialect in ("postgresql", "duckdb"):
        return pl.lit("'") + text + "'"
    if dialect == "sqlite":
        return text.replace_strict({"inf": "9e999", "-inf": "-9e999"}, default=None)
    return pl.lit(None, pl.String)


def _is_time(dtype: pl.DataType) -> bool:
    return dtype.base_type() in _TIMES


def _time_form(dtype: pl.DataType) -> str:
    zone = "+00:00" if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None else ""
    return _TIMES[dtype.base_type()] + zone


def updates(table: str, frame: pl.DataFrame, keys: tuple[str, ...], dialect: str) -> list[str]:
    """A statement a row that writes the other columns to the row that has these keys.

    >>> updates('"t"', pl.DataFrame({"id": [1], "boss": [2]}), ("id",), "sqlite")
    ['UPDATE "t" SET "boss" = 2 WHERE "id" = 1']
    """
    cells = dict(zip(frame.columns, literals(frame, dialect), strict=True))

    def told(names: list[str], between: str) -> list[pl.Expr]:
        return [part for i, name in enumerate(names)
                for part in (pl.lit(between * (i > 0) + quoted(name, dialect) + " = "), cells[name])]  # fmt: skip

    others = told([name for name in frame.columns if name not in keys], ", ")
    text = pl.concat_str(pl.lit(f"UPDATE {table} SET "), *others, pl.lit(" WHERE "), *told(list(keys), " AND "))
    return frame.select(text).to_series().to_list()
