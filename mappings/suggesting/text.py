"""A proposal as a mapping file: commented, checked, and never live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from mappings.reading.scalars import flow, scalar
from mappings.suggesting.suggest import Homeless, Proposal, Suggestion

_WIDTH = 120
_COLUMN = 58
_MOST_LISTED = 200


def mapping_text(proposal: Proposal, name: str) -> str:
    """The file. Without a single rule it would not be a mapping: ask for `Proposal.rules` first."""
    lines = [*_head(proposal, name), *_match(proposal), "rules:"]
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
    match = proposal.match
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
        yield f"    weights: {flow(scored['weights'])}"
        yield f"    blocks: {flow(scored['blocks'])}"
    yield ""


def rule_text(one: Suggestion) -> str:
    """The rule alone, on one line: ``given_name: FirstName``."""
    fields = list(one.fields)
    if not one.settings and len(fields) == 1:
        return f"{scalar(one.key)}: {scalar(fields[0])}"
    body: dict[str, Any] = {"field": fields[0]} if len(fields) == 1 else {"fields": fields}
    return f"{scalar(one.key)}: {flow({**body, **one.settings})}"


def because(one: Suggestion) -> str:
    return _said("; ".join(one.evidence))


def _said(text: str) -> str:
    """Text for a comment: names of fields stand in it, and no name may end the comment."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _column(rules: Sequence[Suggestion]) -> int:
    lengths = [len(rule_text(one)) for one in rules]
    return max((length for length in lengths if length <= _COLUMN), default=0)


def _rule(one: Suggestion, width: int) -> Iterator[str]:
    text, why = rule_text(one), because(one)
    if len(text) <= width and 2 + width + 4 + len(why) <= _WIDTH:
        yield f"  {text:<{width}}  # {why}"
        return
    yield f"  # {why}"
    yield from _broken(one, text)


def _broken(one: Suggestion, text: str) -> Iterator[str]:
    """A rule that is too long for one line, a line for each of its keys."""
    if len(text) <= _WIDTH - 4:
        yield f"  {text}"
        return
    body: dict[str, Any] = {"field": one.fields[0]} if len(one.fields) == 1 else {"fields": list(one.fields)}
    yield f"  {scalar(one.key)}:"
    for key, value in {**body, **one.settings}.items():
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
