"""A waiting plan of which nothing is as it was: ``python -m bench.drifted --records 100000``.

Everybody in a CSV file gets another title, the brake holds, and the plan waits. Then everybody in the target gets a
title as well, and the plan is released: every one of its actions is compared, refused and told. Measured is memory most
of all.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from pathlib import Path

from bench.measuring import Cost, measured
from bench.people import write_csv
from bench.projects import lay_out_table, write_project
from syncline.cli.exits import Exit


def release(folder: Path, count: int) -> tuple[Cost, Cost]:
    """What the run cost that kept the plan, and its release. Raises RuntimeError where the plan was not refused."""
    write_project(folder, "file", "table")
    lay_out_table(folder)
    data, log = folder / "data" / "people.csv", folder / "log"
    write_csv(data, count)
    run = ("-m", "syncline", "run", "--quiet", "--project", str(folder))
    measured([*run, "--release", "create"], log)
    write_csv(data, count, changed=count)
    braked = measured(run, log, ends=int(Exit.BRAKED))
    _entitle(folder, count)
    release_it = ("-m", "syncline", "brake", "release", "1", "--yes", "--project", str(folder))
    released = measured(release_it, log, ends=int(Exit.CONFLICTS))
    told = log.read_text(encoding="utf-8").splitlines()[-3:]
    sys.stdout.write("\n".join(told) + "\n")
    return braked, released


def _entitle(folder: Path, count: int) -> None:
    with sqlite3.connect(folder / "data" / "target.db") as database:
        done = database.execute("UPDATE people SET title = 'Head'").rowcount
    database.close()
    if done != count:
        raise RuntimeError(f"{done:,} of {count:,} people are in the target")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    count = parser.parse_args().records
    with tempfile.TemporaryDirectory(prefix="syncline-bench-") as folder:
        for what, cost in zip(("held", "released"), release(Path(folder) / "project", count), strict=True):
            sys.stdout.write(f"{count:,} updates {what}: {cost.wall:.1f} s, {cost.megabytes:.0f} MB\n")


if __name__ == "__main__":
    main()
