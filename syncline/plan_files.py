"""Plans as files: one JSON document, one action a line, sealed at the end so that nothing in it can be altered."""

from __future__ import annotations

import hmac
import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from model.errors import StateError
from sync.plans import Head, action_of, check_hub, line_of, summary_json
from sync.report import PlannedAction, PlanReport

_ACTIONS: Final = b'"actions": [\n'
_END: Final = b"],\n"
_SEAL: Final = b'"seal": "'


class PlanWriter:
    """`sync.plans.Keeper` into a file that only its owner can read. It appears when it is complete."""

    def __init__(self, path: Path, seal: bytes) -> None:
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        self._seal = hmac.new(seal, digestmod="sha256")
        self._file: IO[bytes] | None = None
        self._between = b""

    def begin(self, head: Head) -> None:
        try:
            self._part.unlink(missing_ok=True)
            self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise StateError(f"the plan cannot be written to {self.path}: {error.strerror}") from None
        opening = json.dumps(head.to_json(), ensure_ascii=False)
        self._write(b'{"plan": ' + opening.encode() + b",\n" + _ACTIONS)

    def add(self, actions: Sequence[PlannedAction]) -> None:
        for action in actions:
            self._write(self._between + line_of(action))
            self._between = b",\n"

    def finish(self, report: PlanReport) -> None:
        if self._between:
            self._write(b"\n")
        self._write(_END + b'"summary": ' + json.dumps(summary_json(report), ensure_ascii=False).encode() + b",\n")
        assert self._file is not None, "a plan is begun before it is finished"
        self._file.write(_SEAL + self._seal.hexdigest().encode() + b'"}\n')
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self.path)

    def _write(self, data: bytes) -> None:
        assert self._file is not None, "a plan is begun before anything is added"
        self._seal.update(data)
        self._file.write(data)

    def give_up(self) -> None:
        """Leave nothing behind, where the plan was not finished."""
        if self._file is not None:
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)


class PlanFile:
    """`sync.plans.Plan` over a file: sealed and whole, or refused. A few bytes are remembered per action."""

    head: Head

    def __init__(self, path: Path, seal: bytes) -> None:
        """Raises StateError where it is no plan, another hub's, or not as it was written."""
        self._name = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise StateError(f"the plan {path} cannot be read: {error.strerror}") from None
        self._starts = array("Q")
        self._prints = bytearray()
        self._summary: Mapping[str, Any] = {}
        try:
            self._read(seal)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def summary(self) -> Mapping[str, Any]:
        return self._summary

    def _read(self, seal: bytes) -> None:
        running = hmac.new(seal, digestmod="sha256")
        opening = self._file.readline()
        self.head = Head.from_json(self._opened(opening))
        check_hub(self.head, seal)
        running.update(opening)
        if (line := self._file.readline()) != _ACTIONS:
            raise self._altered()
        running.update(line)
        at = self._file.tell()
        for line in self._file:
            if line == _END:
                running.update(line)
                break
            self._starts.append(at)
            self._prints += _print(line)
            running.update(line)
            at += len(line)
        last, closing = self._file.readline(), self._file.readline()
        running.update(last)
        told = closing.removeprefix(_SEAL).removesuffix(b'"}\n')
        if not hmac.compare_digest(told, running.hexdigest().encode()) or self._file.read(1):
            raise self._altered()
        self._summary = json.loads(last.removeprefix(b'"summary": ').removesuffix(b",\n"))

    def _opened(self, line: bytes) -> Any:
        try:
            return json.loads(line.removeprefix(b'{"plan": ').removesuffix(b",\n"))
        except ValueError:
            return None

    def _altered(self) -> StateError:
        return StateError(f"{self._name} was altered or cut off after it was written. Nothing was done: plan again")

    def items(self) -> Iterator[PlannedAction]:
        for place in range(len(self._starts)):
            yield self._at(place)

    def fetch(self, places: Sequence[int]) -> list[PlannedAction]:
        return [self._at(place) for place in places]

    def _at(self, place: int) -> PlannedAction:
        self._file.seek(self._starts[place])
        line = self._file.readline()
        if _print(line) != self._prints[place * 8 : place * 8 + 8]:
            raise self._altered()  # between being checked and being used
        return action_of(line.removesuffix(b"\n").removesuffix(b","))


def _print(line: bytes) -> bytes:
    return blake2b(line, digest_size=8).digest()
