"""Custom fields: what an admin adds to an entity in ``config.yaml``.

::

    entities:
      contact:
        fields:
          loyalty_tier: {type: choice, choices: [bronze, silver, gold], label: Loyalty tier}
          loyalty_points: integer
          "addresses[].floor": {type: text, privacy: personal, max_length: 20}
          "memberships[]": text

A custom field is as good as a built-in one: it is mapped, merged, masked and checked the same way. Unless said
otherwise it is *personal*, because nobody reads a default before the data protection officer does.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from model import paths
from model.entities import ENTITIES, schema_of
from model.fields import FieldSpec, Kind, Privacy

KEYS = ("type", "label", "description", "privacy", "choices", "max_length", "target", "required")
_WITH_LENGTH = frozenset({Kind.TEXT, Kind.EMAIL, Kind.URL})
_MAX_LENGTH = 100_000


class Fault(NamedTuple):
    """Something wrong in what a person wrote. ``path`` leads to it from the entity's ``fields`` node."""

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None


def custom_fields(entity: str, declared: Any) -> tuple[dict[str, FieldSpec], list[Fault]]:
    """The specs by template, for `schema_of`, and every fault found. A field with a fault has no spec.

    ``declared`` is the parsed ``fields`` node. Raises KeyError where ``entity`` is no entity.
    """
    taken = dict(schema_of(entity).fields)
    if declared is None:
        return {}, []
    if not isinstance(declared, Mapping):
        return {}, [Fault((), "fields must be a mapping from field names to their types", "loyalty_tier: {type: text}")]
    specs: dict[str, FieldSpec] = {}
    faults: list[Fault] = []
    for template, body in declared.items():
        reading = _Reading(template)
        spec = reading.spec(entity, body, taken)
        faults += reading.faults
        if spec is not None and not reading.faults:
            specs[spec.template] = taken[spec.template] = spec
    return specs, faults


@dataclass(slots=True)
class _Reading:
    """One field being read; faults pile up instead of ending it."""

    template: Any
    faults: list[Fault] = field(default_factory=list)

    def fault(self, message: str, hint: str | None = None, at: tuple[str | int, ...] = ()) -> None:
        self.faults.append(Fault((self.template, *at), message, hint))

    def spec(self, entity: str, body: Any, taken: Mapping[str, FieldSpec]) -> FieldSpec | None:
        self._check_template(entity, taken)
        if isinstance(body, str):
            body = {"type": body}
        if not isinstance(body, Mapping):
            self.fault("must be a type or a mapping with one", "write {type: text}")
            return None
        for key in body:
            if key not in KEYS:
                self.fault(f"unknown setting {key!r}", _meant(key, KEYS), (key,))
        kind = self._one_of(body, "type", Kind, None)
        privacy = self._one_of(body, "privacy", Privacy, Privacy.PERSONAL)
        if kind is None or privacy is None:
            return None
        return FieldSpec(
            template=str(self.template),
            kind=kind,
            privacy=privacy,
            label=self._text(body, "label"),
            description=self._text(body, "description"),
            target=self._target(body, kind),
            choices=self._choices(body, kind),
            max_length=self._length(body, kind),
            required=self._required(body),
            custom=True,
        )

    def _check_template(self, entity: str, taken: Mapping[str, FieldSpec]) -> None:
        shape = _shape(self.template)
        if shape is None:
            self.fault(
                f"{self.template!r} cannot be the name of a field",
                "lower-case letters, digits and _, beginning with a letter; lists are written name[] or name[].part",
            )
            return
        if self.template in taken:
            whose = "is declared twice" if taken[self.template].custom else f"is a field of {entity} already"
            self.fault(f"{self.template} {whose}", "choose another name")
            return
        name, form = shape
        if name == "consents":
            self.fault("consents have no custom parts", "keep what you know in consents[].source")
            return
        others = {known: other_form for known in taken for other, other_form in [_shape_of(known)] if other == name}
        for known, other_form in others.items():
            if other_form != form:
                self.fault(f"{self.template} does not go together with {known}", "choose another name")
                return

    def _one_of(self, body: Mapping[Any, Any], key: str, options: Any, default: Any) -> Any:
        if key not in body:
            if default is None:
                self.fault(f"{key} is missing", f"one of {', '.join(options)}")
            return default
        try:
            return options(body[key])
        except ValueError:
            self.fault(f"unknown {key} {body[key]!r}", _meant(body[key], list(options)), (key,))
            return None

    def _text(self, body: Mapping[Any, Any], key: str) -> str:
        value = body.get(key)
        if value is not None and not isinstance(value, str):
            self.fault(f"{key} must be text", "put it in quotes", (key,))
            return ""
        return value or ""

    def _target(self, body: Mapping[Any, Any], kind: Kind) -> str | None:
        target = body.get("target")
        if kind is not Kind.REFERENCE:
            if target is not None:
                self.fault("only a reference has a target", "write type: reference, or leave target out", ("target",))
            return None
        if not isinstance(target, str) or target not in ENTITIES:
            message = "a reference needs a target" if target is None else f"unknown entity {target!r}"
            self.fault(message, _meant(target, list(ENTITIES)), ("target",) if target is not None else ())
            return None
        return target

    def _choices(self, body: Mapping[Any, Any], kind: Kind) -> tuple[str, ...] | None:
        choices = body.get("choices")
        if kind is not Kind.CHOICE:
            if choices is not None:
                self.fault("only a choice has choices", "write type: choice, or leave choices out", ("choices",))
            return None
        if not isinstance(choices, list) or not choices:
            at = ("choices",) if "choices" in body else ()
            self.fault("a choice needs its choices", "choices: [bronze, silver, gold]", at)
            return None
        for index, choice in enumerate(choices):
            if not isinstance(choice, str) or not choice.strip():
                self.fault("every choice must be text", f'put it in quotes: "{choice}"', ("choices", index))
            elif choice in choices[:index]:
                self.fault(f"choice {choice!r} is listed twice", None, ("choices", index))
        return tuple(str(choice) for choice in choices)

    def _length(self, body: Mapping[Any, Any], kind: Kind) -> int | None:
        length = body.get("max_length")
        if length is None:
            return None
        if kind not in _WITH_LENGTH:
            self.fault(f"type {kind.value} has no max_length", "leave it out", ("max_length",))
        elif type(length) is not int or not 0 < length <= _MAX_LENGTH:
            self.fault(f"max_length must be a whole number from 1 to {_MAX_LENGTH}", None, ("max_length",))
        return length if type(length) is int else None

    def _required(self, body: Mapping[Any, Any]) -> bool:
        required = body.get("required", False)
        if not isinstance(required, bool):
            self.fault("required must be true or false", None, ("required",))
        elif required and "[]" in str(self.template):
            self.fault("parts of lists cannot be required", "leave required out", ("required",))
        return required is True


def _shape(template: Any) -> tuple[str, str] | None:
    """`_shape_of`, or None for what is no template."""
    try:
        return None if not isinstance(template, str) or paths.split(template)[1] else _shape_of(template)
    except ValueError:
        return None


def _shape_of(template: str) -> tuple[str, str]:
    """Name and form (``x``, ``x[]`` or ``x[].y``) of a template."""
    name, key, leaf = paths.split(template)
    return name, "plain" if key is None else "list" if leaf is None else "parts"


def _meant(word: Any, options: Iterable[str]) -> str:
    """The hint for a word that is not among the options."""
    names = [str(option) for option in options]
    close = difflib.get_close_matches(str(word), names, n=1)
    return f"did you mean {close[0]}?" if close else f"one of {', '.join(names)}"
