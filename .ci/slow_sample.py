"""Run slow tests in random order until the time is spent. The seed is printed; SEED=… repeats a sample.

Tests see the seed as SYNCLINE_SEED, so that simulations, too, take a path nobody has taken before, and can take it
again. Ends with 1 where a test failed, else with 0; no slow tests at all are no failure, and are said.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

BUDGET_SECONDS = float(os.environ.get("BUDGET", "480"))  # starting; a test under way may take as long again
BATCH = 4
WORKERS = os.environ.get("WORKERS", "2")
NO_TESTS = 5  # pytest's exit code


def slow_tests() -> list[str]:
    """Node ids of all slow tests. Exits where they cannot be collected."""
    found = pytest("--collect-only", "-q", "-m", "slow", capture=True)
    if found.returncode == NO_TESTS:
        return []
    if found.returncode:
        sys.stdout.write(found.stdout)
        sys.exit(f"collecting the slow tests ended with {found.returncode}")
    return sorted(line for line in found.stdout.splitlines() if "::" in line)


def pytest(
    *arguments: str, capture: bool = False, timeout: float | None = None, seed: int | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"SYNCLINE_SEED": str(seed)} if seed is not None else {})}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, text=True, capture_output=capture, timeout=timeout, env=environment, check=False)  # noqa: S603 (our own command)


def main() -> int:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    tests = slow_tests()
    if not tests:
        sys.stdout.write("There are no slow tests.\n")
        return 0
    random.Random(seed).shuffle(tests)  # noqa: S311 (a sample, not a secret)
    repeat = f"SEED={seed} make test-slow-sample"
    sys.stdout.write(f"Sampling {len(tests)} slow tests for {BUDGET_SECONDS:.0f} s. Repeat with: {repeat}\n")
    sys.stdout.flush()
    began, ran = time.monotonic(), 0
    while ran < len(tests) and time.monotonic() - began < BUDGET_SECONDS:
        batch = tests[ran : ran + BATCH]
        try:
            ended = pytest("-n", WORKERS, f"--hypothesis-seed={seed}", *batch, timeout=2 * BUDGET_SECONDS, seed=seed)
        except subprocess.TimeoutExpired:
            sys.exit(f"A slow test did not end: one of {', '.join(batch)}. Repeat with: {repeat}")
        if ended.returncode:
            sys.exit(f"A slow test failed. Repeat with: {repeat}")
        ran += len(batch)
    sys.stdout.write(f"{ran} of {len(tests)} slow tests passed in {time.monotonic() - began:.0f} s, seed {seed}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
