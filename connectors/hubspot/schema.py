"""What an account's property definitions say of an object type, and what may be sent to it.

Every value on the wire is text, whatever the type says; a multiple choice is joined by semicolons, and an empty text
clears a value. (developers.hubspot.com, "Properties", November 2026)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.hubspot.settings import Reference
from connectors.sdk import Field, FieldType
from connectors.unfit import UnfitError

KEY = "hs_object_id"
MERGED = "hs_merged_object_ids"
IN = "associations."
LONGEST = 65_536
"""Characters of a text property (knowledge.hubspot.com, "Property field types"); definitions do not tell."""

_TYPES = {
    "bool": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "number": FieldType.DECIMAL,
}
_NEEDED = {"deals": {"dealname", "dealstage"}, "tickets": {"subject", "hs_pipeline_stage"}}
"""What a new record cannot do without (developers.hubspot.com, guides of deals and tickets)."""


def stamp_of(kind: str) -> str:
    """The property that says when a record changed. A search by the other name finds nothing, and does not say why."""
    return "lastmodifieddate" if kind in {"contacts", "0-1"} else "hs_lastmodifieddate"


@dataclass(frozen=True, slots=True)
class Schema:
    """An object type as this app sees it. ``entries`` maps property names to their definitions."""

    kind: str
    entries: Mapping[str, Mapping[str, Any]]
    references: Mapping[str, Reference]

    @classmethod
    def of(cls, kind: str, definitions: Sequence[Mapping[str, Any]], references: Mapping[str, Reference]) -> Schema:
        entries = {str(one["name"]): one for one in definitions if one.get("name") and not one.get("archived")}
        return cls(kind, entries, references)

    def facts(self) -> tuple[Field, ...]:
        return (
            *(_fact(self.kind, name, entry) for name, entry in self.entries.items()),
            *(
                Field(name=f"{IN}{name}", type=FieldType.REFERENCE, references=(one.to,), label=_label(one))
                for name, one in self.references.items()
            ),
        )

    def readable(
        self, wanted: Collection[str] | None, listed: Sequence[str] | None, always: Sequence[str]
    ) -> list[str]:
        """The properties a read asks for: what it cannot do without; then those that are wanted, else those that the
        settings list, else all but what HubSpot computes for itself (``hs_…``, hundreds)."""
        if listed is None:
            own = [name for name, entry in self.entries.items() if not name.startswith("hs_") or _writable(entry)]
            listed = own if wanted is None else list(self.entries)
        names = [name for name in listed if name in self.entries and (wanted is None or name in wanted)]
        return list(dict.fromkeys([*always, *names]))

    def payload(self, given: Mapping[str, Any], *, creating: bool) -> tuple[dict[str, str], dict[str, str | None]]:
        """Properties as the wire wants them, and references by name. Raises UnfitError for what would have the whole
        call refused."""
        properties: dict[str, str] = {}
        references: dict[str, str | None] = {}
        for name, value in given.items():
            if name.startswith(IN):
                references[name.removeprefix(IN)] = self._target(name, value)
                continue
            entry = self.entries.get(name)
            if entry is None:
                raise UnfitError("PROPERTY_DOESNT_EXIST", name, f"{self.kind} has no property {name}")
            if not _writable(entry):
                raise UnfitError("READ_ONLY_VALUE", name, f"{name} is computed by HubSpot and cannot be written")
            text = _text(name, entry, value)
            if text or not creating:
                properties[name] = text
        return properties, references

    def _target(self, name: str, value: Any) -> str | None:
        if name.removeprefix(IN) not in self.references:
            raise UnfitError("no-reference", name, f"{self.kind} has no reference {name}: list it in the settings")
        if value in (None, ""):
            return None
        if not str(value).isdigit():
            raise UnfitError("INVALID_ID", name, f"{name} takes the id of a record: digits")
        return str(value)


def _label(reference: Reference) -> str:
    return f"{reference.to} ({reference.label})" if reference.label else reference.to


def _writable(entry: Mapping[str, Any]) -> bool:
    modification = entry.get("modificationMetadata") or {}
    computed = entry.get("calculated") or modification.get("readOnlyValue")
    return not computed and entry.get("name") not in {KEY, "associatedcompanyid"}  # the latter follows associations


def _several(entry: Mapping[str, Any]) -> bool:
    return entry.get("type") == "enumeration" and entry.get("fieldType") == "checkbox"


def _options(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The values an enumeration takes; none where they come from elsewhere, as owners do."""
    if entry.get("type") != "enumeration" or entry.get("externalOptions") or entry.get("referencedObjectType"):
        return ()
    return tuple(str(option["value"]) for option in entry.get("options") or () if option.get("value") is not None)


def _fact(kind: str, name: str, entry: Mapping[str, Any]) -> Field:
    options = _options(entry)
    given = FieldType.SET if _several(entry) else FieldType.CHOICE if entry.get("type") == "enumeration" else None
    writable = _writable(entry)
    field_type = given or _TYPES.get(str(entry.get("type")), FieldType.TEXT)
    if name == KEY or entry.get("referencedObjectType"):
        field_type = FieldType.TEXT  # said to be numbers, yet they are ids
    return Field(
        name=name,
        type=field_type,
        label=str(entry.get("label") or ""),
        max_length=LONGEST if field_type is FieldType.TEXT and entry.get("type") == "string" else None,
        required=writable and name in _NEEDED.get(kind, ()),
        creatable=writable,
        updatable=writable,
        unique=bool(entry.get("hasUniqueValue")) or name == KEY or (kind == "contacts" and name == "email"),
        choices=options or None,
        restricted=bool(options) and writable,
    )


def _text(name: str, entry: Mapping[str, Any], value: Any) -> str:
    kind = entry.get("type")
    if value is None:
        return ""
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        if not _several(entry):
            raise UnfitError("wrong-type", name, f"{name} takes one value, not several")
        value = ";".join(str(one) for one in value)
    if not isinstance(value, str | int | float | Decimal):
        raise UnfitError("wrong-type", name, f"{name} takes text, a number, or true and false")
    text = str(value)
    if not text:
        return text
    if kind == "number" and not _is_number(text):
        raise UnfitError("INVALID_DOUBLE", name, f"{name} takes a number")
    if kind == "bool" and text not in {"true", "false"}:
        raise UnfitError("INVALID_BOOLEAN", name, f"{name} takes true or false")
    if kind == "string" and len(text) > LONGEST:
        raise UnfitError("too-long", name, f"{name} takes {LONGEST} characters at most")
    options = _options(entry)
    if options and not set(text.split(";") if _several(entry) else [text]) <= set(options):
        raise UnfitError("INVALID_OPTION", name, f"{name} takes only the options that the account defines for it")
    return text


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
