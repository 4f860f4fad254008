"""A minute of `make torture`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_minute_of_torture_loses_nothing_and_doubles_nothing(kind):
    seed = os.environ.get("SYNCLINE_SEED", "")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "SEED": seed,
        "KILLS": "24",
        "STOPS": "6",
        "MINUTES": "1",
        "ON": kind,
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.stdout.write(done.stdout)
