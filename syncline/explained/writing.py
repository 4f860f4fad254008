"""Codes of `mappings.reading.parse`: how a mapping is written."""

from __future__ import annotations

from syncline.explained.entry import Entry

WRITING = {
    "empty-example": Entry(
        "The example does not say enough to be tested: a record without what becomes of it, or the other way round.",
        "Give `record` and `canonical`; or `problems`, `skipped: true`, `write`, `write: none`.",
    ),
    "bad-example": Entry(
        "What the example says can never come true: a value that its field cannot have, a reference that is no key, "
        "or keys that contradict each other.",
        "Write the value as the hub holds it (`+4930123456`, `DE`, `2026-11-21`); leave out what does not go together.",
    ),
    "untested-example": Entry(
        "This part of the example concerns a direction in which the mapping never goes.",
        "Leave it out, or widen the mapping's direction.",
    ),
    "example-unmapped": Entry(
        "The example names a canonical path that no rule reads or writes, or a record field that no rule writes.",
        "Correct the name, add the rule, or leave it out of the example.",
    ),
    "update-against-direction": Entry(
        "`update` names a way that the mapping's own `direction` leaves out.",
        "Take it out of `update`, or widen the direction.",
    ),
    "unknown-base": Entry(
        "`extends` names a file that does not exist, cannot be read, or does not lie below `mappings/`.",
        "Write its path as seen from `mappings/`, with or without `.yaml`: `shared/shop`.",
    ),
    "extends-itself": Entry(
        "A file extends itself, directly or through others.",
        "Move what they share into a file of its own that extends none of them.",
    ),
    "extends-too-deep": Entry(
        "A file extends a file that extends a file, over more than five levels.",
        "Name several files in one `extends` instead.",
    ),
    "unusable-base": Entry(
        "The file that is extended is no YAML, or holds something else than keys and values.",
        "Mend it; its own mistakes are listed with its lines.",
    ),
    "nothing-to-remove": Entry(
        "A key is taken away with `null`, but nothing that the file extends has it.",
        "Look whether the shared file was changed meanwhile, and take the line out.",
    ),
    "not-a-mapping": Entry(
        "Keys and values are expected here, and there is something else: a text, a list, nothing.",
        "Write `key: value` lines, indented below their name, or `{key: value}`.",
    ),
    "not-a-list": Entry(
        "A list is expected here.",
        "Write `[one, two]`, or a line `- one` for each.",
    ),
    "not-text": Entry(
        "Text is expected here, and there is a number, a truth value, a list or nothing.",
        "Put a value that only looks like a number or a truth value in quotes.",
    ),
    "not-boolean": Entry(
        "`true` or `false` is expected here. In YAML 1.2 `yes`, `no`, `on` and `off` are text.",
        "Write true or false, without quotes.",
    ),
    "not-in-range": Entry(
        "A number is expected here that lies within the bounds the message names.",
        "Write such a number, without quotes.",
    ),
    "unknown-key": Entry(
        "There is no such key in this place. It is misspelt, belongs to another level, or to another product.",
        "See the keys in the mapping language or the example configuration; an editor with the JSON Schema lists them.",
    ),
    "missing-key": Entry(
        "A key without which the rest means nothing is not there.",
        "Add it.",
    ),
    "unknown-choice": Entry(
        "The value is none of the words that can stand here. They are written in small letters.",
        "Choose one of those the message lists.",
    ),
    "bad-name": Entry(
        "A mapping, connection or file needs a name that can stand on a command line and in an address.",
        "Use letters, digits, - and _ (connections: small letters).",
    ),
    "name-differs": Entry(
        "The mapping calls itself otherwise than its file. Both work, but people will look for the wrong one.",
        "Rename the file, or leave the key `mapping` out.",
    ),
    "bad-rule": Entry(
        "The keys of this rule do not go together, or the rule is neither a field's name nor keys and values.",
        "See the table of keys under Rules in the mapping language.",
    ),
    "bad-condition": Entry(
        "A condition of a filter or of `when` has one subject and exactly one test, or is an expression.",
        "Write for example `{field: Status, not: Closed}`; several conditions in a list must all hold.",
    ),
    "plain-pattern": Entry(
        "The pattern of a `matches` holds a sign that means something in regular expressions, on the command line or "
        "in SQL. Here only `*` does, and stands for anything; any other sign stands for itself. Case does not matter.",
        "Write the pattern with `*` alone (`*@example.com`), several conditions that must all hold, or an expression, "
        "which has regular expressions (RE2): `{expr: 'src.phone.matches(\"^[0-9-]+$\")'}`.",
    ),
    "bad-transform": Entry(
        "There is no such transform or option, or the option's value makes no sense.",
        "See the table under Transforms in the mapping language.",
    ),
    "not-a-path": Entry(
        "A canonical path is a name in small letters, with an item in brackets for lists and an attribute behind them.",
        'Write for example `given_name`, `"emails[work]"` or `"addresses[billing].city"`; in quotes where there '
        "are brackets.",
    ),
    "not-a-field": Entry(
        "A record field is named by text: `Email`, `address.city`, or a list of names.",
        "Put names that look like numbers in quotes.",
    ),
    "create-against-direction": Entry(
        "The mapping says that something is created in a direction in which it does not go at all.",
        "Widen `direction`, or narrow `create`.",
    ),
    "one-way": Entry(
        "The rule holds something that cannot be turned round (a constant, or a one-way transform), so it only "
        "goes in.",
        "Say `direction: in`. For a fixed value on the way out there is `defaults.record`.",
    ),
    "no-effect": Entry(
        "The key does nothing: the rule, or the whole mapping, does not go the way it is about (`default`, `strength`, "
        "`max_length` and `loses` are about the way out), or nothing is created that it could be given to.",
        "Take it out, or widen `direction`, `create` or `update`.",
    ),
    "no-direction": Entry(
        "The rule goes one way and the mapping the other, so the rule never does anything.",
        "Change one of the two, or take the rule out.",
    ),
}
