"""The document of the language describes the language there is."""

from __future__ import annotations

import re
from pathlib import Path

import mappings.compile
from mappings.compile import load
from mappings.language import Loss
from mappings.reading.parse import KEYS
from mappings.reading.rules import KEYS as RULE_KEYS
from mappings.transforms.registry import TRANSFORMS
from model.entities import schemas

TEXT = (Path(mappings.compile.__file__).parents[1] / "docs" / "mapping-language.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]


def test_its_example_is_a_mapping_without_an_error_and_shows_every_key() -> None:
    compiled, found = load(EXAMPLE, "crm_contacts.yaml", schemas())
    assert compiled is not None, [str(one) for one in found]
    assert [one.code for one in found if one.severity.value != "note"] == []
    shown = {line.split(":")[0] for line in EXAMPLE.splitlines() if line[:1].isalpha()}
    assert shown == set(KEYS) - {"extends"}


def test_it_knows_every_key_transform_and_loss() -> None:
    words = set(re.findall(r"`(\w+)", TEXT))
    assert set(RULE_KEYS) - words == set()
    assert set(TRANSFORMS) - words == set()
    assert {loss.value for loss in Loss} - words == set()
