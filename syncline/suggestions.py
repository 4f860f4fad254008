"""Suggested mappings of a project: asks a system for its fields and some records, and writes the proposal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.contract import Connector, Field, Stream
from mappings.suggesting.names import fold, read
from mappings.suggesting.suggest import THE_KEY, Proposal, Source, suggest
from mappings.suggesting.text import mapping_text
from mappings.suggesting.trial import tried
from model.diagnostics import Diagnostic
from model.errors import ConfigurationError
from model.fields import EntitySchema
from syncline.document import shown
from syncline.preview import live_records
from syncline.ties import Tie, ties


def proposal_for(
    connector: Connector[Any],
    connection: str,
    stream: str,
    fields: Sequence[Field],
    schemas: Mapping[str, EntitySchema],
    entity: str | None,
    *,
    sample: int,
    bound: Sequence[Tie] = (),
) -> Proposal:
    """What is proposed for a stream, after a look at up to ``sample`` of its records (0: at none)."""
    facts = connector.stream(stream)
    records = [record.data for record in islice(live_records(connector, stream), sample)] if sample else []
    source = Source(
        connection=connection,
        stream=stream,
        fields=fields,
        records=records,
        writable=facts.writes is not None,
        key=tuple(facts.key.split(",")),
        own=dict(_kept(facts)),
        entities={other: kind for _, owner, other, kind in bound if owner == connection},
    )
    return tried(suggest(source, schemas, entity), schemas)


def _kept(stream: Stream) -> Iterator[tuple[str, str]]:
    """Fields that the system or the hub looks after. A key that says something, a customer number or an e-mail address,
    is people's, too."""
    if stream.watermark is not None:
        yield stream.watermark.field, "tells when the record changed"
    if stream.version is not None:
        yield stream.version, "the record's version"
    if stream.writes is not None and stream.writes.marker:
        yield stream.writes.marker, "carries the hub's own id"
    for name in stream.key.split(","):
        said = read(name)
        if not said.plain or said.keyed:
            yield name, THE_KEY


def bound_streams(folder: Path) -> list[Tie]:
    """What the mappings of a folder tie, however broken the rest of them is."""
    return [tie for tie in ties(folder) if all(tie[1:])]


def file_name(proposal: Proposal, bound: Sequence[Tie] = ()) -> str:
    """``<connection>_<stream>.yaml``, in letters that every file system takes; with the entity behind it where the
    stream has a mapping of that name to another one."""
    source = proposal.source
    parts = [_stem(name) for name in (source.connection, source.stream)]
    stem = "_".join(part or proposal.entity for part in parts)  # 顧客: in no letters that every file system takes
    taken = any(path.stem == stem and entity != proposal.entity for path, _, _, entity in bound)
    return f"{_stem(f'{stem}_{proposal.entity}') if taken else stem}.yaml"


def _stem(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", fold(text)).strip("_")


def write_proposal(proposal: Proposal, path: Path, bound: Sequence[Tie] = ()) -> Path:
    """Write the proposal as a mapping file. Raises ConfigurationError, and leaves what is there, where the file exists,
    where another mapping in the folder ties the same stream to the same entity, or where there is nothing to write."""
    source = proposal.source
    if path.exists():
        raise _refusal("in-the-way", f"{shown(path)} is there already", "move it away, or name another file with --out")
    if path.suffix not in (".yaml", ".yml"):
        hint = f"name it {path.with_suffix('.yaml').name}"
        raise _refusal("in-the-way", f"{shown(path)} would not be read: the files of mappings end in .yaml", hint)
    for other, connection, stream, entity in bound:
        same = (connection, stream, entity) == (source.connection, source.stream, proposal.entity)
        if same and other.parent.absolute() == path.parent.absolute():
            hint = "look at the proposal with --out -, or move the file away"
            raise _refusal("in-the-way", f"{shown(other)} already ties {connection}.{stream} to {entity}", hint)
    if not proposal.rules:
        what = f"nothing in {source.connection}.{source.stream} certainly is a field of {proposal.entity}"
        raise _refusal("nothing-found", f"{what}; nothing was written", "name another --entity, or see it with --json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(mapping_text(proposal, path.stem))
    except OSError as error:
        what = f"{shown(path)} cannot be written: {error.strerror}"
        raise _refusal("in-the-way", what, "name another file with --out") from None
    return path


def _refusal(code: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Diagnostic(code=code, message=message, hint=hint)])
