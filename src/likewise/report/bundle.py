"""Vega-Lite inside the page: packed, and unpacked by the browser when the first picture needs it."""

from __future__ import annotations

import base64
import gzip
from functools import cache
from importlib.resources import files

# The interpreter evaluates Vega's expressions without `eval`, which the page forbids itself.
PARTS = ("vega.min.js", "vega-lite.min.js", "vega-interpreter.js")


def asset(name: str) -> str:
    """The text of a file beside this one."""
    return (files("likewise.report") / name).read_text(encoding="utf-8")


@cache
def packed() -> str:
    """Vega, Vega-Lite and the interpreter as base64 of gzip: 340 kB instead of 780."""
    code = ";\n".join(asset(f"vendor/{part}") for part in PARTS)
    return base64.b64encode(gzip.compress(code.encode(), 9, mtime=0)).decode()


def scripts() -> str:
    """The elements that carry the bundle and its licences."""
    return (
        f'<script type="text/plain" id="licences">{asset("vendor/LICENSES.txt")}</script>'
        f'<script type="application/gzip" id="vega">{packed()}</script>'
    )
