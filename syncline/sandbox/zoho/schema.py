"""Fields as the fake's modules define them, and as its metadata describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from syncline.sandbox.zoho.modules import MODULES

_LINE = re.compile(r"^(?P<name>\w+) (?P<type>[a-z]+)(?P<length>\d+)?(?P<rest>.*)$")
_JSON = {
    "bigint": "string",
    "boolean": "boolean",
    "integer": "integer",
    "currency": "double",
    "double": "double",
    "lookup": "jsonobject",
    "ownerlookup": "jsonobject",
    "multiselectpicklist": "jsonarray",
    "subform": "jsonarray",
}


@dataclass(slots=True, kw_only=True)
class FieldDef:
    """One field of a module."""

    name: str
    type: str
    length: int = 0
    flags: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    target: str | None = None

    @property
    def required(self) -> bool:
        return "req" in self.flags

    @property
    def read_only(self) -> bool:
        return "ro" in self.flags

    @property
    def unique(self) -> bool:
        return bool(self.flags & {"unique", "external"})

    @property
    def is_lookup(self) -> bool:
        return self.type in {"lookup", "ownerlookup"}

    def describe(self, number: int) -> dict[str, Any]:
        """The entry of this field in the metadata."""
        writable = not self.read_only
        choices = [
            {
                "id": f"55402{number:03d}{at:03d}",
                "actual_value": choice,
                "display_value": choice,
                "sequence_number": at,
                "colour_code": None,
                "type": "used",
            }
            for at, choice in enumerate(self.choices, start=1)
        ]
        lookup: dict[str, Any] = {}
        if self.target is not None:
            module = {"api_name": self.target, "id": "554023000000002175"}
            lookup = {"display_label": self.name, "api_name": self.name, "module": module, "id": "554023000000002175"}
            lookup |= {"query_details": {}, "revalidate_filter_during_edit": False, "show_fields": []}
        allowed = {"web_update": writable, "api_create": writable, "web_create": writable, "api_update": writable}
        return {
            "id": f"554023000000{number:06d}",
            "api_name": self.name,
            "field_label": self.name.replace("_", " "),
            "display_label": self.name.replace("_", " "),
            "data_type": self.type,
            "json_type": "jsonarray" if "list" in self.flags else _JSON.get(self.type, "string"),
            "length": self.length or 120,
            "decimal_place": 2 if self.type in {"currency", "double"} else None,
            "system_mandatory": self.required,
            "read_only": self.read_only,
            "field_read_only": self.read_only,
            "operation_type": allowed,
            "unique": {"casesensitive": "false"} if "unique" in self.flags else {},
            "external": {"show": True, "type": "user", "allow_multiple_config": False}
            if "external" in self.flags
            else None,
            "pick_list_values": choices,
            "lookup": lookup,
            "textarea": {"type": "rich_text"} if "rich" in self.flags else {},
            "custom_field": self.name in {"Syncline_Id", "Languages_Known"} or self.name.endswith("__c"),
            "visible": True,
            "view_type": {"view": True, "edit": writable, "quick_create": False, "create": writable},
            "created_source": "default",
            "filterable": True,
            "searchable": True,
            "sortable": True,
            "profiles": [],
        }


@dataclass(slots=True, kw_only=True)
class Module:
    """One module; a person may add to its fields while the fake runs."""

    name: str
    shown: str  # the field that lookups show as the name
    fields: dict[str, FieldDef] = field(default_factory=dict)

    def describe(self) -> list[dict[str, Any]]:
        return [f.describe(number) for number, f in enumerate(self.fields.values(), start=1)]


def parse_field(line: str) -> FieldDef:
    """A field from its line (`syncline.sandbox.zoho.modules`); raises ValueError where it is none."""
    found = _LINE.match(line.strip())
    if found is None:
        raise ValueError(f"not a field line: {line!r}")
    rest, _, choices = found["rest"].partition("=")
    words = rest.split()
    return FieldDef(
        name=found["name"],
        type=found["type"],
        length=int(found["length"] or 0),
        flags=frozenset(word for word in words if not word.startswith(">")),
        choices=tuple(choices.split("|")) if choices else (),
        target=next((word[1:] for word in words if word.startswith(">")), None),
    )


def standard_modules() -> dict[str, Module]:
    """A fresh set of the standard modules."""
    made = {}
    for name, (shown, lines) in MODULES.items():
        fields = [parse_field(line) for line in lines.splitlines() if line.strip()]
        made[name] = Module(name=name, shown=shown, fields={f.name: f for f in fields})
    return made
