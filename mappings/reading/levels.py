"""Lines that begin where none can: which one is off, and where it was probably meant to begin."""

from __future__ import annotations

from mappings.reading.draft import Draft, Trouble, indent_of, says

_CODE = "bad-indentation"


def spaces_for_tabs(draft: Draft, line: int) -> None:
    """A run of lines with tabs is one mistake, and becomes as deep as the lines around it let it be."""
    width = _depth(draft, line)
    first = _blank(draft.lines[line]).count("\t")
    for number in range(line, len(draft.lines)):
        text = draft.lines[number]
        blank = _blank(text)
        if text.strip() and "\t" not in blank:
            break
        draft.change(number, 0, len(blank), " " * max(0, width + 2 * (blank.count("\t") - first)))


def _blank(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" \t"))]


def _depth(draft: Draft, line: int) -> int:
    """How deep a line with tabs is meant to be: below a key that has no value, beside what is below it, or above it."""
    above, below = draft.before(line), draft.after(line)
    if above is None:
        return 0
    width = draft.width(above)
    if draft.opens(above):
        return width + 2
    if below is None or "\t" in _blank(draft.lines[below]) or draft.width(below) > width or not draft.opens(line):
        return width
    asked = draft.width(below)
    lesser = [indent_of(text) for text in draft.lines[:line] if says(text) and indent_of(text) < asked]
    return max(lesser, default=0)


def too_deep(draft: Draft, line: int, above: int) -> Trouble:
    """A line that is indented below one that has a value already."""
    own, width = draft.width(line), draft.width(above)
    bare = draft.before(above)
    if bare is not None and draft.width(bare) == width and draft.opens(bare):
        draft.change(above, 0, width, " " * own)
        return Trouble(_CODE, "belongs below the key above it", above, width, f"{own} spaces, as the line below it")
    block = draft.block(line)
    hint = "begin it where the line above begins"
    if sum(draft.width(number) == own for number in block) > 1:
        for number in block:
            draft.leave_out(number)
        hint = "begin these lines where the line above begins, or give them a key of their own"
    else:
        draft.indent(line, width)
    return Trouble(_CODE, "is indented below a line that has a value already", line, own, hint)


def between(draft: Draft, line: int) -> Trouble:
    """A line that begins between two levels, or another one that is off and makes it seem so."""
    own = draft.width(line)
    lower = draft.above(line, below_width=own)
    deeper = [number for number in range(0 if lower is None else lower + 1, line) if says(draft.lines[number])]
    if not deeper and (lower is None or not _is_outlier(draft, lower, own, line)):
        column = draft.width(line)
        for number in draft.block(line):
            draft.leave_out(number)
        return Trouble(
            _CODE, "is indented like no line above it", line, column, "as many spaces as the lines beside it"
        )
    level = min(map(draft.width, deeper), default=0)
    first = [number for number in deeper if draft.width(number) == level]
    if len(first) == 1 and first == deeper[:1] and _goes_on(draft, line, own):
        draft.indent(first[0], own)
        return Trouble(_CODE, "is indented more than the lines below it", first[0], level, f"{own} spaces")
    if lower is not None and _is_outlier(draft, lower, own, line):
        width = draft.width(lower)
        draft.change(lower, 0, width, " " * own)
        return Trouble(_CODE, "is indented less than the lines around it", lower, width, f"{own} spaces")
    target = _nearer(draft, line, 0 if lower is None else draft.width(lower), level)
    draft.indent(line, target)
    return Trouble(_CODE, "is indented like no line above it", line, own, f"{target} spaces, as the lines beside it")


def _goes_on(draft: Draft, line: int, own: int) -> bool:
    """Whether the next line of the same standing begins where this one does, or there is none."""
    beside = draft.after(line)
    while beside is not None and draft.width(beside) > own and draft.opens(line):
        beside = draft.after(beside)
    return beside is None or draft.width(beside) == own


def _is_outlier(draft: Draft, lower: int, own: int, line: int) -> bool:
    """Whether it is the line in front that is off: those before it and those behind the other go on at one level."""
    before, below = draft.above(lower, below_width=own + 1), draft.after(line)
    if before is None or draft.width(before) != own:
        return False
    return below is None or draft.width(below) <= own or draft.opens(line)


def _nearer(draft: Draft, line: int, lower: int, deeper: int) -> int:
    own, below = draft.width(line), draft.after(line)
    if below is not None and draft.width(below) > own and draft.opens(line):  # what lies below it has to stay there
        return lower if deeper >= draft.width(below) else deeper
    return lower if own - lower < deeper - own else deeper
