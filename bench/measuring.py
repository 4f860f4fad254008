"""One measured thing, one process: wall seconds, CPU seconds and the highest resident memory, from the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Cost(NamedTuple):
    wall: float
    cpu: float
    megabytes: float


def measured(arguments: Sequence[str], log: Path, path: Sequence[Path] = (), *, ends: int = 0) -> Cost:
    """Run Python with these arguments to its end. Raises RuntimeError with what it said where that is another one."""
    with log.open("wb") as said:
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=said, stderr=said, env=_environment(path))
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != ends:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}:\n{log.read_text(errors='replace')}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _environment(path: Sequence[Path]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *path)))}


@contextmanager
def served(count: int, latency: float = 0) -> Iterator[str]:
    """The address of an API with ``count`` people in it, in a process of its own; ``latency`` in milliseconds."""
    command = [sys.executable, "-m", "bench.api", str(count), str(latency)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(()))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
