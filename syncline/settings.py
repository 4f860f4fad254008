"""A project: `config.yaml` and `mappings/`, read as one, with every problem found at its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mappings.compile import Compiled
from mappings.reading.reader import read_yaml
from model.custom import custom_fields
from model.diagnostics import Diagnostic, Severity
from model.entities import ENTITIES, schemas
from model.fields import EntitySchema, FieldSpec
from sync.policy import Policy, Survivorship
from syncline import bindings, policies, secrets
from syncline.catalogue import Catalogue
from syncline.connections import Connection, anchored_url, holds_password, read_connections
from syncline.document import Document, Node, shown
from syncline.lock_reading import read_locks
from syncline.locks import Lock
from syncline.schedules import Schedule, read_schedules

CONFIG = "config.yaml"
MAPPINGS = "mappings"
FORMAT = 1
DEFAULT_STATE = "sqlite:///var/syncline.db"
_SECTIONS = ("syncline", "state", "entities", "connections", "brakes", "approval", "oscillation", "schedules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Everything a person decided, valid and ready to wire. ``mappings`` run, ``proposed`` ones are only checked."""

    folder: Path
    state_url: str = field(repr=False)
    connections: Mapping[str, Connection]
    schemas: Mapping[str, EntitySchema]
    policy: Policy
    mappings: tuple[Compiled, ...]
    proposed: tuple[Compiled, ...] = ()
    schedules: tuple[Schedule, ...]

    def as_if_live(self) -> Project:
        """The project with everything that is proposed in force: to be planned with, never run."""
        mappings = tuple(mapping.as_if_live() for mapping in (*self.mappings, *self.proposed))
        return replace(self, mappings=mappings, proposed=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Where a project remembers, and what its fields are: all that looking back needs, and no secret of any system."""

    state_url: str = field(repr=False)
    schemas: Mapping[str, EntitySchema]


def load_memory(
    folder: Path, *, environment: Mapping[str, str] | None = None
) -> tuple[Memory | None, list[Diagnostic]]:
    """As `load_project`, of the parts of `config.yaml` that a `Memory` is made of; mistakes elsewhere do not matter."""
    folder = folder.absolute()
    document, data, found = _opened(folder)
    if document is None:
        return None, found
    reading = _Reading(Node(document, data), folder, os.environ if environment is None else environment, None)
    document.found.clear()
    memory = reading.memory()
    errors = [one for one in document.found if one.severity is Severity.ERROR]
    return (None if errors else memory), document.found


def load_project(
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    catalogue: Catalogue | None = None,
    with_mappings: bool = True,
    with_locks: bool = False,
    seen: Mapping[str, Lock] | None = None,
    edited: Path | None = None,
) -> tuple[Project | None, list[Diagnostic]]:
    """Read a project folder. The project is None where any diagnostic is an error; warnings come along.

    ``with_mappings=False`` leaves `mappings/` alone: what only concerns connections works while a mapping is broken.
    ``with_locks=True`` holds mappings to the fields locked in `schemas/`: a check, not what a run needs. ``seen`` holds
    them to these fields instead.
    ``edited`` is a mapping file that stands for the one of its name: to be planned with, never run.
    Files are named in diagnostics as seen from the present directory.
    """
    folder = folder.absolute()
    document, data, found = _opened(folder, mend=True)
    if document is None:
        return None, found
    name = document.file
    environment = os.environ if environment is None else environment
    reading = _Reading(Node(document, data), folder, environment, catalogue or Catalogue.installed())
    # What stood in a line that could not be read would be missed by the mappings.
    readable = with_mappings and not document.lacks_lines
    project = reading.project(with_mappings=readable, with_locks=with_locks, seen=seen, edited=edited)
    ordered = sorted(document.found, key=lambda one: (one.file != name, one.file or "", one.line or 0, one.column or 0))
    return (None if any(one.severity is Severity.ERROR for one in ordered) else project), ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """The mappings of a project that are right, and the connections that can be used.

    What is wrong elsewhere (a missing secret, another mapping) does not stop anybody from trying them. ``state_url`` is
    empty where it cannot be told.
    """

    state_url: str = field(repr=False)
    connections: Mapping[str, Connection]
    named: tuple[str, ...]  # connections that are written down, usable or not
    mappings: tuple[Compiled, ...]
    schemas: Mapping[str, EntitySchema]

    @property
    def by_name(self) -> dict[str, Compiled]:
        return {mapping.name: mapping for mapping in self.mappings}


def load_workbench(
    folder: Path, *, environment: Mapping[str, str] | None = None, catalogue: Catalogue | None = None
) -> tuple[Workbench | None, list[Diagnostic]]:
    """The mappings, and what is wrong with them or with the fields of entities; mistakes elsewhere do not matter."""
    folder = folder.absolute()
    document, data, found = _opened(folder)
    if document is None:
        return None, found
    environment = os.environ if environment is None else environment
    reading = _Reading(Node(document, data), folder, environment, catalogue or Catalogue.installed())
    document.found.clear()
    return reading.workbench()


def _opened(folder: Path, *, mend: bool = False) -> tuple[Document | None, Any, list[Diagnostic]]:
    """The parsed `config.yaml`; None where it cannot even be read, with the reason. ``mend`` as in `read_yaml`."""
    config = folder / CONFIG
    text, trouble = _text(config)
    if text is None:
        return None, None, [trouble] if trouble else []
    data, positions, found = read_yaml(text, shown(config), mend=mend)
    if data is None and any(one.severity is Severity.ERROR for one in found):
        return None, None, found
    return Document(shown(config), positions, found), data, found


def _text(config: Path) -> tuple[str | None, Diagnostic | None]:
    name = shown(config)
    try:
        return config.read_text(encoding="utf-8-sig"), None
    except FileNotFoundError:
        hint = "run `syncline init`, or name the project folder with --project"
        return None, Diagnostic(code="no-project", message="there is no project here", file=name, hint=hint)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message, hint = "the file is not UTF-8 text", "save it as UTF-8"
        return None, Diagnostic(code="not-utf-8", message=message, file=name, line=line, hint=hint)
    except OSError as error:
        message, hint = f"the file cannot be read ({type(error).__name__})", "is it a file, and may you read it?"
        return None, Diagnostic(code="unreadable", message=message, file=name, hint=hint)


class _Reading:
    """One pass over `config.yaml`; sections are read in the order in which they need each other."""

    def __init__(self, root: Node, folder: Path, environment: Mapping[str, str], catalogue: Catalogue | None) -> None:
        self.folder = folder
        self.environment = environment
        self.catalogue = catalogue
        self.root = root
        self.sections = root.known(_SECTIONS, required={"syncline", "connections"})

    def section(self, name: str) -> Node:
        return self.sections.get(name) or Node(self.root.document, None, (name,))

    def memory(self) -> Memory:
        return Memory(state_url=self._state(), schemas=schemas(dict(self._custom_fields())))

    def workbench(self) -> tuple[Workbench, list[Diagnostic]]:
        """What is wrong with connections is not said: a mapping can be tried without them."""
        known = schemas(dict(self._custom_fields()))
        said = list(self.root.document.found)
        connections, named = self._connections()
        found = bindings.read_bindings(self.folder / MAPPINGS, known, connections, named)
        workbench = Workbench(
            state_url=self._state(),
            connections=connections,
            named=tuple(named),
            mappings=tuple(compiled for _, compiled in found.found),
            schemas=known,
        )
        return workbench, [*said, *found.diagnostics]

    def project(
        self, *, with_mappings: bool, with_locks: bool, seen: Mapping[str, Lock] | None, edited: Path | None
    ) -> Project:
        self._format()
        url = self._state()
        fields = dict(self._custom_fields())
        known = schemas(fields)
        connections, named = self._connections()
        rules = {name: rule for name, rule in self._survivorship(known, named) if rule}
        limits = policies.brakes(self.section("brakes"), named)
        oscillation = policies.oscillation(self.section("oscillation"))
        locks = read_locks(self.folder, connections, named, self.root.document.found) if with_locks else seen or {}
        found = bindings.Bindings()
        if with_mappings:
            decided = policies.deciding(rules)
            folder = self.folder / MAPPINGS
            found = bindings.read_bindings(folder, known, connections, named, decided, locks, edited)
            self.root.document.found += found.diagnostics
        rules, clashes = policies.owned([*(one.source for one in found.live), *found.broken], known, rules)
        self.root.document.found += clashes
        selectable = {*named, *found.selectable}
        writable = {f"{one.connection}.{one.stream}" for _, one in found.found}
        writable |= {f"{one.connection}.{one.stream}:{one.entity}" for _, one in found.found}
        approval = policies.approval(self.section("approval"), {*named, *writable} if with_mappings else None)
        schedules = read_schedules(self.section("schedules"), selectable) if with_mappings else []
        return Project(
            folder=self.folder,
            state_url=url,
            connections=connections,
            schemas=known,
            policy=Policy(survivorship=rules, limits=limits, approval=approval, oscillation=oscillation),
            mappings=tuple(found.live),
            proposed=tuple(found.proposed),
            schedules=tuple(schedules),
        )

    def _connections(self) -> tuple[dict[str, Connection], list[str]]:
        """The usable connections, and the names of all that are written down."""
        assert self.catalogue is not None, "only a look back does without connectors"
        node = self.section("connections")
        named = list(node.value) if isinstance(node.value, dict) else []
        return read_connections(node, self.catalogue, self.folder, self.environment), named

    def _format(self) -> None:
        node = self.sections.get("syncline")
        if node is not None and (node.value != FORMAT or isinstance(node.value, bool)):
            message = f"this version reads format {FORMAT}"
            node.report("unknown-format", message, f"syncline: {FORMAT}, or upgrade the program")

    def _state(self) -> str:
        if "state" not in self.sections:
            return anchored_url(DEFAULT_STATE, self.folder)
        node = self.sections["state"]
        written = node.text()
        if written is None:
            return ""
        url = str(secrets.resolve(Node(node.document, written, node.path), self.folder, self.environment))
        if url.startswith(("postgresql://", "postgres://")):
            node.report("state-url", "the driver is missing in the address", "postgresql+psycopg://…")
        elif url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            node.report(
                "state-url", "the state lives in SQLite or PostgreSQL", f"{DEFAULT_STATE} or postgresql+psycopg://…"
            )
        if holds_password(written) and not secrets.refers(written):
            node.warn("literal-secret", "the password is written in the file", "use ${env:NAME} or ${file:PATH}")
        return anchored_url(url, self.folder)

    def _entities(self) -> Iterator[tuple[str, Node]]:
        yield from self.section("entities").known(list(ENTITIES)).items()

    def _custom_fields(self) -> Iterator[tuple[str, Mapping[str, FieldSpec]]]:
        for name, entity in self._entities():
            entries = entity.known({"fields", "survivorship"})
            if "fields" in entries:
                node = entries["fields"]
                specs, faults = custom_fields(name, node.value)
                for fault in faults:
                    node.report("custom-field", fault.message, fault.hint, at=fault.path)
                yield name, specs

    def _survivorship(
        self, known: Mapping[str, EntitySchema], connections: list[str]
    ) -> Iterator[tuple[str, dict[str, Survivorship]]]:
        entities = self.section("entities").value
        for name, entity in entities.items() if isinstance(entities, dict) else ():
            if name in known and isinstance(entity, dict) and "survivorship" in entity:
                node = Node(self.root.document, entity["survivorship"], ("entities", name, "survivorship"))
                yield name, policies.survivorship(node, known[name], connections)
