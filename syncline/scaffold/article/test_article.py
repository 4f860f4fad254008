"""Article numbers go in and out, and what is none is refused."""

from typing import Any

import pytest
from hypothesis import strategies as st

from syncline.scaffold.article.numbers import ARTICLE, article
from syncline.sdk import OptionError, UnfitError
from syncline.testing import transform_laws


@pytest.mark.parametrize("digits", [1, 6])
def test_what_went_in_or_out_comes_back(digits: int) -> None:
    numbers = st.integers(0, 10**9).map(str)
    transform_laws(article(digits), inputs=numbers.map(lambda number: f" a-{number}"), canonicals=numbers | st.text())


def test_the_examples_are_what_it_does() -> None:
    for example in ARTICLE.examples:
        transform = article()
        assert transform.forward(example.record) == example.canonical
        assert transform.back is not None
        assert transform.back(example.canonical) == example.record


@pytest.mark.parametrize("value", ["", "A-", "A-x", "B-17", None, 1.5, ["A-17"], "A-" + "1" * 99])
def test_what_is_no_article_is_refused(value: Any) -> None:
    with pytest.raises(UnfitError) as raised:
        article().forward(value)
    assert raised.value.code == "not-an-article"


@pytest.mark.parametrize("digits", [0, 21, "6", True, None])
def test_an_option_that_makes_no_sense_is_refused(digits: Any) -> None:
    with pytest.raises(OptionError):
        article(digits)
