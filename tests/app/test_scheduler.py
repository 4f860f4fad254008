"""Schedules fire when due, never overlap, survive failures and stop cleanly."""

import logging
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from model.errors import LeaseHeldError
from state.store import open_store
from sync.run import Engine
from syncline import logs
from syncline.scheduler import assemble, run_due
from syncline.schedules import Schedule
from syncline.settings import load_project
from syncline.turns import Turns

SOON = Schedule(name="soon", every=timedelta(seconds=10), text="10s")


@pytest.fixture
def project(starter):
    return load_project(starter, environment={})[0]


def test_jobs_are_kept_in_memory_forgive_lateness_and_never_overlap():
    scheduler = assemble([SOON], lambda schedule: None)
    scheduler.start(paused=True)
    try:
        (job,) = scheduler.get_jobs()
        assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)
        assert type(scheduler._jobstores["default"]).__name__ == "MemoryJobStore"
    finally:
        scheduler.shutdown()


def test_a_coroutine_is_refused_because_it_would_count_as_done():
    async def tick(schedule):
        pass

    with pytest.raises(TypeError, match="plain function"):
        assemble([SOON], tick)


def test_a_due_schedule_is_run_in_the_scheduler():
    ran = threading.Event()
    scheduler = assemble([SOON], lambda schedule: ran.set())
    scheduler.start(paused=True)
    scheduler.get_jobs()[0].modify(next_run_time=datetime.now(UTC) - timedelta(hours=8))
    scheduler.resume()
    try:
        assert ran.wait(timeout=10)
    finally:
        scheduler.shutdown()


def test_a_tick_runs_the_engine_and_says_how_it_went(project, cli, caplog):
    with caplog.at_level(logging.INFO, logger="syncline"):
        report = run_due(project, cli.world)(SOON)
    assert report.status == "ok"
    assert "run finished" in caplog.text
    (run,) = cli("runs", "list", "--json").json
    assert (run["trigger"], run["status"]) == ("schedule", "ok")


def test_a_tick_that_meets_a_run_of_another_process_says_who_is_at_it_and_when_it_is_tried_again(project, cli, caplog):
    store = open_store(project.state_url, cli.world.clock)
    lease = store.acquire(["entity:contact"], "somebody else", 60, cli.world.clock.now())
    with caplog.at_level(logging.INFO, logger="syncline"):
        run_due(project, cli.world, due_again=lambda schedule: datetime(2026, 3, 1, 2, 30, tzinfo=UTC))(SOON)
    (skipped,) = [record for record in caplog.records if "tick skipped" in record.message]
    assert (skipped.schedule, skipped.again) == ("soon", "2026-03-01T02:30:00+0000")
    assert "somebody else" in skipped.why
    store.release(lease)
    store.close()


class _AtTheGate:
    """An engine whose run begins only when the gate is open, and that says when it came there."""

    def __init__(self, engine, came, gate):
        self.engine, self.came, self.gate = engine, came, gate

    def run(self, select, **options):
        self.came.release()
        assert self.gate.wait(timeout=20)
        return self.engine.run(select, **options)


@pytest.fixture
def gated(cli):
    """Lets ticks come as far as their runs: a semaphore that counts them, and the gate that lets them go on."""
    came, gate = threading.Semaphore(0), threading.Event()
    cli.world.factories = {"sync.run:Engine": lambda **parts: _AtTheGate(Engine(**parts), came, gate)}
    return came, gate


def _ticking(tick, schedule, into):
    thread = threading.Thread(target=lambda: into.append(tick(schedule)))
    thread.start()
    return thread


def test_two_schedules_of_one_entity_that_fall_due_together_both_run_one_after_the_other(project, cli, gated, caplog):
    came, gate = gated
    reports = []
    tick = run_due(project, cli.world)
    with caplog.at_level(logging.INFO, logger="syncline"):
        first = _ticking(tick, SOON, reports)
        assert came.acquire(timeout=20)
        second = _ticking(tick, Schedule(name="other", select=("contact",), every=timedelta(hours=1)), reports)
        wait_until(lambda: "waits its turn" in caplog.text)
        gate.set()
        first.join(timeout=20)
        second.join(timeout=20)
    assert [report.status for report in reports] == ["ok", "ok"]
    (waited,) = [record for record in caplog.records if "waits its turn" in record.message]
    assert (waited.schedule, getattr(waited, "for")) == ("other", "soon")
    assert len(cli("runs", "list", "--json").json) == 2


def test_turns_are_taken_as_they_fell_due_and_nobody_waits_for_other_entities():
    turns, came, waits = Turns(), [], []

    def go(name, entities):
        with turns.taken(name, entities, lambda ahead: waits.append((name, ahead))):
            came.append(name)

    with turns.taken("first", {"contact"}, waits.append):
        later = []
        for name, entities in (("everything", {"account", "contact"}), ("accounts", {"account"})):
            later.append(threading.Thread(target=go, args=(name, entities)))
            later[-1].start()
            wait_until(lambda name=name: name in dict(waits))
        go("orders", {"order"})
        assert came == ["orders"]
    for thread in later:
        thread.join(timeout=20)
    assert waits == [("everything", "first"), ("accounts", "everything")]
    assert came == ["orders", "everything", "accounts"]


def test_one_that_waits_its_turn_when_the_scheduler_stops_is_given_up_and_said(project, cli, gated, caplog):
    came, gate = gated
    stop, reports = threading.Event(), []
    tick = run_due(project, cli.world, stop)
    with caplog.at_level(logging.INFO, logger="syncline"):
        first = _ticking(tick, SOON, reports)
        assert came.acquire(timeout=20)
        second = _ticking(tick, Schedule(name="other"), reports)
        wait_until(lambda: "waits its turn" in caplog.text)
        stop.set()
        gate.set()
        first.join(timeout=20)
        second.join(timeout=20)
    assert [report.status if report else None for report in reports] == ["ok", None]
    assert "tick given up: the scheduler is stopping" in caplog.text


@pytest.mark.parametrize("error", [LeaseHeldError("x", "y", datetime.now(UTC)), RuntimeError("ada@example.com")])
def test_no_failure_ends_the_schedule_and_no_unknown_text_is_logged(project, cli, caplog, error):
    def broken(**parts):
        raise error

    cli.world.factories = {"sync.run:Engine": broken}
    with caplog.at_level(logging.INFO, logger="syncline"):
        assert run_due(project, cli.world)(SOON) is None
    assert caplog.records
    assert "ada@example.com" not in "".join(str(record.__dict__) for record in caplog.records)


def test_log_lines_are_constant_messages_with_facts_and_stay_one_line():
    record = logging.LogRecord("syncline", logging.INFO, "", 0, "run finished", None, None)
    record.schedule, record.why = "nightly", "two\nlines"
    record.created = 0
    assert logs._Lines().format(record) == '1970-01-01T00:00:00Z INFO run finished schedule=nightly why="two lines"'
    assert '"event": "run finished"' in logs._Json().format(record)


def wait_until(holds, seconds=20.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never happened"
        threading.Event().wait(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_scheduler_process_runs_at_once_and_stops_cleanly_at_a_signal(starter, number, tmp_path):
    log = tmp_path / "log"
    with log.open("w") as sink:
        command = [sys.executable, "-m", "syncline", "-p", str(starter), "scheduler", "--now"]
        process = subprocess.Popen(command, stderr=sink, stdout=sink)
    try:
        wait_until(lambda: "run finished" in log.read_text() or process.poll() is not None)
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
    assert log.read_text().rstrip().endswith("stopped")
    assert "Traceback" not in log.read_text()


def test_schedules_shows_the_next_times_in_both_zones_with_the_change_of_the_clocks(cli):
    rows = {row["name"]: row for row in cli("schedules", "--json").json}
    assert rows["nightly"]["next"][0] == "2026-01-01T01:30:00+00:00"
    assert len(rows["every-quarter-of-an-hour"]["next"]) == 5
    assert any("2026-03-29" in note and "03:30" in note for note in rows["nightly"]["notes"])
    said = cli("schedules").out
    assert "02:30 CET" in said
    assert "01:30 UTC" in said


def test_a_project_without_schedules_says_so(cli, starter):
    config = starter / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").partition("schedules:")[0], encoding="utf-8")
    assert "no schedules" in cli("scheduler", code=5).err
