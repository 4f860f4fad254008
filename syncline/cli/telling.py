"""Diagnostics for people: a line each where something reads along, and room to read where somebody does."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from model.diagnostics import Diagnostic, Severity
from syncline.cli.output import Output, clean, counted

_MARGIN = 9
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}


def tell(output: Output, found: Sequence[Diagnostic]) -> None:
    """Everything found, with the code that ``--explain`` takes."""
    width = shutil.get_terminal_size((100, 24)).columns
    for one in found:
        for line in [plainly(one)] if output.plain else roomy(one, width, color=output.color):
            output.line(line)


def plainly(one: Diagnostic) -> str:
    """``file:line:column place: message (hint) [code]``, as compilers say it and editors read it."""
    return clean(f"{one} [{one.code}]")


def roomy(one: Diagnostic, width: int, *, color: bool) -> Iterator[str]:
    """Severity, place and code on a line; below it what is wrong, and what to do."""
    head, tail = clean(one.place or "the project"), f"[{one.code}]"
    label = f"{one.severity.value:<{_MARGIN - 1}} "
    if color:
        label, tail = f"\x1b[{_COLOURS[one.severity]};1m{label}\x1b[0m", f"\x1b[2m{tail}\x1b[0m"
    yield f"{label}{head} {tail}"
    said = f"{one.path}: {one.message}" if one.path else one.message
    for text, first in ((said, ""), (one.hint, "→ ")):
        if text:
            yield from _wrapped(clean(first + text), max(40, min(width, 110)), " " * len(first))
    yield ""


def _wrapped(text: str, width: int, hanging: str) -> list[str]:
    margin = " " * _MARGIN
    return textwrap.wrap(
        text,
        width - 1,
        initial_indent=margin,
        subsequent_indent=margin + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counts(found: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 note``."""
    numbers = Counter(one.severity for one in found)
    return ", ".join(counted(numbers[severity], severity.value) for severity in Severity if numbers[severity])
