"""The steps with several tables as commands and as Python, from the same state."""

from __future__ import annotations

from likewise.studio.recipes import JSON, MODEL, REPORT, gate_python, line, sheet_command, toml
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


def fit_command(source: str, tables: Tables, settings: Settings) -> list[str]:
    words = ["synth", source, "-o", place(tables, ROWS), "--schema", KEYS, "--seed", str(settings.seed)]
    words += [] if settings.max_seconds is None else ["--max-seconds", f"{settings.max_seconds:g}"]
    return [*words, "--save", MODEL, "--report", REPORT, "--json", JSON]


def draw_command(model: str, tables: Tables, session: Session) -> list[str]:
    words = ["sample", model, "-o", place(tables, DRAWN), "--scale", f"{session.scale:g}"]
    return [*words, "--seed", str(session.draw_seed)]


def steps(session: Session) -> dict[str, dict[str, str]]:
    """Screen -> "command", "python", "toml"."""
    tables = session.several
    unpacked = f"unzip -j -d {line_of([shown(tables)[:-1], tables.name])}\n" if tables.is_packed else ""
    return {
        "columns": {"command": unpacked + _keys_command(session), "python": _keys_python(session)},
        "train": {
            "command": line(fit_command(shown(tables), tables, session.settings)), "python": _fit_python(session)
        },
        "out": {"command": line(sheet_command(counted=False)), "python": gate_python(), "toml": session.gate},
        "rows": {"command": line(draw_command(MODEL, tables, session)), "python": _draw_python(session)},
        "plan": {"toml": toml(session.plan())},
    }  # fmt: skip


def line_of(words: list[str]) -> str:
    return line(words).removeprefix("likewise ")


def _keys_command(session: Session) -> str:
    if any(change.key is not None and not change.holds for change in session.changes):
        return f"# {KEYS} is saved from this page: --key cannot refuse a key"
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
        elif change.root is not None:
            lines.append(f"schema = replace(schema, root={change.root or None!r})")
        elif change.holds:
            lines.append(f"schema = schema.with_keys([{change.key!r}])")
        else:
            lines.append(f"foreign = tuple(key for key in schema.foreign if str(key) != {change.key!r})")
            lines.append("schema = replace(schema, foreign=foreign)")
    return "\n".join([*lines, f'Path("{KEYS}").write_text(schema.to_json(), encoding="utf-8")'])


def _fit_python(session: Session) -> str:
    tables, settings = session.several, session.settings
    asked = f"random_state={settings.seed}"
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
        f"report = lw.evaluate(tables, fake, random_state={settings.seed})",
        f'report.to_html("{REPORT}")',
        f'report.to_json("{JSON}")',
    ])  # fmt: skip


def _draw_python(session: Session) -> str:
    return "\n".join([
        "import likewise as lw", "", f'synth = lw.load("{MODEL}")',
        f"drawn = synth.sample(scale={session.scale:g}, random_state={session.draw_seed})",
        _write(session.several, "drawn", DRAWN),
    ])  # fmt: skip


def _write(tables: Tables, name: str, what: str) -> str:
    return f"{name}.{'to_sql' if tables.is_sql else 'to_folder'}({place(tables, what)!r})"
