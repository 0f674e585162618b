"""Engines give the same results in the same order, whoever dies; a fold does not hang on who gave the parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines import jobs

from likewise.engines import Engine, engine_of, fold
from likewise.engines import ray as of_ray
from likewise.errors import EngineError, MissingExtraError, OptionError


@pytest.fixture(scope="module", params=["local", "processes", "ray"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "ray":
        pytest.importorskip("ray")
    with engine_of(request.param, workers=None if request.param == "local" else 2) as made:
        yield made


def test_results_come_in_the_order_of_the_items(engine: Engine) -> None:
    assert list(engine.map(jobs.power, range(9), 2)) == [i**2 for i in range(9)]
    assert list(engine.map(jobs.slow_first, range(6), 0.3)) == list(range(6))
    assert list(engine.map(jobs.power, [], 2)) == []


def test_an_error_of_a_function_is_told_and_the_engine_goes_on(engine: Engine) -> None:
    with pytest.raises(ValueError, match="three is too many"):
        list(engine.map(jobs.fails_at_three, range(6), None))
    assert list(engine.map(jobs.power, [3], 3)) == [27]


def test_no_more_is_begun_than_twice_the_workers_and_what_was_taken(engine: Engine, tmp_path: Path) -> None:
    results = engine.map(jobs.counted, range(100), tmp_path)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close() if hasattr(results, "close") else None
    assert len(list(tmp_path.iterdir())) <= 3 + 2 * engine.workers


def test_an_item_whose_worker_is_killed_is_begun_again(engine: Engine, tmp_path: Path) -> None:
    if engine.workers == 1:
        pytest.skip("the worker is this process")
    assert list(engine.map(jobs.dies_once, range(6), tmp_path)) == list(range(6))
    assert (tmp_path / "died").exists()
    with pytest.raises(EngineError, match="workers died 3 times over an item"):
        list(engine.map(jobs.dies, [0], None))


def test_a_gang_talks_and_is_begun_again_when_one_dies(engine: Engine, tmp_path: Path) -> None:
    size = engine.workers
    whole = [(0, b""), *((i, b"hello") for i in range(1, size))]
    assert engine.run(jobs.greets, size, tmp_path) == whole
    if size > 1:
        (tmp_path / "die").touch()
        assert engine.run(jobs.greets, size, tmp_path) == whole
        assert not (tmp_path / "die").exists()


def test_a_worker_has_one_thread(engine: Engine) -> None:
    if engine.workers > 1:
        assert list(engine.map(jobs.threads, range(2), None)) == [1, 1]


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"engine": "spark"}, {"workers": 0}, {"workers": 2}, {"address": "auto"}):
        with pytest.raises(OptionError):
            engine_of(**wrong)
    with engine_of("local") as here, pytest.raises(OptionError, match="one worker"):
        here.run(jobs.greets, 2, Path())
    with engine_of("processes", workers=1) as other, pytest.raises(OptionError, match="top of a module"):
        list(other.map(lambda item, _: item, [1], None))

    def absent(name: str) -> None:
        raise ImportError

    monkeypatch.setattr(of_ray, "import_module", absent)
    with pytest.raises(MissingExtraError, match=r"likewise\[ray\]"):
        engine_of("ray")


def test_a_cluster_that_does_not_answer_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(of_ray, "PATIENCE", 0.2)
    monkeypatch.setattr(of_ray, "import_module", lambda name: _NoRay())
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        for address in ("127.0.0.1:1", f"127.0.0.1:{deaf.getsockname()[1]}", "ray://127.0.0.1:1"):
            with pytest.raises(EngineError, match=r"no Ray cluster answers at '.*127\.0\.0\.1"):
                engine_of("ray", address=address)
    with pytest.raises(OptionError, match="host:port"):
        engine_of("ray", address="somewhere")


class _NoRay:
    def is_initialized(self) -> bool:
        return False


@given(st.lists(st.floats(-1e6, 1e6), max_size=90), st.integers(2, 9))
def test_a_fold_gives_the_tree_that_the_number_of_results_makes(values: list[float], arity: int) -> None:
    assert fold(([v] for v in values), lambda parts: [v for part in parts for v in part], arity) == (values or None)
    most = 0

    def merged(parts: list[str]) -> str:
        nonlocal most
        most = max(most, len(parts))
        return f"({' '.join(parts)})"

    tree = fold(iter(["x"] * len(values)), merged, arity)
    assert most <= arity
    assert (tree or "").count("x") == len(values)
