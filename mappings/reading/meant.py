"""Words for messages: what was probably meant, what a value is, what is odd about a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Any

from anyascii import anyascii

from mappings.reading.reader import clipped
from mappings.reading.synonyms import leaves_called, paths_called
from model import paths

# rapidfuzz is loaded where it is needed: it takes a while, and most words are right.

LONGEST_NAME = 80
"""Longer names are cut in messages, and nothing is suggested for them."""


def nearest(word: str, known: Collection[str], least: int | None = None) -> str | None:
    """The name that was probably meant: the same but for case, spaces and signs that look alike, or a similar one.

    ``least`` is how similar it has to be, out of a hundred; of short words a letter is a large part.
    """
    if not word or len(word) > LONGEST_NAME:
        return None
    bare = _bare(word)
    same = next((name for name in known if _bare(name) == bare), None)
    if same is not None:
        return same
    from rapidfuzz import fuzz, process

    found = process.extractOne(
        word, list(known), scorer=fuzz.ratio, score_cutoff=least or (65 if len(word) < 5 else 68)
    )
    return None if found is None else found[0]


def _bare(name: str) -> str:
    plain = name if name.isascii() else anyascii(name)
    return plain.strip(" \t\"'`").lower().replace("-", "_").replace(" ", "_")


ELSEWHERE = {
    **dict.fromkeys(("source", "from", "column", "name", "attribute", "property", "src"), ("field",)),
    **dict.fromkeys(("map", "mapping", "lookup", "options", "enum", "choices"), ("values",)),
    **dict.fromkeys(("format", "type", "convert", "function", "formula", "apply"), ("transform",)),
    **dict.fromkeys(("length", "size", "truncate", "maxlength", "limit"), ("max_length",)),
    **dict.fromkeys(("object", "table", "collection", "sobject", "endpoint"), ("stream",)),
    **dict.fromkeys(("on", "by", "keys", "match_on"), ("strong",)),
    **dict.fromkeys(("where", "condition", "conditions"), ("in",)),
    **dict.fromkeys(("equals", "eq", "=", "=="), ("is",)),
    **dict.fromkeys(("fixed", "literal", "static", "value"), ("constant",)),
}
"""What other products call the keys of this language."""


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """``did you mean 'Email'?`` where something is near enough."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near is not None else None


def resembling(word: str, known: Collection[str]) -> str | None:
    """Some names to choose from, where none is near enough."""
    if len(word) > LONGEST_NAME:
        return None
    from rapidfuzz import fuzz, process

    found = process.extract(word, list(known), scorer=fuzz.WRatio, limit=6)
    return f"there are, among others: {', '.join(name for name, *_ in found)}" if found else None


def shown(text: str) -> str:
    """A name out of a file, in quotes, for a message; signs that cannot be seen are spelt out."""
    return repr(clipped(text, LONGEST_NAME))


def spaced(value: Any) -> str | None:
    """A hint for a text that would be something else if a space were in it."""
    if not isinstance(value, str):
        return None
    if re.match(r"-\S", value):
        return "a space is missing behind the -"
    return "a space is missing behind the colon" if re.match(r"[\w\[\].\"']+:\S", value) else None


_SCRIPTS = ("CYRILLIC", "GREEK")


def oddity(name: str) -> tuple[str, str, str] | None:
    """Code, message and hint where a name holds what was hardly meant: spaces around it, signs like others."""
    if name.isascii() and name == name.strip():
        return None
    if name[:1] in "“”„‘’«»" and name[-1:] in "“”‘’«»":
        return "look-alike", "the typographic quotes are taken for part of the name", f'write "{name[1:-1]}"'
    if name != name.strip():
        return "padded", "the name begins or ends with a space", f"write {name.strip()!r}, if that is not meant"
    hidden = next((sign for sign in name if unicodedata.category(sign) in ("Cf", "Zs") and sign != " "), None)
    if hidden is not None:
        what_ = unicodedata.name(hidden, "an invisible sign").lower()
        return (
            "look-alike",
            f"the name holds {what_}, which cannot be seen",
            "type the name again, if that is not meant",
        )
    for word in re.findall(r"\w+", name):
        other = next((sign for sign in word if unicodedata.name(sign, "").startswith(_SCRIPTS)), None)
        if other is not None and re.search(r"[A-Za-z]", word):
            what_ = unicodedata.name(other).lower()
            return "look-alike", f"the name holds {what_} among Latin ones", "type the name again, if that is not meant"
    return None


def path_hint(text: str) -> str:
    """What to write instead of a text that is no canonical path."""
    plain = text if text.isascii() else anyascii(text)
    meant = re.sub(r"\s+", "_", re.sub(r"\s*([\[\].])\s*", r"\1", plain.strip(" \t\"'`"))).lower()
    called = list(paths_called(meant))
    if len(called) == 1 and text.isascii():
        return f"did you mean {called[0]!r}?"
    try:
        paths.split(meant)
    except ValueError:
        return _item_hint(meant) or 'such as given_name, "emails[work]" or "addresses[billing].city"'
    if text.isascii():
        return f"did you mean {meant!r}?"
    odd = next(sign for sign in text if not sign.isascii())
    return f"did you mean {meant!r}? It holds {unicodedata.name(odd, 'a strange sign').lower()}"


def _item_hint(text: str) -> str | None:
    """``emails.work`` → ``emails[work]``, ``addresses.billing.city`` → ``addresses[billing].city``."""
    name, *rest = text.split(".")
    if not rest or len(rest) > 2 or not all(part.isidentifier() for part in rest):
        return None
    if name in ("emails", "phones") and len(rest) == 1:
        return f'did you mean "{name}[{rest[0]}]"?'
    if name == "addresses":
        key, leaf = rest if len(rest) == 2 else ("billing", rest[0])
        leaf = next(leaves_called(leaf), leaf)
        return f'did you mean "{name}[{key}].{leaf}"?'
    return None


def what(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text" if value.strip() else "empty text"
    return "a list" if isinstance(value, list) else "keys and values"
