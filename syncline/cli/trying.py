"""`mappings test`, `preview`, `docs`: what a mapping does, seen before it does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.diagnostics import Severity
from model.errors import ConfigurationError
from syncline.cli import options, views
from syncline.cli.desk import Desk, desk_of
from syncline.cli.exits import Exit
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mappings.compile import Compiled
    from mappings.examples import Difference, Trial
    from mappings.language import Rule
    from syncline.settings import Workbench

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these mappings.", show_default="all")
]


def register(app: typer.Typer) -> None:
    app.command("test")(run_examples)


def run_examples(context: typer.Context, names: Names = None, as_json: options.Json = False) -> None:
    """Run the examples of mappings, in both directions. No system is asked, and no secret is needed."""
    from mappings.examples import try_examples

    desk = desk_of(context)
    workbench, mappings = _chosen(desk, names or ())
    tried = [(mapping, try_examples(mapping, workbench.schemas[mapping.entity])) for mapping in mappings]
    if as_json:
        desk.output.json([_trial_json(mapping, trial) for mapping, trials in tried for trial in trials])
    else:
        for mapping, trials in tried:
            for trial in trials:
                _tell_trial(desk, mapping, trial)
    bare = [mapping.name for mapping, trials in tried if not trials]
    if bare:
        desk.output.say(f"Without examples: {', '.join(bare)}.")
    failed = sum(not trial.passed for _, trials in tried for trial in trials)
    number = sum(len(trials) for _, trials in tried)
    if failed:
        desk.output.say(f"{failed} of {counted(number, 'example')} failed.")
    elif number:
        desk.output.say(f"{counted(number, 'example')} passed.")
    raise typer.Exit(Exit.FAILED if failed else Exit.DONE)


def _chosen(desk: Desk, names: Sequence[str]) -> tuple[Workbench, list[Compiled]]:
    """The mappings named (all by default), in the order of their names. Raises ConfigurationError for a wrong one."""
    workbench, found = desk.workbench()
    by_name = workbench.by_name
    missing = [name for name in names if name not in by_name]
    wrong = [one for one in found if one.severity is Severity.ERROR]
    if wrong and (missing or not names):
        raise ConfigurationError(wrong)
    if missing:
        known = ", ".join(sorted(by_name)) or "none yet"
        raise typer.BadParameter(f"there is no mapping {missing[0]!r}; there are: {known}", param_hint="NAME")
    return workbench, [by_name[name] for name in sorted(set(names) or by_name)]


def _place(mapping: Compiled, at: Sequence[str | int]) -> str:
    """Where something stands: ``mappings/crm.yaml:14``."""
    line, _ = mapping.source.positions.of(tuple(at), key=True)
    return f"{mapping.source.file}:{line}"


def _shown(found: Any) -> str:
    """A value of an example, or `nothing`; references as the record they point to."""
    from mappings.codec import ABSENT
    from model.records import RecordRef

    if found is ABSENT:
        return "nothing"
    if isinstance(found, RecordRef):
        return f"{found.stream} {found.key}"
    return "null" if found is None else views.value(found, reveal=True)


def _rule_text(rule: Rule | None) -> str:
    from mappings.language import field_text

    if rule is None:
        return "no rule"
    right = ", ".join(map(field_text, rule.fields)) if rule.fields else "constant"
    return f"{', '.join(rule.paths)}: {right}"


def _tell_trial(desk: Desk, mapping: Compiled, trial: Trial) -> None:
    output = desk.output
    verdict = "pass" if trial.passed else "FAIL"
    output.line(clean(f"{verdict}  {mapping.name}: {trial.example.name}  ({_place(mapping, trial.example.at)})"))
    for one in trial.differences:
        output.line(clean(f"      {one.way:<3}  {one.where}"))
        for name, text in _facts(mapping, one):
            output.line(clean(f"           {name:<8}  {text}"))


def _facts(mapping: Compiled, one: Difference) -> list[tuple[str, str]]:
    if one.message:
        facts = [("problem", f"{one.message} [{one.code}]" if one.code else one.message)]
    else:
        facts = [("expected", _shown(one.expected)), ("got", _shown(one.got))]
    if one.rule is not None:
        facts.append(("rule", f"{_rule_text(one.rule)}  ({_place(mapping, one.rule.at)})"))
    elif not one.message:
        facts.append(("rule", "none of the mapping's has to do with it"))
    return facts


def _trial_json(mapping: Compiled, trial: Trial) -> dict[str, Any]:
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
    from mappings.codec import ABSENT

    return None if found is ABSENT else {"value": found}
