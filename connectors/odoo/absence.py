"""What it means that a record is not shown: deleted, merged into another, or hidden from the hub's user.

``search_read`` leaves out what a record rule hides, as if it were not there. ``read`` by id tells: it raises
AccessError for what is there and may not be seen, and leaves out what is not there (odoo/models.py, ``fetch`` and
``_read_format``; versions before 12 raise MissingError).

Merging partners deletes the loser. Its external ids move to the winner, and so do its messages, and the winner gets a
note that ends in the loser's id (odoo/addons/base/wizard/base_partner_merge.py, ``_update_reference_fields``, and
addons/mail/wizard/base_partner_merge_automatic_wizard.py, 19.0). So an external id may name a record that it was not
made for; it was made in one transaction with its own, and both bear that transaction's moment as ``create_date``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from connectors.odoo.buyers import PARTNERS
from connectors.odoo.faults import HiddenError
from connectors.odoo.session import Session
from connectors.odoo.settings import Shape
from connectors.sdk import RefusedError, UnauthorisedError

_EXTERNAL, NOTES = "ir.model.data", "mail.message"
_MERGED = re.compile(
    r"(?:(?:&lt;|<)(?:n/a|[^<>&@\s]+@[^<>&]*)(?:&gt;|>)\s*\(\w+|(?<=\S)  \(ID) (\d+)\)(?!\s*(?:&lt;|\())"
)
"""``name <email> (ID n)``: anybody's name may hold a number in brackets, so one counts only behind the address, or the
``n/a`` for none. Before 17 the body was HTML, whose sanitiser took that ``<n/a>`` for a tag: two blanks are left of it
(addons/mail/wizard/base_partner_merge.py, 12.0; odoo/tools/mail.py, ``html_sanitize``)."""

_CHUNK = 500
_NOTES_AT_ONCE = 50
_QUESTIONS = 64


class Named(NamedTuple):
    """The record that an external id names. ``moved``: a merge put it there, the id was another record's."""

    key: str
    moved: bool


def gone(session: Session, model: str, keys: Iterable[int]) -> set[int]:
    """Those that are deleted. What the user may not see is not, nor is what cannot be told apart from it."""
    numbers = sorted(set(keys))
    found: set[int] = set()
    for at in range(0, len(numbers), _CHUNK):
        found |= _gone(session, model, numbers[at : at + _CHUNK])
    return found


def _gone(session: Session, model: str, numbers: list[int]) -> set[int]:
    """Halves what is answered by a refusal: it does not say which of them it is for.

    Questions are counted, so that many hidden records cost no more than that. Half of the questions go to large blocks,
    and the rest to single records. Each time it begins elsewhere, so that all get their turn.
    """
    found: set[int] = set()
    now = session.context.clock.now().isoformat().encode()
    start = int.from_bytes(blake2b(now, digest_size=4).digest(), "big") % len(numbers)
    waiting = deque([numbers[start:] + numbers[:start]])
    for asked in range(_QUESTIONS):
        if not waiting:
            break
        part = waiting.popleft() if asked < _QUESTIONS // 2 else waiting.pop()
        try:
            rows = session.ask(model, "read", f"reading {model}", ids=part, fields=["create_date"])
        except HiddenError:
            alone: set[int] = set()
        except RefusedError as error:
            if error.code != "MissingError":
                raise
            alone = set(part)
        else:
            found |= set(part) - {row["id"] for row in rows}
            continue
        if len(part) == 1:
            found |= alone
        else:
            half = len(part) // 2
            waiting += [part[:half], part[half:]]
    return found


def survivors(session: Session, shape: Shape, keys: Iterable[int]) -> dict[int, str]:
    """Into which record of the same stream those were merged that are gone, as notes on the survivors say.

    Nothing where there are no notes (without the app Discuss), or the user may not read them. A person that was merged
    into a company has no survivor among people: what is theirs must not be written to the company. Nor has one that
    notes on two records name: a merge takes the notes along, so that one of them at least is no merge's.
    """
    numbers = sorted(set(keys)) if shape.model == PARTNERS else []
    found: dict[int, set[int]] = {}
    for at in range(0, len(numbers), _NOTES_AT_ONCE):
        part = numbers[at : at + _NOTES_AT_ONCE]
        named = [["body", "like", f" {key})"] for key in part]
        domain = [["model", "=", shape.model], ["message_type", "=", "notification"], *["|"] * (len(named) - 1), *named]
        try:
            notes = session.records(NOTES, domain, ["res_id", "body"])
        except (RefusedError, UnauthorisedError):
            return {}
        for note in notes:
            for key in {int(key) for key in _MERGED.findall(str(note["body"]))} & set(part):
                found.setdefault(key, set()).add(note["res_id"])
    sole = {loser: winners.pop() for loser, winners in found.items() if len(winners) == 1}
    there = within(session, shape, sole.values())
    return {loser: str(winner) for loser, winner in sole.items() if winner in there}


def within(session: Session, shape: Shape, keys: Iterable[int]) -> set[int]:
    """Those that belong to the stream: a merge may lead from a person to a company."""
    domain = [*shape.domain, ["id", "in", sorted(set(keys))]]
    return {row["id"] for row in session.records(shape.model, domain, ["id"])} if domain[-1][2] else set()


def named(session: Session, model: str, prefix: str, markers: Sequence[str]) -> dict[str, Named]:
    """By marker, the records that have the external ids which the hub gives.

    Raises what reading raises: not every user may read external ids.
    """
    module, _, start = prefix.partition(".")
    names = {f"{start}{marker}": marker for marker in markers}
    domain = [["module", "=", module], ["model", "=", model], ["name", "in", list(names)]]
    rows = session.records(_EXTERNAL, domain, ["name", "res_id", "create_date"]) if names else []
    if not rows:
        return {}
    domain = [["id", "in", sorted({row["res_id"] for row in rows})]]
    born = {row["id"]: row["create_date"] for row in session.records(model, domain, ["create_date"])}
    return {
        names[row["name"]]: Named(str(row["res_id"]), moved=_moved(row, born)) for row in rows if row["res_id"] in born
    }


def _moved(row: Mapping[str, object], born: Mapping[int, object]) -> bool:
    own = born[int(str(row["res_id"]))]
    return bool(row["create_date"] and own and row["create_date"] != own)
