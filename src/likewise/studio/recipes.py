"""Every step as a command, as Python and as TOML, from the same state. What a job runs is the command shown here, with
the table's place for its name."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from likewise.schema.column import Schema
from likewise.studio.session import Change, Run, Session, Settings, Source

SCHEMA, ROWS, MODEL, REPORT, JSON, RULES = (
    "schema.json", "synthetic.csv", "model.likewise", "report.html", "report.json", "rules.toml",
)  # fmt: skip
DRAWN, LONGER, SHEET, BUDGET, ADVICE = "drawn.csv", "longer.csv", "sheet.html", "budget.json", "balance.json"
SHEETS = {"en": SHEET, "zh": "sheet-zh.html"}

WAYS = ("random", "smotenc", "autoregressive")
"""Ways of balancing that are tried, beside none and a tuned threshold."""


def hierarchy_files(schema: Schema, edits: Sequence[Any]) -> dict[str, str]:
    """Quasi-identifier whose hierarchy was edited -> the file that holds it."""
    edited = {edit.column for edit in edits}
    names = [column.name for column in schema if column.role == "quasi_identifier" and column.name in edited]
    return {name: f"hierarchy-{k}.csv" for k, name in enumerate(names, 1)}


def levels(schema: Schema, settings: Settings) -> dict[str, int]:
    """The steps that were set, of columns that are quasi-identifiers still."""
    return {
        c.name: settings.levels[c.name] for c in schema if c.role == "quasi_identifier" and c.name in settings.levels
    }


def written(source: Source) -> list[str]:
    """Options that say how a file is written, as far as a person said so."""
    said = source.written.to_dict()
    header = {None: [], True: ["--header"], False: ["--no-header"]}[said.pop("header", None)]
    return [*header, *(word for name, value in said.items() for word in (f"--{name}", str(value)))]


def fit_command(source: str, session: Session) -> list[str]:
    """Words behind `likewise` that learn, draw and measure; or that anonymise the rows themselves.

    Args:
        source: where the table is, or what it is called.
    """
    schema, settings, read = session.schema, session.settings, written(session.table)
    if settings.purpose == "rows":
        return _anonymize_command([source, *read], schema, settings, hierarchy_files(schema, session.edits))
    words = [
        "synth",
        source,
        *read,
        "-o",
        ROWS,
        "--schema",
        SCHEMA,
        "--model",
        settings.model,
        "--seed",
        str(settings.seed),
    ]
    for flag, value in (
        ("--target", schema.target), ("--time", settings.time), ("--max-seconds", settings.max_seconds),
        ("--rows" if settings.time is None else "--entities", settings.rows),
    ):  # fmt: skip
        words += [] if value is None else [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    if settings.purpose == "budget":
        words += ["--epsilon", f"{settings.epsilon:g}", "--delta", f"{settings.delta:g}", "--budget", BUDGET]
        words += [] if schema.entity is None else ["--entity", schema.entity, "--max-rows", str(settings.max_rows)]
        words += [word for what in settings.pay for word in ("--pay", what)] + ["--dp-only"] * settings.dp_only
    if settings.purpose == "k":
        words += ["--k-anonymous", str(settings.k)]
    return [*words, "--save", MODEL, "--report", REPORT, "--json", JSON]


def _anonymize_command(source: list[str], schema: Schema, settings: Settings, files: Mapping[str, str]) -> list[str]:
    words = ["anonymize", *source, "-o", ROWS, "--schema", SCHEMA, "--k", str(settings.k)]
    if settings.method == "lattice":
        words += ["--method", "lattice", "--max-suppression", f"{settings.max_suppression:g}"]
        words += [word for name, at in levels(schema, settings).items() for word in ("--level", f"{name}={at}")]
    words += [word for name, file in files.items() for word in ("--hierarchy", f"{name}={file}")]
    words += ["--report", REPORT, "--json", JSON]
    for column in schema:
        if column.role == "quasi_identifier":
            words += ["--quasi-identifiers", column.name]
    return words


def draw_command(session: Session, run: Run | None, source: str = "") -> list[str]:
    """Words that draw what is asked of the rows of a run.

    Args:
        source: where the table is; what it is called, if not given.
    """
    histories = (run.settings if run else session.settings).time is not None
    if histories and session.steps is not None:
        known = ["--continue", source or session.table.name, "--steps", str(session.steps)]
        return ["sample", MODEL, *known, "-o", LONGER, "--seed", str(session.draw_seed)]
    words = ["sample", MODEL, "--entities" if histories else "-n", str(session.n_rows), "-o", DRAWN]
    words += [word for text in session.where for word in ("--where", text)]
    for part, share in _mix(session, run):
        words += ["--mix", f"{part}:{share:g}"]
    return [*words, "--seed", str(session.draw_seed)]


def _mix(session: Session, run: Run | None) -> list[tuple[str, float]]:
    """The classes of the target that have a share, each as a condition."""
    target = (run.schema if run else session.schema).target
    if target is None:
        return []
    quoted = ((level.replace('"', '""'), percents) for level, percents in session.mix.items() if percents)
    return [(f'{target}="{level}"', percents / 100) for level, percents in quoted]


def sheet_command(counted: bool, lang: str = "en", *, measured: bool = True) -> list[str]:
    words = ["statement", MODEL, "-o", SHEETS[lang], *(["--report", JSON] if measured else [])]
    words += ["--budget", BUDGET] if counted else []
    return words if lang == "en" else [*words, "--lang", lang]


def advice_command(source: str, session: Session) -> list[str]:
    target, source_words = str(session.schema.target), [source, *written(session.table)]
    few = ["--folds", "3", "--max-rows", "3000", "--methods", ",".join(WAYS)]
    return ["balance", "compare", *source_words, "--target", target, "--schema", SCHEMA, *few, "--json", ADVICE]


def steps(session: Session, run: Run | None) -> dict[str, dict[str, str]]:
    """Screen -> "command", "python", "toml"."""
    source = session.table
    fit = fit_command(source.name, session)
    plan, asked = toml(session.plan()), run.settings if run else session.settings
    is_private, histories = asked.purpose == "budget", asked.time is not None
    return {
        "columns": {"command": _columns_command(source, session), "python": _columns_python(source, session.changes)},
        "protect": _protect_steps(session),
        "train": {"command": line(fit), "python": _fit_python(session)},
        "out": {"command": line(sheet_command(is_private)), "python": gate_python(), "toml": session.gate},
        "rows": {
            "command": line(draw_command(session, run)),
            "python": _draw_python(session, run, histories=histories),
        },
    } | {"plan": {"toml": plan}}


def line(words: Sequence[str]) -> str:
    return shlex.join(["likewise", *words])


# ---- columns ---------------------------------------------------------------------------------------------------------


def _columns_command(source: Source, session: Session) -> str:
    if source.blind:
        return f"# {SCHEMA} is saved from this page: likewise schema would look at the rows"
    unsayable = [change.column for change in session.changes if "=" in (change.column or "")]
    if unsayable:
        return f"# {SCHEMA} is saved from this page: --set cannot name {unsayable[0]!r}"
    words = ["schema", source.name, *written(source)]
    for change in session.changes:
        if change.rule is None:
            for name, value in change.said.items():
                words += ["--set", f"{change.column}.{name}={json.dumps(value, ensure_ascii=False)}"]
    for rule in session.schema.rules:
        words += ["--rule", rule]
    return _demo_file(source, "python -c \"from likewise.data import adult; adult().write_parquet('{}')\"\n") + line(
        [*words, "--json", SCHEMA]
    )


def _demo_file(source: Source, text: str) -> str:
    return text.format(source.name) if source.is_demo else ""


def _read_python(source: Source) -> list[str]:
    if source.is_demo:
        return ["import likewise as lw", "from likewise.data import adult", "", "frame = adult()"]
    return [
        "import likewise as lw",
        "",
        f"frame = lw.read({source.name!r}{', by_header=True' if source.blind else ''}{_dialect_python(source)})",
    ]


def _dialect_python(source: Source) -> str:
    said = ", ".join(f"{name}={value!r}" for name, value in source.written.to_dict().items())
    return f", dialect=lw.Dialect({said})" if said else ""


def _columns_python(source: Source, changes: Sequence[Change]) -> str:
    lines = [*_read_python(source), f"schema = lw.infer({'frame.clear()' if source.blind else 'frame'})"]
    for change in changes:
        if change.rule is None:
            said = ", ".join(f"{name}={value!r}" for name, value in change.said.items())
            lines.append(f"schema = schema.replace({change.column!r}, {said})")
    kept: dict[str, None] = {}
    for change in changes:
        if change.rule is not None:
            kept = kept | {change.rule: None} if change.holds else {k: None for k in kept if k != change.rule}
    if kept:
        lines.append(f"schema = schema.with_rules({list(kept)!r})")
    return "\n".join(lines)


# ---- purpose ---------------------------------------------------------------------------------------------------------


MODELS_STEPS = {
    "command": line(["models"]), "python": "import likewise.models\n\nprint(list(likewise.models.MODELS))",
}  # fmt: skip
"""What the models are."""


def _protect_steps(session: Session) -> dict[str, str]:
    """The odometer begun, or the question about balance; with neither, what the models are."""
    source, settings, target = session.table, session.settings, session.schema.target
    if settings.purpose == "budget":
        return account_steps(settings, "entity", session.schema.entity)
    if settings.purpose == "synthetic" and target is not None:
        command = advice_command(source.name, session)
        python = "\n".join([
            *_read_python(source), "from likewise.balance import compare", "",
            f"found = compare(frame.drop({target!r}), frame[{target!r}], folds=3, max_rows=3000,",
            f"                methods={list(WAYS)!r}, random_state=0)",
            "print(found.recommendation())",
        ])  # fmt: skip
        return {"command": line(command), "python": python}
    return MODELS_STEPS


def account_steps(settings: Settings, unit: str, whose: str | None) -> dict[str, str]:
    """The odometer begun.

    Args:
        unit: what tells whose a row is, "entity" or "root".
        whose: its name; None where each row is a person.
    """
    words = ["budget", BUDGET, "--epsilon", f"{settings.epsilon:g}", "--delta", f"{settings.delta:g}"]
    words += [] if whose is None else [f"--{unit}", whose, "--max-rows", str(settings.max_rows)]
    total = budget_python(replace(settings, pay=()), unit, whose)
    return {"command": line(words), "python": f'import likewise as lw\n\nlw.Budget("{BUDGET}", total={total}).create()'}


def budget_python(settings: Settings, unit: str, whose: str | None) -> str:
    """The budget of a fit, as `account_steps` takes it."""
    more = f", pay={settings.pay!r}" if settings.pay else ""
    more += f", {unit}={whose!r}, max_rows={settings.max_rows}" if whose is not None else ""
    return f"lw.DP({settings.epsilon:g}, {settings.delta:g}{more})"


# ---- learning --------------------------------------------------------------------------------------------------------


def _fit_python(session: Session) -> str:
    source, schema, settings = session.table, session.schema, session.settings
    by_header = ", by_header=True" if settings.purpose == "budget" else ""
    read = (
        "frame = adult()" if source.is_demo else f"frame = lw.read({source.name!r}{by_header}{_dialect_python(source)})"
    )
    lines = ["from pathlib import Path", "", "import likewise as lw"]
    lines += ["from likewise.data import adult"] if source.is_demo else []
    lines += ["", read, f'schema = lw.Schema.from_json(Path("{SCHEMA}").read_text(encoding="utf-8"))']
    if settings.purpose == "rows":
        names = [c.name for c in schema if c.role == "quasi_identifier"]
        files, more = hierarchy_files(schema, session.edits), ""
        if files:
            lines.insert(lines.index("import likewise as lw") + 1, "from likewise.privacy.hierarchies import from_csv")
            more += f", hierarchies={{{', '.join(f'{name!r}: from_csv({file!r})' for name, file in files.items())}}}"
        if settings.method == "lattice":
            more += f', method="lattice", max_suppression={settings.max_suppression:g}'
            more += f", levels={found!r}" if (found := levels(schema, settings)) else ""
        how = f"quasi_identifiers={names!r}, k={settings.k}, schema=schema{more}"
        lines += [f"result = lw.privacy.anonymize(frame, {how})"]
        return "\n".join([*lines, f'lw.write(result.frame, "{ROWS}")'])
    asked = [repr(settings.model), "schema=schema", f"random_state={settings.seed}"]
    if settings.time is not None:
        asked.append(f"time={settings.time!r}")
    if settings.max_seconds is not None:
        asked.append(f"max_seconds={settings.max_seconds:g}")
    if settings.purpose == "budget":
        asked.append(f"privacy={budget_python(settings, 'entity', schema.entity)}")
        asked.append(f'budget=lw.Budget("{BUDGET}")')
    if settings.purpose == "k":
        asked.append(f"codec=lw.CodecOptions(k_anonymous={settings.k})")
    lines += [
        f"synth = lw.Synthesizer({', '.join(asked)}).fit(frame)",
        f"fake = synth.sample({'' if settings.rows is None else settings.rows})",
        f'lw.write(fake, "{ROWS}", dialect=schema.dialect)',
        f'synth.save("{MODEL}")',
    ]
    if not (settings.purpose == "budget" and settings.dp_only):
        lines += [
            "report = lw.evaluate(",
            "    frame[synth.train_rows_], fake, holdout=frame[synth.holdout_rows_],",
            f"    target={schema.target!r}, schema=schema, random_state={settings.seed}, time={settings.time!r},",
            ")",
            f'report.to_html("{REPORT}")',
            f'report.to_json("{JSON}")',
        ]
    return "\n".join(lines)


# ---- the report and the gate -----------------------------------------------------------------------------------------


def gate_python() -> str:
    return "\n".join([
        "from pathlib import Path", "", "import likewise as lw",
        "from likewise.evaluate.thresholds import check, read_thresholds", "",
        f'report = lw.Report.from_json(Path("{JSON}").read_text(encoding="utf-8"))',
        f'for outcome in check(report, read_thresholds("{RULES}")):',
        '    print("kept" if outcome.passed else "BROKEN", outcome)',
    ])  # fmt: skip


# ---- rows ------------------------------------------------------------------------------------------------------------


def _draw_python(session: Session, run: Run | None, *, histories: bool) -> str:
    where, rows, seed, mix = session.where, session.n_rows, session.draw_seed, session.mix
    if histories and session.steps is not None:
        longer = f"synth.extend(frame, steps={session.steps}, random_state={seed})"
        lines = [*_read_python(session.table), f'synth = lw.load("{MODEL}")', f"longer = {longer}"]
        return "\n".join([*lines, f'lw.write(longer, "{LONGER}", dialect=synth.schema_.dialect)'])
    lines = ["import likewise as lw", "", f'synth = lw.load("{MODEL}")']
    asked = ""
    if where:
        read = "parse_row_where" if histories else "parse_where"
        lines.insert(1, f"from likewise.conditions import {read}")
        lines.append(f"where = dict({read}(text, synth.schema_) for text in {list(where)!r})")
        asked = ", where=where"
    if mix:
        target = (run.schema if run else session.schema).target
        shares = {level: percents / 100 for level, percents in mix.items() if percents}
        asked += f", mix={{{target!r}: {shares!r}}}"
        lines.append(f"rows = lw.Scenario().fit(synth).sample({rows}{asked}, random_state={seed}).frame")
    else:
        lines.append(f"rows = synth.sample({rows}{asked}, random_state={seed})")
    return "\n".join([*lines, f'lw.write(rows, "{DRAWN}", dialect=synth.schema_.dialect)'])


# ---- TOML ------------------------------------------------------------------------------------------------------------


def toml(plan: Mapping[str, Any]) -> str:
    """A plan as TOML, which `likewise studio FILE --plan PLAN` takes up again.

    Example:
        >>> print(toml({"source": "a.csv", "change": [{"column": "age", "said": {"kind": "real"}}], "fit": {"k": 5}}))
        source = "a.csv"
        <BLANKLINE>
        [[change]]
        column = "age"
        said = {"kind" = "real"}
        <BLANKLINE>
        [fit]
        k = 5
        <BLANKLINE>
    """
    flat, tables = [], []
    for key, value in plan.items():
        if isinstance(value, Mapping):
            tables.append(f"[{key}]\n" + _pairs(value))
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            tables += [f"[[{key}]]\n" + _pairs(one) for one in value]
        else:
            flat.append(f"{key} = {_value(value)}\n")
    return "\n".join(["".join(flat), *tables])


def _pairs(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    """A value in one line; TOML's basic strings are JSON's, but for the letter DEL."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
