"""How examples went, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mappings.codec import ABSENT
from mappings.compile import Compiled
from mappings.language import Rule, field_text, one_line
from mappings.proving.examples import Difference, Trial
from syncline.cli.output import Output, clean
from syncline.cli.previewing import shown


def _place(mapping: Compiled, at: Sequence[str | int]) -> str:
    """Where something stands: ``mappings/crm.yaml:14``."""
    positions, path = mapping.source.positions, tuple(at)
    line, _ = positions.of(path, key=True)
    return f"{positions.file_of(path) or mapping.source.file}:{line}"


def _rule_text(rule: Rule | None) -> str:
    if rule is None:
        return "no rule"
    right = ", ".join(map(field_text, rule.fields)) or one_line(rule.expr) or "constant"
    return f"{', '.join(rule.paths)}: {right}"


def tell_trial(output: Output, mapping: Compiled, trial: Trial) -> None:
    verdict = "FAIL" if not trial.passed else "pass" if trial.ways else "skip"
    why = "" if trial.ways else ", about a direction that this mapping does not have"
    output.line(clean(f"{verdict}  {mapping.name}: {trial.example.name}  ({_place(mapping, trial.example.at)}{why})"))
    for one in trial.differences:
        output.line(clean(f"      {one.way:<3}  {one.where}"))
        for name, text in _facts(mapping, one):
            output.line(clean(f"           {name:<8}  {text}"))


def _facts(mapping: Compiled, one: Difference) -> list[tuple[str, str]]:
    if one.message:
        facts = [("problem", f"{one.message} [{one.code}]" if one.code else one.message)]
    else:
        facts = [("expected", shown(one.expected)), ("got", shown(one.got))]
    if one.rule is not None:
        facts.append(("rule", f"{_rule_text(one.rule)}  ({_place(mapping, one.rule.at)})"))
    elif not one.message:
        facts.append(("rule", "none of the mapping's has to do with it"))
    return facts


def trial_json(mapping: Compiled, trial: Trial) -> dict[str, Any]:
    return {
        "mapping": mapping.name,
        "example": trial.example.name,
        "place": _place(mapping, trial.example.at),
        "ways": list(trial.ways),
        "passed": trial.passed,
        "differences": [
            {
                "way": one.way,
                "where": one.where,
                "expected": _plain(one.expected),
                "got": _plain(one.got),
                "problem": one.message or None,
                "code": one.code or None,
                "rule": _rule_text(one.rule) if one.rule is not None else None,
                "place": _place(mapping, one.rule.at) if one.rule is not None else None,
            }
            for one in trial.differences
        ],
    }


def _plain(found: Any) -> Any:
    """A value for JSON, None where it is absent: null and absent differ."""
    return None if found is ABSENT else {"value": found}
