"""What the rows of one table determine in another: found on the real tables, and computed in those that are made."""

from likewise.databases.derived.finding import find, shared_by_people
from likewise.databases.derived.kinds import After, Carried, Derived, Implied, Running, Total
from likewise.databases.derived.making import again, from_list, kept_apart, learnable, to_list, unlearnt, why_not

__all__ = [
    "After",
    "Carried",
    "Derived",
    "Implied",
    "Running",
    "Total",
    "again",
    "find",
    "from_list",
    "kept_apart",
    "learnable",
    "shared_by_people",
    "to_list",
    "unlearnt",
    "why_not",
]
