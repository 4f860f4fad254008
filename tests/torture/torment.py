"""One project under torture: people work, runs die, sleep and starve; then all is left in peace and looked at."""

from __future__ import annotations

import random
import re
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from people import Office
from states import Postgres, Sqlite
from workers import Starter, Worker

from state.reports import open_reports
from state.store import open_store

DONE = (0, 3, 4, 7)  # dead letters, conflicts or waiting records may be left
BUSY = 75
FAILED = 1
_DEFECT = re.compile(r"Traceback|^unexpected \w+ at ", re.MULTILINE)  # what the command line says of what it knows not
PATIENCE = 180.0  # seconds for one run
EVERY = 60.0  # seconds between two words about how far it is
_MEMORY = (
    ("canonical", "vals"),
    ("history", "old"),
    ("history", "new"),
    ("conflict", "ours"),
    ("conflict", "theirs"),
    ("parked", "data"),
)


def laid_out(folder: Path, state: str) -> Path:
    """The demonstration's project, with its state at an address."""
    project = folder / "project"
    with resources.as_file(resources.files("syncline.demo") / "project") as source:
        shutil.copytree(source, project)
    (project / "var").mkdir(exist_ok=True)
    config = project / "config.yaml"
    config.write_text(config.read_text().replace("sqlite:///var/syncline.db", state))
    return project


@dataclass
class Tally:
    """What was done to one project, and what was found in the end."""

    name: str
    runs: int = 0
    kills: int = 0
    in_doubt: int = 0  # rounds that left a write without an answer
    stops: int = 0
    late: int = 0  # runs that woke up without their lease, and let go
    strains: Counter[str] = field(default_factory=Counter)
    failed: int = 0  # runs that said that they could not, as they should
    edits: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Torment:
    """What is done to one project, in one order for one seed (but for the moments, which are the machine's)."""

    def __init__(self, folder: Path, state: Sqlite | Postgres, office: Office, workers: int, seed: str) -> None:
        self.state, self.office, self.crowd_size = state, office, workers
        self.dice = random.Random(seed)
        self.starter = Starter(laid_out(folder, state.url), office.environment)
        self.tally = Tally(f"{state.name}, {workers} worker{'s' * (workers > 1)}")
        self.whole = 4.0  # seconds that a run takes, corrected whenever one gets to its end

    def rage(self, kills: int, stops: int, deadline: float) -> None:
        """Until so many runs were killed at work and so many were stopped beyond their lease, or time is up."""
        tally, said = self.tally, time.monotonic()
        while (tally.kills < kills or tally.stops < stops) and time.monotonic() < deadline:
            self.office.work(self.dice.randint(1, 4))
            if self.dice.random() < 0.15:
                self.office.quarrel()
            deeds = [self._kill] * (kills - tally.kills) + [self._stop] * (stops - tally.stops)
            roll = self.dice.random()
            if roll < 0.06:
                self._calm()
            elif roll < 0.14:
                self._strain()
            else:
                self.dice.choice(deeds)()
            self._count_doubts()
            if time.monotonic() > said + EVERY:
                said = time.monotonic()
                line = f"{tally.name}: {tally.kills} of {kills} kills, {tally.stops} of {stops} stops"
                sys.stderr.write(f"{line}, {max(0.0, deadline - said):.0f} s left\n")

    # One round each

    def _crowd(self) -> list[Worker]:
        return [self._start() for _ in range(self.crowd_size)]

    def _start(self, *words: str, quota: int | None = None) -> Worker:
        self.tally.runs += 1
        return self.starter.start(*words, quota=quota)

    def _calm(self) -> None:
        for worker in self._crowd():
            self._ended(worker)

    def _kill(self) -> None:
        crowd = self._crowd()
        victim = self.dice.choice(crowd)
        if self.dice.random() < 0.5:
            self._kill_in_a_call(victim)
        else:
            self._linger(self.dice.uniform(0.0, 1.1) * self.whole, victim)
            self.tally.kills += victim.kill()
        for worker in crowd:
            if worker is not victim and self.dice.random() < 0.5:
                self.tally.kills += worker.kill()
            elif worker is not victim:
                self._ended(worker)
        if not victim.alive and victim.process.exitcode != -signal.SIGKILL:
            self._ended(victim)

    def _kill_in_a_call(self, victim: Worker) -> None:
        watched = self.dice.choice([self.office.crm, self.office.shop])
        watched.armed = self.dice.randint(0, 14), victim.pid, self.dice.random() < 0.7
        self._linger(self.whole, victim)
        victim.wait(PATIENCE)
        watched.armed = None
        self.tally.kills += victim.process.exitcode == -signal.SIGKILL

    def _linger(self, seconds: float, worker: Worker) -> None:
        """People go on working meanwhile."""
        until = time.monotonic() + seconds
        while worker.alive and (left := until - time.monotonic()) > 0:
            worker.wait(min(left, self.dice.uniform(0.02, 0.4)))
            if self.dice.random() < 0.3:
                self.office.work(1)

    def _stop(self) -> None:
        """It sleeps until its lease has run out, another works, and it wakes up in the middle of what it was doing."""
        crowd = self._crowd()
        victim = self.dice.choice(crowd)
        self._linger(self.dice.uniform(0.0, 1.0) * self.whole, victim)
        slept = self._put_to_sleep(victim)
        if slept:
            successor = self._start()
            if self.dice.random() < 0.3:
                self._linger(self.dice.uniform(0.0, 1.0) * self.whole, successor)
                self.tally.kills += successor.kill()
            else:
                successor.wait(self.whole * 3 + 5)
            self.office.work(1)
            crowd.append(successor)
            self.tally.stops += victim.alive
        victim.send(signal.SIGCONT)
        for worker in crowd:
            worker.strained = slept  # what sleeps may hold the ERP, or the state, for others
            code = self._ended(worker)
            self.tally.late += worker is victim and slept and code == BUSY

    def _put_to_sleep(self, victim: Worker) -> bool:
        """Whether it sleeps and its lease is over. One that holds the database is let go on a little."""
        for _ in range(40):
            if not victim.send(signal.SIGSTOP):
                return False
            if self.state.lapse():
                return victim.alive
            victim.send(signal.SIGCONT)
            time.sleep(0.01)
        return False

    def _strain(self) -> None:
        kinds = (
            ["database locked", "disk full"]
            if isinstance(self.state, Sqlite)
            else ["database locked", "database restarted"]
        )
        kind = self.dice.choice(kinds)
        self.tally.strains[kind] += 1
        if kind == "disk full":
            assert isinstance(self.state, Sqlite)
            crowd = [
                self._start(quota=self.state.size() + self.dice.randint(0, 200_000)) for _ in range(self.crowd_size)
            ]
        else:
            crowd = self._crowd()
        for worker in crowd:
            worker.strained = True
        self._linger(self.dice.uniform(0.0, 1.0) * self.whole, crowd[0])
        if kind == "database locked":
            self.state.lock(self.dice.uniform(0.2, 2.0)).join()
        elif kind == "database restarted":
            assert isinstance(self.state, Postgres)
            self.state.cluster.stop()
            time.sleep(self.dice.uniform(0.0, 0.5))
            self.state.cluster.start()
        for worker in crowd:
            self._ended(worker)

    def _ended(self, worker: Worker) -> int | None:
        """Let it come to its end, and judge it."""
        code = worker.wait(PATIENCE)
        said = worker.said()
        if code is None:
            worker.kill()
            self.tally.wrong.append(f"a run did not end within {PATIENCE:.0f} s: {said[-500:]}")
        elif _DEFECT.search(said):
            self.tally.wrong.append(f"a run broke: {said[-1500:]}")
        elif code == FAILED and worker.strained:
            self.tally.failed += 1
        elif code not in (*DONE, BUSY, -signal.SIGKILL):
            self.tally.wrong.append(f"a run ended with {code}: {said[-1500:]}")
        elif code in DONE:
            self.whole = 0.7 * self.whole + 0.3 * min(worker.age, 3 * self.whole)
        return code

    def _count_doubts(self) -> None:
        with self._store() as store:
            self.tally.in_doubt += any(store.open_intents(name) for name in ("erp", "crm", "shop"))

    @contextmanager
    def _store(self) -> Iterator[Any]:
        with closing(open_store(self.state.url)) as store:
            yield store

    # In peace

    def settle(self) -> None:
        """Runs that nobody disturbs, until one changes nothing any more."""
        before = None
        for _ in range(8):
            code = self._ended(self._start())
            if code not in DONE:
                self.tally.wrong.append(f"an undisturbed run ended with {code}")
            now = self.office.snapshot()
            if now == before:
                return
            before = now
        self.tally.wrong.append("it does not come to rest")

    def judge(self, expected: Counter[str]) -> None:
        """Everything that must be true now."""
        before, wrong = self.office.snapshot(), self.tally.wrong
        for words in ((), ("--full",)):
            self._ended(self._start(*words))
            if self.office.snapshot() != before:
                wrong.append(f"one more run {' '.join(words)} wrote something".replace("  ", " "))
        with self._store() as store:
            wrong += [f"open intents of {name}" for name in ("erp", "crm", "shop") if store.open_intents(name)]
            with store.database.read() as tx:
                texts = [
                    row[0]
                    for table, column in _MEMORY
                    for row in tx.rows(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
                ]
        known = " ".join(text if isinstance(text, str) else bytes(text).decode() for text in texts)
        wrong += self.office.wrong(known, expected)
        with closing(open_reports(self.state.url)) as reports:
            for run in reports.runs(limit=100_000):
                view = reports.run(run.id)
                if view is not None and view.ended_at is not None and view.status in ("ok", "attention"):
                    wrong += [
                        f"the balance of run {run.id} at {b} does not add up"
                        for b, x in view.balances.items()
                        if not x.adds_up
                    ]
        self.tally.edits = sum(self.office.edits.values()) + len(self.office.contested)


@dataclass
class Reference:
    """What an undisturbed demonstration comes to."""

    counts: Counter[str]
    accounts: frozenset[str]


def undisturbed(folder: Path) -> Reference:
    """Play it once. Raises AssertionError where even that does not come to rest."""
    office = Office(folder, random.Random(0))
    with office.open():
        torment = Torment(folder, Sqlite(folder / "state.db"), office, 1, "0")
        torment.settle()
        assert not torment.tally.wrong, torment.tally.wrong
        with torment._store() as store, store.database.read() as tx:
            keys = {
                row[0]
                for row in tx.rows(
                    "SELECT a.key FROM link a JOIN link b ON a.entity_id = b.entity_id"
                    " JOIN binding c ON c.id = a.binding JOIN binding e ON e.id = b.binding"
                    " WHERE c.connection = 'crm' AND c.stream = 'Account' AND e.connection = 'erp'"
                    " AND e.stream = 'companies' AND a.state = 'live' AND b.state = 'live'"
                )
            }
        names = Counter(row["Name"] for row in office.rows("Account"))
        linked = {row["Name"] for row in office.rows("Account") if row["Id"] in keys}
        return Reference(office.counts(), frozenset(name for name in linked if names[name] == 1))
