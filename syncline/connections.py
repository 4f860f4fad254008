"""The `connections` part of `config.yaml`: settings validated by each connector, errors at the YAML line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from connectors.contract import Connector, Context, Settings, Stream
from model.diagnostics import Diagnostic
from syncline import secrets
from syncline.catalogue import Catalogue, CatalogueError, promises_kept
from syncline.causes import cause_of
from syncline.document import Node, dotted, nearest

SQLITE = "sqlite:///"
NAME = "[a-z][a-z0-9_-]{0,39}"
"""What connections may be called."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A configured connection: a connector's class with valid settings, and the streams it declares with them."""

    name: str
    connector: str
    kind: type[Connector[Any]]
    settings: Settings
    streams: tuple[Stream, ...] = ()
    written: Node | None = field(default=None, repr=False, compare=False)

    def located(self, found: Sequence[Diagnostic]) -> list[Diagnostic]:
        """What a connector says about its settings, with the place where they are written."""
        if self.written is None:
            return list(found)
        return [one if one.file or not one.path else self._located(one, self.written) for one in found]

    @staticmethod
    def _located(one: Diagnostic, written: Node) -> Diagnostic:
        value, path = written.value, []
        for part in (one.path or "").split("."):
            if not isinstance(value, dict) or part not in value:
                break
            value = value[part]
            path.append(part)
        place = (*written.path, *path)
        line, column = written.document.positions.of(place)
        whole = f"{dotted(written.path)}.{one.path}"
        return replace(one, file=written.document.file, line=line, column=column, path=whole)

    def open(self, context: Context | None = None) -> Connector[Any]:
        return self.kind(self.settings, context or Context(connection=self.name))


def read_connections(
    node: Node, catalogue: Catalogue, folder: Path, environment: Mapping[str, str]
) -> dict[str, Connection]:
    """The usable connections; everything wrong with the others is reported."""
    found: dict[str, Connection] = {}
    for name, entry in node.items():
        if not re.fullmatch(NAME, name):
            hint = "small letters, digits, - and _, at most 40, beginning with a letter"
            entry.report("bad-name", f"{name!r} is no name for a connection", hint, key=True)
            continue
        connection = _connection(name, entry, catalogue, folder, environment)
        if connection is not None:
            found[name] = connection
    return found


def _connection(
    name: str, node: Node, catalogue: Catalogue, folder: Path, environment: Mapping[str, str]
) -> Connection | None:
    entries = dict(node.items())
    if "connector" not in entries:
        if isinstance(node.value, dict):
            node.report("missing-key", "'connector' is missing", f"one of {', '.join(catalogue.names)}")
        elif node.value is None:
            node.report("missing-key", "the connection has no settings", "connector: …")
        return None
    kind_node = entries.pop("connector")
    kind = kind_node.text()
    if kind is None:
        return None
    try:
        found = catalogue.find(kind)
    except KeyError:
        kind_node.report("unknown-connector", f"there is no connector {kind!r}", nearest(kind, catalogue.names))
        return None
    except CatalogueError as error:
        kind_node.report("unusable-connector", str(error), error.hint)
        return None
    return _validated(name, kind, found, node, folder, environment)


def _validated(
    name: str, kind: str, found: type[Connector[Any]], node: Node, folder: Path, environment: Mapping[str, str]
) -> Connection | None:
    written = Node(node.document, {k: v for k, v in node.value.items() if k != "connector"}, node.path)
    before = len(node.document.found)
    data = secrets.resolve(written, folder, environment)
    if len(node.document.found) > before:
        return None
    try:
        settings = found.Settings.model_validate(data)
        anchored = _anchored(settings, data, folder)
        if anchored != data:
            settings = found.Settings.model_validate(anchored)
    except ValidationError as error:
        _report(error, found.Settings, written)
        return None
    except Exception as error:  # noqa: BLE001 (a validator may be anybody's; its text may hold a secret)
        message = f"the connector breaks while it reads these settings: {cause_of(error, found.__module__)}"
        node.report("broken-connector", message, "look at them; if they are right, tell its author")
        return None
    for path in _literal_secrets(settings, written.value):
        where = Node(node.document, None, (*node.path, *path))
        where.warn("literal-secret", f"{dotted(path)} is written in the file", "use ${env:NAME} or ${file:PATH}")
    doing = "cannot be made from these settings"
    try:
        connector = found(settings, Context(connection=name))
        doing = "breaks while it describes its streams"
        with closing(connector):
            streams, problem = connector.declared_streams(), promises_kept(connector)
    except Exception as error:  # noqa: BLE001 (a constructor may be anybody's)
        hint = "look at its settings; if they are right, this is a mistake in the connector: tell its author"
        node.report("broken-connector", f"the connector {doing}: {cause_of(error, found.__module__)}", hint)
        return None
    if problem is not None:
        node.report("broken-connector", problem, "this is a mistake in the connector: tell its author")
        return None
    cycle = _cycle(streams)
    if cycle:
        path = ("streams", cycle[0], "parents")
        message = f"{' → '.join(cycle)}: each of these streams would have to be read and written before the other"
        node.report("parent-cycle", message, "leave one of them out of parents", at=path)
        return None
    return Connection(name, kind, found, settings, streams, node)


def _cycle(streams: Sequence[Stream]) -> list[str]:
    """Streams that are parents of each other, from one of them back to it; empty where there are none."""
    try:
        TopologicalSorter({stream.name: stream.parents for stream in streams}).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def _anchored(settings: BaseModel, data: Any, folder: Path) -> Any:
    """The data with relative paths and SQLite addresses made absolute: they mean the project folder."""
    if not isinstance(data, dict):
        return data
    anchored = dict(data)
    for name, value in data.items():
        valid = getattr(settings, name, None)
        if isinstance(valid, Path) and not valid.is_absolute():
            anchored[name] = str(folder / valid)
        elif isinstance(value, str):
            anchored[name] = anchored_url(value, folder)
        elif isinstance(valid, BaseModel):
            anchored[name] = _anchored(valid, value, folder)
    return anchored


def anchored_url(url: str, folder: Path) -> str:
    """A relative SQLite address seen from the project folder; any other text as it is."""
    if not url.startswith(SQLITE):
        return url
    path, mark, query = url[len(SQLITE) :].partition("?")
    if path in ("", ":memory:") or path.startswith("file:") or Path(path).is_absolute():
        return url
    return f"{SQLITE}{folder / path}{mark}{query}"


def _report(error: ValidationError, model: type[BaseModel], node: Node) -> None:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        path, rest = _written(one["loc"], node.value)
        below = Node(node.document, None, (*node.path, *path))
        if one["type"] == "extra_forbidden":
            names = _names_at(model, path[:-1])
            below.report(
                "unknown-key", f"there is no setting {path[-1]!r} here", nearest(str(path[-1]), names), key=True
            )
        elif one["type"] == "missing":
            missing = next((str(part) for part in reversed(rest) if isinstance(part, str)), "a setting")
            below.report("missing-key", f"{missing!r} is missing", key=True)
        else:
            message = one["msg"].removeprefix("Value error, ")
            below.report("invalid-setting", f"{dotted(path) or 'settings'}: {message[:1].lower()}{message[1:]}")


def _written(location: tuple[Any, ...], data: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The part of a pydantic location that stands in the file (union tags do not), and what is left of it."""
    path: list[Any] = []
    rest: list[Any] = []
    for part in location:
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if inside:
            data = data[part]
            path.append(part)
            rest = []
        else:
            rest.append(part)
    return tuple(path), tuple(rest)


def _names_at(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """Names of the settings at a place, as far as the annotations tell."""
    models = [model]
    for part in path:
        inner = [m.model_fields[part].annotation for m in models if part in m.model_fields]
        # below a mapping of free names (streams) the name itself leads nowhere in the annotations
        models = [found for annotation in inner for found in _models_in(annotation)] or models
    return sorted({info.alias or name for one in models for name, info in one.model_fields.items()})


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


def _literal_secrets(value: Any, written: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Places of secret settings whose text stands in the file. An address without a password is no secret."""
    if isinstance(value, SecretStr):
        if (
            isinstance(written, str)
            and not secrets.refers(written)
            and ("://" not in written or holds_password(written))
        ):
            yield path
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            below = written.get(name) if isinstance(written, dict) else None
            yield from _literal_secrets(getattr(value, name), below, (*path, name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            below = written.get(name) if isinstance(written, dict) else None
            yield from _literal_secrets(item, below, (*path, name))


_PASSWORD = re.compile(r"://[^/?#@:]*:[^@]+@|[?&](?:password|pwd)=[^&]", re.IGNORECASE)
"""In front of the host (a password may hold a slash), or among the settings behind it."""


def holds_password(address: str) -> bool:
    """Whether the text of an address shows a password."""
    return _PASSWORD.search(address) is not None
