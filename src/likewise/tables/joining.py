"""A table written in parts, by whoever has time, and joined in their order to one file.

A part is a file of its own, written whole or not at all. Joined parts are appended to a file beside the target, a
journal says how far, and the target's name is given in the end. So what was interrupted goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import polars as pl

from likewise.errors import OptionError, OutputError
from likewise.schema.dialect import Dialect
from likewise.tables import parquet
from likewise.tables.atomic import atomic_path, output_errors
from likewise.tables.files import check_table, write
from likewise.tables.source import STANDARD

_LENGTH = 8
"""Bytes that say how long a footer is."""


@dataclass(frozen=True)
class Parts:
    """Where the parts of a table lie until they are joined.

    Args:
        target: the file that they are to be.
        folder: beside it, of a name that says what is written.
        dialect: how text is written.
    """

    target: Path
    folder: Path
    dialect: Dialect

    @classmethod
    def of(cls, target: Path, told: bytes, dialect: Dialect | None) -> Parts:
        """The parts of a table; another one, as `told` says, has others.

        Raises:
            OutputError: the name tells no format.
        """
        target = Path(os.path.realpath(target))
        name = hashlib.sha256(told + repr(dialect).encode()).hexdigest()[:16]
        return cls(target, target.with_name(f".{target.name[:100]}.{name}.parts"), dialect or Dialect())

    @classmethod
    def new(cls, target: Path, dialect: Dialect | None) -> Parts:
        """The parts of a table that nobody goes on with.

        Raises:
            OptionError: files of this format cannot be joined.
        """
        if not cls.can_join(target, dialect):
            raise OptionError(f"files such as {target.name!r} are not written in parts: write .parquet, .csv or .jsonl")
        return cls.of(target, secrets.token_bytes(16), dialect)

    @classmethod
    def can_join(cls, target: Path, dialect: Dialect | None) -> bool:
        """Whether files of this format can be put one behind the other."""
        form, packed = check_table(target)
        if packed is not None or str(target) == STANDARD or (target.exists() and not target.is_file()):
            return False
        told = dialect or Dialect()
        of_bytes = (told.encoding or "utf-8").lower() in ("utf-8", "utf-8-sig") and told.line_end != "\r"
        return form in ("parquet", "jsonl") or (form in ("csv", "tsv") and of_bytes)

    def path(self, number: int) -> Path:
        """Of one part."""
        return self.folder / f"{number:08d}{self.target.suffix}"

    def write(self, number: int, frame: pl.DataFrame) -> Path:
        """Write one part.

        Raises:
            OutputError: it cannot be written, and was not.
        """
        later = replace(self.dialect, header=False, sep_line=False, encoding="utf-8")
        write(frame, self.path(number), dialect=later if number else self.dialect)
        return self.path(number)


class Joining:
    """The file that parts are joined to. Used as a context, which leaves what is there to be taken up where it fails.

    Args:
        parts: where they lie.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts, self.done = parts, 0
        self._is_parquet = check_table(parts.target)[0] == "parquet"
        self._whole, self._footers = parts.folder / "whole", parts.folder / "footers"
        self._journal = parts.folder / "journal"

    def __enter__(self) -> Joining:
        with self._errors():
            self.parts.folder.mkdir(exist_ok=True)
            sizes = [len(parquet.MAGIC) if self._is_parquet else 0, 0]
            if self._journal.exists():
                self.done, *sizes = json.loads(self._journal.read_text())
            else:
                self._whole.write_bytes(parquet.MAGIC if self._is_parquet else b"")
                self._footers.write_bytes(b"")
            for path, size in zip((self._whole, self._footers), sizes, strict=True):
                os.truncate(path, size)  # what was being appended when it ended
        return self

    def __exit__(self, *_: object) -> None:
        """All is on the disk already."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with output_errors(f"file {str(self.parts.target)!r}"):
            yield

    def add(self, path: Path) -> None:
        """Append the next part, and remove its own file.

        Raises:
            OutputError: the disk is full; it is as if nothing had been appended.
        """
        with self._errors():
            with self._whole.open("ab") as whole, self._footers.open("ab") as footers, path.open("rb") as part:
                if self._is_parquet:
                    end, footer = parquet.parted(part)
                    told = whole.tell().to_bytes(_LENGTH, "little") + len(footer).to_bytes(_LENGTH, "little") + footer
                    footers.write(told)
                    parquet.copy(part, whole, len(parquet.MAGIC), end)
                else:
                    parquet.copy(part, whole, 0, path.stat().st_size)
                _synced(whole)
                _synced(footers)
                sizes = whole.tell(), footers.tell()
            with atomic_path(self._journal) as beside:
                beside.write_text(json.dumps([self.done + 1, *sizes]))
        self.done += 1
        path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give the whole file the target's name.

        Raises:
            OutputError: the disk is full.
        """
        with self._errors():
            with self._whole.open("ab") as whole:
                if self._is_parquet:
                    whole.write(self._footer())
                _synced(whole)
            if self.parts.target.exists():
                self._whole.chmod(self.parts.target.stat().st_mode & 0o7777)
            self._whole.replace(self.parts.target)
        self.remove()

    def remove(self) -> None:
        """Leave nothing of it."""
        shutil.rmtree(self.parts.folder, ignore_errors=True)

    def _footer(self) -> bytes:
        joined = parquet.Joined()
        with self._footers.open("rb") as footers:
            while head := footers.read(2 * _LENGTH):
                at, n = (int.from_bytes(part, "little") for part in (head[:_LENGTH], head[_LENGTH:]))
                joined.add(footers.read(n), at)
        return joined.footer()


def join(numbers: Iterable[int], parts: Parts) -> None:
    """Join parts to one file as their numbers come, which tell that they are written; whole or not at all.

    Raises:
        OutputError: the disk is full, or the file cannot be written.
    """
    joining = Joining(parts)
    try:
        with joining:
            for number in numbers:
                joining.add(parts.path(number))
            joining.finish()
    finally:
        joining.remove()


def _synced(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def kept(error: OutputError, folder: Path) -> OutputError:
    """The same, and where the parts are that were written."""
    return OutputError(
        f"{str(error).removesuffix('; nothing was left behind')}; what was written so far is kept in {str(folder)!r}, "
        "and taken up when the same is asked for again"
    )
