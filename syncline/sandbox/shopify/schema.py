"""The fake's schema, by version of the API, with scalars that are written and read as the vendor's descriptions say.

Held against the schema that the vendor publishes by ``tests/interop/test_shopify_fake_schema.py``.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema

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
        kind.parse_value = kind.coerce_input_value = read  # graphql-core calls the latter from 3.3 on
        kind.serialize = kind.coerce_output_value = str
    return made


def _moment(value: Any) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError("DateTime cannot represent this value") from None
    return str(value)
