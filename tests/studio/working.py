"""Jobs of the studio done in the process of the test, and the steps that a screen shows."""

from __future__ import annotations

import io
import shlex
import threading
from contextlib import chdir
from typing import Any

from likewise.cli.app import app
from likewise.studio import runs, worker
from likewise.studio.state import State


def end_job(state: State) -> None:
    """Do the last job by its commands, and let what it left be gathered."""
    job = state.jobs.all[-1]
    with chdir(job.folder):
        assert worker.run([*map(list, job.commands)], worker.Teller(io.StringIO()), threading.Event()) == 0
    job.status = "done"
    assert job.ended is not None
    job.ended(job)


def ran(state: State) -> Any:
    """A run of the settings."""
    runs.begin(state)
    end_job(state)
    return state.session.runs[-1]


def execute(command: str) -> None:
    for line in command.splitlines():
        first, *words = shlex.split(line)
        assert first == "likewise"
        assert not app(words, standalone_mode=False)
