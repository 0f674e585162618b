"""The command line: what it writes and prints, what it refuses before the long work, and how it ends.

Most tests train a stand-in that resamples rows, for the command line computes nothing itself; the last ones run the
real thing on small tables.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

import likewise
from likewise import errors
from likewise.cli import app as cli
from likewise.cli import exits
from likewise.schema.column import Role, Schema
from likewise.training.loop import Event

COMMANDS = (
    "synth", "schema", "inspect", "sample", "complete", "evaluate", "compare", "audit", "statement", "budget",
    "anonymize", "pseudonymize", "models", "balance", "impute", "scenario", "demo", "studio",
)  # fmt: skip
PARTS = {"balance": ("rows", "compare"), "scenario": ("rows", "tail", "paths", "set")}
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `likewise` with these words in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *words: CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.fixture
def real(tmp_path: Path, mixed_frame: pl.DataFrame) -> Path:
    path = tmp_path / "real.csv"
    mixed_frame.write_csv(path)
    return path


class Resampler:
    """Stands in for `Synthesizer`: gives back rows that it has seen."""

    ledger_ = beside_ = database_ = None

    def __init__(self, model: str = "autoregressive", *, schema: Schema | None = None, **options: Any) -> None:
        self.model, self.schema_, self.options = model, schema, options

    def fit(self, frame: pl.DataFrame, **_: Any) -> Resampler:
        if self.options["progress"]:
            self.options["progress"](
                Event(
                    epoch=1, epochs=2, train_loss=9.0, holdout_loss=8.5, rows_per_second=1e4, seconds=1, eta_seconds=1
                )
            )
        self.frame = frame
        order = np.random.default_rng(0).permutation(len(frame))
        self.holdout_rows_, self.train_rows_ = order[: len(frame) // 10], order[len(frame) // 10 :]
        return self

    def sample(self, n: int | None = None, **_: Any) -> pl.DataFrame:
        return self.frame.sample(n or len(self.frame), with_replacement=True, seed=1)

    def save(self, path: Path) -> None:
        Path(path).write_text("a model")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Resampler]:
    """Put the stand-in in the place of `Synthesizer`; those that were made are listed here."""
    all_made: list[Resampler] = []

    def make(*args: Any, **options: Any) -> Resampler:
        all_made.append(Resampler(*args, **options))
        return all_made[-1]

    monkeypatch.setitem(vars(likewise), "Synthesizer", make)
    return all_made


# --- help ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [f"{command} {part}".strip() for command in COMMANDS for part in PARTS.get(command, ("",))],
)
def test_help_of_every_command_has_examples(run: Run, command: str) -> None:
    answer = run(*command.split(), "--help")
    assert answer.exit_code == 0
    assert "Examples:" in answer.stdout
    assert f"likewise {command} " in answer.stdout


def test_commands_are_those_we_document() -> None:
    alone = {c.callback.__name__ for c in cli.app.registered_commands if not c.hidden}
    parts = {g.name: tuple(c.name or c.callback.__name__ for c in g.typer_instance.registered_commands if not c.hidden)
             for g in cli.app.registered_groups}  # fmt: skip
    assert alone | set(parts) == set(COMMANDS)
    assert parts == PARTS


def test_help_names_every_exit_code(run: Run) -> None:
    text = " ".join(run("--help").stdout.split())
    assert all(f"{code} {meaning}" in text for code, meaning in exits.EXIT_CODES.items())


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from likewise.cli.app import app; app(['synth', '--help'], standalone_mode=False);"
        "print({'torch', 'polars', 'numpy', 'sklearn', 'pandas'} & set(sys.modules), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr == "set()\n"


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"likewise {likewise.__version__}\n"


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_shell_completion_is_offered(run: Run, option: str) -> None:
    assert option in run("--help").stdout


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_every_error_has_an_exit_code() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LikewiseError)
    ]
    unmapped = {kind for kind in kinds if not any(issubclass(kind, known) for known in exits._CODE_OF)}
    # Neither can be met from the command line: the root is never raised, and every command fits before it draws.
    assert unmapped == {errors.LikewiseError, errors.NotFittedError}
    assert set(exits._CODE_OF.values()) | {0, 1, exits.FAULT, 130} == set(exits.EXIT_CODES)


@pytest.mark.parametrize(("kind", "code"), exits._CODE_OF.items(), ids=lambda x: getattr(x, "__name__", x))
def test_an_error_is_one_clear_line_and_its_code(
    run: Run, real: Path, monkeypatch: pytest.MonkeyPatch, kind: type[errors.LikewiseError], code: int
) -> None:
    error = kind("xgboost", "xgboost") if kind is errors.MissingExtraError else kind("column 'age': too old")
    monkeypatch.setitem(vars(likewise), "Synthesizer", raiser(error))
    answer = run("synth", real, "-o", "fake.csv", "--quiet")
    assert answer.exit_code == code
    assert answer.stderr == f"likewise: {error}\n"
    assert answer.stdout == ""


def raiser(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def test_a_foreign_error_shows_its_type_but_not_its_text(run: Run, real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(likewise), "Synthesizer", raiser(ZeroDivisionError("a cell's value")))
    answer = run("synth", real, "-o", "fake.csv")
    assert answer.exit_code == exits.FAULT
    assert "ZeroDivisionError" in answer.stderr
    assert "a cell's value" not in answer.stderr


@pytest.mark.parametrize("error", [ZeroDivisionError("why"), errors.TrainingError("why")], ids=["foreign", "ours"])
def test_debug_shows_the_traceback(run: Run, real: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setitem(vars(likewise), "Synthesizer", raiser(error))
    quiet, loud = (run("synth", real, "-o", "fake.csv", *words) for words in ((), ("--debug",)))
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
    assert quiet.exit_code == loud.exit_code


def test_ctrl_c_leaves_the_old_output(run: Run, real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("fake.csv").write_text("old")
    monkeypatch.setitem(vars(likewise), "Synthesizer", raiser(KeyboardInterrupt()))
    answer = run("synth", real, "-o", "fake.csv")
    assert answer.exit_code == 130
    assert Path("fake.csv").read_text() == "old"
    assert sorted(p.name for p in Path().iterdir()) == ["fake.csv", "real.csv"]


# --- refused before the long work ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--rows", "0"], 2, "rows"),
        (["--rows", "-5"], 2, "rows"),
        (["--rows", "many"], 2, "rows"),
        (["--seed", "soon"], 2, "seed"),
        (["--seed", "-1"], 2, "seed"),
        (["--lang", "fr"], 2, "lang"),
        (["--no-such-option"], 2, "no-such-option"),
        (["--target", "scoer"], 4, "'score'"),
        (["--schema", "absent.json"], 3, "absent.json"),
        (["--save", "no/such/folder/m.likewise"], 5, "folder"),
        (["--report", "."], 5, "folder"),
        (["--json", "no/such/folder/f.json"], 5, "folder"),
        (["--save", "fake.csv"], 2, "named twice"),
        (["--report", "real.csv"], 2, "named twice"),
    ],
)
def test_a_wrong_option_is_refused_before_training(
    run: Run, real: Path, made: list[Resampler], words: list[str], code: int, said: str
) -> None:
    answer = run("synth", real, "-o", "fake.csv", *words)
    assert answer.exit_code == code
    assert said in re.sub(r"[│\s]+", " ", answer.stderr)
    assert not made
    assert sorted(p.name for p in Path().iterdir()) == ["real.csv"]


@pytest.mark.parametrize(
    ("output", "code"), [("real.csv", 2), (".", 5), ("no/such/folder/fake.csv", 5), ("fake.docx", 5)]
)
def test_an_output_that_cannot_be_written_is_refused_before_training(
    run: Run, real: Path, made: list[Resampler], output: str, code: int
) -> None:
    before = real.read_bytes()
    assert run("synth", real, "-o", output).exit_code == code
    assert not made
    assert real.read_bytes() == before


@pytest.mark.parametrize(("source", "output"), [("absent.csv", "fake.csv"), (".", "fake")])
def test_an_input_that_is_no_file_is_bad_input(run: Run, made: list[Resampler], source: str, output: str) -> None:
    """A folder is read as images, and here there are none."""
    answer = run("synth", source, "-o", output)
    assert answer.exit_code == 3
    assert answer.stderr.startswith("likewise: ")


def test_an_empty_input_is_bad_input(run: Run, made: list[Resampler]) -> None:
    Path("empty.csv").write_bytes(b"")
    assert run("synth", "empty.csv", "-o", "fake.csv").exit_code == 3


def test_a_schema_file_that_is_none_is_refused(run: Run, real: Path, made: list[Resampler]) -> None:
    Path("schema.json").write_text("{}")
    assert run("synth", real, "-o", "fake.csv", "--schema", "schema.json").exit_code == 4
    Path("schema.json").write_bytes(b"\xff\xfe\x00")
    assert run("synth", real, "-o", "fake.csv", "--schema", "schema.json").exit_code == 3
    assert not made


def test_a_file_that_is_no_model_is_told(run: Run) -> None:
    Path("m.likewise").write_bytes(b"not a model")
    answer = run("sample", "m.likewise", "-n", "5", "-o", "fake.csv")
    assert answer.exit_code == 6
    assert not Path("fake.csv").exists()


# --- the main job ----------------------------------------------------------------------------------------------------


def test_synth_writes_as_many_rows_as_it_read(run: Run, real: Path, made: list[Resampler]) -> None:
    answer = run("synth", real, "-o", "fake.csv", "--no-measure")
    assert answer.exit_code == 0, answer.stderr
    assert pl.read_csv("fake.csv").shape == pl.read_csv(real).shape
    assert "fake.csv: 400 rows" in answer.stdout


def test_rows_learnt_from_text_get_types_where_the_format_has_them(
    run: Run, real: Path, made: list[Resampler], mixed_frame: pl.DataFrame
) -> None:
    assert run("synth", real, "-o", "fake.parquet", "--no-measure").exit_code == 0
    types = pl.read_parquet("fake.parquet").schema
    natural = ("age", "gain", "score", "passed", "born")
    assert {name: types[name] for name in natural} == {name: mixed_frame.schema[name] for name in natural}
    assert run("evaluate", real, "fake.parquet").exit_code == 0


def test_synth_passes_its_options_on(run: Run, real: Path, made: list[Resampler]) -> None:
    words = ("--rows", 50, "--seed", 7, "--model", "vae", "--max-seconds", 3, "--target", "passed", "--no-measure")
    more = ("--condition-on", "grade", "--condition-on", "age", "--only", "age=30..40")
    assert run("synth", real, "-o", "fake.parquet", "--save", "m.likewise", *words, *more).exit_code == 0
    (one,) = made
    assert one.model == "vae"
    assert (one.options["random_state"], one.options["max_seconds"]) == (7, 3.0)
    assert (one.options["condition_on"], one.options["only"]) == (["grade", "age"], {"age": likewise.between(30, 40)})
    assert one.schema_ is not None
    assert one.schema_["passed"].role is Role.TARGET
    assert len(pl.read_parquet("fake.parquet")) == 50
    assert Path("m.likewise").exists()


def test_synth_prints_every_group_of_figures_and_writes_the_report(run: Run, real: Path, made: list[Resampler]) -> None:
    answer = run("synth", real, "-o", "fake.csv", "--target", "passed", "--report", "r.html", "--json", "r.json")
    assert answer.exit_code == 0, answer.stderr
    assert all(group in answer.stdout.lower() for group in ("fidelity", "utility", "privacy", "fresh real rows"))
    assert Path("r.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")
    figures = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert {score["group"] for score in figures["scores"]} == {"fidelity", "utility", "privacy"}


def test_json_on_standard_output_is_nothing_but_json(run: Run, real: Path, made: list[Resampler]) -> None:
    answer = run("synth", real, "-o", "fake.csv", "--json", "-")
    assert json.loads(answer.stdout)["scores"]
    assert "fidelity" in answer.stderr.lower()
    assert not Path("-").exists()


def test_quiet_says_nothing(run: Run, real: Path, made: list[Resampler]) -> None:
    answer = run("synth", real, "-o", "fake.csv", "--quiet")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "")


def test_notes_of_inference_are_told_on_standard_error(run: Run, made: list[Resampler]) -> None:
    rng = np.random.default_rng(0)
    pl.DataFrame({"work": rng.choice(["a", "b", "?"], 200), "pay": rng.random(200)}).write_csv("q.csv")
    answer = run("synth", "q.csv", "-o", "fake.csv", "--no-measure")
    assert answer.exit_code == 0, answer.stderr
    assert "note: column 'work'" in answer.stderr


def test_warnings_of_ours_become_notes_and_others_are_kept_quiet(
    run: Run, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import warnings

    class Warns(Resampler):
        def fit(self, frame: pl.DataFrame, **_: Any) -> Resampler:
            warnings.warn("column 'age': repaired", errors.LikewiseWarning, stacklevel=2)
            warnings.warn("between libraries", FutureWarning, stacklevel=2)
            return super().fit(frame)

    monkeypatch.setitem(vars(likewise), "Synthesizer", Warns)
    answer = run("synth", real, "-o", "fake.csv", "--no-measure")
    assert "note: column 'age': repaired\n" in answer.stderr
    assert "between libraries" not in answer.stderr
    assert run("synth", real, "-o", "fake.csv", "--no-measure", "--quiet").stderr == ""


def test_progress_is_shown_on_a_terminal_only(
    run: Run, real: Path, made: list[Resampler], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    assert "epoch" not in run("synth", real, "-o", "fake.csv", "--no-measure").stderr
    assert made[-1].options["progress"] is False
    monkeypatch.setattr(Console, "is_terminal", property(lambda self: True))
    shown = run("synth", real, "-o", "fake.csv", "--no-measure").stderr
    assert "held-out loss 8.500" in shown
    assert "10,000 rows/s" in shown
    run("synth", real, "-o", "fake.csv", "--no-measure", "--quiet")
    assert made[-1].options["progress"] is False


def test_a_long_search_for_rows_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from likewise.cli import terminal
    from likewise.codecs.base import Search

    shown: list[str] = []
    monkeypatch.setattr(Console, "is_terminal", property(lambda self: True))
    monkeypatch.setattr("rich.status.Status.update", lambda self, text: shown.append(text))
    search = Search(found=1, wanted=9, tried=4096, most=9999, share=0.001)
    for patience in (60.0, 0.0):
        monkeypatch.setattr(terminal, "PATIENCE_SECONDS", patience)
        with terminal.Terminal().drawing() as tell:
            assert tell is not None
            tell(search)
    assert shown == ["drawing · 1 of 9 rows found · 0.1 % of 4,096 tried meet the conditions"]
    with terminal.Terminal(quiet=True).drawing() as tell:
        assert tell is None


def test_demo_writes_table_model_and_report(run: Run, made: list[Resampler], monkeypatch: pytest.MonkeyPatch) -> None:
    from likewise import data

    small = data.adult().head(400)
    monkeypatch.setattr(data, "adult", lambda: small)
    answer = run("demo")
    assert answer.exit_code == 0, answer.stderr
    assert sorted(p.name for p in Path("likewise-demo").iterdir()) == ["model.likewise", "report.html", "synthetic.csv"]
    assert pl.read_csv("likewise-demo/synthetic.csv").columns == small.columns
    assert "privacy" in answer.stdout.lower()


def test_demo_tells_when_its_folder_cannot_be_made(run: Run, real: Path, made: list[Resampler]) -> None:
    assert run("demo", "-o", real).exit_code == 5
    assert not made


# --- inspect ---------------------------------------------------------------------------------------------------------


def test_inspect_shows_every_column_and_its_kind(run: Run, real: Path, mixed_frame: pl.DataFrame) -> None:
    answer = run("inspect", real)
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    kinds = dict(grade="categorical", passed="boolean", age="integer", score="real", seen="datetime", key="id")
    for name, kind in kinds.items():
        assert any(name in line and kind in line for line in lines), name


def test_an_edited_schema_beats_inference(run: Run, real: Path, made: list[Resampler]) -> None:
    assert run("inspect", real, "--json", "schema.json", "--quiet").stdout == ""
    schema = Schema.from_json(Path("schema.json").read_text(encoding="utf-8"))
    edited = schema.replace("age", role=Role.SENSITIVE)
    Path("schema.json").write_text(edited.to_json(), encoding="utf-8")
    assert run("synth", real, "-o", "fake.csv", "--schema", "schema.json", "--no-measure").exit_code == 0
    assert made[-1].schema_ is not None
    assert made[-1].schema_["age"].role is Role.SENSITIVE


def test_inspect_can_write_its_json_to_standard_output(run: Run, real: Path) -> None:
    answer = run("inspect", real, "--json", "-")
    assert len(Schema.from_json(answer.stdout).columns) == 9


# --- evaluate --------------------------------------------------------------------------------------------------------


def test_evaluate_measures_two_files(run: Run, real: Path) -> None:
    words = ("--holdout", real, "--target", "passed", "--json", "r.json", "--report", "r.html", "--lang", "zh")
    answer = run("evaluate", real, real, *words)
    assert answer.exit_code == 0, answer.stderr
    assert all(group in answer.stdout for group in ("保真度", "隐私"))
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["scores"]
    assert "<html" in Path("r.html").read_text(encoding="utf-8")


def test_evaluate_refuses_an_unknown_target_with_the_nearest_name(run: Run, real: Path) -> None:
    answer = run("evaluate", real, real, "--target", "pased")
    assert answer.exit_code == 4
    assert "'passed'" in answer.stderr


# --- the real thing, small -------------------------------------------------------------------------------------------


def test_from_a_file_to_a_table_a_model_a_report_and_conditioned_rows(run: Run, real: Path) -> None:
    words = ("--target", "passed", "--seed", 0, "--save", "m.likewise", "--report", "r.html", "--max-seconds", 1)
    answer = run("synth", real, "-o", "fake.csv", *words)
    assert answer.exit_code == 0, answer.stderr
    fake, seen = pl.read_csv("fake.csv"), pl.read_csv(real)
    assert fake.schema == seen.schema
    assert len(fake) == len(seen)
    assert not set(fake["key"]) & set(seen["key"])

    conditions = ("--where", "grade=high", "--where", "age=60..90")
    answer = run("sample", "m.likewise", "-n", 30, "-o", "old.parquet", "--seed", 1, *conditions)
    assert answer.exit_code == 0, answer.stderr
    old = pl.read_parquet("old.parquet")
    assert len(old) == 30
    assert (old["grade"] == "high").all()
    assert old["age"].is_between(60, 90).all()

    answer = run("sample", "m.likewise", "-n", 30, "-o", "no.csv", "--where", "gradee=high")
    assert answer.exit_code == 4
    assert "'grade'" in answer.stderr
    assert not Path("no.csv").exists()


def test_one_class_is_learnt_alone_and_a_class_of_few_rows_is_refused(run: Run, real: Path) -> None:
    words = ("--model", "copula", "--no-measure", "--seed", 0)
    answer = run("synth", real, "-o", "high.csv", "--only", "grade=high", "--only", "age=40..90", *words)
    assert answer.exit_code == 0, answer.stderr
    high, seen = pl.read_csv("high.csv"), pl.read_csv(real)
    assert (high["grade"] == "high").all()
    assert high["age"].is_between(40, 90).all()
    assert len(high) == seen.filter(pl.col("grade") == "high", pl.col("age").is_between(40, 90)).height

    answer = run("synth", real, "-o", "few.csv", "--only", "age=33", *words)
    assert answer.exit_code == 4
    assert "a class needs 20" in answer.stderr
    assert not Path("few.csv").exists()


def test_a_column_can_be_told_to_the_model(run: Run, real: Path) -> None:
    words = ("--no-measure", "--seed", 0, "--condition-on", "grade", "--condition-on", "passed")
    answer = run("synth", real, "-o", "fake.csv", "--model", "vae", "--max-seconds", 1, "--save", "m.likewise", *words)
    assert answer.exit_code == 0, answer.stderr
    assert len(likewise.load("m.likewise").generator_.condition_fields) == 2

    answer = run("synth", real, "-o", "fake.csv", "--model", "copula", *words)
    assert answer.exit_code == 2
    assert "model 'copula' has no option 'condition_on'" in answer.stderr


TELLS_WHEN_IT_LEARNS = """
from likewise.cli.app import main
from likewise.synthesizer import Synthesizer
learn = Synthesizer.fit
def fit(*args, **options):
    print("learning", flush=True)
    return learn(*args, **options)
Synthesizer.fit = fit
main()
"""


def test_ctrl_c_in_the_middle_ends_with_130_and_the_old_file(real: Path, tmp_path: Path) -> None:
    output = tmp_path / "fake.csv"
    output.write_text("old")
    pl.concat([pl.read_csv(real)] * 100).write_csv(real)
    words = [sys.executable, "-c", TELLS_WHEN_IT_LEARNS, "synth", str(real), "-o", str(output)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "learning\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped" in said
    assert output.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fake.csv", "real.csv"]


def test_a_table_too_small_to_hold_rows_out_is_measured_all_the_same(run: Run) -> None:
    Path("small.csv").write_text("a,b\n" + "".join(f"{i % 3},{'xy'[i % 2]}\n" for i in range(8)))
    result = run("synth", "small.csv", "-o", "fake.csv", "--seed", 1, "--max-seconds", 5)
    assert result.exit_code == 0, result.output
    assert len(pl.read_csv("fake.csv")) == 8


def test_a_table_of_keys_alone_is_written_and_told_to_have_nothing_to_measure(run: Run) -> None:
    Path("keys.csv").write_text("id\n" + "".join(f"{i}\n" for i in range(1, 301)))
    result = run("synth", "keys.csv", "-o", "fake.csv", "--seed", 1)
    assert result.exit_code == 0, result.output
    assert "nothing to measure" in result.stderr
    assert pl.read_csv("fake.csv")["id"].n_unique() == 300


def test_ctrl_c_before_the_command_is_read_ends_with_130_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from likewise.cli import app as read
    from likewise.cli import main

    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(read, "main", stopped)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "likewise: stopped\n"
