"""Write docs/schema.json, the JSON schema of schema files: `python scripts/make_json_schema.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from likewise.schema.column import FORMAT_VERSION, Kind, Role
from likewise.schema.semantics import LOCALE, Semantic

TARGET = Path(__file__).resolve().parent.parent / "docs" / "schema.json"
TEXT, WHOLE, TRUTH = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
END = {"type": ["number", "string"]}


def render() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what `likewise schema --json` writes."""
    said = {
        "kind": {"enum": [kind.value for kind in Kind]},
        "role": {"enum": [role.value for role in Role]},
        "semantic": {"enum": [*(semantic.value for semantic in Semantic), None]},
        "locale": {"type": ["string", "null"], "pattern": LOCALE},
        "dtype": TEXT,
        "missing": TEXTS,
        "missing_as_null": TRUTH,
        "format": {"type": ["string", "null"]},
        "lenient": TRUTH,
        "labels": {"type": ["array", "null"], "items": TEXT, "minItems": 2, "maxItems": 2},
        "decimals": {"type": ["integer", "null"], "minimum": 0},
        "bounds": {"type": ["array", "null"], "items": END, "minItems": 2, "maxItems": 2},
        "levels": {"type": ["array", "null"], "items": TEXT},
        "nullable": {"type": ["boolean", "null"]},
        "notes": TEXTS,
    }
    found = {"type": "object", "properties": said, "additionalProperties": False}
    column = {
        "type": "object",
        "properties": {"name": TEXT, **said, "found": found},
        "required": ["name"],
        "additionalProperties": False,
    }
    dialect = {
        "type": "object",
        "properties": {
            "delimiter": TEXT,
            "quote": {"enum": ['"', "'", "none"]},
            "escape": {"enum": ["\\", "none"]},
            "encoding": TEXT,
            "line_end": {"enum": ["\n", "\r\n", "\r"]},
            "header": TRUTH,
            "skip": WHOLE,
            "comment": TEXT,
            "decimal": {"enum": [".", ","]},
            "quoting": {"enum": ["needed", "all"]},
            "padded": {"type": "boolean"},
            "sep_line": {"type": "boolean"},
            "unnamed": {"type": "boolean"},
        },
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "likewise schema",
        "description": "What the columns of a table are, and how its file was written.",
        "type": "object",
        "properties": {
            "format": {"const": "likewise-schema"},
            "version": {"type": "integer", "minimum": 1, "maximum": FORMAT_VERSION},
            "dialect": dialect,
            "rules": TEXTS,
            "columns": {"type": "array", "items": column},
        },
        "required": ["format", "version", "columns"],
        "additionalProperties": False,
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(render(), indent=1) + "\n", encoding="utf-8")
    print(TARGET.name)
