"""The proof of a proposal: its rules are run over the sample. What they could not read counts against them, and what
they read tells who can be recognised by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mappings.compile import load
from mappings.contract import Projection
from mappings.language import field_path
from mappings.suggesting.fields import value_at
from mappings.suggesting.suggest import Proposal, Suggestion, with_rules
from mappings.suggesting.text import mapping_text
from mappings.suggesting.values import Sample
from model.compare import is_blank
from model.fields import EntitySchema
from model.records import Problem, Record

_TOO_MANY = 0.25
_MOST_WORDS = 6
_NAME = "proposal"


def tried(proposal: Proposal, schemas: Mapping[str, EntitySchema]) -> Proposal:
    """The proposal with what its rules would park of the sample; one that parks a quarter and more becomes doubtful."""
    records = proposal.source.records
    if not proposal.rules or not records:
        return proposal
    mapping, _ = load(mapping_text(proposal, _NAME), f"{_NAME}.yaml", schemas)
    if mapping is None:  # too large to be a mapping: `syncline check` says so of the file, too
        return proposal
    read = mapping.project([Record(str(at), data) for at, data in enumerate(records)])
    parked = Parked(problem for projection in read for problem in projection.problems)
    rules: list[Suggestion] = []
    doubtful = list(proposal.doubtful)
    for one in proposal.rules:
        count, why = parked.by(one)
        filled = sum(_filled(one, data) for data in records)
        said = f"{count} of {filled} would be parked"
        words = _words(one, records, read) if count else ""
        if count > _TOO_MANY * filled:
            doubtful.append(replace(one, confidence=min(one.confidence, 0.6), doubt=f"{said}: {why}{words}"))
        else:
            rules.append(replace(one, evidence=(*one.evidence, f"{said}{words}")) if count else one)
    gone = {path for one in doubtful for path in one.paths}
    values = [{path: value for path, value in one.values.items() if path not in gone} for one in read]
    return with_rules(proposal, schemas[proposal.entity], rules, doubtful, values)


def _filled(one: Suggestion, data: Mapping[str, Any]) -> bool:
    """Whether a record has anything for the rule to read."""
    return not one.fields or any(not is_blank(value_at(data, field_path(name))) for name in one.fields)


def _words(one: Suggestion, records: Sequence[Mapping[str, Any]], read: Sequence[Projection]) -> str:
    """Which words it is that the rule cannot read, where the field holds a picklist: others may be about a person."""
    if len(one.fields) != 1:
        return ""
    column = Sample(value_at(data, field_path(one.fields[0])) for data in records)
    picked = column.words() or ()
    named = {*one.paths, *one.fields}
    at_fault = [at for at, found in enumerate(read) if any({p.path, p.field} & named for p in found.problems)]
    found = Counter(Sample(value_at(records[at], field_path(one.fields[0])) for at in at_fault).texts)
    words = [word for word, _ in found.most_common() if word in picked]
    more = f" and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
    return f" ({', '.join(words[:_MOST_WORDS])}{more})" if words else ""


class Parked:
    """Which values of the sample no rule could read, by path and by field, and why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._whys: dict[str, Counter[str]] = {}
        for problem in problems:
            self._whys.setdefault(str(problem.path or problem.field), Counter())[problem.message] += 1

    def by(self, one: Suggestion) -> tuple[int, str]:
        """How many of a rule, and what is most often the matter: of several paths and fields, the worst."""
        found = (self._whys.get(name, Counter()) for name in (*one.paths, *one.fields))
        worst = max(found, key=Counter.total)
        return worst.total(), worst.most_common(1)[0][0] if worst else ""
