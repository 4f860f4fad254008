"""Canonical paths of an entity as an editor sees them: names to complete, patterns for what has an item key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from model.fields import EntitySchema, FieldSpec
from model.item_keys import ITEM_KEYS
from syncline.editor.shapes import Schema, described, either, words

USUAL_KEYS = {name: tuple(keys) for name, keys in ITEM_KEYS.items() if name != "lines"}
"""Item keys that an editor offers. Any other key is as good."""

_KEY = r"\[[^\[\]]+\]"
ANY_PATH = rf"^[a-z][a-z0-9_]*({_KEY}(\.[a-z][a-z0-9_]*)?)?$"
"""Any canonical path, where the entity is not known."""
TEMPLATE = r"^[a-z][a-z0-9_]*(\[\](\.[a-z][a-z0-9_]*)?)?$"
"""What a field of one's own may be called."""


def said_of(spec: FieldSpec) -> str:
    """A field in one line: what it is called, of which kind and class it is, what it may hold."""
    parts = [spec.kind.value, spec.privacy.value]
    parts += [f"points to {spec.target}"] if spec.target else []
    parts += [f"at most {spec.max_length} characters"] if spec.max_length else []
    parts += ["needed"] if spec.required else []
    said = f"{spec.label or spec.template} ({', '.join(parts)})."
    if spec.choices:
        said += f" One of {', '.join(spec.choices)}."
    return f"{said} {spec.description}".strip()


def pattern_of(template: str) -> str:
    """The paths that a template with ``[]`` stands for."""
    return f"^{re.escape(template).replace(re.escape('[]'), _KEY)}$"


def lists(schema: EntitySchema) -> list[str]:
    """The names of keyed lists."""
    return sorted({template.partition("[")[0] for template in schema.fields if "[]" in template})


def offered(schema: EntitySchema) -> Iterator[tuple[str, FieldSpec]]:
    """Paths worth offering: every plain field, and list items under their usual keys."""
    for template, spec in schema.fields.items():
        name, bracket, rest = template.partition("[]")
        if not bracket:
            yield template, spec
        for key in USUAL_KEYS.get(name, ()) if bracket else ():
            yield f"{name}[{key}]{rest}", spec


def keyed(schema: EntitySchema) -> Iterator[tuple[str, FieldSpec]]:
    """Patterns of paths into keyed lists."""
    for template, spec in schema.fields.items():
        if "[]" in template:
            yield pattern_of(template), spec


def ruled(schema: EntitySchema) -> list[str]:
    """Patterns of what survivorship can decide in keyed lists: values, and items as a whole, of one key or of any."""
    any_key = r"\[[^\[\]]*\]"
    templates = [template for template in schema.fields if "[]" in template]
    wholes = [template.partition(".")[0] for template in templates]
    return [f"^{re.escape(one).replace(re.escape('[]'), any_key)}$" for one in dict.fromkeys([*templates, *wholes])]


def path(schema: EntitySchema | None) -> Schema:
    """A text that is a path of the entity. ``emails[*]`` stands for any of them."""
    if schema is None:
        return {"type": "string", "pattern": ANY_PATH}
    plain = {path: said_of(spec) for path, spec in offered(schema)}
    plain |= {
        template.replace("[]", "[*]"): f"Any of them. {said_of(spec)}"
        for template, spec in schema.fields.items()
        if "[]" in template
    }
    named: Schema = {"type": "string", "enum": list(plain), "enumDescriptions": list(plain.values())}
    patterns = [pattern for pattern, _ in keyed(schema)]
    return either(named, *({"type": "string", "pattern": pattern} for pattern in patterns))


def several(schema: EntitySchema | None) -> str:
    """The pattern of several paths in one key, as transforms have them that make several values of one field."""
    one = ANY_PATH[1:-1]
    if schema is not None:
        templates = [template for template in schema.fields if "[]" not in template]
        one = "|".join([*templates, *(pattern[1:-1] for pattern, _ in keyed(schema))])
    return f"^({one})( *, *({one}))+$"


def owned(schema: EntitySchema | None) -> Schema:
    """What a connection can own: a path, an item, or a whole list."""
    if schema is None:
        return {"type": "string", "pattern": ANY_PATH}
    names = "|".join(lists(schema)) or "-"
    return either(
        words(lists(schema)), {"$ref": "#/definitions/path"}, {"type": "string", "pattern": f"^({names}){_KEY}$"}
    )


def by_path(schema: EntitySchema | None, value: Callable[[FieldSpec | None], Schema]) -> Schema:
    """An object whose keys are paths; ``value`` gives the shape of each (None: nothing is known of the field)."""
    if schema is None:
        return {"type": "object", "patternProperties": {ANY_PATH: value(None)}, "additionalProperties": False}
    return {
        "type": "object",
        "properties": {path: described(value(spec), said_of(spec)) for path, spec in offered(schema)},
        "patternProperties": {pattern: described(value(spec), said_of(spec)) for pattern, spec in keyed(schema)},
        "additionalProperties": False,
    }
