"""E-mail addresses and user names that hold the name of whom they are.

The domains are nobody's (RFC 2606): example.com and its like, and a public provider that enough people have as
"gmail.example", so that no letter reaches a stranger.

Legend: n persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.personal.latent import Ints, Persons, noise
from likewise.personal.names import Names
from likewise.personal.pools import in_latin_all
from likewise.personal.texts import by_class, filled, shared, taken
from likewise.personal.unseen import Unseen, prints_of

LOCALS = (
    "{first}.{last}", "{last}.{first}", "{first}_{last}", "{last}_{first}", "{first}-{last}", "{f}.{last}",
    "{first}.{l}", "{f}_{last}", "{first}{last}", "{last}{first}", "{f}{last}", "{last}{f}", "{first}{l}", "{first}",
    "{last}",
)  # fmt: skip
"""What an address may be made of: names, and their first letters."""
PROVIDERS = frozenset(
    [
        "gmail",
        "googlemail",
        "outlook",
        "hotmail",
        "live",
        "msn",
        "yahoo",
        "ymail",
        "icloud",
        "aol",
        "protonmail",
        "proton",
        "gmx",
        "web",
        "t-online",
        "freenet",
        "orange",
        "wanadoo",
        "free",
        "laposte",
        "sfr",
        "libero",
        "virgilio",
        "tiscali",
        "uol",
        "bol",
        "terra",
        "ig",
        "qq",
        "163",
        "126",
        "sina",
        "foxmail",
        "yeah",
        "naver",
        "daum",
        "hanmail",
        "docomo",
        "ezweb",
        "softbank",
        "mail",
        "yandex",
        "rambler",
        "wp",
        "onet",
        "interia",
        "o2",
        "ziggo",
        "kpnmail",
        "planet",
        "telenet",
        "bluewin",
        "btinternet",
        "comcast",
        "verizon",
        "att",
        "zoho",
        "fastmail",
    ]
)
"""Public providers, by the first part of their domains: they tell nothing of who somebody is."""
EXAMPLES = ("example.com", "example.org", "example.net")
ROUNDS = 60


@dataclass(frozen=True)
class MailForm:
    """How e-mail addresses, or user names, are made of names.

    Args:
        styles: templates of `LOCALS` and their shares.
        digits: how many digits stand behind, and how often.
        domains: and their shares; none for user names.
        upper: whether in capitals.
        free: what no real user name is.
    """

    styles: tuple[tuple[str, float], ...]
    digits: tuple[tuple[int, float], ...]
    domains: tuple[tuple[str, float], ...] = ()
    upper: bool = False
    free: Unseen | None = None

    @classmethod
    def learnt(
        cls, texts: pl.Series, whose: pl.Series | None, least: int, *, mail: bool, every: pl.Series,
        first: pl.Series | None = None, last: pl.Series | None = None,
    ) -> Self:  # fmt: skip
        """How enough people's are made.

        Args:
            texts: (n,) addresses, or user names.
            every: all that are real, of which none may be made.
            first, last: (n,) the names beside them, where there are such columns.
        """
        own = texts.str.extract(r"([^<>\s:]+)@").fill_null(texts) if mail else texts
        low = in_latin_all(own)
        bare = low.str.extract(r"^(.*?)\d*$")
        style = _styles(bare, first, last)
        found = shared(style, whose, least)
        behind = low.str.extract(r"(\d*)$").str.len_chars().clip(0, 6)
        widths = shared(behind.cast(pl.String), whose, least)
        upper = bool((own.str.contains(r"^[^\p{Ll}]*\p{Lu}[^\p{Ll}]*$").mean() or 0) > 0.5)  # type: ignore[operator]
        styles = tuple(found.items()) or (("{first}.{last}", 1.0),)
        digits = tuple((int(width), share) for width, share in widths.items()) or ((0, 1.0),)
        if mail:
            return cls(styles, digits, _domains(texts, whose, least, every), upper)
        return cls(styles, digits, (), upper, Unseen.of(np.unique(prints_of(every.drop_nulls().unique()))))

    @classmethod
    def usual(cls, *, mail: bool) -> Self:
        return cls((("{first}.{last}", 1.0),), ((0, 1.0),), tuple((d, 1 / 3) for d in EXAMPLES) if mail else ())

    def write(self, names: Names, persons: Persons) -> pl.Series:
        """(n,) addresses; different ones where they must differ."""
        local, at = self._locals(names, persons), None
        if self.domains:
            at = persons.choice(np.array([share for _, share in self.domains]), 53)
        width = np.array([w for w, _ in self.digits])[persons.choice(np.array([s for _, s in self.digits]), 52)]
        semantic = "email" if self.domains else "username"
        before, first = np.zeros(len(persons), np.int64), 0
        if semantic in persons.apart:
            before, first = _times_before(local, at), persons.first
        if self.free is None:
            return self._whole(local, at, numbered(persons, width, first + before))
        text = self._whole(local, at, numbered(persons, width, first + _in_turn(before, 0)))
        rows, rounds = np.flatnonzero(~self.free.admits(text)), 1
        while len(rows) and rounds < ROUNDS:
            again = first + _in_turn(before[rows], rounds)
            some = self._whole(local.gather(rows), None, numbered(persons[rows], width[rows], again))
            text = text.scatter(rows, some)
            rows, rounds = rows[~self.free.admits(some)], rounds + 1
        return text

    def _locals(self, names: Names, persons: Persons) -> pl.Series:
        parts = names.latin_parts()
        which = persons.choice(np.array([share for _, share in self.styles]), 51)
        made = []
        for k, (style, _) in enumerate(self.styles):
            rows = np.flatnonzero(which == k)
            some = parts if len(rows) == len(which) else {name: part.gather(rows) for name, part in parts.items()}
            made.append(filled(style, some, len(rows)))
        return made[0] if len(made) == 1 else by_class(which, made)

    def _whole(self, local: pl.Series, at: Ints | None, numbers: pl.Series) -> pl.Series:
        parts = [pl.lit(local.alias("")), pl.lit(numbers)]
        if at is not None:
            parts.append(pl.lit(taken(["@" + domain for domain, _ in self.domains], at)))
        text = pl.select(pl.concat_str(parts)).to_series()
        return text.str.to_uppercase() if self.upper else text

    def to_dict(self) -> dict[str, Any]:
        lists = {name: [list(pair) for pair in getattr(self, name)] for name in ("styles", "digits", "domains")}
        return {**lists, "upper": self.upper}


def numbered(persons: Persons, width: Ints, again: Ints) -> pl.Series:
    """(n,) the digits behind: as many as asked for, or as many as make the ones that came before differ."""
    # Of people alike, numbers are of as many digits more than any random part has.
    most = int(width.max(initial=0))
    random = (noise(persons.seeds, 54) % (10**width).astype(np.uint64)).astype(np.int64)
    number = again + 1 if not most else random + 10**most * again
    text = pl.Series(number).cast(pl.String)
    # With zeros in front where none came before, as others are written.
    table = pl.DataFrame({"t": text, "w": width, "a": again})
    padded = pl.when(pl.col("w") > 0).then(pl.col("t").str.pad_start(pl.col("w"), "0")).when(pl.col("a") > 0).then("t")
    return table.select(padded.otherwise(pl.lit(""))).to_series()


def _in_turn(before: Ints, rounds: int) -> Ints:
    """(n,) a number of its own for each pair of these (Cantor 1878), small where both are."""
    both = before + rounds
    return both * (both + 1) // 2 + rounds


def _times_before(local: pl.Series, at: Ints | None) -> Ints:
    """(n,) how many rows before have the same text."""
    table = pl.DataFrame({"l": local, "d": at if at is not None else np.zeros(len(local), np.int64)})
    return table.select(pl.int_range(pl.len()).over("l", "d")).to_series().to_numpy().astype(np.int64)


def _styles(bare: pl.Series, first: pl.Series | None, last: pl.Series | None) -> pl.Series:
    """(n,) of which template each is; where there are no names beside them, by the marks alone."""
    if first is not None and last is not None:
        latin = [in_latin_all(s).str.replace_all("[^a-z]", "") for s in (first, last)]
        parts = {"first": latin[0], "last": latin[1], "f": latin[0].str.head(1), "l": latin[1].str.head(1)}
        each = [pl.when(pl.lit(bare) == pl.lit(filled(s, parts, len(bare)))).then(pl.lit(s)) for s in LOCALS]
        return pl.select(pl.coalesce(each)).to_series()
    tests = (
        ("^[a-z]\\.[a-z]+$", "{f}.{last}"),
        (r"^[^._\-]+\.[^._\-]+$", "{first}.{last}"),
        ("_", "{first}_{last}"),
        ("-", "{first}-{last}"),
    )
    each = [pl.when(pl.lit(bare).str.contains(test)).then(pl.lit(style)) for test, style in tests]
    return pl.select(pl.coalesce([*each, pl.lit("{f}{last}")])).to_series()


def _domains(texts: pl.Series, whose: pl.Series | None, least: int, every: pl.Series) -> tuple[tuple[str, float], ...]:
    """Domains that nobody of the table has an address at, public providers by their names."""
    domain = texts.str.to_lowercase().str.extract(r"@([\w.\-]+)")
    provider = domain.str.extract(r"^(?:.*\.)?([\w\-]+)\.(?:co\.|com\.|ne\.)?\w+$")
    kind = provider.set(~provider.is_in(list(PROVIDERS)).fill_null(False), "")
    found = shared(kind, whose, least)
    real = set(every.str.to_lowercase().str.extract(r"@([\w.\-]+)").drop_nulls().unique().to_list())
    shares = {f"{name}.example": share for name, share in found.items() if name and f"{name}.example" not in real}
    others = [d for d in EXAMPLES if d not in real] or [
        next(d for d in (f"post{k}.example" for k in range(len(real) + 1)) if d not in real)
    ]
    rest = max(1.0 - sum(shares.values()), 0.0)
    return (*shares.items(), *((d, rest / len(others)) for d in others if rest > 0))
