"""Whether a rule's value is of the kind its canonical field holds: constants, tables, transforms."""

from __future__ import annotations

from typing import Any, Protocol

from mappings.codec import word
from mappings.language import Rule, Table, Unknown
from mappings.reading.meant import did_you_mean, nearest, shown
from mappings.transforms.base import Transform, UnfitError
from mappings.transforms.registry import build, of_kind
from model.diagnostics import Severity
from model.fields import FieldSpec, Kind

_AS_TEXT = frozenset({Kind.EMAIL, Kind.PHONE, Kind.URL, Kind.COUNTRY, Kind.LANGUAGE, Kind.TIMEZONE, Kind.DATE})
"""Kinds whose values can be elements of a set."""
_AS_CHOICE = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.COUNTRY, Kind.LANGUAGE, Kind.TIMEZONE})
_IN_TEXT = _AS_TEXT | {Kind.INTEGER, Kind.DECIMAL, Kind.DATETIME}
"""Kinds whose values a text can hold, which then holds nothing else."""
_OF_THEIR_OWN = frozenset({"time", "region", "currency", "lines", "street", "full_name"})
"""Transforms whose text means one thing, and can be no date or address in the web."""
_IN_WORDS = {
    Kind.TEXT: "text",
    Kind.INTEGER: "a whole number",
    Kind.MONEY: "money",
    Kind.DATETIME: "a moment",
    Kind.EMAIL: "an e-mail address",
    Kind.PHONE: "a telephone number",
    Kind.URL: "a web address",
    Kind.TIMEZONE: "a time zone",
}
_NAMED_AS_THEIR_TRANSFORM = _IN_TEXT | {Kind.BOOLEAN}
_WITHOUT_LETTERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.PHONE})
_OF_LETTERS = frozenset({"lower", "upper", "title"})


class Speaker(Protocol):
    """Notes what is wrong with a rule, at the value of one of its keys; at the key itself, if asked."""

    def __call__(
        self,
        code: str,
        message: str,
        *at: str | int,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        on_key: bool = False,
    ) -> None: ...


def a_kind(kind: Kind) -> str:
    """A kind with its article, for messages."""
    return _IN_WORDS.get(kind, f"a {kind.value}")


def check_kind(rule: Rule, spec: FieldSpec, say: Speaker, *, reads: bool, writes: bool) -> None:
    """Note what the field of a rule with one path cannot hold."""
    kind = spec.kind
    if rule.constant is not None:
        if kind is Kind.SET and not rule.is_set:
            say(
                "kind-mismatch",
                f"the canonical field is {a_kind(kind)}, and the rule makes one value",
                hint="list: set",
            )
        else:
            check_constant(rule.constant, spec, say, "constant")
        return
    if (kind is Kind.REFERENCE) != (rule.reference is not None):
        if rule.reference is not None:
            message = f"the canonical field is {a_kind(kind)}, not a reference to another record"
            say("kind-mismatch", message, "reference", hint="leave reference out, or map another path")
        else:
            hint = f"reference: <the stream that holds the {spec.target}>"
            message = f"the canonical field points to another record ({spec.target}); say in which stream"
            say("kind-mismatch", message, hint=hint)
        return
    if (kind is Kind.SET) != rule.is_set:
        hint = "list: set" if kind is Kind.SET else "leave list out"
        other = "the rule makes one value" if kind is Kind.SET else "the rule makes a set"
        say("kind-mismatch", f"the canonical field is {a_kind(kind)}, and {other}", hint=hint)
        return
    if kind is Kind.MONEY and rule.table is None and not rule.transforms and not rule.expr:
        message = "the canonical field is an amount with its currency, and the rule names none"
        say("kind-mismatch", message, hint="transform: {money: EUR}, or a currency_field")
    if rule.table is not None:
        _check_table(rule.table, spec, say, reads=reads, writes=writes)
    elif rule.transforms:
        last = rule.transforms[-1]
        _check_result(build(last.name, last.options), spec, say)


def _check_result(last: Transform, spec: FieldSpec, say: Speaker) -> None:
    """Whether what the last transform makes is a value of the field."""
    wanted, given = spec.kind, last.kinds
    if not given or wanted in given:
        return
    if last.name in _OF_LETTERS and wanted in _WITHOUT_LETTERS:
        message = f"{last.name} changes letters, and the canonical field is {a_kind(wanted)}, which has none"
        say("kind-mismatch", message, "transform", hint="leave the transform out", severity=Severity.WARNING)
    elif wanted is Kind.TEXT and given & _IN_TEXT:
        made = _listed(given)
        message = f"{last.name} makes {made}, and the canonical field is text: any other text in it would be parked"
        hint = "leave the transform out, or map a canonical field of that kind"
        say("kind-mismatch", message, "transform", hint=hint, severity=Severity.WARNING)
    elif not _can_become(last, wanted):
        message = f"{last.name} makes {_listed(given)}, and the canonical field is {a_kind(wanted)}"
        say("kind-mismatch", message, "transform", hint=_instead(given, wanted))


def _can_become(last: Transform, wanted: Kind) -> bool:
    """Whether the field's kind goes on from what the transform makes without saying anything new."""
    given = last.kinds
    if wanted is Kind.REFERENCE:
        return Kind.TEXT in given
    if given == {Kind.TEXT}:
        return wanted is Kind.CHOICE or (last.name not in _OF_THEIR_OWN and wanted is not Kind.MONEY)
    if wanted is Kind.SET:
        return Kind.TEXT in given or bool(given & _AS_TEXT)
    if wanted is Kind.CHOICE:
        return bool(given & _AS_CHOICE)
    return wanted is Kind.DECIMAL and Kind.INTEGER in given


def _listed(kinds: frozenset[Kind]) -> str:
    return " or ".join(a_kind(kind) for kind in sorted(kinds, key=lambda kind: kind is Kind.TEXT))


def _instead(given: frozenset[Kind], wanted: Kind) -> str:
    """What to write instead of a transform that makes another kind."""
    if wanted is Kind.DATE and Kind.DATETIME in given:
        return "use date, or day for the day of a moment"
    if wanted is Kind.TEXT and Kind.BOOLEAN in given:
        return "transform: {text: boolean}"
    other = {Kind.MONEY: "{money: EUR}", Kind.TIMEZONE: "zone"}.get(wanted)
    named = other or (wanted.value if wanted in _NAMED_AS_THEIR_TRANSFORM else None)
    return f"transform: {named}, or map another path" if named else "map another path"


def _check_table(table: Table, spec: FieldSpec, say: Speaker, *, reads: bool, writes: bool) -> None:
    choices = spec.choices or (("true", "false") if spec.kind is Kind.BOOLEAN else ())
    listed = [str(canonical) for canonical, _ in table.rows]
    meant = {nearest(canonical, choices) for canonical in listed}
    for canonical in listed:
        if choices and canonical not in choices:
            say(
                "unknown-option",
                f"{shown(canonical)} is not one of the field's choices",
                "values",
                canonical,
                hint=did_you_mean(canonical, choices) or f"there are: {', '.join(choices)}",
                on_key=True,
            )
    default = table.default
    if default is not None and choices and default not in choices:
        hint = did_you_mean(default, choices) or f"there are: {', '.join(choices)}"
        say("unknown-option", "the default is not one of the field's choices", "unknown", "default", hint=hint)
    if spec.choices is not None and table.unknown is Unknown.KEEP and reads:
        message = "the field has nothing but its choices: a value that is not listed, and none of them, is parked"
        hint = "unknown: park says so, collect lists it, {default: …} makes one of the choices of it"
        say("keeps-nothing", message, "unknown", hint=hint, severity=Severity.WARNING)
    missing = [choice for choice in choices if choice not in listed and choice not in meant]
    wrong = table.unknown is Unknown.DEFAULT and default is None  # what it was to be is said where it was read
    stands_in = table.unknown is Unknown.KEEP or default in listed or wrong
    if missing and writes and not stands_in:
        say(
            "options-unmapped",
            f"the table has no row for {', '.join(missing)}: such a value would be parked on its way out",
            "values",
            severity=Severity.NOTE,
        )
    if reads:
        _one_value_twice(table, say, writes=writes)


def _one_value_twice(table: Table, say: Speaker, *, writes: bool) -> None:
    """A record value in two rows is read as what the first of them says.

    Where it is what the second is written as, that is a loss somebody may well want; else it is a slip of the hand.
    """
    first: dict[str, str] = {}
    lost: dict[str, list[str]] = {}
    for canonical, values in table.rows:
        only_read = canonical in table.only_read
        for index, value in enumerate(values):
            other = first.setdefault(word(value), canonical)
            if other == canonical:
                continue
            if writes and index == 0 and not only_read:
                lost.setdefault(word(value), []).append(canonical)
                continue
            message = f"{shown(word(value))} stands for {shown(other)}, too, and is always read as that"
            at: list[str | int] = ["values", canonical, *(["read"] if only_read else [])]
            at += [index] if len(values) > 1 else []
            say("value-twice", message, *at, hint="keep it in one of the rows", severity=Severity.WARNING)
    for value, several in lost.items():
        names = f"{' and '.join(map(shown, several))} {'is' if len(several) == 1 else 'are'}"
        message = f"{names} written as {shown(value)}, which is read back as {shown(first[value])}"
        hint = "right where the system has no more values; else give each a value of its own"
        say("value-twice", message, "values", several[0], hint=hint, severity=Severity.NOTE)


def check_constant(value: Any, spec: FieldSpec, say: Speaker, *at: str | int) -> None:
    """Note a value that is none of the field's, in its canonical form."""
    try:
        if spec.kind is Kind.SET:
            fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
        elif spec.kind is Kind.REFERENCE:
            fits = False
        else:
            fits = of_kind(spec).forward(value) == value
    except UnfitError:
        fits = False
    if fits:
        return
    hint = f"one of: {', '.join(spec.choices)}" if spec.choices else f"in its canonical form, as {spec.kind.value}"
    hint = "map the field that holds the key, with reference" if spec.kind is Kind.REFERENCE else hint
    say("bad-constant", f"the canonical field is {a_kind(spec.kind)} and cannot have this value", *at, hint=hint)
