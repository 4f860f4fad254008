"""`mappings laws`: which records and rules would not come back as they went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options
from syncline.cli.desk import Desk, desk_of
from syncline.cli.exits import Exit
from syncline.cli.masking import masked_field
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from mappings.proving.laws import Breach, Examination
    from model.fields import EntitySchema

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

_EXAMPLES = 3
_WIDEST = 40  # of a value in an example

MadeUp = Annotated[int, typer.Option("--records", min=0, help="How many records to make up, each way.")]
Sample = Annotated[int, typer.Option("--sample", min=0, help="Take this many records of the stream instead.")]
File = Annotated[
    Path | None, typer.Option("--file", help="Take the records of this file instead: one JSON object per line.")
]
Seed = Annotated[int, typer.Option("--seed", help="Another number makes up other records.")]


def register(app: typer.Typer) -> None:
    app.command("laws")(laws)


def laws(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Mappings.", show_default="all")] = None,
    records: MadeUp = 1000,
    sample: Sample = 0,
    file: File = None,
    seed: Seed = 0,
    limit: options.Limit = 10,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """Try whether values come back as they went. Lists each rule and record that would not; nothing is written.

    What is read, written and read again must be the same, and so the other way round, unless the file declares a loss.
    Losses that it declares are done to the values, too: none may look like an edit. The exit code is 1 where a mapping
    is unlawful. Values are masked where the records are real.
    """
    from mappings.proving.laws import examine
    from syncline.cli.specimens import Asked, chosen, specimens

    desk = desk_of(context)
    workbench, mappings = chosen(desk, names or ())
    if file is not None and len(mappings) != 1:
        raise typer.BadParameter("say of which mapping the file holds records", param_hint="NAME")
    reveal = reveal or not (sample or file)  # nobody's data are in what was made up
    found: list[tuple[Examination, EntitySchema]] = []
    for mapping in mappings:
        tried = specimens(desk, workbench, mapping, Asked(records, sample, file, seed))
        found.append((examine(mapping, tried.records, tried.entities), workbench.schemas[mapping.entity]))
    if as_json:
        desk.output.json([_as_json(one, schema, reveal=reveal) for one, schema in found])
    else:
        for one, schema in found:
            _tell(desk, one, schema, limit, reveal=reveal)
        unlawful = sum(1 for one, _ in found if not one.lawful)
        told = f"{counted(unlawful, 'mapping')} would not bring everything back." if unlawful else "All come back."
        desk.output.say(told)
    raise typer.Exit(Exit.DONE if all(one.lawful for one, _ in found) else Exit.FAILED)


def _tell(desk: Desk, one: Examination, schema: EntitySchema, limit: int, *, reveal: bool) -> None:
    from syncline.cli.previewing import lines

    line = desk.output.line
    groups = _grouped(one.breaches)
    tried = f"{counted(one.records, 'record')} in" + (f", {one.entities:,} out" if one.entities else "")
    left = f" ({one.left_out:,} left out)" if one.left_out else ""
    verdict = "nothing was left to try" if one.left_out == one.records + one.entities else "lawful"
    verdict = f"{counted(len({path for (_, path, _), _ in groups}), 'rule')} not lawful" if groups else verdict
    line(f"{one.mapping}: {verdict}; tried {tried}{left}")
    for (law, path, message), breaches in groups[:limit]:
        field = breaches[0].field
        line(clean(f"  {path or 'the record'}" + (f" ({field})" if field and field != path else "")))
        lines(desk.output, f"law «{law}», {counted(len(breaches), 'record')}: {message}", 4)
        for breach in breaches[:_EXAMPLES]:
            before, after = (shown(schema, _privacy_of(breach), value, reveal=reveal) for value in breach[5:7])
            lines(desk.output, f"{breach.record}: {before}", 6, f"→ {after}")
    if len(groups) > limit:
        line(f"  and {len(groups) - limit} more: --limit {len(groups)} shows all")
    for what, counts in (("comes back otherwise, as declared", one.losses), ("not taken from elsewhere", one.refused)):
        told = [f"{path or 'the record'} ({why}) {number:,}×" for (path, why), number in counts.most_common(limit)]
        told += [f"and {len(counts) - limit} more"] if len(counts) > limit else []
        if told:
            lines(desk.output, f"{what}: {', '.join(told)}", 2)


def _privacy_of(breach: Breach) -> str:
    """The path by which a breach's values are masked. A record's own may hold more than one path, and have none."""
    return "" if breach.code == "unstable" else breach.path


def _grouped(breaches: Sequence[Breach]) -> list[tuple[tuple[str, str, str], list[Breach]]]:
    """Breaches of one kind together, the most frequent first."""
    groups: dict[tuple[str, str, str], list[Breach]] = {}
    for breach in breaches:
        groups.setdefault((breach.law.value, breach.path, breach.message), []).append(breach)
    return sorted(groups.items(), key=lambda pair: -len(pair[1]))


def shown(schema: EntitySchema, path: str, value: Any, *, reveal: bool) -> str:
    """A value on a line: masked, kept short, and words for what is no value."""
    from mappings.codec import ABSENT
    from syncline.cli.previewing import shown as whole

    if value is ABSENT:
        return "absent"
    text = whole(value if reveal or value is None else masked_field(schema, path, value))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _as_json(one: Examination, schema: EntitySchema, *, reveal: bool) -> dict[str, Any]:
    return {
        "mapping": one.mapping,
        "lawful": one.lawful,
        "records": one.records,
        "entities": one.entities,
        "left_out": one.left_out,
        "breaches": [_breach_json(breach, schema, reveal=reveal) for breach in one.breaches],
        "losses": [
            {"path": path, "ground": why, "count": number} for (path, why), number in sorted(one.losses.items())
        ],
        "refused": [
            {"path": path, "code": why, "count": number} for (path, why), number in sorted(one.refused.items())
        ],
    }


def _breach_json(breach: Breach, schema: EntitySchema, *, reveal: bool) -> dict[str, Any]:
    """A value that is absent has no key, a null one is null."""
    from mappings.codec import ABSENT

    told = breach._asdict()
    for name in ("before", "after"):
        if told[name] is ABSENT:
            del told[name]
        elif not reveal:
            told[name] = masked_field(schema, _privacy_of(breach), told[name])
    return told
