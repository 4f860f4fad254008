"""A problem in what a person wrote: where it is, what is wrong, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. ``line`` and ``column`` count from 1; ``path`` is the place inside the document or record.

    ``code`` is stable and kebab-case (``unknown-field``), so that scripts and suppressions can rely on it.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    hint: str | None = None

    @property
    def place(self) -> str:
        """``file:line:column``, as far as known; editors and terminals make it clickable."""
        parts = [self.file or "", str(self.line) if self.line else "", str(self.column) if self.column else ""]
        return ":".join(part for part in parts if part)

    def __str__(self) -> str:
        head = " ".join(part for part in (self.place, self.path) if part)
        text = f"{head}: {self.message}" if head else self.message
        if self.severity is not Severity.ERROR:
            text = f"{self.severity}: {text}"
        return f"{text} ({self.hint})" if self.hint else text
