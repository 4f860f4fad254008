"""From a field and its place to a rule: transform, table, separator, reference; and what a person has to decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mappings.suggesting.fields import Seen
from mappings.suggesting.forms import (
    Form,
    amount,
    country_style,
    day,
    letter_case,
    list_of,
    moment,
    number,
    phone,
    postal_code,
    region,
)
from mappings.suggesting.places import Surroundings
from mappings.suggesting.score import Judgement
from mappings.suggesting.tables import choice_table, consent_table, truth_transform
from mappings.suggesting.values import Sample
from mappings.suggesting.whereabouts import Land, called
from model.fields import EntitySchema, FieldSpec, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule in the making. ``settled`` says that its values leave nothing to decide."""

    paths: tuple[str, ...]
    fields: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    confidence: float
    evidence: tuple[str, ...] = ()
    doubt: str = ""
    settled: bool = False

    def with_(self, settings: Mapping[str, Any], evidence: str = "", doubt: str = "") -> Draft:
        said = (*self.evidence, evidence) if evidence else self.evidence
        return replace(self, settings={**self.settings, **settings}, evidence=said, doubt=self.doubt or doubt)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a rule has to know of the others: whether the stream is written, and which field went where."""

    writes: bool
    by_path: Mapping[str, Seen]
    around: Surroundings
    lands: Mapping[str, Land] = field(default_factory=dict)


Chosen = tuple[Seen, str, Judgement]


def drafted(chosen: Sequence[Chosen], schema: EntitySchema, others: Neighbours) -> list[Draft]:
    """A draft per canonical path; the lines of one street become one rule."""
    together: dict[str, list[Chosen]] = {}
    for one in chosen:
        together.setdefault(one[1], []).append(one)
    drafts = [_draft(path, members, schema, others) for path, members in together.items()]
    return [*drafts, *_countries(drafts, others, schema)]


def _countries(drafts: Sequence[Draft], others: Neighbours, schema: EntitySchema) -> Iterator[Draft]:
    """The country of addresses that name none, where their values tell it; for records that have an address. It is as
    sure as the rest of the address."""
    for address, land in others.lands.items():
        path = f"{address}.country"
        if land.named or path in others.by_path or schema.field(path) is None:
            continue
        parts = [seen for other, seen in others.by_path.items() if other.partition(".")[0] == address]
        fullest = max(parts, key=lambda seen: seen.sample.filled)
        rest = max((one for one in drafts if one.paths[0] in _where(address)), key=lambda one: one.confidence)
        settings: dict[str, Any] = {"constant": land.code}
        if fullest.sample.filled < fullest.sample.seen:
            settings["when"] = [{"field": fullest.path_text, "present": True}]
        yield Draft(
            paths=(path,),
            fields=(),
            settings=settings,
            confidence=min(0.8, rest.confidence),
            evidence=(land.why,),
            doubt=_elsewhere(land, others) or rest.doubt,
        )


def _where(address: str) -> tuple[str, str]:
    return f"{address}.region", f"{address}.postal_code"


def _elsewhere(land: Land, others: Neighbours) -> str:
    """What speaks against a constant in a stream that is written: it would be read back for every other country."""
    if not others.writes:
        return ""
    name = called(land.code)
    return f"{land.why}, but the stream is written, too: right only if no address outside {name} gets into it"


def _draft(path: str, members: list[Chosen], schema: EntitySchema, others: Neighbours) -> Draft:
    seen, _, judgement = members[0]
    spec = schema.field(path)
    assert spec is not None, "places are checked against the schema"
    if len(members) > 1:
        return _joined(path, members, others)
    draft = Draft(
        paths=(path,),
        fields=(seen.path_text,),
        confidence=judgement.confidence,
        evidence=judgement.evidence,
        doubt=judgement.doubt,
    )
    draft = _SHAPERS.get(spec.kind, _text)(draft, seen, spec, others)
    return _one_way(draft, [seen], others)


def _joined(path: str, members: list[Chosen], others: Neighbours) -> Draft:
    """Several lines, or street and number, as one street; two family names as one."""
    numbered = any("house_number" in seen.reading.meanings + seen.label_reading.meanings for seen, _, _ in members)
    ordered = sorted(members, key=_turn)
    if not numbered and len({one[0].reading.index for one in ordered}) < len(ordered):
        ordered = ordered[:1]  # two fields that call themselves the street are not its lines
    fields = tuple(seen.path_text for seen, _, _ in ordered)
    judgement = min((one[2] for one in ordered), key=lambda one: one.confidence)
    draft = Draft(
        paths=(path,), fields=fields, confidence=judgement.confidence, evidence=("by name",), doubt=judgement.doubt
    )
    if path == "family_name":
        return _family_names(members, draft)
    if len(ordered) > 1:
        if numbered:
            draft = _numbered(draft, ordered)
        else:
            settings: dict[str, Any] = {"transform": "join"}
            if others.writes:
                settings["loses"] = ["lines"]
            draft = draft.with_(settings, "lines of one street")
        form = letter_case(Sample(text for seen, _, _ in ordered for text in seen.sample.texts), large=False)
        if form.settings and not others.writes:
            draft = draft.with_({"transform": [draft.settings["transform"], "title"]}, form.evidence)
    return _one_way(draft, [seen for seen, _, _ in ordered], others)


_TURNS = {"family_name_prefix": 0, "family_name": 1, "second_family_name": 2}


def _family_names(members: Sequence[Chosen], draft: Draft) -> Draft:
    """The first and the second family name, as people of Spanish tongue have them; or a Dutch one and its «van der»."""
    ordered = sorted(members, key=lambda one: min((_TURNS.get(said, 1) for said in one[0].reading.meanings), default=1))
    draft = replace(draft, fields=tuple(one[0].path_text for one in ordered))
    steps: list[Any] = ["join", "collapse"]  # lines first: «van der» and «de la Cruz» have spaces of their own
    form = letter_case(Sample(text for one in ordered for text in one[0].sample.texts), large=True)
    steps += [form.settings["transform"]] if form.settings else []
    return draft.with_({"transform": steps}, "the parts of the family name").with_({}, form.evidence)


def _numbered(draft: Draft, ordered: Sequence[Chosen]) -> Draft:
    """Street and number as one text."""
    first = _turn(ordered[0])[0] < 0
    names = [seen.path_text for seen, _, _ in ordered]
    if first:
        names[:2] = reversed(names[:2])
    else:
        names = [names[0], names[-1], *names[1:-1]]
    said = f"street and number, the number {'first' if first else 'last'}"
    return replace(draft, fields=tuple(names)).with_({"transform": {"street": "first"} if first else "street"}, said)


_NUMBER_FIRST = frozenset({"housenumber", "houseno", "streetnumber", "streetno", "buildingnumber", "numeroderue"})
"""Where a field is called so, people write the number before the street."""


def _turn(one: Chosen) -> tuple[int, int, int]:
    """The place of a field in its street: number first or last, lines in their order."""
    seen = one[0]
    number = "house_number" in seen.reading.meanings + seen.label_reading.meanings
    side = 0 if not number else -1 if seen.reading.joined in _NUMBER_FIRST else 1
    return side, seen.reading.index or 1, seen.at


def _one_way(draft: Draft, members: Sequence[Seen], others: Neighbours) -> Draft:
    if not others.writes or "direction" in draft.settings:
        return draft
    if not all(seen.writable for seen in members):
        return draft.with_({"direction": "in"}, "it cannot be written")
    if not all(seen.field.updatable for seen in members):
        return draft.with_({"strength": "create_only"}, "it can only be written on create")
    return draft


_NAMES = frozenset({"given_name", "middle_name", "family_name", "nickname", "addresses[].city"})
"""What people write with capital letters at the beginning of words, and nowhere else."""

Shaper = Callable[[Draft, Seen, FieldSpec, Neighbours], Draft]


def _text(draft: Draft, seen: Seen, spec: FieldSpec, others: Neighbours) -> Draft:
    path, sample = draft.paths[0], seen.sample
    if path == "full_name":
        return _full_name(draft, seen, others)
    if seen.field.type == "integer":
        return draft.with_({"transform": {"text": "integer"} if others.writes else "text"}, "a number, kept as text")
    forms = list(_text_forms(path, spec, sample, others))
    steps = [form.settings["transform"] for form in forms if form.settings]
    for form in forms:
        draft = draft.with_({}, form.evidence)
    return draft.with_({"transform": steps[0] if len(steps) == 1 else steps}) if steps else draft


def _text_forms(path: str, spec: FieldSpec, sample: Sample, others: Neighbours) -> Iterator[Form]:
    """What is done to a text, one after the other."""
    if path.endswith(".street") and sample.count("several lines"):
        yield Form({"transform": "lines"}, "some have several lines")
    elif spec.template in ("given_name", "family_name", "name") and sample.count("idle spaces"):
        yield Form({"transform": "collapse"}, f"{sample.count('idle spaces')} with idle spaces")
    elif sample.count("padded"):
        yield Form({"transform": "trim"}, f"{sample.count('padded')} with spaces around them")
    land = others.lands.get(path.partition(".")[0])
    if path.endswith(".region"):
        yield region(sample, land, writes=others.writes)
    if path.endswith(".postal_code"):
        yield postal_code(sample, land)
    if not others.writes and spec.template in _NAMES | {"addresses[].street"}:
        yield letter_case(sample, large=spec.template in _NAMES)


def _full_name(draft: Draft, seen: Seen, others: Neighbours) -> Draft:
    if others.around.has_given or others.around.has_family:
        settings = {"direction": "in"} if others.writes else {}
        return draft.with_(settings, "the parts have fields of their own")
    sample = seen.sample
    if sample.share("family name, given name") >= 0.5:
        count = sample.count("family name, given name")
        said = f"{count} of {len(sample.texts)} look like «family name, given name»"
        draft = replace(draft, paths=("full_name", "given_name", "family_name"))
        return draft.with_({"transform": {"full_name": {"order": "family_first", "separator": ", "}}}, said)
    draft = replace(draft, paths=("full_name", "given_name", "family_name"))
    said = "exactly two words are read as given and family name, others stay whole"
    return draft.with_({"transform": "full_name"}, said)


def _phone(draft: Draft, seen: Seen, _spec: FieldSpec, others: Neighbours) -> Draft:
    return draft.with_(*phone(seen.sample, others.by_path, others.lands, draft.paths[0]))


def _date(draft: Draft, seen: Seen, _spec: FieldSpec, _others: Neighbours) -> Draft:
    if seen.field.type == "date":
        return draft
    return draft.with_(*day(seen.sample))


def _moment(draft: Draft, seen: Seen, _spec: FieldSpec, _others: Neighbours) -> Draft:
    return draft if seen.field.type == "datetime" else draft.with_(*moment(seen.sample))


def _money(draft: Draft, seen: Seen, _spec: FieldSpec, others: Neighbours) -> Draft:
    beside = others.by_path.get("currency")
    written = "number" if others.writes and seen.field.type in ("integer", "decimal") else None
    return draft.with_(*amount(seen.sample, beside.path_text if beside else None, written))


def _number(draft: Draft, seen: Seen, spec: FieldSpec, others: Neighbours) -> Draft:
    typed = seen.field.type in ("integer", "decimal")
    if typed:
        settings = (
            {"transform": {"decimal": {"written": "number"}}} if spec.kind is Kind.DECIMAL and others.writes else {}
        )
        return draft.with_(settings)
    return draft.with_(*number(seen.sample, spec.kind))


def _country(draft: Draft, seen: Seen, _spec: FieldSpec, others: Neighbours) -> Draft:
    return draft.with_(*country_style(seen.sample)) if others.writes else draft


def _set(draft: Draft, seen: Seen, _spec: FieldSpec, _others: Neighbours) -> Draft:
    return draft.with_(*list_of(seen.sample, listed=seen.field.type in ("set", "list")))


def _boolean(draft: Draft, seen: Seen, _spec: FieldSpec, _others: Neighbours) -> Draft:
    inverse = "inactive" in seen.reading.meanings + seen.label_reading.meanings
    return draft.with_(*truth_transform(seen, inverse=inverse))


def _choice(draft: Draft, seen: Seen, spec: FieldSpec, others: Neighbours) -> Draft:
    if spec.is_consent:
        return draft.with_(*consent_table(seen, writes=others.writes))
    settings, evidence, doubt = choice_table(seen, spec, writes=others.writes)
    draft = replace(draft, settled=bool(settings) and not doubt)
    if draft.settled:
        draft = replace(draft, confidence=max(draft.confidence, 0.8), doubt="")
    return draft.with_(settings, evidence, doubt)


def _reference(draft: Draft, seen: Seen, _spec: FieldSpec, _others: Neighbours) -> Draft:
    stream = seen.field.references[0]
    numbers = any(isinstance(value, int) for value in seen.sample.values)
    reference: Any = {"stream": stream, "number": True} if numbers else stream
    doubt = ""
    if len(seen.field.references) > 1:
        doubt = f"it points into several streams: {', '.join(seen.field.references)}"
    return draft.with_({"reference": reference}, "", doubt)


_SHAPERS: Mapping[Kind, Shaper] = {
    Kind.PHONE: _phone,
    Kind.DATE: _date,
    Kind.DATETIME: _moment,
    Kind.MONEY: _money,
    Kind.INTEGER: _number,
    Kind.DECIMAL: _number,
    Kind.COUNTRY: _country,
    Kind.SET: _set,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.REFERENCE: _reference,
}
