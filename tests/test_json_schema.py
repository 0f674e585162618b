"""The published JSON schema says what schema files hold, no more and no less."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl

from likewise.schema.column import Column, Schema
from likewise.schema.dialect import Dialect
from likewise.schema.infer import infer

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED: dict[str, Any] = json.loads((ROOT / "docs" / "schema.json").read_text(encoding="utf-8"))


def faults(value: Any, rule: dict[str, Any], at: str = "") -> Iterator[str]:
    """Where a value breaks a rule: the part of JSON schema that the published one is written in."""
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
             "null": type(None)}  # fmt: skip
    wanted = rule.get("type", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if wanted and not any(isinstance(value, kinds[k]) and (k == "boolean") >= isinstance(value, bool) for k in wanted):
        yield f"{at}: {type(value).__name__}"
    if "enum" in rule and value not in rule["enum"]:
        yield f"{at}: not listed"
    if "const" in rule and value != rule["const"]:
        yield f"{at}: not the constant"
    if isinstance(value, int | float) and not rule.get("minimum", value) <= value <= rule.get("maximum", value):
        yield f"{at}: out of range"
    if isinstance(value, dict):
        yield from (f"{at}: lacks {key}" for key in rule.get("required", ()) if key not in value)
        for key, part in value.items():
            if key in rule["properties"]:
                yield from faults(part, rule["properties"][key], f"{at}/{key}")
            else:
                yield f"{at}: {key} is not known"
    if isinstance(value, list):
        if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        for i, part in enumerate(value):
            yield from faults(part, rule["items"], f"{at}/{i}")


def test_the_published_schema_is_the_one_the_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("make_json_schema", ROOT / "scripts" / "make_json_schema.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.render() == PUBLISHED, "run scripts/make_json_schema.py"


def test_it_names_every_field_of_columns_and_dialects() -> None:
    column = PUBLISHED["properties"]["columns"]["items"]["properties"]
    assert set(column) == {field.name for field in fields(Column)}
    assert set(column["found"]["properties"]) == set(column) - {"name", "found"}
    assert set(PUBLISHED["properties"]["dialect"]["properties"]) == {field.name for field in fields(Dialect)}


def test_schemas_that_are_written_are_valid(mixed_frame: pl.DataFrame) -> None:
    draft = infer(mixed_frame)
    whole = Schema(draft.columns, Dialect(delimiter=";", encoding="cp1252", header=False, decimal=","))
    declared = whole.replace(draft.names[0], nullable=True)
    for schema in (draft, whole, declared):
        assert list(faults(json.loads(schema.to_json()), PUBLISHED)) == []


def test_a_file_that_is_no_schema_is_not_valid() -> None:
    head = {"format": "likewise-schema", "version": 1}
    for wrong in ({}, {**head, "columns": [{}]}, {**head, "columns": [{"name": "a", "kind": "colour"}]},
                  {**head, "version": 99, "columns": []}, {**head, "columns": [{"name": 5}]},
                  {**head, "columns": [], "dialect": {"delimiters": ","}}):  # fmt: skip
        assert list(faults(wrong, PUBLISHED))
