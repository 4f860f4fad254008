"""The proof of a proposal: its rules are run over the sample, and what they could not read counts against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from mappings.compile import load
from mappings.suggesting.suggest import Proposal, Suggestion, with_rules
from mappings.suggesting.text import mapping_text
from model.fields import EntitySchema
from model.records import Record

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
    parked: Counter[str] = Counter()
    for projection in mapping.project([Record(str(at), data) for at, data in enumerate(records)]):
        parked.update({str(problem.path or problem.field) for problem in projection.problems})
    rules: list[Suggestion] = []
    doubtful = list(proposal.doubtful)
    for one in proposal.rules:
        count = max((parked[name] for name in (*one.paths, *one.fields)), default=0)
        said = f"{count} of {len(records)} would be parked"
        if count > _TOO_MANY * len(records):
            doubtful.append(replace(one, confidence=min(one.confidence, 0.6), doubt=said))
        else:
            rules.append(replace(one, evidence=(*one.evidence, said)) if count else one)
    return with_rules(proposal, schemas[proposal.entity], rules, doubtful)
