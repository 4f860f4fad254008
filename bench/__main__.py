"""``python -m bench``: measure the product against the floor and print one table.

Every measured thing is the real command line in a fresh process, start-up included, on a project folder that is made
for it. Ratios are to the floor measured in the same run; only those say anything from machine to machine.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.measuring import Cost, measured, served
from bench.people import write_csv
from bench.projects import install_connector, lay_out_table, write_project

# The brakes are as they come; the one on creates would hold a first load, so it is released.
_RUN = ("-m", "syncline", "run", "--quiet", "--release", "create", "--project")


class Line(NamedTuple):
    """One line of the table. ``bar`` is the highest ratio to the floor that counts as fast; None: no bar."""

    workload: str
    cost: Cost
    bar: float | None = None


def floor(folder: Path, count: int) -> Line:
    """The median of five, for everything else is measured by it."""
    folder.mkdir()
    write_csv(folder / "people.csv", count)
    script = str(Path(__file__).parent / "floor.py")
    costs = [
        measured([script, str(folder / "people.csv"), str(folder / f"target-{n}.db")], folder / "log") for n in range(5)
    ]
    return Line("floor: csv + executemany", Cost(*(sorted(column)[2] for column in zip(*costs, strict=True))))


def files_to_table(folder: Path, count: int) -> Iterator[Line]:
    """First load, nothing changed, one in a hundred changed."""
    write_project(folder, "file", "table")
    lay_out_table(folder)
    data = folder / "data" / "people.csv"
    write_csv(data, count)
    yield Line("CSV → state → SQL table, first load", _run(folder), 10)
    _expect(folder, count, chairs=0)
    yield Line("… nothing changed", _run(folder), 2)
    write_csv(data, count, changed=count // 100)
    yield Line("… 1 % changed", _run(folder), 2.5)
    _expect(folder, count, chairs=count // 100)


def api_to_table(folder: Path, count: int) -> Iterator[Line]:
    with served(count) as url:
        write_project(folder, "api", "table", url)
        lay_out_table(folder)
        yield Line("HTTP API → state → SQL table, first load", _run(folder), 12)
    _expect(folder, count, chairs=0)


def files_to_api(folder: Path, count: int) -> Iterator[Line]:
    with served(0) as url:
        write_project(folder, "file", "api", url)
        write_csv(folder / "data" / "people.csv", count)
        yield Line("CSV → state → HTTP API, first load", _run(folder), 12)
        _expect_written(url, count)
        yield Line("… nothing changed", _run(folder))
        _expect_written(url, count)


def _run(folder: Path) -> Cost:
    plugins = folder.parent / "plugins"
    install_connector(plugins)
    return measured([*_RUN, str(folder)], folder / "log", [plugins])


def _expect(folder: Path, count: int, *, chairs: int) -> None:
    """What was measured must also have happened."""
    database = sqlite3.connect(folder / "data" / "target.db")
    found = database.execute("SELECT count(*), count(CASE title WHEN 'Chair' THEN 1 END) FROM people").fetchone()
    database.close()
    if found != (count, chairs):
        raise RuntimeError(f"the table holds {found[0]} people, {found[1]} of them changed; {count}, {chairs} expected")


def _expect_written(url: str, count: int) -> None:
    """As many records as contacts, each written once."""
    with urllib.request.urlopen(f"{url}/count", timeout=60) as answer:
        records, writes = json.loads(answer.read())
    if (records, writes) != (count, count):
        raise RuntimeError(f"the API holds {records} people after {writes} writes; {count} of each expected")


def files_to_far_api(folder: Path, count: int) -> Iterator[Line]:
    """A system far away: most of the time would be spent waiting."""
    with served(0, 50) as url:
        write_project(folder, "file", "api", url)
        write_csv(folder / "data" / "people.csv", count)
        yield Line("CSV → state → HTTP API, 50 ms a call", _run(folder))
        _expect_written(url, count)


_WORKLOADS = {"table": files_to_table, "pull": api_to_table, "push": files_to_api, "far": files_to_far_api}


def shown(line: Line, base: Line) -> str:
    ratio, work = line.cost.wall / base.cost.wall, line.cost.cpu / base.cost.cpu
    bar = "" if line.bar is None else f"≤ {line.bar:g}"
    verdict = "" if line.bar is None else "met" if ratio <= line.bar else "missed"
    wall, cpu, memory = line.cost
    return f"{line.workload:<42}{wall:>8.2f}{ratio:>8.1f}  {bar:<7}{verdict:<7}{cpu:>8.2f}{work:>8.1f}{memory:>9.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[100_000], help="sizes, each with its own floor")
    parser.add_argument("--only", choices=_WORKLOADS, nargs="+", default=list(_WORKLOADS))
    parser.add_argument("--folder", type=Path, help="keep everything here instead of in a temporary folder")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        place = given.folder or Path(temporary)
        for count in given.records:
            base = floor(place / f"floor-{count}", count)
            columns = f"{'wall s':>8}{'ratio':>8}  {'bar':<14}{'CPU s':>8}{'ratio':>8}{'RSS MB':>9}"
            print(f"{f'{count:,} contacts':<42}{columns}")
            print(shown(base, base))
            for name in given.only:
                for line in _WORKLOADS[name](place / f"{name}-{count}", count):
                    print(shown(line, base), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
