"""Draw a sample, and say what it proves. Pure, but for the dice, whose seed is given."""

from __future__ import annotations

import random
from collections.abc import Iterable
from math import exp, lgamma, log, log1p
from typing import Final, TypeVar

CONFIDENCE: Final = 0.95

T = TypeVar("T")


def drawn(population: Iterable[T], size: int, seed: int) -> tuple[list[T], int]:
    """A sample in which everything is as likely as everything else, and how many there are; in one pass, in order.

    The same population and seed give the same sample.
    """
    dice = random.Random(seed)  # noqa: S311 (no secret: a sample that can be repeated)
    kept: list[tuple[int, T]] = []
    many = 0
    for many, one in enumerate(population, 1):
        if len(kept) < size:
            kept.append((many, one))
        else:
            at = dice.randrange(many)
            if at < size:
                kept[at] = (many, one)
    return [one for _, one in sorted(kept, key=lambda pair: pair[0])], many


def upper_bound(found: int, sampled: int, confidence: float = CONFIDENCE) -> float:
    """The largest share of a population with which so few would be found in a sample: Clopper and Pearson, one-sided.

    It is the p for which P(X ≤ ``found``), X binomial of ``sampled`` and p, is 1 − ``confidence``. With nothing found
    that is 1 − (1 − confidence)^(1/sampled), near 3/sampled: the rule of three.
    """
    if found >= sampled:
        return 1.0
    if found == 0:
        return 1.0 - exp(log(1.0 - confidence) / sampled)
    low, high = found / sampled, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if at_most(found, sampled, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def at_most(found: int, sampled: int, share: float) -> float:
    """P(X ≤ found) of a binomial X: how likely so few, where this share of all is so."""
    if not 0.0 < share < 1.0:
        return 1.0 if share <= 0.0 or found >= sampled else 0.0
    ways = lgamma(sampled + 1)
    return sum(
        exp(ways - lgamma(k + 1) - lgamma(sampled - k + 1) + k * log(share) + (sampled - k) * log1p(-share))
        for k in range(found + 1)
    )
