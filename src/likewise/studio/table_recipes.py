"""The steps with several tables as commands and as Python, from the same state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from likewise.databases.keys import DatabaseSchema
from likewise.studio.recipes import (
    BUDGET,
    JSON,
    MODEL,
    MODELS_STEPS,
    REPORT,
    account_steps,
    budget_python,
    gate_python,
    line,
    sheet_command,
    toml,
)
from likewise.studio.session import Session, Settings
from likewise.studio.tables import KeyChange, Tables

KEYS = "database.json"
ROWS, DRAWN = "synthetic", "drawn"


def place(tables: Tables, what: str) -> str:
    """What drawn tables are written to, of the kind that was read."""
    return f"{what}.sqlite" if tables.is_sql else what


def shown(tables: Tables) -> str:
    """What the tables are called in commands."""
    return tables.name.removesuffix(".zip") + "/" * tables.path.is_dir()


def is_measured(settings: Settings) -> bool:
    """Whether a run ends in a report; within a budget all of it may be withheld."""
    return settings.purpose != "budget" or not settings.dp_only


def fit_command(source: str, tables: Tables, keys: DatabaseSchema, settings: Settings) -> list[str]:
    words = ["synth", source, "-o", place(tables, ROWS), "--schema", KEYS, "--seed", str(settings.seed)]
    words += [] if settings.max_seconds is None else ["--max-seconds", f"{settings.max_seconds:g}"]
    if settings.purpose == "budget":
        words += ["--epsilon", f"{settings.epsilon:g}", "--delta", f"{settings.delta:g}", "--budget", BUDGET]
        words += [] if keys.root is None else ["--root", keys.root]
        words += ["--max-rows", str(settings.max_rows)]
        words += [word for what in settings.pay for word in ("--pay", what)] + ["--dp-only"] * settings.dp_only
    words += ["--save", MODEL]
    return [*words, "--report", REPORT, "--json", JSON] if is_measured(settings) else words


def draw_command(model: str, tables: Tables, session: Session) -> list[str]:
    words = ["sample", model, "-o", place(tables, DRAWN), "--scale", f"{session.scale:g}"]
    words += [word for text in session.where for word in ("--where", text)]
    return [*words, "--seed", str(session.draw_seed)]


def steps(session: Session) -> dict[str, dict[str, str]]:
    """Screen -> "command", "python", "toml"."""
    tables, settings = session.several, session.settings
    sheet = sheet_command(settings.purpose == "budget", measured=is_measured(settings))
    unpacked = f"unzip -j -d {line_of([shown(tables)[:-1], tables.name])}\n" if tables.is_packed else ""
    return {
        "columns": {"command": unpacked + _keys_command(session), "python": _keys_python(session)},
        "protect": _protect_steps(session),
        "train": {
            "command": line(fit_command(shown(tables), tables, session.keys, settings)),
            "python": _fit_python(session),
        },
        "out": {"command": line(sheet), "python": gate_python(), "toml": session.gate},
        "rows": {"command": line(draw_command(MODEL, tables, session)), "python": _draw_python(session)},
        "plan": {"toml": toml(session.plan())},
    }  # fmt: skip


def line_of(words: list[str]) -> str:
    return line(words).removeprefix("likewise ")


def _keys_command(session: Session) -> str:
    if any(change.key is not None and not change.holds for change in session.changes):
        return f"# {KEYS} is saved from this page: --key cannot refuse a key"
    if any(change.table or change.declared for change in session.changes):
        return f"# {KEYS} is saved from this page: no option declares columns of several tables"
    words, root, kept = ["inspect", shown(session.several)], session.keys.root, _kept(session)
    words += [word for key in _told(session) for word in ("--key", key)]
    words += [word for table in kept for word in ("--keep", table)]
    words += [] if root is None else ["--root", root]
    return line([*words, "--json", KEYS])


def _told(session: Session) -> list[str]:
    changes: list[KeyChange] = list(session.changes)
    return [change.key for change in changes if change.key is not None and change.holds]


def _kept(session: Session) -> list[str]:
    return [name for name, table in session.keys.tables.items() if table.kept]


def _keys_python(session: Session) -> str:
    lines = ["from dataclasses import replace", "from pathlib import Path", "", "import likewise as lw", ""]
    lines += [f"tables = lw.Database.read({shown(session.several)!r})", "schema = tables.schema"]
    for change in session.changes:
        if change.kept is not None:
            lines.append(f"schema = schema.replace({change.kept!r}, kept={change.holds})")
        elif change.declared is not None or change.table is not None:
            lines += _declared_python(session, change)
        elif change.root is not None:
            lines.append(f"schema = replace(schema, root={change.root or None!r})")
        elif change.holds:
            lines.append(f"schema = schema.with_keys([{change.key!r}])")
        else:
            lines.append(f"foreign = tuple(key for key in schema.foreign if str(key) != {change.key!r})")
            lines.append("schema = replace(schema, foreign=foreign)")
    return "\n".join([*lines, f'Path("{KEYS}").write_text(schema.to_json(), encoding="utf-8")'])


def _declared_python(session: Session, change: KeyChange) -> list[str]:
    """What was said of columns: where the schema stands after it, for a page tells them as they are found."""
    if change.declared == "keys":
        told = change.of(session.keys, session.several.database).evidence
        return [f"schema = replace(schema, evidence={ {key: 'told' for key, how in told.items() if how == 'told'}!r})"]
    lines = []
    for name, table in session.keys.tables.items():
        if change.table == name or (change.declared is not None and not table.kept):
            own = f"tables.tables[{name!r}].drop(schema.key_columns({name!r}))"
            lines.append(f"own = schema.tables[{name!r}].columns or lw.infer({own}, entity=False)")
            lines += (
                [f"own = own.replace({change.column!r}, {_said(change.said)})"]
                if change.table
                else [
                    "for column in own:",
                    f"    if {change.declared!r} not in column.said and column.role != 'drop':",
                    f"        own = own.replace(column.name, {_EACH[str(change.declared)]})",
                ]
            )
            lines.append(f"schema = schema.replace({name!r}, columns=own)")
    return lines


_EACH = {"kind": "kind=column.kind", "nullable": "nullable=False"}


def _said(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in said.items())


def _protect_steps(session: Session) -> dict[str, str]:
    """The odometer begun; without a budget, what the models are."""
    settings = session.settings
    return account_steps(settings, "root", session.keys.root) if settings.purpose == "budget" else MODELS_STEPS


def _fit_python(session: Session) -> str:
    tables, settings = session.several, session.settings
    asked = f"random_state={settings.seed}"
    if settings.purpose == "budget":
        asked += f', privacy={budget_python(settings, "root", session.keys.root)}, budget=lw.Budget("{BUDGET}")'
    asked += "" if settings.max_seconds is None else f", max_seconds={settings.max_seconds:g}"
    return "\n".join([
        "from pathlib import Path", "", "import likewise as lw",
        "from likewise.databases.keys import DatabaseSchema", "",
        f'keys = DatabaseSchema.from_json(Path("{KEYS}").read_text(encoding="utf-8"))',
        f"tables = lw.Database.read({shown(tables)!r}).with_schema(keys)",
        f"synth = lw.Synthesizer({asked}).fit(tables)",
        "fake = synth.sample()",
        _write(tables, "fake", ROWS),
        f'synth.save("{MODEL}")',
        *_report_python(settings),
    ])  # fmt: skip


def _report_python(settings: Settings) -> list[str]:
    if not is_measured(settings):
        return []
    return [
        f"report = lw.evaluate(tables, fake, random_state={settings.seed})",
        f'report.to_html("{REPORT}")',
        f'report.to_json("{JSON}")',
    ]


def _draw_python(session: Session) -> str:
    where, texts = ", where=where" if session.where else "", list(session.where)
    return "\n".join([
        *(["from likewise.conditions import parse_where", ""] if where else []),
        "import likewise as lw", "", f'synth = lw.load("{MODEL}")',
        *([f"where = dict(parse_where(text, synth.database_.told) for text in {texts!r})"] if where else []),
        f"drawn = synth.sample(scale={session.scale:g}{where}, random_state={session.draw_seed})",
        _write(session.several, "drawn", DRAWN),
    ])  # fmt: skip


def _write(tables: Tables, name: str, what: str) -> str:
    return f"{name}.{'to_sql' if tables.is_sql else 'to_folder'}({place(tables, what)!r})"
