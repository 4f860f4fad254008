"""From the ``examples`` of a mapping file to `Example` values."""

from __future__ import annotations

from typing import Any

from mappings.language import Example
from mappings.reading.nodes import Node

KEYS = ("name", "record", "canonical", "write", "problems", "skipped")


def parse_examples(top: Node) -> tuple[Example, ...]:
    """The examples that are right; what is wrong with the others is noted."""
    given = top.data.get("examples")
    if given is None:
        return ()
    if not isinstance(given, list):
        top.note("not-a-list", "examples is a list", "examples", hint="- {name: …, record: {…}, canonical: {…}}")
        return ()
    parsed = [_example(top, item, index) for index, item in enumerate(given)]
    return tuple(example for example in parsed if example is not None)


def _example(top: Node, item: Any, index: int) -> Example | None:
    if not isinstance(item, dict):
        hint = "- {name: …, record: {…}, canonical: {…}}"
        top.note("not-a-mapping", "an example holds keys and values", "examples", index, hint=hint)
        return None
    before = top.notes.errors
    node = Node(item, ("examples", index), top.notes, KEYS, subject=f"example {index + 1}")
    unwritten = item.get("write") == "none"
    example = Example(
        name=node.text("name") or f"example {index + 1}",
        record=_held(node, "record"),
        canonical=_held(node, "canonical"),
        write=None if unwritten else _held(node, "write"),
        unwritten=unwritten,
        problems=tuple(node.texts("problems")),
        skipped=node.flag("skipped", default=False),
        at=node.path,
    )
    if top.notes.errors == before:
        _complete(node, example)
    return example if top.notes.errors == before else None


def _held(node: Node, key: str) -> dict[str, Any] | None:
    value = node.data.get(key)
    if value is None or isinstance(value, dict):
        return value
    hint = "write: {Field: value}, or write: none" if key == "write" else f"{key}: {{name: value}}"
    node.note("not-a-mapping", f"{key} must hold names and values", key, hint=hint)
    return None


def _complete(node: Node, example: Example) -> None:
    """Note an example of which nothing can be tested, or that contradicts itself."""
    if node.notes.positions.lacks(node.path):
        return  # what it seems to lack may stand in a line that could not be read
    if example.record is None and example.canonical is None:
        node.note("empty-example", "an example needs a record, or a canonical record", hint="record: {Field: value}")
    elif example.skipped:
        wrong = [name for name in ("canonical", "write", "problems") if name in node.data]
        if example.record is None:
            node.note(
                "empty-example",
                "a record is skipped, not a canonical record",
                "skipped",
                hint="record: {…}, or write: none",
            )
        elif wrong:
            node.note("bad-example", f"of a record that is skipped nothing is made: leave out {wrong[0]}", wrong[0])
    elif example.record is not None and example.canonical is None and not example.problems:
        node.note(
            "empty-example",
            "the example does not say what becomes of the record",
            hint="add canonical: {path: value}, problems: [path] or skipped: true",
        )
    elif example.record is None and example.write is None and not example.unwritten and not example.problems:
        node.note(
            "empty-example",
            "the example does not say what is written",
            hint="add record: {…} or write: {Field: value}, or write: none",
        )
    elif example.canonical is None and (example.write is not None or example.unwritten):
        node.note("bad-example", "what is written is made from a canonical record", "write", hint="add canonical: {…}")
