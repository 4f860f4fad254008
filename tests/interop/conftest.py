"""Others' client libraries against the fakes: `make interop` installs them beside the product and tells what worked.

Without them the tests here are skipped; each names the library it drives. What vendors publish of their own APIs is
fetched by `from_npm`, and held against the connectors and the fakes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

_TOLD: defaultdict[str, Counter[str]] = defaultdict(Counter)
_WHY: defaultdict[str, list[str]] = defaultdict(list)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    place, _, _ = report.nodeid.partition("::")
    if "tests/interop/" in place and (report.when == "call" or report.outcome != "passed"):
        _TOLD[place][report.outcome] += 1
        _excuse(place, report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if "tests/interop/" in report.nodeid and report.outcome != "passed":
        _TOLD[report.nodeid][report.outcome] += 1
        _excuse(report.nodeid, report)


def _excuse(place: str, report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        _WHY[place] += [reason] if reason not in _WHY[place] else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _TOLD:
        return
    terminalreporter.section("what others' clients could do with the fakes")
    for place, outcomes in sorted(_TOLD.items()):
        title = Path(place).read_text(encoding="utf-8").partition("\n")[0].strip('"')
        said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        said = said if set(outcomes) != {"skipped"} else "not run"
        terminalreporter.line(f"{Path(place).stem.removeprefix('test_'):22}{said}: {title}")
        for reason in _WHY[place] if not outcomes["passed"] else ():
            terminalreporter.line(f"{'':22}{reason}")
