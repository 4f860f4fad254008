"""Codes of schema locks and of what became different since they were made."""

from __future__ import annotations

from syncline.explained.entry import Entry

LOCKING = {
    "bad-lock": Entry(
        "The file in `schemas/` cannot be used as a schema lock: it is of another format or connection, too large, "
        "unreadable, or says nothing of a field. Mappings are not held to what cannot be read of it.",
        "Write it anew: `syncline connections discover NAME --lock`. Version control has the former one.",
    ),
    "lock-unused": Entry(
        "A schema lock belongs to no connection of config.yaml, or was made with another connector than its "
        "connection has now. No mapping is held to it.",
        "Remove it, give it the name of its connection, or write it anew with `connections discover NAME --lock`.",
    ),
    "not-locked": Entry(
        "The connection has a schema lock, but it does not describe the stream of this mapping. Its fields are only "
        "checked with `--online`.",
        "`syncline connections discover NAME --lock` adds the streams that mappings use.",
    ),
    "drift": Entry(
        "A field is not as its schema lock says. Where a rule suffers from it, the diagnostic stands at the rule and "
        "is as grave as what follows: what became different comes first, then what it does to the rule.",
        "Mend the rule, or the system. Then take the difference over with `connections discover NAME --lock`.",
    ),
}
