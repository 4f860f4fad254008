"""Keys of a file are remembered in bounded memory, and none is forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.files.met import Met

keys = st.text("ab1", max_size=3)


@given(pages=st.lists(st.lists(keys, max_size=6), max_size=12), most=st.integers(1, 8))
def test_keys_are_met_however_many_lie_on_the_disk(pages: list[list[str]], most: int) -> None:
    met, expected = Met(most), set[str]()
    for page in pages:
        plain = len(set(page)) == len(page) and expected.isdisjoint(page)
        assert met.all_new(page) is plain
        for key in page if not plain else ():
            assert (key in met) is (key in expected)
            if key not in expected:
                met.add(key)
                expected.add(key)
        expected.update(page)
    met.close()
