"""Options that several commands share, with one wording."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", "-s", help="Only this connection, stream, entity or mapping; may be repeated."),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Show at most this many.")]
Full = Annotated[bool, typer.Option("--full", help="Read everything again instead of what changed.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Mask = Annotated[bool, typer.Option("--mask", help="Hide personal values.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show personal values instead of masking them.")]
Release = Annotated[
    list[str] | None,
    typer.Option(
        "--release",
        help="Let a brake go this once: crm.Contact:update, crm:create, delete or all; restored: an older state.",
    ),
]
Bindings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[BINDING]...", help="Connections, streams, entities or mappings.", show_default="everything"
    ),
]
