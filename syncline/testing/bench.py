"""What the tests of the suite stand on: a fresh system, a connector against it, and ways to look at both."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.contract import Connector, Context, Deletes, Field, FieldType, Outcome, OutcomeKind, Stream, Write
from connectors.oauth import MemoryTokens
from model.clock import ManualClock
from model.records import Page, Record
from syncline.sandbox.wire import transport
from syncline.testing.wire import Wire

ENOUGH_PAGES = 2000


class Bench:
    """Hooks for the subclass first, tools for the tests below them."""

    page: ClassVar[int] = 5
    """Records a page of the made connector holds: set it small in ``make``, so that page edges can be tried."""
    quality: ClassVar[Path | None] = None
    """The connector's ``quality.yaml``; by default the one beside the module of its class."""

    clock: ManualClock
    folder: Path
    wire: Wire | None
    fake: Any

    def start(self) -> Any:
        """Set up an empty system and return its fake (``handle(Request) -> Response``), or None if it has no HTTP."""
        return None

    def make(self) -> Any:
        """A connector for the system last started; give it ``self.context()``."""
        raise NotImplementedError("the test class makes the connector")

    def row(self, stream: str, n: int) -> Mapping[str, Any]:
        """Fields of a good new record, different for each ``n``."""
        raise NotImplementedError("the test class knows what a good record looks like")

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        """Somebody adds records in the system. Returns their keys, in order."""
        raise NotImplementedError

    def edit(self, stream: str, key: str, fields: Mapping[str, Any]) -> None:
        """Somebody changes a record in the system."""
        raise NotImplementedError

    def delete(self, stream: str, key: str) -> None:
        """Somebody deletes a record in the system."""
        raise NotImplementedError

    def merge(self, stream: str, loser: str, survivor: str) -> bool | None:
        """Somebody merges two records in a system that shows what became of them. False: not those of this stream."""
        raise NotImplementedError

    def expire(self, stream: str) -> None:
        """The system forgets what positions given so far lead to, where that happens."""
        raise NotImplementedError

    def text_field(self, stream: Stream) -> str | None:
        """A free text field that may be changed; by default the first such field that the stream declares."""
        special = {stream.key, stream.version, stream.writes.marker if stream.writes else None}
        found = (f for f in self.fields(stream) if f.type is FieldType.TEXT and f.updatable and not f.unique)
        return next((f.name for f in found if f.name not in special), None)

    def same(self, field: str, written: Any, read: Any) -> bool:  # noqa: ARG002 (for overriding)
        """Whether ``read`` is how this system shows ``written``. Empty and null may be one thing to a system."""
        blanks = (None, "")
        return bool(written == read) or (written in blanks and read in blanks)

    # tools

    @pytest.fixture(autouse=True)
    def _bench(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        caplog.set_level(logging.DEBUG)
        self.begin(tmp_path)
        yield
        self.finish()

    def begin(self, folder: Path) -> None:
        self._root, self._worlds = folder, 0
        self._open: list[Connector[Any]] = []
        self.fresh()

    def finish(self) -> None:
        for connector in self._open:
            connector.close()
        self._open.clear()

    def fresh(self) -> None:
        """Forget the system and start an empty one."""
        self.finish()
        self._worlds += 1
        self.folder = self._root / f"world{self._worlds}"
        self.folder.mkdir()
        self.clock = ManualClock()
        self.fake = self.start()
        self.wire = Wire(self.fake) if hasattr(self.fake, "handle") else None

    def context(self) -> Context:
        """What the hub would lend the connector: this bench's clock, the fake as network, a store for tokens."""
        carrier = transport(self.wire) if self.wire is not None else None
        return Context(connection="bench", clock=self.clock, transport=carrier, tokens=MemoryTokens())

    def connect(self) -> Connector[Any]:
        """A new connector, as a new process would have it; closed after the test."""
        connector: Connector[Any] = self.make()
        self._open.append(connector)
        return connector

    def each(self, wanted: Callable[[Stream], bool], reason: str, *hooks: str) -> Iterator[Stream]:
        """Streams that a test applies to, each in a fresh system. Skips the test if there are none, or hooks miss."""
        for hook in hooks:
            if getattr(type(self), hook) is getattr(Bench, hook):
                pytest.skip(f"the test class has no {hook}()")
        streams = [stream for stream in self.connect().declared_streams() if wanted(stream)]
        if not streams:
            pytest.skip(f"no stream {reason}")
        for stream in streams:
            self.fresh()
            yield stream

    def wired(self) -> Wire:
        """The wire; skips the test where the system is not spoken to by HTTP."""
        if self.wire is None:
            pytest.skip("this connector does not speak HTTP")
        return self.wire

    def fields(self, stream: Stream) -> tuple[Field, ...]:
        return tuple(self.connect().discover(stream.name))

    def rows(self, stream: Stream, count: int, start: int = 1) -> list[Mapping[str, Any]]:
        return [self.row(stream.name, n) for n in range(start, start + count)]

    def planted(self, stream: Stream, count: int, start: int = 1) -> list[str]:
        """Seed records, and let a minute pass so that they are seen by anybody's rules."""
        keys = list(self.seed(stream.name, self.rows(stream, count, start))) if count else []
        self.clock.advance(60)
        return keys

    def pages(self, connector: Any, stream: Stream, since: str | None = None) -> list[Page]:
        found: list[Page] = []
        for page in connector.read(stream.name, since):
            found.append(page)
            assert len(found) < ENOUGH_PAGES, f"{stream.name}: reading does not end"
        return found

    def read(self, stream: Stream, since: str | None = None) -> list[Record]:
        """All records of one read by a new connector."""
        return [record for page in self.pages(self.connect(), stream, since) for record in page.records]

    def live(self, stream: Stream) -> dict[str, Record]:
        """The state of the world, as a full read shows it: live records by key."""
        state: dict[str, Record] = {}
        for record in self.read(stream):
            state.pop(record.key, None)
            if not record.deleted:
                state[record.key] = record
        return state

    def position(self, stream: Stream) -> str | None:
        """Where a full read leaves off."""
        return last_cursor(self.pages(self.connect(), stream))

    def created(self, stream: Stream, count: int, start: int = 1) -> list[Outcome]:
        """Create records by the connector, in batches as large as the stream allows; all must be applied."""
        writes = [
            Write(None, row, marker=f"hub-{n}") for n, row in enumerate(self.rows(stream, count, start), start=start)
        ]
        outcomes = self.upsert(self.connect(), stream, writes)
        assert [o.kind for o in outcomes] == [OutcomeKind.APPLIED] * count, f"{stream.name}: {outcomes}"
        self.clock.advance(60)
        return outcomes

    def upsert(self, connector: Any, stream: Stream, writes: Sequence[Write]) -> list[Outcome]:
        size = stream.writes.batch if stream.writes else 1
        outcomes: list[Outcome] = []
        for at in range(0, len(writes), size):
            outcomes += connector.upsert(stream.name, writes[at : at + size])
        return outcomes


def last_cursor(pages: Sequence[Page], before: str | None = None) -> str | None:
    """The cursor in force after these pages: a page without one keeps the former."""
    return next((page.cursor for page in reversed(pages) if page.cursor is not None), before)


def dig(data: Mapping[str, Any], path: str) -> Any:
    """The value at a record path, None where there is none. Keys may themselves contain dots."""
    if path in data:
        return data[path]
    head, dot, rest = path.partition(".")
    while dot:
        inner = data.get(head)
        if isinstance(inner, Mapping):
            return dig(inner, rest)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def creates(stream: Stream) -> bool:
    return stream.writes is not None and stream.writes.creates


def updates(stream: Stream) -> bool:
    return stream.writes is not None and stream.writes.updates


def swept(stream: Stream) -> bool:
    return stream.deletes is Deletes.SWEEP


def step(stream: Stream) -> float:
    """Seconds after which a stream's overlap no longer reaches back to what was read before."""
    mark = stream.watermark
    wide = (mark.overlap + mark.resolution) * 2 if mark else timedelta()
    return (wide + timedelta(hours=1)).total_seconds()
