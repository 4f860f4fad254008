"""What a mapping says of itself and its rules: what should go, and what it claims to own."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.checking.item_keys import read_or_meant
from mappings.checking.unknown_paths import instead_of
from mappings.language import Lifecycle, MappingFile
from mappings.reading.meant import did_you_mean
from mappings.reading.nodes import Notes
from model import paths
from model.diagnostics import Severity
from model.fields import EntitySchema


def check_standing(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    """Deprecated parts, and owned paths that lead nowhere or that the mapping does not even read."""
    if mapping.lifecycle is Lifecycle.DEPRECATED:
        message = "the mapping is deprecated, and still runs"
        notes.add("deprecated", message, ("lifecycle",), hint="remove it when nothing needs it", severity=Severity.NOTE)
    for rule in mapping.rules:
        if rule.lifecycle is Lifecycle.DEPRECATED:
            subject, at = f"{mapping.entity}.{rule.path}", (*rule.at, "lifecycle")
            message = "the rule is deprecated, and still runs"
            notes.add("deprecated", message, at, subject=subject, hint="remove it", severity=Severity.NOTE)
    read = read_or_meant(mapping, schema)
    for index, name in enumerate(mapping.owns):
        leaves, subject = set(owned_leaves(name, schema)), f"{mapping.entity}.{name}"
        if not leaves:
            message, hint = f"{schema.name} has no field {name!r}", instead_of(name, schema)
            notes.add("unknown-path", message, ("owns", index), subject=subject, hint=hint)
        elif name not in read and not any(owns(name, path) for path in read):
            message = "the mapping owns this and does not read it, so it has no value to offer"
            at, hint = ("owns", index), did_you_mean(name, sorted(read))
            notes.add("owned-unread", message, at, subject=subject, severity=Severity.WARNING, hint=hint)
        if notes.full:
            return


def owned_leaves(name: str, schema: EntitySchema) -> Iterator[str]:
    """The canonical paths or patterns that an entry of ``owns`` stands for: a field, an item's parts, a whole list's.

    ``addresses[shipping]`` → ``addresses[shipping].street`` …; ``emails`` → ``emails[*]``.
    """
    head, key, leaf = paths.split(name)
    for template in schema.fields:
        if "[" not in template:
            if template == name:
                yield name
            continue
        of, _, rest = template.partition("[]")
        part = rest.removeprefix(".")
        if of == head and (not leaf or leaf == part):
            item = f"{head}[{key or '*'}]"
            yield f"{item}.{part}" if part else item


def owns(name: str, path: str) -> bool:
    """Whether an entry of ``owns`` covers a canonical path (or the pattern of a list that is mapped whole)."""
    head, key, leaf = paths.split(name)
    of, item, part = paths.split(path)
    return head == of and (not key or key == "*" or not item or key == item) and (not leaf or not part or leaf == part)
