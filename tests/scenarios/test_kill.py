"""The process is killed (SIGKILL) at any moment, again and again, while people go on working: in the end the systems
agree exactly as they would have without a single kill.

The fakes live in the test on loopback ports; each run is a process of its own, `python -m syncline run`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple

import pytest

from state.store import open_store
from syncline.sandbox.wire import Request, Response, Server

SEED = int(os.environ.get("SYNCLINE_SEED") or random.SystemRandom().randrange(10**6))
_ENDINGS = (0, 3, 4)  # done; dead letters or conflicts wait


class Deadly:
    """A fake behind whose back the process that calls it dies: ``armed`` is after how many writes, and whether the
    deadly one still takes effect."""

    def __init__(self, fake: Any) -> None:
        self.fake = fake
        self.armed: tuple[int, bool] | None = None
        self.victim: subprocess.Popen[bytes] | None = None

    def handle(self, request: Request) -> Response:
        if self.armed is None or self.victim is None or not _writes(request):
            return self.fake.handle(request)
        left, takes_effect = self.armed
        self.armed = (left - 1, takes_effect) if left > 1 else None
        if self.armed is not None:
            return self.fake.handle(request)
        if takes_effect:
            self.fake.handle(request)
        self.victim.send_signal(signal.SIGKILL)
        return Response(lost=True)


def _writes(request: Request) -> bool:
    if "graphql" in request.path:
        return b"mutation" in request.body
    return request.method != "GET" and "oauth" not in request.path


class Served:
    """A company whose fakes are on loopback, and syncline as people and schedulers start it."""

    def __init__(self, company: Any, state: str | None = None) -> None:
        self.company, self.state = company, state
        self.fakes = [Deadly(company.crm), Deadly(company.shop)]
        if state is not None:
            config = company.project_folder / "config.yaml"
            config.write_text(config.read_text().replace("sqlite:///var/syncline.db", state))

    @contextmanager
    def open(self) -> Iterator[Served]:
        with ExitStack() as stack:
            crm, shop = (stack.enter_context(Server(fake)) for fake in self.fakes)
            self.company.crm.instance_url = crm.url
            self.company.environment |= {"DEMO_CRM_URL": crm.url, "DEMO_SHOP_URL": shop.url}
            yield self

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "syncline", "--project", str(self.company.project_folder), "--quiet", "run"]
        environment = {**os.environ, **self.company.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self) -> None:
        """One run that nobody disturbs."""
        process = self.start()
        said, _ = process.communicate(timeout=120)
        assert process.returncode in _ENDINGS, (process.returncode, said.decode())

    def kill(self, after: float) -> bool:
        """Start a run and kill it. Returns whether it was still at work."""
        process = self.start()
        try:
            said, _ = process.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return True
        assert process.returncode in _ENDINGS, (process.returncode, said.decode())
        return False

    def kill_in_a_call(self, fake: int, left: int, *, takes_effect: bool) -> bool:
        """Start a run that dies while a system is writing. Returns whether there was such a call."""
        deadly = self.fakes[fake]
        deadly.armed = left, takes_effect
        deadly.victim = process = self.start()
        said, _ = process.communicate(timeout=120)
        deadly.armed = None
        assert process.returncode in (*_ENDINGS, -signal.SIGKILL), (process.returncode, said.decode())
        return process.returncode < 0

    def write_calls(self) -> int:
        return sum(self.company.writes().values())

    def doubt(self) -> int:
        """Writes of which it is not known whether they happened."""
        project = self.company.project
        with closing(open_store(project.state_url)) as store:
            return sum(len(store.open_intents(name)) for name in project.connections)


def edits(company: Any, number: int, dice: random.Random) -> Callable[[], None]:
    """What people do between two runs: the ``number``-th piece of work, the same for a company and its twin."""
    new = f"p{number}"
    town, form = dice.choice([("Bonn", "GmbH"), ("Jena", "AG"), ("Kiel", "KG")])
    town += str(number)

    def hire() -> None:
        company.erp.add("people", company_id=1, name=f"Person P{number}", email=f"{new}@erp.example")

    def meet() -> None:
        account = company.contact("ana@alfa.example")["AccountId"]
        contact = {"FirstName": "Lead", "LastName": f"L{number}", "Email": f"{new}@crm.example"}
        company.crm.seed("Contact", [{**contact, "AccountId": account}])

    def sell() -> None:
        company.shop.seed(
            "customers", [{"firstName": "Shop", "lastName": f"S{number}", "email": f"{new}@shop.example"}]
        )

    def move() -> None:
        company.crm.edit("Contact", company.contact("ana@alfa.example")["Id"], {"MailingCity": town})

    def refuse() -> None:
        company.shop.edit(
            company.customer("bo@beta.example")["id"], emailMarketingConsent={"marketingState": "UNSUBSCRIBED"}
        )

    def rename() -> None:  # so that it is still known to be the one in the CRM, whenever that is read first
        company.erp.edit("companies", 1, name=f"Alfa {form}")

    return dice.choice([hire, hire, meet, meet, sell, move, rename, refuse])


def in_agreement(served: Served, twin: Any) -> None:
    """Both settle; then they show the same, nothing is doubled or in doubt, and another run writes nothing."""
    for _ in range(2):
        served.run()
        twin.sync()
    for company in (served.company, twin):
        company.assert_nothing_doubled()
    assert served.company.picture() == twin.picture()
    assert served.company.counts() == twin.counts()
    before, calls = served.company.state(), served.write_calls()
    served.run()
    assert (served.write_calls(), served.company.state()) == (calls, before)
    assert served.doubt() == 0
    with served.company.reports() as reports:
        finished = [reports.run(view.id) for view in reports.runs(limit=4)]
    assert all(balance.adds_up for view in finished for balance in view.balances.values())


class Kills(NamedTuple):
    """How many runs were killed at work, and how often that left a write in doubt."""

    runs: int
    doubted: int


def disturbed(served: Served, twin: Any, kills: int, seed: int) -> Kills:
    """Work, start, kill, until that many runs were killed at work; the twin's people work the same and nothing dies."""
    dice, spread = random.Random(seed), random.Random(seed + 1)
    with served.open():
        whole = 3.0  # seconds that a run takes, corrected whenever one gets to its end
        killed = number = doubted = 0
        while killed < kills and number < 4 * kills:
            number += 1
            for piece in range(1, 4):
                roll = dice.random()
                for company in (served.company, twin):
                    edits(company, 10 * number + piece, random.Random(roll))()
            if number % 2:
                fake, left, takes_effect = spread.choice((0, 1)), spread.choice((1, 2, 3)), spread.random() < 0.7
                killed += served.kill_in_a_call(fake, left, takes_effect=takes_effect)
            else:
                began = time.monotonic()
                if served.kill(spread.uniform(0.3, 1.0) * whole):
                    killed += 1
                else:
                    whole = time.monotonic() - began
            doubted += served.doubt()
        in_agreement(served, twin)
    return Kills(killed, doubted)


def tell(capsys: Any, text: str) -> None:
    """The seed, for whoever wants the same again."""
    with capsys.disabled():
        sys.stdout.write(f"\nSYNCLINE_SEED={SEED} {text}\n")


@pytest.fixture
def pair(make_company: Any, founder: Any) -> Callable[..., tuple[Served, Any]]:
    """A company on loopback, and one that has the same people and where nobody kills anything."""

    def made(state: str | None = None) -> tuple[Served, Any]:
        one, two = make_company(real=True), make_company()
        for company in (one, two):
            founder(company, settled=False)
        return Served(one, state), two

    return made


def test_killed_twice_at_work_and_in_agreement_all_the_same(pair):
    served, twin = pair()
    kills = disturbed(served, twin, 2, seed=3)  # the first kill is in the middle of creating contacts
    assert kills.runs == 2
    assert kills.doubted


@pytest.mark.slow
@pytest.mark.parametrize("part", range(3))
def test_killed_over_and_over_nothing_is_lost_and_nothing_is_doubled(pair, part, capsys):
    served, twin = pair()
    kills = disturbed(served, twin, 22, seed=SEED + part)
    tell(capsys, f"part {part}: {kills}")
    assert kills.runs >= 20
    assert kills.doubted


@pytest.mark.slow
def test_killed_over_and_over_with_the_state_in_postgresql(pair, postgres_schema, capsys):
    served, twin = pair(postgres_schema)
    kills = disturbed(served, twin, 15, seed=SEED)
    tell(capsys, f"on PostgreSQL: {kills}")
    assert kills.runs >= 12
    assert kills.doubted
