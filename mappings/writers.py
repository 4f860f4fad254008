"""What all rules have in common on the way out: what is collected, what is left alone, what blanks and fillers mean."""

from __future__ import annotations

from typing import Any, Protocol

from mappings.cel.engine import Told
from mappings.codec import ABSENT, is_blank, taker
from mappings.contract import Blank, RenderRequest, Strength
from mappings.language import Rule, field_text
from mappings.projecting import problem_of
from mappings.transforms.base import UnfitError
from model.records import Problem


class Sink:
    """What the rendition of one entity collects."""

    __slots__ = ("fields", "problems", "request", "told", "waiting")

    def __init__(self, request: RenderRequest, fields: dict[str, Any], told: Told) -> None:
        self.request = request
        self.fields = fields
        self.told = told
        self.problems: list[Problem] = []
        self.waiting: list[str] = []

    def put(self, name: str, value: Any, path: str) -> None:
        if name in self.fields and self.fields[name] != value:
            self.problems.append(
                Problem("two-values", f"{name} would have to hold two different values at once", name, path)
            )
            return
        self.fields[name] = value


class Writer(Protocol):
    def render(self, sink: Sink) -> None: ...


class Plain:
    """Blank policies, strength and fillers are the same for every rule; what a value becomes differs."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.path = rule.path
        self.name = field_text(rule.field)
        self._take = taker(rule.field)
        self._simple = rule.strength in (Strength.ON_CHANGE, Strength.ENFORCE)

    def render(self, sink: Sink) -> None:
        request = sink.request
        creating = request.paths is None
        try:
            value = self.value(request)
            if is_blank(value) and not (value == "" and self.rule.empty_kept):
                self._blank(sink, creating=creating)
            elif creating or self._simple or self._pushes(request):
                self.write(value, sink)
        except UnfitError as unfit:
            sink.problems.append(problem_of(unfit, self.rule, self.path, None))

    def value(self, request: RenderRequest) -> Any:
        return request.values.get(self.path)

    def write(self, value: Any, sink: Sink) -> None:
        raise NotImplementedError

    def clear(self, sink: Sink) -> None:
        sink.put(self.name, self.rule.placeholder, self.path)

    def _blank(self, sink: Sink, *, creating: bool) -> None:
        rule = self.rule
        if creating:
            filler = rule.default if rule.default is not None else rule.placeholder
            if filler is not None:
                sink.put(self.name, filler, self.path)
        elif rule.blank_out is Blank.CLEAR and (self._simple or self._pushes(sink.request)):
            self.clear(sink)

    def _pushes(self, request: RenderRequest) -> bool:
        """Whether an update may write the field at all."""
        if self.rule.strength is Strength.CREATE_ONLY:
            return False
        if self.rule.strength is Strength.IF_EMPTY and request.current is not None:
            there = self._take(request.current)
            return there is ABSENT or is_blank(there)
        return True
