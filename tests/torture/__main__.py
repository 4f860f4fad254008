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
from collections import Counter
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
        f"{'nothing wrong' if not tally.wrong else f'{len(tally.wrong)} things wrong'}"
    )
    return tally


def told(tallies: list[Tally], repeat: str) -> int:
    table = Table(title="Tortured", title_justify="left", box=None, pad_edge=False)
    table.add_column("state", no_wrap=True)
    for name in ("runs", "kills", "in doubt", "stops", "let go", "strained", "failed", "edits", "wrong"):
        table.add_column(name, justify="right")
    strains: Counter[str] = Counter()
    for one in tallies:
        strains += one.strains
        strained = sum(one.strains.values())
        numbers = (one.runs, one.kills, one.in_doubt, one.stops, one.late, strained, one.failed, one.edits)
        table.add_row(one.name, *(f"{number:,}" for number in numbers), f"{len(one.wrong)}")
    CONSOLE.print(table)
    CONSOLE.print(
        "in doubt: rounds that left a write unanswered. let go: runs that woke up without their lease. strained: "
        + (", ".join(f"{kind} {n} times" for kind, n in sorted(strains.items())) or "nothing")
        + ". failed: runs that said they could not."
    )
    wrong = [(one.name, what) for one in tallies for what in one.wrong]
    for name, what in wrong[:40]:
        CONSOLE.print(f"[red]{name}[/]: ", end="")
        CONSOLE.print(what, markup=False)
    CONSOLE.print(f"{'WRONG' if wrong else 'Nothing was lost, doubled, left open or written for nothing.'}")
    if wrong:
        CONSOLE.print(f"Repeat with: {repeat}", soft_wrap=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
