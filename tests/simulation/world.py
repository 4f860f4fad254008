"""Plays a story with the real engine and the real store."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from mappings.contract import Match, OnDelete, StrongRule
from model.clock import ManualClock
from model.entities import schemas
from model.errors import ConnectorError, StateError, StateRestoredError
from state.database import Database, connect
from state.migrate import opened
from state.store import SqlStore
from state.tables import metadata
from state.witness import Witness
from sync.absorb import MERGED_THERE
from sync.decision import BindingId, EntityState, LinkState, Side, Why
from sync.policy import Braked, Limit, Oscillation, Policy, Rule, Survivorship
from sync.report import RunReport
from sync.run import LEASE_SECONDS, RESTORED, Engine
from tests.simulation.controls import Operator
from tests.simulation.director import Crash, Director, Event, WatchedStore
from tests.simulation.oracle import ENTITY, Oracle
from tests.simulation.remote import OVERLAP, UNREADABLE, Remote, RemoteConnector, Row, token, unreadable
from tests.simulation.story import CONTROL_KINDS, TROUBLES, USERS, Step, Story
from tests.sync.conftest import PlainMapping, by_turns

CONSENT = ("consents[email:marketing].status", "consents[email:marketing].at")
PERSON = {
    "full_name": "name",
    "emails[work]": "email",
    "job_title": "title",
    "department": "dept",
    "account": "firm",
    CONSENT[0]: "consent",
    CONSENT[1]: "at",
}
FIRM = {"name": "name", "industry": "industry"}
BY_EMAIL = Match(strong=(StrongRule(paths=("emails[work]",)),))
BY_NAME = Match(strong=(StrongRule(paths=("name",)),))
TEXTS = ("name", "title", "dept")
USER_KINDS = frozenset(name for name, _ in USERS)
TROUBLE_KINDS = frozenset(name for name, _ in TROUBLES) | {"garble", "misspell", "contradict"}
SETTLING = 8


_TABLES = (*(table.name for table in reversed(metadata.sorted_tables)), "sqlite_sequence")
_SPARE: list[Database] = []
"""Databases of stories that are over: an empty one takes a tenth of a story to make and to get to know."""


def new_store(clock: ManualClock, image: bytes | None = None, witness: Witness | None = None) -> SqlStore:
    """An empty state, or that of an image."""
    if image is not None:
        database = connect("sqlite://")
        raw(database).deserialize(image)
    elif _SPARE:
        database = _SPARE.pop()
        with database.write() as tx:
            for name in _TABLES:
                tx.run(f"DELETE FROM {name}")
    else:
        database = opened("sqlite://")
    return SqlStore(database, clock, witness=witness)


def raw(database: Database) -> sqlite3.Connection:
    found = database.engine.raw_connection().driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


@dataclass
class Memory:
    """What lies beside the state, and is not put back with it (`state.witness.Witness`)."""

    number: int = 0

    def latest(self) -> int:
        return self.number

    def note(self, number: int) -> None:
        self.number = number


class Copy(NamedTuple):
    """A copy of the state: its tables, how far streams were read, and how many writes there had been."""

    image: bytes
    cursors: dict[BindingId, str]
    writes: int
    made: dict[str, int]
    rests: dict[str, datetime | None]  # until when each system was known to want to be left alone


def _same(path: str, written: Any, read: Any) -> bool:
    """What a mapping says that declares what its system does to values."""
    return token(written) == token(read) if token(written) else str(written).upper()[:14] == read


def _poisonous(row: Row) -> bool:
    return (token(row.get("dept")) or "").endswith(("3x", "7x"))


def _harmless(_: Row) -> bool:
    return False


class SimWorld:
    """The systems, the people and the hub of one story."""

    consent = CONSENT

    def __init__(self, story: Story, *, log: list[str] | None = None, store: SqlStore | None = None) -> None:
        setup = story.setup
        self.story = story
        self.clock = ManualClock()
        self.natures = dict(setup.natures)
        self.ticks = 0
        self.serial = 0
        self.resent = 0
        self.earlier: set[tuple[str, str, str]] = set()  # records so made: by the run that had sent them
        self.director = Director(self.clock, self._during, log=log)
        self.oracle = Oracle(self)
        self.director.on_shown = self.oracle.shown
        self.director.on_wrote = self._wrote
        self.director.new_value = self.value
        self.director.on_wrong = self.oracle.wrong
        self.witness = Memory()
        self.plain_store = store or new_store(self.clock, witness=self.witness)
        self.copy: Copy | None = None
        self.store: Any = WatchedStore(self.plain_store, self.director)
        self.remotes = {name: Remote(name, nature, self.clock, self.director) for name, nature in setup.natures}
        self.connectors = {name: RemoteConnector(remote, self.clock) for name, remote in self.remotes.items()}
        self.mappings = [mapping for name in self.remotes for mapping in self._mappings(name)]
        names = tuple(self.remotes)
        by = {"job_title": setup.rules[0], "department": setup.rules[1], "full_name": setup.rules[2]}
        survivorship = {path: Survivorship(Rule(rule), names) for path, rule in by.items()}
        survivorship["default"] = Survivorship(Rule.AUTHORITY, names)
        limits = {kind: Limit(1000, 1.0) for kind in Braked}
        if setup.most_deletes is not None:
            limits[Braked.DELETE] = Limit(setup.most_deletes, 0.0)
        if setup.most_creates is not None:
            limits[Braked.CREATE] = Limit(setup.most_creates, 0.0)
        self.policy = Policy(
            survivorship={"contact": survivorship, "account": {"default": survivorship["default"]}},
            limits={"default": limits},
            page=4,
            oscillation=Oscillation(flips=setup.flips),
            approval=frozenset({setup.approval} - {None}),
        )
        self._engine: Engine | None = None
        self.operator = Operator(self) if story.controlled else None

    def _mappings(self, name: str) -> Iterator[PlainMapping]:
        nature, place = self.natures[name], list(self.natures).index(name)
        inward, outward = self.story.setup.deletes[place]
        lost = self.remotes[name].lost
        options: dict[str, Any] = {}
        if nature.rewrites and self.story.setup.lossy:
            options["equal"] = _same
        yield PlainMapping(name, "firms", "account", FIRM, match=BY_NAME, **options)
        yield PlainMapping(
            name,
            "people",
            "contact",
            {path: field for path, field in PERSON.items() if field not in lost},
            match=BY_EMAIL,
            valid=lambda _, value: not unreadable(value),
            references={"account": "firms"},
            on_delete_in=OnDelete(inward),
            on_delete_out=OnDelete(outward),
            **options,
        )

    def engine(self, holder: str = "one") -> Engine:
        """That of a process that was just started."""
        if self._engine is None:
            self._engine = self._first_engine()
        engine = copy(self._engine)
        engine.holder, engine.hub = holder, replace(self._engine.hub)  # which remembers nothing
        return engine

    def _first_engine(self) -> Engine:
        engine = Engine(
            store=self.store,
            connectors=self.connectors,
            mappings=self.mappings,
            schemas=schemas(),
            policy=self.policy,
            clock=self.clock,
            holder="one",
            listener=self.director.listener(),
        )
        engine.hub.crew = by_turns
        return engine

    def _wrote(self, system: str, stream: str, key: str, before: Row | None, after: Row | None, marker: str) -> None:
        self.oracle.wrote(system, stream, key, before, after, marker)
        if self.director.phase == "recover":
            self.resent += 1  # an earlier run had sent it, and no answer came
            self.earlier.add((system, stream, key))
        elif self.operator is not None:
            self.operator.wrote(system, stream, key, before, after)

    # looking

    def value(self) -> str:
        self.serial += 1
        return f"Val{self.serial}x"

    def linked(self, system: str, stream: str, key: str) -> bool:
        at = BindingId(system, stream, ENTITY[stream])
        link = self.plain_store.links(at, [key]).get(key)
        return link is not None and link.state is LinkState.LIVE

    def knows(self, value: str) -> bool:
        return value in self.oracle.known_text()

    def writes(self) -> int:
        return sum(remote.writes for remote in self.remotes.values())

    def decided_writes(self) -> int:
        """Without those that were only sent again."""
        return self.writes() - self.resent

    def _remote(self, n: int) -> Remote:
        return list(self.remotes.values())[n % len(self.remotes)]

    def _pick(self, remote: Remote, stream: str, n: int) -> str | None:
        keys = list(remote.tables[stream].rows)
        return keys[n % len(keys)] if keys else None

    # people edit

    def put(self, remote: Remote, stream: str, key: str, **values: Any) -> None:
        self.ticks += 1
        before = dict(remote.tables[stream].rows.get(key, {}))
        if key in remote.tables[stream].gone:
            self.oracle.came_back(remote.name, stream, key)
        if stream == "people":
            values = {name: value for name, value in values.items() if name not in remote.lost}
        if self.operator is not None:
            news = [f for f, v in values.items() if before.get(f) != v and not remote.same(f, before.get(f), v)]
            self.operator.past.edited(remote.name, stream, key, news)
        remote.put(stream, key, values)
        self.director.note("person", remote.name, stream, key, sorted(values.items()))
        self.oracle.entered(remote.name, stream, key, values, before)

    def drop(self, remote: Remote, stream: str, key: str, into: str | None = None) -> None:
        self.ticks += 1
        self.director.note("person drops", remote.name, stream, key, into)
        before = dict(remote.tables[stream].rows[key])
        if self.operator is not None:
            self.operator.past.edited(remote.name, stream, key, before)
        self.oracle.deleted(remote.name, stream, key, before)
        remote.drop(stream, key, into)

    def user(self, kind: str, args: tuple[int, ...]) -> None:
        """What a user does in one of the systems; nothing, where there is nothing to do it with."""
        a, b, c, d = (*args, 0, 0, 0, 0)[:4]
        remote = self._remote(a)
        person = self._pick(remote, "people", b)
        if kind.startswith("enter"):
            self._enters(kind, remote, args)
        elif kind == "undelete":
            self._undelete(remote, b)
        elif kind == "delete-firm":
            self._delete_firm(remote, b)
        elif kind == "undelete-firm":
            table = remote.tables["firms"]
            gone = [key for key, into in table.gone.items() if into is None]
            if gone:
                self.put(remote, "firms", gone[b % len(gone)], **{**table.last[gone[b % len(gone)]], "hub": None})
        elif kind == "edit-several":
            self._edit_several(b, TEXTS[c % 3], d)
        elif kind == "edit-firm":
            firm = self._pick(remote, "firms", b)
            if firm:
                self.put(remote, "firms", firm, industry=self.value())
        elif person:
            self._to_person(kind, remote, person, c, d)

    def _enters(self, kind: str, remote: Remote, args: tuple[int, ...]) -> None:
        a, b, c, d = (*args, 0, 0, 0, 0)[:4]
        if kind == "enter":
            self._enter(remote, f"p{b % 6}@x.com" if c % 4 else None, c, d)
        elif kind == "enter-firm":
            self.put(remote, "firms", remote.key(), name=f"Firm {b % 4}", industry=self.value())
        else:
            for place in sorted({a % len(self.remotes), (a + 1 + b) % len(self.remotes)}):
                self._enter(self._remote(place), f"q{c % 4}@x.com", 0, d)

    def _to_person(self, kind: str, remote: Remote, person: str, c: int, d: int) -> None:
        match kind:
            case "edit":
                self.put(remote, "people", person, **{TEXTS[c % 3]: self._written(d)})
            case "clear":
                self.put(remote, "people", person, **{("title", "dept", "firm")[c % 3]: None})
            case "change-email" if not self.plain_store.open_intents(remote.name):
                self._change_email(remote, person, c)
            case "move-firm":
                self.put(remote, "people", person, firm=self._pick(remote, "firms", c))
            case "delete":
                self.drop(remote, "people", person)
            case "merge" if (into := self._pick(remote, "people", c)) != person:
                self.drop(remote, "people", person, into)
            case "copy":
                row = {f: v for f, v in remote.tables["people"].rows[person].items() if f not in ("hub", "email")}
                self.put(remote, "people", remote.key(), **{**row, "name": self.value(), "title": self.value()})
            case "consent":
                said = ("opted_in", "opted_out", "pending")[c % 3]
                self.put(remote, "people", person, consent=said, at=f"2026-01-0{1 + d % 9}T00:00:00Z")

    def _written(self, n: int) -> str:
        """As people write: with spaces at the end, or too much of it."""
        return self.value() + ("", "", " ", " and a good deal more")[n % 4]

    def _enter(self, remote: Remote, email: str | None, full: int, firm: int) -> None:
        if email and remote.nature.unique_email and self._taken(remote, email):
            return
        values: dict[str, Any] = {"name": self.value(), "firm": self._pick(remote, "firms", firm)}
        if email:
            values["email"] = email
        if full % 2:
            values |= {"title": self.value(), "dept": self.value()}
        self.put(remote, "people", remote.key(), **values)

    def _edit_several(self, n: int, name: str, d: int) -> None:
        """One person is edited in several systems before the hub looks."""
        emails = sorted(
            {r["email"] for s in self.remotes.values() for r in s.tables["people"].rows.values() if r.get("email")}
        )
        if not emails:
            return
        for place, remote in enumerate(self.remotes.values()):
            if d >> place & 1:
                for key, row in list(remote.tables["people"].rows.items()):
                    if row.get("email") == emails[n % len(emails)]:
                        self.put(remote, "people", key, **{name: self.value()})

    def _change_email(self, remote: Remote, key: str, n: int) -> None:
        email = f"r{n % 5}@x.com"
        if not (remote.nature.unique_email and self._taken(remote, email)):
            self.put(remote, "people", key, email=email)

    def _taken(self, remote: Remote, email: str) -> bool:
        return any(row.get("email") == email for row in remote.tables["people"].rows.values())

    def _delete_firm(self, remote: Remote, n: int) -> None:
        """The system takes it from the people who belonged to it."""
        firm = self._pick(remote, "firms", n)
        if firm:
            self.drop(remote, "firms", firm)
            for key, row in list(remote.tables["people"].rows.items()):
                if row.get("firm") == firm:
                    self.put(remote, "people", key, firm=None)

    def _undelete(self, remote: Remote, n: int) -> None:
        table = remote.tables["people"]
        gone = [key for key, into in table.gone.items() if into is None]
        if gone:
            key = gone[n % len(gone)]
            row = {name: value for name, value in table.last[key].items() if name not in ("email", "firm")}
            blank = {"email": None, "firm": None, "dept": None}
            self.put(remote, "people", key, **{**row, **blank, "name": self.value(), "title": self.value()})

    # people decide in the hub

    def person(self, kind: str, args: tuple[int, ...]) -> None:
        a, b, c = args[:3]
        with contextlib.suppress(StateError, ConnectorError):  # linked meanwhile, in doubt, or a system is down
            match kind:
                case "resolve":
                    for conflict in self._open_conflicts():
                        self.engine().resolve(conflict.id, ("ours", "theirs")[a % 2])
                case "settle-match":
                    for parked in self._parked(Side.IN, Why.DISPUTED):
                        if parked.data is not None and parked.candidates:
                            one = parked.candidates[0 if b % 2 else -1]
                            united = parked.code == MERGED_THERE
                            self.engine().settle_match(parked.id, one if united or a % 2 else None)
                case "retry":
                    ids = [parked.id for parked in self._parked((Side.IN, Side.OUT)[a % 2], Why.DEAD)]
                    if ids:
                        self.engine().retry(ids)
                case "unite":
                    live = self.live(("contact", "account")[c % 2])
                    if len(live) > 1:
                        keep = live.pop(a % len(live))
                        self.engine().unite(keep, live[b % len(live)])
                case "split":
                    remote = self._remote(a)
                    key = self._pick(remote, "people", b)
                    if key and all(key != made for _, _, made in remote.created):
                        self.engine().split(BindingId(remote.name, "people", "contact"), key)

    def live(self, entity: str) -> list[str]:
        with self.plain_store.database.read() as tx:
            sql = "SELECT id FROM canonical WHERE entity = ? AND state = ? ORDER BY id"
            return [row[0] for row in tx.rows(sql, entity, EntityState.LIVE.value)]

    def _open_conflicts(self) -> list[Any]:
        ids = self.live("contact") + self.live("account")
        return [c for paths in self.plain_store.open_conflicts(ids).values() for c in paths.values()]

    def _parked(self, side: Side, why: Why) -> list[Any]:
        bindings = self.engine().hub.bindings
        pages = [page for binding in bindings for page in self.plain_store.all_parked(binding, side, why, 9)]
        return [parked for page in pages for parked in page]

    # what befalls systems

    def trouble(self, kind: str, args: tuple[int, ...]) -> None:
        a, b = args[:2]
        remote = self._remote(a)
        match kind:
            case "poison":
                remote.poison = _poisonous if b % 3 else _harmless
            case "hide":
                key = self._pick(remote, "people", b)
                remote.hidden = {key} if key and b % 3 else set()
                remote.blurred = True
            case "garble":
                self._garble(remote, self._pick(remote, "people", b))
            case "misspell":
                self._misspell(remote, b)
            case "contradict":
                self._contradict(b)
            case "mask":
                self._mask(remote, "dept" if b % 2 else None)
            case "pass-time":
                self.clock.advance((30, 300, 3600, 90_000)[b % 4])
            case "down":
                self.director.down = remote.name if b % 2 else None
            case "lose-field":
                self._lose_or_mend(remote, ("dept", "title")[b % 2])
            case "back-up":
                self._back_up()
            case "put-back" if self.copy is not None and self.writes() > self.copy.writes:
                self._restore(self.copy)

    def _lose_or_mend(self, remote: Remote, name: str) -> None:
        """A field is removed there for good; the next time, somebody takes it out of the mapping."""
        if remote.lost:
            self._mend(remote)
        else:
            self.oracle.lost(remote.name, name, remote.tables["people"].rows)
            remote.lose(name)
            remote.blurred = True

    def _mend(self, remote: Remote) -> None:
        for mapping in self._mappings(remote.name):
            if mapping.stream == "people":
                place = next(at for at, known in enumerate(self.mappings) if known.name == mapping.name)
                self.mappings[place] = mapping
        self._engine = None

    def _back_up(self) -> None:
        """A copy of a state in which nothing was run yet is like a new one: all is read before the first write."""
        database = self.plain_store.database
        with database.read() as tx:
            used = tx.one("SELECT 1 FROM run LIMIT 1") is not None
        if used and database.sqlite:
            made = {name: len(remote.created) for name, remote in self.remotes.items()}
            self.copy = Copy(raw(database).serialize(), dict(self.store.cursors), self.writes(), made, self._rests())

    def _rests(self) -> dict[str, datetime | None]:
        return {name: remote.alone_until for name, remote in self.remotes.items()}

    def _let_go(self) -> None:
        if self.plain_store.database.engine.url.database is None:
            _SPARE.append(self.plain_store.database)
        else:
            self.plain_store.close()

    def _restore(self, copy: Copy) -> None:
        self._let_go()
        self.plain_store = new_store(self.clock, copy.image, self.witness)
        self.store.put_back(self.plain_store, copy.cursors)
        for name, until in copy.rests.items():
            self.remotes[name].alone_until = until  # what it asked for since is not known any more
        self.oracle.restored({name: remote.created[copy.made[name] :] for name, remote in self.remotes.items()})

    def _calm(self) -> None:
        self.director.down = None
        for remote in self.remotes.values():
            remote.hidden = set()  # poison stays: it must not keep anything else from its end
            self._mask(remote, None)
            self._decode(remote)
            self._spell(remote)
            if remote.lost:
                self._mend(remote)

    def _decode(self, remote: Remote) -> None:
        """Somebody repairs what nobody could decode, and what a listing shows for it moves on."""
        garbled, remote.garbled = remote.garbled, set()
        for key in sorted(garbled & remote.tables["people"].rows.keys()):
            self.put(remote, "people", key, title=self.value())

    def _garble(self, remote: Remote, key: str | None) -> None:
        if key is not None:
            remote.garbled.add(key)
            self.oracle.garbled(remote.name, key, remote.tables["people"].rows[key])

    def _misspell(self, remote: Remote, n: int) -> None:
        found, name = self._pick(remote, "people", n), ("title", "dept")[n % 2]
        if found and name not in remote.lost:
            self.put(remote, "people", found, **{name: UNREADABLE + self.value()})

    def _contradict(self, n: int) -> None:
        """Somebody edits elsewhere what no mapping can read here."""
        for remote in self.remotes.values():
            for key, row in sorted(remote.tables["people"].rows.items()):
                at = BindingId(remote.name, "people", "contact")
                link = self.plain_store.links(at, [key]).get(key)
                wrong = [name for name, value in row.items() if unreadable(value)]
                if link is None or not wrong:
                    continue
                for other in self.plain_store.links_of([link.entity_id]).get(link.entity_id, []):
                    there = self.remotes[other.binding.connection]
                    if there is not remote and other.key in there.tables["people"].rows and wrong[0] not in there.lost:
                        self.put(there, "people", other.key, **{wrong[0]: self.value()})
                        if n % 2:
                            return

    def _spell(self, remote: Remote) -> None:
        """Somebody corrects what no mapping could read."""
        for key, row in sorted(remote.tables["people"].rows.items()):
            wrong = [name for name, value in row.items() if unreadable(value)]
            if wrong:
                self.put(remote, "people", key, **{name: self.value() for name in wrong})

    def _mask(self, remote: Remote, name: str | None) -> None:
        """Where the version alone is asked, what can be read again under the version of before stays unknown."""
        if remote.masked and remote.masked != name and remote.nature.conditional:
            self.oracle.overlook(remote.name, remote.masked)
        if name is not None:
            self.oracle.hidden(remote.name, name, remote.tables["people"].rows)
        remote.masked, remote.blurred = name, remote.blurred or name is not None

    # runs

    def _during(self, event: Event) -> None:
        """What happens at a point of a run and is no fault."""
        if event.kind in USER_KINDS:
            self.user(event.kind, event.args)
        elif event.kind == "pause":
            self.clock.advance(event.args[0] % 900)
        elif event.kind == "rival":
            self._rival()

    def _rival(self) -> None:
        """This worker sleeps until its lease has ended, and another one takes over."""
        self.clock.advance(LEASE_SECONDS * 2)
        director = self.director
        director.nested, phase = True, director.phase
        try:
            self.engine("another").run()
            superseded = True
        except StateRestoredError:  # an older copy of the state is refused before the lease is asked for
            superseded = False
        finally:
            director.nested, director.phase = False, phase
        director.superseded = superseded

    def run(self, events: tuple[Event, ...] = (), **options: Any) -> str:
        """One run; how it ended."""
        with self.operator.past.watching() if self.operator is not None else contextlib.nullcontext():
            return self._run(events, **options)

    def _run(self, events: tuple[Event, ...], **options: Any) -> str:
        self.clock.advance(10)
        gone = self._gone()
        before = {name: len(remote.created) for name, remote in self.remotes.items()}
        removed = {name: len(remote.removed) for name, remote in self.remotes.items()}
        self.director.begin(events)
        status, wrote = "crashed", self.decided_writes()
        try:
            with contextlib.suppress(Crash):
                report = self._told_if_outdated(options)
                status = report.status
                alone = all(event.kind != "rival" for event in events)
                assert not (report.brakes and alone) or self.decided_writes() == wrote, (
                    "I9: a brake held, and something was written"
                )
                for (binding, side), balance in report.balances.items():
                    assert balance.adds_up or status == "busy", f"I18: {binding} {side} {balance}"
        finally:
            self.director.end()
        if status == "crashed":
            self.clock.advance(LEASE_SECONDS * 5)
        self.oracle.run_ended(well=status in ("ok", "attention"))
        for name, remote in self.remotes.items():
            for stream, entity, key in remote.created[before[name] :]:
                assert (name, stream, entity) not in gone, f"I5: {name} {stream} {key} rose again"
            if "release" not in options and all(event.kind != "rival" for event in events):
                self._braked(name, len(remote.removed) - removed[name], remote.created[before[name] :])
        self.director.note("run ended", status)
        return status

    def _told_if_outdated(self, options: dict[str, Any]) -> RunReport:
        """I3: where an older copy of the state was put back, nothing is written before a person says to go on."""
        before, outdated = self.writes(), self.store.outdated
        if outdated and RESTORED in options.get("release", ()):
            for remote in self.remotes.values():  # whoever says so waits until listings show all that is there
                remote.hidden = set()
            self.clock.advance(max(remote.nature.lag for remote in self.remotes.values()))
        try:
            report = self.engine().run(**options)
        except StateRestoredError:
            assert outdated, "I3: the state is taken for an older copy, and is none"
            return RunReport(run=0, status="refused")
        finally:
            if outdated and RESTORED not in options.get("release", ()):
                assert self.writes() == before, "I3: an older copy of the state wrote something"
        return report

    def _braked(self, name: str, removed: int, created: list[tuple[str, str, str]]) -> None:
        setup = self.story.setup
        if setup.most_deletes is not None:
            assert removed <= setup.most_deletes, f"I9: {name} was cleared past the brake"
        if setup.most_creates is not None:
            for stream in ("firms", "people"):
                made = sum(at == stream and (name, at, key) not in self.earlier for at, _, key in created)
                assert made <= setup.most_creates, f"I9: {name} was filled past the brake"

    def _gone(self) -> set[tuple[str, str, str]]:
        """Where an entity's records are known to be deleted, and none is left."""
        states: dict[tuple[str, str, str], set[str]] = {}
        with self.plain_store.database.read() as tx:
            sql = "SELECT connection, stream, entity_id, state FROM link JOIN binding ON binding.id = link.binding"
            for connection, stream, entity, state in tx.rows(sql):
                states.setdefault((connection, stream, entity), set()).add(state)
        return {place for place, found in states.items() if found == {LinkState.GONE.value}}

    def step(self, step: Step) -> None:
        self.ticks += 1
        self.clock.advance(3)
        self.director.note("step", step.kind, *step.args)
        kind = step.kind
        if kind in USER_KINDS:
            self.user(kind, step.args)
        elif kind == "run":
            self.run(step.events)
        elif kind == "run-some":
            self.run(step.events, select=[self._remote(step.args[0]).name])
        elif kind == "run-full":
            self.run(step.events, full=True, **({"release": [RESTORED]} if self.store.outdated else {}))
        elif kind == "run-sweep":
            self.run(step.events, full=bool(step.args[0] % 2), sweep=True)
        elif kind == "plan-run":
            self._plan_and_run()
        elif kind in TROUBLE_KINDS:
            self.trouble(kind, step.args)
        elif kind in CONTROL_KINDS and self.operator is not None:
            self.operator.step(kind, step.args, step.events)
        else:
            self.person(kind, step.args)

    def _plan_and_run(self) -> None:
        """I16: where nothing happens in between, a run does what the plan said."""
        before = self.writes()
        plan = self.engine().plan()
        assert self.writes() == before, "I16: a plan wrote something"
        clean = not plan.troubles and not any(plan.unanswered.values())
        status = self.run()
        quiet = all(n.automates is None and not n.rewrites and not n.unique_email for n in self.natures.values())
        # A plan sweeps nothing, so that it may plan writes to what is gone.
        quiet = quiet and self.story.setup.approval is None
        quiet = quiet and not any(r.nature.sweeps and r.tables["people"].gone for r in self.remotes.values())
        if clean and quiet and status == "ok" and not any(action.problem for action in plan.actions):
            planned, done = sum(plan.totals.values()), self.writes() - before
            assert done >= planned, f"I16: {planned} writes planned, {done} done"

    def play(self) -> str:
        """Play the story to its end; raises AssertionError where something did not hold. Returns the trace."""
        try:
            for step in self.story.steps:
                self.step(step)
            self.settle()
        except BaseException:
            self.plain_store.close()
            raise
        self._let_go()
        return self.director.trace()

    def settle(self) -> None:
        """People and faults rest; the hub runs until it is quiet."""
        self._calm()
        self.clock.advance(OVERLAP + 4000)
        for _ in range(3):  # a worker that was killed may still hold the lease
            if self.store.outdated:
                self.run(release=["all", RESTORED])
        assert not self.store.outdated, "I1: an older copy of the state is never taken for the present one again"
        for turn in range(SETTLING):
            before, thorough = self.writes(), turn == 2
            status = self.run(full=thorough, sweep=thorough, release=["all"])
            if self.operator is not None and self.operator.let_go():
                before = -1
            if turn == 1 and status in ("ok", "attention"):
                self.oracle.nothing_was_passed_by()
            if turn > 1 and self.writes() == before:
                break
        assert status in ("ok", "attention"), f"I1: the last of {SETTLING} calm runs ended with {status}"
        before, refused = self.writes(), self._refusals()
        self.run(release=["all"])
        assert self.writes() == before, "I4: writes do not stop"
        for entity in ("account", "contact"):
            self.plain_store.mark_all_dirty(entity)
        self.run(full=True, release=["all"])
        assert self.writes() == before, "I7: a forced run writes"
        assert self._refusals() == refused, "I14: what was refused is sent again and again"
        self.oracle.check()
        if any(remote.poison is not _harmless for remote in self.remotes.values()):
            self._heal()
        if self.operator is not None and self.story.seed % 3 == 0:  # two looks at everything cost as much as a story
            self.operator.finally_agrees()

    def _heal(self) -> None:
        """I14: what was refused keeps nothing else, is sent no more by itself, and goes once a person mended it."""
        self.oracle.only_what_was_refused_is_parked()
        for remote in self.remotes.values():
            remote.poison = _harmless
        dead = [parked.id for parked in self._parked(Side.OUT, Why.DEAD) if parked.code == "bad"]
        if dead:
            self.engine().retry(dead)
        for turn in range(SETTLING):
            self.clock.advance(60)  # what shows late is there by then
            before = self.writes()
            self.run(release=["all"])
            if self.operator is not None and self.operator.let_go():
                before = -1
            if turn and self.writes() == before:
                break
        assert not [parked for parked in self._parked(Side.OUT, Why.DEAD) if parked.code == "bad"], "I14: no way back"
        self.oracle.check()

    def _refusals(self) -> int:
        return sum(remote.refusals for remote in self.remotes.values())
