"""One record's story: where each value came from, and what happened when."""

from __future__ import annotations

from state.bindings import Bindings
from state.codec import load, load_meta, load_one, when, when_or_none
from state.origins import origins
from state.tx import Row, Tx
from state.views import Event, FieldView, LinkView, RecordView
from sync.decision import JOINED, MERGED, BindingId, EntityState

_HISTORY = "SELECT path, rev, run, at, source, binding, key, mapping, why, old, new FROM history WHERE entity_id = ?"


def record(tx: Tx, bindings: Bindings, entity_id: str, links: tuple[LinkView, ...]) -> RecordView | None:
    row = tx.one(
        "SELECT c.entity, c.vals, c.meta, c.source, c.rev, c.state, c.run, r.started_at FROM canonical c "
        "LEFT JOIN run r ON r.id = c.run WHERE c.id = ?",
        entity_id,
    )
    if row is None:
        return None
    entity, values, meta_text, source, rev, state, run, started = row
    meta = load_meta(meta_text)
    latest = {entry[0]: entry for entry in tx.rows(f"{_HISTORY} ORDER BY id", entity_id)}
    created_at = when_or_none(started)
    fields = []
    for path, value in sorted(load(values).items()):
        changed = latest.get(path)
        field_rev, field_source = meta.get(path, (1, source))
        if changed is not None:
            fields.append(_field(bindings, changed, value, field_rev))
        else:
            fields.append(FieldView(path=path, value=value, rev=field_rev, source=field_source, run=run, at=created_at))
    return RecordView(
        id=entity_id,
        entity=entity,
        state=state,
        rev=rev,
        run=run,
        created_at=created_at,
        fields=tuple(fields),
        links=links,
        merged_into=_heir(tx, entity_id) if state == EntityState.MERGED else None,
        origins=origins(tx, bindings, entity_id, links),
    )


def _heir(tx: Tx, entity_id: str) -> str | None:
    """The entity that one was merged into, which may have been merged into another one since."""
    sql = "SELECT new FROM history WHERE entity_id = ? AND path = '' AND why = ? ORDER BY id DESC LIMIT 1"
    row = tx.one(sql, entity_id, MERGED)
    return None if row is None else str(load_one(row[0]))


def _field(bindings: Bindings, row: Row, value: object, rev: int) -> FieldView:
    path, _, run, at, source, binding, key, mapping, why, _, _ = row
    return FieldView(
        path=path,
        value=value,
        rev=rev,
        source=source,
        run=run,
        at=when(at),
        binding=_name(bindings, binding),
        key=key,
        mapping=mapping,
        why=why,
    )


def timeline(tx: Tx, bindings: Bindings, entity_id: str) -> list[Event]:
    """All events, oldest first; what one moment did keeps the order cause before effect."""
    events = [*_creation(tx, entity_id), *_changes(tx, bindings, entity_id), *_conflicts(tx, bindings, entity_id)]
    events += [*_writes(tx, bindings, entity_id), *_parked(tx, bindings, entity_id)]
    return sorted(events, key=lambda event: event.at)


def _creation(tx: Tx, entity_id: str) -> list[Event]:
    rows = tx.rows(
        "SELECT r.started_at, c.run, c.entity, c.source FROM canonical c JOIN run r ON r.id = c.run WHERE c.id = ?",
        entity_id,
    )
    return [
        Event(at=when(at), run=run, kind="created", what=entity, detail="", source=source)
        for at, run, entity, source in rows
    ]


def _changes(tx: Tx, bindings: Bindings, entity_id: str) -> list[Event]:
    return [
        Event(
            at=when(at),
            run=run,
            kind="linked" if (path, load_one(new)) == ("", JOINED) else "changed",
            what=path,
            detail=why,
            source=source,
            binding=_name(bindings, binding),
            key=key,
            mapping=mapping,
            old=load_one(old),
            new=load_one(new),
        )
        for path, _, run, at, source, binding, key, mapping, why, old, new in tx.rows(
            f"{_HISTORY} ORDER BY id", entity_id
        )
    ]


def _writes(tx: Tx, bindings: Bindings, entity_id: str) -> list[Event]:
    return [
        Event(
            at=when(at),
            run=run,
            kind="written",
            what=f"{kind} {', '.join(load(paths))}".strip(),
            detail=outcome,
            binding=_name(bindings, binding),
            key=key or None,
            mapping=mapping,
        )
        for run, at, binding, key, kind, paths, mapping, outcome in tx.rows(
            "SELECT b.run, b.at, b.binding, w.key, b.kind, coalesce(w.paths, b.paths), b.mapping, b.outcome "
            "FROM write_log w JOIN write_batch b ON b.id = w.batch WHERE w.entity_id = ? ORDER BY w.batch, w.key",
            entity_id,
        )
    ]


def _conflicts(tx: Tx, bindings: Bindings, entity_id: str) -> list[Event]:
    events = []
    for path, rule, run, opened, closed, binding, key, ours, theirs, winner, source in tx.rows(
        "SELECT path, rule, run, opened_at, closed_at, theirs_binding, theirs_key, ours, theirs, winner, ours_source "
        "FROM conflict WHERE entity_id = ? ORDER BY id",
        entity_id,
    ):
        common = {"run": run, "what": path, "binding": _name(bindings, binding), "key": key}
        values = {"old": load_one(ours), "new": load_one(theirs), "source": source}
        events.append(Event(at=when(opened), kind="conflict", detail=rule, **common, **values))
        if closed is not None:
            detail = f"{winner} won" if winner else rule
            events.append(Event(at=when(closed), kind="closed", detail=detail, **common))
    return events


def _parked(tx: Tx, bindings: Bindings, entity_id: str) -> list[Event]:
    """What is parked now: the entity itself on its way out, and its records on their way in."""
    rows = tx.rows(
        "SELECT p.binding, p.key, p.code, p.message, p.run, p.last_at FROM parked p "
        "WHERE p.side = 'out' AND p.key = ? UNION ALL "
        "SELECT p.binding, p.key, p.code, p.message, p.run, p.last_at FROM parked p "
        "JOIN link l ON l.binding = p.binding AND l.key = p.key WHERE p.side = 'in' AND l.entity_id = ?",
        entity_id,
        entity_id,
    )
    return [
        Event(
            at=when(at),
            run=run,
            kind="parked",
            what=code,
            detail=message,
            binding=_name(bindings, binding),
            key=key,
        )
        for binding, key, code, message, run, at in rows
    ]


def _name(bindings: Bindings, number: int | None) -> BindingId | None:
    return None if number is None else bindings.name(number)
