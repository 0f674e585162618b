"""Write docs/cli.md from the command line's own help: `python scripts/make_cli_docs.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from likewise.cli.exits import EXIT_CODES

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
COMMANDS = (
    "",
    "synth",
    "schema",
    "inspect",
    "sample",
    "complete",
    "evaluate",
    "compare",
    "audit",
    "statement",
    "budget",
    "anonymize",
    "pseudonymize",
    "models",
    "balance rows",
    "balance compare",
    "impute",
    "studio",
    "scenario rows",
    "scenario tail",
    "scenario paths",
    "scenario set",
    "demo",
)
HEAD = """\
# The command line

This page is written by `scripts/make_cli_docs.py` from `likewise --help`; a test compares the two.

Results go to standard output, all else to standard error. Progress is shown on a terminal only.
`likewise --install-completion` sets up completion in your shell.
"""


def help_of(command: str) -> str:
    """The plain help text of one command, 100 characters wide."""
    environment = os.environ | {"TYPER_USE_RICH": "0", "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    call = [
        sys.executable,
        "-c",
        "from likewise.cli.app import app; app(prog_name='likewise')",
        *command.split(),
        "--help",
    ]
    answer = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    return "\n".join(line.rstrip() for line in answer.stdout.strip().splitlines())


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    parts += [f"## likewise {name}".rstrip() + f"\n\n```text\n{help_of(name)}\n```\n" for name in COMMANDS]
    table = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    parts.append(f"## Exit codes\n\n| code | meaning |\n| --- | --- |\n{table}")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    print(TARGET.name)
