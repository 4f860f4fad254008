"""What a canonical field is: its kind (how it is compared and merged) and its class (how it is protected)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from model import paths


class Kind(StrEnum):
    """The value space of a field. Values are JSON: decimals, dates and times are text in their ISO form."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"  # text, e.g. "12.50"
    BOOLEAN = "boolean"
    DATE = "date"  # "2026-11-21"
    DATETIME = "datetime"  # "2026-11-21T08:00:00Z", always UTC
    MONEY = "money"  # {"amount": "12.50", "currency": "EUR"}
    EMAIL = "email"
    PHONE = "phone"  # E.164, with ";ext=" where there is an extension
    URL = "url"
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    LANGUAGE = "language"  # BCP 47, e.g. "de" or "pt-BR"
    TIMEZONE = "timezone"  # IANA name
    CHOICE = "choice"
    REFERENCE = "reference"  # the id of another canonical record
    SET = "set"  # sorted list of distinct texts; merged by element


class Privacy(StrEnum):
    """A field's class. It drives masking, logs, export and retention."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


_NAMES = frozenset(
    ("salutation", "given_name", "middle_name", "family_name", "suffix", "full_name", "nickname", "name", "legal_name")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One canonical field. ``template`` is its path without item keys (``addresses[].city``)."""

    template: str
    kind: Kind = Kind.TEXT
    privacy: Privacy = Privacy.PUBLIC
    label: str = ""
    description: str = ""
    target: str | None = None  # entity a reference points to
    choices: tuple[str, ...] | None = None
    max_length: int | None = None
    required: bool = False
    custom: bool = False

    @property
    def is_name(self) -> bool:
        """What a person or an organisation is called, or addressed as: two of the same name are common."""
        return self.template in _NAMES

    @property
    def is_consent(self) -> bool:
        """Consents merge by the most restrictive status, whatever the survivorship of the entity says."""
        return self.template.startswith("consents[]")


@dataclass(frozen=True, slots=True)
class EntitySchema:
    """The fields of one entity by template; all that the engine knows of it."""

    name: str
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)

    def field(self, path: str) -> FieldSpec | None:
        """The field a path leads to, or None where the entity has no such field or the text is no path."""
        spec = self.fields.get(path)
        if spec is not None:
            return spec
        try:
            return self.fields.get(paths.template(path))
        except ValueError:
            return None

    @property
    def references(self) -> frozenset[str]:
        """Names of the entities this one points to."""
        return frozenset(spec.target for spec in self.fields.values() if spec.target)


def in_dependency_order(schemas: Iterable[EntitySchema]) -> list[EntitySchema]:
    """Parents before children; members of a reference cycle (and self-references) keep their given order."""
    waiting = {schema.name: schema for schema in schemas}
    parents = {name: schema.references - {name} for name, schema in waiting.items()}
    ordered: list[EntitySchema] = []
    while waiting:
        ready = [schema for name, schema in waiting.items() if not parents[name] & waiting.keys()]
        ordered += [waiting.pop(schema.name) for schema in ready or list(waiting.values())[:1]]
    return ordered
