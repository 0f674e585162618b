"""The catalogues of SQLite, PostgreSQL and MySQL: every table as it was declared, read by SQLAlchemy where it can."""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from likewise.databases.keys import Columns
from likewise.databases.sql.catalogue_mysql import completed, indexes_of_mysql, types_of_mysql, unescaped
from likewise.databases.sql.found import Catalogue, Found, FoundKey, Key, actions_of, chosen, indexed, is_unfinished
from likewise.databases.sql.sessions import Alchemy
from likewise.databases.sql.values import SqlColumn, SqlIndex, kind_of, literal, quoted
from likewise.errors import InputError, nearest


def catalogue(connection: Alchemy, schemas: Sequence[str], names: Sequence[str]) -> Catalogue:
    """What the database that a connection sees is made of."""
    with warnings.catch_warnings():
        # Of types and clauses that it does not know: types are read here, and what is left out is told by us.
        warnings.simplefilter("ignore")
        return _catalogue(connection, schemas, names)


def _catalogue(connection: Alchemy, schemas: Sequence[str], names: Sequence[str]) -> Catalogue:
    import sqlalchemy as sa
    from sqlalchemy.engine.reflection import ObjectKind, ObjectScope

    inspector = sa.inspect(connection.bound)
    seen = _schemas(inspector, schemas)
    if connection.dialect == "postgresql":
        # What lies in this schema is then named without it, and can be made anew in another.
        connection.all(
            f"SET search_path = {quoted(seen[0], 'postgresql') if len(seen) == 1 and seen[0] else 'pg_catalog'}"
        )
    tables: dict[Key, None] = {(schema, name): None for schema in seen for name in _tables(inspector, schema)}
    views: dict[Key, None] = {(schema, name): None for schema in seen for name in _views(inspector, schema)}
    if connection.dialect == "sqlite":
        views |= {key: tables.pop(key) for key in _virtual(connection) if key in tables}
    parts = _parts(connection) if connection.dialect == "postgresql" else set[Key]()
    keys, notes = chosen(names, tables, views, {key: None for key in tables if key in parts})
    facts: dict[str, dict[Key, Any]] = {}
    for schema in seen:
        own = [name for of, name in keys if of == schema]
        for what in (*_FACTS, *["table_comment"] * (connection.dialect != "sqlite")):
            read = getattr(inspector, f"get_multi_{what}")
            given = read(schema=schema, filter_names=own, kind=ObjectKind.ANY, scope=ObjectScope.ANY) if own else {}
            if connection.dialect == "mysql":
                given = {key: unescaped(fact) for key, fact in given.items()}
            facts.setdefault(what, {}).update({(schema, name): fact for (_, name), fact in given.items()})
    own_types = _OWN_TYPES[connection.dialect](connection, seen, keys)
    found = [
        _found(key, {what: of.get(key) or [] for what, of in facts.items()}, own_types.get(key, {})) for key in keys
    ]
    if connection.dialect == "sqlite":
        found = [_sqlite_keys(connection, table) for table in found]
    if connection.dialect == "mysql":
        indexes = {key: tuple(indexes_of_mysql(given)) for key, given in facts["indexes"].items()}
        found = completed(connection, seen, [replace(t, indexes=indexes.get((t.schema, t.name), ())) for t in found])
    types = {}
    if connection.dialect == "postgresql":
        found = [replace(table, foreign=_to_wholes(table.foreign, parts)) for table in found]
        made, triggers = _postgres_extras(connection, seen)
        found = [
            replace(t, triggers=tuple(triggers.get((t.schema, t.name), ())),
                    indexes=tuple(_postgres_indexes(facts["indexes"].get((t.schema, t.name), ()), made, t.schema)))
            for t in found
        ]  # fmt: skip
        domains = inspector.get_domains("*")  # a table may use those of other schemas
        found = [replace(table, of_types=tuple(_checks_of_types(table, domains))) for table in found]
        types = _made_types(inspector.get_enums("*"), domains, found)
    return Catalogue(found, types, notes)


_FACTS = ("columns", "pk_constraint", "foreign_keys", "unique_constraints", "indexes", "check_constraints")


def _schemas(inspector: Any, asked: Sequence[str]) -> list[str | None]:
    if not inspector.dialect.name.startswith("postgresql"):
        return [None] if not asked else list(asked)
    known = [name for name in inspector.get_schema_names() if name != "information_schema"]
    if list(asked) == ["*"]:
        return list(known)
    for name in asked:
        if name not in known:
            raise InputError(f"there is no schema {name!r}{nearest(name, known)}")
    return list(asked) or [inspector.default_schema_name]


def _tables(inspector: Any, schema: str | None) -> list[str]:
    return [name for name in inspector.get_table_names(schema) if not is_unfinished(name)]


def _views(inspector: Any, schema: str | None) -> list[str]:
    views = list(inspector.get_view_names(schema))
    return (
        views + list(inspector.get_materialized_view_names(schema)) if inspector.dialect.name == "postgresql" else views
    )


def _found(key: Key, facts: Mapping[str, Any], own: Mapping[str, SqlColumn]) -> Found:
    primary = tuple((facts["pk_constraint"] or {}).get("constrained_columns") or ())
    columns = tuple(_column(given, own, primary) for given in facts["columns"])
    unique = [tuple(given["column_names"]) for given in facts["unique_constraints"]]
    unique += [tuple(given["column_names"]) for given in facts["indexes"] if _is_key(given)]
    return Found(
        schema=key[0], name=key[1], columns=columns, primary=primary,
        unique=tuple(dict.fromkeys(columns for columns in unique if columns)),
        foreign=tuple(_foreign(given, key[0]) for given in facts["foreign_keys"]),
        checks=tuple(given["sqltext"] for given in facts["check_constraints"]),
        comment=dict(facts.get("table_comment") or {}).get("text") or None,
    )  # fmt: skip


def _is_key(index: Mapping[str, Any]) -> bool:
    """Whether an index holds all rows apart, by columns alone."""
    told = index.get("dialect_options") or {}
    partial = any(value is not None for name, value in told.items() if name.endswith(("_where", "_length")))
    return (
        bool(index.get("unique")) and not partial and None not in index["column_names"] and not index.get("expressions")
    )


def _foreign(given: Mapping[str, Any], schema: str | None) -> FoundKey:
    options = given.get("options") or {}
    return FoundKey(
        columns=tuple(given["constrained_columns"]),
        parent=(given.get("referred_schema") or schema, given["referred_table"]),
        parent_columns=tuple(given.get("referred_columns") or ()), deferrable=bool(options.get("deferrable")),
        actions=actions_of(options),
    )  # fmt: skip


def _column(given: Mapping[str, Any], own: Mapping[str, SqlColumn], primary: Columns) -> SqlColumn:
    column = own.get(given["name"]) or SqlColumn(name=given["name"], type="", kind="other")
    default, computed = given.get("default"), given.get("computed")
    counted = default is not None and str(default).lower().startswith("nextval(")
    is_rowid = column.type.upper() == "INTEGER" and primary == (column.name,)
    return replace(
        column, nullable=bool(given.get("nullable", True)), generated=computed["sqltext"] if computed else None,
        default=None if counted or computed or default in (None, "NULL") else str(default),
        comment=given.get("comment") or None,
        identity=bool(counted or given.get("identity") or given.get("autoincrement") is True or is_rowid),
    )  # fmt: skip


# ---- types, in the words of each -------------------------------------------------------------------------------------

OwnTypes = dict[Key, dict[str, SqlColumn]]


def _sqlite_types(connection: Alchemy, schemas: Sequence[str | None], keys: Sequence[Key]) -> OwnTypes:
    return {
        key: {row[1]: SqlColumn(name=row[1], type=row[2], kind=kind_of(row[2]))
              for row in connection.all(f"PRAGMA table_xinfo({quoted(key[1], 'sqlite')})")}
        for key in keys
    }  # fmt: skip


def _sqlite_keys(connection: Alchemy, table: Found) -> Found:
    """With the keys that SQLAlchemy reads from text that it cannot always part."""
    name = quoted(table.name, "sqlite")
    unique: dict[Columns, None] = {}
    indexes = []
    for _, index, is_unique, origin, is_partial in connection.all(f"PRAGMA index_list({name})"):
        columns = tuple(row[2] for row in connection.all(f"PRAGMA index_info({quoted(index, 'sqlite')})"))
        plain = not is_partial and None not in columns
        if is_unique and plain and origin != "pk":
            unique[columns] = None
        elif origin == "c":
            made = connection.one(f"SELECT sql FROM sqlite_master WHERE type = 'index' AND name = {literal(index)}")
            indexes.append(indexed(index, columns if plain else (), made or ""))
    triggers = connection.all(
        f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = {literal(table.name)} ORDER BY 1"
    )
    found: dict[int, list[Any]] = {}
    for number, _, *rest in connection.all(f"PRAGMA foreign_key_list({name})"):
        found.setdefault(number, []).append(rest)
    late = [key.columns for key in table.foreign if key.deferrable]
    made = connection.one(f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = {literal(table.name)}") or ""
    columns = tuple(
        column
        if column.generated is None
        else replace(column, generated=_generated(made, column.name) or column.generated)
        for column in table.columns
    )
    keys = []
    for parents, own, others, updates, deletes, _ in (zip(*rows, strict=True) for rows in found.values()):
        others = () if None in others else others
        keys.append(FoundKey(
            columns=own, parent=(table.schema, parents[0]), parent_columns=others, deferrable=own in late,
            actions=actions_of({"ondelete": deletes[0], "onupdate": updates[0]}),
        ))  # fmt: skip
    return replace(
        table, columns=columns, unique=tuple(reversed(unique)), foreign=tuple(keys), indexes=tuple(reversed(indexes)),
        triggers=tuple(name for (name,) in triggers),
    )  # fmt: skip


def _generated(made: str, name: str) -> str | None:
    """What fills a column, in the statement that made its table; None: it cannot be told.

    >>> _generated("CREATE TABLE t (a int, b int AS (a * (1 + 1)) STORED, c AS (a))", "b")
    'a * (1 + 1)'
    """
    forms = "|".join(map(re.escape, (name, quoted(name, "sqlite"), quoted(name, "mysql"), f"[{name}]")))
    start = re.search(rf"[(,]\s*(?:{forms})(?=[\s\"`\]])(?:[^,()]|\([^()]*\))*?\bAS\s*\(", made, re.IGNORECASE)
    depth = 1
    for part in re.finditer(r"'(?:[^']|'')*'|\"[^\"]*\"|[()]", made[start.end() :] if start else ""):
        depth += {"(": 1, ")": -1}.get(part[0], 0)
        if start and depth == 0:
            return made[start.end() : start.end() + part.start()].strip()
    return None


def _postgres_types(connection: Alchemy, schemas: Sequence[str | None], keys: Sequence[Key]) -> OwnTypes:
    """Types as they are written; of a domain the kind is that of what it is made of."""
    result: OwnTypes = {}
    among = ", ".join(literal(schema) for schema in schemas if schema is not None)
    for schema, table, name, type_, base, values in connection.all(
        "SELECT n.nspname, c.relname, a.attname, "
        "CASE WHEN s.nspname <> 'pg_catalog' AND coalesce(i.typtype, t.typtype) "
        "IN ('b', 'c', 'r') AND format_type(a.atttypid, a.atttypmod) !~ '^(\"([^\"]|\"\")+\"|[^.\"]+)\\.' "
        "THEN quote_ident(s.nspname) || '.' ELSE '' END || format_type(a.atttypid, a.atttypmod), "
        "CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) WHEN t.typtype = 'e' THEN 'enum()' "
        "WHEN t.typtype = 'b' THEN format_type(a.atttypid, a.atttypmod) ELSE '' END, "
        "(SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type i ON i.oid = t.typelem AND t.typcategory = 'A' "
        "JOIN pg_namespace s ON s.oid = coalesce(i.typnamespace, t.typnamespace) "
        f"WHERE n.nspname IN ({among}) AND a.attnum > 0 AND NOT a.attisdropped"
    ):
        column = SqlColumn(name=name, type=type_, kind=kind_of(base), values=tuple(values or ()))
        result.setdefault((schema, table), {})[name] = column
    return result


def _virtual(connection: Alchemy) -> list[Key]:
    """Tables of SQLite that a module shows, as those of full text, and what it keeps these in."""
    if sqlite3.sqlite_version_info < (3, 37):
        return []
    return [(None, row[1]) for row in connection.all("PRAGMA table_list") if row[2] in ("virtual", "shadow")]


def _postgres_extras(connection: Alchemy, schemas: Sequence[str | None]) -> tuple[dict[Key, str], dict[Key, list[str]]]:
    """What makes each index, by its name; the triggers of each table."""
    among = ", ".join(literal(schema) for schema in schemas if schema is not None)
    made = connection.all(
        "SELECT n.nspname, c.relname, pg_get_indexdef(c.oid, 0, true) FROM pg_class c "
        f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('i', 'I') AND n.nspname IN ({among})"
    )
    triggers: dict[Key, list[str]] = {}
    for schema, table, name in connection.all(
        "SELECT n.nspname, c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname IN ({among}) ORDER BY 3"
    ):
        triggers.setdefault((schema, table), []).append(name)
    return {(schema, name): text for schema, name, text in made}, triggers


def _postgres_indexes(
    given: Sequence[Mapping[str, Any]], made: Mapping[Key, str], schema: str | None
) -> Iterator[SqlIndex]:
    for index in given:
        if not _is_key(index) and (index_made := made.get((schema, index["name"]))) is not None:
            options = index.get("dialect_options") or {}
            plain = not any(options.values()) and not index.get("expressions") and not index.get("column_sorting")
            yield indexed(index["name"], tuple(index["column_names"]) if plain else (), index_made)


_OWN_TYPES = {"sqlite": _sqlite_types, "mysql": types_of_mysql, "postgresql": _postgres_types}


def _parts(connection: Alchemy) -> set[Key]:
    """Tables of PostgreSQL that are partitions of others, or derived from them: these show their rows, too."""
    rows = connection.all(
        "SELECT n.nspname, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace"
    )
    return {(schema, name) for schema, name in rows}


def _to_wholes(foreign: Sequence[FoundKey], parts: Collection[Key]) -> tuple[FoundKey, ...]:
    """Without the keys to parts of a table that PostgreSQL adds to one that points at the whole."""
    whole = [key.columns for key in foreign if key.parent not in parts]
    return tuple(key for key in foreign if key.parent not in parts or key.columns not in whole)


def _checks_of_types(table: Found, domains: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for column in table.columns:
        cell = quoted(column.name, "postgresql").replace("\\", "\\\\")
        for domain in domains:
            if column.type in (domain["name"], f"{domain['schema']}.{domain['name']}", _type(domain)):
                yield from (re.sub(r"\bVALUE\b", cell, check["check"]) for check in domain["constraints"])


def _made_types(
    enums: Sequence[Mapping[str, Any]], domains: Sequence[Mapping[str, Any]], found: Sequence[Found]
) -> dict[str, str]:
    """What makes the enumerations and domains that these tables use."""
    used = " ".join(column.type for table in found for column in table.columns)
    made = {}
    for enum in enums:
        if re.search(rf"\b{re.escape(enum['name'])}\b", used):
            made[_type(enum)] = f"CREATE TYPE {_type(enum)} AS ENUM ({', '.join(map(literal, enum['labels']))})"
    for domain in domains:
        if re.search(rf"\b{re.escape(domain['name'])}\b", used):
            default = f" DEFAULT {domain['default']}" if domain["default"] else ""
            checks = "".join(f" CHECK ({check['check']})" for check in domain["constraints"] if check["check"])
            null = "" if domain["nullable"] else " NOT NULL"
            made[_type(domain)] = f"CREATE DOMAIN {_type(domain)} AS {domain['type']}{default}{null}{checks}"
    return made


def _type(given: Mapping[str, Any]) -> str:
    name = quoted(given["name"], "postgresql")
    return name if given["visible"] else f"{quoted(given['schema'], 'postgresql')}.{name}"
