"""The proof of a proposal: its rules are run over the sample. What they could not read counts against them, and what
they read tells who can be recognised by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mappings.compile import load
from mappings.suggesting.suggest import Proposal, Suggestion, with_rules
from mappings.suggesting.text import mapping_text
from model.fields import EntitySchema
from model.records import Problem, Record

_TOO_MANY = 0.25
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
        said = f"{count} of {len(records)} would be parked"
        if count > _TOO_MANY * len(records):
            doubtful.append(replace(one, confidence=min(one.confidence, 0.6), doubt=f"{said}: {why}"))
        else:
            rules.append(replace(one, evidence=(*one.evidence, said)) if count else one)
    gone = {path for one in doubtful for path in one.paths}
    values = [{path: value for path, value in one.values.items() if path not in gone} for one in read]
    return with_rules(proposal, schemas[proposal.entity], rules, doubtful, values)


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
