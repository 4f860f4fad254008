"""A rule of several canonical paths: one record field, taken apart on its way in and put together on its way out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mappings.codec import ABSENT, folding, is_blank, put_into, taker, word
from mappings.language import Rule
from mappings.transforms.base import NOTHING, Parts, Transform, UnfitError
from mappings.transforms.registry import build, of_kind
from model import paths
from model.fields import EntitySchema, Kind

NOT_IN_PARTS = frozenset({Kind.REFERENCE, Kind.SET, Kind.MONEY, Kind.BOOLEAN})
"""Kinds of field that no part of a text can be."""

_NOTHING_WRONG: Mapping[str, UnfitError] = {}


def part_name(path: str) -> str:
    """``addresses[work].city`` → ``city``, ``emails[work]`` → ``work``, ``given_name`` → ``given_name``."""
    name, key, leaf = paths.split(path)
    return leaf or key or name


def part_names(rule_paths: Sequence[str], parts: Parts) -> tuple[str, ...]:
    """What a rule's paths are called by its transform."""
    if parts.numbered:
        return tuple(str(at) for at in range(1, len(rule_paths) + 1))
    return tuple(part_name(path) for path in rule_paths)


class PartsCodec:
    """Reads a record's field into values by path, and writes values by path as the field's value."""

    def __init__(self, rule: Rule, schema: EntitySchema, limit: int | None = None) -> None:
        self.rule, self.limit = rule, limit
        *before, last = (build(step.name, step.options) for step in rule.transforms)
        self._before, self._last = tuple(before), last
        self._names = part_names(rule.paths, last.parts or Parts())
        self._take = taker(rule.field) if rule.fields else lambda _: ABSENT
        specs = [spec for path in rule.paths if (spec := schema.field(path)) is not None]
        self._kinds = tuple(None if spec.kind is Kind.TEXT else of_kind(spec) for spec in specs)
        longest = [(spec.max_length or sys.maxsize) if spec.kind is Kind.TEXT else sys.maxsize for spec in specs]
        self._each = tuple(zip(rule.paths, self._kinds, longest, strict=True))
        self._fold = folding(rule)

    def read(self, data: Mapping[str, Any], values: dict[str, Any]) -> Mapping[str, UnfitError]:
        """Put the values by path into ``values``; gives what is wrong with those that have none.

        Raises UnfitError where the whole is no good.
        """
        return self.read_value(self._take(data), values)

    def read_value(self, value: Any, values: dict[str, Any]) -> Mapping[str, UnfitError]:
        """As `read`, of a value that does not come out of the rule's field."""
        placeholder = self.rule.placeholder
        if value is ABSENT or (placeholder is not None and word(value) == word(placeholder)):
            return _NOTHING_WRONG
        for step in self._before:
            value = None if is_blank(value) else step.forward(value)
        if is_blank(value):
            values.update(dict.fromkeys(self.rule.paths))
            return _NOTHING_WRONG
        unfit: dict[str, UnfitError] | None = None
        found = self._last.forward(value, self._names)
        for (path, kind, longest), part in zip(self._each, found, strict=True):
            if kind is None and type(part) is str and 0 < len(part) <= longest:
                values[path] = part
            elif part is not NOTHING:
                try:
                    values[path] = None if is_blank(part) else _fitted(part, kind, longest)
                except UnfitError as error:
                    unfit = {**(unfit or {}), path: error}
        return _NOTHING_WRONG if unfit is None else unfit

    def write(self, values: Mapping[str, Any], asked: frozenset[str] | None) -> Any:
        """The field's value, None where there is nothing to write. ``asked``: the paths that are news (None: all)."""
        given = [_shown(values.get(path), kind) for path, kind in zip(self.rule.paths, self._kinds, strict=True)]
        if all(map(is_blank, given)):
            return None
        names = zip(self.rule.paths, self._names, strict=True)
        changed = None if asked is None else frozenset(name for path, name in names if path in asked)
        if self._last.back is None:
            raise UnfitError("one-way", "cannot be turned round")
        result = self._last.back(given, self._names, changed)
        for step in reversed(self._before):
            result = result if is_blank(result) or step.back is None else step.back(result)
        return self._bounded(result)

    def _bounded(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if self.rule.max_length is not None:
            return value[: self.rule.max_length].rstrip()
        if self.limit is not None and len(value) > self.limit:
            raise UnfitError("too-long", f"is longer than the {self.limit} characters the system takes")
        return value

    def same(self, path: str, written: Any, read: Any) -> bool:
        """Whether ``read`` is what the system shows after ``written``, of one of the paths."""
        if is_blank(written) or is_blank(read):
            return is_blank(written) and is_blank(read)
        folded = [self._fold(one) for one in (written, read)]
        one, other = (" ".join(text.split()) if isinstance(text, str) else text for text in folded)
        return bool(one == other) or bool(self._alone(path, written) == read)

    def _alone(self, path: str, written: Any) -> Any:
        """What a path shows after it was written where the field has room for nothing else."""
        data: dict[str, Any] = {}
        shown: dict[str, Any] = {}
        try:
            put_into(data, self.rule.field, self.write({path: written}, None))
            self.read(data, shown)
        except UnfitError:
            return None
        return shown.get(path)


def _fitted(part: Any, kind: Transform | None, longest: int) -> Any:
    value = part if kind is None else kind.forward(part)
    if isinstance(value, str) and len(value) > longest:
        raise UnfitError("too-long", f"is longer than the {longest} characters the canonical field takes")
    return value


def _shown(value: Any, kind: Transform | None) -> Any:
    return value if is_blank(value) or kind is None or kind.back is None else kind.back(value)
