"""What requests say, held to its types: a JSON object that is not large."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from likewise.errors import InputError, LikewiseError, OptionError

MOST_JSON = 2**20

Said = dict[str, Any]


class TooLarge(LikewiseError):
    """More bytes came than are taken."""


async def said_in(request: Request) -> Said:
    """The JSON object of a request, of no more than `MOST_JSON` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_JSON:
            raise TooLarge(f"a request may have {MOST_JSON:,} bytes")
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise InputError("the request is not JSON") from None
    if not isinstance(said, dict):
        raise InputError("the request must be a JSON object")
    return said


def text_of(said: Said, key: str, default: str | None = None) -> str:
    value = said.get(key, default)
    if not isinstance(value, str):
        raise OptionError(f"{key} must be a text")
    return value


def whole_of(said: Said, key: str, least: int, default: int) -> int:
    value = said.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 10**8:
        raise OptionError(f"{key} must be a whole number from {least}")
    return value


def number_of(said: Said, key: str) -> float:
    value = said.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise OptionError(f"{key} must be a number")
    return float(value)


def scale_of(said: Said) -> float:
    value = number_of(said, "scale")
    if not 0 < value <= 1000:
        raise OptionError("scale must be above 0, and 1000 at most")
    return value


def where_of(said: Said) -> tuple[str, ...]:
    value = said.get("where", [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise OptionError("where must be a list of texts")
    return tuple(value)


def fields_of(said: Said) -> Said:
    """What is said of a column."""
    found = said.get("said", {})
    if not isinstance(found, dict) or not found:
        raise OptionError("nothing is said of the column")
    return found
