"""Exit codes: the one table that scripts may rely on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from model import errors

if TYPE_CHECKING:
    from sync.hub import Trouble
    from sync.report import RunReport


class Exit(IntEnum):
    """Why the program ended. Everything but `DONE` needs somebody's attention."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DEAD_LETTERS = 3
    CONFLICTS = 4
    INVALID = 5
    BRAKED = 6
    WAITING = 7
    DRIFT = 8
    CHANGES = 10
    LATER = 75
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done",
    Exit.FAILED: "failed; the message says what stayed unchanged and what to do",
    Exit.USAGE: "wrong usage of the command line",
    Exit.DEAD_LETTERS: "done, but dead letters are left, of this run or an earlier one",
    Exit.CONFLICTS: "done, but conflicts wait for a person, of this run or an earlier one",
    Exit.INVALID: "the configuration is invalid (`check`, `doctor`, or any command that reads it)",
    Exit.BRAKED: "stopped by a brake; nothing was written where it tripped",
    Exit.WAITING: "done, but records wait: for one they refer to, for approval, or for a later run",
    Exit.DRIFT: "a plan was carried out in part: what drifted since it was made was left, and is listed",
    Exit.CHANGES: (
        "`plan --exit-code`, `connections discover --check`: there are changes; "
        "`reconcile`, `audit population`: something differs"
    ),
    Exit.LATER: "try later: another process holds the lease, or a quota is spent",
    Exit.INTERRUPTED: "interrupted; what was finished is stored, and the next run carries on",
}


def of_error(error: BaseException) -> Exit:
    """The exit code an error ends the program with."""
    if isinstance(error, errors.ConfigurationError):
        return Exit.INVALID
    if isinstance(error, errors.BrakeError):
        return Exit.BRAKED
    if isinstance(error, errors.LeaseHeldError | errors.ThrottledError):
        return Exit.LATER
    return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.FAILED


def of_run(report: RunReport) -> Exit:
    """The exit code of a run; the gravest finding wins."""
    if report.status == "busy":
        return Exit.LATER
    if report.status == "braked":
        return Exit.BRAKED
    if report.troubles and all(balance.adds_up for balance in report.balances.values()):
        return of_troubles(report.troubles)
    if report.status == "failed":
        return Exit.FAILED
    if report.dead:
        return Exit.DEAD_LETTERS
    if report.conflicts:
        return Exit.CONFLICTS
    return Exit.WAITING if report.waiting else Exit.DONE


def of_troubles(troubles: Sequence[Trouble]) -> Exit:
    """Try later where all troubles pass by themselves, else failed."""
    return Exit.LATER if all(trouble.code in PASSING for trouble in troubles) else Exit.FAILED


PASSING = frozenset({"throttled"})
"""Trouble codes that pass by themselves: coming back later is all there is to do."""
