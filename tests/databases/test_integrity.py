"""What a database must hold, and what becomes of rows that break it."""

from __future__ import annotations

import warnings

import polars as pl
import pytest

from likewise.databases.database import Database
from likewise.databases.integrity import ORPHANS
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.pointing import parent_rows
from likewise.errors import InputError, LikewiseWarning, OptionError
from likewise.synthesizer import Synthesizer

USERS = pl.DataFrame({"id": [1, 2, 3]})
ORDERS = pl.DataFrame({"no": [7, 8, 9, 10], "user": [1, 9, None, 3]})
LINES = pl.DataFrame({"line": [1, 2, 3], "order": [8, 8, 7]})


def shop(**required: tuple[str, ...]) -> Database:
    keys = ["users(id)", "orders(no)", "lines(line)", "orders.user -> users.id", "lines.order -> orders.no"]
    found = Database({"lines": LINES, "orders": ORDERS, "users": USERS}, keys)
    schema = found.schema
    for table in schema.tables:
        schema = schema.replace(table, required=required.get(table, ()))
    return found.with_schema(schema)


def told(database: Database) -> list[tuple[str, str, int, int]]:
    return [(p.what, p.key, p.rows, p.of) for p in database.problems()]


def test_what_does_not_hold_is_counted() -> None:
    assert told(shop()) == [("orphans", "orders.user -> users.id", 1, 3)]
    assert told(shop(orders=("user",))) == [
        ("missing", "orders(user)", 1, 4), ("orphans", "orders.user -> users.id", 1, 3)
    ]  # fmt: skip


def test_no_problem_tells_a_cell() -> None:
    secret = pl.DataFrame({"id": ["secret-1", "secret-1", None], "boss": ["secret-9", "secret-1", None]})
    database = Database({"t": secret}, ["t(id)", "t.boss -> t.id"])
    assert {p.what for p in database.problems()} == {"repeated", "missing", "orphans"}
    assert "secret" not in " ".join(map(str, database.problems()))
    with pytest.raises(InputError) as error:
        database.settled()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.DataFrame({"id": [1, 1, 1]}), "2 of 3 rows of 'users' share it"),
        (pl.DataFrame({"id": [1, None, 3]}), "1 of 3 rows of 'users' lack it"),
        (pl.DataFrame({"id": ["1", "1.0", "2"]}), None),
        (pl.DataFrame({"id": ["a", "A", "a "]}), None),
    ],
)
def test_a_primary_key_that_tells_no_rows_apart_is_an_error(frame: pl.DataFrame, said: str | None) -> None:
    database = Database({"users": frame}, ["users(id)"])
    if said is None:
        assert database.settled().tables["users"].equals(frame)
        return
    with pytest.raises(InputError, match=f"{said}.*name another"):
        database.settled()


def test_no_table_is_learnt_whose_key_tells_no_rows_apart() -> None:
    database = Database({"users": pl.DataFrame({"id": [1, 1], "age": [3, 4]})}, ["users(id)"])
    with pytest.raises(InputError, match="1 of 2 rows of 'users' share it"):
        Synthesizer().fit(database)


def test_orphans_are_taken_for_missing_and_it_is_told() -> None:
    with pytest.warns(LikewiseWarning, match=r"1 of 3 rows of 'orders' point.*user of 'orders' is taken for missing"):
        mended = shop().settled()
    assert mended.tables["orders"]["user"].to_list() == [1, None, None, 3]
    assert mended.problems() == ()
    assert mended.tables["lines"].equals(LINES)


@pytest.mark.parametrize("policy", ["null", "drop"])
def test_rows_left_out_take_those_with_them_that_point_at_them(policy: str) -> None:
    """The key may not be missing, so that "null" leaves out as "drop" does."""
    with pytest.warns(LikewiseWarning, match="rows left out: 2 of 'lines', 1 of 'orders'"):
        mended = shop(orders=("user",), lines=("order",)).settled(policy)  # type: ignore[arg-type]
    assert mended.tables["orders"]["no"].to_list() == [7, 9, 10]
    assert mended.tables["lines"]["line"].to_list() == [3]


def test_orphans_are_kept_or_refused_if_asked() -> None:
    with pytest.warns(LikewiseWarning, match="kept as they are"):
        assert shop().settled("keep").tables["orders"].equals(ORDERS)
    with pytest.raises(InputError, match="'null', 'keep' or 'drop'"):
        shop().settled("error")
    with pytest.raises(OptionError, match="orphans must be one of"):
        shop().settled("forget")  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ORPHANS)
def test_a_sound_database_stays_as_it_is_without_a_word(policy: str) -> None:
    sound = shop().with_tables({"orders": ORDERS.filter(pl.col("no") != 8), "lines": LINES.tail(1)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mended = sound.settled(policy)  # type: ignore[arg-type]
    assert all(mended.tables[name].equals(sound.tables[name]) for name in sound.tables)


def test_a_column_of_another_key_is_not_taken_for_missing() -> None:
    """Of two keys of several columns that share one, only what is the broken one's own may go."""
    schema = DatabaseSchema(
        {
            "shops": TableSchema(primary=("shop",)), "orders": TableSchema(primary=("shop", "no")),
            "lines": TableSchema(primary=("line",)),
        },
        (
            ForeignKey.of("orders.shop -> shops.shop"), ForeignKey.of("lines.shop -> shops.shop"),
            ForeignKey.of("lines(shop, no) -> orders(shop, no)"),
        ),
    )  # fmt: skip
    tables = {
        "shops": pl.DataFrame({"shop": [1, 2]}), "orders": pl.DataFrame({"shop": [1, 2], "no": [1, 1]}),
        "lines": pl.DataFrame({"line": [1, 2], "shop": [1, 2], "no": [1, 5]}),
    }  # fmt: skip
    with pytest.warns(LikewiseWarning, match="no of 'lines' is taken for missing"):
        mended = Database(tables, schema).settled()
    assert mended.tables["lines"].rows() == [(1, 1, 1), (2, 2, None)]


def circle(*required: str, deferrable: bool = False) -> list[str]:
    columns = {"a": "b", "b": "c", "c": "a"}
    tables = {t: TableSchema(primary=("id",), required=(up,) if t in required else ()) for t, up in columns.items()}
    keys = tuple(
        ForeignKey(table=t, columns=(up,), parent=up, parent_columns=("id",), deferrable=deferrable and t == "a")
        for t, up in columns.items()
    )
    frames = {t: pl.DataFrame({"id": [1], up: [1]}) for t, up in columns.items()}
    return [p.key for p in Database(frames, DatabaseSchema(tables, keys)).problems() if p.what == "circle"]


def test_a_circle_of_keys_that_may_never_be_missing_is_a_problem() -> None:
    assert circle("a", "b", "c") == ["a.b -> b.id, b.c -> c.id, c.a -> a.id"]
    assert circle("a", "b") == []
    assert circle("a", "b", "c", deferrable=True) == []


@pytest.mark.parametrize(
    ("own", "parent", "expected"),
    [
        ([2**63 - 1, -5], [-5, 2**63 - 1], [1, 0]),
        (pl.Series([2**63 + 7, 1], dtype=pl.UInt64), pl.Series([1, 2**63 + 7], dtype=pl.UInt64), [1, 0]),
        (["C-007", "c-007", "C-007 "], ["C-007"], [0, -2, -2]),
        (["007", "7"], ["007"], [0, -2]),
        ([1.0, None, 2.0], ["2", "1"], [1, -1, 0]),
        (["1", "x", ""], [1], [0, -2, -1]),
        (["NA", "?"], ["NA"], [0, -1]),
        (pl.Series(["b", "a"], dtype=pl.Categorical), ["a", "b"], [1, 0]),
        (pl.Series(["2020-01-02", "2020-01-01"]), pl.Series(["2020-01-01", "2020-01-02"]).str.to_date(), [1, 0]),
        (pl.Series([b"x", b"y"]), pl.Series([b"y"]), [-2, 0]),
        (pl.Series([None, None]), [1], [-1, -1]),
        ([1, 2], pl.Series([], dtype=pl.Int64), [-2, -2]),
    ],
)  # fmt: skip
def test_keys_are_compared_in_one_type(own: object, parent: object, expected: list[int]) -> None:
    left, right = pl.DataFrame({"k": own}), pl.DataFrame({"k": parent})
    assert parent_rows(left, ["k"], right, ["k"]).tolist() == expected


def test_a_row_points_at_nothing_where_a_column_of_its_key_is_missing() -> None:
    own = pl.DataFrame({"a": [1, None, 1, 1], "b": ["x", "x", None, "y"]})
    parent = pl.DataFrame({"p": [1, 2], "q": ["x", "x"]})
    assert parent_rows(own, ["a", "b"], parent, ["p", "q"]).tolist() == [0, -1, -1, -2]
