"""Keys that differ, and that a database takes for the same: MySQL and SQL Server compare texts by a collation, to most
of which upper and lower case are one, to many an accent is nothing, and most of which pass over blanks at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from likewise.databases.keys import key_text
from likewise.databases.sql.found import Found
from likewise.databases.sql.plan import Plan
from likewise.databases.sql.sessions import Session
from likewise.errors import OutputError

USUAL = {"mysql": "utf8mb4_general_ci", "mssql": "SQL_Latin1_General_CP1_CI_AS"}
"""What columns are compared by where nothing else is said: of MariaDB, and of SQL Server's own setup."""


def usual_of(connection: Session) -> str | None:
    """By what columns of tables that are made are compared; None in a database that tells any two texts apart."""
    if connection.dialect != "mysql":
        return USUAL.get(connection.dialect)
    told = connection.one(
        "SELECT collation_name FROM information_schema.collations "
        "WHERE character_set_name = 'utf8mb4' AND is_default = 'Yes'"
    )
    return str(told) if told else USUAL["mysql"]


def check_apart(
    frames: Mapping[str, pl.DataFrame], plan: Plan, old: Mapping[str, Found], usual: str | None
) -> None:  # fmt: skip
    """Refuse keys that would meet in the database, before anything is written.

    Args:
        old: tables that are there.
        usual: what columns are compared by where their type says nothing; None compares all texts letter by letter.

    Raises:
        OutputError: rows share a key there and not here.
    """
    if usual is None:
        return
    for name, table in plan.tables.items():
        columns = old[name].columns if name in old else table.columns
        compared = {c.name: _collation(c.type) or usual for c in columns if c.kind == "text"}
        for own in plan.keys.tables[name].keys:
            frame, texts = frames[name], [c for c in own if c in compared and frames[name].schema[c] == pl.String]
            if not texts or not set(own) <= set(frame.columns):
                continue
            known = frame.select(own).drop_nulls()
            seen = known.with_columns(folded(pl.col(c), compared[c]).alias(c) for c in texts)
            if meet := known.n_unique() - seen.n_unique():
                by = ", ".join(dict.fromkeys(compared[c] for c in texts))
                raise OutputError(
                    f"{key_text(name, own)}: {meet} of {len(known)} keys are others' there, for {table.name!r} "
                    f"compares texts by {by}, to which {_same(by)} are the same; make keys that differ in more, give "
                    "the column a collation that tells them apart (a binary one), or write to another kind of database"
                )


def folded(texts: pl.Expr, collation: str) -> pl.Expr:
    """Texts, of which those are equal that a collation takes for the same.

    Example:
        >>> names = pl.Series(["Zoë", "zoe", "zoe "])
        >>> [pl.select(folded(pl.lit(names), c)).to_series().n_unique() for c in ("utf8mb4_general_ci", "utf8mb4_bin")]
        [1, 2]
    """
    name = collation.lower()
    if "_ai" in name or (name.endswith("_ci") and "_as" not in name):
        texts = texts.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    if "_ci" in name:
        texts = texts.str.to_lowercase()
    return texts if "nopad" in name or "0900" in name else texts.str.strip_chars_end(" ")


def _collation(type_: str) -> str | None:
    found = re.search(r"COLLATE (\w+)", type_, re.IGNORECASE)
    return found[1] if found else None


def _same(collations: str) -> str:
    name = collations.lower()
    parts = ["upper and lower case"] * ("_ci" in name)
    parts += ["letters with and without accents"] * ("_ai" in name or ("_ci" in name and "_as" not in name))
    parts += ["texts with and without blanks at the end"] * ("nopad" not in name and "0900" not in name)
    return ", ".join(parts)
