"""Every generator says what it is for, what it costs, what holds and when not to use it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from typer.testing import CliRunner

from likewise import errors
from likewise.cli.app import app
from likewise.cli.models import catalogue
from likewise.models import MODELS
from likewise.models.about import About, describe
from likewise.models.images import IMAGE_MODELS
from likewise.models.windows import WINDOW_MODELS

EVERY = [*MODELS.values(), *IMAGE_MODELS.values(), *WINDOW_MODELS.values()]
every_kind = pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)


@every_kind
def test_every_generator_says_in_four_sentences_what_it_is(kind: type[Any]) -> None:
    assert "about" in vars(kind), "what a class inherits says nothing of its own"
    for sentence in fields(About):
        text = getattr(kind.about, sentence.name)
        assert 20 < len(text) < 240
        assert text[0].isupper()
        assert text.endswith(".")


@every_kind
def test_every_option_is_told_with_its_default(kind: type[Any]) -> None:
    facts = describe(kind)
    assert {o["name"]: o["default"] for o in facts["options"]} == kind().options()
    assert not [o["name"] for o in facts["options"] if len(o["text"]) < 8], "the docstring's Args must name it"


def test_the_list_is_whole_and_json() -> None:
    listed = catalogue()
    assert [facts["name"] for facts in listed["tables"]] == list(MODELS)
    assert [facts["name"] for facts in listed["images"]] == list(IMAGE_MODELS)
    assert [facts["name"] for facts in listed["windows"]] == list(WINDOW_MODELS)
    assert json.loads(json.dumps(listed)) == listed


def test_one_of_a_name_and_none_of_another() -> None:
    assert [len(kinds) for kinds in catalogue("vae").values()] == [1, 1, 1]
    assert [len(kinds) for kinds in catalogue("cart").values()] == [1, 0, 0]
    with pytest.raises(errors.OptionError, match=r"no model 'capula'.*did you mean 'copula'"):
        catalogue("capula")


def run(*words: str) -> str:
    answer = CliRunner().invoke(app, ["models", *words], env={"COLUMNS": "100", "NO_COLOR": "1"})
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_the_command_lists_every_model_and_shows_one_in_detail() -> None:
    everything, one = run(), run("copula")
    assert all(name in everything for name in (*MODELS, *IMAGE_MODELS, "not when", "kl_weight=0.5"))
    assert "pulls them towards none" in " ".join(one.split())
    assert "autoregressive" not in one


def test_the_command_writes_json() -> None:
    answer = CliRunner().invoke(app, ["models", "vae", "--json", "-", "--quiet"])
    assert json.loads(answer.stdout) == catalogue("vae")


def test_an_unknown_name_ends_with_the_code_of_wrong_usage() -> None:
    answer = CliRunner().invoke(app, ["models", "gna"])
    assert answer.exit_code == 2
