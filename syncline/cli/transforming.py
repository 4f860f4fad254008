"""`mappings transforms`: what rules can do to values on their way."""

from __future__ import annotations

import textwrap
from shutil import get_terminal_size
from typing import Annotated, Any

import typer

from syncline.cli import options
from syncline.cli.desk import desk_of
from syncline.cli.output import Output

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

_WIDEST = 100


def register(app: typer.Typer) -> None:
    app.command("transforms")(transforms)


def transforms(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One of them, to see its options and examples.")] = None,
    as_json: options.Json = False,
) -> None:
    """List the transforms that rules may name, those of installed packages too; or explain one."""
    from mappings.transforms import registry
    from mappings.transforms.base import OptionError

    output = desk_of(context).output
    if name is not None:
        try:
            registry.entry_of(name)
        except OptionError as error:
            raise typer.BadParameter(f"{error.message}; {error.hint}" if error.hint else error.message) from None
        _explain(output, name, as_json=as_json)
        return
    rows: list[dict[str, Any]] = [_row(known) for known in registry.names()]
    rows += [
        {"name": broken, "ways": None, "summary": "", "package": None, "problem": problem}
        for broken, problem in sorted(registry.offers().troubles.items())
    ]
    if as_json:
        output.json(rows)
        return
    shown = [(row["name"], row["ways"], row["problem"] or row["summary"], row["package"]) for row in rows]
    output.table(("transform", "goes", "what", "package"), shown, "There are no transforms.")


def _row(name: str) -> dict[str, Any]:
    from mappings.transforms import registry

    entry, package = registry.entry_of(name), registry.origin_of(name)
    both = registry.turns_round(name)
    ways = None if both is None else "both ways" if both else "in only"
    return {
        "name": name,
        "ways": ways,
        "summary": _bare(entry.summary),
        "package": package or "syncline",
        "problem": None,
    }


def _explain(output: Output, name: str, *, as_json: bool) -> None:
    from mappings.reading.scalars import flow
    from mappings.transforms import registry

    entry, row = registry.entry_of(name), _row(name)
    examples = [
        {
            "rule": name if one.options is None else flow({name: one.options}),
            "record": flow(one.record),
            "canonical": flow(one.canonical),
            "written": flow(one.record if one.written is None else one.written) if row["ways"] == "both ways" else None,
        }
        for one in entry.examples
    ]
    if as_json:
        output.json({**row, "note": entry.note, "options": dict(entry.options), "examples": examples})
        return
    width = min(get_terminal_size().columns, _WIDEST)
    _wrapped(output, f"{name}: {row['summary']}. It goes {row['ways'] or 'as its options say'}.", width)
    _wrapped(output, _bare(entry.note), width)
    if entry.options:
        output.line()
        room = max(map(len, entry.options)) + 2
        for option, said in entry.options.items():
            _wrapped(output, f"{option:<{room}}{_bare(said)}", width, room)
    for one in examples:
        output.line()
        output.line(str(one["rule"]))
        output.facts({f"    {what}": one[what] for what in ("record", "canonical", "written")})


def _bare(said: str) -> str:
    return said.replace("`", "").replace(" (one-way)", "")


def _wrapped(output: Output, said: str, width: int, indent: int = 0) -> None:
    """As wide as the terminal, the first line as it is: options stand in a column of their own."""
    for line in textwrap.wrap(
        said, width, subsequent_indent=" " * indent, break_long_words=False, drop_whitespace=True
    ):
        output.line(line)
