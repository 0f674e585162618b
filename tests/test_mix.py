"""`likewise sample --mix`: a column's values in the shares that are asked for."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli import app as cli


@pytest.fixture
def model(tmp_path: Path) -> Path:
    frame = pl.DataFrame({"age": list(range(20, 70)) * 4, "pays": (["no"] * 4 + ["yes"]) * 40})
    lw.Synthesizer("copula", random_state=0).fit(frame).save(tmp_path / "m.likewise")
    return tmp_path / "m.likewise"


def run(*words: object) -> tuple[int, str]:
    answer = CliRunner().invoke(cli.app, ["sample", *map(str, words)])
    return answer.exit_code, answer.output


def test_shares_are_exact_under_conditions_and_the_same_again(model: Path, tmp_path: Path) -> None:
    asked = (model, "-n", 40, "--mix", "pays=yes:0.75", "--where", "age>=40", "--seed", 3)
    for name in ("a.csv", "b.csv"):
        code, said = run(*asked, "-o", tmp_path / name)
        assert code == 0, said
    drawn = pl.read_csv(tmp_path / "a.csv")
    assert drawn.equals(pl.read_csv(tmp_path / "b.csv"))
    assert dict(drawn["pays"].value_counts().iter_rows()) == {"yes": 30, "no": 10}
    assert drawn["age"].min() >= 40  # type: ignore[operator]


@pytest.mark.parametrize(
    ("words", "told"),
    [(("--mix", "pays=yes"), "COL=VALUE:SHARE"), (("--mix", "pays=yes:2"), "share"),
     (("--mix", "nobody=yes:0.5"), "nobody"), (("--mix", "pays=yes:0.5", "--max-tries", "9"), "--max-tries"),
     (("--mix", "pays=yes:0.5", "--where", "pays=no"), "contradict")],
)  # fmt: skip
def test_what_is_no_mix_is_refused_and_nothing_is_written(
    model: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    code, said = run(model, "-n", 40, "-o", tmp_path / "x.csv", *words)
    assert code != 0
    assert told in " ".join(said.split())
    assert not (tmp_path / "x.csv").exists()
