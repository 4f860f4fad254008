"""Schema locks: `schemas/<connection>.yaml` holds the fields of a system as a person has seen and reviewed them.

One field is one line (a choice one more line each), in a fixed order, so that a review shows what became different and
nothing else. What the system says is not trusted: every text is written so that it can only be read as that text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connectors.contract import Field
from mappings.reading.scalars import scalar
from syncline.writing import replace_file

FOLDER = "schemas"
FORMAT = 1
MAX_LABEL = 200
MAX_NAME = 400
"""Longer names cannot stand as keys in a YAML file; no system known has any."""

WRITABLE = {(False, False): "never", (True, False): "create", (False, True): "update", (True, True): "always"}
"""How a lock says whether a field is creatable and updatable."""

_HEAD = """\
# The fields of connection {name} as they were when somebody last looked. `syncline check` holds mappings to them.
# Renew:               syncline connections discover {name} --lock
# What changed since:  syncline check --online
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The locked fields of one connection, by stream and name.

    ``lines`` tells where each stands in ``file``, where that is not where `text_of` puts it.
    """

    connection: str
    connector: str
    streams: Mapping[str, Mapping[str, Field]]
    file: str = ""
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def with_places(self) -> Lock:
        """The same lock, sure to tell the line of each field."""
        return self if self.lines else replace(self, lines=places_of(self))

    def fields(self, stream: str) -> tuple[Field, ...]:
        """Empty where the stream is not locked."""
        return tuple(self.streams.get(stream, {}).values())


def lock_file(folder: Path, connection: str) -> Path:
    """Where the lock of a connection lies in a project folder."""
    return folder / FOLDER / f"{connection}.yaml"


def made(connection: str, connector: str, streams: Mapping[str, Iterable[Field]]) -> Lock:
    """A lock of what was discovered: sorted, each field once, texts made fit to be written down."""
    described = {_text(name): tidied(fields) for name, fields in streams.items() if _can_be_a_key(name)}
    return Lock(connection=connection, connector=connector, streams=dict(sorted(described.items())))


def tidied(fields: Iterable[Field]) -> dict[str, Field]:
    """The fields by name, in the order of their names, as a lock can hold them."""
    found = {one.name: one for one in map(tidy, fields) if _can_be_a_key(one.name)}
    return dict(sorted(found.items()))


def _can_be_a_key(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME


def tidy(one: Field) -> Field:
    """A field as a lock can hold it: what two looks at the same field must not differ in is made the same."""
    choices = None if one.choices is None else tuple(sorted({_text(choice) for choice in one.choices if choice}))
    label = " ".join(_text(one.label).split())
    return replace(
        one,
        name=_text(one.name),
        label=label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}…",
        max_length=one.max_length if one.max_length is not None and one.max_length > 0 else None,
        choices=choices or None,
        references=tuple(sorted({_text(name) for name in one.references if name})),
    )


def _text(text: str) -> str:
    """Half a surrogate pair is no text, and a NUL is nothing that readers of YAML agree on."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\N{REPLACEMENT CHARACTER}")


def text_of(lock: Lock) -> str:
    """The file of a lock. The same lock always gives the same text."""
    return "\n".join(line for line, _ in _lines(lock)) + "\n"


def places_of(lock: Lock) -> dict[tuple[str, str], int]:
    """The line in which each field stands in `text_of`, counted from 1."""
    return {place: number for number, (_, place) in enumerate(_lines(lock), start=1) if place is not None}


def _lines(lock: Lock) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Every line, and the stream and field that begin in it."""
    for line in _HEAD.format(name=lock.connection).splitlines():
        yield line, None
    yield f"format: {FORMAT}", None
    yield f"connection: {scalar(lock.connection)}", None
    yield f"connector: {scalar(lock.connector)}", None
    yield "streams:" if lock.streams else "streams: {}", None
    for stream, fields in lock.streams.items():
        yield f"  {scalar(stream)}:", None
        yield "    fields:" if fields else "    fields: {}", None
        for name, one in fields.items():
            facts = dict(_facts(one))
            head = f"      {scalar(name)}:"
            if one.choices is None:
                inner = ", ".join(f"{key}: {value}" for key, value in facts.items())
                yield f"{head} {{{inner}}}", (stream, name)
                continue
            yield head, (stream, name)
            for key, value in facts.items():
                yield f"        {key}: {value}", None
            yield "        choices:", None
            for choice in one.choices:
                yield f"          - {scalar(choice)}", None


def _facts(one: Field) -> Iterator[tuple[str, str]]:
    """What is said of a field, beyond its choices; what is as usual is left out."""
    yield "type", one.type.value
    if one.max_length is not None:
        yield "length", str(one.max_length)
    if one.required:
        yield "required", "true"
    if not one.nullable:
        yield "nullable", "false"
    if not one.readable:
        yield "readable", "false"
    if not (one.creatable and one.updatable):
        yield "writable", WRITABLE[one.creatable, one.updatable]
    if one.unique:
        yield "unique", "true"
    if one.restricted:
        yield "restricted", "true"
    if one.references:
        yield "references", f"[{', '.join(map(scalar, one.references))}]"
    if one.label:
        yield "label", scalar(one.label)


def write(path: Path, lock: Lock) -> None:
    """Put a lock into its file, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text_of(lock))
