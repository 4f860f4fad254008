"""Throws that look random and follow from a seed alone: the same on every machine, in every version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_WORD = (1 << 64) - 1


class Dice:
    """A splitmix64 generator (Steele, Lea and Flood, 2014). Good for making things up, never for secrets."""

    def __init__(self, seed: str) -> None:
        self._state = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "big")

    def below(self, bound: int) -> int:
        """A whole number from 0 up to, not including, ``bound``."""
        self._state = mixed = (self._state + 0x9E3779B97F4A7C15) & _WORD
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        return ((mixed ^ (mixed >> 31)) * bound) >> 64

    def share(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self.below(1 << 53) / (1 << 53)

    def choice(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]

    def some(self, things: Sequence[T], number: int) -> list[T]:
        """``number`` of the things, each at most once, in any order."""
        left = list(things)
        return [left.pop(self.below(len(left))) for _ in range(number)]
