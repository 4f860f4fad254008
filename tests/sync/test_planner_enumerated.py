"""Every state in which three systems can be found, and what follows from it: merge and verdict, without a store.

Of an entity that all agree on, each system may show a field unchanged, changed to what others changed it to as well,
changed to a value of its own, or cleared; it may say nothing about it; or its record may be gone. All of that of three
systems and two fields is 26³ states. What is expected of each is said here in a few sentences of its own
(`expected`), which know nothing of revisions and baselines.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any, NamedTuple

import pytest

from mappings.contract import OnDelete
from model.clock import ManualClock
from model.entities import schemas
from model.records import Record
from sync.absorb import Observation, absorb
from sync.decision import ActionKind, Bucket, Canonical, EntityState, Link
from sync.hub import Hub
from sync.ledger import Ids, Ledger, Scene
from sync.policy import Policy, Rule, Survivorship
from sync.reconcile import Standing, decide

SYSTEMS = ("crm", "shop", "erp")  # highest authority first
TITLE, DEPT = "job_title", "department"
RULES = {"full_name": "name", TITLE: "title", DEPT: "dept"}
SHOWS = ("same", "alike", "apart", "cleared", "unknown")
GONE = "gone"
ORDERS = tuple(itertools.permutations(SYSTEMS))


def shown(state: str, system: str, path: str) -> Any:
    """The value that a system in that state shows of a field."""
    return {"same": f"old {path}", "alike": f"new {path}", "apart": f"{path} of {system}", "cleared": None}[state]


# What is expected


class Expected(NamedTuple):
    value: Any
    disputed: bool
    told: frozenset[str]  # systems that have to be told


def expected(states: dict[str, str], order: tuple[str, ...], path: str, rule: Rule) -> Expected:
    """Of one field. Whoever's record is gone, or says nothing, has no say.

    Nobody changed anything: nothing happens. All who did say the same: that it is. They differ: the rule decides, and
    where it leaves it to a person, the hub keeps what it heard first and tells nobody anything. In the end everybody
    who is there and is not known to show the value is told it.
    """
    old = shown("same", "", path)
    says = {name: shown(state, name, path) for name, state in states.items() if state not in (GONE, "unknown")}
    news = [(name, says[name]) for name in order if says.get(name, old) != old]
    if not news:
        return Expected(old, False, frozenset())
    disputed = False
    if rule is Rule.AUTHORITY:
        value = min(news, key=lambda one: SYSTEMS.index(one[0]))[1]
    elif rule is Rule.LATEST:
        value = news[-1][1]
    else:
        value, disputed = news[0][1], len({said for _, said in news}) > 1
    told = {name for name, state in states.items() if state != GONE and says.get(name, old) != value}
    return Expected(value, disputed, frozenset() if disputed else frozenset(told))


# What happens


class Planner:
    """The deciding half of the engine over one entity."""

    def __init__(self, plain: Any, rules: dict[str, Rule], on_delete: OnDelete = OnDelete.REVIEW) -> None:
        mappings = [
            plain(name, "people", "contact", RULES, on_delete_in=on_delete, on_delete_out=OnDelete.DELETE)
            for name in SYSTEMS
        ]
        survivorship = {path: Survivorship(rule, SYSTEMS) for path, rule in rules.items()}
        policy = Policy(survivorship={"contact": survivorship})
        self.hub = Hub.of(None, {}, mappings, schemas(), policy, ManualClock())  # type: ignore[arg-type]  # no store is asked
        self.bindings = {binding.id.connection: binding for binding in self.hub.bindings.values()}
        self.mappings, self.ids = self.hub.mappings, Ids(0, "")

    def agreed(self) -> Agreed:
        return Agreed(self)


class Agreed:
    """An entity that all three systems show alike, and what becomes of it."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        values = {"full_name": "Ana", TITLE: shown("same", "", TITLE), DEPT: shown("same", "", DEPT)}
        self.canonical = Canonical("e1", "contact", values, "erp")
        self.links, self.conflicts = {}, {}
        self.kept, self.asked, self.history = [], [], []
        for name, binding in planner.bindings.items():
            (fingerprint,) = binding.mapping.fingerprints([self._record(name, {TITLE: "same", DEPT: "same"})])
            self.links[name] = Link(binding.id, f"{name}1", "e1", "1", fingerprint)

    def _record(self, name: str, states: dict[str, str] | str, version: str = "1") -> Record:
        if states == GONE:
            return Record(f"{name}1", {}, version, True)
        fields = {RULES[path]: shown(state, name, path) for path, state in states.items() if state != "unknown"}
        return Record(f"{name}1", {"name": "Ana", **fields}, version)

    def read(self, name: str, states: dict[str, str] | str) -> bool:
        """Whether it was news."""
        binding, link = self.planner.bindings[name], self.links[name]
        record = self._record(name, states, "2")
        (projection,) = binding.mapping.project([record])
        (fingerprint,) = binding.mapping.fingerprints([record])
        scene = Scene(
            links={link.key: link},
            canonicals={"e1": self.canonical},
            links_of={"e1": list(self.links.values())},
            conflicts=self.conflicts,
        )
        ledger = Ledger(scene, self.planner.mappings, self.planner.hub.indexes, 1, self.planner.ids)
        absorb(binding, Observation(record, projection, fingerprint), ledger)
        changes = ledger.closed()
        self.kept += changes.conflicts
        self.asked += changes.parked
        self.history += changes.history
        return bool(changes.conflicts or changes.history or changes.parked)

    def verdicts(self) -> dict[str, Any]:
        standing = Standing(self.canonical, list(self.links.values()), self.conflicts.get("e1", {}))
        found = decide(standing, list(self.planner.bindings.values()), ())
        return {verdict.binding.connection: verdict for verdict in found}

    def told(self, path: str) -> frozenset[str]:
        return frozenset(
            name for name, one in self.verdicts().items() if one.action is not None and path in (one.action.paths or ())
        )


def outcome(entity: Agreed, path: str) -> Expected:
    open_ones = entity.conflicts.get("e1", {})
    return Expected(entity.canonical.values.get(path), path in open_ones, entity.told(path))


def one_field() -> list[dict[str, str]]:
    return [dict(zip(SYSTEMS, states, strict=True)) for states in itertools.product((*SHOWS, GONE), repeat=3)]


def read_all(planner: Planner, states: dict[str, str], order: tuple[str, ...]) -> Agreed:
    entity = planner.agreed()
    for name in order:
        entity.read(name, GONE if states[name] == GONE else {TITLE: states[name], DEPT: "same"})
    return entity


@pytest.fixture(scope="module")
def planners(plain_module):
    return {
        rule: Planner(plain_module, {TITLE: rule, DEPT: rule}) for rule in (Rule.AUTHORITY, Rule.LATEST, Rule.MANUAL)
    }


def test_all_states_of_three_systems_and_two_fields_end_as_the_sentences_say(plain_module):
    rules = {TITLE: Rule.AUTHORITY, DEPT: Rule.MANUAL}
    planner = Planner(plain_module, rules)
    of_a_system = [*itertools.product(SHOWS, repeat=2), (GONE, GONE)]
    orders, wrong, seen = itertools.cycle(ORDERS), [], 0
    for states in itertools.product(of_a_system, repeat=3):
        seen += 1
        order, entity = next(orders), planner.agreed()
        by_path = {
            path: dict(zip(SYSTEMS, (state[place] for state in states), strict=True))
            for place, path in enumerate((TITLE, DEPT))
        }
        for name in order:
            title, dept = by_path[TITLE][name], by_path[DEPT][name]
            entity.read(name, GONE if title == GONE else {TITLE: title, DEPT: dept})
        for path, rule in rules.items():
            want = expected(by_path[path], order, path, rule)
            if outcome(entity, path) != want:
                wrong.append((by_path[path], order, path, want, outcome(entity, path)))
    assert seen == 26**3
    assert wrong == [], f"{len(wrong)} of {seen}, the first: {wrong[0]}"


@pytest.mark.parametrize("rule", [Rule.AUTHORITY, Rule.LATEST, Rule.MANUAL])
def test_every_state_of_a_field_in_every_order_of_reading(planners, rule):
    wrong = []
    for states, order in itertools.product(one_field(), ORDERS):
        want, got = expected(states, order, TITLE, rule), outcome(read_all(planners[rule], states, order), TITLE)
        if want != got:
            wrong.append((states, order, want, got))
    assert wrong == [], f"{len(wrong)}, the first: {wrong[0]}"


@pytest.mark.parametrize("rule", [Rule.AUTHORITY, Rule.MANUAL])
def test_the_order_of_reading_does_not_matter(planners, rule):
    """Where the latest is not to win: neither to whether there is a conflict, nor (but for a person's) to the value."""
    for states in one_field():
        ends = {outcome(read_all(planners[rule], states, order), TITLE) for order in ORDERS}
        assert len({end.disputed for end in ends}) == 1, states
        if rule is Rule.AUTHORITY or not any(end.disputed for end in ends):
            assert len(ends) == 1, (states, ends)


@pytest.mark.parametrize("rule", [Rule.AUTHORITY, Rule.LATEST, Rule.MANUAL])
def test_nothing_is_pushed_where_nothing_is_due(planners, rule):
    for states, order in itertools.product(one_field(), ORDERS):
        entity = read_all(planners[rule], states, order)
        for name, verdict in entity.verdicts().items():
            if states[name] == GONE:
                assert (verdict.action, verdict.bucket) == (None, Bucket.SKIPPED), "not created again"
            elif verdict.action is not None:
                assert verdict.action.kind is ActionKind.UPDATE
                assert verdict.action.paths == {TITLE}, "only what changed"
                assert verdict.action.after == {TITLE: entity.canonical.values[TITLE]}
                assert states[name] == "unknown" or verdict.action.after[TITLE] != shown(states[name], name, TITLE)
                assert verdict.action.blanks == (entity.canonical.values[TITLE] is None)


@pytest.mark.parametrize("rule", [Rule.AUTHORITY, Rule.LATEST, Rule.MANUAL])
def test_no_edit_is_overwritten_without_both_values_being_kept(planners, rule):
    for states, order in itertools.product(one_field(), ORDERS):
        entity = read_all(planners[rule], states, order)
        known = {value for row in entity.history for value in (row.old, row.new)}
        known |= {value for one in entity.kept for value in (one.ours, one.theirs)}
        edits = {name: shown(s, name, TITLE) for name, s in states.items() if s in ("alike", "apart", "cleared")}
        assert set(edits.values()) <= known, "every edit is known to the hub"
        rivals = [{one.ours, one.theirs} for one in entity.kept]
        for name in entity.told(TITLE) & edits.keys():
            assert any(edits[name] in pair for pair in rivals), (states, order, name)


@pytest.mark.parametrize("rule", [Rule.AUTHORITY, Rule.LATEST, Rule.MANUAL])
def test_there_is_a_conflict_exactly_where_values_were_changed_apart(planners, rule):
    for states, order in itertools.product(one_field(), ORDERS):
        entity = read_all(planners[rule], states, order)
        edits = {shown(s, name, TITLE) for name, s in states.items() if s in ("alike", "apart", "cleared")}
        assert bool(entity.kept) == (len(edits) > 1)
        assert all((one.winner is None) == (rule is Rule.MANUAL) for one in entity.kept)


@pytest.mark.parametrize("rule", [Rule.AUTHORITY, Rule.LATEST, Rule.MANUAL])
def test_what_is_read_again_is_no_news(planners, rule):
    for states, order in itertools.product(one_field(), ORDERS):
        entity = read_all(planners[rule], states, order)
        before = outcome(entity, TITLE)
        for name in order:
            again = GONE if states[name] == GONE else {TITLE: states[name], DEPT: "same"}
            if states[name] != GONE or not entity.asked:
                assert not entity.read(name, again), (states, order, name)
        assert outcome(entity, TITLE) == before


@pytest.mark.parametrize("on_delete", list(OnDelete))
def test_what_a_deletion_means_is_what_its_mapping_says(plain_module, on_delete):
    planner = Planner(plain_module, {TITLE: Rule.AUTHORITY, DEPT: Rule.AUTHORITY}, on_delete)
    for states, order in itertools.product(one_field(), ORDERS):
        entity = read_all(planner, states, order)
        gone = {name for name, state in states.items() if state == GONE}
        ended = bool(gone) and on_delete is OnDelete.DELETE
        assert (entity.canonical.state is EntityState.DELETED) == ended
        assert len(entity.asked) == (len(gone) if on_delete is OnDelete.REVIEW else 0)
        if ended:
            deleted = {n for n, v in entity.verdicts().items() if v.action and v.action.kind is ActionKind.DELETE}
            assert deleted == set(SYSTEMS) - gone
            assert Counter(row.why for row in entity.history)["deleted"] == 1
