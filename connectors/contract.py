"""The connector contract: facts are data on a `Stream`, deeds are methods of a `Connector`.

The connector says what happened; the engine decides what it means. A connector never retries, sleeps, stores a cursor,
reads the environment, logs a payload, or knows a canonical name. Requests go through the client its `Context` opens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from model.clock import Clock, SystemClock
from model.diagnostics import Diagnostic
from model.records import Page, Record

if TYPE_CHECKING:
    from connectors.http import Http, Transport

CONTRACT = 1
"""The major version of this contract. A connector built for a higher one is refused with a clear message."""


class FieldType(StrEnum):
    """How a system types a field, reduced to what mappings can be checked against."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    REFERENCE = "reference"
    SET = "set"
    OBJECT = "object"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a stream, as discovered or declared. ``name`` is a record path: ``email``, ``address.city``."""

    name: str
    type: FieldType = FieldType.TEXT
    label: str = ""
    max_length: int | None = None
    required: bool = False  # must be given on create
    nullable: bool = True
    readable: bool = True
    creatable: bool = True
    updatable: bool = True
    unique: bool = False
    choices: tuple[str, ...] | None = None
    restricted: bool = False  # the system refuses values that are not among the choices
    references: tuple[str, ...] = ()  # streams a reference may point to


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How a stream is read incrementally.

    ``resolution`` is the grain of the stored stamp *or of the filter*, whichever is coarser. ``overlap`` is how far
    before the stored position each read begins again, because stamps can be older than their visibility; the connector
    applies it itself. ``misses`` names edits that do not move the stamp (found only by a sweep or a full read).
    """

    field: str
    resolution: timedelta = timedelta(seconds=1)
    overlap: timedelta = timedelta(minutes=5)
    misses: str | None = None


class Replay(StrEnum):
    """What makes a create safe when its answer was lost."""

    UPSERT = "upsert"  # sending the same create again with the same marker updates what the first one made
    LOOKUP = "lookup"  # the marker can be searched for (``find``), then the create is sent again if it is not there
    NATURAL = "natural"  # no marker: only the fields of the record itself can tell (``find`` by ``unique`` fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """How a stream is written.

    ``batch`` is the most rows one call takes. ``marker`` is the record field that carries the hub's own id of the
    record, None where the system has no room for one. ``conditional`` says that updates whose ``expects`` no longer is
    the current version are answered `STALE` instead of overwriting. ``returns_record`` says that outcomes carry the
    record as the system stored it; otherwise the engine reads it back with ``fetch``.

    ``in_steps`` says that some creates take several calls: after a failure between them, a record may be there that
    lacks what the later ones would have brought.

    ``at_once`` is how many such calls may be under way together; then the connector's ``upsert`` and ``remove`` are
    called from several threads. No record is in two of them.

    ``bulk_from`` creates or more, where a system has a way for many at once, are handed over in one call of up to
    ``bulk`` rows (0: there is no such way).
    """

    batch: int = 1
    at_once: int = 1
    bulk: int = 0
    bulk_from: int = 0
    replay: Replay = Replay.NATURAL
    marker: str | None = None
    conditional: bool = False
    returns_record: bool = False
    in_steps: bool = False
    creates: bool = True
    updates: bool = True

    def size(self, waiting: int, *, creating: bool) -> int:
        """How many of ``waiting`` rows the next call takes."""
        many = creating and self.bulk > self.batch and waiting >= max(self.bulk_from, self.batch + 1)
        return min(waiting, self.bulk if many else self.batch)

    def together(self, creates: int, *, creating: bool) -> int:
        """How many rows, at most, are recorded together before they are sent. (0: one call's.)

        Not so creates without a marker: what became of each would have to be guessed.
        """
        if creating:
            return 0 if self.replay is Replay.NATURAL else creates
        return self.batch * self.at_once


class Deletes(StrEnum):
    """How deletions become visible."""

    TOMBSTONES = "tombstones"  # reads yield records with ``deleted=True``
    SWEEP = "sweep"  # listing all keys and asking for what is missing (``keys`` and ``fetch``)
    UNSEEN = "unseen"  # not at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The facts of one collection of records.

    ``key`` names the record field that holds the key. ``fields`` may be empty until ``discover`` is asked.
    ``watermark`` is None where every read is a full one. ``parents`` names streams that records here refer to.
    ``behind`` says that reads may show a record as it was some time ago (a search index, a replica), although ``fetch``
    shows it as it is: the engine then asks for what looks edited once more, by its key.
    """

    name: str
    key: str = "id"
    version: str | None = None
    watermark: Watermark | None = None
    writes: Writes | None = None
    deletes: Deletes = Deletes.UNSEEN
    removes: bool = False
    parents: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    label: str = ""
    behind: bool = False


class Write(NamedTuple):
    """One intended write.

    ``key`` is None for a create. ``fields`` maps record paths to values: for an update only changes. ``expects`` is
    the version the decision was based on (None: unconditional). ``marker`` is the hub's id of the record, the same on
    every attempt; a connector puts it into ``Writes.marker`` on create, and may use it as idempotency key.
    """

    key: str | None
    fields: Mapping[str, Any]
    expects: str | None = None
    marker: str = ""


class OutcomeKind(StrEnum):
    """Everything a system can say to one write."""

    APPLIED = "applied"
    STALE = "stale"  # the version moved: re-read, merge again
    REFUSED = "refused"  # the system says no to this row, and will again: dead letter
    MISSING = "missing"  # there is no such record any more
    DUPLICATE = "duplicate"  # another record holds the unique value: goes to match review
    THROTTLED = "throttled"  # not done; try again at ``until``
    RETRY = "retry"  # not done for a passing reason (row lock, server error on this item)
    UNAUTHORISED = "unauthorised"  # not done: credentials or rights
    UNKNOWN = "unknown"  # it may or may not have happened: look it up, never resend blindly


class Outcome(NamedTuple):
    """What the system said to one `Write`, in the order of the batch.

    ``record`` is the record as now stored, where the answer carries it. ``code`` and ``message`` are the vendor's own
    (kept verbatim for people who search for them); ``field`` is the record field complained about, where named. Of a
    create, ``key`` says that there is a record now: with another kind than `APPLIED`, that a later step went wrong.
    ``of`` is the other record's key for `DUPLICATE`, and the survivor's for a `MISSING` record that was merged away.
    """

    kind: OutcomeKind
    key: str | None = None
    version: str | None = None
    record: Record | None = None
    code: str | None = None
    message: str | None = None
    field: str | None = None
    until: datetime | None = None
    of: str | None = None


class TokenStore(Protocol):
    """Where rotating credentials are kept between processes. Values are sealed by the store, never logged."""

    def load(self, name: str) -> Mapping[str, Any] | None:
        """The stored token, or None."""
        ...

    def save(self, name: str, token: Mapping[str, Any]) -> None:
        """Store durably *before* returning: a rotated refresh token that is lost locks the user out."""
        ...

    def exclusively(self, name: str) -> Any:
        """A context manager under which no other process refreshes the same token."""
        ...


@dataclass(slots=True, kw_only=True)
class Context:
    """What the hub lends to a connector: time, a way out to the network, a place for tokens.

    Tests and fake systems pass ``transport``; everything else about the client stays as in production.
    """

    connection: str = "connection"
    clock: Clock = field(default_factory=SystemClock)
    transport: Transport | None = None
    tokens: TokenStore | None = None
    on_quota: Callable[[str, Mapping[str, Any]], None] | None = None

    def http(self, base_url: str, **options: Any) -> Http:
        """A client for one system; options are those of `connectors.http.Http`."""
        from connectors.http import Http

        return Http(base_url, context=self, **options)


class Settings(BaseModel):
    """Base of a connector's settings. Field descriptions become its documentation; secrets are ``SecretStr``."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=Settings)

_DEEDS: tuple[tuple[str, Callable[[Stream], bool], str], ...] = (
    ("upsert", lambda s: s.writes is not None, "declares writes"),
    ("remove", lambda s: s.removes, "declares removes"),
    ("keys", lambda s: s.deletes is Deletes.SWEEP, "declares deletes=SWEEP"),
    (
        "fetch",
        lambda s: s.deletes is Deletes.SWEEP or s.writes is not None or s.behind,
        "is written, swept or behind, so needs re-reading",
    ),
    (
        "find",
        lambda s: s.writes is not None and s.writes.replay is not Replay.UPSERT,
        "needs look-up after a lost answer",
    ),
)


class Connector(Generic[S]):
    """Base of every connector.

    The constructor stores settings and never talks. ``streams`` is a class attribute where the system fixes them;
    a connector whose streams depend on its settings overrides ``declared_streams``.

    Mandatory: ``check``, ``read``. Demanded by the facts of its streams: ``upsert``, ``remove``, ``keys``, ``fetch``,
    ``find``. Optional: ``discover``, ``narrow``.
    """

    name: ClassVar[str]
    label: ClassVar[str] = ""
    contract: ClassVar[int] = CONTRACT
    streams: ClassVar[tuple[Stream, ...]] = ()
    Settings: ClassVar[type[Settings]] = Settings

    def __init__(self, settings: S, context: Context | None = None) -> None:
        self.settings = settings
        self.context = context or Context()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        verify_deeds(cls, cls.streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        """The streams of this connection; deeds they need must exist (`verify_deeds`)."""
        return self.streams

    def stream(self, name: str) -> Stream:
        """The facts of one stream. Raises KeyError where the connection has no such stream."""
        for stream in self.declared_streams():
            if stream.name == name:
                return stream
        raise KeyError(name)

    def check(self) -> list[Diagnostic]:
        """Whether the system can be reached, lets us in, and has what the settings name. Empty list: all is well."""
        raise NotImplementedError

    def discover(self, stream: str) -> tuple[Field, ...]:
        """The fields of a stream as the system describes them now, custom ones included."""
        return self.stream(stream).fields

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        """A hint, given before reading: of the records of ``stream`` only these top-level fields are looked at.

        Records may carry more, and a connector that has no use for the hint ignores it, as it ignores unknown names.
        What a connector itself needs (key, version, watermark, mark of deletion) stays its own business. Given again,
        a hint replaces the former one.
        """

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        """Yield pages from ``since`` (a cursor this connector gave), inclusively and overlapping; None reads all.

        Raises CursorExpiredError where ``since`` is too old, SourceIncompleteError where the source looks cut off.
        """
        raise NotImplementedError

    # The deeds below are demanded by facts; their signatures:
    #
    #   upsert(stream: str, batch: Sequence[Write]) -> Sequence[Outcome]     one outcome per row, in order
    #   remove(stream: str, batch: Sequence[Write]) -> Sequence[Outcome]
    #   keys(stream: str) -> Iterator[Sequence[str]]                         every live key, in pages
    #   fetch(stream: str, keys: Sequence[str]) -> Sequence[Record]          what exists of them; gone: deleted=True
    #   find(stream: str, field: str, values: Sequence[str]) -> Sequence[Record]

    def close(self) -> None:
        """Release connections. Called once, also after errors."""


def verify_deeds(connector: type[Connector[Any]], streams: Iterable[Stream]) -> None:
    """Raise TypeError, naming stream, class and method, where a stream promises a deed the class lacks."""
    for stream in streams:
        for method, needed, because in _DEEDS:
            if needed(stream) and not callable(getattr(connector, method, None)):
                raise TypeError(f"stream {stream.name!r} {because}, but {connector.__name__} has no {method}()")
