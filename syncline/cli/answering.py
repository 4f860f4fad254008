"""`conflicts resolve`: a person's answer, to one question or to many of a kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import StateError, SynclineError
from sync.decision import ConflictState, Why
from syncline.cli import options
from syncline.cli.desk import Desk, confirmed, desk_of
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from model.fields import EntitySchema
    from state.views import ConflictView
    from sync.run import Engine

MATCH = "m"
"""Disputed matches and deletions are numbered like dead letters; this letter tells them from conflicts of fields."""
EVERY_ONE = 1_000_000


@dataclass(frozen=True, slots=True)
class Kinship:
    """Which conflicts of fields are meant; what is not given does not matter."""

    field: str | None = None
    there: str | None = None
    alike: bool = False

    @property
    def given(self) -> bool:
        return self != Kinship()

    def of(self, found: Sequence[ConflictView], schemas: Callable[[], Any]) -> list[ConflictView]:
        chosen = [one for one in found if self._path(one.conflict.path) and self._there(one)]
        if not self.alike:
            return chosen
        known = schemas()
        return [one for one in chosen if alike(one, known.get(one.entity))]

    def _path(self, path: str) -> bool:
        return self.field is None or path == self.field or path.startswith((f"{self.field}[", f"{self.field}."))

    def _there(self, one: ConflictView) -> bool:
        at = one.conflict.theirs_binding
        return self.there in (None, at.connection, f"{at.connection}.{at.stream}")


def alike(one: ConflictView, schema: EntitySchema | None) -> bool:
    """Whether matching takes the two values for one: they differ in letter case, accents, punctuation, spaces."""
    from model.compare import fold
    from model.fields import Kind

    spec = schema.field(one.conflict.path) if schema is not None else None
    ours, theirs = (fold(spec or Kind.TEXT, value) for value in (one.conflict.ours, one.conflict.theirs))
    return ours == theirs != ""


def resolve(
    context: typer.Context,
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As listed: 7, or m7.")] = None,
    winner: Annotated[str | None, typer.Option("--winner", help="ours (the hub's value) or theirs.")] = None,
    value: Annotated[str | None, typer.Option("--value", help="A value of your own: JSON, or plain text.")] = None,
    entity: Annotated[
        str | None, typer.Option("--entity", help="m…: the record is this entity; of two merged, keep this one.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="m…: the record is somebody new.")] = False,
    delete: Annotated[
        bool | None, typer.Option("--delete/--keep", help="m…: a deletion: everywhere, or only there.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every field in conflict.")] = False,
    field: options.OfField = None,
    there: options.There = None,
    same: options.Alike = False,
    yes: options.Yes = False,
) -> None:
    """Answer conflicts; the next run carries it out. Name them, or say which of the fields in conflict are meant.

    The answer is one of the two values or a third one; for m… it is an entity, a new one, or about a deletion. Where
    two records were merged in a system, it is the entity to keep; the other one is merged into it (`links merge`).
    With --all, --field, --there or --alike all that fit get one answer: `conflicts list` shows them first.
    """
    desk = desk_of(context)
    meant = Kinship(field, there, same)
    if bool(numbers) == (everything or meant.given):
        raise typer.BadParameter("name conflicts by their numbers, or say which: --all, --field …", param_hint="ID")
    asked = [numbered(number) for number in numbers or ()]
    of_records = {kind == MATCH for kind, _ in asked} or {False}
    given = [winner is not None, value is not None, entity is not None, new, delete is not None]
    about_field = winner is not None or value is not None
    if sum(given) != 1 or of_records != {not about_field}:
        wanted = "--winner or --value" if False in of_records else "--entity, --new, --delete or --keep"
        mixed = "; answer fields and records (m…) apart" if len(of_records) > 1 else ""
        raise typer.BadParameter(f"give one of {wanted}{mixed}", param_hint="ID")
    if winner not in (None, "ours", "theirs"):
        raise typer.BadParameter("ours or theirs", param_hint="--winner")
    keys = [key for _, key in asked] or _meant(desk, meant, winner or "a value of your own", yes=yes)
    if len(keys) > 1:
        _all_open(desk, keys, records=not about_field)

    def answer(engine: Engine, key: int) -> None:
        if about_field:
            engine.resolve(key, winner, value=None if value is None else _parsed(value))
        elif delete is not None:
            engine.settle_deletion(key, everywhere=delete)
        else:
            engine.settle_match(key, entity)

    _answered(desk, keys, answer)


def _meant(desk: Desk, meant: Kinship, answer: str, *, yes: bool) -> list[int]:
    with desk.reports() as reports:
        found = meant.of(reports.conflicts(ConflictState.OPEN, EVERY_ONE), lambda: desk.memory().schemas)
    if not found:
        raise StateError("no field in conflict is meant by that; see `syncline conflicts list --kind field`")
    confirmed(desk, f"Answer {counted(len(found), 'conflict')} with {answer}?", yes=yes)
    return sorted(one.id for one in found)


def _all_open(desk: Desk, keys: Sequence[int], *, records: bool) -> None:
    """Raises StateError, nothing having been decided, where one of several is no open question."""
    with desk.reports() as reports:
        open_ones = {one.id for one in reports.conflicts(ConflictState.OPEN, EVERY_ONE)}
        if records:
            open_ones = {one.id for one in reports.parked(Why.DISPUTED, limit=EVERY_ONE)}
    lost = [f"{MATCH if records else ''}{key}" for key in keys if key not in open_ones]
    if lost:
        raise StateError(f"not open: {', '.join(lost)}; nothing was decided. See `syncline conflicts list`")


def _answered(desk: Desk, keys: Sequence[int], answer: Callable[[Engine, int], None]) -> None:
    done = 0
    try:
        with desk.engine() as engine:
            for key in dict.fromkeys(keys):
                answer(engine, key)
                done += 1
    except SynclineError:
        if done:
            desk.output.fail(clean(f"{done:,} of {len(keys):,} were decided before this:"))
        raise
    number = f"{counted(done, 'conflict')}" if done > 1 else ""
    desk.output.say(f"Decided{f': {number}' if number else ''}. `syncline run` carries it to the systems.")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def numbered(text: str) -> tuple[str, int]:
    """``7`` and ``m7`` taken apart."""
    kind = MATCH if text.startswith(MATCH) else ""
    digits = text.removeprefix(kind)
    if not (digits.isascii() and digits.isdigit()):
        raise typer.BadParameter(f"{text!r} is not a number as listed", param_hint="ID")
    return kind, int(digits)
