"""Everything that must hold before a commit, in one command: `python scripts/check.py`.

Lint, format, strict types and tests (doctests among them). All steps run, even after one has failed; pytest is the
last, so that the output ends with its closing line. Arguments go to pytest: `python scripts/check.py -k schema`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("pytest", "-q", "-n", "auto"))


def run(step: tuple[str, ...]) -> bool:
    print("+", *step, flush=True)
    # One thread a test worker; several workers would else fight over the cores.
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", *step], cwd=ROOT, env=environment, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    *first, tests = STEPS
    failed = [step[0] for step in (*first, (*tests, *arguments)) if not run(step)]
    if failed:
        print("failed:", *failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
