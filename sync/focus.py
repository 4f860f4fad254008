"""Some fields and nothing else: mappings that read and write only these. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from mappings.contract import CompiledMapping, Projection
from model import paths
from model.records import Record

_ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class Focus:
    """``job_title``, all items of a list (``emails``, ``emails[*]``), or one of them (``addresses[billing]``).

    An item is taken as a whole, as it is merged: ``addresses[billing].city`` means all of that address.
    """

    name: str
    key: str | None = None

    @classmethod
    def on(cls, path: str) -> Focus:
        """Raises ValueError where it is no canonical path."""
        name, key, _ = paths.split(path)
        return cls(name, None if key == _ALL else key)

    def __call__(self, path: str) -> bool:
        name, key, _ = paths.split(path)
        return name == self.name and (self.key is None or key == self.key)

    def meets(self, patterns: Collection[str]) -> bool:
        """Whether any of these paths or patterns can mean a field of it."""
        for name, key, _ in map(paths.split, patterns):
            if name == self.name and (self.key is None or key in (_ALL, self.key)):
                return True
        return False

    def __str__(self) -> str:
        return self.name if self.key is None else f"{self.name}[{self.key}]"


class Narrowed:
    """A compiled mapping that knows of a focus only: it reads and writes nothing else, and makes no records."""

    def __init__(self, whole: CompiledMapping, focus: Focus) -> None:
        self.whole, self.focus = whole, focus
        self.create_in = self.create_out = False

    @classmethod
    def of(cls, whole: CompiledMapping, focus: Focus) -> CompiledMapping:
        return cast("CompiledMapping", cls(whole, focus))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def covers(self, path: str) -> bool:
        return self.focus(path) and self.whole.covers(path)

    def pushes(self, path: str) -> bool:
        return self.focus(path) and self.whole.pushes(path)

    def fingerprints(self, records: Sequence[Record]) -> list[str]:
        """None that the whole mapping ever makes: what was only looked at in part is news to the next read."""
        return [self.whole.version[:6]] * len(records)

    def project(self, records: Sequence[Record]) -> list[Projection]:
        return [self._narrowed(projection) for projection in self.whole.project(records)]

    def _narrowed(self, found: Projection) -> Projection:
        focus = self.focus
        return found._replace(
            values={path: value for path, value in found.values.items() if focus(path)},
            references={path: reference for path, reference in found.references.items() if focus(path)},
            problems=[problem for problem in found.problems if problem.path is None or focus(problem.path)],
            complete=(),
        )
