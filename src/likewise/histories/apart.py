"""Which rows an entity has at most once, by declaration: rules `unique` that name the entity.

unique (patient, day)            one row at a moment
unique (patient, day, code)      no code twice at a moment
unique (patient, vaccine)        no vaccine twice
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from likewise.errors import RuleError, nearest
from likewise.rules.grammar import parse_rule
from likewise.rules.terms import Unique
from likewise.schema.column import Kind, Schema


@dataclass(frozen=True)
class Apart:
    """
    Args:
        single: whether an entity has one row at a moment.
        alone: columns of levels by which its rows of one moment differ; none where nothing is said.
        once: columns of levels of which it has none twice.
    """

    single: bool = False
    alone: tuple[str, ...] = ()
    once: tuple[str, ...] = ()

    @classmethod
    def of(cls, schema: Schema, entity: str, time: str | None, static: Sequence[str]) -> Self:
        """Of a schema's rules.

        Raises:
            RuleError: one is none of these.

        Example:
            >>> from likewise.schema.column import Column, Role
            >>> columns = [Column(name="who", kind=Kind.ID, role=Role.ID), Column(name="code", kind=Kind.CATEGORICAL)]
            >>> Apart.of(Schema(tuple(columns), rules=("unique (who, code)",)), "who", None, ())
            Apart(single=False, alone=(), once=('code',))
        """
        single, alone, once = False, list[tuple[str, ...]](), list[str]()
        for text in schema.rules:
            names = _names(text, entity)
            levels = [name for name in names if name not in (entity, time)]
            if any(_is_key_of_rows(schema, name, text) for name in levels):
                continue  # new in every row
            for name in levels:
                _check(schema, name, text, static)
            if time is not None and time in names:
                single |= not levels
                alone += [tuple(levels)] * bool(levels)
            elif len(levels) == 1:
                once += levels
            else:
                raise RuleError(
                    f"rule {text!r}: without the time, histories keep apart the levels of one column; name the time "
                    "too, or one column beside the entity"
                )
        if len(set(alone)) > 1:
            raise RuleError("rules 'unique' say twice, and differently, how rows of one moment differ; say it once")
        return cls(single, alone[0] if alone and not single else (), tuple(dict.fromkeys(once)))


def check_apart(rules: Sequence[str], entity: str) -> None:
    """Raises RuleError where rules are no texts, or others than those that name the entity as unique."""
    for text in rules:
        _names(text, entity)


def _names(text: str, entity: str) -> tuple[str, ...]:
    rule = parse_rule(text)
    if not isinstance(rule, Unique) or entity not in rule.columns or len(rule.columns) < 2:
        raise RuleError(
            f"rule {text!r}: with time and a budget of privacy only rules as 'unique ({entity}, ...)' are kept, which "
            "say what an entity has at most once; leave it out, or leave out the time and learn rows by entity"
        )
    return rule.columns


def _is_key_of_rows(schema: Schema, name: str, text: str) -> bool:
    if name not in schema:
        raise RuleError(f"rule {text!r}: there is no column {name!r}{nearest(name, schema.names)}")
    return schema[name].is_key


def _check(schema: Schema, name: str, text: str, static: Sequence[str]) -> None:
    if name in static:
        raise RuleError(f"rule {text!r}: column {name!r} is static and never changes within an entity: leave it out")
    if schema[name].kind not in (Kind.CATEGORICAL, Kind.BOOLEAN):
        raise RuleError(
            f"rule {text!r}: column {name!r} is of kind {schema[name].kind.value!r}, and rows of an entity are kept "
            "apart by levels: declare it categorical, with its levels, or leave it out"
        )
