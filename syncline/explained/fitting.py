"""Codes of `mappings.checking`: of one mapping, and of all of them together."""

from __future__ import annotations

from syncline.explained.entry import Entry

FITTING = {
    "deprecated": Entry(
        "A mapping or a rule is marked as deprecated. It runs as ever.",
        "Remove it as soon as nothing needs it any more.",
    ),
    "owned-unread": Entry(
        "The mapping owns a field that it never reads, so its connection has no value to decide with.",
        "Add a rule that reads it, or leave it out of `owns`.",
    ),
    "two-owners": Entry(
        "A field has two owners: mappings of two connections own it, or config.yaml has survivorship for it, too.",
        "Decide where it is mastered, and say so in one place.",
    ),
    "unknown-entity": Entry(
        "There is no canonical entity of that name.",
        "Use account, contact, lead, opportunity, order, case or activity.",
    ),
    "unknown-path": Entry(
        "The entity has no such canonical field.",
        "Use the name the hint suggests, or add a field of your own under `entities` in config.yaml.",
    ),
    "kind-mismatch": Entry(
        "The rule yields another kind of value than the canonical field holds: a text for a reference, a set "
        "for a text, a number for a country. As a warning: it can hold the values, but only those of that kind.",
        "Do what the hint says: `reference:`, `list: set`, or another transform at the end of the chain.",
    ),
    "not-in-items": Entry(
        "References and sets cannot be attributes of the items of a list.",
        "Map a plain value there.",
    ),
    "bad-constant": Entry(
        "A constant or default is not a value that the canonical field can have.",
        "Write it in its canonical form: dates as 2026-11-21, countries as DE, telephone numbers as +49…, "
        "choices as listed.",
    ),
    "unknown-option": Entry(
        "A field that takes only listed options is to have another: in a table of values (on the left a choice of the "
        "canonical field, on the right one of the record field), as a default or a placeholder. Or a condition asks "
        "for such an option, and never finds it. A dead letter with this code holds a value that is no option of its "
        "field, or stands in no row of the rule's table.",
        "Use an option that exists. On the right of a table, options that are only read and are gone by now may stay "
        "behind the first. For a dead letter: add a row to the table, say with `unknown` what becomes of other values, "
        "or mend the record.",
    ),
    "value-twice": Entry(
        "One record value stands in two rows of a table. It is read as what the first of them says. What is written "
        "as it for the second is read back as the first: no edit, but all that whoever reads the record anew can see.",
        "Keep the value in one row. Where the system has fewer values than the canonical field, the loss is meant, and "
        "said as a note.",
    ),
    "unusual-key": Entry(
        "The key of an item is nearly one of the usual ones (`moblie`, `Work`), and any word may be a key: such an "
        "item would be another one beside the right one. A consent is known by channel and purpose: `email:marketing`.",
        "Write the key as usual; or add a digit, where a second one is meant (`work2`).",
    ),
    "options-unmapped": Entry(
        "The field has options that the rule says nothing about. A record with such a value has this value parked.",
        "Add them to `values`, or say with `unknown` what any other value means.",
    ),
    "keeps-nothing": Entry(
        "`unknown: keep` lets a value through as it is, and the canonical field takes nothing but its choices. What is "
        "neither in `values` nor such a choice is parked all the same.",
        "Say `park` or `collect`, or give such values a meaning: `unknown: {default: other}`.",
    ),
    "two-rules": Entry(
        "Two rules of the mapping write one record field, or fill one canonical path. The later would undo the "
        "earlier.",
        "Take one out, or let one go `in` and the other `out`.",
    ),
    "match-weak": Entry(
        "A strong correlation rule uses nothing but fields of a few values, such as a country or a gender: records "
        "that only share those would be taken for one.",
        "Add a path that tells them apart, or weigh such fields in `match.scored`.",
    ),
    "match-unread": Entry(
        "A correlation rule uses a path that the mapping does not read, so it can never find anything.",
        "Map the path, or take the rule out.",
    ),
    "required-unmapped": Entry(
        "Something cannot be created for want of a value: an entity without a field it needs, or a record "
        "without one the system requires.",
        "Map the field, give it under `defaults`, or say with `create` that nothing is created this way.",
    ),
    "required-blank": Entry(
        "The system requires a field that may be empty in the hub. A record without it cannot be created there "
        "and waits.",
        "Give the rule a `default` (written on create) or a `placeholder` (written, and read as nothing).",
    ),
    "unknown-field": Entry(
        "The stream has no such field, as far as it describes itself; or survivorship names no canonical field.",
        "Use the name the hint suggests (names are case-sensitive), or refresh what is known of the system.",
    ),
    "type-mismatch": Entry(
        "The record field is of a type from which this rule cannot make its canonical value: every value, or "
        "nearly every one, would be parked. Or an expression does with it what values of that type do not allow.",
        "Add the transform the hint names, or map another field; in an expression, convert: `int(src.count) + 1`.",
    ),
    "not-readable": Entry(
        "The system does not show this field to us.",
        "Say `direction: out`, or give the connection's user the right to see it.",
    ),
    "read-only": Entry(
        "The system does not let us write this field, or only when the record is created.",
        "Say `direction: in`, or `strength: create_only`; or give the connection's user the right to edit it.",
    ),
    "too-long": Entry(
        "The system's field is shorter than what the rule may write. A longer value is parked, or refused.",
        "Give the rule `max_length`: then longer text is cut knowingly, and reading it back cut is no edit.",
    ),
    "wrong-stream": Entry(
        "A reference names a stream whose records are not what the field points to.",
        "Name the stream the hint suggests.",
    ),
    "not-discovered": Entry(
        "The system could not be asked for its fields, so the mapping was not compared with them.",
        "See `syncline connections check`.",
    ),
}

ACROSS = {
    "duplicate": Entry(
        "Two of a kind have one name, or tie the same stream to the same entity.",
        "Keep one of them.",
    ),
    "stream-unmapped": Entry(
        "A reference points into a stream that no mapping reads as the entity pointed to. Which entity is meant "
        "can then never be known: the value waits for ever.",
        "Add a mapping of that stream to that entity, or take the reference out.",
    ),
    "reference-cycle": Entry(
        "Records of two streams require each other: neither can be created before the other exists.",
        "Make one of the two fields optional in its system, or let one mapping not create (`create: in`).",
    ),
    "two-enforce": Entry(
        "Two mappings enforce one canonical path. Each puts back what was edited in its own system; an edit in "
        "either is always undone, so nobody can change the value there.",
        "Leave `strength: enforce` to systems where nobody may edit the field; let at least one system be edited.",
    ),
    "never-read": Entry(
        "A path is written to systems, but no system supplies it and no default gives it a value.",
        "Map it inwards somewhere, or take the rule out.",
    ),
    "no-order": Entry(
        "Several systems supply a path and no survivorship says whose value wins where they differ. Such "
        "differences wait for a person.",
        "Name an order under `entities` in config.yaml: `survivorship: {default: {rule: authority, order: […]}}`.",
    ),
    "no-match": Entry(
        "Other systems bring records of the same entity, and this mapping has no correlation rule. Its records are "
        "never recognised as something that is there: each founds an entity of its own, or is created a second time.",
        'Give it a rule over what tells its records apart: `match: {strong: ["emails[*]"]}`, or a number.',
    ),
    "no-shared-match": Entry(
        "Two systems feed one entity and have no correlation rule by which their records could meet: each "
        "person or company would exist twice.",
        "Give both a strong rule over the same path, such as `emails[*]` or a number both systems hold.",
    ),
}
