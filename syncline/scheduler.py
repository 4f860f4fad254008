"""Runs schedules in one process until it is told to stop. The engine's leases decide, not this clock.

Two schedulers over one state do no harm: a tick that meets a run of another process is skipped, and it is said who is
at it and when it is tried again. Schedules of this process wait for each other.
"""

from __future__ import annotations

import inspect
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from mappings.contract import CompiledMapping
from model.errors import LeaseHeldError, SynclineError
from sync.report import RunReport
from syncline.bindings import selectable
from syncline.schedules import Schedule
from syncline.settings import Project
from syncline.turns import Turns
from syncline.wiring import World, build_engine

_LOG = logging.getLogger("syncline.scheduler")
_THREADS = 8


class Tick(Protocol):
    """What happens when a schedule is due; returns the report, or None where nothing could be done."""

    def __call__(self, schedule: Schedule) -> RunReport | None: ...


Next = Callable[[Schedule], datetime | None]
"""When a schedule is due again, as far as somebody knows."""


def _unknown(_: Schedule) -> datetime | None:
    return None


def run_due(project: Project, world: World, stop: threading.Event | None = None, due_again: Next = _unknown) -> Tick:
    """A tick that runs the engine. It never raises: a schedule goes on tomorrow, whatever happens today.

    Ticks of the same entities take turns. Once ``stop`` is set, those that still wait are given up.
    """
    turns = Turns()

    def tick(schedule: Schedule) -> RunReport | None:
        name = schedule.name

        def waits(ahead: str) -> None:
            _LOG.info("waits its turn: a run of the same entities is under way", extra={"schedule": name, "for": ahead})

        with turns.taken(name, _entities(project, schedule), waits):
            if stop is not None and stop.is_set():
                _LOG.warning("tick given up: the scheduler is stopping", extra={"schedule": name})
                return None
            return _run(project, world, schedule, due_again)

    return tick


def _entities(project: Project, schedule: Schedule) -> set[str]:
    """What its run takes the leases of."""
    wanted = set(schedule.select)
    return {one.entity for one in project.mappings if not wanted or not wanted.isdisjoint(_names(one))}


def _names(one: CompiledMapping) -> tuple[str, ...]:
    return one.connection, *selectable(one.name, one.connection, one.stream, one.entity)


def _run(project: Project, world: World, schedule: Schedule, due_again: Next) -> RunReport | None:
    try:
        with build_engine(project, world=world, trigger=f"schedule {schedule.name}") as engine:
            report = engine.run(schedule.select, full=schedule.full, sweep=schedule.sweep, trigger="schedule")
    except LeaseHeldError as error:
        _tell_skipped(schedule, str(error), due_again)
        return None
    except SynclineError as error:
        _LOG.error("run failed", extra={"schedule": schedule.name, "why": str(error)})
        return None
    except Exception as error:  # noqa: BLE001 (a schedule goes on)
        # its text may hold record data, so only its kind is logged
        _LOG.error("run failed unexpectedly", extra={"schedule": schedule.name, "error": type(error).__name__})
        return None
    _tell(schedule, report, due_again)
    return report


def _tell_skipped(schedule: Schedule, why: str | None, due_again: Next) -> None:
    """Who holds the lease is part of ``why``."""
    again = due_again(schedule)
    facts = {"schedule": schedule.name, "why": why, "again": None if again is None else _moment(again)}
    _LOG.warning("tick skipped: another process holds the lease", extra=facts)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S%z}"


def _tell(schedule: Schedule, report: RunReport, due_again: Next) -> None:
    if report.status == "busy":
        _tell_skipped(schedule, report.message, due_again)
        return
    level = logging.INFO if report.status == "ok" else logging.WARNING
    facts = {"schedule": schedule.name, "run": report.run, "status": report.status}
    facts |= {"conflicts": report.conflicts, "waiting": report.waiting, "dead": report.dead}
    _LOG.log(level, "run finished", extra=facts)
    for trouble in report.troubles:
        where = f"{trouble.connection}.{trouble.stream}" if trouble.stream else trouble.connection
        _LOG.warning(
            "trouble", extra={"schedule": schedule.name, "where": where, "code": trouble.code, "why": trouble.message}
        )
    for brake in report.brakes:
        where = f"{brake.connection}.{brake.stream}:{brake.kind}"
        _LOG.warning("brake tripped", extra={"schedule": schedule.name, "release": where, "count": brake.count})
    for kept in report.kept:
        facts = {"schedule": schedule.name, "plan": kept.id, "why": kept.why, "count": kept.count}
        _LOG.warning("plan waits for a person", extra=facts)


def assemble(schedules: Sequence[Schedule], tick: Callable[[Schedule], object]) -> BackgroundScheduler:
    """An APScheduler that is not started yet.

    Jobs live in memory only: stored ones are pickled, and two processes over one store run each of them twice. No
    misfire is too late (the default forgives one second), several missed ones are one, and none overlaps itself.
    """
    if inspect.iscoroutinefunction(tick):
        raise TypeError("a tick must be a plain function: a coroutine would be counted as done without being run")
    scheduler = BackgroundScheduler(
        jobstores={"default": MemoryJobStore()},
        executors={"default": ThreadPoolExecutor(max(_THREADS, len(schedules)))},  # one that waits keeps its thread
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
    )
    for schedule in schedules:
        scheduler.add_job(tick, schedule.trigger(), args=[schedule], id=schedule.name, name=schedule.name)
    return scheduler


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event set by the first SIGTERM or SIGINT; a second one interrupts at once."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        _LOG.info("stopping: letting the present run finish", extra={"signal": signal.Signals(number).name})
        stop.set()

    before: dict[int, Any] = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(project: Project, world: World, *, at_once: bool = False) -> None:
    """Run the project's schedules until a signal. A run in progress is let finish; what it wrote is stored anyway."""

    def due_again(schedule: Schedule) -> datetime | None:
        job = scheduler.get_job(schedule.name)
        return None if job is None else job.next_run_time

    with stopped_by_signals() as stop:
        scheduler = assemble(project.schedules, run_due(project, world, stop, due_again))
        scheduler.start(paused=True)
        now = datetime.now(UTC)
        for job in scheduler.get_jobs():
            if at_once:
                job.modify(next_run_time=now)
            _LOG.info("scheduled", extra={"schedule": job.id, "next": _moment(job.next_run_time)})
        scheduler.resume()
        try:
            while not stop.wait(timeout=3600):
                pass
        finally:
            scheduler.shutdown(wait=stop.is_set())
    _LOG.info("stopped")
