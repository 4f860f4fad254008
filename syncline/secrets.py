"""References in configuration: ``${env:NAME}`` and ``${file:PATH}``. Their values are never shown, stored or logged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncline.document import Node

_REFERENCE = re.compile(r"\$(\$)?\{(?P<kind>[^}:]*):?(?P<name>[^}]*)\}")
_LARGEST = 65536


def refers(value: Any) -> bool:
    """Whether a text holds a reference, so that what it stands for is not written in the file."""
    return isinstance(value, str) and any(not found[1] for found in _REFERENCE.finditer(value))


def resolve(node: Node, folder: Path, environment: Mapping[str, str]) -> Any:
    """The value with every reference in it replaced; ones that lead nowhere are reported at their line.

    A text that is one reference and nothing else, parts of a text, and texts anywhere below are replaced;
    ``$${`` stands for a plain ``${``. Files are read relative to the project folder, without their last line break.
    """
    value = node.value
    if isinstance(value, dict):
        below = ((name, Node(node.document, item, (*node.path, name))) for name, item in value.items())
        return {name: resolve(item, folder, environment) for name, item in below}
    if isinstance(value, list):
        items = (Node(node.document, item, (*node.path, index)) for index, item in enumerate(value))
        return [resolve(item, folder, environment) for item in items]
    if not isinstance(value, str) or "${" not in value:
        return value
    return _REFERENCE.sub(lambda found: _value(found, node, folder, environment), value)


def _value(found: re.Match[str], node: Node, folder: Path, environment: Mapping[str, str]) -> str:
    kind, name = found["kind"], found["name"]
    if found[1]:
        return found[0][1:]
    if kind == "env" and name:
        if name not in environment:
            node.report("missing-variable", f"the environment variable {name} is not set", f"export {name}=…")
            return ""
        if not environment[name]:
            node.report("missing-variable", f"the environment variable {name} is empty", f"export {name}=…")
        return environment[name]
    if kind == "file" and name:
        return _content(name, node, folder)
    node.report("unknown-reference", "this reference cannot be understood", "use ${env:NAME} or ${file:PATH}")
    return ""


def _content(name: str, node: Node, folder: Path) -> str:
    path = folder / name
    try:
        if path.stat().st_size > _LARGEST:
            node.report("secret-file", f"the file {name} is larger than {_LARGEST} bytes", "is it the right file?")
            return ""
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        node.report("secret-file", f"the file {name} does not exist", f"looked in {folder}")
        return ""
    except (OSError, ValueError) as error:  # no text, or no name that a file can have
        node.report("secret-file", f"the file {name} cannot be read ({type(error).__name__})", f"looked in {folder}")
        return ""
    if not text.strip():
        node.report("secret-file", f"the file {name} is empty")
    return text.removesuffix("\n").removesuffix("\r")
