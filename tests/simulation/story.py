"""A story is everything one seed stands for: the systems, and what happens, step by step. It can be cut down.

Steps carry numbers instead of names; which record a number means is found out when the step is played, so that a story
from which steps were taken out is still a story.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from connectors.contract import Replay
from tests.simulation.director import FITS, Event
from tests.simulation.remote import Nature

USERS = (
    ("enter", 10),
    ("enter-firm", 4),
    ("enter-twice", 6),
    ("edit", 16),
    ("edit-several", 8),
    ("clear", 3),
    ("change-email", 2),
    ("move-firm", 4),
    ("edit-firm", 3),
    ("delete-firm", 1),
    ("undelete-firm", 1),
    ("delete", 5),
    ("merge", 3),
    ("undelete", 2),
    ("copy", 1),
    ("consent", 4),
)
"""What users do, and how often."""

PERSONS = (("resolve", 4), ("settle-match", 2), ("retry", 3), ("unite", 2), ("split", 1))
"""What people do in the hub between runs."""

CONTROLS = (("undo", 7), ("apply", 5), ("release", 2), ("discard", 1), ("restore", 2), ("fight", 2))
"""What an operator does with the controls in every `_CONTROLLED`-th story; and what two systems do to each other."""

CONTROL_KINDS = frozenset(name for name, _ in CONTROLS)

HANDS = frozenset(name for name, _ in PERSONS) | {"merge", "copy", "undelete", "undelete-firm", "undo", "restore"}
"""What may bring back a value that a field had before."""

TROUBLES = (
    ("poison", 4),
    ("hide", 3),
    ("down", 1),
    ("mask", 1),
    ("pass-time", 3),
    ("back-up", 4),
    ("put-back", 6),
    ("lose-field", 2),
)
"""What befalls systems for a while."""

RUNS = (("run", 20), ("run-some", 5), ("run-full", 2), ("run-sweep", 4), ("plan-run", 2))


@dataclass(frozen=True)
class Step:
    """One thing that happens. ``events`` happen during it, if it is a run."""

    kind: str
    args: tuple[int, ...] = ()
    events: tuple[Event, ...] = ()

    def __str__(self) -> str:
        said = f"{self.kind} {' '.join(map(str, self.args))}".strip()
        if self.events:
            said += "  [" + "; ".join(map(str, self.events)) + "]"
        return said


@dataclass(frozen=True)
class Setup:
    """The systems by name, in order of authority, and what the hub was told beforehand."""

    natures: tuple[tuple[str, Nature], ...]
    deletes: tuple[tuple[str, str], ...]  # on_delete in and out, by system
    rules: tuple[str, str, str]  # survivorship of title, department, name
    lossy: bool  # whether mappings say which fields are rewritten
    most_deletes: int | None = None  # brakes
    most_creates: int | None = None
    approval: str | None = None  # the system in which nothing is written before a person saw it
    flips: int = 4  # of a field before it is frozen


@dataclass(frozen=True)
class Story:
    seed: int
    setup: Setup
    steps: tuple[Step, ...]

    @property
    def controlled(self) -> bool:
        """Whether an operator uses the controls in it."""
        return self.setup.approval is not None or any(step.kind in CONTROL_KINDS for step in self.steps)


def made_up(seed: int) -> Story:
    """The story of a seed."""
    rng = Random(seed)
    setup = _setup(rng)
    daring = rng.choice((0.0, 0.5, 1.0, 2.0, 4.0))  # events a run
    plain = rng.random() < 0.5  # nothing is done by hand that may turn a value back
    users = tuple((name, often) for name, often in USERS if not (plain and name in HANDS))
    kinds = [_Bag(users, 60), _Bag(RUNS, 26), _Bag(TROUBLES, 12)] + ([] if plain else [_Bag(PERSONS, 8)])
    steps: list[Step] = []
    for _ in range(rng.randint(8, 28)):
        bag = rng.choices(kinds, weights=[bag.weight for bag in kinds])[0]
        kind = bag.draw(rng)
        args = tuple(rng.randrange(10_000) for _ in range(4))
        events = _events(rng, daring, users) if kind.startswith("run") else ()
        steps.append(Step(kind, args, events))
        if any(event.kind in ("lost-answer", "unsure", "crash") for event in events) and rng.random() < 0.5:
            steps.append(_looked_up_badly(rng, args))
    if rng.random() < 0.25:
        at = rng.randint(0, len(steps) // 2)  # early: later on there is less that is new everywhere
        steps[at:at] = _doubt(rng)
    _aim(seed, steps)
    story = Story(seed, _together(setup) if seed % _TOGETHER == 3 else setup, tuple(steps))
    return with_controls(story) if seed % _CONTROLLED == 2 else story


def _aim(seed: int, steps: list[Step]) -> None:
    """Put faults where they rarely strike. The dice are others, so that other stories stay as they are."""
    rng, aim = Random(f"aim of {seed}"), seed % _AIMED
    if aim == 4:
        entered = [Step("enter-twice", _args(rng)), Step("run", _args(rng))]
        steps += [*entered, Step("delete", _args(rng)), Step("delete", _args(rng)), _struck(rng, "run", "remove")]
    elif aim == 6:
        steps += [*_doubt(rng), _struck(rng, "run-sweep", "keys"), Step("run", _args(rng))]
    elif aim in (8, 13):
        for _ in range(rng.randint(1, 3)):
            steps.insert(rng.randint(1, len(steps)), Step("garble", _args(rng)))
    elif aim in (10, 15):
        for _ in range(rng.randint(1, 3)):
            at = rng.randint(1, len(steps))
            kinds = ("misspell", "run", "contradict", "run") if rng.random() < 0.6 else ("misspell",)
            steps[at:at] = [Step(kind, _args(rng)) for kind in kinds]


def _struck(rng: Random, kind: str, verb: str) -> Step:
    """A run in which the first calls of a kind fail, in some way or other."""
    faults = (rng.choice(sorted(FITS[verb])) for _ in range(2))
    return Step(
        kind, _args(rng), tuple(Event(at, one, (), verb, one == "lost-answer") for at, one in enumerate(faults))
    )


def _together(setup: Setup) -> Setup:
    """Every system takes several small batches at once."""
    natures = tuple((name, replace(nature, at_once=3, batch=min(nature.batch, 2))) for name, nature in setup.natures)
    return replace(setup, natures=natures)


def with_controls(story: Story) -> Story:
    """The same story with an operator in it. The dice are others, so that the story itself stays as it is."""
    rng = Random(f"controls of {story.seed}")
    daring = rng.choice((0.0, 0.0, 0.5, 1.0))
    bag = _Bag(CONTROLS, 1)
    steps = [step for step in story.steps if step.kind not in ("back-up", "put-back")]  # runs keep their numbers
    for _ in range(rng.randint(1, 3)):
        kind = bag.draw(rng)
        events = _events(rng, daring, ()) if kind in ("undo", "apply", "release") else ()
        at = rng.randint(min(4, len(steps)), len(steps))
        steps[at:at] = [*_before(rng, kind), Step(kind, _args(rng), events)]
    setup = replace(story.setup, flips=rng.choice((1, 2, 3)))
    if rng.random() < 0.3:
        setup = replace(setup, approval=rng.choice(setup.natures)[0])
    return Story(story.seed, setup, tuple(steps))


def _before(rng: Random, kind: str) -> list[Step]:
    """What makes a control worth using: something to take back, or to look at."""
    if kind != "undo" or rng.random() < 0.3:
        return []
    did = rng.choice(("edit", "edit", "edit-several", "clear", "delete", "delete", "enter", "undo"))
    found = [Step(did, _args(rng)), Step("run", _args(rng))]
    return found + ([Step(rng.choice(("edit", "clear", "delete", "run")), _args(rng))] if rng.random() < 0.4 else [])


def _args(rng: Random) -> tuple[int, ...]:
    return tuple(rng.randrange(10_000) for _ in range(4))


def _doubt(rng: Random) -> list[Step]:
    """Something to write, a process that dies as it is sent, and trouble while looking it up."""
    args = tuple(rng.randrange(10_000) for _ in range(4))
    entered = [Step("enter-twice" if rng.random() < 0.3 else "enter", tuple(rng.randrange(10_000) for _ in range(4)))]
    if rng.random() < 0.4:  # of what is known everywhere already: an update
        entered += [Step("run", args), Step("edit", tuple(rng.randrange(10_000) for _ in range(4)))]
    verb, late = rng.choice((("upsert", False), ("upsert", False), ("upsert", True), ("intend", True)))
    dies = Event(rng.choice((0, 0, 1)), "crash", args, verb, late)
    return [*entered, Step("run", args, (dies,)), *(_looked_up_badly(rng, args) for _ in range(2))]


def _looked_up_badly(rng: Random, args: tuple[int, ...]) -> Step:
    verb = rng.choice(("find", "fetch", "upsert", "upsert", "upsert"))
    aimed = Event(0, rng.choice(sorted(FITS[verb])), args, verb)
    return Step("run", args, (replace(aimed, late=aimed.kind == "lost-answer"),))


class _Bag:
    def __init__(self, kinds: tuple[tuple[str, int], ...], weight: int) -> None:
        self.names = [name for name, _ in kinds]
        self.weights = [often for _, often in kinds]
        self.weight = weight

    def draw(self, rng: Random) -> str:
        return str(rng.choices(self.names, weights=self.weights)[0])


def _events(rng: Random, daring: float, users: tuple[tuple[str, int], ...]) -> tuple[Event, ...]:
    found: list[Event] = []
    while rng.random() < daring / (1 + daring):
        args = tuple(rng.randrange(10_000) for _ in range(4))
        draw = rng.random()
        if draw < 0.55:
            verb = str(rng.choices(tuple(_TARGETS), weights=tuple(_TARGETS.values()))[0])
            kind = rng.choice(sorted(FITS[verb]))
            found.append(Event(int(rng.expovariate(0.5)), kind, args, verb, late=kind == "lost-answer"))
            continue
        kind = "crash" if draw < 0.7 else "rival" if draw < 0.78 else "pause"
        kind = kind if draw < 0.81 else _Bag(users, 1).draw(rng) if users else "crash"
        if rng.random() < 0.5:
            found.append(Event(min(int(rng.expovariate(1 / 18)), 120), kind, args))
        else:
            verb = rng.choice(("upsert", "upsert", "intend", "commit", "commit", "fetch", "read", "remove"))
            found.append(Event(int(rng.expovariate(0.4)), kind, args, verb, late=rng.random() < 0.5))
    return tuple(found)


_AIMED = 16  # of so many stories six aim at something
_CONTROLLED = 5
_TOGETHER = 7  # of so many stories one has systems that take several write calls at once

_TARGETS = {"read": 4, "upsert": 7, "fetch": 3, "keys": 2, "find": 3, "remove": 6}
"""Calls that faults are aimed at, and how often."""


def _setup(rng: Random) -> Setup:
    names = "abcde"[: rng.choice((2, 3, 3, 3, 4, 5))]
    natures = tuple((name, _nature(rng)) for name in names)
    policies = ("review", "delete", "delete", "ignore")
    deletes = tuple((rng.choice(policies), rng.choice(("ignore", "delete", "delete"))) for _ in names)
    rules = (
        rng.choice(("manual", "authority")),
        rng.choice(("latest", "authority", "most_complete")),
        rng.choice(("authority", "latest")),
    )
    lossy = rng.random() < 0.7
    return Setup(natures, deletes, rules, lossy, rng.choice((None, None, 0, 1)), rng.choice((None, None, None, 2)))


def _nature(rng: Random) -> Nature:
    replay = rng.choice((Replay.UPSERT, Replay.LOOKUP, Replay.LOOKUP, Replay.NATURAL))
    watermark = rng.random() < 0.8
    return Nature(
        replay=replay,
        conditional=rng.random() < 0.5,
        returns_record=rng.random() < 0.6,
        watermark=watermark,
        sweeps=not watermark or rng.random() < 0.3,
        batch=rng.choice((1, 2, 3)),
        grain=rng.choice((1, 1, 60)),
        skew=rng.choice((0, 0, -90, 45)),
        lag=rng.choice((0, 0, 0, 20, 50)),
        offset_paging=rng.random() < 0.2,
        rewrites=rng.choice(((), (), ("name",), ("title",), ("name", "dept"))),
        automates=rng.choice((None, None, None, ("title", "dept"), ("name", "title"))),
        unique_email=rng.random() < 0.15,
        refuses_whole=rng.random() < 0.5,
        stale=rng.random() < 0.4,
    )
