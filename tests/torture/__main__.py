"""`make torture`: the demonstration under kill -9, SIGSTOP, full disks, locked and restarted databases.

KILLS (500) and STOPS (100) are shared out among SQLite and PostgreSQL, with one worker and with two; MINUTES (45)
bounds it all; ON chooses (`ON=sqlite`); SEED repeats what people did and what was done to whom. Ends with 1 where
anything was lost, doubled, left open or written for nothing.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from people import Office
from rich.console import Console
from rich.table import Table
from states import Cluster, Postgres, Sqlite
from torment import Reference, Tally, Torment, undisturbed

CONSOLE = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    kills, stops = int(os.environ.get("KILLS", "500")), int(os.environ.get("STOPS", "100"))
    minutes = float(os.environ.get("MINUTES", "45"))
    wanted = os.environ.get("ON", "sqlite postgresql").split()
    repeat = f"SEED={seed} KILLS={kills} STOPS={stops} MINUTES={minutes:g} ON='{' '.join(wanted)}' make torture"
    CONSOLE.print(f"Repeat with: {repeat}", soft_wrap=True)
    programs = Cluster.programs_here()
    if "postgresql" in wanted and programs is None:
        CONSOLE.print("PostgreSQL is left out: there are no server programs on this machine that may be started.")
        wanted.remove("postgresql")
    plans = [(kind, workers) for workers in (1, 2) for kind in wanted]
    deadline = time.monotonic() + 60 * minutes
    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory(prefix="torture-") as place:
        folder = Path(place)
        (folder / "calm").mkdir()
        reference = undisturbed(folder / "calm")
        cluster = Cluster(programs) if "postgresql" in wanted and programs is not None else None
        try:
            for number, (kind, workers) in enumerate(plans):
                left = len(plans) - number
                until = time.monotonic() + (deadline - time.monotonic()) / left
                own = folder / f"{kind}-{workers}"
                own.mkdir()
                state = Postgres(cluster, f"torture_{workers}") if cluster and kind == "postgresql" else None
                share = (kills // len(plans), stops // len(plans))
                name = f"{seed} {kind} {workers}"
                tallies.append(tortured(own, state or Sqlite(own / "state.db"), workers, name, share, until, reference))
        finally:
            if cluster is not None:
                cluster.close()
    return told(tallies, repeat)


def tortured(
    folder: Path,
    state: Sqlite | Postgres,
    workers: int,
    seed: str,
    share: tuple[int, int],
    until: float,
    reference: Reference,
) -> Tally:
    office = Office(folder, random.Random(f"{seed} people"), reference.accounts)
    began = time.monotonic()
    with office.open():
        torment = Torment(folder, state, office, workers, seed)
        torment.rage(*share, deadline=until)
        torment.settle()
        torment.judge(reference.counts)
    tally = torment.tally
    tally.seconds = time.monotonic() - began
    CONSOLE.print(
        f"{tally.name}: {tally.kills} kills, {tally.stops} stops, {tally.edits} edits in {tally.seconds:.0f} s: "
        f"{len(tally.wrong) or 'nothing'} found wrong"
    )
    return tally


def told(tallies: list[Tally], repeat: str) -> int:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for one in tallies:
        table.add_column(one.name.replace(", ", "\n"), justify="right", no_wrap=True)
    strains = sorted({kind for one in tallies for kind in one.strains})
    lines: dict[str, list[float]] = {
        "runs": [one.runs for one in tallies],
        "killed at work": [one.kills for one in tallies],
        "times a write was left in doubt": [one.in_doubt for one in tallies],
        "stopped beyond the lease": [one.stops for one in tallies],
        "woke up without it and let go": [one.late for one in tallies],
        **{kind: [one.strains[kind] for one in tallies] for kind in strains},
        "runs that said they could not": [one.failed for one in tallies],
        "edits by people": [one.edits for one in tallies],
        "seconds": [one.seconds for one in tallies],
        "wrong": [len(one.wrong) for one in tallies],
    }
    for line, numbers in lines.items():
        table.add_row(line, *(f"{number:,.0f}" for number in numbers))
    CONSOLE.print(table)
    wrong = [(one.name, what) for one in tallies for what in one.wrong]
    for name, what in wrong[:40]:
        CONSOLE.print(f"{name}: {what}", style="red", markup=False, soft_wrap=True)
    if wrong:
        CONSOLE.print(f"{len(wrong)} found wrong. Repeat with: {repeat}", soft_wrap=True)
    else:
        CONSOLE.print("Nothing was lost, doubled, left open or written for nothing.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
