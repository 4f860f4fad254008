"""Cut a failing story down to what it needs to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.simulation.story import Story
from tests.simulation.world import SimWorld

Verdict = Callable[[Story], str | None]


def complaint(story: Story) -> str | None:
    """What a story shows to be wrong, by the invariant's name (or the error's); None where all holds."""
    try:
        SimWorld(story).play()
    except AssertionError as error:
        return str(error).partition(":")[0]
    except Exception as error:  # noqa: BLE001 (whatever it is, it must not happen)
        return type(error).__name__
    return None


def shrunk(story: Story, said: str, verdict: Verdict = complaint, most: int = 600) -> Story:
    """The same complaint from a smaller story: fewer steps, fewer events, fewer systems' quirks. ``most`` bounds the
    number of stories tried.
    """
    left = most
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in _smaller(story):
            left -= 1
            if verdict(candidate) == said:
                story, smaller = candidate, True
                break
            if left <= 0:
                break
    return story


def _smaller(story: Story) -> Iterator[Story]:
    """Candidates, the boldest cuts first."""
    steps = story.steps
    size = len(steps) // 2
    while size >= 1:
        for at in range(0, len(steps), size):
            yield replace(story, steps=steps[:at] + steps[at + size :])
        size //= 2
    for at, step in enumerate(steps):
        for event in step.events:
            rest = tuple(other for other in step.events if other is not event)
            yield replace(story, steps=(*steps[:at], replace(step, events=rest), *steps[at + 1 :]))
    natures = story.setup.natures
    for at, (name, nature) in enumerate(natures):
        for quirk in ({"rewrites": ()}, {"automates": None}, {"lag": 0}, {"skew": 0}, {"grain": 1}, {"batch": 1}):
            plainer = replace(nature, **quirk)
            if plainer != nature:
                changed = (*natures[:at], (name, plainer), *natures[at + 1 :])
                yield replace(story, setup=replace(story.setup, natures=changed))


def told(story: Story) -> str:
    """A story for people."""
    lines = [f"seed {story.seed}, cut down to {len(story.steps)} steps"]
    for (name, nature), policy in zip(story.setup.natures, story.setup.deletes, strict=True):
        said = [f"{nature.replay.value}", "conditional" if nature.conditional else "unconditional"]
        said += ["returns records"] if nature.returns_record else []
        said += ["sweeps"] if nature.sweeps else ["tombstones"]
        said += [] if nature.watermark else ["no watermark"]
        said += [f"lag {nature.lag} s"] if nature.lag else []
        said += [f"skew {nature.skew} s"] if nature.skew else []
        said += [f"rewrites {', '.join(nature.rewrites)}"] if nature.rewrites else []
        said += [f"sets {nature.automates[1]} when {nature.automates[0]} is written"] if nature.automates else []
        lines.append(f"  system {name}: {', '.join(said)}; deletes in {policy[0]}, out {policy[1]}")
    rules = story.setup.rules
    lines.append(f"  title goes by {rules[0]}, department by {rules[1]}, name by {rules[2]}")
    lines += [f"  {story.setup.approval} is written after approval only"] if story.setup.approval else []
    lines += [f"  {number:2}. {step}" for number, step in enumerate(story.steps, 1)]
    return "\n".join(lines)
