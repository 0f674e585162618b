"""Indexes and comments are made anew, word for word in the same kind of database; what is not made is said."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.databases.sql.conftest import Server
from tests.databases.sql.test_refusals import name_of
from tests.databases.sql.test_round_trips import again

from likewise.databases.database import Database
from likewise.databases.sql.urls import place
from likewise.errors import LikewiseWarning

COMMON = """
CREATE TABLE users (id int PRIMARY KEY, mail varchar(40), age int);
CREATE TABLE orders (no int PRIMARY KEY, users_id int NOT NULL, paid int, note varchar(40));
INSERT INTO users VALUES (1, 'a', 20), (2, 'b', 30);
INSERT INTO orders VALUES (1, 2, 5, 'x'), (2, 2, 7, NULL);
CREATE INDEX by_user ON orders (users_id, paid);
"""
OWN = {
    "sqlite": """CREATE INDEX "the ""low"" one" ON users (lower(mail));
        CREATE INDEX part ON users (age DESC) WHERE age > 3; CREATE UNIQUE INDEX one ON users (mail) WHERE age > 3;
        CREATE TRIGGER seen AFTER INSERT ON orders BEGIN SELECT 1; END;""",
    "duckdb": """CREATE INDEX "the ""low"" one" ON users ((lower(mail))); COMMENT ON TABLE users IS 'who''s who';
        COMMENT ON COLUMN users.age IS 'in "years"';""",
    "postgresql": r"""CREATE INDEX "the ""low"" one" ON users (lower(mail));
        CREATE INDEX part ON users (age DESC) WHERE age > 3; CREATE INDEX h ON users USING hash (mail);
        CREATE UNIQUE INDEX one ON users (lower(mail)) WHERE age > 3;
        COMMENT ON TABLE users IS 'who''s who'; COMMENT ON COLUMN users.age IS 'in "years" \ months';
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER seen AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing();""",
    "mysql": r"""CREATE INDEX `the ``low`` one` ON users (mail(3), age); ALTER TABLE users COMMENT = 'who''s who';
        CREATE FULLTEXT INDEX words ON orders (note); CREATE UNIQUE INDEX one ON orders (note(7));
        ALTER TABLE users MODIFY age int DEFAULT 3 COMMENT 'in "years" \\ months';
        CREATE TRIGGER seen AFTER INSERT ON orders FOR EACH ROW SET @x = 1;""",
}


@pytest.fixture
def made(empty_database: str, request: pytest.FixtureRequest) -> str:
    dialect = place(empty_database).dialect
    script = COMMON + OWN[dialect]
    if dialect == "sqlite":
        with sqlite3.connect(empty_database) as file:
            file.executescript(script)
        file.close()
    elif dialect == "duckdb":
        with duckdb.connect(empty_database) as duck:
            duck.execute(script)
    else:
        server: Server = request.getfixturevalue("postgres" if dialect == "postgresql" else "mariadb")
        statements = [script] if dialect == "postgresql" else [one for one in script.split(";") if one.strip()]
        server.run(name_of(empty_database), *statements)
    return empty_database


def told(database: Database) -> Any:
    assert database.source is not None
    return {
        name: (table.comment, [column.comment for column in table.columns],
               sorted((index.name, index.columns, index.tail) for index in table.indexes))
        for name, table in database.source.tables.items()
    }  # fmt: skip


def test_indexes_and_comments_are_made_and_triggers_are_told(made: str, tmp_path: Path) -> None:
    real, second, dialect = Database.from_sql(made), again(made, tmp_path), place(made).dialect
    assert real.source is not None
    if dialect == "duckdb":
        real.to_sql(second)
    else:
        with pytest.warns(LikewiseWarning, match="orders: triggers seen are not made"):
            real.to_sql(second)
    wanted, got = told(real), told(Database.from_sql(second))
    unique = [index.name for table in real.source.tables.values() for index in table.indexes if index.is_unique]
    assert unique == ([] if dialect == "duckdb" else ["one"])  # which rows that are drawn could break
    for name, (comment, comments, indexes) in wanted.items():
        assert got[name] == (comment, comments, [index for index in indexes if index[0] not in unique])
    assert "by_user" in [index.name for index in real.source.tables["orders"].indexes]
    assert wanted["users"][0] == (None if dialect == "sqlite" else "who's who")
    assert ("the `low` one" if dialect == "mysql" else 'the "low" one') in [
        i.name for i in real.source.tables["users"].indexes
    ]


def test_indexes_of_columns_are_made_in_another_kind(made: str, tmp_path: Path) -> None:
    real = Database.from_sql(made)
    other = tmp_path / ("other.duckdb" if place(made).dialect == "sqlite" else "other.sqlite")
    with pytest.warns(LikewiseWarning, match="'the .low. one' is not made, for it holds more than columns"):
        real.to_sql(other)
    copy = Database.from_sql(other)
    assert copy.source is not None
    assert [index.columns for index in copy.source.tables["orders"].indexes] == [("users_id", "paid")]


def test_an_index_stands_in_a_script(made: str, tmp_path: Path) -> None:
    real = Database.from_sql(made)
    assert real.source is not None
    if real.source.dialect == "duckdb":
        real.to_sql("duckdb://x", dry_run=tmp_path / "x.sql")
    else:
        with pytest.warns(LikewiseWarning, match="not made"):
            real.to_sql("postgresql://h/db", dry_run=tmp_path / "x.sql")
    assert 'CREATE INDEX "by_user" ON "orders" ' in (tmp_path / "x.sql").read_text()


def test_names_of_mysql_may_hold_backticks_and_checks_stand_in_columns(mariadb: Server) -> None:
    url = mariadb.new(
        "CREATE TABLE `a``b` (`i``d` int PRIMARY KEY AUTO_INCREMENT, `n``m` varchar(20) UNIQUE, "
        "`c` int CHECK (`c` > 0), `x``y` int NOT NULL CHECK (`x``y` > 0), `g` int AS (`c` + 1) STORED, doc json, "
        "UNIQUE `k``k` (`c`, `n``m`), KEY `p``x` (`n``m`(3)), CHECK (`c` < `x``y`))",
        "CREATE TABLE `c``d` (`p``k` int PRIMARY KEY, `f``k` int, KEY (`f``k`), "
        "CONSTRAINT `f``1` FOREIGN KEY (`f``k`) REFERENCES `a``b` (`i``d`) ON DELETE CASCADE)",
        "INSERT INTO `a``b` (`i``d`, `n``m`, c, `x``y`, doc) VALUES (1, 'a', 1, 2, '{}'), (2, 'b', 2, 3, NULL)",
        "INSERT INTO `c``d` VALUES (1, 1), (2, 2), (3, NULL)",
    )
    real = Database.from_sql(url)
    own = real.schema.tables["a`b"]
    assert (own.primary, set(own.unique), own.required) == (("i`d",), {("c", "n`m"), ("n`m",)}, ("x`y",))
    [key] = real.schema.foreign
    assert (key.table, key.columns, key.parent, key.parent_columns) == ("c`d", ("f`k",), "a`b", ("i`d",))
    assert len(own.checks) == 3
    assert real.source is not None
    assert [c.type for c in real.source.tables["a`b"].columns if c.name == "doc"] == ["json"]
    other = mariadb.new()
    real.to_sql(other)
    copy = Database.from_sql(other)
    assert copy.schema == real.schema
    assert copy.source is not None
    assert copy.source.tables == real.source.tables
    with pytest.raises(Exception, match="CONSTRAINT"):
        mariadb.run(name_of(other), "UPDATE `a``b` SET c = 0")
