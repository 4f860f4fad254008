"""The canonical entities as a document: `docs/fields.md` is this text, and a test compares the two.

``python -m mappings.telling.canonical > docs/fields.md`` writes it anew.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.telling.wording import an, code, prose
from model.entities import ENTITIES, schemas
from model.fields import EntitySchema, FieldSpec, Kind
from model.item_keys import ITEM_KEYS

KINDS: Mapping[Kind, tuple[str, Any]] = {
    Kind.TEXT: ("any text", None),
    Kind.INTEGER: ("a whole number", 42),
    Kind.DECIMAL: ("a number, as text, so that nothing is rounded", "12.50"),
    Kind.BOOLEAN: ("true or false", True),
    Kind.DATE: ("a day", "2026-11-21"),
    Kind.DATETIME: ("a moment, in UTC", "2026-11-21T08:00:00Z"),
    Kind.MONEY: ("an amount with its currency", {"amount": "12.50", "currency": "EUR"}),
    Kind.EMAIL: ("an e-mail address, its domain in small letters", "ada@example.com"),
    Kind.PHONE: ("a telephone number in international form, `;ext=` before an extension", "+493023125031"),
    Kind.URL: ("a web address", "https://example.com"),
    Kind.COUNTRY: ("a country, two letters (ISO 3166)", "DE"),
    Kind.LANGUAGE: ("a language, its code (BCP 47)", "pt-BR"),
    Kind.TIMEZONE: ("a time zone by name (IANA)", "Europe/Berlin"),
    Kind.CHOICE: ("one of the words that are listed with the field", None),
    Kind.REFERENCE: ("another canonical record; a rule names the stream that holds it: `reference`", None),
    Kind.SET: ("a set of texts: `list: set`", ["green", "large"]),
}
"""What a field of each kind holds, and a value of it as the hub keeps it."""

_EXAMPLES: Mapping[str, Any] = {
    "account_number": "K-10442",
    "addresses[].city": "London",
    "addresses[].company": "Analytical Engines Ltd",
    "addresses[].district": "Marylebone",
    "addresses[].postal_code": "W1U 6TY",
    "addresses[].recipient": "Ada Lovelace",
    "addresses[].region": "England",
    "addresses[].street": "12 St James's Square\nStaircase B",
    "annual_income": {"amount": "40000.00", "currency": "EUR"},
    "annual_revenue": {"amount": "1200000.00", "currency": "EUR"},
    "birth_date": "1980-12-10",
    "cancelled_because": "ordered twice",
    "case.channel": "email",
    "category": "Delivery",
    "channel": "Online shop",
    "company": "Analytical Engines Ltd",
    "consents[].source": "newsletter form",
    "contact_number": "P-2041",
    "currency": "EUR",
    "department": "Purchasing",
    "description": "Buys twice a year.",
    "domain": "example.com",
    "duration_minutes": 30,
    "employees": 120,
    "family_name": "Lovelace",
    "full_name": "Ada King Lovelace",
    "given_name": "Ada",
    "industry": "Mechanical engineering",
    "interests": ["cycling", "mathematics"],
    "job_title": "Head of Research",
    "legal_name": "Analytical Engines Limited",
    "lines[].discount_percent": "12.5",
    "lines[].position": 1,
    "lines[].quantity": "3",
    "lines[].sku": "BK-M68B-42",
    "lines[].title": "Mountain bicycle",
    "lines[].unit": "piece",
    "lines[].variant": "black, 42 cm",
    "location": "Room 4",
    "lost_because": "price",
    "middle_name": "King",
    "name": "Analytical Engines Ltd",
    "next_step": "Send the offer",
    "nickname": "Addy",
    "note": "Please ring twice.",
    "number": "SO-43659",
    "occupation": "Engineer",
    "opportunity.kind": "renewal",
    "opportunity.name": "Fifty bicycles",
    "owner": "sales@example.com",
    "probability": "75",
    "purchase_number": "PO-18850",
    "reason": "Parcel lost",
    "registration_number": "HRB 12345",
    "resolution": "Sent again.",
    "salutation": "Ms.",
    "score": "80",
    "source": "Trade fair",
    "stage": "Negotiation",
    "subject": "Parcel did not arrive",
    "suffix": "PhD",
    "tags": ["newsletter", "vip"],
    "tax_id": "DE123456789",
    "upshot": "reached, wants an offer",
}
"""Values of fields by template, or by entity and template, where their kind says too little."""

_GENEROUS = 100
"""So long may be whatever people write: bounds from here on only keep runaway values out."""

_INTRODUCTION = """\
# Canonical fields

Written from the model itself (`python -m mappings.telling.canonical`). `syncline mappings fields contact` prints the
part about one entity, with the custom fields of your project.

The left side of a [rule](mapping-language.md) is one of these paths. The hub holds every customer once, in this form;
what a system calls a field, and how it writes it, is what a mapping translates.

- **Needed**: a mapping that founds entities has to fill it, else `check` complains; and a value there that does not fit
  sets the whole record aside.
- **Class**: *personal* and *sensitive* values are masked in lists and plans, and stand in no log; *public*
  ones are shown.
- **Not there?** A field of your own is added in `config.yaml`, and is as good as these:

```yaml
entities:
  contact:
    fields:
      loyalty_tier: {type: choice, choices: [bronze, silver, gold], privacy: personal}
```

## Kinds

A rule needs no transform for what its field's kind already does: a `country` is read in any common spelling, a `date`
as it stands below. For other notations there are [transforms](transforms.md). What does not fit is a problem of that
value; the rest of the record goes on.

| kind | holds | such as |
|---|---|---|
"""

_KEYS = """\
## Keys of list items

E-mail addresses, telephone numbers, postal addresses, consents and order lines are lists. A rule names one item by its
key, in brackets and quotes: `"emails[work]"`, `"addresses[billing].city"`.

**Two systems share an item only where both mappings give it the same key.** The key does not say what an address is
like; it says which one it is. Where a system keeps one address and does not say which, take the first key of the list
below, as the mappings do that come with the connectors: `emails[work]`, `addresses[billing]`. Take `home`, `mailing` or
`work` where the same system keeps that address *beside* the first one. A file of private people with one address each
is no exception: as `addresses[home]` its addresses would stand beside those of the shop, and neither would ever correct
the other, unless every mapping says `home`. For recognising people the key does not matter: `emails[*]` in `match` is
any of them.

Any other word may be a key; what is only nearly one of these is said by `syncline check`.

"""


@dataclass(frozen=True, slots=True)
class Told:
    """A field for people. ``path`` has ``[…]`` where an item key goes; ``example`` is a value as the hub holds it."""

    spec: FieldSpec
    path: str
    what: str
    example: Any


def told(schema: EntitySchema) -> Iterator[Told]:
    """Every field of an entity, in the order of the model, custom ones last."""
    for template, spec in schema.fields.items():
        yield Told(spec, template.replace("[]", "[…]"), _what(spec), _example(schema.name, spec))


def lists_of(schema: EntitySchema) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The keyed lists of an entity, with their usual keys."""
    for name in dict.fromkeys(one.partition("[")[0] for one in schema.fields if "[]" in one):
        yield name, ITEM_KEYS.get(name, {})


def about(entity: str) -> str:
    """What an entity is, in a sentence."""
    return inspect.getdoc(ENTITIES[entity]) or ""


def _what(spec: FieldSpec) -> str:
    """``E-mail address. Keyed by use.``: what the field is called, is for, and may hold."""
    said = [f"{spec.label or spec.template.replace('_', ' ').capitalize()}."]
    said += [spec.description if spec.description[-1] in ".…" else f"{spec.description}."] if spec.description else []
    said += [f"Points to {an(spec.target)}."] if spec.target else []
    said += [f"One of {', '.join(spec.choices)}."] if spec.choices else []
    said += [f"At most {spec.max_length} characters."] if spec.max_length and spec.max_length < _GENEROUS else []
    said += ["Needed."] if spec.required else []
    return " ".join(said)


def _example(entity: str, spec: FieldSpec) -> Any:
    """A value as the hub holds it; None for a reference, which is the id of another record."""
    if spec.choices:
        return spec.choices[0]
    for name in (f"{entity}.{spec.template}", spec.template):
        if name in _EXAMPLES:
            return _EXAMPLES[name]
    return KINDS[spec.kind][1]


def markdown() -> str:
    """The whole page."""
    lines = [_INTRODUCTION.rstrip("\n")]
    lines += [f"| {kind.value} | {said} | {_coded(example)} |" for kind, (said, example) in KINDS.items()]
    lines += ["", _KEYS.rstrip("\n"), "", "| list | key | for |", "|---|---|---|"]
    lines += [
        f"| {name if at == 0 else ''} | `{key}` | {said} |"
        for name, keys in ITEM_KEYS.items()
        for at, (key, said) in enumerate(keys.items())
    ]
    for entity, schema in schemas().items():
        lines += ["", f"## {entity.capitalize()}", "", about(entity), ""]
        lines += ["| path | kind | class | what | such as |", "|---|---|---|---|---|"]
        for one in told(schema):
            cells = (f"`{one.path}`", one.spec.kind.value, one.spec.privacy.value, prose(one.what), _coded(one.example))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _coded(example: Any) -> str:
    return "" if example is None else code([example])


if __name__ == "__main__":
    sys.stdout.write(markdown())
