"""What is killed, or has no room, leaves the old file or the whole new one: a part of `scripts/torture.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "torture.json"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_nothing_is_lost_or_half_written(tmp_path: Path) -> None:
    call = [sys.executable, str(ROOT / "scripts" / "torture.py"), "--kills", "100", "--full", "20", "--seconds", "40"]
    run = subprocess.run([*call, "--json", str(tmp_path / "t.json")], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    told = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert told["lost"] == 0
    assert sum(told["runs"].values()) >= 5


def test_every_command_that_writes_is_tortured() -> None:
    from likewise.cli.app import app

    commands = {one.callback.__name__ for one in app.registered_commands if one.callback and not one.hidden}
    commands |= {group.name for group in app.registered_groups if group.name}
    text = (ROOT / "scripts" / "torture.py").read_text(encoding="utf-8")
    # `demo` is `synth` on another table, `studio` runs the commands, `models` lists.
    assert {name for name in commands if f'"{name} ' not in text} == {"demo", "models", "studio"}


def test_the_nights_that_are_recorded_lost_nothing() -> None:
    if not RESULTS.exists():
        pytest.skip("no night was recorded yet")
    told = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert told["lost"] == 0
    assert not [
        name for way in ("killed", "disk full") for counts in told[way].values() for name in counts if "lost" in name
    ]
