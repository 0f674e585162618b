"""Tables that are uploaded: streamed and counted, under names that nobody chose."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request

from likewise.errors import InputError, LikewiseError, OptionError
from likewise.schema.dialect import Dialect
from likewise.studio import tables
from likewise.studio.said import TooLarge
from likewise.studio.session import Source, file_name
from likewise.studio.state import State
from likewise.studio.tables import Tables
from likewise.tables import files
from likewise.tables.source import PACKED

SQLITE = (".sqlite", ".sqlite3", ".db")


async def upload(state: State, request: Request) -> Any:
    """The bytes of a table, as they are; the name is for people, and nothing is written under it."""
    name = file_name(request.query_params.get("name", ""))
    most = state.most_upload()
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > most:
        raise TooLarge(f"a table may have {most:,} bytes here; name a larger one on the command line")
    endings = [part for part in Path(name.lower()).suffixes if part in {*files.ENDINGS, *PACKED, ".zip", *SQLITE}]
    path = state.session.folder / (secrets.token_hex(16) + "".join(endings[-2:]))
    try:
        n = 0
        with path.open("xb") as file:
            async for chunk in request.stream():
                n += len(chunk)
                if n > most:
                    raise TooLarge(f"a table may have {most:,} bytes here; name a larger one on the command line")
                file.write(chunk)
        blind = request.query_params.get("blind") == "1"
        opened = await asyncio.to_thread(_opened, path, name, blind, most, written_in(request.query_params))
    except BaseException:
        path.unlink(missing_ok=True)
        shutil.rmtree(_unpacked(path), ignore_errors=True)
        raise
    if isinstance(opened, Tables):
        return await state.changed(lambda: state.session.opened_tables(opened), anew=True)
    return await state.changed(lambda: state.session.opened(opened), anew=True)


def written_in(said: Mapping[str, Any]) -> Dialect:
    """How a person says that a file is written.

    Raises:
        OptionError, SchemaError: a part of it cannot be so.
    """
    found: dict[str, Any] = {name: said[name] for name in ("delimiter", "encoding", "decimal") if said.get(name)}
    if said.get("header") in ("true", "false"):
        found["header"] = said["header"] == "true"
    if skip := said.get("skip"):
        if not str(skip).isdecimal() or len(str(skip)) > 6:
            raise OptionError("skip must be a whole number from 0")
        found["skip"] = int(skip)
    return Dialect(**found)


def _unpacked(path: Path) -> Path:
    """Where the tables of a ZIP file lie."""
    return path.with_name(path.name.partition(".")[0] + "-tables")


def _opened(path: Path, name: str, blind: bool, most: int, written: Dialect) -> Source | Tables:
    """A table, or several: of a ZIP file with some, of a workbook, or of SQLite."""
    place = path
    try:
        members = tables.members_of(path, tuple(files.ENDINGS)) if path.suffix == ".zip" else None
        if members is not None:
            place = _unpacked(path)
            place.mkdir(mode=0o700)
            tables.unpack(path, members, place, most, file_name)
        is_several = members is not None or tables.holds_several(path)
        if is_several and blind:
            raise InputError("several tables have no blind mode: their rows are read to find their keys")
        return (
            Tables.open(place, name, is_packed=members is not None)
            if is_several
            else Source.open(path, name, blind=blind, written=written)
        )
    except LikewiseError as error:  # it names the file by its place here, which says nothing to anybody
        said = str(error).replace(str(place), name).replace(str(path), name).replace(path.name, name)
        raise InputError(said.replace(place.name, name)) from None
