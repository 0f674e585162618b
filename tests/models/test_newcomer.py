"""A generator is added by one folder and one line: it fits, draws, saves, loads and is listed unasked."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import OptionError
from likewise.models import MODELS

FOLDER = '''
"""Each column on its own, drawn by its shares."""

from dataclasses import dataclass

import numpy as np

from likewise.codecs.base import Codes
from likewise.models.about import About
from likewise.models.base import Generator, learnt
from likewise.models.drawing.conditioning import emitted
from likewise.models.options import number


@dataclass(kw_only=True)
class Shares(Generator):
    """Columns that know nothing of each other.

    Args:
        spare: rows added to each level.
    """

    name = "shares"
    about = About(purpose="A floor.", cost="Nothing.", guarantees="None.", avoid_when="Always.")

    spare: float = number(0.5)
    _shares = None

    def fit(self, fit):
        self._alphabet, codes = fit.alphabet, fit.rows().codes
        counts = [np.bincount(codes[:, j], minlength=f.size) + self.spare for j, f in enumerate(fit.alphabet.fields)]
        self._shares = [c / c.sum() for c in counts]
        return self

    def draw(self, n, rng, given):
        allowed = emitted(self._alphabet, given)
        codes = np.empty((n, len(self._alphabet.fields)), self._alphabet.code_dtype)
        for j, share in enumerate(learnt(self._shares)):
            p = share * allowed[j].weights if j in allowed else share
            codes[:, j] = rng.choice(len(p), n, p=p / p.sum())
        if given.codes is not None:
            codes = np.where(given.codes >= 0, given.codes, codes).astype(codes.dtype)
        return Codes(codes, rng.random((n, self._alphabet.n_fractions), dtype=np.float32))

    def state(self):
        return {f"share{j}": share for j, share in enumerate(learnt(self._shares))}

    def load_state(self, state, alphabet):
        self._alphabet, self._shares = alphabet, [state[f"share{j}"] for j in range(len(state))]
        return self
'''


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "shares"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""A newcomer."""\n')
    (folder / "model.py").write_text(textwrap.dedent(FOLDER))
    monkeypatch.syspath_prepend(str(tmp_path))
    from shares.model import Shares  # type: ignore[import-not-found]

    monkeypatch.setitem(MODELS, Shares.name, Shares)  # the one line
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "shares"]:
        del sys.modules[name]


@pytest.mark.usefixtures("newcomer")
def test_a_newcomer_fits_draws_saves_and_loads_through_a_synthesizer(tmp_path: Path) -> None:
    table = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
    made = lw.Synthesizer("shares", spare=1, random_state=0).fit(table)
    drawn = made.sample(50, where={"smokes": "yes"}, random_state=1)
    assert drawn.columns == table.columns
    assert set(drawn["smokes"]) == {"yes"}
    assert set(made.sample(50, random_state=1)["age"]) <= {23, 45, 31, 62}
    made.save(tmp_path / "model.lw")
    again = lw.Synthesizer.load(tmp_path / "model.lw")
    assert again.generator_.options() == {"spare": 1.0}
    assert again.sample(9, random_state=2).equals(made.sample(9, random_state=2))


@pytest.mark.usefixtures("newcomer")
def test_a_newcomers_options_are_held_to_what_they_were_declared_to_be() -> None:
    with pytest.raises(OptionError, match=r"spare must be a number of 0.0 or more, got -1"):
        lw.Synthesizer("shares", spare=-1)
    with pytest.raises(OptionError, match="has no option 'sparse'"):
        lw.Synthesizer("shares", sparse=1)


@pytest.mark.usefixtures("newcomer")
def test_a_newcomer_is_listed_with_what_its_docstring_says(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["models", "shares", "--json", str(tmp_path / "listed.json")])
    assert done.exit_code == 0, done.output
    kinds = json.loads((tmp_path / "listed.json").read_text())
    [found] = [facts for several in kinds.values() for facts in several if facts["name"] == "shares"]
    assert found["options"] == [{"name": "spare", "default": 0.5, "text": "rows added to each level."}]
