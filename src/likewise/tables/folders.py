"""Several files that are one table: those of a folder and its folders, what these are called (`year=2024/`), and the
types that files have in common."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from likewise.errors import InputError
from likewise.tables.source import PACKED

ENDINGS = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet", ".pq": "parquet",
    ".feather": "arrow", ".arrow": "arrow", ".ipc": "arrow", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".xlsx": "excel", ".orc": "orc",
}  # fmt: skip

NULL = "__HIVE_DEFAULT_PARTITION__"
"""What a folder is called whose rows have no value."""

_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")


def form_by_name(path: Path) -> str | None:
    return ENDINGS.get((path.with_suffix("") if path.suffix.lower() in PACKED else path).suffix.lower())


def files_of(path: Path) -> list[Path]:
    """The files that a folder or a pattern means, or the one that is named; in the order of their names."""
    if path.is_dir():
        if (path / "database.json").is_file():
            raise InputError(f"folder {str(path)!r} is a database of several tables, and this takes one: name its file")
        if (path / "_delta_log").is_dir() or any(path.glob("metadata/*.metadata.json")):
            raise InputError(
                f"folder {str(path)!r} is a table of Delta or Iceberg, whose files may hold rows that are its own no "
                "longer: let Polars read it (scan_delta, scan_iceberg), and give the lazy frame"
            )
        found = sorted(_within(path))
        if not found:
            raise InputError(f"folder {str(path)!r} holds no table: no file whose ending names a format")
        return found
    if glob.has_magic(str(path)) and not path.exists():
        found = sorted(Path(p) for p in glob.glob(str(path)))  # noqa: PTH207 - a pattern may be absolute
        if not found:
            raise InputError(f"no file fits the pattern {str(path)!r}")
        return found
    return [path]


def _within(folder: Path) -> Iterable[Path]:
    """Files whose ending names a format, but for hidden ones, and those of folders that are or begin with "_"."""
    for item in folder.iterdir():
        if item.name.startswith("."):
            continue
        if item.is_dir():
            yield from _within(item) if not item.name.startswith("_") else ()
        elif item.is_file() and form_by_name(item):
            yield item


def is_partition(folder: Path) -> bool:
    """Whether a folder is called by a column and the value that all its rows have there (`year=2024`)."""
    return "=" in folder.name.lstrip("=")


def partitions(path: Path, files: Sequence[Path]) -> list[dict[str, Any]]:
    """For each file the columns that its folders tell: whole numbers where all are, else texts.

    Args:
        path: what named the files; what its own folders are called tells nothing.

    Raises:
        InputError: folders tell a column of some files, and not of others.
    """
    rest = [part for part in path.parts if glob.has_magic(part)]
    root = path if path.is_dir() else Path(*path.parts[: path.parts.index(rest[0])]) if rest else path.parent
    told: list[dict[str, Any]] = []
    for file in files:
        between = reversed(file.parents[: len(file.parents) - len(root.parents) - 1])
        pairs = [folder.name.split("=", 1) for folder in between if is_partition(folder)]
        told.append({unquote(k): None if v == NULL else unquote(v) for k, v in pairs})
    first = told[0]
    for file, one in zip(files, told, strict=True):
        if other := one.keys() ^ first.keys():
            raise InputError(
                f"file {str(file)!r}: folders tell column {sorted(other)[0]!r} of some files, and not of others"
            )
    are_whole = {
        name: all(_WHOLE.fullmatch(value) for one in told if (value := one[name]) is not None) for name in first
    }
    return [{name: int(v) if (v := one[name]) is not None and are_whole[name] else v for name in first} for one in told]


def typed(told: Sequence[Mapping[str, Any]], schemas: Iterable[Mapping[str, pl.DataType]]) -> dict[str, pl.DataType]:
    """The types of what `partitions` told: texts where all that stands in the files is texts, as in CSV."""
    of_texts = all(dtype == pl.String for schema in schemas for dtype in schema.values())
    return {
        name: pl.Int64() if not of_texts and any(isinstance(one[name], int) for one in told) else pl.String()
        for name in told[0]
    }


def with_told(frame: pl.DataFrame, told: Mapping[str, Any], types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows of a file with the columns among these types that its folders tell, but for those it has itself."""
    lacking = [name for name in told if name in types and name not in frame.columns]
    return frame.with_columns(pl.lit(told[name], types[name]).alias(name) for name in lacking)


def common_types(files: Sequence[str], schemas: Sequence[Mapping[str, pl.DataType]]) -> dict[str, pl.DataType]:
    """The types that hold the cells of all files; the columns are in the order of the first.

    Args:
        files: how to call them in errors.

    Raises:
        InputError: a file has other columns than the first, or of a type that has none in common; it is named.
    """
    known = dict(schemas[0])
    for file, schema in zip(files, schemas, strict=True):
        if lack := known.keys() ^ schema.keys():
            named = ", ".join(map(repr, sorted(lack)[:10]))
            raise InputError(
                f"{file} has other columns than {files[0].removeprefix('file ')}, which are not in both: {named}; they "
                "are not one table"
            )
        for name, dtype in schema.items():
            common = _common(known[name], dtype)
            if common is None:
                raise InputError(
                    f"{file}: column {name!r} is of type {dtype}, and of {known[name]} in the files before "
                    "it; they are not one table"
                )
            known[name] = common
    return known


def as_types(frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """These columns, in this order, of these types."""
    return frame.select(frame[name].cast(dtype) for name, dtype in types.items())


def _common(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if one == other:
        return one
    kinds = {_kind(dtype) for dtype in (one, other) if dtype != pl.Null}
    if len(kinds) > 1:
        return None  # dates as numbers, or numbers as texts, would be other values
    if kinds == {"text"}:
        return pl.String() if pl.Null not in (one, other) else other if one == pl.Null else one
    try:
        empty = [pl.DataFrame(schema={"cells": dtype}) for dtype in (one, other)]
        return pl.concat(empty, how="vertical_relaxed").schema["cells"]
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "text"
    return "time" if dtype.is_temporal() else "number" if dtype.is_numeric() else str(dtype)
