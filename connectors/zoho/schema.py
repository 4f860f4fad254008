"""What the fields metadata says of a module, and what may be sent to it.

A field that is not there, or may not be written, is ignored by Zoho without a word; so it is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connectors.sdk import Field, FieldType
from connectors.unfit import UnfitError, json_number
from connectors.zoho.coql import moment

KEY, STAMP = "id", "Modified_Time"
ALWAYS = (KEY, STAMP)
COLUMNS = 50
"""Field names that one list call takes at most."""

_TYPES = {
    "boolean": FieldType.BOOLEAN,
    "integer": FieldType.INTEGER,
    "double": FieldType.DECIMAL,
    "currency": FieldType.DECIMAL,
    "percent": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "picklist": FieldType.CHOICE,
    "multiselectpicklist": FieldType.SET,
}
_LOOKUPS = frozenset({"lookup", "ownerlookup", "userlookup"})
_NOT_LISTED = frozenset(
    {
        "subform",
        "multiselectlookup",
        "multiuserlookup",
        "imageupload",
        "fileupload",
        "profileimage",
        "consent_lookup",
        "rollup_summary",
    }
)
"""Types that lists leave out (they show them of a single record alone), or that are files."""


@dataclass(frozen=True, slots=True)
class ModuleSchema:
    """A module as this user sees it. ``fields`` maps API names to their entries in the metadata."""

    name: str
    fields: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, name: str, entries: Sequence[Mapping[str, Any]]) -> ModuleSchema:
        return cls(name, {str(entry["api_name"]): entry for entry in entries if _listed(entry)})

    def readable(self, wanted: Sequence[str] | None) -> list[str]:
        """The fields a read asks for, without those it always asks for: all, or those wanted that there are."""
        names = self.fields if wanted is None else dict.fromkeys(wanted)
        return [name for name in names if name in self.fields and name not in ALWAYS]

    def facts(self) -> tuple[Field, ...]:
        key = Field(name=KEY, label="Record id", creatable=False, updatable=False, unique=True, nullable=False)
        return (key, *(fact for name, entry in self.fields.items() if name != KEY for fact in _facts(entry)))

    def alone_unique(self, marker: str) -> bool:
        """Whether no other field of the module is unique.

        An upsert by one unique field looks at every other one, too, and updates what it finds there (Zoho CRM, "Upsert
        records": how the duplicate check works): it would write over a record that nobody has matched.
        """
        others = (name for name in self.fields if name != marker)
        return not any(self.fields[name].get("unique") or self.external(name) for name in others)

    def external(self, name: str) -> bool:
        """Whether the field is an external id, which calls have to name in a header."""
        given = self.fields.get(name, {}).get("external")
        return bool(isinstance(given, Mapping) and given.get("type"))

    def payload(self, given: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
        """The fields as JSON wants them, lookups as objects. Raises UnfitError for what Zoho would drop or refuse."""
        sent: dict[str, Any] = {}
        for path, value in given.items():
            name, _, part = path.partition(".")
            entry = self.fields.get(name)
            if entry is None:
                raise UnfitError("unknown-field", path, f"{self.name} has no field {name}, or the user may not see it")
            if not _writable(entry, creating=creating) or (part and part != KEY):
                deed = "creating" if creating else "updating"
                raise UnfitError("read-only-field", path, f"{path} cannot be given when {deed}")
            sent[name] = _fitted(path, str(entry.get("data_type")), value)
        return sent


def chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Field names in portions that one call takes, each with key and stamp; at least one."""
    room = COLUMNS - len(ALWAYS)
    for at in range(0, max(len(names), 1), room):
        yield [*ALWAYS, *names[at : at + room]]


def _listed(entry: Mapping[str, Any]) -> bool:
    """Rich text is cut off in lists after 500 characters: what is cut must not be taken for the value."""
    text = entry.get("textarea")
    rich = isinstance(text, Mapping) and text.get("type") == "rich_text"
    return bool(entry.get("api_name")) and entry.get("data_type") not in _NOT_LISTED and not rich


def _writable(entry: Mapping[str, Any], *, creating: bool) -> bool:
    allowed = entry.get("operation_type")
    allowed = allowed if isinstance(allowed, Mapping) else {}
    return bool(allowed.get("api_create" if creating else "api_update")) and not entry.get("read_only")


def _facts(entry: Mapping[str, Any]) -> Iterator[Field]:
    name, kind = str(entry["api_name"]), str(entry.get("data_type"))
    label = str(entry.get("display_label") or entry.get("field_label") or "")
    creatable, updatable = _writable(entry, creating=True), _writable(entry, creating=False)
    required = bool(entry.get("system_mandatory") and creatable)
    if kind in _LOOKUPS:
        module = entry.get("lookup")
        target = module.get("module") if isinstance(module, Mapping) else None
        named = target.get("api_name") if isinstance(target, Mapping) else None
        yield Field(
            name=f"{name}.{KEY}",
            type=FieldType.REFERENCE,
            label=label,
            required=required,
            creatable=creatable,
            updatable=updatable,
            references=(str(named),) if named and kind == "lookup" else (),
        )
        yield Field(name=f"{name}.name", label=label, creatable=False, updatable=False)
        return
    text = entry.get("json_type") == "string"
    choices = [str(c.get("actual_value")) for c in entry.get("pick_list_values") or () if c.get("type") != "unused"]
    yield Field(
        name=name,
        type=_TYPES.get(kind, FieldType.TEXT if text else FieldType.LIST),
        label=label,
        max_length=int(entry.get("length") or 0) or None if text and kind not in _TYPES else None,
        required=required,
        nullable=not required and kind != "boolean",
        creatable=creatable,
        updatable=updatable,
        unique=bool(entry.get("unique")),
        choices=tuple(choices) or None,
    )


def _fitted(name: str, kind: str, value: Any) -> Any:
    if value is None or value == "":
        return False if kind == "boolean" else None  # a tick box knows no third state
    if kind in _LOOKUPS:
        key = value.get(KEY) if isinstance(value, Mapping) else value
        return {KEY: str(key)} if key else None
    wanted = _TYPES.get(kind, FieldType.TEXT)
    if wanted is FieldType.BOOLEAN:
        if isinstance(value, bool):
            return value
        raise UnfitError("wrong-type", name, f"{name} takes true or false")
    if wanted in {FieldType.INTEGER, FieldType.DECIMAL}:
        return json_number(name, value, whole=wanted is FieldType.INTEGER)
    if wanted is FieldType.SET:
        if not isinstance(value, str | list | tuple):
            raise UnfitError("wrong-type", name, f"{name} takes a list of choices")
        return [str(choice) for choice in (value.split(";") if isinstance(value, str) else value)]
    if not isinstance(value, str):
        raise UnfitError("wrong-type", name, f"{name} takes text")
    return _dated(name, wanted, value) if wanted in {FieldType.DATE, FieldType.DATETIME} else value


def _dated(name: str, kind: FieldType, value: str) -> str:
    """Moments as whole seconds with an offset in digits: that is the one form the manual shows."""
    try:
        if kind is FieldType.DATE:
            return date.fromisoformat(value).isoformat()
        given = datetime.fromisoformat(value)
        if given.tzinfo is None:
            raise UnfitError("wrong-type", name, f"{name} takes a moment with its offset")
        return moment(given)
    except ValueError:
        form = "a date such as 2026-11-21" if kind is FieldType.DATE else "a moment such as 2026-11-21T08:00:00+01:00"
        raise UnfitError("wrong-type", name, f"{name} takes {form}") from None
