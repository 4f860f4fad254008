"""Expressions held against the types of the fields they read.

To the engine a record's fields are dynamic, so that ``src.count + 1`` fails only where ``count`` turns out to be text.
A variable whose name has full stops in it is found before the field of one: compiled once more beside variables called
``src.count``, of the types that the stream's fields have, the expression shows what it would fail at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from mappings.cel.engine import RECORD, dialect
from mappings.cel.faults import Fault, faults
from mappings.language import FieldPath

_TYPES: Mapping[str, str] = {
    "text": "STRING",
    "choice": "STRING",
    "date": "STRING",  # values are JSON: days and moments come as text
    "datetime": "STRING",
    "integer": "INT",
    "boolean": "BOOL",
}
"""By the types of fields. Others may come in several forms: decimals as text or numbers, references as either."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ASKED = re.compile(rf"\bhas\s*\(\s*{RECORD}(?:\s*\.\s*[A-Za-z0-9_]+)+\s*\)")
_MISTYPED = re.compile(r"ERROR: [^\n]* found no matching overload for '[^']*' applied to '\([^\n]*")
_ALLOWED = re.compile(r"null_type|(?:list|map)\(|'_\?_:_' applied to '\(bool")
"""What runs all the same: asking for null, lists of several types, a choice between two types."""


def misfits(text: str, types: Mapping[FieldPath, str]) -> list[Fault]:
    """What a sound expression does that fields of these types (`connectors.contract.FieldType`) do not allow."""
    typed = {
        ".".join((RECORD, *path)): _TYPES[kind]
        for path, kind in types.items()
        if kind in _TYPES and all(map(_NAME.match, path))
    }
    if not typed:
        return []
    try:
        # whether a field is there would be asked of the variable, and it is: true, in as many characters
        _environment(frozenset(typed.items())).compile(_ASKED.sub(lambda found: f"{'true':<{len(found[0])}}", text))
    except (RuntimeError, ValueError) as error:
        said = "\n".join(one for one in _MISTYPED.findall(str(error)) if not _ALLOWED.search(one))
        return faults(said, text, RECORD) if said else []
    return []


@lru_cache(maxsize=64)
def _environment(typed: frozenset[tuple[str, str]]) -> Any:
    return dialect(RECORD, dict(typed))
