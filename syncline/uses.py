"""Which parts of a mapping have to do with a field of its stream: rules, conditions, expressions, defaults. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mappings.cel.engine import RECORD
from mappings.checking.expressions import compiled_or_none, conditions_of, expressions_of
from mappings.language import FieldPath, MappingFile, Rule, Test, field_path
from mappings.transforms.registry import build


class Use(NamedTuple):
    """A part that reads or writes a field. ``part`` is how people call it; an empty ``path`` is any field at all."""

    part: str
    path: FieldPath
    rule: Rule | None = None


def uses_of(mapping: MappingFile) -> list[Use]:
    """Every use of a record field, in the order of the file; a part that uses several fields comes several times."""
    return list(_uses(mapping))


def _uses(mapping: MappingFile) -> Iterator[Use]:
    for rule in mapping.rules:
        beside = (build(step.name, step.options).beside for step in rule.transforms)
        fields = [*(path for path in rule.fields if path), *(field_path(name) for name in beside if name)]
        yield from (Use(_called(f"{mapping.entity}.{rule.path}"), path, rule) for path in fields)
    for asked in conditions_of(mapping):
        if not asked.outward and asked.condition.test is not Test.EXPR:
            yield Use(_called(asked.subject), field_path(asked.condition.subject))
    for written in expressions_of(mapping):
        compiled = compiled_or_none(written) if written.variable == RECORD else None
        if compiled is not None:
            yield from (Use(_called(written.subject), read.path) for read in compiled.tree.reads)
            yield from [Use(_called(written.subject), ())] if compiled.tree.whole else ()
    yield from (Use("the defaults", field_path(name)) for name in mapping.record_defaults)


def _called(subject: str) -> str:
    return "the filter" if subject == "filter" else f"the rule {subject}"


def touches(uses: Sequence[Use], name: str) -> bool:
    """Whether anything has to do with a field, or with what lies around it."""
    tops = {use.path[:1] for use in uses}
    return not tops.isdisjoint(((), (name,), field_path(name)[:1]))


def users(uses: Sequence[Use], name: str) -> list[str]:
    """The parts that use a field itself, something inside it, or an object it is a part of."""
    return list(dict.fromkeys(use.part for use in uses if _is_within(use.path, name)))


def _is_within(path: FieldPath, name: str) -> bool:
    plain = ".".join(path)
    return not path or f"{plain}.".startswith(f"{name}.") or name.startswith(f"{plain}.")
