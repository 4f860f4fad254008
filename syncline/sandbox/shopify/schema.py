"""The fake's schema, by version of the API, with scalars that are written and read as the vendor's descriptions say.

Held against the schema that the vendor publishes by ``tests/interop/test_shopify_fake_schema.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    type_from_ast,
    validate_input_value,
)

VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
NEWEST = VERSIONS[-1]


_SINCE = re.compile(r"^(?:\w+ \w+ \{  # since (\S+)\n(?:.*\n)*?\}|.*\S  # since (\S+))\n", re.MULTILINE)
"""A definition, or one line of it, that says since when it is there."""


@lru_cache(maxsize=len(VERSIONS))
def schema(version: str = NEWEST) -> GraphQLSchema:
    """What a shop of this version has."""
    text = Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    made = build_schema(_SINCE.sub(lambda found: found[0] if version >= (found[1] or found[2]) else "", text))
    for name, read in (("DateTime", _moment), ("UnsignedInt64", str), ("Decimal", str)):
        kind: Any = made.type_map[name]
        kind.coerce_input_value, kind.coerce_output_value = read, str
    return made


def unfit(known: GraphQLSchema, asked: OperationDefinitionNode, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What does not fit in the variables, in the form of the vendor's answers: an error for each variable, the places
    below it in ``problems`` (quoted in the tracker of carstenlebek/shopify-non-embedded-app-template, 2023 and 2024).
    """
    errors = []
    for declared in asked.variable_definitions or ():
        name = declared.variable.name.value
        if name not in variables and declared.default_value is not None:
            continue
        kind: Any = type_from_ast(known, declared.type)
        problems: list[dict[str, Any]] = []

        def note(error: GraphQLError, path: list[str | int], found: list[dict[str, Any]] = problems) -> None:
            found.append({"path": path, "explanation": error.message})

        validate_input_value(variables.get(name), kind, note)
        if problems:
            first = problems[0]
            place = f" for {'.'.join(map(str, first['path']))} ({first['explanation']})" if first["path"] else ""
            text = f"Variable ${name} of type {kind} was provided invalid value{place}"
            more = {"code": "INVALID_VARIABLE", "value": variables.get(name), "problems": problems}
            errors.append({"message": text, "extensions": more})
    return errors


def _moment(value: Any) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError("DateTime cannot represent this value") from None
    return str(value)
