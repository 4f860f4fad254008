"""`mappings diff`: what an edit of a mapping means, and what it changes for records."""

from __future__ import annotations

import posixpath
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import ConfigurationError
from syncline.cli import options
from syncline.cli.desk import Desk, desk_of
from syncline.cli.lawful import File, MadeUp, Sample, Seed, shown
from syncline.cli.masking import masked_field
from syncline.cli.output import counted

if TYPE_CHECKING:
    from mappings.compile import Compiled
    from mappings.proving.compare_versions import Change
    from mappings.proving.effects import Comparison, Difference, Told
    from mappings.reading.extending import Fetch
    from model.fields import EntitySchema
    from model.records import Record
    from syncline.settings import Workbench

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def register(app: typer.Typer) -> None:
    app.command("diff")(diff)


def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A mapping's file as it was; or the name of a mapping.")],
    new: Annotated[Path | None, typer.Argument(metavar="NEW", help="The file as it is to be.", show_default="")] = None,
    against: Annotated[
        str, typer.Option("--against", help="What a mapping is compared with: a file, or a revision in git.")
    ] = "HEAD",
    records: MadeUp = 200,
    sample: Sample = 0,
    file: File = None,
    seed: Seed = 0,
    limit: options.Limit = 20,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """Tell two versions of a mapping apart: what changed, and what that changes for records. Nothing is written.

    Give two files, or the name of a mapping, which is compared with its file in git. The records are made up unless
    --sample or --file says where to take them from; then their values are masked.
    """
    from mappings.language import Lifecycle
    from mappings.proving.compare_versions import changes
    from mappings.proving.effects import compare
    from syncline.cli.specimens import Asked, specimens

    desk = desk_of(context)
    workbench, before, after = _versions(desk, old, new, against)
    said = changes(before.source, after.source)
    if before.entity != after.entity:
        raise typer.BadParameter(f"they map different entities, {before.entity} and {after.entity}: nothing to compare")
    tried = specimens(desk, workbench, after, Asked(records, sample, file, seed))
    others = [
        one
        for one in workbench.mappings
        if one.entity == after.entity
        and one.name not in (before.name, after.name)
        and one.source.lifecycle is not Lifecycle.PROPOSED
    ]
    schema = workbench.schemas[after.entity]
    made_up = file is None and not sample
    reveal = reveal or made_up  # nobody's data are in what was made up
    taken = _made_for_both(before, schema, tried.records, seed) if made_up else tried.records
    found = compare(before, after, taken, others)
    if as_json:
        desk.output.json(_as_json(before, after, said, found, schema, reveal=reveal))
        return
    _tell_changes(desk, before, after, said)
    _tell_effects(desk, after.name, found, tried.origin, schema, limit, reveal=reveal)


def _versions(desk: Desk, old: str, new: Path | None, against: str) -> tuple[Workbench, Compiled, Compiled]:
    from syncline.bindings import fetching
    from syncline.cli.specimens import chosen

    def read(path: Path, what: str) -> Compiled:
        return _compiled(workbench, _text(path, what), path, fetching(path.absolute().parent))

    if new is not None:
        workbench, _ = desk.workbench()
        return workbench, read(Path(old), "OLD"), read(new, "NEW")
    if old.endswith((".yaml", ".yml")):
        raise typer.BadParameter("one file alone is compared with nothing; give two, or the name of a mapping")
    workbench, (mapping,) = chosen(desk, [old])
    path = Path(mapping.source.file)
    if Path(against).is_file():
        return workbench, read(Path(against), "--against"), mapping
    text, fetch = _of_git(path, against), _git_fetching(path.absolute().parent, against)
    return workbench, _compiled(workbench, text, path, fetch, of=f" ({against})"), mapping


def _compiled(workbench: Workbench, text: str, file: Path, fetch: Fetch, of: str = "") -> Compiled:
    """One version. Raises ConfigurationError where it has mistakes."""
    from mappings.compile import load

    mapping, found = load(text, str(file), workbench.schemas, fetch=fetch)
    if mapping is None:
        raise ConfigurationError(
            [replace(one, file=f"{one.file}{of if one.file == str(file) else ''}") for one in found]
        )
    return mapping


def _made_for_both(before: Compiled, schema: EntitySchema, records: Sequence[Record], seed: int) -> list[Record]:
    """Made-up records of the new version, with the fields that only the old one looks at."""
    from mappings.proving.generate import Generator

    earlier = Generator(before, schema, seed).records(len(records))
    return [one._replace(data={**was.data, **one.data}) for was, one in zip(earlier, records, strict=True)]


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path} is not UTF-8 text", param_hint=what) from None
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read ({error.strerror})", param_hint=what) from None


def _of_git(path: Path, revision: str) -> str:
    """A file as it was in a revision."""
    if revision.startswith("-") or ":" in revision:
        raise typer.BadParameter(f"{revision!r} is neither a file nor a revision", param_hint="--against")
    folder = path.absolute().parent
    text = _git_text(folder, path.name, revision)
    if text is None:
        what = f"git has no {path.name} in {revision!r}; give another revision, or a file"
        if not any((place / ".git").exists() for place in (folder, *folder.parents)):
            what = f"{folder} is not kept in git; give the file as it was"
        raise typer.BadParameter(what, param_hint="--against")
    return text


def _git_text(folder: Path, name: str, revision: str) -> str | None:
    command = ["git", "-C", str(folder), "show", f"{revision}:./{name}"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603 (git; no shell)
    except (OSError, subprocess.TimeoutExpired):
        raise typer.BadParameter("git cannot be asked; give a file", param_hint="--against") from None
    return None if done.returncode else done.stdout.decode("utf-8-sig", errors="replace")


def _git_fetching(folder: Path, revision: str) -> Fetch:
    """Finds what a mapping extended in a revision, as `syncline.bindings.fetching` does in the folder."""

    def fetch(name: str) -> tuple[str, str] | None:
        if posixpath.normpath(name).startswith(("..", "/")):
            return None
        for ending in ("", ".yaml", ".yml"):
            file = posixpath.normpath(f"{name}{ending}")
            text = _git_text(folder, file, revision) if file.endswith((".yaml", ".yml")) else None
            if text is not None:
                return text, f"{file} ({revision})"
        return None

    return fetch


def _tell_changes(desk: Desk, before: Compiled, after: Compiled, said: Sequence[Change]) -> None:
    from syncline.cli.previewing import lines

    line = desk.output.line
    if not said:
        line(f"{after.name}: both versions mean the same ({after.version})")
        return
    line(f"{after.name}: {before.version} → {after.version}")
    for change in said:
        subject = f"{change.path}: " if change.path else ""
        lines(desk.output, f"{_SIGNS[change.kind]} {subject}{change.words}", 2)


def _tell_effects(
    desk: Desk, name: str, found: Comparison, origin: str, schema: EntitySchema, limit: int, *, reveal: bool
) -> None:
    if not found.records:
        desk.output.say("There was no record to try it on.")
        return
    line = desk.output.line
    line(f"Of {origin}, {f'{found.differing:,}' if found.differing else 'none'} would differ.")
    _list(desk, "Read otherwise", list(_lines(found.read, schema, reveal=reveal)), limit)
    _list(desk, "Written otherwise", list(_lines(found.written, schema, reveal=reveal, where=True)), limit)
    _list(desk, "Problems that are new", list(_problem_lines(found.new, name)), limit)
    _list(desk, "Problems that are gone", list(_problem_lines(found.solved, name)), limit)
    for words, keys in (("left out by the filter", found.left_out), ("let in by the filter", found.let_in)):
        if keys:
            line()
            line(f"{counted(len(keys), 'record')} would be {words}, {keys[0]} first.")


def _list(desk: Desk, heading: str, rows: Sequence[tuple[str, int, str]], limit: int) -> None:
    """What it is about, in how many records, and the first of them."""
    from syncline.cli.previewing import ACROSS, lines

    if not rows:
        return
    line = desk.output.line
    line()
    line(heading)
    width = max(len(subject) for subject, _, _ in rows[:limit])
    begun = [(f"{subject:<{width}}  {number:>5,}×", first) for subject, number, first in rows[:limit]]
    below = any(len(start) + len(first) + 4 > ACROSS for start, first in begun)
    for start, first in begun:
        lines(desk.output, start if below else f"{start}  {first}", 2)
        if below:
            lines(desk.output, first, 6)
    if len(rows) > limit:
        line(f"  and {len(rows) - limit} more: --limit {len(rows)} shows all")


def _lines(
    differences: Iterable[Difference], schema: EntitySchema, *, reveal: bool, where: bool = False
) -> Iterable[tuple[str, int, str]]:
    groups: dict[tuple[str, str], list[Difference]] = {}
    for one in differences:
        groups.setdefault((one.where, one.name), []).append(one)
    for (mapping, name), found in groups.items():
        first = found[0]
        before, after = (shown(schema, first.path or "", value, reveal=reveal) for value in (first.before, first.after))
        subject = f"{mapping}: {name}" if where else name
        yield subject, len(found), f"{first.record}: {before} → {after}"


def _problem_lines(problems: Iterable[Told], own: str) -> Iterable[tuple[str, int, str]]:
    groups: dict[tuple[str, str | None, str], list[Told]] = {}
    for one in problems:
        groups.setdefault((one.where, one.path, one.message), []).append(one)
    for (where, path, message), found in groups.items():
        subject = "" if where == own else f"{where}: "
        yield f"{subject}{path or 'the record'}", len(found), f"{found[0].record}: {message}"


def _as_json(
    before: Compiled, after: Compiled, said: Sequence[Change], found: Comparison, schema: EntitySchema, *, reveal: bool
) -> dict[str, Any]:
    from mappings.codec import ABSENT

    def values(one: Difference) -> dict[str, Any]:
        """A value that is absent has no key, a null one is null."""
        told = one._asdict()
        for name in ("before", "after"):
            if told[name] is ABSENT:
                del told[name]
            elif not reveal:
                told[name] = masked_field(schema, one.path or "", told[name])
        return told

    return {
        "mapping": after.name,
        "before": before.version,
        "after": after.version,
        "changes": list(said),
        "records": found.records,
        "differing": found.differing,
        "read": [values(one) for one in found.read],
        "written": [values(one) for one in found.written],
        "new_problems": list(found.new),
        "solved_problems": list(found.solved),
        "left_out": list(found.left_out),
        "let_in": list(found.let_in),
    }
