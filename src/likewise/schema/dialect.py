"""How a table of delimited text was written: what is told from the file, or by a person, and is written back."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields
from dataclasses import replace as _replace
from typing import Any, Self

from likewise.errors import SchemaError, nearest

_LINE_ENDS = ("\n", "\r\n", "\r")
_NONE = "none"
_WORDS = {"tab": "\t", "\\t": "\t", "blank": " ", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a CSV file and its kin are written. A field that is None is told from the file.

    Args:
        delimiter: one ASCII character between two cells, or "tab"; a blank stands for runs of blanks.
        quote: what encloses a cell that holds the delimiter: '"' or "'", or "none".
        escape: "\\\\" where a quotation mark inside a cell has a backslash before it; "none" where it is doubled.
        encoding: as Python names it, such as "utf-8", "cp1252", "gb18030"; "utf-8-sig" has a byte order mark.
        line_end: "\\n", "\\r\\n" or "\\r".
        header: whether the first line holds the names of the columns; without, they are column_1, column_2, ...
        skip: lines before the header that are no part of the table.
        comment: a character; lines that begin with it are no part of the table. "none" for none.
        decimal: the decimal mark of numbers, "." or ",".
        quoting: which cells stand in quotes: "needed", those that must, or "all".
        padded: whether a blank follows every delimiter.
        sep_line: whether a line such as `sep=;` tells spreadsheets the delimiter.
        unnamed: whether a column has no name in the file; here it is column_1, column_2, ... by its place.

    Raises:
        SchemaError: a field cannot be what was given.

    Example:
        >>> Dialect(delimiter="tab", header=False).to_dict()
        {'delimiter': '\\t', 'header': False}
    """

    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    encoding: str | None = None
    line_end: str | None = None
    header: bool | None = None
    skip: int | None = None
    comment: str | None = None
    decimal: str | None = None
    quoting: str | None = None
    padded: bool | None = None
    sep_line: bool | None = None
    unnamed: bool | None = None

    def __post_init__(self) -> None:
        if isinstance(self.delimiter, str):
            object.__setattr__(self, "delimiter", _WORDS.get(self.delimiter.lower(), self.delimiter))
        one = self.delimiter
        fits = isinstance(one, str) and len(one) == 1 and one.isascii() and not one.isalnum() and one not in "\r\n\"'\\"
        self._check("delimiter", one is None or fits, "one ASCII character that is no letter, digit or quotation mark")
        self._check("quote", self.quote in (None, '"', "'", _NONE), """'"', "'" or "none\"""")
        self._check("escape", self.escape in (None, "\\", _NONE), '"\\\\" or "none"')
        self._check("line_end", self.line_end in (None, *_LINE_ENDS), '"\\n", "\\r\\n" or "\\r"')
        for name in ("header", "padded", "sep_line", "unnamed"):
            self._check(name, isinstance(getattr(self, name), bool | None), "true or false")
        self._check("quoting", self.quoting in (None, "needed", "all"), '"needed" or "all"')
        skip = self.skip
        counts = skip is None or (isinstance(skip, int) and not isinstance(skip, bool) and skip >= 0)
        self._check("skip", counts, "a whole number of lines, 0 or more")
        mark = self.comment
        marks = mark is None or mark == _NONE or (isinstance(mark, str) and 0 < len(mark) <= 4 and mark.isprintable())
        self._check("comment", marks, 'one to four characters, or "none"')
        self._check("decimal", self.decimal in (None, ".", ","), '"." or ","')
        self._check("encoding", self.encoding is None or _is_encoding(self.encoding), "an encoding that Python knows")
        if one is not None and one == self.decimal:
            raise SchemaError("the delimiter and the decimal mark of a file must differ")

    def _check(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise SchemaError(f"{name} of a dialect must be {what}, got {getattr(self, name)!r}")

    @property
    def quote_char(self) -> str | None:
        """The quotation mark, None where cells are never quoted."""
        return None if self.quote == _NONE else self.quote or '"'

    @property
    def comment_prefix(self) -> str | None:
        """What lines begin with that are no rows; None where there are none."""
        return None if self.comment == _NONE else self.comment

    @property
    def has_bom(self) -> bool:
        """Whether a file begins with the mark of its byte order."""
        return self.encoding == "utf-8-sig"

    def told(self, **found: Any) -> Self:
        """The dialect with what was found in the fields that nobody gave."""
        return _replace(self, **{key: value for key, value in found.items() if getattr(self, key) is None})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data, without the fields that are None."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; raises SchemaError where `data` has a key that is not known."""
        if not isinstance(data, Mapping):
            raise SchemaError(f"a dialect must be an object, got {type(data).__name__}")
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise SchemaError(f"key {key!r} of the dialect is not known{nearest(str(key), known)}")
        return cls(**data)


def _is_encoding(name: object) -> bool:
    """Whether Python reads text by it; the codecs that turn bytes into bytes do not."""
    try:
        return isinstance(name, str) and codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False
