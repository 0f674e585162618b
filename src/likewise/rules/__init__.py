"""What must hold between the columns of a row: a text grammar, checks of tables, and how drawn rows keep it."""

from likewise.rules.binding import Bound, bind
from likewise.rules.discovery import Proposal, Proposals, discover_rules
from likewise.rules.grammar import parse_rule
from likewise.rules.imported import Imported, from_dbt, from_expectations, from_pandera, from_sql
from likewise.rules.plan import RulePlan
from likewise.rules.shares import Share, shares_of
from likewise.rules.terms import Rule, columns_of, quoted

__all__ = [
    "Bound",
    "Imported",
    "Proposal",
    "Proposals",
    "Rule",
    "RulePlan",
    "Share",
    "bind",
    "columns_of",
    "discover_rules",
    "from_dbt",
    "from_expectations",
    "from_pandera",
    "from_sql",
    "parse_rule",
    "quoted",
    "shares_of",
]
