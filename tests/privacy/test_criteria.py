"""The models against figures of their papers, and the two ways of computing them against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import likewise as lw
from likewise.privacy import hierarchies, measure, row_risk
from likewise.privacy.criteria import distance, histogram_passes
from likewise.privacy.encoding import encode
from likewise.privacy.promise import Promise
from likewise.privacy.verify import SensitiveInput, verify

# Li, Li, Venkatasubramanian 2007, table 3: the 3-diverse patients table.
PATIENTS = pl.DataFrame(
    {
        "zip": ["476**"] * 3 + ["4790*"] * 3 + ["476*+"] * 3,
        "salary": [3, 4, 5, 6, 11, 8, 7, 9, 10],
        "disease": ["gastric ulcer", "gastritis", "stomach cancer", "gastritis", "flu", "bronchitis", "bronchitis",
                    "pneumonia", "stomach cancer"],
    }
)  # fmt: skip
DISEASES = {
    "flu": ["respiratory infection", "respiratory"],
    "pneumonia": ["respiratory infection", "respiratory"],
    "bronchitis": ["respiratory infection", "respiratory"],
    "gastric ulcer": ["stomach disease", "digestive"],
    "gastritis": ["stomach disease", "digestive"],
    "stomach cancer": ["stomach disease", "digestive"],
}


def test_ordered_distance_of_the_paper() -> None:
    q = np.full(9, 1 / 9)
    salaries = {3: 0, 4: 1, 5: 2, 6: 3, 7: 4, 8: 5, 9: 6, 10: 7, 11: 8}
    p = np.zeros((2, 9))
    for row, members in enumerate(([3, 4, 5], [6, 8, 11])):
        p[row, [salaries[s] for s in members]] = 1 / 3
    assert distance(p, q, "ordered") == pytest.approx([0.375, 1 / 6])
    measured = measure(PATIENTS, quasi_identifiers=["zip"], sensitive="salary").sensitive[0]
    assert measured.t_ordered == pytest.approx(0.375)


def test_hierarchical_distance_is_the_cost_of_moving_along_the_tree() -> None:
    from scipy.optimize import linprog

    column = encode(PATIENTS["disease"], hierarchies.from_dict(DISEASES))
    assert column.ladder is not None
    maps = np.stack(column.ladder.maps)
    m, height = column.n_levels, column.ladder.height
    cost = np.array([[min(s for s in range(height + 1) if maps[s, a] == maps[s, b]) / height for b in range(m)]
                     for a in range(m)])  # fmt: skip
    rng = np.random.default_rng(0)
    for _ in range(10):
        p, q = rng.dirichlet(np.ones(m)), rng.dirichlet(np.ones(m))
        sums = np.vstack([np.kron(np.eye(m), np.ones(m)), np.kron(np.ones(m), np.eye(m))])
        best = linprog(cost.ravel(), A_eq=sums, b_eq=np.r_[p, q]).fun
        assert distance(p[None], q, "hierarchical", column.ladder)[0] == pytest.approx(best)


def test_diversity_of_a_known_class() -> None:
    # Machanavajjhala et al. 2007: r = (4, 3, 2, 1).
    from likewise.privacy.criteria import Sensitive

    counts = np.array([[4.0, 3.0, 2.0, 1.0]])
    column = Sensitive("s", np.zeros(0, np.int32), 4, np.full(4, 0.25), "equal")

    def holds(**promise: Any) -> bool:
        return bool(histogram_passes(counts, Promise(k=1, **promise), column)[0])

    assert holds(l=4)
    assert not holds(l=5)
    effective = float(np.exp(-(counts / 10 * np.log(counts / 10)).sum()))
    assert holds(l=effective - 1e-6, l_kind="entropy")
    assert not holds(l=effective + 1e-6, l_kind="entropy")
    # 4 < c * (2 + 1) from c > 4/3 on; at equality it fails.
    assert holds(l=3, l_kind="recursive", c=1.34)
    assert not holds(l=3, l_kind="recursive", c=4 / 3)
    assert not holds(l=5, l_kind="recursive", c=100)
    assert holds(alpha=0.4)
    assert not holds(alpha=0.39)
    assert holds(t=0.2)
    assert not holds(t=0.19)


def test_which_models_stay_valid_upwards_under_suppression() -> None:
    assert Promise(k=5).only_grows
    assert Promise(k=5, l=2).only_grows
    others: list[dict[str, Any]] = [
        {"l": 2, "l_kind": "entropy"}, {"l": 2, "l_kind": "recursive", "c": 1.0}, {"t": 0.1}, {"alpha": 0.5},
        {"delta": (0.0, 0.5)},
    ]  # fmt: skip
    for promise in others:
        assert not Promise(k=5, **promise).only_grows


def test_merging_a_bad_class_can_spoil_a_good_one() -> None:
    # Why such tags may not be passed upwards: the lower node suppresses 4 rows, the upper all 8.
    from likewise.privacy.criteria import Sensitive

    column = Sensitive("s", np.zeros(0, np.int32), 2, np.array([0.25, 0.75]), "equal")
    model = Promise(k=1, l=1.9, l_kind="entropy")
    assert histogram_passes(np.array([[2.0, 2.0], [0.0, 4.0]]), model, column).tolist() == [True, False]
    assert not histogram_passes(np.array([[2.0, 6.0]]), model, column)[0]


PROMISES: list[dict[str, Any]] = [
    {"l": 2}, {"l": 1.8, "l_kind": "entropy"}, {"l": 2, "l_kind": "recursive", "c": 1.5}, {"t": 0.3}, {"alpha": 0.6},
]  # fmt: skip


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, 1, 2, 5, 6])), min_size=1, max_size=40),
    promise=st.sampled_from(PROMISES), kind=st.sampled_from(["equal", "ordered", "hierarchical"]),
)  # fmt: skip
def test_the_check_of_the_final_table_agrees_with_the_search(rows: Any, promise: dict[str, Any], kind: str) -> None:
    from likewise.privacy.criteria import Sensitive, class_passes

    frame = pl.DataFrame(rows, schema={"g": pl.Int64, "s": pl.Int64}, orient="row")
    ladder = hierarchies.from_dict({1: ["a", "x"], 2: ["a", "x"], 5: ["b", "x"], 6: ["c", "y"]})
    column = encode(frame["s"], ladder if kind == "hierarchical" else None)
    q = np.bincount(column.codes, minlength=column.n_levels) / len(rows)
    coded = Sensitive("s", column.codes, column.n_levels, q, kind, column.ladder)
    groups, order = encode(frame["g"]).codes.astype(np.int64), np.argsort(frame["g"].to_numpy(), kind="stable")
    model = Promise(k=1, **promise)
    search_says = class_passes(np.bincount(groups), groups[order], model, [coded], order).all()
    given_input = SensitiveInput("s", frame["s"], frame["s"], kind, ladder if kind == "hierarchical" else None)
    try:
        verify(frame, ["g"], Promise(k=1, **promise), [given_input])
        check_says = True
    except lw.PrivacyError:
        check_says = False
    assert search_says == check_says


def test_verify_refuses_starred_rows_that_still_speak() -> None:
    frame = pl.DataFrame({"a": ["x", "x", "y"], "s": ["1", "2", "*"]})
    with pytest.raises(lw.PrivacyError, match="1 of 1 classes do not hide"):
        verify(frame, ["a"], Promise(k=2), starred=pl.Series([False, False, True]))


# ---- measures ----------------------------------------------------------------------------------------------------


def test_measures_of_a_known_table() -> None:
    table = pl.DataFrame({"q": [1, 1, 1, 2, 2, None], "s": ["a", "b", "b", "a", "a", "c"]})
    found = measure(table, quasi_identifiers=["q"], sensitive="s")
    assert (found.k, found.n_classes, found.unique_rows) == (1, 3, 1)
    assert found.prosecutor_max == 1
    assert found.prosecutor_mean == found.marketer == pytest.approx(0.5)
    assert found.class_sizes["1"] == 1
    assert found.class_sizes["3-4"] == 3
    told = found.sensitive[0]
    assert (told.distinct_l, told.alpha, told.recursive_c) == (1, 1.0, {})
    assert told.entropy_l == pytest.approx(1.0)
    assert told.t_equal == pytest.approx(1 - 1 / 6)
    assert told.basic_beta == pytest.approx(5.0)
    assert row_risk(table, quasi_identifiers=["q"]) == pytest.approx([1 / 3] * 3 + [1 / 2] * 2 + [1])


def test_the_journalist_knows_the_population() -> None:
    table = pl.DataFrame({"q": [1, 1, 2]})
    everyone = pl.DataFrame({"q": [1, 1, 1, 1, 2, 2, 3]})
    found = measure(table, quasi_identifiers=["q"], population=everyone)
    assert (found.journalist_max, found.k_map, found.presence) == (0.5, 2, (0.0, 0.5))
    assert found.journalist_mean == pytest.approx((2 / 4 + 1 / 2) / 3)
    with pytest.raises(lw.InputError, match="1 classes of the table have nobody in the population"):
        measure(pl.DataFrame({"q": [9]}), quasi_identifiers=["q"], population=everyone)
