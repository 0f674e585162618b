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
PRECISIONS = ("fp32", "bf16")
OF_PRECISION = ("tests/nets", "tests/models/test_autoregressive.py")
"""What is run under each precision too, for the processor here has but one that it prefers."""


def run(step: tuple[str, ...], **more: str) -> bool:
    print("+", *step, *more.values(), flush=True)
    # One thread a test worker; several workers would else fight over the cores.
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | more
    return subprocess.run([sys.executable, "-m", *step], cwd=ROOT, env=environment, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    *first, tests = STEPS
    failed = [step[0] for step in first if not run(step)]
    precisions = () if arguments else PRECISIONS
    failed += [f"pytest under {p}" for p in precisions if not run((*tests, *OF_PRECISION), LIKEWISE_PRECISION=p)]
    if not run((*tests, *arguments)):
        failed.append("pytest")
    if failed:
        print("failed:", *failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
