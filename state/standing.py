"""Where every binding stands, in a handful of queries."""

from __future__ import annotations

from datetime import datetime

from state.codec import load_base, load_meta, when_or_none
from state.database import Tx
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
_EXCEPTIONS = (
    "SELECT l.binding, l.base, c.meta FROM link l JOIN canonical c ON c.id = l.entity_id "
    "WHERE l.state = 'live' AND l.base IS NOT NULL"
)


def standing(tx: Tx, now: datetime) -> list[BindingStatus]:
    live = dict(tx.tuples(_LIVE))
    behind = _behind(tx)
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


def _behind(tx: Tx) -> dict[int, int]:
    """Links per binding with a path whose agreed revision is below the field's. Most links have no exceptions."""
    found: dict[int, int] = {}
    for number, base, meta in tx.tuples(_EXCEPTIONS):
        revs = load_meta(meta)
        if any(rev < (revs[path].rev if path in revs else 1) for path, (rev, _) in load_base(base).items()):
            found[number] = found.get(number, 0) + 1
    return found
