"""Claims about a model file whose rules somebody has tampered with: it is refused in words, or still draws."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.personal.test_hostile import GONE, LARGER, OFTEN, VALUES, changed, places

from likewise.rules.plan import RulePlan
from likewise.schema.distinct import Columns
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.synthesizer.saved import DAMAGE

RULES = [
    "total = round(price * qty, 2)", "city, land from data", "a <= b", "st = 'open' -> c is null", "f % 5 = 0",
    "st = 'shut' -> email is not null", "unique (a, b, f)",
]  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> RulePlan:
    rng, n = np.random.default_rng(0), 300
    city, price, qty, a = (
        rng.choice(["Rome", "Oslo"], n),
        rng.gamma(3, 4, n).round(2),
        rng.integers(1, 9, n),
        rng.integers(0, 50, n),
    )
    frame = pl.DataFrame({
        "price": price, "qty": qty, "total": (price * qty).round(2), "city": city,
        "land": np.where(city == "Oslo", "NO", "IT"), "a": a, "b": a + rng.integers(0, 900, n) / 10,
        "f": rng.integers(0, 40, n) * 5, "st": rng.choice(["open", "shut"], n),
        "email": [f"ann.meyer{k}@mail.com" for k in range(n)],
    }).with_columns(c=pl.when(pl.col("st") == "open").then(None).otherwise(pl.col("a") % 7))  # fmt: skip
    schema = infer(frame, entity=False)
    return RulePlan.of(RULES, schema, Columns.of(parse(frame, schema)), np.arange(n), 5, keys=True)


def test_every_part_of_a_plan_may_be_anything(plan: RulePlan) -> None:
    data = json.loads(json.dumps(plan.to_dict()))
    assert {step["kind"] for step in data["steps"]} >= {"presence", "computed", "scaled", "joint"}
    assert RulePlan.from_dict(data, plan.schema).to_dict() == data
    tried = refused = 0
    more = ["total", "email", "unique (a, b)", "city, land from data", "a < b", "b < a", "1 / (1 / (1 / (1 / a))) < 2"]
    for path in places(data):
        old: Any = data
        for key in path:
            old = old[key]
        values = [
            *VALUES,
            *more,
            GONE,
            *[OFTEN] * (isinstance(old, list) and bool(old)),
            *[LARGER] * (type(old) is int),
        ]
        for value in values:
            tried += 1
            try:
                RulePlan.from_dict(changed(copy.deepcopy(data), path, value), plan.schema)
            except DAMAGE:
                refused += 1
    assert tried > 900
    assert 0.5 * tried < refused < tried
