"""Three systems that agree on many people: ``python -m bench.hub --records 100000 1000000``.

A CSV file is read, two SQL tables are tied both ways. Measured are the first load, a run in which nothing changed, one
after 1 % changed in the file, and one after 1 % changed in one of the tables; each with its time, its memory, the size
of the state a record, and the calls to write (re-reading included). The floor is that of ``python -m bench``, for the
same people.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.__main__ import floor
from bench.measuring import Cost, measured
from bench.people import write_csv
from bench.projects import lay_out_table, mapping_text

_TABLE = "{connector: sql, url: 'sqlite:///data/NAME.db', streams: \
{people: {table: people, key: id, key_from: marker, writable: true}}}"
_CONFIG = f"""\
syncline: 1
connections:
  file: {{connector: files, folder: data, streams: {{people: {{file: people.csv, key: id}}}}}}
  one: {_TABLE.replace("NAME", "one")}
  two: {_TABLE.replace("NAME", "two")}
"""
_WAYS = {"file": "in", "one": "both", "two": "both"}
_RUN = ("-m", "syncline", "run", "--quiet", "--json", "--release", "create", "--project")


class Line(NamedTuple):
    """``state``: bytes of the state database; ``calls``: by connection."""

    workload: str
    cost: Cost
    state: int
    calls: dict[str, int]


def prepare(folder: Path, count: int) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "mappings").mkdir()
    (folder / "config.yaml").write_text(_CONFIG, encoding="utf-8")
    for name, way in _WAYS.items():
        (folder / "mappings" / f"{name}.yaml").write_text(mapping_text(name, way), encoding="utf-8")
    write_csv(folder / "data" / "people.csv", count)
    for name in ("one", "two"):
        lay_out_table(folder, f"{name}.db")


def lines(folder: Path, count: int) -> Iterator[Line]:
    prepare(folder, count)
    yield _run(folder, "first load")
    expect(folder, count, {})
    yield _run(folder, "nothing changed")
    write_csv(folder / "data" / "people.csv", count, changed=count // 100)
    yield _run(folder, "1 % changed in the file")
    expect(folder, count, {"Chair": count // 100})
    _promote(folder / "data" / "one.db", count // 100)
    yield _run(folder, "1 % changed in one table")
    expect(folder, count, {"Chair": count // 100, "Head": count // 100})


def _promote(path: Path, many: int) -> None:
    with sqlite3.connect(path) as database:
        some = "SELECT id FROM people WHERE title = 'Sales Agent' ORDER BY email LIMIT ?"
        database.execute(f"UPDATE people SET title = 'Head' WHERE id IN ({some})", (many,))
    database.close()


def _run(folder: Path, workload: str) -> Line:
    log = folder / "log"
    cost = measured([*_RUN, str(folder)], log)
    report = json.loads(log.read_text(encoding="utf-8"))
    return Line(workload, cost, (folder / "var" / "syncline.db").stat().st_size, report["calls"])


def expect(folder: Path, count: int, titles: dict[str, int]) -> None:
    """What was measured must also have happened, in both tables."""
    wanted = {"Sales Agent": count - sum(titles.values()), **titles}
    for name in ("one", "two"):
        database = sqlite3.connect(folder / "data" / f"{name}.db")
        found = dict(database.execute("SELECT title, count(*) FROM people GROUP BY title").fetchall())
        database.close()
        if found != wanted:
            raise RuntimeError(f"table {name} holds {found}; {wanted} expected")


def shown(line: Line, base: Cost, count: int) -> str:
    wall, cpu, memory = line.cost
    calls = ", ".join(f"{name} {number:,}" for name, number in sorted(line.calls.items())) or "none"
    return (
        f"{line.workload:<26}{wall:>8.2f}{wall / base.wall:>8.1f}{cpu:>8.2f}{memory:>9.0f}"
        f"{line.state / count:>12.0f}  {calls}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hub", description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[100_000], help="sizes, each with its own floor")
    parser.add_argument("--folder", type=Path, help="keep everything here instead of in a temporary folder")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        place = given.folder or Path(temporary)
        for count in given.records:
            base = floor(place / f"floor-{count}", count).cost
            head = f"{f'{count:,} contacts, 3 systems':<26}{'wall s':>8}{'ratio':>8}{'CPU s':>8}{'RSS MB':>9}"
            print(f"{head}{'state B/rec':>12}  calls to write")
            print(f"{'floor: one table':<26}{base.wall:>8.2f}{1:>8.1f}{base.cpu:>8.2f}{base.megabytes:>9.0f}")
            for line in lines(place / f"hub-{count}", count):
                print(shown(line, base, count), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
