"""What every benchmark needs: where the data is, and what machine this is."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def shared_folder() -> Path:
    """The folder with data and rivals, beside the checkout or where LIKEWISE_SHARED says."""
    folder = Path(os.environ.get("LIKEWISE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        raise SystemExit(f"no folder {folder}: set LIKEWISE_SHARED to one that holds data/ and peers/")
    return folder


def machine() -> dict[str, Any]:
    """Commit, machine and versions: without them a figure means nothing."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    names = ("likewise", "torch", "polars", "numpy", "scikit-learn", "xgboost")
    return {
        "commit": commit.stdout.strip(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()},
        "versions": {name: version(name) for name in names} | {"python": platform.python_version()},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
