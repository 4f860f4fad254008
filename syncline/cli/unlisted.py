"""`mappings unknown`: the words that value tables do not list, and the lines that would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options
from syncline.cli.desk import Desk, desk_of
from syncline.cli.masking import masked_field
from syncline.cli.output import Output, clean, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappings.compile import Compiled
    from mappings.suggesting.unlisted import Unlisted
    from model.fields import EntitySchema
    from model.records import Record

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

_EVERYTHING = 1_000_000


def register(app: typer.Typer) -> None:
    app.command("unknown")(unknown)


def unknown(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Mappings.", show_default="all")] = None,
    limit: options.Limit = 20,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """List the values that tables (`values:`) do not know, by field, with the number of records; and propose lines.

    They are read off the dead letters, as the mappings are now: after an edit, what is still unknown is left. No
    system is asked. Values of fields that are not public are masked, in the proposed lines, too.
    """
    from mappings.suggesting.unlisted import unlisted
    from syncline.cli.specimens import chosen, sound

    desk = desk_of(context)
    workbench, mappings = chosen(desk, names) if names else sound(desk)[:2]
    parked = _parked(desk)
    rows: list[dict[str, Any]] = []
    for mapping in mappings:
        schema = workbench.schemas[mapping.entity]
        found = unlisted(mapping, schema, parked(mapping))
        rows += [_row(mapping, schema, one, limit, reveal=reveal) for one in found]
    if as_json:
        desk.output.json(rows)
        return
    for number, row in enumerate(rows):
        _tell(desk.output, row, first=not number)
    if not rows:
        desk.output.say("No dead letter has a value that a table does not list.")


def _parked(desk: Desk) -> Any:
    """By mapping, the records among the dead letters."""
    from model.records import Record
    from sync.decision import BindingId, Side, Why

    with desk.reports() as reports:
        letters = [one.parked for one in reports.parked(Why.DEAD, Side.IN, limit=_EVERYTHING)]

    def of(mapping: Compiled) -> Iterator[Record]:
        binding = BindingId(mapping.connection, mapping.stream, mapping.entity)
        return (Record(one.key, one.data) for one in letters if one.binding == binding and one.data)

    return of


def _row(mapping: Compiled, schema: EntitySchema, one: Unlisted, limit: int, *, reveal: bool) -> dict[str, Any]:
    from mappings.language import field_text, one_line
    from mappings.suggesting.unlisted import meanings, table_lines

    positions, at = mapping.source.positions, (*one.rule.at, "values")
    line, column = positions.of(at, key=True)
    path = one.path.replace("[*]", "[]")
    known = meanings(one)
    shown = {text: text if reveal else masked_field(schema, path, text) for text in one.counts}
    one.counts, whole = type(one.counts)(dict(one.most_frequent()[:limit])), one.counts
    hidden = not reveal and any(text != shown[text] for text in one.counts)
    return {
        "mapping": mapping.name,
        "place": f"{positions.file_of(at) or mapping.source.file}:{line}:{column}",
        "path": one.path,
        "field": ", ".join(map(field_text, one.rule.fields)) or one_line(one.rule.expr),
        "unknown": one.table.unknown.value,
        "words": [
            {"word": shown[text], "records": number, "choice": known.get(text)} for text, number in one.most_frequent()
        ],
        "more": len(whole) - len(one.counts),
        "choices": list(one.spec.choices or ()),
        "lines": [] if hidden else table_lines(one, known),
    }


def _tell(output: Output, row: dict[str, Any], *, first: bool) -> None:
    if not first:
        output.line()
    output.line(clean(f"{row['place']}  {row['mapping']}: {row['path']} ← {row['field']}"))
    width = max(len(clean(one["word"])) for one in row["words"])
    for one in row["words"]:
        output.line(f"  {clean(one['word']):<{width}}  {counted(one['records'], 'record')}")
    if row["more"]:
        output.line(f"  and {counted(row['more'], 'more word')}: --limit")
    if not row["lines"]:
        output.line("  Masked: with --reveal, the lines to write into `values` are shown, too.")
        return
    output.line("  Into `values`, as far as it is known what they mean:")
    for line in row["lines"]:
        output.line(clean(f"      {line}"))
    if row["choices"]:
        output.line(clean(f"  Choices: {', '.join(row['choices'])}"))
