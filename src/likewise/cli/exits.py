"""How a command ends: one clear line, and a code that means something."""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TextIO

import typer

from likewise import errors
from likewise.cli.options import expanded

FAULT = 9
EXIT_CODES = {
    0: "done",
    1: "an audit's rule, or a claim of privacy, is broken",
    2: "wrong usage, or an extra is not installed",
    3: "the input cannot be used",
    4: "wrong schema, condition or rule",
    5: "an output cannot be written",
    6: "not a sound model file",
    7: "training failed",
    8: "the privacy asked for cannot be kept",
    FAULT: "a fault in likewise itself",
    10: "workers died, or no cluster answers",
    130: "stopped by Ctrl-C",
}
_STANDARD_OUTPUT = {
    errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk is full", errno.EPIPE: "its reader has gone",
}  # fmt: skip
"""What may go wrong with it; files say it themselves."""
_CODE_OF: dict[type[errors.LikewiseError], int] = {
    errors.OptionError: 2,
    errors.MissingExtraError: 2,
    errors.InputError: 3,
    errors.SchemaError: 4,
    errors.ConditionError: 4,
    errors.RuleError: 4,
    errors.OutputError: 5,
    errors.ModelFileError: 6,
    errors.TrainingError: 7,
    errors.PrivacyError: 8,
    errors.EngineError: 10,
}


def exit_code(error: errors.LikewiseError) -> int:
    """The code that the command line ends with after this error.

    >>> exit_code(errors.InputError("the file is empty"))
    3
    """
    return next((code for kind, code in _CODE_OF.items() if isinstance(error, kind)), FAULT)


def tells_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command end with one clear line and a code that means something, whatever goes wrong inside."""
    command = expanded(command)

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            with _warnings_as_notes(options["quiet"]):
                command(*args, **options)
                sys.stdout.flush()
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            _fail("stopped; each output is either the old file or the whole new one", 130)
        except errors.LikewiseError as error:
            _fail(str(error), exit_code(error), trace=options["debug"])
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _STANDARD_OUTPUT:
                _silence_standard_output()
                _fail(f"standard output cannot be written: {_STANDARD_OUTPUT[error.errno]}", 5, trace=options["debug"])
            # The text of a foreign error may hold a cell's value, so only its type is shown unasked.
            name = type(error).__name__
            _fail(f"unexpected {name}, a fault in likewise; --debug shows where", FAULT, trace=options["debug"])

    return run


@contextmanager
def _warnings_as_notes(quiet: bool) -> Iterator[None]:
    """What likewise repaired or guessed is told as a note; warnings between libraries are no matter of the user's."""

    def note(
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        if not quiet:
            typer.echo(f"note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", errors.LikewiseWarning)
        warnings.showwarning = note
        yield


def _fail(message: str, code: int, *, trace: bool = False) -> None:
    if trace:
        typer.echo(traceback.format_exc(), err=True)
    typer.echo(f"likewise: {message}", err=True)
    raise typer.Exit(code)


def _silence_standard_output() -> None:
    """What is still to be written would fail once more when the interpreter ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
