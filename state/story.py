"""Reading the two logs back: what one run did, and what became of it since."""

from __future__ import annotations

from collections.abc import Sequence

from state.bindings import Bindings
from state.codec import dump_one, load, load_one, when
from state.tx import Tx
from sync.decision import JOINED, UNKNOWN, ActionKind, HistoryRow
from sync.oscillation import Turn
from sync.story import Lost, Sent, Step, Story

_STEP = "run, at, entity_id, path, rev, old, new, source, binding, key, mapping, why"

_NOT_JOINED = "(path <> '' OR new IS NULL OR new <> ?)"
"""Which records are an entity's is nothing that undoing a run changes, unless the run made them."""


def touched(tx: Tx, run: int) -> list[str]:
    """In order. Ids only, since a run may have touched everything there is."""
    rows = tx.tuples(
        f"SELECT entity_id FROM history WHERE run = ? AND {_NOT_JOINED} UNION "
        "SELECT w.entity_id FROM write_batch b JOIN write_log w ON w.batch = b.id WHERE b.run = ? ORDER BY 1",
        run,
        dump_one(JOINED),
        run,
    )
    return [row[0] for row in rows]


def stories(tx: Tx, bindings: Bindings, entity_ids: Sequence[str], since: int) -> dict[str, Story]:
    found = {entity_id: Story() for entity_id in entity_ids}
    asked = tx.array(entity_ids)
    for step in _steps(tx, bindings, asked, since):
        found[step.row.entity_id].steps.append(step)
    sql = (
        "SELECT w.entity_id, b.run, b.binding, b.kind, w.key, coalesce(w.paths, b.paths) FROM write_log w "
        f"JOIN write_batch b ON b.id = w.batch WHERE {tx.among('w.entity_id')} AND b.run >= ? "
        "AND b.outcome = 'applied' ORDER BY w.batch, w.key"
    )
    for entity_id, run, binding, kind, key, paths in tx.rows(sql, asked, since):
        found[entity_id].sent.append(Sent(run, bindings.name(binding), ActionKind(kind), key, load(paths)))
    sql = (
        f"SELECT entity_id, run, theirs_binding, theirs_key, path FROM conflict WHERE {tx.among('entity_id')} "
        "AND run >= ? AND winner = 'ours' ORDER BY id"
    )
    for entity_id, run, binding, key, path in tx.rows(sql, asked, since):
        found[entity_id].lost.append(Lost(run, bindings.name(binding), key, path))
    for entity_id, before in _before(tx, asked, since).items():
        found[entity_id].before = before
    return found


def _steps(tx: Tx, bindings: Bindings, asked: str, since: int) -> list[Step]:
    sql = f"SELECT {_STEP} FROM history WHERE {tx.among('entity_id')} AND run >= ? AND {_NOT_JOINED} ORDER BY id"
    return [
        Step(
            run,
            when(at),
            HistoryRow(
                entity_id,
                path,
                rev,
                None if (former := load_one(old)) is UNKNOWN else former,
                load_one(new),
                source,
                None if binding is None else bindings.name(binding),
                key,
                mapping,
                why,
            ),
        )
        for run, at, entity_id, path, rev, old, new, source, binding, key, mapping, why in tx.rows(
            sql, asked, since, dump_one(JOINED)
        )
    ]


def _before(tx: Tx, asked: str, since: int) -> dict[str, dict[str, int]]:
    sql = (
        f"SELECT entity_id, path, max(rev) FROM history WHERE {tx.among('entity_id')} AND run < ? "
        "GROUP BY entity_id, path"
    )
    found: dict[str, dict[str, int]] = {}
    for entity_id, path, rev in tx.rows(sql, asked, since):
        found.setdefault(entity_id, {})[path] = rev
    return found


def cause(tx: Tx, run: int) -> str | None:
    row = tx.one("SELECT cause FROM run WHERE id = ?", run)
    return None if row is None else str(row[0])


def latest_run(tx: Tx) -> int:
    row = tx.one("SELECT max(id) FROM run")
    return 0 if row is None or row[0] is None else int(row[0])


def turns(tx: Tx, bindings: Bindings, entity_ids: Sequence[str], after: int) -> dict[str, dict[str, list[Turn]]]:
    found: dict[str, dict[str, list[Turn]]] = {}
    asked = tx.array(entity_ids)
    for entity_id, path, run, source, old, new in tx.rows(
        f"SELECT entity_id, path, run, source, old, new FROM history WHERE {tx.among('entity_id')} "
        "AND path <> '' AND run > ? ORDER BY id",
        asked,
        after,
    ):
        turn = Turn(run, source, load_one(old), load_one(new))
        found.setdefault(entity_id, {}).setdefault(path, []).append(turn)
    for entity_id, path, run, binding, theirs in tx.rows(
        f"SELECT entity_id, path, run, theirs_binding, theirs FROM conflict WHERE {tx.among('entity_id')} "
        "AND rule = 'enforce' AND winner = 'ours' AND run > ? ORDER BY id",
        asked,
        after,
    ):
        turn = Turn(run, bindings.name(binding).connection, None, load_one(theirs), put_back=True)
        found.setdefault(entity_id, {}).setdefault(path, []).append(turn)
    return found
