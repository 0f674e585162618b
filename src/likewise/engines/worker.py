"""What a worker process runs: it reads calls and items from a pipe, and answers each item."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import Any

from likewise.engines.base import Call, sendable


def serve() -> None:
    """Answer until the other end of the pipe is closed. Ctrl-C is for the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what functions print must not stand among the answers
    call: Call | None = None
    loaded: tuple[Callable[[Any, Any], Any], Any] | None = None
    while True:
        try:
            asked = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if isinstance(asked, Call):
            call, loaded = asked, None
            continue
        try:
            assert call is not None
            fn, common = loaded = loaded or call.loaded()
            answer = pickle.dumps((True, fn(asked, common)), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            answer = pickle.dumps((False, sendable(error)), pickle.HIGHEST_PROTOCOL)
        try:
            answers.write(answer)
            answers.flush()
        except BrokenPipeError:  # who asked is gone
            return
