"""Keys as texts, as JSON and as parts of a database."""

from __future__ import annotations

import polars as pl
import pytest

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.errors import SchemaError


@pytest.mark.parametrize(
    ("text", "columns", "parent_columns"),
    [
        ("orders.user_id -> users.id", ("user_id",), ("id",)),
        ("lines( shop , no )->orders(shop,no)", ("shop", "no"), ("shop", "no")),
        ('"order lines"."order no" -> orders."no."', ("order no",), ("no.",)),
        ('a."x -> y" -> b."say ""hi"""', ("x -> y",), ('say "hi"',)),
        ("bond.atom-1 -> atom.id", ("atom-1",), ("id",)),
    ],
)
def test_a_foreign_key_is_read_from_its_own_text(
    text: str, columns: tuple[str, ...], parent_columns: tuple[str, ...]
) -> None:
    key = ForeignKey.of(text)
    assert (key.columns, key.parent_columns) == (columns, parent_columns)
    assert ForeignKey.of(str(key)) == key


@pytest.mark.parametrize("text", ["", "orders -> users", "a.b -> c.d -> e.f", "a(b, c) -> d(e)", "a(b, b) -> d(e, f)"])
def test_what_is_no_foreign_key_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(SchemaError, match="foreign key"):
        ForeignKey.of(text)


def test_a_schema_comes_back_from_json() -> None:
    tables = {
        "users": TableSchema(primary=("id",), unique=(("mail",), ("first", "last")), required=("mail",)),
        "orders": TableSchema(primary=("no",), order="date", checks=("paid <= total",), kept=True),
    }
    schema = DatabaseSchema(tables, (ForeignKey.of("orders.user -> users.mail"),), {"orders.no": "unique in 7 rows"})
    again = DatabaseSchema.from_json(schema.to_json())
    assert again == schema
    assert again.evidence == schema.evidence


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["orders.user -> user.id"], "no table 'user'; did you mean 'users'"),
        (["orders.usr -> users.id"], "no column 'usr'; did you mean 'user'"),
        (["orders.user -> users.idd"], "no column 'idd'"),
        (["orders.user -> users.id"] * 2, "twice"),
    ],
)
def test_a_key_that_names_what_is_not_there_is_told(keys: list[str], said: str) -> None:
    tables = {"users": pl.DataFrame({"id": [1, 2]}), "orders": pl.DataFrame({"no": [7, 8], "user": [1, 1]})}
    with pytest.raises(SchemaError, match=said):
        Database(tables, keys)


def test_a_key_points_at_a_key() -> None:
    with pytest.raises(SchemaError, match="is no key of 'users'"):
        DatabaseSchema(
            {"users": TableSchema(primary=("id",)), "orders": TableSchema()},
            (ForeignKey.of("orders.user -> users.name"),),
        )


def test_a_second_key_that_is_pointed_at_is_unique() -> None:
    tables = {"u": pl.DataFrame({"id": [1], "mail": ["a"]}), "o": pl.DataFrame({"u": [1], "mail": ["a"]})}
    schema = Database(tables, ["o.u -> u.id", "o.mail -> u.mail"]).schema
    assert schema.tables["u"].keys == (("id",), ("mail",))
    assert schema.is_required(schema.foreign[0]) is False
    assert schema.key_columns("u") == {"id", "mail"}
