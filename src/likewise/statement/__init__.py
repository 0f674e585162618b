"""The release sheet: what is promised about a model, or about anonymised rows, and what is not, for who must sign."""

from __future__ import annotations

from likewise.statement.content import Statement, statement
from likewise.statement.said import Answer, Said

__all__ = ["Answer", "Said", "Statement", "statement"]
