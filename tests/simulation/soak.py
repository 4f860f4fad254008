"""Many stories: ``python -m tests.simulation --seeds 200000 --processes 2``.

``--first`` chooses where to begin (else the clock does), ``--replay SEED`` tells one story with all that happens in it,
``--mutant NAME`` takes a safeguard away first, ``--hunt SEEDS`` takes away all of them, one after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.simulation.director import CALL_FAULTS, FITS
from tests.simulation.mutants import MUTANTS, sabotaged
from tests.simulation.shrink import complaint, shrunk, told
from tests.simulation.story import made_up
from tests.simulation.world import SimWorld

CAUGHT = Path(__file__).parent / "caught.json"
"""By mutant: the first seed that misses it. Written by ``--hunt``."""

MANY = 8_000
"""So many stories try every fault everywhere: a cell that is empty then is a hole in the stories."""

_TELL = 10_000

PHASES = ("recover", "observe", "act")
NEVER = {
    "keys": {"recover", "act"},
    "find": {"observe", "act"},
    "read": {"recover", "act"},
    "upsert": {"observe"},
    "remove": {"observe", "recover"},
}
"""Verbs are not called in every phase of a run: nothing is listed while writing, nothing is written while reading."""

Cell = tuple[str, str, str]


def block(job: tuple[int, int, str | None]) -> dict[str, Any]:
    """Play a block of seeds; what went wrong, by seed, and how often each fault struck where."""
    first, count, mutant = job
    gc.set_threshold(50_000, 20, 50)
    wrong: dict[int, str] = {}
    matrix: Counter[Cell] = Counter()
    excused = struck = 0
    with sabotaged(mutant) if mutant else contextlib.nullcontext():
        for seed in range(first, first + count):
            world = SimWorld(made_up(seed))
            try:
                world.play()
            except AssertionError as error:
                wrong[seed] = str(error)
            except Exception as error:  # noqa: BLE001 (told with its seed)
                wrong[seed] = f"{type(error).__name__}: {error}"
            matrix.update(world.director.matrix)
            excused += world.oracle.excused
            struck += sum(world.director.matrix.values())
    return {"wrong": wrong, "matrix": list(matrix.items()), "count": count, "excused": excused, "struck": struck}


def expected() -> Iterator[Cell]:
    """Every fault a verb can suffer, in every phase in which the verb is called."""
    for verb, faults in FITS.items():
        for fault, phase in itertools.product(sorted(faults), PHASES):
            if phase not in NEVER.get(verb, set()):
                yield fault, verb, phase


def table(matrix: Counter[Cell]) -> str:
    """The matrix for people; rows are faults, columns verbs, a cell counts by phase: recover/observe/act."""
    verbs = [verb for verb in FITS if FITS[verb]]
    lines = [f"{'':15}" + "".join(f"{verb:>20}" for verb in verbs)]
    for fault in CALL_FAULTS:
        cells = []
        for verb in verbs:
            if fault not in FITS[verb]:
                cells.append("·")
                continue
            counts = ("-" if p in NEVER.get(verb, set()) else str(matrix[fault, verb, p]) for p in PHASES)
            cells.append("/".join(counts))
        lines.append(f"{fault:15}" + "".join(f"{cell:>20}" for cell in cells))
    for kind in ("crash", "rival", "pause"):
        by_verb = Counter(verb for (k, verb, _), n in matrix.items() if k == kind for _ in range(n))
        lines.append(f"{kind:15}" + ", ".join(f"{verb} {count}" for verb, count in sorted(by_verb.items())))
    edits = sum(n for (k, _, _), n in matrix.items() if k not in (*CALL_FAULTS, "crash", "rival", "pause"))
    lines.append(f"{'people':15}{edits} edits between two calls of a run")
    return "\n".join(lines)


def replay(seed: int, mutant: str | None) -> int:
    log: list[str] = []
    with sabotaged(mutant) if mutant else contextlib.nullcontext():
        story = made_up(seed)
        said = None
        try:
            SimWorld(story, log=log).play()
        except AssertionError as error:
            said = str(error)
        print("\n".join(log))
        print(told(story))
        print(said or "all held")
    return 1 if said else 0


def soak(first: int, seeds: int, processes: int, mutant: str | None) -> int:
    print(f"first seed {first}, {seeds} stories, {processes} processes", flush=True)
    began = time.monotonic()
    size = max(1, min(200, seeds // (processes * 4) or 1))
    jobs = [(at, min(size, first + seeds - at), mutant) for at in range(first, first + seeds, size)]
    wrong: dict[int, str] = {}
    matrix: Counter[Cell] = Counter()
    done = excused = struck = 0
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for found in pool.imap_unordered(block, jobs):
            wrong |= found["wrong"]
            for seed, said in found["wrong"].items():
                print(f"\nseed {seed}: {said}\n  again: python -m tests.simulation --replay {seed}", flush=True)
            matrix.update({tuple(cell): n for cell, n in found["matrix"]})
            done, excused, struck = done + found["count"], excused + found["excused"], struck + found["struck"]
            if done // _TELL > (done - found["count"]) // _TELL:
                print(f"{done} stories after {time.monotonic() - began:.0f} s", flush=True)
            if len(wrong) >= 5:
                break
    took = time.monotonic() - began
    print(table(matrix))
    empty = sorted(set(expected()) - matrix.keys())
    print(f"{done} stories in {took:.0f} s ({done / took:.1f} a second), {struck} faults, {excused} excused overwrites")
    if wrong and not mutant:
        seed = min(wrong)
        print(told(shrunk(made_up(seed), complaint(made_up(seed)) or "")))
    if empty and seeds >= MANY:
        print("never tried:", json.dumps(empty))
    return 1 if wrong or (empty and seeds >= MANY) else 0


def caught(job: tuple[str, int]) -> tuple[str, int | None, str | None]:
    """The first seed that misses a safeguard, and what it says; None where none of them does."""
    name, most = job
    for seed in range(most):
        with sabotaged(name):
            said = complaint(made_up(seed))
        if said is not None and complaint(made_up(seed)) is None:
            return name, seed, said
    return name, None, None


def hunt(most: int, processes: int) -> int:
    """Take each safeguard away, and write down which seed misses it."""
    found: dict[str, int] = {}
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=1) as pool:
        for name, seed, said in pool.imap_unordered(caught, [(name, most) for name in MUTANTS]):
            print(f"{name:26} {'survives' if seed is None else f'caught by seed {seed}: {said}'}", flush=True)
            if seed is not None:
                found[name] = seed
    CAUGHT.write_text(json.dumps(dict(sorted(found.items())), indent=2) + "\n", encoding="utf-8")
    print(f"{len(found)} of {len(MUTANTS)} caught within {most} seeds")
    return 0 if len(found) == len(MUTANTS) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=None)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--replay", type=int)
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    parser.add_argument("--hunt", type=int, metavar="SEEDS", help="catch every mutant within so many seeds")
    given = parser.parse_args()
    if given.hunt is not None:
        return hunt(given.hunt, given.processes)
    if given.replay is not None:
        return replay(given.replay, given.mutant)
    first = given.first if given.first is not None else int(time.time()) % 1_000_000_000
    return soak(first, given.seeds, given.processes, given.mutant)
