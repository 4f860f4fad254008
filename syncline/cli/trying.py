"""`mappings test`, `preview`, `docs`: what a mapping does, seen before it does it."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import StateError
from syncline.cli import options
from syncline.cli.desk import Desk, desk_of
from syncline.cli.exits import Exit
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mappings.compile import Compiled
    from model.fields import EntitySchema
    from syncline.preview import Picked, Picking, Preview
    from syncline.settings import Workbench

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

Names = Annotated[list[str] | None, typer.Argument(help="Only these mappings.", show_default="all")]


_SAMPLE = 5
_FLAWS_SHOWN = 5


def register(app: typer.Typer) -> None:
    app.command("test")(run_examples)
    app.command("preview")(preview)
    app.command("docs")(docs)


def run_examples(context: typer.Context, names: Names = None, as_json: options.Json = False) -> None:
    """Run the examples of mappings, in both directions. No system is asked, and no secret is needed.

    Where some mappings have mistakes, those are said, and the examples of the others are run.
    """
    from mappings.proving.examples import try_examples
    from syncline.cli.specimens import chosen, sound
    from syncline.cli.trials import tell_trial, trial_json

    desk = desk_of(context)
    workbench, mappings, wrong = (*chosen(desk, names), []) if names else sound(desk)
    tried = [(mapping, try_examples(mapping, workbench.schemas[mapping.entity])) for mapping in mappings]
    if as_json:
        desk.output.json([trial_json(mapping, trial) for mapping, trials in tried for trial in trials])
    else:
        for mapping, trials in tried:
            for trial in trials:
                tell_trial(desk.output, mapping, trial)
    bare = [mapping.name for mapping, trials in tried if not trials]
    if bare:
        desk.output.say(f"Without examples: {', '.join(bare)}.")
    failed = sum(not trial.passed for _, trials in tried for trial in trials)
    number = sum(bool(trial.ways) or not trial.passed for _, trials in tried for trial in trials)
    skipped = sum(len(trials) for _, trials in tried) - number
    if skipped:
        desk.output.say(f"{counted(skipped, 'example')} not tried: about a direction that the mapping does not have.")
    if failed:
        desk.output.say(f"{failed} of {counted(number, 'example')} failed.")
    elif number:
        desk.output.say(f"{counted(number, 'example')} passed.")
    if wrong:
        desk.output.diagnostics(wrong)
        desk.output.say("Mappings with mistakes were not tried.")
    raise typer.Exit(Exit.FAILED if failed else Exit.INVALID if wrong else Exit.DONE)


def preview(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The mapping.")],
    record: Annotated[
        list[str] | None, typer.Option("--record", "-r", help="Key of a record to show; may be repeated.")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            "-n",
            min=1,
            max=200,
            help="Show so many: failures, blanks and extremes first.",
            show_default="5",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Take records from this file of JSON Lines; no system is asked.")
    ] = None,
    mask: options.Mask = False,
    as_json: options.Json = False,
) -> None:
    """Show what a mapping makes of real records, rule by rule, and what every other system would get. Writes nothing.

    It works before the first run, and for a proposed mapping. Proposed rules are shown as if they were live.
    """
    from syncline.cli.previewing import Teller, preview_json

    desk = desk_of(context)
    if file is not None and record:
        raise typer.BadParameter("records are taken from a file or asked for by key, not both", param_hint="--file")
    if record and sample is not None:
        raise typer.BadParameter("records are asked for by key or picked, not both", param_hint="--sample")
    found, schema, lacks = _previewed(desk, name, record or [], sample or _SAMPLE, file)
    teller = Teller(desk.output, schema, mask=mask)
    if as_json:
        desk.output.json([preview_json(one, teller) for one in found])
    for number, one in enumerate(() if as_json else found):
        if number:
            desk.output.line()
            desk.output.line("─" * 60)
            desk.output.line()
        teller.tell(one)
    if lacks:
        raise StateError(lacks)


def _previewed(
    desk: Desk, name: str, keys: Sequence[str], sample: int, file: Path | None
) -> tuple[list[Preview], EntitySchema, str]:
    """The previews asked for, the schema of the mapping's entity, and what is to be said of records not found."""
    from model.records import Page
    from syncline.cli.specimens import chosen, connected, records_of_file
    from syncline.preview import sampled, with_keys
    from syncline.wiring import opened_connections

    workbench, [mapping] = chosen(desk, [name])
    _reading(mapping, workbench.mappings)
    mapping = mapping.with_proposed()
    schema = workbench.schemas[mapping.entity]
    if file is not None:
        picking = sampled(mapping, [Page(records_of_file(file))], sample)
        _narrate(desk, picking)
        return _traced(None, workbench, mapping, picking.picked), schema, ""
    with opened_connections(connected(desk, workbench, mapping), desk.world, {mapping.connection}) as connectors:
        connector = connectors[mapping.connection]
        picked: Sequence[Picked]
        lacks = ""
        if keys:
            picked, missing = with_keys(connector, mapping, keys)
            if missing:
                lacks = clean(f"{mapping.connection}.{mapping.stream} has no record {', '.join(map(repr, missing))}")
                if not picked:
                    raise StateError(lacks)
        else:
            picking = sampled(mapping, connector.read(mapping.stream, None), sample)
            picked = picking.picked
            _narrate(desk, picking)
        keyed = connector.stream(mapping.stream).key.split(",")
    return _traced(desk, workbench, mapping, picked, keyed), schema, lacks


def _reading(mapping: Compiled, mappings: Iterable[Compiled]) -> None:
    if mapping.direction.reads:
        return
    others = sorted(one.name for one in mappings if one.entity == mapping.entity and one.direction.reads)
    hint = f"preview one that does, and see there what this one writes: {', '.join(others) or 'there is none yet'}"
    raise typer.BadParameter(f"{mapping.name} reads no records; {hint}", param_hint="NAME")


def _traced(
    desk: Desk | None, workbench: Workbench, mapping: Compiled, picked: Sequence[Picked], keyed: Sequence[str] = ()
) -> list[Preview]:
    """The previews; earlier runs, where there were any, tell which record of another system is the same."""
    from syncline.preview import Links, previews, targets_of
    from syncline.wiring import opened_reports

    targets = [one.with_proposed() for one in targets_of(mapping, workbench.mappings)]
    with ExitStack() as stack:
        reports = None
        if desk is not None and workbench.state_url:
            with suppress(StateError):  # nothing was ever run: nothing is known
                reports = stack.enter_context(opened_reports(workbench, desk.world))
        return previews(mapping, targets, picked, Links(reports).key_of, keyed)


def _narrate(desk: Desk, picking: Picking) -> None:
    first = "" if picking.whole else "the first "
    parts = [f"{len(picking.picked)} of {first}{counted(picking.seen, 'record')}"]
    if picking.with_problems:
        parts.append(f"{picking.with_problems:,} with problems")
    if picking.skipped:
        parts.append(f"{picking.skipped:,} left out by the filter")
    desk.output.say(f"Shown: {', '.join(parts)}.")
    for flaw in picking.flaws[:_FLAWS_SHOWN]:
        desk.output.say(clean(f"unreadable: {flaw}"))
    if len(picking.flaws) > _FLAWS_SHOWN:
        desk.output.say(f"unreadable: {len(picking.flaws) - _FLAWS_SHOWN:,} more, {len(picking.flaws):,} in all")


def docs(
    context: typer.Context,
    names: Names = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write a page for each mapping into this folder.", show_default="stdout"),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Describe mappings in words, a page of Markdown each, for people who do not read YAML."""
    from mappings.telling.describe import describe
    from syncline.cli.specimens import chosen

    desk = desk_of(context)
    workbench, mappings = chosen(desk, names or ())
    pages = {
        mapping.name: describe(mapping.source, workbench.schemas[mapping.entity], version=mapping.version)
        for mapping in mappings
    }
    if as_json:
        desk.output.json([{"mapping": name, "page": page} for name, page in pages.items()])
    elif out is None:
        desk.output.line("\n".join(pages.values()).rstrip("\n"))
    else:
        _write_pages(desk, out, pages)


def _write_pages(desk: Desk, folder: Path, pages: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            (folder / f"{name}.md").write_text(page, encoding="utf-8")
            desk.output.line(str(folder / f"{name}.md"))
    except OSError as error:
        what = f"{folder} is no folder that can be written to: {error.strerror}"
        raise typer.BadParameter(what, param_hint="--out") from None
