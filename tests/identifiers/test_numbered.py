"""Claims about codes of which hardly any comes again: no real one is drawn, and measurements stay what they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.schema.column import Kind
from likewise.schema.infer import infer

N = 400
A, B, C = np.random.default_rng(0).integers((0, 1, 0), (40, 1000, 26), (N, 3)).T
LETTER = [chr(65 + c) for c in C]
CODES = {
    "visit": [f"{a:03d}-{b:03d}" for a, b in zip(A, B, strict=True)],
    "invoice": [f"{2020 + i % 3}/{i:04d}" for i in range(N)],
    "plate": [f"B-{c}K {b}" for b, c in zip(B, LETTER, strict=True)],
    "column_1": [f"京{c}·{100 * a + b:05d}" for a, b, c in zip(A, B, LETTER, strict=True)],
    "handle": [f"@{c.lower()}o{b}" for b, c in zip(B, LETTER, strict=True)],
    "file": [f"{a} C {b}/{18 + c % 5}" for a, b, c in zip(A, B, C, strict=True)],
    "case_no": (37 * np.arange(N) % 395 + 5000).tolist(),
    "住院号": (37 * np.arange(N) % 395 + 5000).tolist(),
}


@pytest.mark.parametrize("name", CODES)
def test_no_real_code_is_drawn_where_hardly_any_comes_again(name: str) -> None:
    real = pl.Series(name, CODES[name])
    assert real.n_unique() >= 0.9 * N
    model = lw.Synthesizer("copula", random_state=0).fit(pl.DataFrame([real, pl.Series("x", range(N)) % 7]))
    assert model.schema_[name].kind is Kind.ID
    assert not model.sample(300, random_state=0)[name].is_in(real.to_list()).any()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("pressure", [f"{100 + a}/{60 + b % 40}" for a, b in zip(A, B, strict=True)]),
        ("score", [f"{a}-{b}" for a, b in zip(A, B, strict=True)]),
        ("screen", [f"{a + 1} x {b}" for a, b in zip(A, B, strict=True)]),
        ("remark", [f"Delivered to floor {a} on day {b}" for a, b in zip(A, B, strict=True)]),
        ("length", [f"{a} ft {b} in" for a, b in zip(A, B, strict=True)]),
        ("version", [f"{a}.{b}.{c}" for a, b, c in zip(A, B, C, strict=True)]),
        ("visits_num", CODES["case_no"]),
        ("birth_number", CODES["case_no"]),
        ("total_no", CODES["case_no"]),
        ("steps", CODES["case_no"]),
        ("number", [100 + 7 * i % 290 for i in range(N)]),
        ("tickets", CODES["case_no"]),
        ("members", CODES["case_no"]),
    ],
)
def test_measurements_and_sentences_that_hardly_come_again_are_no_codes(name: str, values: list[str | int]) -> None:
    assert infer(pl.DataFrame({name: values, "x": range(N)}))[name].kind is not Kind.ID
