"""Where a meaning belongs in an entity: `email` in `emails[work]`, a name in `name` or `full_name`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mappings.suggesting.names import ADDRESS_PARTS, Reading, join
from model.fields import EntitySchema
from model.paths import split

_PEOPLE = frozenset({"contact", "lead"})
_ADDRESS_ONLY = {"address": "", "address_company": "company", "address_phone": "phone", "recipient": "recipient"}
_ADDRESS_USES = ("billing", "shipping", "mailing", "home", "work", "other")
_EMAIL_USES = ("work", "home", "billing", "other")
_PHONE_USES = ("work", "home", "other")
_OF_PERSONS = frozenset(
    {"salutation", "given_name", "middle_name", "family_name", "suffix", "full_name", "nickname"}
    | {"job_title", "department", "birth_date", "gender"}
)


class Place(NamedTuple):
    """A canonical path, and how well the name alone speaks for it. ``but`` is what speaks against it."""

    path: str
    weight: float
    but: str = ""
    by: str = ""  # name, label or reference: where the weight comes from


class Surroundings:
    """What the other fields of a stream say about one of them. ``joins`` says that two names may become one: nothing is
    written back, so that nobody has to tell them apart again."""

    def __init__(self, readings: Iterable[Reading], *, joins: bool = False) -> None:
        self.joins = joins
        listed = [reading for reading in readings if reading.plain]
        meanings = {meaning for reading in listed for meaning in reading.meanings[:1]}
        billing = any(r.use == "billing" and r.meanings[0] in ADDRESS_PARTS | {"address"} for r in listed)
        self.has_given = "given_name" in meanings
        self.has_family = "family_name" in meanings
        self.has_company = "company" in meanings
        self.has_address = bool(meanings & {"city", "postal_code"})
        self.main_address = "mailing" if billing else "billing"
        self.of_organisations = any(reading.whose == "organisation" for reading in listed)
        self.meanings = meanings


FAMILY_NAMES = frozenset({"family_name_prefix", "second_family_name"})
"""What is no family name of its own, but belongs to one."""
_OF_PRIVATE_PEOPLE = frozenset({"birth_date", "gender", "annual_income", "occupation", "interests"})
_AT_WORK = frozenset({"company", "job_title", "title", "department", "reports_to", "tax_id", "website", "industry"})
_UNLESS_SAID = frozenset({"work", "billing"})


def unsaid(around: Surroundings, placed: Iterable[tuple[Reading, str]]) -> tuple[str, ...]:
    """Items of private people, as a birth date and no employer tell them, that were put where the main ones are kept
    because their names say nothing: ``emails[work]``."""
    if not around.meanings & _OF_PRIVATE_PEOPLE or around.meanings & _AT_WORK or around.of_organisations:
        return ()
    found = ((reading, *split(path)) for reading, path in placed)
    items = (f"{name}[{key}]" for reading, name, key, _ in found if reading.use is None and key in _UNLESS_SAID)
    return tuple(sorted(dict.fromkeys(items)))


def places(reading: Reading, schema: EntitySchema, around: Surroundings) -> Iterator[Place]:
    """Where a field of that name could belong, from what it says first to what it may also say."""
    for template, spec in schema.fields.items():
        if "[" not in template and reading.joined and reading.joined in (join(template), join(spec.label)):
            yield Place(template, 0.9)
    for meaning in reading.meanings:
        theirs = _weight_of_owner(meaning, reading, schema.name) < _HALF_OWN
        for place in _of_meaning(meaning, reading, schema, around):
            if theirs:
                place = place._replace(but=place.but or _NOT_OWN.get(schema.name, ""))
            if schema.field(place.path) is not None:
                yield place if not reading.strange else place._replace(weight=min(place.weight, 0.3))


def _of_meaning(meaning: str, reading: Reading, schema: EntitySchema, around: Surroundings) -> Iterator[Place]:
    entity = schema.name
    weight = _weight_of_owner(meaning, reading, entity)
    if meaning in ADDRESS_PARTS or meaning in _ADDRESS_ONLY:
        yield from _in_address(meaning, reading, around, weight)
    elif meaning == "email":
        yield from _email(reading, weight)
    elif meaning in ("phone", "mobile", "fax"):
        yield from _phone(meaning, reading, entity, weight)
    elif meaning in FAMILY_NAMES:
        if "family_name" in around.meanings and around.joins:
            yield Place("family_name", weight - 0.1)
    elif meaning in ("name", "customer_name"):
        yield from _name(meaning, reading, entity, around, weight)
    elif meaning == "company" and reading.use in ("billing", "shipping"):
        yield Place(f"addresses[{reading.use}].company", weight)
    elif meaning in _OF_PERSONS and reading.use in ("billing", "shipping"):
        if meaning == "full_name":
            yield Place(f"addresses[{reading.use}].recipient", weight)
        elif reading.use == "billing":
            yield Place(meaning, 0.5, "it is the name on the invoice, which may be another one")
    elif reading.index in (None, 1) or meaning == "description":
        yield from _plain(meaning, reading, schema.name, around, weight)


def _weight_of_owner(meaning: str, reading: Reading, entity: str) -> float:
    """A contact's own field, or that of the company it belongs to?"""
    other = {"contact": "organisation", "account": "person"}.get(entity)
    return 0.35 if reading.whose is not None and reading.whose == other and meaning != "company" else 0.9


_HALF_OWN = 0.5
_NOT_OWN = {
    "contact": "it is called the company's, which is another entity: an account",
    "account": "it is called a person's, who is another entity: a contact",
}


def _in_address(meaning: str, reading: Reading, around: Surroundings, weight: float) -> Iterator[Place]:
    use: str | None = reading.use
    but = ""
    if use is None or use == "mailing":
        if use is None and around.main_address == "mailing":
            weight, but = min(weight, 0.55), "the billing address has fields of its own: say which address this is"
        use = around.main_address
    if reading.group is not None and reading.use is None:
        use = {1: around.main_address, 2: "other"}.get(reading.group)
    elif meaning not in ("street", "address") and reading.index not in (None, 1):
        use = "other" if reading.index == 2 and use == around.main_address and meaning != "postal_code" else None
    if use not in _ADDRESS_USES:
        return
    meaning = _ADDRESS_ONLY.get(meaning) or ("street" if meaning == "house_number" else meaning)
    if meaning == "address":
        if around.has_address or reading.index is not None:
            yield Place(f"addresses[{use}].street", weight - 0.05)
        else:
            yield Place(f"addresses[{use}].street", 0.5, "it may hold a whole address in one text")
        return
    yield Place(f"addresses[{use}].{meaning}", weight, but)


def _email(reading: Reading, weight: float) -> Iterator[Place]:
    if reading.use in _EMAIL_USES:
        yield Place(f"emails[{reading.use}]", weight)
    elif reading.use is None:
        first = reading.index in (None, 1) and reading.group in (None, 1)
        if first:
            yield Place("emails[work]", weight)
        yield Place("emails[other]", weight - (0.15 if first or reading.index == 2 else 0.5))


def _phone(meaning: str, reading: Reading, entity: str, weight: float) -> Iterator[Place]:
    if reading.use in ("billing", "shipping"):
        if meaning != "fax":
            yield Place(f"addresses[{reading.use}].phone", weight)
        return
    if meaning in ("mobile", "fax"):
        first = reading.index in (None, 1) and reading.use in (None, "work", "home")
        yield Place(f"phones[{meaning}]", weight if first and reading.use != "home" else weight - 0.3)
        return
    own = "main" if entity == "account" else "work"
    if reading.use in _PHONE_USES:
        yield Place(f"phones[{own if reading.use == 'work' else reading.use}]", weight)
    elif reading.use is None:
        first = reading.index in (None, 1) and reading.group in (None, 1)
        if first:
            yield Place(f"phones[{own}]", weight)
        yield Place("phones[other]", weight - (0.15 if first or reading.index == 2 else 0.5))


def _name(meaning: str, reading: Reading, entity: str, around: Surroundings, weight: float) -> Iterator[Place]:
    if reading.use in ("billing", "shipping"):
        yield Place(f"addresses[{reading.use}].recipient", weight)
        return
    if entity not in _PEOPLE:
        if reading.whose != "person":
            yield Place("name", weight if meaning == "name" or not around.has_company else 0.5)
        return
    if reading.whose == "organisation":
        return
    if meaning == "name" and around.has_given != around.has_family:
        yield Place("family_name" if around.has_given else "given_name", weight - 0.05)
        yield Place("full_name", 0.5, "one part of the name has a field of its own, so this may be the other part")
    else:
        yield Place("full_name", weight - (0.05 if not around.has_company else 0.1))


_ELSEWHERE: Mapping[str, Mapping[str, tuple[str, float]]] = {
    "contact": {
        "customer_number": ("contact_number", 0.8),
        "title": ("job_title", 0.8),
        "occupation": ("job_title", 0.5),
        "personal_title": ("salutation", 0.5),
        "some_owner": ("owner", 0.6),
        "inactive": ("active", 0.85),
        "status": ("lifecycle", 0.5),
        "email_opt_out": ("consents[email:marketing].status", 0.8),
        "email_opt_in": ("consents[email:marketing].status", 0.75),
        "phone_opt_out": ("consents[phone:marketing].status", 0.8),
        "company": ("addresses[billing].company", 0.5),
    },
    "account": {
        "company": ("name", 0.9),
        "customer_number": ("account_number", 0.85),
        "inactive": ("active", 0.85),
        "status": ("lifecycle", 0.5),
        "number": ("account_number", 0.7),
        "some_owner": ("owner", 0.6),
    },
    "lead": {
        "title": ("job_title", 0.8),
        "personal_title": ("salutation", 0.5),
        "some_owner": ("owner", 0.6),
        "email_opt_out": ("consents[email:marketing].status", 0.8),
        "email_opt_in": ("consents[email:marketing].status", 0.75),
        "phone_opt_out": ("consents[phone:marketing].status", 0.8),
    },
    "order": {"description": ("note", 0.8), "stage": ("status", 0.5)},
    "opportunity": {"status": ("stage", 0.6), "title": ("name", 0.8), "subject": ("name", 0.7)},
    "case": {"title": ("subject", 0.85), "inactive": ("status", 0.2)},
    "activity": {"title": ("subject", 0.8)},
}
"""Meanings that have another name in an entity than in the words of `mappings.suggesting.lexicon`."""

_HALF: Mapping[tuple[str, str], str] = {
    ("contact", "company"): "a contact points to its account; a name alone is at best a line of the address",
    ("contact", "occupation"): "what somebody is by trade need not be their job title",
    ("contact", "status"): "a status can mean many things",
    ("contact", "title"): "a title can be a salutation or a job title",
    ("lead", "title"): "a title can be a salutation or a job title",
    ("contact", "personal_title"): "a title may belong to the salutation, or to the name",
    ("lead", "personal_title"): "a title may belong to the salutation, or to the name",
    ("contact", "some_owner"): "an owner can be the colleague in charge, or somebody who owns something",
    ("account", "some_owner"): "an owner can be the colleague in charge, or somebody who owns something",
    ("lead", "some_owner"): "an owner can be the colleague in charge, or somebody who owns something",
}
"""Meanings that fit only half, and why."""

BUT: Mapping[str, str] = {
    "consents": "consent is a person's own word: decide what each value really means before it goes live",
    "lifecycle": "a status can mean many things: say what each value stands for",
}
"""What has to be decided by a person, whatever the evidence."""


def _plain(meaning: str, reading: Reading, entity: str, around: Surroundings, weight: float) -> Iterator[Place]:
    path, own = _ELSEWHERE.get(entity, {}).get(meaning, (meaning, weight))
    if entity == "account" and meaning in _OF_PERSONS:
        return
    if reading.use is not None and not (reading.use == "work" and meaning in ("job_title", "department", "title")):
        own = min(own, 0.5)
    if meaning == "title" and "salutation" not in around.meanings and entity in _PEOPLE:
        own = 0.6  # «Mr.» or «Buyer»: only values tell
    if reading.keyed:
        own = min(own, 0.4)
    yield Place(path, min(own, weight), _HALF.get((entity, meaning), "") if own < 0.7 else "")
