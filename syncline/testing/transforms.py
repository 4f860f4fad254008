"""What proves a transform: its two laws, over values of yours or over hypothesis strategies.

::

    def test_article_numbers_keep_the_laws():
        transform_laws(article(digits=6), inputs=["A-17", " a-000017"], canonicals=st.from_regex("[0-9]+"))
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mappings.transforms.base import NOTHING, Transform, UnfitError

_UNFIT: Any = object()


def transform_laws(
    transform: Transform,
    inputs: Any,
    canonicals: Any = (),
    *,
    names: Sequence[str] = (),
    loses: bool = False,
    runs: int = 100,
) -> None:
    """Raise AssertionError with the first value for which a law does not hold, or where no value says anything.

    ``inputs`` are record values (pairs with the value beside, for a transform that has one; lists, for one that
    gathers fields), ``canonicals`` are values in canonical form (tuples in the order of ``names``, for one with
    parts). Both may be iterables or hypothesis strategies. With ``loses``, what comes back may be less than what went
    out, once.
    """
    laws = _Laws(transform, tuple(names), loses=loses)
    _over(inputs, laws.of_input, runs)
    laws.assert_some("forward takes none of the inputs, which proves nothing")
    if transform.back is not None:
        _over(canonicals, laws.of_canonical, runs)
        laws.assert_some("back takes none of the canonicals, which proves nothing")


def _over(values: Any, holds: Callable[[Any], None], runs: int) -> None:
    if not hasattr(values, "filter"):
        listed: Iterable[Any] = values
        for value in listed:
            holds(value)
        return
    from hypothesis import given, settings  # only needed by those who use strategies

    def one(value: Any) -> None:
        holds(value)

    over: Callable[..., Any] = given(values)
    run: Callable[[], None] = settings(max_examples=runs, deadline=None, database=None)(over(one))
    run()


class _Laws:
    def __init__(self, transform: Transform, names: tuple[str, ...], *, loses: bool) -> None:
        self._transform, self._names, self._loses = transform, names, loses
        self._taken: list[bool] = []

    def assert_some(self, what: str) -> None:
        """Raise AssertionError where values were tried, and all were refused."""
        if self._taken and not any(self._taken):
            raise AssertionError(what)
        self._taken.clear()

    def of_input(self, value: Any) -> None:
        before = copy.deepcopy(value)
        canonical = self._read(value)
        self._taken.append(canonical is not _UNFIT)
        _hold(_equal(value, before), "forward changes the value it is given", value)
        _hold(_equal(self._read(value), canonical), "forward gives two results for one value", value)
        if canonical is _UNFIT or self._unknown(canonical) or self._transform.back is None:
            return
        shown = self._written(canonical)
        if shown is not _UNFIT:
            self._comes_back(canonical, self._record(shown, value), value)

    def of_canonical(self, canonical: Any) -> None:
        shown = self._written(canonical)
        self._taken.append(shown is not _UNFIT)
        if shown is not _UNFIT:
            self._comes_back(canonical, shown, canonical)

    def _comes_back(self, canonical: Any, shown: Any, value: Any) -> None:
        again = self._read(shown)
        _hold(again is not _UNFIT, "forward does not take what back writes", value)
        if not self._loses:
            _hold(self._no_edit(again, canonical), "what was written is read back as another value", value)
            return
        twice = self._written(again)
        _hold(twice is not _UNFIT, "back does not take what was read of its own writing", value)
        _hold(_equal(self._read(self._record(twice, shown)), again), "it loses something every time", value)

    def _read(self, value: Any) -> Any:
        transform = self._transform
        try:
            if transform.parts is not None:
                return (None,) * len(self._names) if _blank(value) else transform.forward(value, self._names)
            if transform.beside is not None:
                return transform.forward(*value)
            return transform.blank if _blank(value) else transform.forward(value)
        except UnfitError:
            return _UNFIT

    def _written(self, canonical: Any) -> Any:
        back = self._transform.back
        if back is None:
            return _UNFIT
        try:
            if self._transform.parts is not None:
                known = tuple(None if part is NOTHING else part for part in canonical)
                return back(known, self._names, None)
            return back(canonical)
        except UnfitError:
            return _UNFIT

    def _no_edit(self, again: Any, canonical: Any) -> bool:
        """Of parts, some may not be known any more: nothing is said of them."""
        if self._transform.parts is None:
            return _equal(again, canonical)
        return all(new is NOTHING or _equal(new, old) for new, old in zip(again, canonical, strict=True))

    def _record(self, shown: Any, value: Any) -> Any:
        """What the record shows after it was written: what is not written is as it was."""
        transform = self._transform
        if transform.beside is not None and not transform.beside_is_written:
            return (shown[0], value[1])
        if transform.gathers and isinstance(value, list):
            return [*shown, *[None] * (len(value) - len(shown))]
        return shown

    def _unknown(self, canonical: Any) -> bool:
        if self._transform.parts is not None:
            return all(part is NOTHING or _blank(part) for part in canonical)
        return canonical is NOTHING or _blank(canonical)


def _blank(value: Any) -> bool:
    return value is None or value in ("", [])


def _equal(one: Any, other: Any) -> bool:
    same = one is other or bool(one == other) or (one != one and other != other)
    return same and (type(one) is type(other))


def _hold(holds: bool, what: str, value: Any) -> None:  # noqa: FBT001 (the one thing it is about)
    if not holds:
        raise AssertionError(f"{what}: {value!r}")
