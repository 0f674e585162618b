"""What a report shows of a database, as plain data: counts, shares and names, never a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from likewise.evaluate.shown import Picture

TableRole = Literal["root", "child", "list"]


@dataclass(frozen=True, kw_only=True)
class TableShown:
    """One table.

    Args:
        role: "root" (its rows are root entities), "child" (they belong to others), "list" (nobody belongs to them).
    """

    name: str
    role: TableRole
    rows_real: int
    rows_synthetic: int
    columns: int


@dataclass(frozen=True, kw_only=True)
class LinkShown:
    """One foreign key.

    Args:
        key: as text.
        table, parent: that point, and that are pointed at.
        owns: whether rows belong to what they point at.
        alike: 1 less the Kolmogorov-Smirnov distance of children per parent; `floor` that of fresh parents.
        none_real, none_synthetic: share of parents without children.
        lost: links that lead nowhere.
        picture: parents by the number of their children.
    """

    key: str
    table: str
    parent: str
    owns: bool
    alike: float
    floor: float | None
    none_real: float
    none_synthetic: float
    lost: int
    picture: Picture | None = None


@dataclass(frozen=True, kw_only=True)
class HopShown:
    """Pairs of columns of two tables, k links apart.

    Args:
        score: their mean; `floor` of fresh roots, `rewired` of real rows with links dealt at random.
        lost: how far from fresh roots towards rewired ones they are, as many of each, from 0 to 1.
    """

    k: int
    top: str
    bottom: str
    pairs: int
    score: float
    floor: float | None
    rewired: float
    lost: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AggShown:
    """How well parents of one table are told apart.

    Args:
        rewired, apart: the same for real rows with links dealt at random, and with tables apart.
        tells: what the classifier leant on, most first.
    """

    table: str
    n: int
    accuracy: float
    rewired: float
    apart: float
    tells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BrokenShown:
    """Something that must hold and does not."""

    what: str
    name: str
    rows: int
    broken: int


@dataclass(frozen=True, kw_only=True)
class Shown:
    """All that is shown."""

    tables: tuple[TableShown, ...] = ()
    links: tuple[LinkShown, ...] = ()
    hops: tuple[HopShown, ...] = ()
    told: tuple[AggShown, ...] = ()
    broken: tuple[BrokenShown, ...] = ()

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Shown:
        """The inverse of `dataclasses.asdict`. Raises TypeError or KeyError where something is no such thing."""
        kinds: dict[str, type[Any]] = {
            "tables": TableShown, "links": LinkShown, "hops": HopShown, "told": AggShown, "broken": BrokenShown
        }  # fmt: skip
        return cls(**{name: tuple(_built(kind, one) for one in plain.get(name, ())) for name, kind in kinds.items()})


def _built(kind: type[Any], plain: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items() if k in known}
    drawn: Any = values.get("picture")
    if isinstance(drawn, Mapping):
        values["picture"] = _built(Picture, drawn)
    return kind(**values)
