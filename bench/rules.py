"""``python -m bench.rules``: what the rules of a mapping cost, a record: CPU time, by pages, in this one process.

The floor puts the same fields under other names into a dict, and looks at none of them.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from bench.people import COLUMNS, rows
from bench.projects import mapping_text
from mappings.compile import load
from mappings.contract import CompiledMapping, RenderRequest
from model.entities import schemas
from model.records import Record

_PAGE = 2000  # as a run reads


def compiled() -> CompiledMapping:
    mapping, found = load(mapping_text("table", "both"), "table.yaml", schemas())
    if mapping is None:
        raise RuntimeError("; ".join(map(str, found)))
    return mapping


def pages(count: int) -> list[list[Record]]:
    records = [Record(row[0], dict(zip(COLUMNS, row, strict=True))) for row in rows(count)]
    return [records[at : at + _PAGE] for at in range(0, count, _PAGE)]


def floor(mapping: CompiledMapping) -> Callable[[list[Record]], object]:
    names = mapping.record_fields
    pick, there = itemgetter(*names), tuple(f"there.{name}" for name in names)
    return lambda page: [dict(zip(there, pick(record.data), strict=True)) for record in page]


def microseconds(work: Callable[[Any], object], pages: Sequence[Sequence[Any]]) -> float:
    """A record, the best of five."""
    count = sum(map(len, pages))
    costs = []
    for _ in range(5):
        begun = time.process_time()
        for page in pages:
            work(page)
        costs.append(time.process_time() - begun)
    return min(costs) / count * 1e6


def creates(mapping: CompiledMapping, read: Sequence[Sequence[Record]]) -> list[list[RenderRequest]]:
    return [[RenderRequest(one.values, None, lambda *_: None) for one in mapping.project(page)] for page in read]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.rules", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    given = parser.parse_args(arguments)
    mapping, read = compiled(), pages(given.records)
    written = creates(mapping, read)
    gc.freeze()  # as the command line does
    gc.set_threshold(100_000)
    base = microseconds(floor(mapping), read)
    print(f"{f'{given.records:,} contacts, {len(mapping.reads)} rules':<42}{'µs':>8}{'ratio':>8}  bar")
    print(f"{'floor: other names, nothing looked at':<42}{base:>8.2f}{1:>8.1f}")
    for name, work, data, bar in (
        ("project", mapping.project, read, 2.5),
        ("render creates", mapping.render, written, 2.5),
        ("fingerprints", mapping.fingerprints, read, 1.5),
    ):
        cost = microseconds(work, data)
        verdict = "met" if cost <= bar * base else "missed"
        print(f"{name:<42}{cost:>8.2f}{cost / base:>8.1f}  ≤ {bar:g} {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
