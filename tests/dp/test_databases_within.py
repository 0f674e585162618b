"""Databases within a budget: what is protected is a row of the root table with all rows that go back to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.databases.database import Database
from likewise.dp import columns, units
from likewise.dp.ledger import DP
from likewise.dp.units import Entities
from likewise.errors import OptionError, PrivacyError
from likewise.histories import declared, private
from likewise.synthesizer.databases import within
from likewise.synthesizer.databases.held import held_rows
from likewise.synthesizer.databases.public import Public
from likewise.typing import Ints

from ..databases.shops import check
from . import questions
from .artefacts import are_equal, blind_answers, blind_cuts, file_of
from .questions import first_of_each, last_of_each

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*drowns what they say", "ignore:.*are few for differential privacy", "ignore:.*are left out"
)

MOST = 5
BUDGET = DP(10.0, 1e-6, root="users", max_rows=MOST)
KEYS = [
    "orders.user -> users.id",
    "lines.order -> orders.no",
    "orders.shop -> shops.id",
    "orders(no)",
    "lines(order, line)",
]
Tables = Mapping[str, pl.DataFrame]


def tables(n: int = 60, seed: int = 0) -> dict[str, pl.DataFrame]:
    """Users, orders in time at shops that anybody knows, and lines of these; the country tells the price."""
    rng = np.random.default_rng(seed)
    country = rng.choice(["DE", "US"], n)
    users = pl.DataFrame({"id": [f"u{k}" for k in range(n)], "country": country})
    who = np.repeat(np.arange(n), rng.choice([0, 1, 2, 7], n))
    days = pl.Series(19_723 + rng.integers(0, 300, len(who)), dtype=pl.Int32).cast(pl.Date)
    orders = pl.DataFrame({
        "no": np.arange(len(who)) + 1, "user": users["id"].gather(who), "shop": rng.integers(1, 4, len(who)),
        "day": days, "price": np.where(country[who] == "US", 20, 5) + rng.integers(0, 5, len(who)),
    })  # fmt: skip
    of = np.repeat(np.arange(len(who)), rng.integers(1, 4, len(who)))
    line = np.arange(len(of)) - np.searchsorted(of, of) + 1
    lines = pl.DataFrame({"order": orders["no"].gather(of), "line": line, "thing": rng.choice(["a", "b"], len(of))})
    shops = pl.DataFrame({"id": [1, 2, 3], "town": ["Ulm", "Bonn", "Kiel"]})
    return {"users": users, "orders": orders, "lines": lines, "shops": shops}


DAY = {"bounds": ("2024-01-01", "2024-12-31"), "format": "%Y-%m-%d"}
COLUMNS = {
    "users": lw.infer(tables()["users"][["country"]]).declare({"country": {"levels": ("DE", "US")}}, nullable=False),
    "orders": lw.infer(tables()["orders"][["day", "price", "shop"]]).declare(
        {"day": DAY, "price": {"bounds": (0, 30)}, "shop": {}}, nullable=False
    ),
    "lines": lw.infer(tables()["lines"][["thing"]]).declare({"thing": {"levels": ("a", "b")}}, nullable=False),
}


def shop(frames: Tables | None = None, keys: list[str] | None = None) -> Database:
    """With all that anybody may know of it."""
    made = Database(tables() if frames is None else frames, KEYS if keys is None else keys)
    schema = made.schema
    for name, own in COLUMNS.items():
        schema = schema.replace(name, columns=own)
    return made.with_schema(schema.replace("orders", order="day").replace("shops", kept=True))


def synth(privacy: DP = BUDGET, **options: Any) -> lw.Synthesizer:
    asked = {"random_state": 0, "epochs": 1, "sampling_rate": 0.25}
    return lw.Synthesizer(privacy=privacy, **(asked | options))


def odd(n_orders: int = 40) -> dict[str, pl.DataFrame]:
    """Somebody like nobody else, who comes far more often than is counted."""
    no = np.arange(n_orders) + 100_000
    orders = pl.DataFrame({
        "no": no, "user": ["secret"] * n_orders, "shop": [3] * n_orders,
        "day": pl.Series(np.arange(n_orders) + 10, dtype=pl.Int32).cast(pl.Date), "price": [999] * n_orders,
    })  # fmt: skip
    orders = orders.with_columns(day=pl.when(pl.int_range(pl.len()) % 9 == 1).then(None).otherwise("day"))
    lines = pl.DataFrame({"order": np.repeat(no, 2), "line": np.tile([1, 2], n_orders), "thing": "zebra"})
    return {"users": pl.DataFrame({"id": ["secret"], "country": ["??"]}), "orders": orders, "lines": lines}


def with_more(base: Tables, more: Tables, *, first: bool = False) -> dict[str, pl.DataFrame]:
    def both(name: str) -> pl.DataFrame:
        parts = [base[name], more[name].cast(base[name].schema)] if name in more else [base[name]]  # type: ignore[arg-type]
        return pl.concat(parts[::-1] if first else parts)

    return {name: both(name) for name in base}


N = 1_000


@pytest.fixture(scope="module")
def fitted() -> lw.Synthesizer:
    return synth(epochs=8).fit(shop(tables(N)))


@pytest.fixture(autouse=True)
def few_are_drawn_to_calibrate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(within, "CALIBRATION", 64)


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def test_what_is_drawn_keeps_its_keys_and_follows_what_it_belongs_to(fitted: lw.Synthesizer) -> None:
    real, fake = shop(tables(N)), fitted.sample(random_state=1)
    check(fake, fitted.database_.schema, real)  # type: ignore[union-attr]
    assert len(fake["users"]) == pytest.approx(N, abs=30)
    orders = fake["orders"].join(fake["users"], left_on="user", right_on="id")
    means = dict(orders.group_by("country").agg(pl.col("price").mean()).iter_rows())
    assert means["US"] - means["DE"] > 8
    assert max(fake["orders"].group_by("user").len()["len"]) <= MOST
    assert fake["orders"].select(pl.col("day").diff().over("user").dt.total_days().min()).item() >= 0
    assert fake["shops"].equals(real["shops"])
    assert set(fake["orders"]["shop"]) <= {1, 2, 3}
    lines = fake["lines"].group_by("order").agg(pl.col("line").max(), pl.len())
    assert (lines["line"] == lines["len"]).all()


def test_conditions_and_given_rows_go_with_it(fitted: lw.Synthesizer) -> None:
    drawn = fitted.sample(where={"users.country": "US"}, rows={"users": 40}, random_state=2)
    assert set(drawn["users"]["country"]) == {"US"}
    known = pl.DataFrame({"id": ["x", "y"], "country": ["US", "DE"]})
    made = fitted.sample(given={"users": known}, random_state=2)
    assert made["users"].equals(known)
    assert set(made["orders"]["user"]) <= {"x", "y"}


def test_a_saved_model_draws_the_same_and_keeps_its_promise(fitted: lw.Synthesizer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "m.likewise")
    loaded = lw.load(tmp_path / "m.likewise")
    one, other = fitted.sample(random_state=3), loaded.sample(random_state=3)
    assert all(one[name].equals(other[name]) for name in one)
    assert loaded.ledger_ is not None
    assert loaded.ledger_.to_dict() == fitted.ledger_.to_dict()  # type: ignore[union-attr]
    assert loaded.privacy == BUDGET


def test_the_ledger_tells_of_each_table_and_keeps_the_budget(fitted: lw.Synthesizer) -> None:
    ledger = fitted.ledger_
    assert ledger is not None
    assert ledger.whole
    assert ledger.epsilon <= 10.0
    assert ledger.unit.startswith("row of table 'users' with all rows that go back to it")
    texts = [entry.what for entry in ledger.entries]
    for name in ("users", "orders", "lines"):
        assert any(f"table '{name}'" in text for text in texts)
    assert sum("gradients" in text for text in texts) == 3
    assert fitted.plan_ is not None
    assert fitted.plan_.of == "entities"


# ---- one contribution of each root -----------------------------------------------------------------------------------


def test_no_root_has_more_rows_in_a_table_than_are_counted() -> None:
    base = shop(with_more(tables(), odd()))
    held = held_rows(Public.of(base, BUDGET), base.tables)
    for name, rows in held.items():
        assert np.bincount(rows.unit).max() <= (1 if name == "users" else MOST)
        assert (np.diff(rows.unit) >= 0).all()
        if name != "users":
            assert np.array_equal(rows.unit, held[{"orders": "users", "lines": "orders"}[name]].unit[rows.parent])
    assert (held["orders"].keys["user"] == "secret").sum() == MOST


@pytest.mark.parametrize("more", [odd(), {k: v for k, v in tables(1, seed=4).items() if k != "shops"}])
def test_a_root_more_changes_no_row_of_any_other(
    more: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the steps are given: to each root its own rows, the same whoever stands before it in the tables."""
    if "secret" not in more["users"]["id"]:
        more["users"] = more["users"].with_columns(id=pl.lit("another"))
        more["orders"] = more["orders"].with_columns(pl.col("no") + 5_000, user=pl.lit("another"))
        more["lines"] = more["lines"].with_columns(pl.col("order") + 5_000)
    blind_answers(monkeypatch)
    blind_cuts(monkeypatch)
    given: list[dict[bytes, int]] = []
    honest = Entities.__init__

    def watched(self: Entities, codes: Any, lengths: Ints, *rest: Any) -> None:
        for rows in np.split(codes.codes, np.cumsum(lengths)[:-1]):
            given[-1][rows.tobytes()] = given[-1].get(rows.tobytes(), 0) + 1
        honest(self, codes, lengths, *rest)

    monkeypatch.setattr(Entities, "__init__", watched)
    for frames in (tables(), with_more(tables(), more, first=True)):
        given.append({})
        synth().fit(shop(frames))
    without, within_ = given
    assert all(within_.get(rows, 0) >= n for rows, n in without.items())
    assert sum(within_.values()) - sum(without.values()) <= 3  # one part of each training at most


CHANGES: dict[str, Callable[[Tables], Tables]] = {
    "an odd one more": lambda base: with_more(base, odd(), first=True),
    "one less": lambda base: {
        **base, "users": base["users"].filter(pl.col("id") != "u3"),
        "orders": base["orders"].filter(pl.col("user") != "u3"),
    },
    "rows of nobody": lambda base: with_more(base, {"orders": odd()["orders"], "lines": odd()["lines"]}),
    "a user twice": lambda base: with_more(base, {"users": base["users"].head(2).with_columns(country=pl.lit("??"))}),
}  # fmt: skip


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mechanisms that answer the same whatever the rows: whatever differs in a file came past them."""
    blind_answers(monkeypatch)
    blind_cuts(monkeypatch)
    monkeypatch.setattr(units, "noisy_sum", lambda total, *rest: np.sin(np.arange(len(total), dtype=float)))


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("change", CHANGES)
def test_files_of_neighbouring_databases_are_the_same_but_for_noise(change: str, tmp_path: Path) -> None:
    files = [file_of(synth().fit(shop(t)), tmp_path / "m.likewise") for t in (tables(), CHANGES[change](tables()))]
    assert are_equal(*files)


@pytest.mark.usefixtures("blind")
def test_a_planted_look_past_the_gate_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of rows that a table had, told as it is."""
    honest = within._Within._root

    def leaking(self: Any, name: str, types: Any) -> None:
        honest(self, name, types)
        self.models[name] = replace(self.models[name], n_rows=len(self.tables[name].table))

    monkeypatch.setattr(within._Within, "_root", leaking)
    more = CHANGES["an odd one more"](tables())
    files = [file_of(synth().fit(shop(t)), tmp_path / "m.likewise") for t in (tables(), more)]
    assert not are_equal(*files)


def furthest(first: Tables, second: Tables, monkeypatch: pytest.MonkeyPatch) -> float:
    """How far the answers to questions on two databases are apart, in terms of their sensitivities."""
    blind_cuts(monkeypatch)
    monkeypatch.setattr(columns, "noisy_choices", lambda look, rho, ledger, what, **rest: [0 for _ in look()])
    return questions.furthest(
        lambda: synth().fit(shop(first)), lambda: synth().fit(shop(second)), monkeypatch, least=12
    )


@pytest.mark.parametrize("chosen", [first_of_each, last_of_each])
def test_a_whole_root_moves_no_answer_further_than_the_ledger_says(
    chosen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (declared, units, private):  # what is chosen of the others is the same in both
        monkeypatch.setattr(module, "one_of_each", chosen)
    assert furthest(tables(), with_more(tables(), odd()), monkeypatch) <= 1 + 1e-9


def test_planted_counts_by_the_order_in_place_of_the_user_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (declared, units, private):
        monkeypatch.setattr(module, "one_of_each", first_of_each)
    honest = within.begin_within
    monkeypatch.setattr(within, "begin_within", lambda *args, unit, **rest: honest(*args, **rest))
    assert furthest(tables(), with_more(tables(), odd()), monkeypatch) > 2


def test_planted_rows_beyond_the_bound_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = with_more(tables(), odd())
    public = Public.of(shop(frames), BUDGET)
    unbounded = replace(public, most=10_000)
    assert np.bincount(held_rows(unbounded, frames)["lines"].unit).max() > MOST


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_what_a_budget_cannot_cover_is_refused_and_named() -> None:
    frames = tables()
    stray = {**frames, "notes": pl.DataFrame({"text": ["a"], "n": [1]})}
    both = frames["orders"].with_columns(payer=pl.col("user"))
    boss = frames["users"].with_columns(boss=pl.col("id"))
    cases: list[tuple[Database, DP, type[Exception], str]] = [
        (shop(), DP(1.0, 1e-6, root="user"), OptionError, "did you mean 'users'"),
        (shop(), DP(1.0, 1e-6, root="shops"), PrivacyError, "kept"),
        (shop(stray), BUDGET, PrivacyError, "'notes' goes back to no row of 'users'"),
        (
            shop({**frames, "orders": both}, [*KEYS, "orders.payer -> users.id"]), BUDGET, PrivacyError,
            "by several keys",
        ),
        (
            shop({**frames, "users": boss}, [*KEYS, "users.boss -> users.id"]), BUDGET, PrivacyError,
            "made anew",
        ),
        (Database(frames), BUDGET, PrivacyError, "keys that were found in the rows count for nothing"),
        (Database(frames, KEYS), BUDGET, PrivacyError, "'shops' goes back to no row"),
        (
            shop().with_schema(shop().schema.replace("lines", columns=None)), BUDGET, OptionError,
            "table 'lines': privacy needs a schema",
        ),
        (
            shop().with_schema(shop().schema.replace("lines", checks=("line > 0",))), BUDGET, OptionError,
            "rules",
        ),
        (
            shop({**frames, "shops": frames["shops"].cast({"id": pl.Float64})}), BUDGET, PrivacyError,
            "stored as Float64",
        ),
    ]  # fmt: skip
    for database, budget, kind, text in cases:
        with pytest.raises(kind, match=text):
            synth(budget).fit(database)
    with pytest.raises(OptionError, match="root='users'"):
        lw.Synthesizer(privacy=DP(1.0, 1e-6)).fit(shop())
    with pytest.raises(OptionError, match="'vae' learns no database"):
        lw.Synthesizer("vae", privacy=BUDGET).fit(shop())
    with pytest.raises(OptionError, match="rows of table 'users' of a database"):
        lw.Synthesizer(privacy=BUDGET).fit(frames["users"])
    with pytest.raises(OptionError, match="one of the two"):
        DP(1.0, 1e-6, root="users", entity="id")


def test_a_table_of_one_row_each_and_one_of_keys_alone() -> None:
    n = 300
    frames = {
        "users": pl.DataFrame({"id": np.arange(n)}),
        "profiles": pl.DataFrame({"user": np.arange(0, n, 2), "vip": True}),
    }  # fmt: skip
    made = Database(frames, ["profiles.user -> users.id", "profiles(user)", "users(id)"])
    own = lw.infer(frames["profiles"][["vip"]]).declare({"vip": {"kind": "boolean"}}, nullable=False)
    made = made.with_schema(made.schema.replace("profiles", columns=own))
    drawn = synth(DP(10.0, 1e-6, root="users", max_rows=3)).fit(made).sample(random_state=0)
    assert drawn["profiles"]["user"].is_unique().all()
    assert len(drawn["profiles"]) == pytest.approx(n / 2, abs=40)
    check(drawn, made.schema)


def test_the_command_line_takes_a_budget_of_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = within._Within._net

    def quick(self: Any) -> Any:
        net = honest(self)
        net.epochs, net.sampling_rate = 1, 0.25
        return net

    monkeypatch.setattr(within._Within, "_net", quick)
    shop().to_folder(tmp_path / "shop")
    asked = ["synth", str(tmp_path / "shop"), "-o", str(tmp_path / "fake"), "--seed", "0"]
    private_ = [*asked, "--epsilon", "10", "--root", "users", "--max-rows", str(MOST)]
    for words, text in (
        ([*asked, "--epsilon", "10"], "--root TABLE and --max-rows N"), ([*asked, "--dp-only"], "give --epsilon"),
        ([*asked, "--max-rows", "3"], "needs --epsilon"),
        ([*private_, "--dp-only", "--report", "r.html"], "leave --report"),
    ):  # fmt: skip
        refused = CliRunner().invoke(app, words)
        assert refused.exit_code == 2
        assert text in refused.output.replace("\n", " ")
    answer = CliRunner().invoke(app, [*private_, "--dp-only"])
    assert answer.exit_code == 0, answer.output
    assert "row of table 'users' with all rows that go back to it" in answer.output.replace("\n", " ")
    assert "C2ST" not in answer.output
    assert len(Database.from_folder(tmp_path / "fake")["users"]) > 20
    draft = CliRunner().invoke(app, ["inspect", str(tmp_path / "shop"), "--draft", "-o", str(tmp_path / "draft.json")])
    assert draft.exit_code == 0, draft.output
    assert '"columns"' in (tmp_path / "draft.json").read_text()


def test_fits_of_a_database_stand_in_the_file_of_all_fits(tmp_path: Path) -> None:
    """Roots are counted, whatever rows they have: two fits cost more than one, and less than for each of their rows."""
    file = tmp_path / "shop.json"
    budget = lw.Budget(file, total=replace(BUDGET, epsilon=30.0, delta=1e-5)).create()
    first = synth(budget=budget).fit(shop())
    assert first.ledger_ is not None
    assert budget.entries[0].status == "done"
    assert budget.entries[0].whole
    once = budget.spent
    assert 0 < once <= first.ledger_.epsilon  # at a greater delta
    synth(budget=budget).fit(shop())
    assert once < budget.spent <= 2.05 * once
    again = lw.Budget(file)  # as it is read anew
    assert again.total.root == "users"
    with pytest.raises(PrivacyError, match="does not hold this fit"):
        synth(replace(BUDGET, epsilon=29.0), budget=again).fit(shop())
    with pytest.raises(PrivacyError, match="do not add up"):
        synth(replace(BUDGET, max_rows=MOST + 1), budget=again).fit(shop())
    table = lw.Budget(tmp_path / "table.json", total=DP(3.0)).create()
    with pytest.raises(PrivacyError, match="do not add up"):
        synth(budget=table).fit(shop())
    assert len(lw.Budget(file).entries) == 2
    assert 0 < again.left < 30.0
