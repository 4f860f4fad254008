"""A small world for the engine: systems in memory, mappings of plain rules, a real store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest

from connectors.contract import (
    Connector,
    Context,
    Deletes,
    Field,
    Outcome,
    OutcomeKind,
    Replay,
    Settings,
    Stream,
    Watermark,
    Write,
    Writes,
)
from mappings.contract import Blank, Direction, Match, OnDelete, Projection, Rendition, Strength, StrongRule
from model.clock import ManualClock
from model.entities import schemas
from model.errors import AnswerLostError, RefusedError, UnreachableError
from model.records import Page, Problem, Record, RecordRef
from sync.decision import BindingId
from sync.policy import Braked, Limit, Oscillation, Policy, Rule, Survivorship
from sync.run import Engine

PAGE = 3


@contextmanager
def by_turns(_at_once: int) -> Iterator[Any]:
    """A crew whose calls are over one by one, in this thread, yet several before the first answer is looked at."""

    def start(work: Any) -> Any:
        call: Future[Any] = Future()
        try:
            call.set_result(work())
        except Exception as error:  # noqa: BLE001 (raised where its result is asked for)
            call.set_exception(error)
        return call.result

    yield start


@dataclass
class Table:
    """The rows of one stream in a memory system, with what people and faults do to them."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    gone: dict[str, str | None] = field(default_factory=dict)  # key → survivor of a merge


class System:
    """One outside system: tables with a change counter, and misbehaviour on demand."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.tick = 0
        self.written: list[tuple[str, str, str | None]] = []  # (stream, kind, key), in order
        self.write_calls = 0
        self.lose_answers = 0
        self.down = False
        self.stores = lambda row: row  # how the system rewrites what it is told
        self.refuses = lambda row: None  # reason why a row is refused
        self.refuses_batches = False
        self.created: list[tuple[str, str, str]] = []  # (stream, the hub's id of the entity, key)
        self.hidden: set[str] = set()  # keys that listings leave out although the records are there

    def table(self, stream: str) -> Table:
        return self.tables.setdefault(stream, Table())

    def put(self, stream: str, key: str, /, **values: Any) -> None:
        """A person's edit (or a new record)."""
        table = self.table(stream)
        self.tick += 1
        table.rows[key] = {**table.rows.get(key, {}), **values}
        table.versions[key] = self.tick

    def drop(self, stream: str, key: str, into: str | None = None) -> None:
        """A person deletes a record, or merges it into another one."""
        table = self.table(stream)
        self.tick += 1
        del table.rows[key]
        table.versions[key] = self.tick
        table.gone[key] = into


class MemorySettings(Settings):
    pass


class MemoryConnector(Connector[MemorySettings]):
    """Speaks to a `System`; its facts are set per test."""

    name = "memory"
    Settings = MemorySettings

    def __init__(self, system: System, streams: Sequence[Stream]) -> None:
        super().__init__(MemorySettings(), Context())
        self.system = system
        self._streams = tuple(streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def check(self) -> list[Any]:
        return []

    def discover(self, stream: str) -> tuple[Field, ...]:
        return self.stream(stream).fields

    def _up(self) -> None:
        if self.system.down:
            raise UnreachableError("the system is down")

    def _record(self, stream: str, key: str) -> Record:
        table = self.system.table(stream)
        if key in table.rows:
            return Record(key, {"id": key, **table.rows[key]}, str(table.versions[key]))
        return Record(key, {}, str(table.versions.get(key, 0)), True, table.gone.get(key))

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self._up()
        facts = self.stream(stream)
        table = self.system.table(stream)
        if facts.watermark is None:
            keys = sorted(table.rows.keys() - self.system.hidden)
        else:
            start = int(since or 0)
            told = since is not None and facts.deletes is Deletes.TOMBSTONES
            keys = sorted(table.rows.keys() | (table.gone.keys() if told else set()), key=table.versions.__getitem__)
            keys = [key for key in keys if table.versions[key] >= start]
        full = facts.watermark is None or since is None
        for at in range(0, len(keys), PAGE):
            self._up()
            page = keys[at : at + PAGE]
            cursor = str(table.versions[page[-1]]) if facts.watermark else None
            yield Page([self._record(stream, key) for key in page], cursor, full)
        if not keys:
            yield Page([], (since or "0") if facts.watermark else None, full)

    def fetch(self, stream: str, keys: Sequence[str]) -> list[Record]:
        self._up()
        return [self._record(stream, key) for key in keys]

    def keys(self, stream: str) -> Iterator[list[str]]:
        self._up()
        yield sorted(self.system.table(stream).rows.keys() - self.system.hidden)

    def find(self, stream: str, field: str, values: Sequence[str]) -> list[Record]:
        self._up()
        table = self.system.table(stream)
        return [self._record(stream, k) for k, row in table.rows.items() if row.get(field) in values]

    def upsert(self, stream: str, batch: Sequence[Write]) -> list[Outcome]:
        self._up()
        system, facts = self.system, self.stream(stream)
        assert facts.writes is not None
        assert len(batch) <= max(facts.writes.batch, facts.writes.bulk)
        system.write_calls += 1
        if system.refuses_batches and any(system.refuses(dict(w.fields)) for w in batch):
            raise RefusedError("one of these rows is bad", "bad-batch")
        outcomes = [self._one(stream, facts, write) for write in batch]
        if system.lose_answers:
            system.lose_answers -= 1
            raise AnswerLostError("no answer")
        return outcomes

    def _one(self, stream: str, facts: Stream, write: Write) -> Outcome:
        system, table, writes = self.system, self.system.table(stream), facts.writes
        assert writes is not None
        reason = system.refuses(dict(write.fields))
        if reason:
            return Outcome(OutcomeKind.REFUSED, code=reason, message="the row breaks a rule", field="name")
        key = write.key
        if key is None:
            marked = [k for k, row in table.rows.items() if writes.marker and row.get(writes.marker) == write.marker]
            key = marked[0] if marked and writes.replay is Replay.UPSERT else f"n{len(table.versions) + 1}"
            kind = "create"
        elif key not in table.rows:
            return Outcome(OutcomeKind.MISSING, key=key, of=table.gone.get(key))
        else:
            kind = "update"
            if writes.conditional and write.expects != str(table.versions[key]):
                return Outcome(OutcomeKind.STALE, key=key)
        values = system.stores(dict(write.fields))
        if writes.marker and kind == "create":
            values[writes.marker] = write.marker
        system.put(stream, key, **values)
        system.written.append((stream, kind, key))
        if kind == "create":
            system.created.append((stream, write.marker, key))
        record = self._record(stream, key) if writes.returns_record else None
        return Outcome(OutcomeKind.APPLIED, key, str(table.versions[key]), record)

    def remove(self, stream: str, batch: Sequence[Write]) -> list[Outcome]:
        self._up()
        self.system.write_calls += 1
        return [self._gone(stream, write.key or "") for write in batch]

    def _gone(self, stream: str, key: str) -> Outcome:
        table = self.system.table(stream)
        if key not in table.rows:
            return Outcome(OutcomeKind.MISSING, key=key, of=table.gone.get(key))
        self.system.drop(stream, key)
        self.system.written.append((stream, "delete", key))
        return Outcome(OutcomeKind.APPLIED, key)


class PlainMapping:
    """A mapping of plain rules: canonical path → record field."""

    lifecycle = "live"

    def __init__(self, connection: str, stream: str, entity: str, rules: Mapping[str, str], **options: Any) -> None:
        self.connection, self.stream, self.entity, self.rules = connection, stream, entity, dict(rules)
        self.name = options.pop("name", f"{connection}_{stream}_{entity}")
        self.direction = Direction(options.pop("direction", "both"))
        self.match = options.pop("match", Match())
        self.create_in = options.pop("create_in", True)
        self.create_out = options.pop("create_out", True)
        self.update_in = options.pop("update_in", True)
        self.on_delete_in = options.pop("on_delete_in", OnDelete.REVIEW)
        self.on_delete_out = options.pop("on_delete_out", OnDelete.IGNORE)
        self.references: dict[str, str] = options.pop("references", {})
        self.strengths: dict[str, Strength] = options.pop("strengths", {})
        self.blanks: dict[str, Blank] = options.pop("blanks", {})
        self.equal = options.pop("equal", lambda path, a, b: False)
        self.valid = options.pop("valid", lambda path, value: True)
        self.defaults_in: dict[str, Any] = options.pop("defaults_in", {})
        assert not options, options
        text = repr((connection, stream, entity, sorted(self.rules.items())))
        self.version = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.record_fields = tuple(self.rules.values())
        self.touches = frozenset(self.record_fields)
        self.conditional = self.reads_whole = False
        self.reads = frozenset(self.rules) if self.direction.reads else frozenset()
        self.writes = frozenset(self.rules) if self.direction.writes else frozenset()
        self.reference_streams = self.references

    def covers(self, path: str) -> bool:
        return path in self.reads

    def pushes(self, path: str) -> bool:
        return path in self.writes

    def withholds(self, path: str, values: Mapping[str, Any]) -> bool:
        return False

    def strength(self, path: str) -> Strength:
        return self.strengths.get(path, Strength.ON_CHANGE)

    def blank_in(self, path: str) -> Blank:
        return self.blanks.get(path, Blank.CLEAR)

    blank_out = blank_in

    def fingerprints(self, records: Sequence[Record]) -> list[str]:
        return [
            self.version[:6]
            + hashlib.sha256(orjson.dumps([r.data.get(f, ["absent"]) for f in self.record_fields])).hexdigest()[:16]
            for r in records
        ]

    def project(self, records: Sequence[Record]) -> list[Projection]:
        return [self._project(record) for record in records]

    def _project(self, record: Record) -> Projection:
        values, references, problems = {}, {}, []
        for path, name in self.rules.items():
            if path not in self.reads or name not in record.data:
                continue
            value = record.data[name]
            if not self.valid(path, value):
                problems.append(Problem("invalid", f"{name} is not valid", name, path))
            elif path in self.references and value:
                references[path] = RecordRef(self.references[path], value)
            else:
                values[path] = value or None
        return Projection(values, references, problems)

    def render(self, requests: Sequence[Any]) -> list[Rendition]:
        return [self._render(request) for request in requests]

    def _render(self, request: Any) -> Rendition:
        fields, waiting = {}, []
        for path, name in self.rules.items():
            if request.paths is not None and path not in request.paths:
                continue
            if path not in request.values:
                continue
            value = request.values[path]
            if path in self.references and value:
                value = request.keys(self.references[path], value)
                if value is None:
                    waiting.append(path)
                    continue
            fields[name] = value
        return Rendition(fields, (), waiting)

    def accepts(self, values: Mapping[str, Any]) -> str | None:
        return None

    def same(self, path: str, written: Any, read: Any) -> bool:
        return self.equal(path, written, read)


def stream(name: str, **facts: Any) -> Stream:
    writes = facts.pop("writes", Writes(batch=2, replay=Replay.LOOKUP, marker="hub", returns_record=True))
    watermark = facts.pop("watermark", Watermark(field="v", overlap=timedelta(0)))
    return Stream(
        name=name,
        watermark=watermark,
        writes=writes,
        deletes=facts.pop("deletes", Deletes.TOMBSTONES),
        removes=True,
        **facts,
    )


EMAIL = Match(strong=(StrongRule(paths=("emails[work]",)),))
CONTACT = {"full_name": "name", "emails[work]": "email", "job_title": "title", "department": "dept"}


class World:
    """Systems, mappings and one store; `sync()` runs the engine until people would call it done."""

    def __init__(self, store: Any, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.systems: dict[str, System] = {}
        self.connectors: dict[str, MemoryConnector] = {}
        self.mappings: list[PlainMapping] = []
        self.survivorship: dict[str, Survivorship] = {}
        self.limits: dict[Braked, Limit] = {kind: Limit(1000, 1.0) for kind in Braked}
        self.oscillation = Oscillation()

    def system(self, name: str, *streams: Stream) -> System:
        self.systems[name] = System()
        self.connectors[name] = MemoryConnector(self.systems[name], streams or [stream("people")])
        return self.systems[name]

    def contacts(self, name: str, **options: Any) -> PlainMapping:
        """The usual mapping of a system's people."""
        options.setdefault("match", EMAIL)
        mapping = PlainMapping(name, "people", "contact", options.pop("rules", CONTACT), **options)
        self.mappings.append(mapping)
        return mapping

    def authority(self, *order: str, rule: str = "authority", path: str = "default") -> None:
        self.survivorship[path] = Survivorship(Rule(rule), order)

    def engine(self, **options: Any) -> Engine:
        policy = Policy(
            survivorship={"contact": self.survivorship, "account": self.survivorship},
            limits={"default": self.limits},
            oscillation=self.oscillation,
            page=4,
        )
        return Engine(
            store=self.store,
            connectors=self.connectors,
            mappings=self.mappings,
            schemas=schemas(),
            policy=policy,
            clock=self.clock,
            holder="test",
            **options,
        )

    def sync(self, **options: Any) -> Any:
        self.clock.advance(60)
        report = self.engine().run(**options)
        for (binding, side), balance in report.balances.items():
            assert balance.adds_up, (binding, side, balance)
        return report

    def mappings_id(self, name: str) -> BindingId:
        return BindingId(name, "people", "contact")

    def writes(self) -> int:
        return sum(len(system.written) for system in self.systems.values())

    def people(self, name: str) -> list[dict[str, Any]]:
        """Rows without the hub's marker, in a comparable order."""
        rows = self.systems[name].table("people").rows.values()
        return sorted(({k: v for k, v in row.items() if k != "hub"} for row in rows), key=repr)

    def assert_calm(self) -> None:
        """A run with every record forced through the engine writes nothing anywhere."""
        before = self.writes()
        self.sync(full=True)
        self.store.mark_all_dirty("contact")
        self.sync(full=True)
        assert self.writes() == before


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(store: Any, clock: ManualClock) -> World:
    return World(store, clock)


@pytest.fixture
def two(world: World) -> World:
    """A CRM and a shop, both ways, linked by e-mail; the CRM has the authority."""
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name)
    world.authority("crm", "shop")
    return world


@pytest.fixture
def make_stream() -> Any:
    return stream


@pytest.fixture
def plain() -> type[PlainMapping]:
    return PlainMapping


@pytest.fixture
def binding() -> type[BindingId]:
    return BindingId


@pytest.fixture(scope="module")
def make_world() -> type[World]:
    return World


@pytest.fixture(scope="module")
def plain_module() -> type[PlainMapping]:
    return PlainMapping
