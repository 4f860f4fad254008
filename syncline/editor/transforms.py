"""The transforms of the registry as an editor sees them: names, options, and the words that options take."""

from __future__ import annotations

from collections.abc import Mapping

from mappings.transforms.base import Entry
from mappings.transforms.registry import entry_of, names, option_names
from syncline.editor.shapes import Schema, described, either, keys, one_or_several, words

OPTION_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("country", "style"): ("alpha2", "alpha3", "name"),
    ("currency", "style"): ("code", "symbol", "name"),
    ("decimal", "written"): ("text", "number"),
    ("epoch", "unit"): ("seconds", "milliseconds"),
    ("integer", "written"): ("number", "text"),
    ("language", "style"): ("tag", "underscore", "name"),
    ("money", "written"): ("text", "number"),
    ("phone", "extension"): ("keep", "drop"),
    ("phone", "style"): ("e164", "international", "national"),
    ("street", "number"): ("last", "first"),
    ("text", "of"): ("text", "integer", "number", "boolean"),
    ("url", "scheme"): ("https", "http"),
    ("zone", "style"): ("iana", "windows"),
}
"""Options that take one of some words. A test holds them to what the registry takes."""


def transform(field: Schema) -> Schema:
    """What stands after ``transform:``: one, or a list of them from the record to the canonical side.

    ``field`` is the shape of options that name a field beside the rule's own.
    """
    entries = {name: entry_of(name) for name in names()}
    bare = [name for name, entry in entries.items() if not entry.needs_main]
    named = words(bare, {name: entries[name].summary for name in bare})
    with_options: Schema = {
        **keys({name: described(_options(name, entry, field), entry.summary) for name, entry in entries.items()}),
        "minProperties": 1,
        "maxProperties": 1,
    }
    return one_or_several(either(named, with_options))


def _options(name: str, entry: Entry, field: Schema) -> Schema:
    options = {option: _option(name, option, entry, field) for option in option_names(entry)}
    by_name: Schema = keys(options, required=(entry.main,) if entry.needs_main and entry.main else ())
    alone: Schema = {"type": "null"}
    if entry.main is not None:
        main = options.get(entry.main, {})
        free = main.keys() <= {"description"}
        alone = {**main, "type": ["string", "number", "boolean", "array"]} if free else main
    return either(alone, by_name) if options else {"type": ["null", "object"], "maxProperties": 0}


def _option(name: str, option: str, entry: Entry, field: Schema) -> Schema:
    known = OPTION_WORDS.get((name, option))
    shape = field if option.endswith("_field") else words(known) if known is not None else {}
    return described(shape, entry.options.get(option, ""))
