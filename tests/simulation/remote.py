"""Outside systems in memory that misbehave as real ones do, and the connector that speaks to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

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
from model.clock import ManualClock
from model.errors import (
    AnswerLostError,
    CursorExpiredError,
    ProtocolError,
    RefusedError,
    SourceIncompleteError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)
from model.records import Flaw, Page, Problem, Record

Row = dict[str, Any]
PAGE = 3
OVERLAP = 120  # seconds
PARENT = {"people": "firms", "firms": None}

_TOKEN = re.compile(r"val\d+x")


def token(value: Any) -> str | None:
    """What tells a value from every other one a person ever entered, however a system has rewritten it."""
    found = _TOKEN.search(str(value).lower()) if value else None
    return found.group() if found else None


UNREADABLE = "?"


def unreadable(value: Any) -> bool:
    """Whether no mapping can make anything of it."""
    return str(value).startswith(UNREADABLE)


@dataclass(frozen=True)
class Nature:
    """What a system is like. ``rewrites`` are its fields that it stores in its own way; ``lag`` is how long (seconds)
    some changes take to show in listings; ``grain`` and ``skew`` are those of its stamps; ``automates`` names a field
    that, when the hub writes it, makes the system write another one of its own accord; ``refuses_whole``: a batch with
    one bad row is refused as a whole; ``at_once`` is how many write calls it takes together; ``stale``: what shows late
    in listings shows there as it was before, meanwhile.
    """

    replay: Replay = Replay.UPSERT
    conditional: bool = True
    returns_record: bool = True
    watermark: bool = True
    sweeps: bool = False
    removes: bool = True
    batch: int = 2
    at_once: int = 1
    grain: int = 1
    skew: int = 0
    lag: int = 0
    offset_paging: bool = False
    rewrites: tuple[str, ...] = ()
    automates: tuple[str, str] | None = None
    unique_email: bool = False
    refuses_whole: bool = False
    stale: bool = False

    def stream(self, name: str) -> Stream:
        marker = None if self.replay is Replay.NATURAL else "hub"
        fields = (Field(name="email" if name == "people" else "name", unique=True), Field(name="title"))
        parent, grain = PARENT[name], timedelta(seconds=self.grain)
        return Stream(
            name=name,
            watermark=Watermark(field="at", resolution=grain, overlap=timedelta(seconds=OVERLAP))
            if self.watermark
            else None,
            writes=Writes(
                batch=self.batch,
                at_once=self.at_once,
                replay=self.replay,
                marker=marker,
                conditional=self.conditional,
                returns_record=self.returns_record,
            ),
            deletes=Deletes.SWEEP if self.sweeps else Deletes.TOMBSTONES,
            removes=self.removes,
            behind=self.stale and self.lag > 0,
            parents=(parent,) if parent else (),
            fields=fields,
        )


class Watcher(Protocol):
    """Who is told of every call, and may let it fail (`director.Director`), and of what the hub did to a row."""

    def call(self, system: str, verb: str) -> str | None: ...

    def answered(self, system: str, verb: str) -> str | None: ...

    def reads(self, system: str, stream: str, *, anew: bool) -> None: ...

    def read_whole(self, system: str, stream: str) -> None: ...

    def shown(self, system: str, stream: str, key: str, row: Mapping[str, Any]) -> None: ...

    def wrote(self, system: str, stream: str, key: str, before: Row | None, after: Row | None, marker: str) -> None: ...

    def value(self) -> str: ...

    def wrong(self, said: str) -> None: ...

    def too_early(self, said: str) -> None: ...


class Former(NamedTuple):
    row: Row
    stamp: datetime
    version: int


@dataclass
class Table:
    rows: dict[str, Row] = field(default_factory=dict)
    stamps: dict[str, datetime] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    visible: dict[str, datetime] = field(default_factory=dict)
    gone: dict[str, str | None] = field(default_factory=dict)  # key → survivor of a merge
    last: dict[str, Row] = field(default_factory=dict)  # what a deleted record was
    former: dict[str, Former] = field(default_factory=dict)  # what listings still show of a record


class Remote:
    """One outside system."""

    def __init__(self, name: str, nature: Nature, clock: ManualClock, watcher: Watcher) -> None:
        self.name, self.nature, self.clock, self.watcher = name, nature, clock, watcher
        self.tables = {"firms": Table(), "people": Table()}
        self.tick = 0
        self.serial = 0
        self.poison: Callable[[Row], bool] = lambda row: False
        self.blurred = nature.offset_paging  # whether listings may have left something out for good
        self.hidden: set[str] = set()  # keys that listings leave out although the records are there
        self.garbled: set[str] = set()  # keys of people whose records nobody can decode just now
        self.show: Callable[..., None] = watcher.shown
        self.masked: str | None = None  # a field nobody may read just now
        self.lost: set[str] = set()  # fields that were removed for good
        self.created: list[tuple[str, str, str]] = []  # (stream, marker, key) of what the hub made
        self.removed: list[tuple[str, str]] = []
        self.writes = 0
        self.refused: set[tuple[str, str]] = set()  # (stream, marker) of rows that broke a rule, each by itself
        self.refusals = 0
        self.throttled = 0
        self.alone_until: datetime | None = None  # it asked not to be called before

    # what people do

    def key(self) -> str:
        self.serial += 1
        return f"{self.name}{self.serial}"

    def put(self, stream: str, key: str, values: Mapping[str, Any]) -> None:
        table = self.tables[stream]
        before = table.rows.get(key)
        table.rows[key] = {**(before or {}), **values}
        table.gone.pop(key, None)
        self._touch(table, key, before)

    def drop(self, stream: str, key: str, into: str | None = None) -> None:
        table = self.tables[stream]
        table.last[key] = table.rows.pop(key)
        table.gone[key] = into
        self._touch(table, key, table.last[key])

    def lose(self, name: str) -> None:
        """A field of people is removed for good, with all that was in it."""
        self.lost.add(name)
        for row in self.tables["people"].rows.values():
            row.pop(name, None)

    def _touch(self, table: Table, key: str, before: Row | None) -> None:
        self.tick += 1
        now = self.clock.now()
        if self.nature.stale and before is not None and table.visible[key] <= now:
            table.former[key] = Former(before, table.stamps[key], table.versions[key])
        grain = self.nature.grain
        stamp = now + timedelta(seconds=self.nature.skew)
        seconds = int(stamp.timestamp()) // grain * grain
        table.stamps[key] = datetime.fromtimestamp(seconds, tz=now.tzinfo)
        table.versions[key] = self.tick
        late = self.nature.lag if self.tick % 2 else 0  # some changes come to light after later ones
        table.visible[key] = now + timedelta(seconds=late)

    # what the hub sees and does

    def same(self, field: str, one: Any, other: Any) -> bool:
        """Whether two values differ only by what the system makes of them."""
        return field in self.nature.rewrites and rewritten(one) == rewritten(other)

    def called(self, verb: str) -> None:
        if self.alone_until is not None and self.clock.now() < self.alone_until:
            self.watcher.too_early(f"I15: {self.name} was called ({verb}), and had asked not to be for a while")

    def too_many(self) -> ThrottledError:
        """The quota is spent; every other time it says until when."""
        self.throttled += 1
        seconds = (None, 40, None, 400, None, 4000)[self.throttled % 6]
        if seconds is not None:
            self.alone_until = self.clock.now() + timedelta(seconds=seconds)
        return ThrottledError("too many requests", self.alone_until if seconds else None)

    def record(self, stream: str, key: str) -> Record:
        table = self.tables[stream]
        row = table.rows.get(key)
        version = str(table.versions.get(key, 0))
        if row is None:
            return Record(key, {}, version, True, table.gone.get(key))
        self.show(self.name, stream, key, {f: v for f, v in row.items() if f != self.masked})
        return Record(key, {"id": key, **{f: v for f, v in row.items() if f != self.masked}}, version)

    def decoded(self, stream: str, key: str) -> Record:
        if stream == "people" and key in self.garbled and key in self.tables[stream].rows:
            raise ProtocolError(f"{key} cannot be decoded")
        return self.record(stream, key)

    def flaw(self, stream: str, key: str) -> Flaw | None:
        """What a listing shows instead of a record that cannot be decoded."""
        if stream != "people" or key not in self.garbled or key not in self.tables[stream].rows:
            return None
        return Flaw(f"{stream}:{key}", Problem("garbled", "the record cannot be decoded"), key)

    def listed(self, stream: str, since: datetime | None) -> list[str]:
        """Keys in the order of a listing, as far as it shows them by now."""
        table, now = self.tables[stream], self.clock.now()
        late = [key for key in table.former if table.visible[key] > now] if self.nature.stale else []
        keys = [key for key in table.rows if table.visible[key] <= now and key not in self.hidden] + late
        if since is None:
            return sorted(keys)
        if not self.nature.sweeps:
            keys += [key for key in table.gone if table.visible[key] <= now]
        stamps = {key: self.stamp(stream, key) for key in keys}
        return sorted((key for key in keys if stamps[key] >= since), key=lambda key: (stamps[key], _natural(key)))

    def _stale_one(self, stream: str, key: str) -> Former | None:
        table = self.tables[stream]
        late = self.nature.stale and key in table.former and table.visible[key] > self.clock.now()
        return table.former[key] if late else None

    def stamp(self, stream: str, key: str) -> datetime:
        """As listings show it."""
        former = self._stale_one(stream, key)
        return former.stamp if former else self.tables[stream].stamps[key]

    def shown(self, stream: str, key: str) -> Record:
        """A record as listings show it."""
        former = self._stale_one(stream, key)
        if former is None:
            return self.record(stream, key)
        hidden = self.lost | {self.masked}
        return Record(key, {"id": key, **{f: v for f, v in former.row.items() if f not in hidden}}, str(former.version))

    def write(self, stream: str, write: Write) -> Outcome:
        nature, table = self.nature, self.tables[stream]
        key, fields, kind = write.key, dict(write.fields), "update"
        if key is None:
            kind = "create"
            marked = [k for k, row in table.rows.items() if row.get("hub") == write.marker]
            if marked and nature.replay is Replay.UPSERT:
                key, kind = marked[0], "again"
        refusal = self._refusal(stream, key, fields) or self._stale(stream, key, write.expects)
        if refusal is not None:
            if refusal.kind in (OutcomeKind.REFUSED, OutcomeKind.DUPLICATE):
                self.refused.add((stream, write.marker))
                self.refusals += 1
            return refusal
        key = key or self.key()
        before = dict(table.rows[key]) if key in table.rows else None
        values = {f: rewritten(v) if f in nature.rewrites else v for f, v in fields.items()}
        if kind == "create" and nature.replay is not Replay.NATURAL:
            values["hub"] = write.marker
        if nature.automates and stream == "people":
            cause, effect = nature.automates
            if (
                cause in values and effect not in values and effect not in self.lost
            ):  # else it would be a rewriting of what was said
                values[effect] = self.watcher.value()
        self.put(stream, key, values)
        self.writes += 1
        if kind == "create":
            self.created.append((stream, write.marker, key))
        self.watcher.wrote(self.name, stream, key, before, table.rows[key], write.marker)
        record = self.record(stream, key) if nature.returns_record else None
        return Outcome(OutcomeKind.APPLIED, key, str(table.versions[key]), record)

    def _stale(self, stream: str, key: str | None, expects: str | None) -> Outcome | None:
        table = self.tables[stream]
        if key is not None and key not in table.rows:
            return Outcome(OutcomeKind.MISSING, key=key, of=table.gone.get(key))
        if self.nature.conditional and key and expects is not None and expects != str(table.versions[key]):
            return Outcome(OutcomeKind.STALE, key=key)
        return None

    def _refusal(self, stream: str, key: str | None, fields: Row) -> Outcome | None:
        """What the system's own rules say against a row."""
        if self.poison(fields):
            return Outcome(OutcomeKind.REFUSED, code="bad", message="the row breaks a rule", field="dept")
        gone = sorted(self.lost & fields.keys())
        if gone:
            return Outcome(OutcomeKind.REFUSED, key=key, code="no-such-field", message="no such field", field=gone[0])
        if self.masked in fields:  # who may not read a field may not write it either
            return Outcome(
                OutcomeKind.REFUSED, key=key, code="not-allowed", message="no right to it", field=self.masked
            )
        firm, firms = fields.get("firm"), self.tables["firms"]
        if firm and firm not in firms.rows:
            if firm not in firms.gone:
                self.watcher.wrong(f"I8: {self.name} was told of a firm {firm} that never was")
            return Outcome(OutcomeKind.REFUSED, key=key, code="dangling", message="no such firm", field="firm")
        if self.nature.unique_email and fields.get("email"):
            rows = self.tables[stream].rows
            other = next((k for k, r in rows.items() if r.get("email") == fields["email"] and k != key), None)
            if other is not None:
                return Outcome(OutcomeKind.DUPLICATE, key=key, code="duplicate", message="e-mail is taken", of=other)
        return None

    def erase(self, stream: str, write: Write) -> Outcome:
        table, key = self.tables[stream], write.key or ""
        if key not in table.rows:
            return Outcome(OutcomeKind.MISSING, key=key, of=table.gone.get(key))
        before = dict(table.rows[key])
        self.drop(stream, key)
        self.writes += 1
        self.removed.append((stream, key))
        self.watcher.wrote(self.name, stream, key, before, None, write.marker)
        return Outcome(OutcomeKind.APPLIED, key)


def _natural(key: str) -> tuple[str, int]:
    return key[:1], int(key[1:] or 0)


def rewritten(value: Any) -> Any:
    """Capitals, no spaces at the ends, cut off."""
    return str(value).strip().upper()[:14] if value else value


_FAILURES: Mapping[str, Callable[[], Exception]] = {
    "lost-request": lambda: UnreachableError("no connection"),
    "server-error": lambda: UnreachableError("five hundred, again and again"),
    "token-expired": lambda: UnauthorisedError("the token has expired"),
    "malformed": lambda: ProtocolError("HTML instead of JSON"),
    "lost-answer": lambda: AnswerLostError("no answer"),
    "expired-cursor": lambda: CursorExpiredError("too old"),
    "truncated": lambda: SourceIncompleteError("the listing is cut off"),
}


class RemoteSettings(Settings):
    pass


class RemoteConnector(Connector[RemoteSettings]):
    """Speaks to a `Remote`; every call can be hit before and after its effect."""

    name = "remote"
    Settings = RemoteSettings

    def __init__(self, remote: Remote, clock: ManualClock) -> None:
        super().__init__(RemoteSettings(), Context(clock=clock))
        self.remote = remote
        self._streams = tuple(remote.nature.stream(name) for name in ("firms", "people"))

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def check(self) -> list[Any]:
        return []

    def _before(self, verb: str) -> str | None:
        said = self.remote.watcher.call(self.remote.name, verb)
        self.remote.called(verb)
        if said == "throttled":
            raise self.remote.too_many()
        failure = _FAILURES.get(said or "")
        if failure is not None and said != "lost-answer":
            raise failure()
        return said

    def _after(self, verb: str, said: str | None) -> None:
        also = self.remote.watcher.answered(self.remote.name, verb)
        if "lost-answer" in (said, also):
            raise AnswerLostError("no answer") if verb in ("upsert", "remove") else UnreachableError("no answer")

    def _answer(self, verb: str, get: Callable[[], Any]) -> Any:
        said = self._before(verb)
        got = get()
        self._after(verb, said)
        return got

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        remote, marked = self.remote, self.stream(stream).watermark is not None
        start = datetime.fromisoformat(since) - timedelta(seconds=OVERLAP) if since and marked else None
        full = start is None
        remote.watcher.reads(remote.name, stream, anew=full)
        done: set[str] = set()
        offset, cursor, first = 0, since if marked else None, True
        while True:
            keys: list[str] = []
            flaws: list[Flaw] = []
            there: list[datetime] = []

            def look() -> list[Record]:
                listed = remote.listed(stream, start)
                rest = listed[offset:] if remote.nature.offset_paging else [k for k in listed if k not in done]  # noqa: B023 (called at once)
                keys.extend(rest[:PAGE])  # noqa: B023 (called at once)
                there.extend(remote.stamp(stream, key) for key in keys)  # noqa: B023 (called at once)
                found = [remote.flaw(stream, key) or remote.shown(stream, key) for key in keys]  # noqa: B023 (called at once)
                flaws.extend(one for one in found if isinstance(one, Flaw))  # noqa: B023 (called at once)
                return [one for one in found if isinstance(one, Record)]

            records = self._answer("read", look)
            offset += len(keys)
            done.update(keys)
            if marked:
                stamps = [stamp.isoformat() for stamp in there]
                cursor = max([*stamps, cursor or ""]) or None
            if keys or first:
                yield Page(records, cursor, full, flaws)
            first = False
            if len(keys) < PAGE:
                remote.watcher.read_whole(remote.name, stream)  # at once, or on from where it was cut off
                return

    def keys(self, stream: str) -> Iterator[list[str]]:
        yield self._answer("keys", lambda: self.remote.listed(stream, None))

    def fetch(self, stream: str, keys: Sequence[str]) -> list[Record]:
        return list(self._answer("fetch", lambda: [self.remote.decoded(stream, key) for key in keys]))

    def find(self, stream: str, field: str, values: Sequence[str]) -> list[Record]:
        rows = self.remote.tables[stream].rows

        def look() -> list[Record]:
            return [self.remote.decoded(stream, k) for k, row in list(rows.items()) if str(row.get(field)) in values]

        return list(self._answer("find", look))

    def upsert(self, stream: str, batch: Sequence[Write]) -> list[Outcome]:
        return self._send("upsert", batch, lambda write: self.remote.write(stream, write))

    def remove(self, stream: str, batch: Sequence[Write]) -> list[Outcome]:
        return self._send("remove", batch, lambda write: self.remote.erase(stream, write))

    def _send(self, verb: str, batch: Sequence[Write], one: Callable[[Write], Outcome]) -> list[Outcome]:
        assert len(batch) <= self.remote.nature.batch
        said = self._before(verb)
        nature, poison = self.remote.nature, self.remote.poison
        if nature.refuses_whole and len(batch) > 1 and any(poison(dict(write.fields)) for write in batch):
            raise RefusedError("one of these rows is bad", "bad-batch")
        outcomes: list[Outcome] = []
        shown: list[tuple[Any, ...]] = []  # in an answer that may not come
        with self._showing(lambda *what: shown.append(what)):
            self._carry_out(said, batch, one, outcomes)
        self._after(verb, said)
        for what in shown:
            self.remote.show(*what)
        return outcomes

    @contextmanager
    def _showing(self, show: Callable[..., None]) -> Iterator[None]:
        before, self.remote.show = self.remote.show, show
        try:
            yield
        finally:
            self.remote.show = before

    def _carry_out(
        self, said: str | None, batch: Sequence[Write], one: Callable[[Write], Outcome], outcomes: list[Outcome]
    ) -> None:
        for place, write in enumerate(batch):
            if said == "partial" and place:
                outcomes.append(Outcome(OutcomeKind.RETRY, key=write.key, code="busy"))
            elif said == "unsure" and place:
                with self._showing(lambda *_: None):
                    one(write)
                outcomes.append(Outcome(OutcomeKind.UNKNOWN, key=write.key))
            else:
                outcomes.append(one(write))
        if said == "duplicate":  # delivered twice: only where the system takes the second for the same request
            with self._showing(lambda *_: None):
                for write in batch:
                    if write.key is None and self.remote.nature.replay is Replay.UPSERT:
                        one(write)
