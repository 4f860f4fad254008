"""The page of the transforms is written from them, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import mappings.compile
from mappings.reading.scalars import flow
from mappings.transforms.reference import markdown
from mappings.transforms.registry import TRANSFORMS
from syncline.testing import transform_laws

PAGE = Path(mappings.compile.__file__).parents[1] / "docs" / "transforms.md"


def test_the_document_is_what_the_transforms_say():
    said = PAGE.read_text(encoding="utf-8")
    assert said == markdown(), "python -m mappings.transforms.reference > docs/transforms.md"


def test_every_transform_has_a_page():
    pages = re.findall(r"^### (\w+)$", markdown(), re.MULTILINE)
    assert sorted(pages) == sorted(TRANSFORMS)


def test_the_transform_it_teaches_to_write_keeps_its_laws():
    taught, tested = re.findall(r"```python\n(.*?)```", markdown(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(taught, names)
    exec(tested, names)
    names["test_article_numbers_keep_the_laws"]()
    entry = names["ARTICLE"]
    made = entry.make()
    assert [made.forward(example.record) for example in entry.examples] == ["17"]
    with pytest.raises(AssertionError):
        transform_laws(made, inputs=[], canonicals=["017"])


@pytest.mark.parametrize(
    "value",
    [
        {"regex": {"read": r"(\d+)", "write": "C-{1}"}},
        ["a b", "true", None, True, 1.5],
        "a\nb",
        {"$": "C"},
        "it's",
        "",
    ],
)
def test_what_it_shows_as_a_rule_is_read_as_that_rule(value: Any):
    assert YAML(typ="safe", pure=True).load(flow(value)) == value
