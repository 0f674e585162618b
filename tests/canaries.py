"""Tables with one person unlike all others in every column, and a look for that person in all that leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import load_file

GIVEN = ["Ann", "Bob", "Carl", "Dora", "Emil", "Fay", "Gus", "Hans"]
FAMILY = ["Meyer", "Smith", "Lopez", "Novak", "Rossi", "Weber", "Braun", "Lang"]


@dataclass(frozen=True)
class Planted:
    """A table, and what of it nobody may see again.

    Args:
        frame: with the canary somewhere among its rows.
        words: column -> a text of the canary that stands nowhere else.
        numbers: column -> a number, date or time of the canary, beyond those of all others.
        keys: columns of which no real value may be drawn.
        own: columns that together tell who somebody is.
    """

    frame: pl.DataFrame
    words: dict[str, str]
    numbers: dict[str, Any]
    keys: tuple[str, ...]
    own: tuple[str, ...]


def people(seed: int, n: int = 600) -> Planted:
    """One row each; the canary is one of them."""
    rng = np.random.default_rng([seed, 1])
    at = int(rng.integers(n))
    zips = rng.integers(10_000, 99_999, 40)
    frame = {
        "name": [f"{a} {b}" for a, b in zip(rng.choice(GIVEN, n), rng.choice(FAMILY, n), strict=True)],
        "mail": [f"user{k}@mail{k % 5}.example" for k in rng.permutation(10 * n)[:n]],
        "mobile": [f"+41 79 {a:03d} {b:04d}" for a, b in rng.integers(0, (1_000, 10_000), (n, 2))],
        "key": [f"K{k}" for k in rng.permutation(900_000)[:n] + 100_000],
        "salary": rng.lognormal(10.5, 0.4, n).round(2),
        "bonus": rng.integers(0, 5_000, n),
        "hired": [dt.date(2015, 1, 1) + dt.timedelta(int(d)) for d in rng.integers(0, 3_000, n)],
        "seen": [dt.datetime(2020, 1, 1) + dt.timedelta(seconds=int(s)) for s in rng.integers(0, 10**8, n)],
        "zip": [str(z) for z in rng.choice(zips, n)],
        "job": rng.choice(["clerk", "nurse", "driver", "cook"], n).tolist(),
        "smokes": ["no"] * n,
        "age": rng.integers(20, 66, n),
        "city": [None] * n,
        "kids": [None] * n,
        "remark": [f"{who} came {k} times, and left" for k, who in enumerate(rng.choice(["he", "she"], n))],
    }  # fmt: skip
    table = pl.DataFrame(frame, schema_overrides={"city": pl.String, "kids": pl.Int64})
    words = {
        "name": "Xanthippe Zquorx", "mail": "xz@qx.example", "mobile": "+99 11 222 3344", "key": "K7999777",
        "zip": "01234", "job": "astronaut", "city": "Qaanaaq", "remark": "xylophonist",
    }  # fmt: skip
    numbers = {
        "salary": 987_654.32, "bonus": 77_777, "hired": dt.date(1931, 2, 3),
        "seen": dt.datetime(2049, 7, 8, 9, 10, 11), "age": 117, "kids": 7,
    }  # fmt: skip
    for name, value in (words | numbers | {"smokes": "yes"}).items():
        column = table[name].to_list()
        column[at] = value
        table = table.with_columns(pl.Series(name, column, dtype=table[name].dtype))
    return Planted(table, words, numbers, ("name", "mail", "mobile", "key"), ("salary", "bonus", "hired"))


def payroll(seed: int, n_people: int = 80) -> Planted:
    """Twelve rows each; the canary is one of the people, and has twelve."""
    rng = np.random.default_rng([seed, 2])
    who = np.repeat(rng.permutation(n_people), 12)
    pairs = [f"{a} {b}" for a in GIVEN for b in FAMILY] + [f"{a} {b}-{b}" for a in GIVEN for b in FAMILY]
    names, pay = list(rng.permutation(pairs)[:n_people]), rng.lognormal(8.5, 0.3, n_people).round(2)
    born = [dt.date(1990, 1, 1) - dt.timedelta(int(d)) for d in rng.integers(0, 12_000, n_people)]
    site, mails = rng.choice(["north", "south"], n_people).tolist(), [f"e{k}@firm.example" for k in range(n_people)]
    names[0], pay[0], born[0], site[0] = "Xanthippe Zquorx", 987_654.32, dt.date(1931, 2, 3), "Qaanaaq"
    mails[0] = "xz@qx.example"
    table = pl.DataFrame({
        "employee_no": who + 4_711,
        "name": [names[k] for k in who],
        "mail": [mails[k] for k in who],
        "salary": pay[who],
        "born": [born[k] for k in who],
        "site": [site[k] for k in who],
        "month": np.tile(np.arange(1, 13), n_people),
        "hours": rng.integers(100, 180, len(who)),
    })  # fmt: skip
    words = {"name": "Xanthippe Zquorx", "mail": "xz@qx.example", "site": "Qaanaaq"}
    numbers = {"salary": 987_654.32, "born": dt.date(1931, 2, 3)}
    return Planted(table, words, numbers, ("employee_no", "name", "mail"), ("salary", "born"))


TABLES: dict[str, Callable[[int], Planted]] = {"people": people, "payroll": payroll}


def leaks_in_rows(planted: Planted, drawn: pl.DataFrame) -> Iterator[str]:
    """What of the canary, and which keys and combinations of others, stand in drawn rows, of texts or typed."""
    real, fake = (frame.select(pl.all().cast(pl.String)) for frame in (planted.frame, drawn))
    for name, value in {**planted.words, **planted.numbers}.items():
        whole = isinstance(value, int | float)
        text = str(value).split(" ")[0] if isinstance(value, dt.datetime) else str(value)
        if (fake[name] == text).any() if whole else fake[name].str.contains(text, literal=True).any():
            yield f"rows: {name}"
    if "smokes" in fake.columns and (fake["smokes"] == "yes").any():
        yield "rows: smokes"
    for name in planted.keys:
        if fake[name].is_in(real[name].drop_nulls().implode()).any():
            yield f"rows: real values of {name}"
    if len(fake.join(real.select(planted.own).unique(), on=list(planted.own), how="semi")):
        yield f"rows: real combinations of {', '.join(planted.own)}"


def leaks_in_bytes(planted: Planted, what: str, content: bytes) -> Iterator[str]:
    """Which texts and long numbers of the canary stand in a file or a stream."""
    long = {name: str(value) for name, value in planted.numbers.items() if len(str(value)) > 7}
    for name, text in {**planted.words, **long}.items():
        if name != "zip" and text.encode() in content:  # five digits stand in any page by chance
            yield f"{what}: {name}"


def leaks_in_model(planted: Planted, file: Path) -> Iterator[str]:
    """What of the canary stands in a model file; and whether pay ends at one person's exact figure."""
    yield from leaks_in_bytes(planted, "model", file.read_bytes())
    days = {
        name: (value - dt.date(1970, 1, 1)).days for name, value in planted.numbers.items() if type(value) is dt.date
    }
    cents = round(planted.numbers["salary"] * 100)
    pay = np.unique(np.rint(planted.frame["salary"].to_numpy() * 100))
    for name, array in load_file(file).items():
        if name.startswith("codec.") and name.endswith((".first", ".last")):
            if (array == cents).any() or np.isin(list(days.values()), array).any():
                yield f"model: the canary's figure in {name}"
            if array.dtype.kind == "i" and np.isin(array[[0, -1]], pay[(pay > 10_000)]).any():
                yield f"model: somebody's pay in {name}"
