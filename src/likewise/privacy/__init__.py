"""Protection with its guarantee stated and checked.

>>> import likewise as lw
>>> import polars as pl
>>> table = pl.DataFrame({"age": [21, 22, 25, 61, 64, 64], "ill": ["a", "b", "a", "c", "a", "b"]})
>>> lw.privacy.anonymize(table, quasi_identifiers=["age"], k=3).report.measures.k
3
"""

from __future__ import annotations

from likewise.privacy import hierarchies
from likewise.privacy.anonymity import anonymize
from likewise.privacy.fidelity import drawn_values
from likewise.privacy.labels import Hierarchy
from likewise.privacy.measures import Anonymity, Diversity, measure, row_risk
from likewise.privacy.microaggregation import Microaggregated, microaggregate, top_bottom
from likewise.privacy.promise import Promise
from likewise.privacy.pseudonyms import pseudonymize
from likewise.privacy.recoding import Recoding
from likewise.privacy.results import AnonymityReport, Anonymized

__all__ = [
    "Anonymity",
    "AnonymityReport",
    "Anonymized",
    "Diversity",
    "Hierarchy",
    "Microaggregated",
    "Promise",
    "Recoding",
    "anonymize",
    "drawn_values",
    "hierarchies",
    "measure",
    "microaggregate",
    "pseudonymize",
    "row_risk",
    "top_bottom",
]
