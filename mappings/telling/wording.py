"""The constructs of the language in words, for people who do not read YAML.

Each field of `Rule` has an entry in `RULE_WORDS` (a test holds the two together); one that is new and has none is
still told, by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

from mappings.codec import word
from mappings.contract import Blank, Direction, Strength
from mappings.language import Condition, Lifecycle, Loss, Rule, Step, Table, Test, Unknown, field_text, one_line
from mappings.transforms.registry import TRANSFORMS
from model import paths
from model.fields import EntitySchema, Kind

ARROWS = {Direction.IN: "→", Direction.OUT: "←", Direction.BOTH: "↔"}

STRENGTHS: Mapping[Strength, str] = {
    Strength.ON_CHANGE: "",
    Strength.ENFORCE: "an edit made there is put back",
    Strength.IF_EMPTY: "written only where the record has nothing",
    Strength.CREATE_ONLY: "written only when the record is created",
}

LOSSES: Mapping[Loss, str] = {
    Loss.CASE: "upper and lower case",
    Loss.SPACE: "spaces",
    Loss.FORMAT: "everything but letters and digits",
    Loss.ACCENTS: "accents",
    Loss.SECONDS: "fractions of a second",
    Loss.LINES: "the number of lines (surplus lines go into the last field)",
}

UNKNOWN: Mapping[Unknown, str] = {
    Unknown.PARK: "a value that is not listed is set aside until somebody looks at it",
    Unknown.COLLECT: "a value that is not listed is set aside and put on the list of new options",
    Unknown.KEEP: "a value that is not listed goes through as it is",
    Unknown.DEFAULT: "a value that is not listed counts as",
}

_COUNTRY = {"alpha2": "two letters", "alpha3": "three letters", "name": "its name"}
_PHONE = {"e164": "+12065550100", "international": "+1 206 555 0100", "national": "(206) 555-0100"}

_STEPS: Mapping[str, str] = {
    "phone": "any notation of a telephone number, the international one in the hub",
    "country": "any common spelling of a country, two letters in the hub",
    "language": "any common spelling of a language, its code in the hub",
    "email": "an e-mail address, its domain in small letters",
    "date": "a day",
    "datetime": "a moment",
    "time": "a time of day",
    "money": "an amount of money",
    "decimal": "a number",
    "lines": "several lines in one text",
    "join": "one text out of several fields",
    "full_name": "exactly two words are given and family name, otherwise the parts are not guessed",
}
"""What readers are told of a transform; of others, the summary they bring."""

_KINDS: Mapping[Kind, str] = {
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a day, as 2026-11-21",
    Kind.DATETIME: "a moment, as 2026-11-21T08:00:00Z",
    Kind.EMAIL: _STEPS["email"],
    Kind.PHONE: "a telephone number in international form",
    Kind.COUNTRY: "any common spelling of a country, written as two letters",
    Kind.LANGUAGE: "any common spelling of a language, written as its code",
    Kind.URL: "a web address in one spelling",
    Kind.TIMEZONE: "the name of a time zone",
}
"""What becomes of a value by the kind of its field alone."""


def code(value: Any) -> str:
    """A value or a name as it is written; safe inside a table."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, Mapping):
        text = ", ".join(f"{name}: {_bare(item)}" for name, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = ", ".join(map(_bare, value))
    else:
        text = "null" if value is None else _bare(value)
    text = text.replace("\n", "⏎").replace("|", "\\|")
    if not text.strip():
        return f"“{text}”"
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"


def _bare(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_bare(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_bare, value)) + "]"
    return "null" if value is None else str(value.value if isinstance(value, Enum) else value)


def prose(text: str) -> str:
    """Text of a person, safe inside a table and a paragraph."""
    return " ".join(text.split()).replace("|", "\\|")


def an(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def label(path: str, schema: EntitySchema) -> str:
    """What people call a canonical path: ``E-mail address (work)``, ``City (billing address)``."""
    try:
        name, key, leaf = paths.split(path)
    except ValueError:
        return path
    spec = schema.field(path.replace("[*]", "[x]"))
    text = (spec.label if spec is not None else "") or (leaf or name).replace("_", " ").capitalize()
    if key is None:
        return text
    if key == "*":
        return f"{text} (any)"
    one = name.removesuffix("es") if name.endswith("sses") else name.removesuffix("s")
    return f"{text} ({key.replace(':', ' ')} {one})" if leaf else f"{text} ({key})"


def step_words(step: Step) -> str:
    """A transform in words, with the options given."""
    entry = TRANSFORMS.get(step.name)
    words = _STEPS.get(step.name) or (entry.summary if entry is not None else "") or step.name.replace("_", " ")
    words += f", as {step.origin} has it" if step.origin else ""
    given = step.options
    if given is None:
        return f"{words}, a line each" if step.name == "join" else words
    if not isinstance(given, Mapping):
        given = {(entry.main if entry is not None else None) or "": given}
    said = [text for option, value in given.items() if (text := _option(step.name, str(option), value))]
    return f"{words} ({'; '.join(said)})"


def _words(words: Any) -> str:
    return " or ".join(code(str(word)) for word in (words if isinstance(words, list) else [words]))


def _option(transform: str, option: str, value: Any) -> str:
    if transform == "country" and option == "style":
        return f"there {_COUNTRY.get(str(value), value)}"
    if transform == "phone" and option == "region":
        return f"a number without a prefix belongs to {value}"
    if transform == "phone" and option == "region_field":
        return f"or to the country in {code(value)}"
    if transform == "phone" and option == "countries":
        return f"which writes {', '.join(f'{country} as {_words(words)}' for country, words in value.items())}"
    if transform == "phone" and option == "style":
        return f"written like {code(_PHONE[value])}" if value in _PHONE else f"written as {value}"
    if transform == "money" and option == "currency":
        return f"always in {value}"
    if option.endswith("_field"):
        return f"{option.removesuffix('_field').replace('_', ' ')} in {code(value)}"
    return f"{option.replace('_', ' ')} {code(value)}".strip()


def short(rule: Rule, *, outward: bool = False) -> str:
    """How a rule converts, in a few words, in the order in which it does: ``expression, title``, ``table``."""
    parts = ["expression"] if rule.expr else ["constant"] if not rule.fields and rule.constant is not None else []
    parts += [step.name for step in rule.transforms]
    if rule.reference is not None:
        parts.append(f"reference to {rule.reference.stream}")
    if rule.table is not None:
        parts.append("table")
    if rule.is_set:
        parts.append("set")
    if rule.each is not None:
        parts.append(f"items by {field_text(rule.each.key)}")
    return ", ".join(reversed(parts) if outward else parts)


def condition_words(condition: Condition) -> str:
    subject = code(condition.subject)
    operand = condition.operand
    if condition.test is Test.EXPR:
        return f"{code(one_line(operand))} is true"
    if condition.test is Test.PRESENT:
        return f"{subject} has a value" if operand else f"{subject} has no value"
    if condition.test is Test.IN:
        return f"{subject} is one of {', '.join(map(code, operand))}"
    words = {Test.IS: "is", Test.NOT: "is not", Test.MATCHES: "looks like"}
    return f"{subject} {words.get(condition.test, condition.test.value)} {code(operand)}"


def _transforms(rule: Rule) -> str:
    return ", then ".join(map(step_words, rule.transforms))


def _reference(rule: Rule) -> str:
    found = rule.reference
    if found is None:
        return ""
    text = f"points to a record of {code(found.stream)}"
    if found.starts:
        text += f", whose keys begin with {code(found.starts)}"
    return f"{text} (its key is a number there)" if found.number else text


def _table(rule: Rule) -> str:
    return "by the table of values below" if rule.table is not None else ""


def _set(rule: Rule) -> str:
    return "a set, each value once" if rule.is_set else ""


def _separator(rule: Rule) -> str:
    return f"one text there, values separated by {code(rule.separator)}" if rule.separator else ""


def _each(rule: Rule) -> str:
    if rule.each is None:
        return ""
    return f"a list of items, told apart by {code(field_text(rule.each.key))}; its fields are below"


def _length(rule: Rule) -> str:
    signs = "1 character" if rule.max_length == 1 else f"{rule.max_length} characters"
    return f"cut to {signs} on its way there" if rule.max_length is not None else ""


def _loses(rule: Rule) -> str:
    lost = ", ".join(LOSSES.get(loss, loss.value) for loss in sorted(rule.loses))
    return f"the system may change {lost}, which counts as no edit" if lost else ""


def _blank_in(rule: Rule) -> str:
    return "becoming empty there changes nothing here" if rule.blank_in is Blank.IGNORE else ""


def _blank_out(rule: Rule) -> str:
    return "becoming empty here changes nothing there" if rule.blank_out is Blank.IGNORE else ""


def _constant(rule: Rule) -> str:
    return f"always {code(rule.constant)}" if rule.constant is not None else ""


def _computed(rule: Rule) -> str:
    return f"computed: {code(' '.join(rule.expr.split()))}" if rule.expr else ""


def _conditions(conditions: tuple[Condition, ...], what: str) -> str:
    return f"{what} where {' and '.join(map(condition_words, conditions))}" if conditions else ""


def _default(rule: Rule) -> str:
    return f"a new record gets {code(rule.default)} where there is no value" if rule.default is not None else ""


def _placeholder(rule: Rule) -> str:
    return f"{code(rule.placeholder)} there stands for no value" if rule.placeholder is not None else ""


def _empty(rule: Rule) -> str:
    return "empty text counts as a value" if rule.empty_kept else ""


_LIFECYCLES = {Lifecycle.PROPOSED: "**proposed**: no run uses it", Lifecycle.DEPRECATED: "**to go**: runs still use it"}

RULE_WORDS: Mapping[str, Callable[[Rule], str]] = {
    "lifecycle": lambda rule: _LIFECYCLES.get(rule.lifecycle, ""),
    "constant": _constant,
    "expr": _computed,
    "transforms": _transforms,
    "reference": _reference,
    "table": _table,
    "is_set": _set,
    "separator": _separator,
    "each": _each,
    "strength": lambda rule: STRENGTHS.get(rule.strength, rule.strength.value.replace("_", " ")),
    "blank_in": _blank_in,
    "blank_out": _blank_out,
    "empty_kept": _empty,
    "default": _default,
    "placeholder": _placeholder,
    "max_length": _length,
    "loses": _loses,
    "when_in": lambda rule: _conditions(rule.when_in, "only read"),
    "when_out": lambda rule: _conditions(rule.when_out, "only written"),
}
"""What each field of a rule means, in words; empty where it means nothing particular."""

IN_COLUMNS = frozenset({"paths", "fields", "direction"})
"""Fields of a rule that have a column of their own in a page."""

UNSAID = frozenset({"at", "direction_given"})
"""Fields of a rule that mean nothing to a reader."""

_OUTWARD = frozenset({"strength", "blank_out", "default", "max_length", "when_out"})


def rule_words(rule: Rule, *, writes: bool, kind: Kind | None = None) -> str:
    """A rule's conversions and policies as one sentence; of a rule that writes nothing, only how it is read."""
    said = list(_said(rule, writes=writes))
    if (
        kind is not None
        and kind in _KINDS
        and (rule.fields or rule.expr)
        and not (rule.transforms or rule.table or rule.each)
    ):
        said.insert(0, _KINDS[kind])
    return "; ".join(said) or "as it is"


def _said(rule: Rule, *, writes: bool) -> Iterator[str]:
    for name, words in RULE_WORDS.items():
        if (writes or name not in _OUTWARD) and (text := words(rule)):
            yield text
    for one in fields(rule):
        if one.name in RULE_WORDS or one.name in IN_COLUMNS or one.name in UNSAID:
            continue
        value = getattr(rule, one.name)
        plain = one.default if one.default is not MISSING else None
        if value != plain:
            listed = isinstance(value, tuple) and all(isinstance(item, Condition) for item in value)
            text = " and ".join(map(condition_words, value)) if listed else code(value)
            yield f"{one.name.replace('_', ' ')}: {text}"


def unknown_words(table: Table) -> str:
    """What becomes of a value that the table does not list."""
    text = UNKNOWN.get(table.unknown, table.unknown.value)
    return f"{text} {code(table.default)}" if table.unknown is Unknown.DEFAULT else text


def table_rows(table: Table) -> Iterator[tuple[str, str]]:
    """Canonical value and record values, the one that is written first."""
    meant: dict[str, str] = {}
    for canonical, listed in table.rows:
        for item in listed:
            meant.setdefault(word(item), canonical)
    for canonical, listed in table.rows:
        first, *more = map(code, listed)
        said = [f"also read: {', '.join(more)}"] if more else []
        if canonical in table.only_read:
            said.append("only read, never written")
        if meant[word(listed[0])] != canonical:
            said.append(f"read back as {code(meant[word(listed[0])])}")
        yield code(canonical), f"{first} ({'; '.join(said)})" if said else first
