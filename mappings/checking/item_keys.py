"""Keys of list items that are nearly one of the usual ones: they may be any word, so that nobody else would notice."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mappings.language import MappingFile, Test
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from model import paths
from model.diagnostics import Severity
from model.fields import EntitySchema
from model.item_keys import ITEM_KEYS

BY_USE = ("emails", "phones", "addresses")
USES = tuple(dict.fromkeys(key for name in BY_USE for key in ITEM_KEYS[name] if key != "main"))
"""What any of them may be told apart by; only a telephone has a `main` one, which is not what `emails[mail]` means."""
CHANNELS = ("email", "phone", "sms", "post", "chat", "fax")
_SHORTEST = 4
"""Of shorter words, one with another letter is another word: a `fix` telephone is no fax."""


def check_item_keys(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    """Note near misses of usual keys, and consents without a channel or purpose."""
    for path, at, on_key in _named(mapping):
        said = None if notes.full else _near_miss(path, schema)
        if said is not None:
            message, meant = said
            hint, subject = f"did you mean {meant!r}?", f"{mapping.entity}.{path}"
            notes.add("unusual-key", message, at, subject=subject, on_key=on_key, hint=hint, severity=Severity.WARNING)


def read_or_meant(mapping: MappingFile, schema: EntitySchema) -> set[str]:
    """The paths that a mapping reads, and those it would read if all keys were spelt as usual."""
    read = {path for rule in mapping.rules if mapping.reads(rule) for path in rule.paths}
    said = (_near_miss(path, schema) for path in read)
    return read | {meant for _, meant in filter(None, said)}


def _near_miss(path: str, schema: EntitySchema) -> tuple[str, str] | None:
    """What is odd about the key in a path, and the path that was probably meant."""
    spec = schema.field(path)
    name, key, leaf = paths.split(path) if spec is not None else ("", None, None)
    if spec is None or not key or key == "*":
        return None
    said = _about_consent(key) if spec.is_consent else _about_use(name, key) if name in BY_USE else None
    return said and (said[0], f"{name}[{said[1]}]" + (f".{leaf}" if leaf else ""))


def _named(mapping: MappingFile) -> Iterator[tuple[str, Path, bool]]:
    """Canonical paths that a mapping brings in or looks for, and where they stand."""
    for rule in mapping.rules:
        if rule.each is None:
            yield from ((path, rule.at, True) for path in rule.paths)
    for path in mapping.canonical_defaults:
        yield path, ("defaults", "canonical", path), True
    for condition in mapping.filter_out:
        if condition.test is not Test.EXPR:
            yield condition.subject, (*condition.at, "path"), False


def _about_use(name: str, key: str) -> tuple[str, str] | None:
    meant = near_miss(key, (*USES, *ITEM_KEYS[name]))
    return None if meant is None else (f"{key!r} is nearly {meant!r}, and makes another item than that", meant)


def _about_consent(key: str) -> tuple[str, str] | None:
    channel, sign, purpose = key.partition(":")
    meant = near_miss(channel, CHANNELS) or channel
    if not sign or not channel or not purpose:
        return "a consent is known by its channel and its purpose", f"{meant or 'email'}:{purpose or 'any'}"
    return None if meant == channel else (f"{channel!r} is nearly the channel {meant!r}", f"{meant}:{purpose}")


def near_miss(word: str, usual: Collection[str]) -> str | None:
    """The usual word that was mistyped, by one letter or in capitals. Words with digits (``work2``) are meant so."""
    plain = word.strip().lower()
    if word in usual or not plain.isalpha():
        return None
    near = (one for one in usual if len(one) >= _SHORTEST and one[0] == plain[0] and _is_slip(plain, one))
    return plain if plain in usual else next(near, None)


def _is_slip(word: str, meant: str) -> bool:
    """Whether one letter is missing, too many, another, or two beside each other are swapped."""
    if abs(len(word) - len(meant)) == 1:
        longer, shorter = sorted((word, meant), key=len, reverse=True)
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    if len(word) != len(meant):
        return False
    wrong = [at for at, (one, other) in enumerate(zip(word, meant, strict=True)) if one != other]
    if len(wrong) == 2 and wrong[0] + 1 == wrong[1]:
        return word[wrong[0]] == meant[wrong[1]] and word[wrong[1]] == meant[wrong[0]]
    return len(wrong) == 1
