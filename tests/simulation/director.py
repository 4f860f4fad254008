"""Who decides what happens at each call and each commit of a run, and keeps the trace."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from model.clock import ManualClock
from model.errors import LeaseLostError
from sync.decision import BindingId, LinkState

CALL_FAULTS = (
    "lost-request",
    "lost-answer",
    "duplicate",
    "partial",
    "unsure",
    "server-error",
    "throttled",
    "token-expired",
    "malformed",
    "expired-cursor",
    "truncated",
)
FITS: Mapping[str, frozenset[str]] = {
    "read": frozenset({"lost-request", "lost-answer", "server-error", "throttled", "token-expired", "malformed"})
    | {"expired-cursor", "truncated"},
    "keys": frozenset({"lost-request", "server-error", "throttled", "token-expired", "malformed", "truncated"}),
    "fetch": frozenset({"lost-request", "lost-answer", "server-error", "throttled", "token-expired", "malformed"}),
    "find": frozenset({"lost-request", "lost-answer", "server-error", "throttled", "token-expired", "malformed"}),
    "upsert": frozenset({"lost-request", "lost-answer", "server-error", "throttled", "token-expired"})
    | {"duplicate", "partial", "unsure"},
    "remove": frozenset({"lost-request", "lost-answer", "server-error", "throttled", "token-expired", "partial"}),
    "commit": frozenset(),
    "intend": frozenset(),
}
"""Which fault can hit which verb. (A malformed answer to a write is a lost one: the connector's client says so.)"""

MOST_POINTS = 5_000
"""Calls and commits of one run; none comes near."""


class Crash(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class Event:
    """Something that happens in a run: a fault, a crash, a person's edit, another worker.

    It happens at the ``at``-th point of the run, or where ``verb`` is named, at the ``at``-th call (or commit) of that
    kind: ``late`` says whether behind it or in front of it.
    """

    at: int
    kind: str
    args: tuple[int, ...] = ()
    verb: str = ""
    late: bool = False

    def __str__(self) -> str:
        where = f"{'after' if self.late else 'before'} {self.verb} {self.at}" if self.verb else f"point {self.at}"
        return f"{self.kind} at {where}"


@dataclass
class Director:
    """Counts the points of a run: each call, before and after its effect, and each commit likewise."""

    clock: ManualClock
    act: Callable[[Event], None]  # what is not a fault: people, other workers
    on_shown: Callable[..., None] = lambda *_: None
    on_wrote: Callable[..., None] = lambda *_: None
    new_value: Callable[[], str] = lambda: ""
    on_wrong: Callable[[str], None] = lambda _: None
    events: dict[tuple[str, int, bool], list[Event]] = field(default_factory=dict)
    point: int = 0
    met: Counter[tuple[str, bool]] = field(default_factory=Counter)  # calls so far of each verb
    phase: str = "recover"
    active: bool = False
    nested: bool = False
    superseded: bool = False
    undoing: bool = False  # a person takes a run back, and with it what that run noticed
    matrix: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    _trace: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=8))
    anew: set[tuple[str, str]] = field(default_factory=set)  # streams whose last reading began at the beginning
    whole: set[tuple[str, str]] = field(default_factory=set)  # streams that were read to the end at least once
    down: str | None = None  # a system that does not answer at all
    log: list[str] | None = None

    def begin(self, events: tuple[Event, ...]) -> None:
        self.events = {}
        self.met.clear()
        for event in events:
            self.events.setdefault((event.verb, event.at, event.late), []).append(event)
        self.point, self.phase, self.active, self.superseded = 0, "recover", True, False

    def end(self) -> None:
        self.active = self.superseded = False
        self.events = {}

    def note(self, *said: object) -> None:
        line = " ".join(map(str, said))
        self._trace.update(line.encode())
        if self.log is not None:
            self.log.append(f"{self.clock.now():%H:%M:%S} {line}")

    def trace(self) -> str:
        return str(self._trace.hexdigest())

    def here(self, verb: str, *, late: bool) -> list[Event]:
        """What happens at this point. Time passes with every one."""
        if not self.active or self.nested:
            return []
        self.clock.advance(1)
        found = self.events.get(("", self.point, False), []) + self.events.get((verb, self.met[verb, late], late), [])
        self.point += 1
        self.met[verb, late] += 1
        assert self.point < MOST_POINTS, "L1: a run does not come to an end"
        return found

    # what remotes ask (see `remote.Watcher`)

    def call(self, system: str, verb: str) -> str | None:
        self.note("call", system, verb)
        self.calls[verb, self.phase] += 1
        fault = None
        for event in self.here(verb, late=False):
            if event.kind in CALL_FAULTS:
                if event.kind in FITS[verb] and event.kind != "lost-answer":
                    fault = event.kind
                    self._hit(event.kind, verb)
            else:
                self.other(event, verb, sending=verb in ("upsert", "remove"))
        return "lost-request" if system == self.down else fault

    def answered(self, system: str, verb: str) -> str | None:
        self.note("answered", system, verb)
        fault = None
        for event in self.here(verb, late=True):
            if event.kind == "lost-answer" and "lost-answer" in FITS[verb]:
                fault = event.kind
                self._hit(event.kind, verb)
            elif event.kind not in CALL_FAULTS:
                self.other(event, verb, sending=False)
        return fault

    def other(self, event: Event, verb: str, *, sending: bool) -> None:
        if event.kind == "crash":
            self._hit("crash", verb)
            raise Crash
        if event.kind == "rival" and sending:
            return  # a request on its way while its sender is superseded is beyond what any hub can prevent
        self._hit(event.kind, verb)
        self.act(event)

    def _hit(self, kind: str, verb: str) -> None:
        self.matrix[kind, verb, self.phase] += 1
        self.note("event", kind, verb)

    def reads(self, system: str, stream: str, *, anew: bool) -> None:
        (self.anew.add if anew else self.anew.discard)((system, stream))

    def read_whole(self, system: str, stream: str) -> None:
        self.whole.add((system, stream))

    def shown(self, system: str, stream: str, key: str, row: Mapping[str, Any]) -> None:
        self.on_shown(system, stream, key, row)

    def wrote(self, system: str, stream: str, key: str, before: Any, after: Any, marker: str) -> None:
        self.note("wrote", system, stream, key, sorted((after or {}).items()))
        self.on_wrote(system, stream, key, before, after, marker)

    def value(self) -> str:
        return self.new_value()

    def wrong(self, said: str) -> None:
        self.note("wrong", said)
        self.on_wrong(said)

    def too_early(self, said: str) -> None:
        """A worker that was superseded meanwhile cannot know what its successor was told."""
        if not self.superseded:
            self.wrong(said)

    # what the engine says of itself

    def listener(self) -> Any:
        return _Listener(self)


class _Listener:
    """Tells the director which half of a run it is in."""

    def __init__(self, director: Director) -> None:
        self._director = director

    def phase(self, name: str, binding: BindingId | None) -> None:
        self._director.phase = "act" if name == "write" else "observe"

    def advanced(self, binding: BindingId, seen: int) -> None: ...

    def finished(self) -> None: ...


class WatchedStore:
    """The real store; each of its durable steps is a point, before and after."""

    def __init__(self, store: Any, director: Director) -> None:
        self._store, self._director = store, director
        self.cursors: dict[BindingId, str] = {}
        self.outdated = False  # an older copy of the state was put back, and no person has said so yet

    def put_back(self, store: Any, cursors: dict[BindingId, str]) -> None:
        """An older copy of the state takes its place."""
        self._store, self.cursors, self.outdated = store, dict(cursors), True

    def trust(self) -> None:
        self._store.trust()
        self.outdated = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _step(self, verb: str, deed: Callable[[], Any]) -> Any:
        director = self._director
        outer = not director.nested
        for event in director.here(verb, late=False):
            if event.kind not in CALL_FAULTS:
                director.other(event, verb, sending=False)
        try:
            result = deed()
        except LeaseLostError:
            director.note("lease lost", verb)
            raise
        if outer and director.superseded:
            director.wrong("I12: a superseded worker committed")
        director.note(verb)
        for event in director.here(verb, late=True):
            if event.kind not in CALL_FAULTS:
                director.other(event, verb, sending=verb == "intend")
        return result

    def commit(self, changes: Any, run: int, lease: Any, now: Any) -> None:
        def deed() -> None:
            returning = self._returning(changes) if self._director.active and not self._director.undoing else ()
            self._store.commit(changes, run, lease, now)  # or not: the lease may be lost
            for link in returning:
                self._director.wrong(f"I5: {link.binding} {link.key} was gone, and is linked again")
            if changes.stream is not None:
                self._moved(*changes.stream)

        self._step("commit", deed)

    def _returning(self, changes: Any) -> list[Any]:
        """I5. A record known to be deleted is linked again by a person only."""
        live: dict[BindingId, list[Any]] = {}
        for link in changes.links:
            if link.state is LinkState.LIVE:
                live.setdefault(link.binding, []).append(link)
        found = []
        for at, links in live.items():
            known = self._store.links(at, [link.key for link in links])
            found += [link for link in links if link.key in known and known[link.key].state is LinkState.GONE]
        return found

    def _moved(self, binding: BindingId, state: Any) -> None:
        """I11. Reading all anew is the one way back for a watermark."""
        before = self.cursors.get(binding)
        if state.cursor is None:
            return
        anew = (binding.connection, binding.stream) in self._director.anew
        if not anew and before is not None and state.cursor < before:
            self._director.wrong(f"I11: the watermark of {binding} moved back")
        self.cursors[binding] = state.cursor

    def intend(self, new: Any, lease: Any) -> Any:
        return self._step("intend", lambda: self._store.intend(new, lease))
