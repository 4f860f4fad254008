"""What a run works with: bindings in order, their connectors, the store, the policy. Looked up, never changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from connectors.contract import Connector, Outcome, Stream, Write
from mappings.contract import CompiledMapping
from model import paths
from model.clock import Clock
from model.errors import ConfigurationError, ConnectorError
from model.fields import EntitySchema, in_dependency_order
from model.records import Page, Record
from sync.absorb import Binding
from sync.correlate import Index
from sync.crew import Crew, Threads
from sync.decision import BindingId
from sync.focus import Focus
from sync.merge import Context
from sync.policy import Policy, Survivorship
from sync.ports import Store
from sync.rests import Asked, Rests


class Listener(Protocol):
    """Who wants to know how far a run is (progress bars)."""

    def phase(self, name: str, binding: BindingId | None) -> None: ...

    def advanced(self, binding: BindingId, seen: int) -> None: ...

    def finished(self) -> None: ...


class Silent:
    """Nobody listens."""

    def phase(self, name: str, binding: BindingId | None) -> None: ...

    def advanced(self, binding: BindingId, seen: int) -> None: ...

    def finished(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A connection (or one of its streams) that could not be worked with in this run; the others went on."""

    connection: str
    stream: str | None
    code: str
    message: str

    @classmethod
    def of(cls, binding: BindingId, error: Exception) -> Trouble:
        """From an error; an unexpected one is named by its type only, since its text may carry personal data."""
        if isinstance(error, ConnectorError):
            code = type(error).__name__.removesuffix("Error").lower()
            return cls(connection=binding.connection, stream=binding.stream, code=code, message=str(error))
        if isinstance(error, ConfigurationError):  # what the system turned out not to have: a table, a column
            return cls(connection=binding.connection, stream=binding.stream, code="configuration", message=str(error))
        message = f"the connector failed with {type(error).__name__}; this is a defect in the connector"
        return cls(connection=binding.connection, stream=binding.stream, code="defect", message=message)


def from_connector(error: BaseException) -> bool:
    """Whether an unexpected error arose inside a connector, and not in the engine."""
    trace = error.__traceback__
    while trace is not None:
        if isinstance(trace.tb_frame.f_locals.get("self"), Connector):
            return True
        trace = trace.tb_next
    return False


def troubled(binding: BindingId, work: Callable[[], object]) -> Trouble | None:
    """Do something with one connection; its failure is told and stops no other."""
    try:
        work()
    except ConnectorError as error:
        return Trouble.of(binding, error)
    except Exception as error:  # a defect in one connector must not stop the others
        if not from_connector(error):
            raise
        return Trouble.of(binding, error)
    return None


class Deeds(Protocol):
    """What connectors do where their streams promise it (`connectors.contract.verify_deeds` holds them to it)."""

    def read(self, stream: str, since: str | None) -> Iterator[Page]: ...

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]: ...

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]: ...

    def keys(self, stream: str) -> Iterator[Sequence[str]]: ...

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]: ...

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How a run looks at systems.

    ``anew``: at everything, trusting no fingerprint, and with a decision about every entity. ``focus``: at some fields
    of every record, and nothing else is decided about or written (the mappings are narrowed to them).
    """

    anew: bool = False
    focus: Focus | None = None


@dataclass(slots=True)
class Hub:
    """All bindings of a project, parents first."""

    store: Store
    connectors: Mapping[str, Connector[Any]]
    policy: Policy
    clock: Clock
    bindings: dict[BindingId, Binding] = field(default_factory=dict)
    entities: list[EntitySchema] = field(default_factory=list)
    indexes: dict[str, Index] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    crew: Crew = field(default_factory=Threads)
    rests: Rests = field(init=False)
    _asked: dict[str, Asked] = field(init=False)

    def __post_init__(self) -> None:
        self.rests = Rests(self.store, self.clock)
        self._asked = {name: Asked(name, connector, self.rests) for name, connector in self.connectors.items()}

    @classmethod
    def of(
        cls,
        store: Store,
        connectors: Mapping[str, Connector[Any]],
        mappings: Sequence[CompiledMapping],
        schemas: Mapping[str, EntitySchema],
        policy: Policy,
        clock: Clock,
    ) -> Hub:
        hub = cls(store, connectors, policy, clock)
        used = [schema for name, schema in schemas.items() if any(m.entity == name for m in mappings)]
        hub.entities = in_dependency_order(used)
        targets = {schema.name: schema.references for schema in hub.entities}
        for schema in hub.entities:
            own = [mapping for mapping in mappings if mapping.entity == schema.name]
            index = hub.indexes[schema.name] = Index.of(schema, [mapping.match for mapping in own])
            survivorship = survivorship_of(policy.survivorship.get(schema.name, {}))
            cyclic = _cyclic(schema, targets)
            for mapping in own:
                binding_id = BindingId(mapping.connection, mapping.stream, mapping.entity)
                if binding_id in hub.bindings:
                    raise ValueError(f"two mappings tie {binding_id}")
                hub.bindings[binding_id] = Binding(
                    binding_id,
                    mapping,
                    Context(mapping.connection, mapping, schema, survivorship, policy.oscillation),
                    index,
                    cyclic,
                )
        return hub

    def narrow(self) -> None:
        """Tell connectors which fields anybody looks at."""
        touched: dict[tuple[str, str], set[str]] = {}
        whole: set[tuple[str, str]] = set()
        for id_, binding in self.bindings.items():
            place = (id_.connection, id_.stream)
            touched.setdefault(place, set()).update(binding.mapping.touches)
            if binding.mapping.reads_whole:
                whole.add(place)
        for (connection, stream), fields in touched.items():
            if (connection, stream) not in whole:
                self.connectors[connection].narrow(stream, fields)

    @property
    def mappings(self) -> dict[BindingId, CompiledMapping]:
        return {binding_id: binding.mapping for binding_id, binding in self.bindings.items()}

    def writers(self, entity: str) -> list[Binding]:
        """Bindings that push this entity."""
        return [b for b in self.bindings.values() if b.id.entity == entity and b.mapping.direction.writes]

    def readers(self, entity: str) -> list[Binding]:
        """Bindings that read this entity."""
        return [b for b in self.bindings.values() if b.id.entity == entity and b.mapping.direction.reads]

    def connector(self, binding: BindingId) -> Connector[Any]:
        return self.connectors[binding.connection]

    def deeds(self, binding: BindingId) -> Deeds:
        return self._asked[binding.connection]

    def stream(self, binding: BindingId) -> Stream:
        return self.connector(binding).stream(binding.stream)

    def selected(self, select: Sequence[str]) -> list[Binding]:
        """Bindings named by connection, entity, mapping, ``connection.stream`` or in full; all, where none is named.

        Raises KeyError with the first name that selects nothing.
        """
        for name in select:
            if not any(name in _names(binding) for binding in self.bindings.values()):
                raise KeyError(name)
        return [b for b in self.bindings.values() if not select or not _names(b).isdisjoint(select)]


def _names(binding: Binding) -> set[str]:
    connection, stream, entity = binding.id
    return {connection, entity, binding.mapping.name, f"{connection}.{stream}", str(binding.id)}


def survivorship_of(rules: Mapping[str, Survivorship]) -> Any:
    """Path → rule: by the path itself, its pattern, its template or item, its collection, else the default."""
    default = rules.get("default", Survivorship())

    @lru_cache(maxsize=4096)
    def of(path: str) -> Survivorship:
        if path in rules:
            return rules[path]
        name, key, leaf = paths.split(path)
        tail = f".{leaf}" if leaf else ""
        names = [f"{name}[{key}]", f"{name}[*]{tail}", f"{name}[]{tail}", f"{name}[*]", f"{name}[]", name]
        return next((rules[n] for n in names if n in rules), default)

    return of


def _cyclic(schema: EntitySchema, targets: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Reference fields whose target (directly or not) refers back to this entity: never waited for on create.

    ``targets`` are the entities that each entity refers to.
    """

    def reaches(start: str, seen: frozenset[str] = frozenset()) -> bool:
        if start == schema.name:
            return True
        return start not in seen and any(reaches(t, seen | {start}) for t in targets.get(start, ()))

    return frozenset(spec.template for spec in schema.fields.values() if spec.target and reaches(spec.target))
