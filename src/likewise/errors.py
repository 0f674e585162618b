"""Every error likewise raises on purpose: one tree, each also the standard error a caller would expect.

A message names the column, what must hold, what came and what to do. It may show names, counts, shapes and
limits; it never shows a cell's value, for logs travel further than data.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class LikewiseError(Exception):
    """Root of the tree: catch this to catch everything likewise raises on purpose."""

    def __init__(self, *told: object) -> None:
        super().__init__(*map(_without_password, told))


def without_passwords(text: str) -> str:
    """A text in which a URL was taken for something else, such as the path of a file; it may have lost a slash or more.

    >>> without_passwords("there is no file 'postgres:/ann:s3cret@host/shop?password=word'")
    "there is no file 'postgres:/...@host/shop?password=...'"
    >>> without_passwords("'postgresql//ann:s3cret/shop'"), without_passwords("'mysql://host:3306/shop'")
    ("'postgresql//...'", "'mysql://host:3306/shop'")
    """
    if len(text) > MOST:  # the forms take time as the square of a text that a damaged file may have made long
        text = text[:MOST].rpartition(" ")[0] + "..."  # no word is cut, for half a URL is not told from a word
    for form, shown in _PASSWORDS:
        if "@" in text or not form.endswith("@"):
            text = re.sub(form, shown, text)
    return text


MOST = 10_000
"""Characters of a message, beyond which it is cut."""

_PASSWORDS = (
    (r"(?i)(\b(?:postgres|mysql|mariadb|mssql|oracle|sqlite|duckdb)[\w+]*\s?(?::/{0,3}|/{1,2}))[^\n]*@", r"\1...@"),
    (r"(?i)(\b(?:postgres|mysql|mariadb|mssql|oracle)[\w+]*(?::/{0,2}|/{1,2}))"
     r"(?!//)[^\s'\"/?@.\[]+:(?!\d*(?:[/?'\"\s]|$))[^\s'\"]*", r"\1..."),
    (r"[^\s'\"/]*:(?!/[^/])[^\s'\"]*@", "...@"),
    (r"(?i)((?:password|passwd|pwd|passphrase|secret|token)=)[^&\s]+?(?=['\"]*[.,;:)]*(?:[&\s]|$))", r"\1..."),
)  # fmt: skip
"""How a password stands in a text, by what is shown in its place."""


def _without_password(told: object) -> object:
    return without_passwords(told) if isinstance(told, str) else told


class InputError(LikewiseError, ValueError):
    """A file or frame cannot be used as it is."""


class OutputError(LikewiseError, OSError):
    """A file could not be written; what stood there before is untouched."""


class SchemaError(LikewiseError, ValueError):
    """A schema contradicts itself, or the data contradicts the schema."""


class ConditionError(LikewiseError, ValueError):
    """A condition names no column, or no row can meet it."""


class RuleError(LikewiseError, ValueError):
    """A rule between columns cannot be read, contradicts the table or another rule, or cannot be kept."""


class OptionError(LikewiseError, ValueError):
    """An argument is outside what it may be."""


class ModelFileError(LikewiseError, ValueError):
    """A file is not a model of ours, or is damaged, or is from a newer version."""


class NotFittedError(LikewiseError, ValueError, AttributeError):
    """`sample`, `save` and their like were called before `fit`."""


class TrainingError(LikewiseError, RuntimeError):
    """Training could not give a usable model (for example, the loss is not a number)."""


class PrivacyError(LikewiseError, ValueError):
    """The protection asked for cannot be reached, or a finished table does not keep it and is not handed over."""


class EngineError(LikewiseError, RuntimeError):
    """Workers died over the same work again and again, or no cluster answers."""


class MissingExtraError(LikewiseError, ImportError):
    """A dependency is absent; the message names the extra that brings it, or what a light install left out."""

    def __init__(self, package: str, extra: str | None = None, instead: str = "") -> None:
        what = package if extra is None else f"'likewise[{extra}]'"
        super().__init__(f"this needs the package {package!r}: pip install {what}{instead and '; ' + instead}")


class LikewiseWarning(UserWarning):
    """Something was repaired or guessed, and the result is still right; told through `warnings`, never printed."""

    def __init__(self, *told: object) -> None:
        super().__init__(*map(_without_password, told))


class FallbackWarning(LikewiseWarning):
    """A simpler method was used than the one asked for, for there is too little to learn from."""


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of an error about an unknown name: what may have been meant, or all there is when that is little.

    Example:
        >>> nearest("Agee", ["age", "income"])
        "; did you mean 'age'?"
    """
    known = [str(n) for n in names]
    lower: dict[str, str] = {}
    for n in known:
        lower.setdefault(n.lower(), n)
    close = [lower[m] for m in difflib.get_close_matches(name.lower(), list(lower), n=3, cutoff=0.6)]
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    if known and len(known) <= 10:
        return f"; there are {', '.join(map(repr, known))}"
    return ""


def hint(name: str, names: Iterable[str]) -> str:
    """What may have been meant by an unknown name, in brackets for a list of several; empty where nothing is near.

    Example:
        >>> hint("Agee", ["age", "income"]), hint("zip", ["age"])
        (" (did you mean 'age'?)", '')
    """
    near = nearest(name, names)
    return f" ({near.removeprefix('; ')})" if "did you mean" in near else ""
