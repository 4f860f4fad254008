"""What every command works with. The heavy half of the product is imported here, when a command first needs it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from model.diagnostics import Severity
from model.errors import ConfigurationError
from syncline.cli.exits import Exit
from syncline.cli.output import Output, clean

if TYPE_CHECKING:
    from model.diagnostics import Diagnostic
    from sync.run import Engine
    from syncline.locks import Lock
    from syncline.settings import Memory, Project, Workbench
    from syncline.wiring import World

# Imports inside the functions of this class keep `syncline --help` fast: settings bring pydantic and ruamel.yaml,
# wiring brings connectors, the state brings SQLAlchemy.


@dataclass(slots=True)
class Desk:
    """One invocation: the project folder, the way out, and the world outside (which tests replace)."""

    folder: Path = field(default_factory=Path.cwd)
    output: Output = field(default_factory=Output)
    debug: bool = False
    given_world: World | None = None

    @property
    def world(self) -> World:
        from syncline.wiring import World

        if self.given_world is None:
            self.given_world = World()
        return self.given_world

    def load(
        self,
        *,
        with_mappings: bool = True,
        with_locks: bool = False,
        seen: Mapping[str, Lock] | None = None,
        edited: Path | None = None,
    ) -> tuple[Project | None, list[Diagnostic]]:
        from syncline.settings import load_project

        return load_project(
            self.folder,
            environment=self.world.environment,
            with_mappings=with_mappings,
            with_locks=with_locks,
            seen=seen,
            edited=edited,
        )

    def project(self, *, with_mappings: bool = True, edited: Path | None = None) -> Project:
        """The project; its warnings are narrated. Raises ConfigurationError with everything found."""
        project, found = self.load(with_mappings=with_mappings, edited=edited)
        if project is None:
            raise ConfigurationError(found)
        for one in found:
            if one.severity is Severity.WARNING:
                self.output.say(clean(one))
        return project

    def memory(self) -> Memory:
        """What looking back needs: it works while a mapping is broken or a secret is missing."""
        from syncline.settings import load_memory

        memory, found = load_memory(self.folder, environment=self.world.environment)
        if memory is None:
            raise ConfigurationError(found)
        return memory

    def workbench(self) -> tuple[Workbench, list[Diagnostic]]:
        """The mappings alone, and what is wrong with them: no secret is asked for, no system needed."""
        from syncline.settings import load_workbench

        workbench, found = load_workbench(self.folder, environment=self.world.environment)
        if workbench is None:
            raise ConfigurationError(found)
        return workbench, found

    @contextmanager
    def engine(self, project: Project | None = None) -> Iterator[Engine]:
        """The engine, with progress told on stderr."""
        from syncline.cli.progress import Progress
        from syncline.wiring import build_engine

        progress = Progress(self.output)
        try:
            with build_engine(project or self.project(), world=self.world, listener=progress) as engine:
                yield engine
        finally:
            progress.finished()

    @contextmanager
    def store(self) -> Iterator[Any]:
        """The hub's memory itself, for what is kept in it. It needs neither secrets nor sound mappings."""
        from syncline.wiring import opened_store

        with opened_store(self.memory(), self.world) as store:
            yield store

    @contextmanager
    def reports(self) -> Iterator[Any]:
        """The read side of the state."""
        from syncline.wiring import opened_reports

        with opened_reports(self.memory(), self.world) as reports:
            yield reports


@contextmanager
def writing(desk: Desk, path: Path) -> Iterator[None]:
    """Ends the command with a sentence where a file cannot be written."""
    try:
        yield
    except OSError as error:
        from syncline.document import shown

        place, reason = shown(Path(error.filename or path)), error.strerror or type(error).__name__
        desk.output.fail(
            clean(f"{place} cannot be written: {reason}. See who may write there, and whether there is room.")
        )
        raise typer.Exit(Exit.FAILED) from None


def desk_of(context: typer.Context) -> Desk:
    """The desk of a command."""
    desk = context.find_object(Desk)
    return desk if desk is not None else Desk()


def selection(project: Project, names: Sequence[str], *, where: str = "--select") -> list[str]:
    """Names given on the command line, checked against what can be selected."""
    from syncline.bindings import selectable

    known = {*project.connections}
    for mapping in project.mappings:
        known.update(selectable(mapping.name, mapping.connection, mapping.stream, mapping.entity))
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(project.connections))}"
            raise typer.BadParameter(f"nothing is named {name!r}; {hint}", param_hint=where)
    return list(names)


def confirmed(desk: Desk, question: str, *, yes: bool) -> None:
    """Ask, unless told not to; where nobody can be asked, change nothing."""
    if yes:
        return
    if not desk.output.interactive:
        desk.output.fail("Nothing was changed: nobody can be asked here. Give --yes.")
        raise typer.Exit(Exit.USAGE)
    typer.confirm(question, abort=True, err=True)
