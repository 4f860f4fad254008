"""A proposal as a mapping file: commented, checked, and never live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any
from unicodedata import east_asian_width

from mappings.reading.scalars import flow, scalar
from mappings.suggesting.suggest import Homeless, Proposal, Suggestion
from mappings.suggesting.values import looks_like_a_value

_WIDTH = 120
_COLUMN = 58
_MOST_LISTED = 200


def mapping_text(proposal: Proposal, name: str) -> str:
    """The file. Without a single rule it would not be a mapping: ask for `Proposal.rules` first."""
    lines = [*_head(proposal, name), *_match(proposal), *_unsaid(proposal), "rules:"]
    width = _column(proposal.rules)
    for one in proposal.rules:
        lines += _rule(one, width)
    if proposal.doubtful:
        lines += ["", "  # Doubtful: take the # off a rule where it is right; what stands below it says why to look."]
        for one in proposal.doubtful:
            lines += _doubtful(one)
    lines += _rest(proposal)
    return "\n".join([*lines, ""])


def _head(proposal: Proposal, name: str) -> Iterator[str]:
    source = proposal.source
    looked = f"and {len(source.records)} records" if source.records else "alone, without a look at records"
    yield f"# A proposal, made from the names of the fields {looked}. Nothing of it runs before you say so:"
    yield "# look at each rule, then set lifecycle: live."
    if any(looks_like_a_value(one.name) for one in source.fields):
        yield from _comment(
            "Missing: names of fields. What stands here for names looks like the values of a record: if the file begins"
            " without a line of names, give it some in config.yaml, header: [id, email, …]."
        )
    for field in proposal.missing:
        yield f"# Missing: every {proposal.entity} needs {field}, and no rule fills it."
    for one in proposal.homeless:
        if one.required:
            yield f"# Missing: {_said(one.field)} is required for a new record, and no rule writes it."
    yield f"mapping: {scalar(name)}"
    yield f"connection: {scalar(source.connection)}"
    yield f"stream: {scalar(source.stream)}"
    yield f"entity: {scalar(proposal.entity)}"
    yield f"direction: {'both' if source.writable else 'in'}"
    yield "lifecycle: proposed"
    yield ""


def _match(proposal: Proposal) -> Iterator[str]:
    match = proposal.matching.rules
    for said in proposal.matching.said:
        yield from _comment(said)
    if not match:
        yield f"# Missing: no rule tells which {proposal.entity} a record is, so each becomes a new one. Where a field"
        yield '# does, say so: match: {strong: ["emails[*]", [family_name, birth_date]]}'
        yield ""
        return
    yield "match: # how a record that is not linked finds its entity"
    if match.get("strong"):
        yield f"  strong: {flow(match['strong'])}"
    scored = match.get("scored")
    if scored:
        yield "  scored:"
        line = f"    weights: {flow(scored['weights'])}"
        if len(line) <= _WIDTH:
            yield line
        else:
            yield "    weights:"
            yield from (f"      {scalar(path)}: {weight}" for path, weight in scored["weights"].items())
        yield f"    blocks: {flow(scored['blocks'])}"
        yield f"    link: {scored['link']} # from here on it is the same one, unless names alone say so"
        yield f"    dispute: {scored['dispute']} # from here on a person decides"
    if proposal.matching.doubles:
        yield "  #one_to_one: false"
    yield ""


def _unsaid(proposal: Proposal) -> Iterator[str]:
    """That nothing tells which addresses and numbers of private people these are."""
    if proposal.unsaid:
        *others, last = (f'"{path}"' for path in proposal.unsaid)
        listed = f"{', '.join(others)} and {last}" if others else last
        yield from _comment(
            f"No name says whether it is at home or at work. {listed} {'are the keys' if others else 'is the key'} for"
            " the only one, private or not, so that it meets what other systems have there."
        )


def _comment(text: str) -> Iterator[str]:
    for line in wrap(text, _WIDTH - 4):
        yield f"# {line}"


def rule_text(one: Suggestion) -> str:
    """The rule alone, on one line: ``given_name: FirstName``."""
    fields = list(one.fields)
    if not one.settings and len(fields) == 1:
        return f"{scalar(one.key)}: {scalar(fields[0])}"
    return f"{scalar(one.key)}: {flow({**_source(one), **one.settings})}"


def _source(one: Suggestion) -> dict[str, Any]:
    if not one.fields:
        return {}  # a constant
    return {"field": one.fields[0]} if len(one.fields) == 1 else {"fields": list(one.fields)}


def because(one: Suggestion) -> str:
    return _said("; ".join(one.evidence))


def _said(text: str) -> str:
    """Text for a comment: names of fields stand in it, and no name may end the comment."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _column(rules: Sequence[Suggestion]) -> int:
    lengths = [_wide(rule_text(one)) for one in rules]
    return max((length for length in lengths if length <= _COLUMN), default=0)


def _wide(text: str) -> int:
    """How many columns a text takes: signs of some scripts take two."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(sign) in "WF") for sign in text)


def _rule(one: Suggestion, width: int) -> Iterator[str]:
    text, why = rule_text(one), because(one)
    if _wide(text) <= width and 2 + width + 4 + _wide(why) <= _WIDTH:
        yield f"  {text}{' ' * (width - _wide(text))}  # {why}"
        return
    yield from (f"  # {line}" for line in wrap(why, _WIDTH - 4))
    yield from _broken(one, text)


def _broken(one: Suggestion, text: str) -> Iterator[str]:
    """A rule that is too long for one line, a line for each of its keys."""
    if len(text) <= _WIDTH - 4:
        yield f"  {text}"
        return
    yield f"  {scalar(one.key)}:"
    for key, value in {**_source(one), **one.settings}.items():
        line = f"    {key}: {flow(value)}"
        if len(line) <= _WIDTH or not isinstance(value, Mapping):
            yield line
            continue
        yield f"    {key}:"
        for inner, item in value.items():
            yield f"      {scalar(str(inner))}: {flow(item)}"


def _doubtful(one: Suggestion) -> Iterator[str]:
    """The rule without a space behind the sign: what is left when that is taken off is indented as a rule is."""
    for line in _broken(one, rule_text(one)):
        yield f"  #{line.removeprefix('  ')}"
    for said in wrap(_said(one.doubt), _WIDTH - 10):
        yield f"  #     {said}"
    if one.alternatives:
        yield f"  #     it may also be: {', '.join(one.alternatives)}"


def _rest(proposal: Proposal) -> Iterator[str]:
    kept = [one for one in proposal.homeless if one.custom is None]
    free = [one for one in proposal.homeless if one.custom is not None]
    if kept:
        yield ""
        yield "# Needs no rule:"
        for one in kept[:_MOST_LISTED]:
            yield f"#   {scalar(one.field)}: {_said(one.why)}"
        yield from _more(kept)
    if free:
        yield ""
        yield f"# Without a place in {proposal.entity}. One worth keeping becomes a custom field, in config.yaml:"
        yield "#   entities:"
        yield f"#     {proposal.entity}:"
        yield "#       fields:"
        for one in free[:_MOST_LISTED]:
            yield from _declaration(one)
        yield from _more(free)
        yield "# and gets its rule here, where the # is taken off:"
        for one in free[:_MOST_LISTED]:
            yield f"  #{scalar(one.name)}: {scalar(one.field)}"


def _more(listed: Sequence[Homeless]) -> Iterator[str]:
    if len(listed) > _MOST_LISTED:
        yield f"#   and {len(listed) - _MOST_LISTED:,} more: syncline mappings suggest … --json lists them all"


def _declaration(one: Homeless) -> Iterator[str]:
    custom = dict(one.custom or {})
    said = str(custom["type"]) if list(custom) == ["type"] else flow(custom)
    line = f"#         {scalar(one.name)}: "
    for part in said.split(", "):
        if len(line) + len(part) > _WIDTH - 2:
            yield line.rstrip()
            line = "#             "
        line += f"{part}, "
    yield line.removesuffix(", ")
