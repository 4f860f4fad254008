"""All rows of a question that names no position to go on from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.gateway import Gateway

MOST = 1000
"""Rows of an answer, whatever ``$top`` says (odata2services.page.size.max); where it has as many as were asked for, no
link tells whether there are more."""


def listed(gateway: Gateway, name: str, query: Mapping[str, Any], what: str) -> Iterator[dict[str, Any]]:
    """Rows of an entity set; ``query`` orders them by something unique that new rows do not come before."""
    met = 0
    while True:
        skip = {"$skip": str(met)} if met else {}
        rows, more = gateway.page(name, {**query, "$top": str(MOST), **skip}, what)
        yield from rows
        met += len(rows)
        if not rows or (len(rows) < MOST and not more):
            return
