"""Tables to be compared, read by one schema."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from likewise.errors import SchemaError
from likewise.schema.column import Kind, Schema
from likewise.schema.parse import parse, parse_column


def parsed(tables: Mapping[str, pl.DataFrame], schema: Schema) -> tuple[Schema, dict[str, pl.DataFrame]]:
    """The tables in canonical types; whole numbers of the real rows are numbers where another table has decimals, and
    what cannot be read as a number there (a star for a hidden cell) is missing.

    Raises:
        SchemaError: values of a table do not fit a column's kind; table and column are named.
    """
    found = {}
    for role, table in tables.items():
        try:
            found[role] = parse(table, schema, partial=True)
        except SchemaError as error:
            wide = schema
            for column in schema if role != "real" else ():
                if column.kind not in (Kind.INTEGER, Kind.REAL) or column.lenient or column.name not in table.columns:
                    continue
                try:
                    parse_column(table[column.name], column)
                except SchemaError:
                    wider = wide.replace(column.name, kind=Kind.REAL, lenient=True)
                    if parse_column(table[column.name], wider[column.name]).null_count() <= 0.5 * len(table):
                        wide = wider
            if wide == schema:
                raise SchemaError(f"the {role} table: {error}") from error
            return parsed(tables, wide)
    return schema, found
