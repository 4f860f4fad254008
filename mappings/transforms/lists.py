"""Lists and texts of several values ↔ keyed values, one path for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mappings.transforms.base import Entry, Example, OptionError, Parts, Transform, UnfitError, text_of

_LIST = "list"


class _Elements:
    """A list of texts, in the record a list or one text with a separator."""

    def __init__(self, separator: Any) -> None:
        if not isinstance(separator, str) or not separator:
            raise OptionError('separator is list, or the text between the values: ";"', option="separator")
        self.separator = separator
        self.mark = separator.strip() or separator

    def read(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return ["" if one is None else text_of(one).strip() for one in value]
        if self.separator == _LIST:
            raise UnfitError("not-a-list", "is not a list")
        return [one.strip() for one in text_of(value).split(self.mark)]

    def written(self, values: Sequence[str]) -> Any:
        if self.separator == _LIST:
            return list(values)
        if any(self.mark in value for value in values):
            raise UnfitError("separator-inside", "has a value holding the text that separates the values")
        return self.separator.join(values)


def split(separator: Any = ";", label: Any = None, labels: Any = None) -> Transform:
    """``a; b`` ↔ the first path, the second; with ``label`` (``": "``) ``work: a; home: b`` ↔ the paths of these names.

    Whatever has no path is a problem and never dropped. Positions that would shift are not written.
    """
    elements = _Elements(separator)
    if label is None:
        if labels is not None:
            raise OptionError("labels go with label", option="labels", hint='label: ": "')
        return _by_position(elements)
    if not isinstance(label, str) or not label.strip() or elements.mark in label:
        raise OptionError("label is what stands between a name and its value", option="label", hint='label: ": "')
    return _by_label(elements, label, _labels(labels))


def _by_position(elements: _Elements) -> Transform:
    def forward(value: Any, names: Sequence[str]) -> tuple[Any, ...]:
        found = elements.read(value)
        while found and not found[-1]:
            found.pop()
        if len(found) > len(names):
            raise UnfitError("more-values", f"has more values than the {len(names)} the rule has paths for")
        return tuple(one or None for one in found) + (None,) * (len(names) - len(found))

    def back(values: Sequence[Any], _names: Sequence[str], _changed: Any = None) -> Any:
        given = ["" if value is None else text_of(value).strip() for value in values]
        while given and not given[-1]:
            given.pop()
        if not all(given):
            raise UnfitError("gap", "has a value after one that is missing; the positions would shift")
        return elements.written(given) if given else None

    return Transform(name="split", forward=forward, back=back, parts=Parts())


def _labels(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(word, str) and word for word in given.values()):
        raise OptionError("labels says what a name is called there", option="labels", hint="labels: {work: Office}")
    words = [word.casefold() for word in given.values()]
    if len(set(words)) < len(words):
        raise OptionError("one label stands for two names", option="labels")
    return {str(name): word for name, word in given.items()}


def _by_label(elements: _Elements, label: str, labels: Mapping[str, str]) -> Transform:
    mark = label.strip()

    def forward(value: Any, names: Sequence[str]) -> tuple[Any, ...]:
        known = {labels.get(name, name).casefold(): name for name in names}
        found: dict[str, str] = {}
        for element in filter(None, elements.read(value)):
            word, separator, rest = element.partition(mark)
            name = known.get(word.strip().casefold())
            if not separator or name is None:
                raise UnfitError("unknown-label", "has a value whose label the rule has no path for")
            if name in found:
                raise UnfitError("duplicate-item", "has two values with one label")
            found[name] = rest.strip()
        return tuple(found.get(name) or None for name in names)

    def back(values: Sequence[Any], names: Sequence[str], _changed: Any = None) -> Any:
        given = [(name, text_of(value).strip()) for name, value in zip(names, values, strict=True) if value is not None]
        shown = [f"{labels.get(name, name)}{label}{value}" for name, value in given if value]
        return elements.written(shown) if shown else None

    return Transform(name="split", forward=forward, back=back, parts=Parts())


def nth(position: Any = 1) -> Transform:
    """One element of a list, counted from 1 (negative: from the end). One-way."""
    if not isinstance(position, int) or isinstance(position, bool) or position == 0:
        raise OptionError(
            "position is a whole number, counted from 1 (or from the end, if negative)", option="position"
        )
    index = position - 1 if position > 0 else position

    def forward(value: Any) -> Any:
        if not isinstance(value, list):
            raise UnfitError("not-a-list", "is not a list")
        return value[index] if -len(value) <= index < len(value) else None

    return Transform(name="nth", forward=forward, back=None)


def first() -> Transform:
    return replace(nth(1), name="first")


ENTRIES: dict[str, Entry] = {
    "split": Entry(
        make=split,
        main="separator",
        summary="a list, or one text of several values, ↔ one path for each value, by position or by label",
        tidies=True,
        options={
            "separator": '`";"` as usual; any text, or `list` for a list',
            "label": 'what stands between a name and its value, where values are labelled: `": "`',
            "labels": "what the names are called there: `{work: Office}`; as usual they are called the same",
        },
        note="More values than paths, and labels without a path, are a problem: nothing is dropped. A missing value "
        "before another one cannot be written by position.",
        examples=(
            Example(
                options=";",
                record="a@example.com;b@example.com",
                canonical={"work": "a@example.com", "home": "b@example.com"},
            ),
            Example(options="list", record=["12", "14"], canonical={"work": "12", "home": "14"}),
            Example(
                options={"separator": "; ", "label": ": ", "labels": {"work": "Office"}},
                record="Office: 12; home: 14",
                canonical={"work": "12", "home": "14"},
            ),
        ),
    ),
    "nth": Entry(
        make=nth,
        main="position",
        needs_main=True,
        summary="one element of a list (one-way)",
        options={"position": "counted from 1; negative: from the end"},
        examples=(Example(options=-1, record=["a", "b"], canonical="b"),),
    ),
    "first": Entry(
        make=first,
        summary="the first element of a list (one-way)",
        examples=(Example(record=["a", "b"], canonical="a"),),
    ),
}
