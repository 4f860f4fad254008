"""Where every binding stands, in a handful of queries."""

from __future__ import annotations

from datetime import datetime

from state.codec import load_base, load_meta, when_or_none
from state.tx import Tx
from state.views import BindingStatus
from sync.decision import BindingId

BINDINGS = "SELECT id, connection, stream, entity FROM binding ORDER BY connection, stream, entity"
_LIVE = "SELECT binding, count(*) FROM link WHERE state = 'live' GROUP BY binding"
_CONFLICTS = "SELECT theirs_binding, count(*) FROM conflict WHERE state = 'open' GROUP BY theirs_binding"
_PARKED = "SELECT binding, side, why, count(*) FROM parked GROUP BY binding, side, why ORDER BY binding, side, why"
_STREAMS = "SELECT binding, cursor, complete, read_at, swept_at FROM stream"
_LAST_RUNS = (
    "SELECT b.binding, r.id, r.status, r.started_at FROM run r "
    "JOIN (SELECT binding, max(run) AS run FROM balance GROUP BY binding) b ON b.run = r.id"
)
_ONLY_READ = (
    "SELECT binding FROM stream WHERE complete AND told IS NULL "
    "AND binding NOT IN (SELECT binding FROM parked WHERE side = 'out')"
)
"""Bindings that no mapping writes or ever wrote."""
_EXCEPTIONS = (
    "SELECT l.binding, l.base, c.meta, c.id, "
    "EXISTS (SELECT 1 FROM dirty d WHERE d.entity = c.entity AND d.entity_id = c.id) OR "
    "EXISTS (SELECT 1 FROM parked p WHERE p.binding = l.binding AND p.side = 'out' AND p.key = c.id), "
    "k.path FROM link l JOIN canonical c ON c.id = l.entity_id "
    "LEFT JOIN conflict k ON k.entity_id = c.id AND k.state = 'open' "
    "WHERE l.state = 'live' AND l.base IS NOT NULL"
)


def standing(tx: Tx, now: datetime) -> list[BindingStatus]:
    live = dict(tx.tuples(_LIVE))
    behind = {number: len(entities) for number, entities in behind_by_binding(tx).items()}
    conflicts = dict(tx.tuples(_CONFLICTS))
    parked: dict[int, dict[tuple[str, str], int]] = {}
    for number, side, why, count in tx.rows(_PARKED):
        parked.setdefault(number, {})[(side, why)] = count
    streams = {row[0]: row[1:] for row in tx.tuples(_STREAMS)}
    last = {row[0]: row[1:] for row in tx.tuples(_LAST_RUNS)}
    found = []
    for number, *names in tx.rows(BINDINGS):
        cursor, complete, read_text, swept_text = streams.get(number, (None, False, None, None))
        run, status, started = last.get(number, (None, None, None))
        read_at = when_or_none(read_text)
        found.append(
            BindingStatus(
                binding=BindingId(*names),
                last_run=run,
                last_status=status,
                last_run_at=when_or_none(started),
                links=live.get(number, 0),
                in_sync=live.get(number, 0) - behind.get(number, 0),
                parked=parked.get(number, {}),
                open_conflicts=conflicts.get(number, 0),
                complete=bool(complete),
                cursor=cursor,
                read_at=read_at,
                swept_at=when_or_none(swept_text),
                age=None if read_at is None else (now - read_at).total_seconds(),
            )
        )
    return found


def behind_by_binding(tx: Tx) -> dict[int, set[str]]:
    """Entities per binding with something left to push. Most links have no exceptions, so few are looked at.

    A path whose agreed revision is below the field's is left over only while somebody means to push it: the entity
    still needs a decision, was refused there, or the path is in conflict. Otherwise it was decided to leave it (no
    rule writes it, or only on create, or only where it is empty). Where no mapping goes out, nothing is ever pushed.
    """
    found: dict[int, set[str]] = {}
    only_read = {number for (number,) in tx.rows(_ONLY_READ)}
    for number, base, meta, entity_id, decides, disputed in tx.tuples(_EXCEPTIONS):
        pending = decides and number not in only_read
        if not pending and disputed is None:
            continue
        revs = load_meta(meta)
        older = {path for path, (rev, _) in load_base(base).items() if rev < (revs[path].rev if path in revs else 1)}
        if older and (pending or disputed in older):
            found.setdefault(number, set()).add(entity_id)
    return found
