"""Codes of `mappings.checking.expressions` and `mappings.cel.faults`: expressions, in rules and in conditions."""

from __future__ import annotations

from syncline.explained.entry import Entry

COMPUTING = {
    "expr-unavailable": Entry(
        "The mapping has an expression, and the engine that computes them is not installed.",
        "Install it with `pip install 'syncline[expressions]'`. Where there is no such package (Alpine Linux), say it "
        "with transforms, tables and plain conditions.",
    ),
    "bad-expression": Entry(
        "The text is no expression, or what stands beside an operator or in brackets has the wrong type. The place "
        "is that inside the expression.",
        "Mend it there. Equal is `==`, and is `&&`, or is `||`; `text(src.n)` makes a text of a number; a long chain "
        'of `+` is better `[a, b].join("")`.',
    ),
    "unknown-name": Entry(
        "The expression uses a name that stands for nothing. It knows `src`, the record (in a condition for the way "
        "out `to`, the canonical record), and the names its own loops give.",
        "Write `src.name` for the field `name`, or put a text in quotes.",
    ),
    "unknown-function": Entry(
        "There is no function of that name, or not with these arguments.",
        "Use one of those that the mapping language lists under Expressions.",
    ),
    "whole-record": Entry(
        "Only the data tell which fields the expression reads, as with `src[src.kind]`. So every field of the stream "
        "is read, and a change of any is looked at.",
        "Name the fields, if that is possible; otherwise nothing is wrong.",
    ),
}
