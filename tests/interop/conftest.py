"""Others' client libraries against the fakes: `make interop` installs them beside the product and tells what worked.

Without them the tests here are skipped; each names the library it drives.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

_TOLD: defaultdict[str, Counter[str]] = defaultdict(Counter)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    place, _, _ = report.nodeid.partition("::")
    if "tests/interop/" in place and (report.when == "call" or report.skipped):
        _TOLD[place.rpartition("test_")[2].removesuffix(".py")][report.outcome] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _TOLD:
        return
    terminalreporter.section("what others' clients could do with the fakes")
    for name, outcomes in sorted(_TOLD.items()):
        said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        terminalreporter.line(f"{name:24}{said}")
