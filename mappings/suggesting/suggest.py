"""Proposals: which field of a stream is which field of an entity, with what speaks for it.

Pure: fields and a sample of records in, a `Proposal` out. Wrong suggestions are worse than none, so that a proposal has
three parts: rules that names and values agree on, doubtful ones with their reason, and fields without a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any, Protocol

from mappings.checking.fields import FieldFacts
from mappings.suggesting.fields import Seen, seen_fields
from mappings.suggesting.matching import NO_MATCHING, Matching, matching
from mappings.suggesting.names import read
from mappings.suggesting.places import BUT, FAMILY_NAMES, Place, Surroundings, places, unsaid
from mappings.suggesting.rules import Draft, Neighbours, drafted
from mappings.suggesting.score import SURE, Judgement, judged
from mappings.suggesting.whereabouts import lands
from model import paths
from model.fields import EntitySchema, Kind

WORTH_SAYING = 0.35
THE_KEY = "the record key: the hub keeps it with each link"


class StreamField(FieldFacts, Protocol):
    """`FieldFacts`, and what a suggestion needs besides. `connectors.contract.Field` has all of it."""

    @property
    def label(self) -> str: ...
    @property
    def references(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A stream to be mapped. ``key`` names its key fields; ``own`` are fields that the system or the hub looks after,
    with the reason; ``entities`` tells which entity other streams of the connection are mapped to."""

    connection: str
    stream: str
    fields: Sequence[StreamField]
    records: Sequence[Mapping[str, Any]] = ()
    writable: bool = False
    key: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)
    entities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One rule: its key in the file, its settings, and what speaks for and against it."""

    paths: tuple[str, ...]
    fields: tuple[str, ...]
    settings: Mapping[str, Any]
    confidence: float
    evidence: tuple[str, ...]
    doubt: str = ""
    alternatives: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return ", ".join(self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Homeless:
    """A field without a place in the entity; ``custom`` is the custom field that would take it, None for one that
    needs none."""

    field: str
    why: str
    custom: Mapping[str, Any] | None = None
    name: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed for one stream and one entity. ``unsaid`` are addresses, e-mail addresses and telephone numbers
    of private people that no name calls theirs at home."""

    source: Source
    entity: str
    rules: tuple[Suggestion, ...] = ()
    doubtful: tuple[Suggestion, ...] = ()
    homeless: tuple[Homeless, ...] = ()
    matching: Matching = NO_MATCHING
    unsaid: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    fit: float
    ranking: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    seen: Seen
    place: Place
    judgement: Judgement


def suggest(source: Source, schemas: Mapping[str, EntitySchema], entity: str | None = None) -> Proposal:
    """The proposal for the entity, or for the one that fits best. Raises KeyError for a name that is no entity."""
    fields = seen_fields(source)
    if entity is not None:
        return _for_entity(source, fields, schemas[entity])
    ranked = sorted((_for_entity(source, fields, schema) for schema in schemas.values()), key=lambda p: -p.fit)
    return replace(ranked[0], ranking=tuple((one.entity, round(one.fit, 2)) for one in ranked))


def _for_entity(source: Source, fields: Sequence[Seen], schema: EntitySchema) -> Proposal:
    readings = [one.reading for one in fields if one.known_as is None]
    around = Surroundings(readings, joins=not source.writable)
    open_fields = [one for one in fields if one.known_as is None and one.readable]
    candidates = [found for one in open_fields for found in _candidates(one, schema, around, source)]
    chosen = _assigned(candidates)
    by_path = {one.place.path: one.seen for one in chosen}
    neighbours = Neighbours(source.writable, by_path, around, lands(by_path))
    rules: list[Suggestion] = []
    doubtful: list[Suggestion] = []
    for draft in drafted([(c.seen, c.place.path, c.judgement) for c in chosen], schema, neighbours):
        one = _suggestion(draft, candidates, source.key)
        (rules if one.confidence >= SURE and not one.doubt else doubtful).append(one)
    placed = {name for one in (*rules, *doubtful) for name in one.fields}
    proposal = Proposal(
        source=source,
        entity=schema.name,
        homeless=_told_apart(_homeless(one, schema, source.key) for one in fields if one.path_text not in placed),
        fit=_fit(source.stream, schema, rules, doubtful),
        unsaid=unsaid(around, ((one.seen.reading, one.place.path) for one in chosen)),
    )
    return with_rules(proposal, schema, rules, doubtful)


def with_rules(
    proposal: Proposal,
    schema: EntitySchema,
    rules: Iterable[Suggestion],
    doubtful: Iterable[Suggestion],
    sample: Sequence[Mapping[str, Any]] = (),
) -> Proposal:
    """The proposal with these rules in the order of the entity's fields, and what follows from them; ``sample`` is what
    they make of the records."""
    order = {template: at for at, template in enumerate(schema.fields)}
    sure = tuple(sorted(rules, key=lambda one: _order(one, order)))
    active = [path for one in sure for path in one.paths]
    return replace(
        proposal,
        rules=sure,
        doubtful=tuple(sorted(doubtful, key=lambda one: _order(one, order))),
        matching=matching(schema, active, sample),
        missing=tuple(
            spec.template
            for spec in schema.fields.values()
            if spec.required and "[" not in spec.template and spec.template not in active
        ),
    )


def _order(one: Suggestion, order: Mapping[str, int]) -> tuple[int, str]:
    """In the order of the entity's fields; the parts of one address stay together."""
    name, key, _ = paths.split(one.paths[0])
    first = min(at for template, at in order.items() if template.partition("[")[0] == name)
    return first, f"{key or ''} {order[paths.template(one.paths[0])]:03}"


def _candidates(one: Seen, schema: EntitySchema, around: Surroundings, source: Source) -> list[_Candidate]:
    best: dict[str, _Candidate] = {}
    for place in (*_by_reference(one, schema, source), *_named(one, schema, around), *_by_values(one, schema)):
        spec = schema.field(place.path)
        if spec is None:
            continue
        judgement = judged(one, place, spec)
        known = best.get(place.path)
        if known is None or judgement.confidence > known.judgement.confidence:
            best[place.path] = _Candidate(one, place, judgement)
    return sorted(best.values(), key=lambda found: -found.judgement.confidence)


def _named(one: Seen, schema: EntitySchema, around: Surroundings) -> Iterable[Place]:
    """By the name and by the label. Where both say something, and not the same, neither is believed."""
    by_name = [place._replace(by="name") for place in places(one.reading, schema, around)]
    by_label = [place._replace(by="label") for place in places(one.label_reading, schema, around)]
    if one.reading.plain and one.label_reading.plain and by_name and by_label:
        agreed = {place.path for place in by_name} & {place.path for place in by_label}
        if not agreed:
            but = "its name and its label say different things"
            return [place._replace(weight=0.5, but=but) for place in (*by_label, *by_name)]
        both = [place for place in by_name if place.path in agreed]
        return [place._replace(by="name and label", weight=min(place.weight + 0.03, 0.95)) for place in both]
    return [*by_label, *by_name]


def _by_values(one: Seen, schema: EntitySchema) -> Iterable[Place]:
    """Values that speak for themselves, under a name that says nothing."""
    if one.reading.meanings or one.label_reading.meanings or one.field.type not in ("text", "choice"):
        return
    weight = 0.62 if one.nameless else 0.35
    if one.sample.mostly("email") and "emails[]" in schema.fields:
        yield Place("emails[work]", weight)
    if one.nameless and one.sample.mostly("url") and "website" in schema.fields:
        yield Place("website", weight - 0.1)


def _by_reference(one: Seen, schema: EntitySchema, source: Source) -> Iterable[Place]:
    """A reference belongs where the entity points to what the other stream holds."""
    if not one.field.references:
        return
    told = {source.entities.get(stream) or entity_of(stream) for stream in one.field.references} - {None}
    own = {*one.reading.meanings, *one.label_reading.meanings}
    for template, spec in schema.fields.items():
        if spec.kind is Kind.REFERENCE and spec.target in told:
            special = template in ("parent", "reports_to")
            if special == (template in own):
                yield Place(template, 0.9 if len(told) == 1 else 0.5, by="what it refers to")


def entity_of(stream: str) -> str | None:
    """The entity a stream of that name probably holds."""
    folded = "".join(sign for sign in stream.lower() if sign.isalpha())
    found = [entity for entity, names in _STREAMS.items() if any(name in folded for name in names)]
    return found[0] if len(found) == 1 else None


_STREAMS: Mapping[str, tuple[str, ...]] = {
    "account": ("account", "compan", "organi", "firm", "supplier", "vendor", "business"),
    "contact": ("contact", "customer", "person", "people", "kunde", "client", "kontakt", "member"),
    "lead": ("lead", "prospect", "interessent"),
    "opportunity": ("opportunit", "deal"),
    "order": ("order", "bestellung", "auftra", "commande", "pedido"),
    "case": ("case", "ticket", "incident"),
    "activity": ("activit", "task", "event", "call", "meeting"),
}


_CUSTOMERS = re.compile("customer|kunde|client")
"""Customers can be companies or people: that name says nothing."""


_SAYS_LITTLE = frozenset({"name", "nom", "nombre", "nome", "naam", "number", "no", "nr", "nummer", "numero", "id"})
"""Names that many entities have: they say nothing about which one it is."""


def _assigned(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """One field per path and one path per field, the surest first. Lines of one street share theirs."""
    taken: set[str] = set()
    placed: set[str] = set()
    chosen: list[_Candidate] = []
    for one in sorted(candidates, key=lambda c: (-c.judgement.confidence, c.seen.at)):
        path = one.place.path
        if one.seen.path_text in placed or one.judgement.confidence < WORTH_SAYING:
            continue
        if path in taken and not path.endswith(".street") and not FAMILY_NAMES & {*one.seen.reading.meanings}:
            continue
        taken.add(path)
        placed.add(one.seen.path_text)
        chosen.append(one)
    return chosen


_NUMBERED = frozenset({"contact_number", "account_number"})


def _suggestion(draft: Draft, candidates: Sequence[_Candidate], key: Sequence[str]) -> Suggestion:
    doubt = draft.doubt
    own = {c.seen.path_text for c in candidates if c.seen.field.name in key}
    if draft.paths[0] in _NUMBERED and own & set(draft.fields):
        doubt = f"{THE_KEY}. A rule is right only where other systems know the same number: of theirs it says nothing"
    if not doubt:
        doubt = next((why for start, why in BUT.items() if draft.paths[0].startswith(start)), "")
        if draft.settled and draft.paths[0] == "lifecycle":
            doubt = ""
    others = tuple(
        dict.fromkeys(
            c.place.path
            for c in candidates
            if c.seen.path_text in draft.fields and c.place.path not in draft.paths and c.judgement.confidence >= 0.4
        )
    )
    return Suggestion(
        paths=draft.paths,
        fields=draft.fields,
        settings=draft.settings,
        confidence=round(min(draft.confidence, 0.6 if doubt else 1.0), 2),
        evidence=draft.evidence,
        doubt=doubt or ("" if draft.confidence >= SURE else "there is too little that speaks for it"),
        alternatives=others[:3],
    )


def _fit(stream: str, schema: EntitySchema, rules: Sequence[Suggestion], doubtful: Sequence[Suggestion]) -> float:
    """How well a stream fits an entity: what was placed, what the entity needs, what it is called."""
    own = sum(one.confidence for one in rules if not one.paths[0].startswith(("addresses[", "phones[", "emails[")))
    reach = sum(one.confidence for one in rules if one.paths[0].startswith(("addresses[", "phones[", "emails[")))
    placed = {path for one in rules for path in one.paths}
    required = [s.template for s in schema.fields.values() if s.required and "[" not in s.template]
    lacking = any(template not in placed for template in required)
    named = 3.0 if entity_of(stream) == schema.name and not _CUSTOMERS.search(stream.lower()) else 0.0
    rarely = 0.5 if schema.name == "lead" else 0.0  # a lead looks like a contact, unless the stream is called so
    told = any(
        read(name).joined not in _SAYS_LITTLE for one in rules if one.paths[0] in required for name in one.fields
    )
    whole = 1.5 if required and not lacking and told else 0.0
    return max(0.0, own + 0.3 * reach + 0.1 * len(doubtful) + named + whole - rarely - (2.0 if lacking else 0.0))


def _told_apart(homeless: Iterable[Homeless]) -> tuple[Homeless, ...]:
    """Each custom field under a name of its own: ``billing.code`` and ``shipping.code`` both end in a code."""
    taken: set[str] = set()
    found: list[Homeless] = []
    for one in homeless:
        names = chain([one.name], (f"{one.name}_{number}" for number in count(2)))
        name = next(name for name in names if not name or name not in taken)
        taken.add(name)
        found.append(replace(one, name=name))
    return tuple(found)


def _homeless(one: Seen, schema: EntitySchema, key: Sequence[str]) -> Homeless:
    required = one.field.required and one.field.creatable
    if one.known_as is not None:
        return Homeless(field=one.path_text, why=one.known_as, required=False)
    if one.field.name in key:
        return Homeless(field=one.path_text, why=THE_KEY, required=False)
    if not one.readable:
        return Homeless(field=one.path_text, why="it cannot be read", required=required)
    if one.sample.seen and not one.sample.filled:
        return Homeless(field=one.path_text, why=f"empty in all {one.sample.seen} records looked at", required=required)
    name, custom = one.custom_field(schema)
    return Homeless(field=one.path_text, why="", custom=custom, name=name, required=required)
