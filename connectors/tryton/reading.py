"""Reading what changed in a party or below it.

Changing an address or a contact mechanism by itself does not touch the party (seen on series 8.2), so that one question
asks for both. ``write_date`` is the moment at which the writing transaction began; series before 8 leave it empty until
the first change, so that ``create_date`` is asked for, too. No order of the server's is that of a party's latest stamp:
a read goes by id, and only its last page says where the next one begins: at the latest stamp seen, but not behind the
moment at which this read began, since what was read early may have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.http import parse_moment
from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record
from connectors.tryton.parties import CHILDREN, PARTY, STAMPS, asked, latest, record, sent
from connectors.tryton.session import RefusalError, Session

_BY_ID = [["id", "ASC"]]
_CHUNK = 500


def position(text: str) -> datetime:
    """The stamp in a cursor. Raises CursorExpiredError for what is none of ours: a full read then puts things right."""
    try:
        return parse_moment(orjson.loads(text)["stamp"])
    except (ValueError, KeyError, TypeError):
        raise CursorExpiredError("the stored position is not one of this connector: read everything again") from None


class Reading:
    """One stream; ``plain`` are the party's own fields that records show."""

    def __init__(self, session: Session, domain: Sequence[Any], plain: Sequence[str]) -> None:
        self.session = session
        self.domain = list(domain)
        self.plain = plain

    @property
    def prefix(self) -> str:
        return self.session.settings.marker_prefix

    def pages(self, since: str | None) -> Iterator[Page]:
        known = position(since) if since is not None else None
        bottom = known - timedelta(seconds=self.session.settings.overlap) if known else None
        changed = self._changed(bottom) if bottom else []
        began = self.session.now
        seen = [known] if known else []
        for rows in self._by_id(changed):
            stamps = [stamp for stamp in map(latest, rows) if stamp is not None]
            seen = [max([*seen, *stamps])] if seen or stamps else []
            shown = [record(row, self.prefix) for row in rows]
            if len(rows) == self.session.settings.page:
                yield Page(shown, full=since is None)
                continue
            reached = max([min(seen[0], began), *([known] if known else [])]) if seen else None
            cursor = orjson.dumps({"stamp": reached.isoformat()}).decode() if reached else None
            yield Page(shown, cursor, full=since is None)

    def _changed(self, bottom: datetime) -> list[Any]:
        paths = ["", *(f"{child}." for child in CHILDREN)]
        return [["OR", *([f"{path}{name}", ">=", sent(bottom)] for path in paths for name in STAMPS)]]

    def _by_id(self, conditions: Sequence[Any]) -> Iterator[list[Mapping[str, Any]]]:
        """Pages, the last of which is not full: perhaps empty."""
        beyond = 0
        while True:
            rows = self.rows([*self.domain, *conditions, ["id", ">", beyond]], self.session.settings.page)
            yield rows
            if len(rows) < self.session.settings.page:
                return
            beyond = rows[-1]["id"]

    def rows(self, domain: Sequence[Any], limit: int | None = None) -> list[Mapping[str, Any]]:
        found = self.session.ask(
            f"{PARTY}.search_read", "reading parties", list(domain), 0, limit, _BY_ID, asked(self.plain)
        )
        if not isinstance(found, list) or not all(isinstance(row, dict) and "_timestamp" in row for row in found):
            raise ProtocolError("reading parties: an answer without records")
        return found

    def keys(self) -> Iterator[list[str]]:
        """Every key, archived parties included, those that were replaced not."""
        beyond = 0
        page = self.session.settings.page
        while True:
            domain = [*self.domain, ["replaced_by", "=", None], ["id", ">", beyond]]
            found = self.session.ask(f"{PARTY}.search", "listing parties", domain, 0, page, _BY_ID)
            yield [str(key) for key in found]
            if len(found) < page:
                return
            beyond = found[-1]

    def found(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """The rows of those parties that are there."""
        numbers = sorted({int(key) for key in keys if key.isdecimal()})
        rows: dict[str, Mapping[str, Any]] = {}
        for at in range(0, len(numbers), _CHUNK):
            rows |= {str(row["id"]): row for row in self.rows([["id", "in", numbers[at : at + _CHUNK]]])}
        return rows

    def gone(self, keys: Sequence[str]) -> set[str]:
        """Those of these keys that are deleted, or are none: a search leaves out what a rule hides from the user, too.

        ``read`` tells: it refuses what is not there before it looks at rules, and names up to five ids, with dots
        behind where there are more (trytond/model/modelsql.py, ``__check_domain_rule``). So many are asked for at once,
        and again without those that were named.
        """
        numbers = sorted({int(key) for key in keys if key.isdecimal()})
        found = {key for key in keys if not key.isdecimal()}
        for at in range(0, len(numbers), _CHUNK):
            found |= self._absent(numbers[at : at + _CHUNK])
        return found

    def _absent(self, numbers: Sequence[int]) -> set[str]:
        """Each question settles five of them at least, or all that are left."""
        left = [str(number) for number in numbers]
        found: set[str] = set()
        while left:
            try:
                self.session.ask(f"{PARTY}.read", "reading parties", [int(key) for key in left], ["id"])
            except RefusalError as error:
                named = set(error.parties) & set(left) if error.absent else set()
                found |= named
                left = [key for key in left if key not in named]
                if named and error.more:
                    continue
            return found
        return found

    def fetch(self, keys: Sequence[str]) -> list[Record]:
        """What there is of them, and tombstones of what is gone; nothing of what the user may not see."""
        rows = self.found(keys)
        gone = self.gone([key for key in keys if key not in rows])
        shown = {key: record(row, self.prefix) for key, row in rows.items()}
        shown |= {key: Record(key, {}, deleted=True) for key in gone}
        return [shown[key] for key in keys if key in shown]

    def among(self, conditions: Sequence[Any], *, within: bool = True) -> list[Record]:
        """Live parties; not ``within`` the stream's domain, since what the hub makes may lie outside of it."""
        own = self.domain if within else ()
        shown = [record(row, self.prefix) for row in self.rows([*own, *conditions])]
        return [one for one in shown if not one.deleted]
