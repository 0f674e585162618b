"""Keys that a database takes for the same though they are spelt unlike, in upper and lower case, accents or blanks at
the end: rows that point get the spelling of what they point at."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.pointing import ORPHAN, parent_rows
from likewise.databases.sql.sessions import Session
from likewise.databases.sql.values import SqlSource, SqlTable, quoted

_UNLIKE = {
    "mysql": "BINARY c.{} <> BINARY p.{}", "sqlite": "CAST(c.{} AS BLOB) <> CAST(p.{} AS BLOB)",
    "postgresql": "CAST(c.{} AS text) <> CAST(p.{} AS text)",
}  # fmt: skip


def spelt_as_parents(
    connection: Session, frames: Mapping[str, pl.DataFrame], keys: DatabaseSchema, source: SqlSource
) -> dict[str, pl.DataFrame]:
    """The frames, in which a row is found by the letters of its key, where its database finds it.

    Args:
        frames: as they were read in this session; the database is asked for keys alone that are not found in them.
    """
    result = dict(frames)
    for key in keys.foreign if source.dialect in _UNLIKE else ():
        frame = result[key.table]
        texts = [column for column in key.columns if frame.schema[column] == pl.String]
        rows = parent_rows(frame, key.columns, result[key.parent], key.parent_columns) if texts else None
        if rows is not None and (rows == ORPHAN).any():
            new = {column: f"{column}\0" for column in key.columns}
            known = _spellings(connection, key, source, texts).cast(
                {name: frame.schema[column] for column, other in new.items() for name in (column, other)}
            )
            frame = frame.join(known, on=key.columns, how="left", maintain_order="left")
            frame = frame.with_columns(pl.coalesce(new[column], column).alias(column) for column in texts)
            result[key.table] = frame.drop(*new.values())
    return result


def _spellings(connection: Session, key: ForeignKey, source: SqlSource, texts: list[str]) -> pl.DataFrame:
    """Keys as they stand where they point and, behind them, where they are pointed at, if these are unlike."""
    dialect = source.dialect
    pairs = [(quoted(own, dialect), quoted(other, dialect))
             for own, other in zip(key.columns, key.parent_columns, strict=True)]  # fmt: skip
    unlike = [_UNLIKE[dialect].format(*pair) for name, pair in zip(key.columns, pairs, strict=True) if name in texts]
    rows = connection.all(
        f"SELECT {', '.join([f'c.{own}' for own, _ in pairs] + [f'p.{other}' for _, other in pairs])} "
        f"FROM {_name(source.tables[key.table], dialect)} c JOIN {_name(source.tables[key.parent], dialect)} p "
        f"ON {' AND '.join(f'p.{other} = c.{own}' for own, other in pairs)} WHERE {' OR '.join(unlike)}"
    )
    names = [*key.columns, *(f"{column}\0" for column in key.columns)]
    return pl.DataFrame(rows, names, orient="row").unique(key.columns) if rows else pl.DataFrame(schema=names)


def _name(table: SqlTable, dialect: str) -> str:
    own = quoted(table.name, dialect)
    return own if table.schema is None else f"{quoted(table.schema, dialect)}.{own}"
