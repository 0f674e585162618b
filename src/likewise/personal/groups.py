"""Which columns of a table tell of the same persons: by what stands before in their names.

`billing_name` and `billing_street` are one person's, `ship_name` and `ship_street` another's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from likewise.personal.identities import IDENTITIES
from likewise.personal.people import Beside
from likewise.schema.keys import parts_of

SEVERAL = frozenset(IDENTITIES)
"""Semantics of which somebody has several."""
_OTHERS = frozenset(
    [
        "billing",
        "bill",
        "invoice",
        "shipping",
        "ship",
        "delivery",
        "sender",
        "recipient",
        "receiver",
        "beneficiary",
        "payer",
        "payee",
        "buyer",
        "seller",
        "vendor",
        "father",
        "mother",
        "parent",
        "spouse",
        "partner",
        "husband",
        "wife",
        "child",
        "emergency",
        "guardian",
        "guarantor",
        "manager",
        "supervisor",
        "boss",
        "driver",
        "passenger",
        "doctor",
        "physician",
        "teacher",
        "agent",
        "employer",
        "referrer",
        "reviewer",
        "author",
        "editor",
        "owner",
        "host",
        "guest",
        "from",
        "to",
        "next",
        "kin",
        "alt",
        "alternate",
        "secondary",
        "second",
        "co",
    ]
)
"""Words of names of columns that tell of somebody beside the one whom the row is of."""


@dataclass(frozen=True)
class Group:
    """Columns that tell of the same persons.

    Args:
        semantics: column -> what it tells, of those that are made.
        beside: columns that are drawn and tell something of them too.
    """

    semantics: Mapping[str, str]
    beside: Beside


def groups_of(made: Mapping[str, str], drawn: Mapping[str, str]) -> tuple[Group, ...]:
    """The groups of a table's columns, each column -> semantic.

    Args:
        made: those that are made.
        drawn: those that are drawn.

    Example:
        >>> found = groups_of({"name": "name", "email": "email", "ship_name": "name"}, {"sex": "gender"})
        >>> [(*group.semantics, group.beside.gender) for group in found]
        [('name', 'email', 'sex'), ('ship_name', None)]
    """
    whose: dict[str, dict[str, str]] = {}
    for name, semantic in made.items():
        whose.setdefault(_whose(name, semantic), {})[name] = semantic
    found: list[tuple[str, dict[str, str]]] = []
    for who, columns in whose.items():
        told = set(columns.values()) - SEVERAL
        into = next((g for w, g in found if not {w, who} & _OTHERS and not set(g.values()) & told), None)
        if into is None:
            found.append((who, dict(columns)))
        else:
            into.update(columns)
    return tuple(Group(columns, _beside(who, drawn, alone=k == 0)) for k, (who, columns) in enumerate(found))


def _whose(name: str, semantic: str) -> str:
    """The word before that tells whom a column tells of, or "" for the one whom the row is of."""
    parts = parts_of(name)
    other = next((part for part in parts if part in _OTHERS), "")
    if other or len(parts) < 2:
        return other
    return parts[0] if parts[0] not in _OWN.get(semantic, ()) and len(parts) > 1 and parts[0] not in _PLAIN else ""


_OWN = {"name": ("full", "first", "last"), "first_name": ("first", "given"), "last_name": ("last", "family")}
_PLAIN = frozenset(
    [
        "first",
        "last",
        "given",
        "family",
        "full",
        "middle",
        "user",
        "e",
        "mail",
        "email",
        "phone",
        "mobile",
        "cell",
        "tel",
        "home",
        "work",
        "zip",
        "post",
        "postal",
        "street",
        "address",
        "city",
        "house",
        "iban",
        "bank",
        "account",
        "company",
        "firm",
        "web",
        "url",
        "site",
        "name",
        "sur",
        "fore",
    ]
)


def _beside(who: str, drawn: Mapping[str, str], *, alone: bool) -> Beside:
    """The drawn columns with the same word before, or for the first group those with none."""
    found: dict[str, str] = {}
    for name, semantic in drawn.items():
        if semantic in ("gender", "country", "city", "birth_date") and semantic not in found:
            before = _whose(name, semantic)
            if before == who or (alone and before not in _OTHERS):
                found[semantic] = name
    return Beside(**found)
