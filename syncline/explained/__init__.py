"""Every diagnostic code with its cause and remedy: what `syncline check --explain` and `docs/diagnostics.md` say.

``python -m syncline.explained > docs/diagnostics.md`` writes that page anew; a test compares the two, and looks in the
source for codes that are missing here.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncline.explained.computing import COMPUTING
from syncline.explained.connecting import CONNECTING
from syncline.explained.entry import Entry
from syncline.explained.files import FILES
from syncline.explained.fitting import ACROSS, FITTING
from syncline.explained.locking import LOCKING
from syncline.explained.projects import PROJECTS
from syncline.explained.services import SERVICES
from syncline.explained.values import RECORDS, VALUES
from syncline.explained.writing import WRITING

__all__ = ["SECTIONS", "Entry", "explained"]

SECTIONS: Mapping[str, tuple[str, Mapping[str, Entry]]] = {
    "Reading a file": ("What keeps a YAML file from being read as meant.", FILES),
    "Writing a mapping": ("Keys and values of a mapping file that say nothing, or two things.", WRITING),
    "Expressions": ("What is computed, in rules and in conditions.", COMPUTING),
    "A mapping and its schemas": (
        "Whether a mapping fits the canonical model and, where they are known, the fields of its stream.",
        FITTING,
    ),
    "Mappings together": ("What is wrong with no single mapping, but with all of them side by side.", ACROSS),
    "Schema locks": ("What `schemas/` holds, and what became different in the systems since.", LOCKING),
    "The project": ("What `config.yaml` says about state, entities, connections and schedules.", PROJECTS),
    "Systems": (
        "What a connector finds in its settings, or in the system when it is asked.",
        {**CONNECTING, **SERVICES},
    ),
    "Values": (
        "Why one value of a record was not taken in, or not written. They stand in balances and dead letters.",
        VALUES,
    ),
    "Records": ("Why a whole record was set aside.", RECORDS),
}


def explained(code: str) -> Entry | None:
    """The entry of a code; None for one that is not ours, such as a connector of somebody else's may use."""
    return next((entries[code] for _, entries in SECTIONS.values() if code in entries), None)


def markdown() -> str:
    """The page `docs/diagnostics.md`."""
    lines = [
        "# Diagnostics",
        "",
        "Written from the program itself (`python -m syncline.explained`). `syncline check --explain CODE` prints one",
        "entry of it.",
        "",
        "A diagnostic has a code that stays the same, a place (`file:line:column`, then the place inside the",
        "document), a message and mostly a hint. An *error* keeps the project from running; a *warning* is likely",
        "to be a mistake and runs; a *note* is worth knowing. `--strict` takes warnings for errors, `--json` and",
        "`--sarif` print all of it for programs.",
        "",
    ]
    for title, (about, entries) in SECTIONS.items():
        lines += [f"## {title}", "", about, ""]
        for code in sorted(entries):
            lines += [f"### `{code}`", "", entries[code].cause, "", f"**What to do.** {entries[code].remedy}", ""]
    return "\n".join(lines).rstrip() + "\n"
