"""`mappings fields`: what the left side of a rule may be."""

from __future__ import annotations

from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options
from syncline.cli.desk import Desk, desk_of
from syncline.cli.output import Output, clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mappings.telling.canonical import Told
    from model.fields import EntitySchema

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

_WIDE = 110
"""Columns from which on a table of everything can be read."""


def register(app: typer.Typer) -> None:
    app.command("fields")(list_fields)


def list_fields(
    context: typer.Context,
    entity: Annotated[str | None, typer.Argument(help="One of the entities, to see its fields.")] = None,
    as_json: options.Json = False,
) -> None:
    """List the canonical fields that rules may name, custom ones of this project too; or the entities.

    It needs no project; docs/fields.md says the same of those that every project has.
    """
    from mappings.telling.canonical import about, lists_of, told
    from syncline.document import nearest

    desk = desk_of(context)
    schemas = _schemas(desk)
    if entity is None:
        rows = [{"entity": name, "fields": len(schemas[name].fields), "what": about(name)} for name in schemas]
        if as_json:
            desk.output.json(rows)
            return
        desk.output.table(("entity", "fields", "what"), [tuple(row.values()) for row in rows], "")
        desk.output.say("syncline mappings fields contact  # the fields of one")
        return
    if entity not in schemas:
        meant = nearest(entity, schemas) or f"there are: {', '.join(schemas)}"
        raise typer.BadParameter(f"there is no entity {entity!r}; {meant}", param_hint="ENTITY")
    lists = dict(lists_of(schemas[entity]))
    found = list(told(schemas[entity]))
    if as_json:
        desk.output.json([_json(one, lists) for one in found])
        return
    _tell(desk.output, found)
    for name, keys in lists.items():
        desk.output.line()
        desk.output.table((f"key of {name}", "for"), list(keys.items()), f"{name}[…] may have any key.")
    desk.output.say("Which key to take: docs/fields.md. Custom fields: entities, in config.yaml.")


def _tell(output: Output, found: Sequence[Told]) -> None:
    """A table; where the terminal is narrow, all but the path in one column."""
    columns: tuple[str, ...] = ("path", "kind", "class", "what", "such as")
    rows: list[tuple[str, ...]] = [
        (one.path, one.spec.kind.value, one.spec.privacy.value, one.what, _shown(one.example)) for one in found
    ]
    if not output.plain and get_terminal_size().columns < _WIDE:
        columns = ("path", "what it is, and a value")
        rows = [
            (path, f"{what} {kind.capitalize()}, {privacy}{f': {example}' if example else ''}")
            for path, kind, privacy, what, example in rows
        ]
    output.table(columns, rows, "")


def _schemas(desk: Desk) -> Mapping[str, EntitySchema]:
    """Those of the project, or, where there is none or its configuration is broken, those that every project has."""
    from model.entities import schemas
    from syncline.settings import load_memory

    memory, _ = load_memory(desk.folder, environment=desk.world.environment)
    return schemas() if memory is None else memory.schemas


def _json(one: Told, lists: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    spec = one.spec
    name, keyed, _ = spec.template.partition("[]")
    return {
        "path": spec.template,
        "kind": spec.kind.value,
        "class": spec.privacy.value,
        "label": spec.label,
        "what": one.what,
        "example": one.example,
        "choices": None if spec.choices is None else list(spec.choices),
        "max_length": spec.max_length,
        "required": spec.required,
        "custom": spec.custom,
        "target": spec.target,
        "keys": list(lists.get(name, ())) if keyed else None,
    }


def _shown(example: Any) -> str:
    if isinstance(example, dict):
        return f"{example['amount']} {example['currency']}"
    if isinstance(example, list):
        return ", ".join(example)
    return "" if example is None else "true" if example is True else clean(example)
