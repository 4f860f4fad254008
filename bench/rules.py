"""``python -m bench.rules``: what the rules of a mapping cost, a record: CPU time, by pages, in this one process.

The floor puts the same fields under other names into a dict, and looks at none of them. Of expressions, it is the
engine alone, told of each record once.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from operator import itemgetter
from typing import Any

from bench.people import COLUMNS, rows
from bench.projects import mapping_text
from mappings.cel.engine import available
from mappings.compile import load
from mappings.contract import CompiledMapping, RenderRequest
from model.entities import schemas
from model.records import Record

_PAGE = 2000  # as a run reads
_BAR = 10.0  # µs: what twenty plain rules may cost a record in each direction, libraries apart
_MORE = """\
  salutation: salutation
  middle_name: middle
  contact_number: id
  description: {field: notes, max_length: 2000}
  active: {field: active, transform: {boolean: Y/N}}
  lifecycle: {field: status, values: {customer: [Won, Regular], lead: New, former: Gone}, unknown: collect}
"""
"""Beside the fourteen rules of the projects that are measured: twenty are a mapping as people have it."""
_STATUS = ("Won", "New", "Gone")  # each as it is written
_EXPRESSIONS = {
    "full_name": 'src.given + " " + src.family',
    "nickname": "src.given.substring(0, 1)",
    "job_title": 'src.title == "" ? "none" : src.title',
    "department": "src.department.upperAscii()",
    '"addresses[work].street"': 'src.street.contains(",") ? src.street : src.street + ", " + src.city',
    '"addresses[work].city"': "src.city.trim()",
    '"addresses[work].postal_code"': 'src.postcode.replace(" ", "")',
    '"addresses[work].region"': 'src.country == "US" ? src.state : ""',
    "active": 'src.notes != "" || src.tags != ""',
    "salutation": 'src.language.startsWith("de") ? "Hallo" : "Hello"',
}


def compiled() -> CompiledMapping:
    mapping, found = load(mapping_text("table", "both") + _MORE, "table.yaml", schemas())
    if mapping is None:
        raise RuntimeError("; ".join(map(str, found)))
    return mapping


def pages(count: int) -> list[list[Record]]:
    extras = [{"salutation": "Ms.", "middle": "J.", "active": "YN"[n % 2], "status": _STATUS[n % 3]} for n in range(6)]
    told = enumerate(rows(count))
    records = [Record(row[0], dict(zip(COLUMNS, row, strict=True)) | extras[n % 6]) for n, row in told]
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


def computed() -> CompiledMapping:
    rules = "".join(f"  {path}: {{expr: '{text}'}}\n" for path, text in _EXPRESSIONS.items())
    mapping, found = load(
        f"connection: table\nstream: people\nentity: contact\nrules:\n{rules}", "table.yaml", schemas()
    )
    if mapping is None:
        raise RuntimeError("; ".join(map(str, found)))
    return mapping


def engine(mapping: CompiledMapping) -> Callable[[list[Record]], object]:
    """The engine without us: the same expressions, on the same fields."""
    cel = import_module("cel_expr_python.cel")
    strings = import_module("cel_expr_python.ext.ext_strings")
    types = cel.Type
    environment = cel.NewEnv(variables={"src": types.Map(types.STRING, types.DYN)}, extensions=[strings.ExtStrings()])
    programs = [environment.compile(text) for text in _EXPRESSIONS.values()]
    names = mapping.record_fields
    pick = itemgetter(*names)

    def evaluate(page: list[Record]) -> None:
        for record in page:
            told = environment.Activation({"src": dict(zip(names, pick(record.data), strict=True))})
            for program in programs:
                program.eval(told).plain_value()

    return evaluate


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
        verdict = "met" if cost <= min(bar * base, _BAR) else "missed"
        print(f"{name:<42}{cost:>8.2f}{cost / base:>8.1f}  ≤ {bar:g} and {_BAR:g} µs {verdict}")
    if available():
        expressions(read[: max(len(read) // 10, 1)])
    return 0


def expressions(read: list[list[Record]]) -> None:
    mapping, bar = computed(), 2.0
    base, cost = microseconds(engine(mapping), read), microseconds(mapping.project, read)
    print(f"{f'floor: {len(_EXPRESSIONS)} expressions, the engine alone':<42}{base:>8.2f}{1:>8.1f}")
    print(f"{'project':<42}{cost:>8.2f}{cost / base:>8.1f}  ≤ {bar:g} {'met' if cost <= bar * base else 'missed'}")


if __name__ == "__main__":
    sys.exit(main())
