"""Pseudonyms: rows stay, and who somebody is gives way to a made person, the same one wherever the same key is used.

This is no anonymity and no differential privacy. Whoever holds the key can find out who is who by trying names, all
other columns stay as they are, and in the words of the GDPR (article 4(5)) such rows are still personal data.

Legend: n rows, p persons.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.ids import as_numbers
from likewise.codecs.people import is_personal, words_of
from likewise.errors import OptionError, SchemaError
from likewise.personal.groups import groups_of
from likewise.personal.latent import Persons, below, noise
from likewise.personal.mails import MailForm
from likewise.personal.people import People
from likewise.schema.column import Column, Schema
from likewise.schema.identifiers.forms import SEPARATORS
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore_column
from likewise.schema.semantics import LOCALE, SINGLES_OUT
from likewise.tables.frames import from_frame, with_index_of

LEAST_KEY = 16
"""Bytes of a key that nobody guesses."""
DIGITS = ((9, 1.0),)
"""Behind names in addresses: enough for a million people."""
TELLING = ("email", "phone", "iban", "username", "name", "first_name", "address", "street", "url")
"""Semantics by which a person is known again, the first that a row has."""


def pseudonymize(
    table: Any, key: bytes | str, *, schema: Schema | None = None, locale: str | None = None, drop_others: bool = False
) -> Any:
    """The rows of a table with a made person in place of each real one: the same for the same person, key and locale.

    A person is known by the e-mail address, else the telephone number, the IBAN, the user name or the name: by what a
    keyed hash (HMAC-SHA256) makes of it in small letters and without blanks. Columns of the same person agree, in the
    usual form of the locale. Where tables are to be joined, they must hold the same of these, such as the address in
    both; addresses and user names of different people differ, names may be the same, as real ones are. Nothing is
    stored. Keys that tell of nobody by themselves (customer numbers) and all other columns stay as they are.

    Args:
        table: a frame, (n, columns).
        key: a secret of 16 bytes or more, which stays with you. A text is taken in UTF-8.
        schema: what the columns are; None tells it from the data.
        locale: where the made persons live, such as "de_DE"; None takes what the columns say, or "en_US".
        drop_others: leave out columns of numbers that single people out and cannot be made of persons (identity
            numbers of no known layout, addresses of machines), instead of refusing them.

    Returns:
        A frame of the kind given. It is pseudonymous: personal data still.

    Raises:
        OptionError: the key is too short, or no text or bytes; the locale is none.
        SchemaError: no column tells of people, or one cannot be given pseudonyms.

    Example:
        >>> rows = pl.DataFrame({"email": ["ann@a.com", "bo@b.com", "ANN@a.com"], "paid": [3, 4, 5]})
        >>> made = pseudonymize(rows, "a secret of 16 bytes or more")
        >>> made["email"][0] == made["email"][2] != made["email"][1], made["paid"].to_list()
        (True, [3, 4, 5])
    """
    if not isinstance(key, str | bytes | bytearray):  # bytes(20) would be twenty zeros
        raise OptionError(f"a key of pseudonyms must be a text or bytes, got {type(key).__name__}")
    if locale is not None and not re.match(LOCALE, locale):
        raise OptionError("locale must be such as 'de_DE', or a country such as 'DE'")
    secret = key.encode() if isinstance(key, str) else bytes(key)
    if len(secret) < LEAST_KEY:
        raise OptionError(f"a key of pseudonyms must have {LEAST_KEY} bytes or more, got {len(secret)}")
    raw, give_back = from_frame(table)
    schema = infer(raw, entity=False) if schema is None else schema
    others = [c.name for c in schema if c.semantic in SINGLES_OUT and not is_personal(c)]
    if others and not drop_others:
        raise SchemaError(
            f"columns {', '.join(map(repr, others))} single people out, and no pseudonym is made of them: drop them "
            "(drop_others=True), or say what they are (semantic)"
        )
    made = {c.name: str(c.semantic) for c in schema if is_personal(c)}
    if not made:
        raise SchemaError("no column tells of people: say which do (semantic), such as 'email'")
    canonical = parse(raw, schema)
    columns: dict[str, pl.Series] = {}
    for group in groups_of(made, {}):
        people = People.usual(
            group.semantics, locale=locale or _locale(schema, group.semantics),
            words=words_of(schema[name] for name in group.semantics),
        )  # fmt: skip
        # Nothing but digits tells two people of one name apart, wherever they are met.
        told = {n: replace(t, form=replace(t.form, digits=DIGITS)) if isinstance(t.form, MailForm) else t
                for n, t in people.columns.items()}  # fmt: skip
        people = replace(people, columns=told)
        columns |= _written(people, canonical, group.semantics, secret)
    new = {name: _restored(text.alias(name), schema[name]) for name, text in columns.items()}
    kept = [new.get(name, raw[name]) for name in raw.columns if name not in others]
    return with_index_of(table, give_back(pl.DataFrame(kept)))


def _restored(texts: pl.Series, column: Column) -> pl.Series:
    """As the column came: numbers are the digits of what was made."""
    number = as_numbers(texts, column.dtype)
    return restore_column(texts, column) if number.dtype == pl.String else number


def _locale(schema: Schema, names: Mapping[str, str]) -> str | None:
    return next((schema[name].locale for name in names if schema[name].locale is not None), None)


def _written(people: People, table: pl.DataFrame, semantics: Mapping[str, str], secret: bytes) -> dict[str, pl.Series]:
    """What is made of each row's person, missing where the real cell is."""
    who = _identity(table, semantics)
    each = who.drop_nulls().unique(maintain_order=True)
    if not len(each):
        return {name: pl.Series(name, [None] * len(table), dtype=pl.String) for name in semantics}
    at = who.replace_strict(each, pl.Series(range(len(each))), default=None, return_dtype=pl.Int64)
    seeds = _seeds(each, secret)
    gender = (below(noise(seeds, 81), 2) == 0).astype(np.int64)
    persons = Persons(seeds, np.zeros(len(each), np.int64), gender, alone=True)
    found = {}
    for name, text in people.written(persons).items():
        found[name] = text.gather(at).set(table[name].is_null(), None)
    return found


def _identity(table: pl.DataFrame, semantics: Mapping[str, str]) -> pl.Series:
    """(n,) by what each row's person is known: the semantic and the value, as it would be written anywhere."""
    parts = []
    for semantic in TELLING:
        for name in (name for name, own in semantics.items() if own == semantic):
            low = pl.col(name).cast(pl.String).str.normalize("NFC").str.to_lowercase()
            bare = low.str.strip_chars() if semantic == "email" else low.str.replace_all(SEPARATORS, "")
            last = next((n for n, own in semantics.items() if own == "last_name"), None)
            if semantic == "first_name" and last is not None:  # as a full name is
                bare = bare + pl.col(last).cast(pl.String).str.to_lowercase().str.replace_all(SEPARATORS, "")
            parts.append(pl.lit("name" if semantic == "first_name" else semantic) + "\x00" + bare)
    rest = [pl.col(name).cast(pl.String) for name in semantics]
    return table.select(pl.coalesce([*parts, *rest]).alias("who")).to_series()


def _seeds(values: pl.Series, secret: bytes) -> npt.NDArray[np.uint64]:
    """(p,) 64 bits of the keyed hash of each value."""
    digests = b"".join(hmac.digest(secret, value.encode(), hashlib.sha256)[:8] for value in values)
    return np.frombuffer(digests, "<u8").astype(np.uint64)
