"""Quotes that were opened and not closed: which one of a line it is, and where it was probably meant to end."""

from __future__ import annotations

import re

from mappings.reading.draft import end_of

_OPENED = re.compile(r"(?:^\s*|[:\-]\s+|[\[{,]\s*)(?P<quote>[\"'])")
_KEY_ENDS = re.compile(r":(?=\s|\Z)")
_ITEM_ENDS = re.compile(r",|:(?=\s|\Z)")
_OPENS_A_VALUE = re.compile(r"(?:^|[:\-]\s|[\[{,])\s*\Z")


def unclosed(text: str) -> tuple[int, int] | None:
    """Where a quote is opened that its line does not close, and where its closing one belongs."""
    at = 0
    while (found := _OPENED.search(text, at)) is not None:
        start = found.start("quote")
        close = _closing(text, start)
        if close is None or _opens(text, start, close):
            return start, _meant_end(text, start, len(text) if close is None else close)
        at = close + 1
    return None


def _closing(text: str, start: int) -> int | None:
    """Where the quote at ``start`` ends: escapes and doubled quotes are part of the text."""
    inside = r'(?:[^"\\]|\\.)*"' if text[start] == '"' else r"(?:[^']|'')*'(?!')"
    found = re.compile(inside).match(text, start + 1)
    return None if found is None else found.end() - 1


def _opens(text: str, start: int, place: int) -> bool:
    """Whether the quote at ``place`` begins a text of its own instead of ending the one that begins at ``start``."""
    if text[place + 1 : place + 2].strip(" ,:]}") == "":
        return False
    return _OPENS_A_VALUE.search(text[start + 1 : place]) is not None


def _meant_end(text: str, start: int, limit: int) -> int:
    """A key ends in front of its colon, an element in front of the comma, any other text with the line."""
    limit = min(limit, max(end_of(text), start + 1))
    before = text[:start]
    opened = before.count("[") + before.count("{") - before.count("]") - before.count("}")
    ends = _ITEM_ENDS if opened > 0 else _KEY_ENDS if not before.strip(" -") else None
    found = ends.search(text, start + 1, limit) if ends is not None else None
    if found is not None:
        return start + 1 + len(text[start + 1 : found.start()].rstrip())
    end = start + 1 + len(text[start + 1 : limit].rstrip())
    inside = text[start + 1 : end]
    surplus = inside.count("]") + inside.count("}") - inside.count("[") - inside.count("{")
    for _ in range(min(opened, surplus)):  # these close what was opened in front of the quote
        if text[end - 1] in "]}":
            end = start + 1 + len(text[start + 1 : end - 1].rstrip())
    return end
