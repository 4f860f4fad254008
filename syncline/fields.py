"""Mappings against the fields the systems really have, as they describe them now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.contract import Field
from mappings.check import check
from mappings.check_all import required_cycles
from model.diagnostics import Diagnostic
from model.errors import ConfigurationError, ConnectorError
from syncline.settings import Project
from syncline.wiring import World, opened_connections


def check_fields(project: Project, world: World) -> Iterator[Diagnostic]:
    """What only the systems can tell: unknown, unwritable and too short fields, missing choices.

    A system that cannot be asked is one diagnostic; the others are asked all the same.
    """
    said: list[Diagnostic] = []
    known_fields: dict[tuple[str, str], Sequence[Field]] = {}
    with opened_connections(project, world) as connectors:
        for mapping in (*project.mappings, *project.proposed):
            schema = project.schemas[mapping.entity]
            try:
                fields = connectors[mapping.connection].discover(mapping.stream)
            except ConfigurationError as error:
                found = project.connections[mapping.connection].located(error.diagnostics)
                yield from (one for one in found if one not in said)
                said += found
                continue
            except ConnectorError as error:
                message = f"{mapping.connection}.{mapping.stream} cannot be asked for its fields: {error}"
                hint = f"syncline connections check {mapping.connection}"
                yield Diagnostic(code="not-discovered", message=message, file=mapping.source.file, hint=hint)
                continue
            known_fields[mapping.connection, mapping.stream] = fields
            known = {str(one) for one in check(mapping.source, schema)}
            yield from (one for one in check(mapping.source, schema, fields) if str(one) not in known)
        yield from required_cycles([mapping.source for mapping in project.mappings], known_fields)
