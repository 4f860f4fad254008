"""What must have held when a story is over. It keeps its own account of what people entered, and asks the hub's tables
only for what the hub says on purpose: canonical values, history, conflicts, parked records, links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.contract import Replay
from sync.absorb import DISPUTED_MATCH
from sync.decision import BindingId, Canonical, EntityState, LinkState, Side, Why
from tests.simulation.remote import Row, Table, token, unreadable
from tests.simulation.story import HANDS

if TYPE_CHECKING:
    from tests.simulation.world import SimWorld

Place = tuple[str, str, str, str]  # system, stream, key, field
ENTITY = {"people": "contact", "firms": "account"}
_TEXTS = (
    ("canonical", "vals"),
    ("history", "old"),
    ("history", "new"),
    ("conflict", "ours"),
    ("conflict", "theirs"),
    ("parked", "data"),
)
_RANK = {"opted_in": 0, "pending": 1, "opted_out": 2}


class Oracle:
    """Every value a person enters is unlike any other, so that its fate can be told."""

    def __init__(self, world: SimWorld) -> None:
        self.world = world
        self.placed: dict[Place, tuple[str, int]] = {}  # value in place that a person set, and the point it was set at
        self.met: dict[Place, str] = {}  # … that the hub was shown in the run under way
        self.must: set[str] = set()  # values that have to be found in the hub
        self.read_at: dict[tuple[str, str, str], int] = {}  # when the hub last looked at a record
        self.excused = 0
        self.said: list[str] = []  # what was found wrong while a run was under way, which would swallow an exception
        self.away: dict[tuple[str, str, str], list[int]] = {}  # how many the hub had made when it went, came
        self.users_deleted: set[tuple[str, str, str]] = set()
        self.made_with_email: set[tuple[str, str]] = set()
        self.forgotten: set[tuple[str, str]] = set()  # (system, key) of what the hub made and does not know of any more

    def wrong(self, said: str) -> None:
        self.said.append(said)

    # what happens

    def entered(self, system: str, stream: str, key: str, values: Mapping[str, Any], before: Row) -> None:
        """A person (or a system's own automation) set fields of a record."""
        unlinked = bool(before) and not self.world.linked(system, stream, key)
        if (unlinked or not before) and self._cut(system, stream, key):
            return
        for name, value in values.items():
            place = (system, stream, key, name)
            if unlinked or unreadable(before.get(name)):  # it is parked, and replaced there with its record
                self.must.discard(token(before.get(name)) or "")
            self.placed.pop(place, None)
            self.met.pop(place, None)
            found = token(value)
            if found:
                self.placed[place] = (found, self.world.ticks)

    def deleted(self, system: str, stream: str, key: str, before: Row) -> None:
        self.went(system, stream, key)
        self.users_deleted.add((system, stream, key))
        self.must -= self._unread(before)
        if not self.world.linked(system, stream, key):
            self.must -= {token(value) or "" for value in (*before.values(), *self._parked_values(system, stream, key))}
        self._forget(system, stream, key)

    def _parked_values(self, system: str, stream: str, key: str) -> list[Any]:
        """What a record was when it was parked: a state of which an older copy took the place may have changed it."""
        at = BindingId(system, stream, ENTITY[stream])
        row = self.world.plain_store.parked(at, Side.IN, [key]).get(key)
        return list((row.data or {}).values()) if row is not None else []

    def went(self, system: str, stream: str, key: str) -> None:
        made = len(self.world.remotes[system].created)
        self.away[system, stream, key] = [made, made]

    def came_back(self, system: str, stream: str, key: str) -> None:
        self.away[system, stream, key][1] = len(self.world.remotes[system].created)

    def _forget(self, system: str, stream: str, key: str) -> None:
        for held in (self.placed, self.met):
            for place in [place for place in held if place[:3] == (system, stream, key)]:
                del held[place]  # type: ignore[attr-defined]

    def _cut(self, system: str, stream: str, key: str) -> bool:
        """Whether an undo took a record off its entity: what it shows from then on is nobody's."""
        link = self.world.plain_store.links(BindingId(system, stream, ENTITY[stream]), [key]).get(key)
        return link is not None and link.state is LinkState.CUT

    def forget_cut(self) -> None:
        for system, stream, key in {place[:3] for place in self.placed}:
            if self._cut(system, stream, key):
                self._forget(system, stream, key)
                row = self.world.remotes[system].tables[stream].rows.get(key, {})
                self.must -= self._unread(row)

    def overlook(self, system: str, name: str) -> None:
        for place in [place for place in self.placed if place[0] == system and place[3] == name]:
            del self.placed[place]

    def lost(self, system: str, name: str, rows: Mapping[str, Row]) -> None:
        """A field of people was removed there for good: of a parked record it goes with the next reading."""
        self.overlook(system, name)
        self.hidden(system, name, rows)

    def hidden(self, system: str, name: str, rows: Mapping[str, Row]) -> None:
        """A field of people cannot be read any more: what only a parked record has of it goes with the next reading."""
        for key, row in rows.items():
            self.must -= self._unread({name: row.get(name)})
            if not self.world.linked(system, "people", key):
                self.must.discard(token(row.get(name)) or "")

    def garbled(self, system: str, key: str, row: Row) -> None:
        """Nobody can decode a record any more: what only its parked row had goes with the next reading."""
        if not self.world.linked(system, "people", key):
            self.must -= {token(value) or "" for value in row.values()}

    def shown(self, system: str, stream: str, key: str, row: Mapping[str, Any]) -> None:
        self.read_at[system, stream, key] = self.world.ticks
        for name, value in row.items():
            place = (system, stream, key, name)
            if place in self.placed and token(value) == self.placed[place][0]:
                self.met[place] = self.placed[place][0]

    def wrote(self, system: str, stream: str, key: str, before: Row | None, after: Row | None, marker: str) -> None:
        """The hub wrote: what a person had set there it must have known, or could not have seen in time."""
        nature = self.world.natures[system]
        if before is None:
            self._made(system, stream, key, after or {})
        if after is None:
            self.went(system, stream, key)
            if not self._deleted_somewhere(system, stream, key):
                operator = self.world.operator
                why = "nobody did" if operator is None else operator.past.may_delete((system, stream, key))
                if why is not None:
                    self.wrong(f"I9: {system} {key} was deleted, and {why}")
            if self.world.operator is not None and self.world.operator.past.undoing is not None:
                self.world.operator.past.taken_back.add((system, stream, key))
            self._forget(system, stream, key)
            return
        automated = nature.automates[1] if nature.automates else None
        for name, value in after.items():
            place = (system, stream, key, name)
            known = self.placed.get(place)
            if before is not None and name == automated and token(value) and before.get(name) != value:
                self.placed[place] = (str(token(value)), self.world.ticks)  # the system itself did it
                self.must -= self._unread({name: before.get(name)})
                continue
            if known is None or token(value) == known[0]:
                continue
            self._minded(place, before or {})
            if place in self.met or self.world.knows(known[0]):
                self.must.add(known[0])
            else:
                looked = self.read_at.get((system, stream, key), -1)
                if nature.conditional:
                    self.wrong(f"I6: {system} {key}.{name} {known[0]} was overwritten unseen")
                if known[1] < looked:
                    self.wrong(f"I6: {system} {key}.{name} {known[0]} had been there to be seen")
                self.excused += 1
            del self.placed[place]
            self.met.pop(place, None)

    def _unread(self, row: Mapping[str, Any]) -> set[str]:
        """What only a dead letter of the record knows: it goes with what it shows."""
        return {token(value) or "" for value in row.values() if unreadable(value)}

    def _minded(self, place: tuple[str, str, str, str], before: Row) -> None:
        value = before.get(place[3])
        if unreadable(value) and (place in self.met or self.world.knows(token(value) or "")):
            self.wrong(f"I14: {place} could not be read, and was overwritten")

    def _made(self, system: str, stream: str, key: str, row: Row) -> None:
        if (system, stream) not in self.world.director.whole:
            self.wrong(f"I3: {system} {key} was made before {stream} there were read to the end")
        if row.get("email"):
            self.made_with_email.add((system, key))

    def _deleted_somewhere(self, system: str, stream: str, key: str) -> bool:
        link = self.world.store.links(BindingId(system, stream, ENTITY[stream]), [key]).get(key)
        if link is None:
            return False
        others = self.world.store.links_of([link.entity_id]).get(link.entity_id, [])
        return any(
            other.binding.stream == stream
            and other.key not in self.world.remotes[other.binding.connection].tables[stream].rows
            for other in others
        )

    def restored(self, made: Mapping[str, Iterable[tuple[str, str, str]]]) -> None:
        """An older copy of the state was put back: what only the newer one knew is lost, with what it had made."""
        known = self.known_text(parked=False)  # what a parked record was may have been changed there since
        self.must = {value for value in self.must if value in known}
        self.met.clear()
        self.forgotten |= {(name, key) for name, rows in made.items() for _, _, key in rows}

    def run_ended(self, *, well: bool) -> None:
        """What was shown in a run that went well is stored."""
        assert not self.said, self.said[0]
        if well:
            self.must.update(self.met.values())
        self.met.clear()

    # what must hold in the end

    def check(self) -> None:
        self.nothing_was_lost()
        self.nothing_was_doubled()
        self.nothing_was_made_anew()
        self.everybody_shows_the_same()
        self.consent_was_never_loosened()
        self.nothing_came_back()
        self.every_write_is_explained()
        self.nothing_is_open()

    def _rows(self, sql: str, *params: Any) -> list[Any]:
        with self.world.plain_store.database.read() as tx:
            return list(tx.rows(sql, *params))

    def known_text(self, *, parked: bool = True) -> str:
        rows: Iterable[Any] = (
            row[0]
            for table, column in _TEXTS
            if parked or table != "parked"
            for row in self._rows(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        )
        return " ".join(str(text) for text in rows).lower()

    def nothing_was_lost(self) -> None:
        known = self.known_text()
        lost = sorted(value for value in self.must if value and value not in known)
        assert not lost, f"I2: {lost} are nowhere in the hub"
        gone = sorted(value for value, _ in self.placed.values() if value not in known)
        assert not gone, f"I2: {gone} are still in place and unknown to the hub"

    def nothing_was_passed_by(self) -> None:
        """I11: reading on from the watermark finds all that a listing shows."""
        known = self.known_text()
        for (system, _, key, name), (value, _) in self.placed.items():
            if not self.world.remotes[system].blurred and value not in known:
                raise AssertionError(f"I11: {system} {key}.{name} {value} was passed by")

    def nothing_was_doubled(self) -> None:
        store = self.world.store
        for name, remote in self.world.remotes.items():
            made: dict[tuple[str, str], set[str]] = {}
            for stream, marker, key in remote.created:
                went, came = self.away.get((name, stream, key), (0, 0))
                if any((s, m) == (stream, marker) and k != key for s, m, k in remote.created[went:came]):
                    continue  # a person put it beside the one that had been made in its place
                table = remote.tables[stream]
                strange = self._strange(name, stream, key, table) if key in table.rows else True
                if not (strange or self._another(name, stream, key, marker)):
                    made.setdefault((stream, marker), set()).add(key)
            twice = {at: keys for at, keys in made.items() if len(keys) > 1}
            assert not twice, f"I3: {name} {twice}"
            for stream, entity in ENTITY.items():
                at = BindingId(name, stream, entity)
                for key, link in store.links(at, list(remote.tables[stream].rows)).items():
                    asked = key in remote.tables[stream].last  # it was gone, and is back: a person is asked
                    if link.state in (LinkState.LIVE, LinkState.CUT) or asked:
                        continue
                    ended = store.canonicals([link.entity_id])[link.entity_id].state is not EntityState.LIVE
                    assert ended, f"I13: {at} {key} is there, and taken for deleted"

    def nothing_was_made_anew(self) -> None:
        """I3: of what a newer state had made, an older copy of it makes nothing once more under another name."""
        if not self.forgotten or any(step.kind in ("split", "unite") for step in self.world.story.steps):
            return
        for name, remote in self.world.remotes.items():
            at, rows = BindingId(name, "people", "contact"), remote.tables["people"].rows
            links = self.world.store.links(at, list(rows))
            owners = self.world.store.canonicals([link.entity_id for link in links.values()])
            made: dict[tuple[str, str], str] = {}
            for stream, _, key in remote.created:
                email, known = rows.get(key, {}).get("email"), token(rows.get(key, {}).get("name"))
                owner = owners.get(links[key].entity_id) if key in links else None
                if owner is not None and owner.state is not EntityState.LIVE:
                    continue  # somebody deleted the person, and it stays here: who comes later is another one
                if stream == "people" and email and known and (name, key) in self.made_with_email:
                    other = made.setdefault((email, known), key)
                    assert other == key, f"I3: {name} has {other} and {key} for one person"

    def _strange(self, system: str, stream: str, key: str, table: Table) -> bool:
        """A record that bears nothing to know it by: brought back without its e-mail address before anybody looked,
        found by a name only that the system has rewritten, or made without an address by a state of which an older copy
        took the place.
        """
        nature = self.world.remotes[system].nature
        renamed = stream == "firms" and "name" in nature.rewrites
        return (nature.replay is Replay.NATURAL and (key in table.last or renamed)) or (
            (system, key) in self.forgotten and not table.rows[key].get("email")
        )

    def _another(self, system: str, stream: str, key: str, marker: str) -> bool:
        """Whether a person said that a record which was kept is somebody new; its former entity may have one again."""
        if self.world.operator is None:
            return False
        link = self.world.store.links(BindingId(system, stream, ENTITY[stream]), [key]).get(key)
        return link is not None and link.entity_id != marker

    def _parked_keys(self, at: BindingId) -> set[str]:
        return {row.key for page in self.world.store.all_parked(at, Side.IN, None, 100) for row in page}

    def _asked(self, at: BindingId, entity_id: str) -> bool:
        """Whether a record there may turn out to be this entity, which a person has not answered yet."""
        pages = self.world.store.all_parked(at, Side.IN, Why.DISPUTED, 100)
        return any(entity_id in row.candidates for page in pages for row in page if row.code == DISPUTED_MATCH)

    def _waits_there(self, at: BindingId, canonical: Canonical) -> bool:
        """Whether a record there that could not be taken in yet has what this entity would be recognised by."""
        field, path = ("name", "name") if at.stream == "firms" else ("email", "emails[work]")
        own = str(canonical.values.get(path) or "").strip().casefold()
        for why in (Why.WAITING, Why.DEAD):
            for page in self.world.store.all_parked(at, Side.IN, why, 100):
                links = self.world.store.links(at, [row.key for row in page])
                for row in page:
                    link = links.get(row.key)
                    theirs = str((row.data or {}).get(field) or "").strip().casefold()
                    if (link is None or link.state is not LinkState.LIVE) and own and theirs == own:
                        return True
        return False

    def everybody_shows_the_same(self) -> None:
        store, hub = self.world.store, self.world.engine().hub
        ids = [row[0] for row in self._rows("SELECT id FROM canonical ORDER BY id")]
        canonicals, links, conflicts = store.canonicals(ids), store.links_of(ids), store.open_conflicts(ids)
        parked = {at: (store.parked(at, Side.OUT, ids), self._parked_keys(at)) for at in hub.bindings}
        for canonical in canonicals.values():
            if canonical.state is not EntityState.LIVE:
                continue
            disputed = conflicts.get(canonical.id, {})
            for at, binding in hub.bindings.items():
                if at.entity != canonical.entity or canonical.id in parked[at][0]:
                    continue
                own = [link for link in links.get(canonical.id, []) if link.binding == at]
                firm = canonical.values.get("account")
                firms = BindingId(at.connection, "firms", "account")
                firm_key = store.keys_at(firms, [firm]).get(firm) if firm else None
                if not own:
                    blocked = "emails[work]" in disputed or "name" in disputed or (firm and not firm_key)
                    blocked = blocked or self._asked(at, canonical.id) or self._waits_there(at, canonical)
                    assert blocked, f"I1: {canonical.id} has no record in {at}"
                for link in own:
                    if link.state is LinkState.LIVE and link.key not in parked[at][1]:
                        self._shows(at, binding.mapping.rules, canonical, disputed, link, firm_key)

    def _shows(self, at: Any, rules: Any, canonical: Any, disputed: Any, link: Any, firm_key: str | None) -> None:
        operator, key = self.world.operator, link.key
        row = self.world.remotes[at.connection].tables[at.stream].rows.get(key)
        assert row is not None, f"I1: {at} {key} is linked, and not there"
        for path, name in rules.items():
            value, shown = canonical.values.get(path), row.get(name)
            if path in disputed:
                continue
            entry, rev = link.base.get(path), canonical.field_rev(path)
            if operator is not None and operator.past.keeps_its_own(at, key, path, entry, rev):
                continue
            if path == "account":
                if not value and not shown:
                    continue
                firms = BindingId(at.connection, "firms", "account")
                there = self.world.store.entities_at(firms, [str(shown)]).get(str(shown)) if shown else None
                if operator is not None and (at.connection, "firms", shown) in operator.past.taken_back:
                    continue  # an undo deleted it; what refers to it does so until somebody edits the reference
                former = self.world.store.links(firms, [str(shown)]).get(str(shown))
                ended = self.world.store.links_of([value or ""]).get(value or "", [])
                if value and not firm_key and any(one.binding == firms for one in ended):
                    continue  # its record there is gone for good: what is to refer to it waits
                if former is not None and former.state is LinkState.CUT:
                    continue  # an undo made it nobody's: what refers to it says nothing
                if former is not None and former.entity_id == value and former.state is not LinkState.LIVE:
                    continue  # a record of this very firm, which is gone since
                if (value and firm_key) or there:
                    assert there == value, f"I1: {at} {key} shows firm {shown}, which is not {value} ({canonical.id})"
                continue
            same = token(shown) == token(value) if token(value) or token(shown) else _plain(shown) == _plain(value)
            assert same, f"I1: {at} {key} shows {shown!r} for {path}, not {value!r} ({canonical.id})"

    def only_what_was_refused_is_parked(self) -> None:
        """I14: a bad record takes no other along."""
        store = self.world.store
        for at in self.world.engine().hub.bindings:
            refused = self.world.remotes[at.connection].refused
            for page in store.all_parked(at, Side.OUT, Why.DEAD, 50):
                for parked in page:
                    innocent = parked.code == "bad-batch" or (at.stream, parked.key) not in refused
                    assert not innocent or parked.code == "duplicate", (
                        f"I14: {at} {parked.key} was set aside with others"
                    )

    def consent_was_never_loosened(self) -> None:
        status, moment = self.world.consent
        rows = self._rows(
            "SELECT entity_id, rev, path, old, new FROM history WHERE path IN (?, ?) ORDER BY entity_id, rev",
            status,
            moment,
        )
        moments = {(entity, rev): (_text(old), _text(new)) for entity, rev, path, old, new in rows if path == moment}
        for entity, rev, path, old, new in rows:
            if path == status and _RANK.get(_text(new) or "", 9) < _RANK.get(_text(old) or "", -1):
                assert (entity, rev) in moments, f"I19: consent of {entity} was loosened without a moment"
                was, now = moments[entity, rev]
                assert was in (None, "null") or str(now) > was, f"I19: consent of {entity} was loosened"

    def nothing_came_back(self) -> None:
        """I4: a field never returns to what it was, unless people had a hand in it, or a system rewrites what it is
        told and its mapping does not say so (then a rewriting that could not be read at once looks like an edit).
        """
        if not self.world.story.setup.lossy and any(nature.rewrites for nature in self.world.natures.values()):
            return
        steps = self.world.story.steps
        if any(
            step.kind in (*HANDS, "put-back") or any(event.kind in HANDS for event in step.events) for step in steps
        ):
            return
        past: dict[tuple[str, str], list[str]] = {}
        fought = any(step.kind == "fight" for step in steps)  # each enters what its record shows, were it a former name
        sql = "SELECT entity_id, path, old, new FROM history WHERE path <> ? ORDER BY entity_id, path, rev"
        for entity, path, old, new in self._rows(sql, ""):
            if fought and path == "full_name":
                continue
            held = past.setdefault((entity, path), [])
            for value in (token(old), token(new)):
                if value and value not in held[-1:]:
                    assert value not in held, f"I4: {path} of {entity} went back to {value}"
                    held.append(value)

    def every_write_is_explained(self) -> None:
        """I17: what the hub made is in its log, with the record it went to."""
        logged = {
            (connection, stream, entity_id)
            for connection, stream, entity_id in self._rows(
                "SELECT b.connection, b.stream, l.entity_id FROM write_log l "
                "JOIN write_batch w ON w.id = l.batch JOIN binding b ON b.id = w.binding WHERE w.kind = 'create'"
            )
        }
        live = {row[0] for row in self._rows("SELECT id FROM canonical WHERE state = 'live'")}
        for name, remote in self.world.remotes.items():
            for stream, marker, key in remote.created:
                linked = self.world.linked(name, stream, key)
                told = remote.nature.replay is not Replay.NATURAL  # else what was lost looks like any other
                told = told and (name, key) not in self.forgotten
                if told and marker in live and linked and key in remote.tables[stream].rows:
                    assert (name, stream, marker) in logged, f"I17: nothing tells why {name} {key} was made"

    def nothing_is_open(self) -> None:
        for name in self.world.remotes:
            rows = Counter(row.entity_id for one in self.world.store.open_intents(name) for row in one.rows)
            assert not rows, f"I10: writes to {name} are still in doubt"


def _plain(value: Any) -> str:
    return str(value or "").strip().lower()[:14]


def _text(value: Any) -> str | None:
    return None if value is None else str(value).strip('"')
