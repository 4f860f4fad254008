"""`mappings suggest`: a commented proposal for a stream, from its fields and some of its records."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import SourceIncompleteError
from syncline.cli import options
from syncline.cli.desk import Desk, desk_of
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from mappings.suggesting.suggest import Proposal, Suggestion
    from syncline.settings import Project

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

SAMPLE = 200
_NEAR = 0.6


def register(app: typer.Typer) -> None:
    app.command("suggest")(suggest)


def suggest(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection.")],
    stream: Annotated[str, typer.Argument(help="Its stream.")],
    entity: Annotated[
        str | None,
        typer.Option("--entity", help="contact, account, lead, order, …", show_default="the one that fits best"),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", help="Write it there; - for stdout.", show_default="the project's mappings/")
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", min=0, max=2000, help="Look at so many records; 0: at the fields alone.")
    ] = SAMPLE,
    as_json: options.Json = False,
) -> None:
    """Propose a mapping from names, types and sample values, with the evidence for each rule. It does not run.

    No value of a record gets into the file, except the words of picklists. Nothing is overwritten.
    """
    from syncline.document import shown
    from syncline.settings import MAPPINGS

    desk = desk_of(context)
    project = desk.project(with_mappings=False)
    path, proposal = proposed(desk, project, connection, stream, entity, sample=sample, out=out, dry=as_json)
    if as_json:
        desk.output.json({**as_data(proposal), "file": None if path is None else shown(path)})
        return
    if path is not None:
        desk.output.line(shown(path))
    _tell(desk, proposal, path, (project.folder / MAPPINGS).absolute())


def proposed(
    desk: Desk,
    project: Project,
    connection: str,
    stream: str,
    entity: str | None,
    *,
    sample: int,
    out: str | None = None,
    dry: bool = False,
) -> tuple[Path | None, Proposal]:
    """Make the proposal and put it where it belongs; the path is None where no file was asked for."""
    from mappings.suggesting.text import mapping_text
    from syncline.cli.describing import connection_named
    from syncline.document import nearest
    from syncline.editor.export import accompany
    from syncline.settings import MAPPINGS
    from syncline.suggestions import bound_streams, file_name, proposal_for, write_proposal
    from syncline.ties import Tie
    from syncline.wiring import opened_connections

    connection_named(project, connection)
    if entity is not None and entity not in project.schemas:
        hint = nearest(entity, project.schemas)
        raise typer.BadParameter(f"there is no entity {entity!r}; {hint}", param_hint="--entity")
    folder = project.folder / MAPPINGS
    bound = bound_streams(folder)
    with opened_connections(project, desk.world, {connection}) as connectors:
        known = [one.name for one in connectors[connection].declared_streams()]
        if stream not in known:
            raise typer.BadParameter(f"{connection} has no stream {stream!r}; {nearest(stream, known)}")
        fields = connectors[connection].discover(stream)
        propose = partial(proposal_for, connectors[connection], connection, stream, fields, project.schemas, entity)
        try:
            proposal = propose(sample=sample, bound=bound)
        except SourceIncompleteError as error:
            desk.output.say(clean(f"{error}. The proposal follows from the fields alone."))
            proposal = propose(sample=0, bound=bound)
    name = file_name(proposal, bound)
    if out == "-":
        if not dry:
            desk.output.line(mapping_text(proposal, Path(name).stem).rstrip())
        return None, proposal
    if out is None and dry:
        return None, proposal
    path = Path(out) if out is not None else folder / name
    written = write_proposal(proposal, path, bound)
    tie = Tie(written, connection, stream, proposal.entity)
    accompany(project.connections[connection], tie, project.schemas, fields, project.folder)
    return written, proposal


def as_data(proposal: Proposal) -> dict[str, Any]:
    """The proposal with stable keys."""
    return {
        "connection": proposal.source.connection,
        "stream": proposal.source.stream,
        "entity": proposal.entity,
        "entities": dict(proposal.ranking),
        "records_looked_at": len(proposal.source.records),
        "rules": [_rule(one) for one in proposal.rules],
        "doubtful": [_rule(one) for one in proposal.doubtful],
        "without_place": [
            {"field": one.field, "why": one.why or None, "custom_field": one.name or None, "declaration": one.custom}
            for one in proposal.homeless
        ],
        "match": proposal.matching.rules,
        "remarks": proposal.matching.said,
        "use_unsaid": proposal.unsaid,
        "missing": proposal.missing,
    }


def _rule(one: Suggestion) -> dict[str, Any]:
    return {
        "path": one.key,
        "fields": one.fields,
        "settings": one.settings,
        "confidence": one.confidence,
        "evidence": one.evidence,
        "doubt": one.doubt or None,
        "alternatives": one.alternatives,
    }


def _tell(desk: Desk, proposal: Proposal, path: Path | None, mappings: Path) -> None:
    from syncline.document import shown

    free = sum(1 for one in proposal.homeless if one.custom is not None)
    parts = [counted(len(proposal.rules), "rule")]
    parts += [f"{len(proposal.doubtful)} doubtful"] if proposal.doubtful else []
    parts += [f"{counted(free, 'field')} without a place"] if free else []
    desk.output.say(f"Proposed for {proposal.entity}: {', '.join(parts)}.")
    # Every contact could be a lead as well: that is only said of streams that are called so, and those come first.
    others = [(name, fit) for name, fit in proposal.ranking[1:] if name != "lead"]
    near = [name for name, fit in others if fit >= _NEAR * proposal.ranking[0][1] > 0]
    if near:
        desk.output.say(f"It also looks like {' or '.join(near)}: --entity {near[0]}. A stream may feed several.")
    for field in proposal.missing:
        desk.output.say(f"No field certainly is the {field}, which every {proposal.entity} needs.")
    if path is not None and path.absolute().parent == mappings:
        desk.output.say(
            f"See what records become: syncline mappings preview {path.stem}. When it is right: lifecycle: live."
        )
    elif path is not None:
        desk.output.say(f"It is a draft: only what lies in {shown(mappings)} is checked, previewed and run.")
