"""The user's whole way, with one odd row more: drafted, declared, fitted, saved, pickled, shown; equal but for noise.

The mechanisms' answers are blind here, so whatever differs between two tables that differ by one row came past them.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.dp.codec import private_codec
from likewise.dp.declaration import Declaration
from likewise.dp.ledger import Ledger
from likewise.errors import SchemaError
from likewise.schema.parse import parse, parse_declared
from likewise.synthesizer.fitting import Learnt, fit_privately
from likewise.tables.files import read

from .artefacts import blind_answers, blind_cuts, blind_sums

N = 160
INF = math.inf
SECRET = "held by one alone"
BUDGET = lw.DP(1.0, 1e-6)
DECLARED: dict[str, dict[str, Any]] = {
    "plan": {"levels": ["a", "b"]},
    "town": {"levels": ["north", "south"]},
    "age": {"kind": "integer", "bounds": [0, 20]},
    "visits": {"kind": "integer", "bounds": [0, 5]},
    "pay": {"kind": "real", "bounds": [0, 3], "decimals": 1},
    "share": {"kind": "real", "bounds": [0, 1]},
    "price": {"kind": "real", "bounds": [0, 9], "decimals": 2},
    "is_new": {"kind": "boolean", "labels": ["no", "yes"]},
    "day": {"kind": "datetime", "bounds": ["2020-01-01", "2020-12-31"], "format": "%m/%d/%Y"},
    "seen": {"kind": "datetime", "bounds": ["2020-01-01", "2020-01-20"], "format": "%Y-%m-%d %H:%M"},
    "key": {"kind": "id", "role": "id"},
}
SAID = {name: {**fields, "nullable": name != "visits"} for name, fields in DECLARED.items()}


@pytest.fixture(autouse=True)
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    blind_answers(monkeypatch)
    blind_cuts(monkeypatch)


def cells(n: int = N) -> dict[str, list[Any]]:
    rng = np.random.default_rng(41)
    days = [dt.datetime(2020, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 20, n)]
    return {
        "plan": rng.choice(["a", "b"], n).tolist(),
        "town": rng.choice(["north", "south"], n).tolist(),
        "age": rng.integers(0, 21, n).tolist(),
        "visits": rng.integers(0, 6, n).astype(float).tolist(),
        "pay": (rng.integers(0, 31, n) / 10).tolist(),
        "share": rng.random(n).tolist(),
        "price": [Decimal(int(cents)) / 100 for cents in rng.integers(0, 900, n)],
        "is_new": (rng.random(n) < 0.3).tolist(),
        "day": [day.date() for day in days],
        "seen": [day + dt.timedelta(hours=int(h)) for day, h in zip(days, rng.integers(0, 24, n), strict=True)],
        "key": list(range(1, n + 1)),
    }


def with_row(odd: dict[str, Any] | None) -> dict[str, list[Any]]:
    """The table, or the table and one row before all others: ordinary but for these cells."""
    table = cells()
    if odd is None:
        return table
    return {name: [odd.get(name, values[0]), *values] for name, values in table.items()}


ODD: dict[str, dict[str, Any]] = {
    "an ordinary row": {},
    "a missing cell": dict.fromkeys(DECLARED),
    "a new category": {"plan": SECRET, "town": SECRET},
    "NaN": {"visits": math.nan, "pay": math.nan, "share": math.nan},
    "infinity": {"visits": INF, "pay": INF, "share": INF},
    "minus infinity": {"visits": -INF, "pay": -INF, "share": -INF},
    "minus zero": {"visits": -0.0, "pay": -0.0, "share": -0.0, "price": Decimal("-0.00")},
    "a seventh decimal": {"visits": 2.0000001, "pay": 1.2345678, "share": 0.1234567},
    "2^60": {"age": 2**60, "visits": 2.0**60, "pay": 2.0**60, "share": 2.0**60, "price": Decimal(2**40), "key": 2**60},
    "below the bounds": {"age": -7, "visits": -7.0, "pay": -7.5, "share": -0.5, "price": Decimal("-7.25")},
    "a date no calendar has": {"day": dt.date(1, 1, 1), "seen": dt.datetime(1, 1, 1)},
    "the end of time": {"day": dt.date(9999, 12, 31), "seen": dt.datetime(9999, 12, 31, 23, 59)},
}
NO_TEXT = "a byte that is no text"
ODD_TEXTS: dict[str, dict[str, str]] = {
    NO_TEXT: {"town": NO_TEXT},
    "the other order of dates": {"day": "25/12/2020", "seen": "20-01-2020 03:00"},
    "a date written otherwise": {"day": "2020-01-05", "seen": "2020-01-05T03:00:00.123456"},
    "a new token for missing": dict.fromkeys(DECLARED, "unknown"),
    "a sure token for missing": dict.fromkeys(DECLARED, "N/A"),
    "blanks": dict.fromkeys(DECLARED, "  "),
    "numbers written otherwise": {"age": "1,000", "visits": "3.0", "pay": "$1.5", "share": "5e-1", "price": "1.2.3"},
    "words among numbers": {"age": "ten", "visits": "inf", "pay": "-Infinity", "share": "nan", "price": "NaN"},
    "leading zeros": {"age": "007", "visits": "00", "pay": "01.5", "key": "0009"},
    "digits beyond 64 bits": {"age": "9" * 30, "visits": "-" + "9" * 400, "pay": "9" * 400, "key": "9" * 30},
    "other truths": {"is_new": "TRUE", "plan": "yes"},
    "other marks of a table": {"town": 'a;b;c;d\t"quoted", |x|', "plan": "'"},
}


# ---- the table as each door takes it --------------------------------------------------------------------------------


def as_polars(table: dict[str, list[Any]]) -> pl.DataFrame:
    plans = [*dict.fromkeys(["b", "a", *(plan for plan in table["plan"] if plan)])]
    types: dict[str, Any] = {
        "plan": pl.Enum(plans), "town": pl.Categorical, "age": pl.Int64, "visits": pl.Float64, "pay": pl.Float64,
        "share": pl.Float32, "price": pl.Decimal(18, 2), "is_new": pl.Boolean, "day": pl.Date,
        "seen": pl.Datetime("us"), "key": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame({name: pl.Series(values, dtype=types[name]) for name, values in table.items()})


def as_pandas(table: dict[str, list[Any]]) -> pd.DataFrame:
    plans = [*dict.fromkeys(["b", "a", *(plan for plan in table["plan"] if plan)])]
    frame = as_polars(table).drop("seen").to_pandas()
    return frame.assign(
        plan=pd.Categorical(table["plan"], categories=plans, ordered=True),
        age=pd.array(table["age"], dtype="Int64"),
        is_new=pd.array(table["is_new"], dtype="boolean"),
        town=pd.Categorical(table["town"]),
        day=pd.Series(
            [None if day is None else np.datetime64(day, "s") for day in table["day"]], dtype="datetime64[s]"
        ),
        key=pd.array(table["key"], dtype="Int64"),
    )


def as_texts(table: dict[str, list[Any]]) -> dict[str, list[str | None]]:
    """Each cell as a CSV may hold it."""
    written: dict[str, Callable[[Any], str]] = {
        "is_new": lambda value: "yes" if value else "no",
        "day": lambda value: f"{value.month:02}/{value.day:02}/{value.year:04}",
        "seen": lambda value: value.isoformat(" ", "minutes"),
    }
    return {
        name: [None if value is None else written.get(name, str)(value) for value in values]
        for name, values in table.items()
    }


# ---- what leaves ----------------------------------------------------------------------------------------------------


def declared(draft: lw.Schema) -> lw.Schema:
    return draft.declare({name: fields for name, fields in SAID.items() if name in draft.names})


def replaced(draft: lw.Schema) -> lw.Schema:
    """The same, said a column at a time; what nobody says stays in the draft and must not be used."""
    for column in draft:
        draft = draft.replace(column.name, **SAID[column.name])
    return draft


def left_by_python(
    frame: Any, path: Path, say: Callable[[lw.Schema], lw.Schema], model: str = "mst", **options: Any
) -> dict[str, Any]:
    """All that a fit in Python leaves behind, as bytes and texts."""
    settings = options or {"iterations": 5}
    synth = lw.Synthesizer(model, schema=say(lw.infer(frame)), privacy=BUDGET, random_state=3, **settings).fit(frame)
    synth.save(path)
    again, twin = pickle.loads(pickle.dumps(synth)), copy.deepcopy(synth)
    drawn = [one.sample(12, random_state=7) for one in (synth, again, twin, lw.load(path))]
    kept = {name: value for name, value in vars(again).items() if not name.startswith(("generator", "ledger", "_"))}
    return {
        "file": path.read_bytes(),
        "pickle": pickle.dumps(again) if model in ("mst", "aim") else inside(again),
        "copy": pickle.dumps(twin) if model in ("mst", "aim") else inside(twin),
        "fields": {name: repr(value) for name, value in kept.items()},
        "schema": synth.schema_.to_json(),
        "repr": repr(synth.schema_) + repr(synth.plan_),
        "rows": [synth.n_rows_, *map(shown, drawn)],
    }


def inside(thing: Any, seen: frozenset[int] = frozenset()) -> Any:
    """All values within an object, by name; the pickle of a net tells where its tensors lie as well."""
    if id(thing) in seen:
        return "..."
    seen |= {id(thing)}
    if isinstance(thing, torch.Tensor):
        return thing.detach().float().numpy().tobytes()
    if isinstance(thing, np.ndarray):
        return thing.tobytes()
    if isinstance(thing, np.random.Generator):
        return repr(thing.bit_generator.state)
    if isinstance(thing, dict):
        return {repr(key): inside(value, seen) for key, value in thing.items()}
    if isinstance(thing, list | tuple | set | frozenset | pl.Series):
        return [inside(value, seen) for value in thing]
    if callable(thing) and hasattr(thing, "__qualname__"):
        return thing.__qualname__
    return {type(thing).__name__: inside(vars(thing), seen)} if hasattr(thing, "__dict__") else str(thing)


def shown(frame: Any) -> str:
    """Cells and types, the categories of each type among them."""
    if isinstance(frame, pd.DataFrame):
        return frame.to_csv() + str([getattr(dtype, "categories", dtype) for dtype in frame.dtypes])
    return str(frame.write_csv()) + repr(frame.schema)


def run(*arguments: object) -> str:
    answer = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert answer.exit_code == 0, answer.output
    return answer.output


def left_by_commands(source: str) -> dict[str, Any]:
    """All that the command line leaves behind in this folder: files, page, JSON, and what it says."""
    run("inspect", source, "--json", "schema.json")
    draft = json.loads(Path("schema.json").read_text())
    for column in draft["columns"]:
        column |= SAID[column["name"]]
    Path("schema.json").write_text(json.dumps(draft))
    outputs = {"-o": f"fake{Path(source).suffix}", "--save": "m", "--report": "page.html", "--json": "report.json"}
    flags = [part for pair in outputs.items() for part in pair]
    fast = ["--model", "mst", "--epsilon", 1, "--seed", 3, "--dp-only", "--rows", 15]
    said = run("synth", source, "--schema", "schema.json", *flags, *fast)
    return {"said": said, **{name: Path(name).read_bytes() for name in outputs.values()}}


# ---- the contract ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept() -> dict[str, dict[str, Any]]:
    """What the table without the odd row left, by door."""
    return {}


def assert_alike(
    kept: dict[str, dict[str, Any]], door: str, left: Callable[[dict[str, Any] | None], Any], odd: dict[str, Any]
) -> None:
    if door not in kept:
        kept[door] = left(None)
    whole, other = kept[door], left(odd)
    differing = [part for part in whole if whole[part] != other[part]]
    assert not differing, f"one row more shows in {', '.join(differing)}"
    assert SECRET.encode() not in b"".join(part for part in other.values() if isinstance(part, bytes))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("say", [declared, replaced])
def test_a_polars_frame(odd: str, say: Any, kept: dict[str, Any], tmp_path: Path) -> None:
    door = f"polars {say.__name__}"
    assert_alike(kept, door, lambda row: left_by_python(as_polars(with_row(row)), tmp_path / "m", say), ODD[odd])


@pytest.mark.parametrize("odd", [odd for odd in ODD if "calendar" not in odd and "time" not in odd])
def test_a_pandas_frame(odd: str, kept: dict[str, Any], tmp_path: Path) -> None:
    assert_alike(
        kept, "pandas", lambda row: left_by_python(as_pandas(with_row(row)), tmp_path / "m", declared), ODD[odd]
    )


@pytest.mark.parametrize("odd", ODD)
def test_a_parquet_file(odd: str, kept: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def left(row: dict[str, Any] | None) -> dict[str, Any]:
        as_polars(with_row(row)).write_parquet("real.parquet")
        return left_by_commands("real.parquet")

    assert_alike(kept, "parquet", left, ODD[odd])


NETS = {"epochs": 1, "sampling_rate": 0.25}
OTHERS: dict[str, dict[str, Any]] = {
    "aim": {"iterations": 5, "round_iterations": 3, "degree": 2},
    "autoregressive": NETS,
    "vae": {**NETS, "width": 16, "latent_dim": 4, "calibrate": 1},
    "gan": {**NETS, "width": 16},
}


@pytest.mark.filterwarnings("ignore:.*little will be learnt")
@pytest.mark.parametrize("odd", ["an ordinary row", "a missing cell", "a new category"])
@pytest.mark.parametrize("model", OTHERS)
def test_every_model(
    model: str, odd: str, kept: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind_sums(monkeypatch)

    def left(row: dict[str, Any] | None) -> dict[str, Any]:
        frame = as_polars(with_row(row)).select("plan", "visits", "is_new")
        return left_by_python(frame, tmp_path / "m", declared, model, **OTHERS[model])

    assert_alike(kept, model, left, ODD[odd])


def write_csv(odd: str | None, path: str) -> None:
    texts = as_texts(with_row(None if odd is None else ODD.get(odd, {})))
    if odd in ODD_TEXTS:
        texts = {name: [ODD_TEXTS[odd].get(name, values[0]), *values[1:]] for name, values in texts.items()}
    pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)).write_csv(path)
    if odd == NO_TEXT:
        Path(path).write_bytes(Path(path).read_bytes().replace(NO_TEXT.encode(), b"caf\xe9"))


@pytest.mark.parametrize("odd", [*ODD, *ODD_TEXTS])
def test_a_csv_file(odd: str, kept: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def left(row: dict[str, Any] | None) -> dict[str, Any]:
        write_csv(None if row is None else odd, "real.csv")
        return left_by_commands("real.csv")

    assert_alike(kept, "csv", left, {})


# ---- no other row is read otherwise ---------------------------------------------------------------------------------


def codes_of(raw: pl.DataFrame) -> Any:
    declaration = Declaration.of(declared(lw.infer(raw)), raw.schema, BUDGET)
    table = parse_declared(raw, declaration)
    return private_codec(table, declaration, Ledger(BUDGET)).encode(table)


@pytest.mark.parametrize("odd", [*ODD, *ODD_TEXTS])
def test_one_row_changes_how_no_other_is_read(odd: str, tmp_path: Path) -> None:
    doors = [(as_polars(with_row(None)), as_polars(with_row(ODD.get(odd, {}))))]
    for i, row in enumerate((None, odd)):
        write_csv(row, str(tmp_path / f"{i}.csv"))
    doors.append((read(tmp_path / "0.csv", by_header=True), read(tmp_path / "1.csv", by_header=True)))
    for whole, other in doors:
        a, b = codes_of(whole), codes_of(other)[1:]
        assert np.array_equal(a.codes, b.codes)
        assert np.array_equal(a.fractions, b.fractions)


# ---- and the contract can be broken ---------------------------------------------------------------------------------


def as_it_was_found(self: lw.Column, **said: Any) -> lw.Column:
    told = {f.name: getattr(self, f.name) for f in fields(self)}
    return lw.Column(**{**told, **said, "found": (), "notes": ()})


def keeping_rows(synth: lw.Synthesizer, budget: lw.DP, raw: pl.DataFrame, *rest: Any) -> Learnt:
    return replace(fit_privately(synth, budget, raw, *rest), train_rows=np.arange(raw.height))


def keeping_the_draft(synth: lw.Synthesizer, *rest: Any) -> Learnt:
    draft = synth.schema
    assert draft is not None
    return replace(fit_privately(synth, *rest), schema=draft)


PLANTED = {
    "a draft taken for declared": ("likewise.schema.column.Column.declared", as_it_was_found, "NaN"),
    "values that do not fit refused and counted": (
        "likewise.synthesizer.fitting.parse_declared",
        parse,
        "a new category",
    ),
    "row numbers kept": ("likewise.synthesizer.estimator.fit_privately", keeping_rows, "an ordinary row"),
    "the draft kept": (
        "likewise.synthesizer.estimator.fit_privately",
        keeping_the_draft,
        "a new category",
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_planted_leaks_are_caught(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, fake, odd = PLANTED[bug]
    monkeypatch.setattr(where, fake)
    left: dict[str, dict[str, Any]] = {}
    with pytest.raises((AssertionError, SchemaError)):
        assert_alike(left, "", lambda row: left_by_python(as_polars(with_row(row)), tmp_path / "m", replaced), ODD[odd])
    assert left  # the table without the odd row passed
