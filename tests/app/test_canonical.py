"""`mappings fields`: what the left side of a rule may be."""

import re
import sys
from io import StringIO

from syncline.cli.main import app

CONFIG = """
syncline: 1
entities:
  contact:
    fields:
      loyalty_tier: {type: choice, choices: [bronze, gold], privacy: sensitive, label: Loyalty tier}
connections: {}
"""


def test_entities_are_listed_with_what_they_are_without_any_project(tmp_path, make_cli):
    ran = make_cli(tmp_path / "nowhere")
    listed = {one["entity"]: one for one in ran("mappings", "fields", "--json").json}
    assert listed["lead"]["what"].startswith("Somebody who may become a customer")
    said = ran("mappings", "fields")
    assert "An organisation one does business with" in said.out
    assert "syncline mappings fields contact" in said.err


def test_an_entity_s_fields_are_listed_with_kind_class_example_and_keys(tmp_path, make_cli):
    ran = make_cli(tmp_path)
    found = {one["path"]: one for one in ran("mappings", "fields", "contact", "--json").json}
    assert found["birth_date"] | {"what": ""} == {
        "path": "birth_date",
        "kind": "date",
        "class": "sensitive",
        "label": "Birth date",
        "what": "",
        "example": "1980-12-10",
        "choices": None,
        "max_length": None,
        "required": False,
        "custom": False,
        "target": None,
        "keys": None,
    }
    assert found["phones[]"]["keys"][:2] == ["work", "mobile"]
    assert found["account"]["target"] == "account"
    said = ran("mappings", "fields", "contact").out
    assert "addresses[…].postal_code" in said
    assert "where a person lives, where a system keeps that beside the address of the firm" in said


def test_custom_fields_of_the_project_are_among_them(write, make_cli):
    ran = make_cli(write({"config.yaml": CONFIG}))
    own = ran("mappings", "fields", "contact", "--json").json[-1]
    assert (own["path"], own["custom"], own["class"], own["choices"]) == (
        "loyalty_tier",
        True,
        "sensitive",
        ["bronze", "gold"],
    )
    assert "loyalty_tier" not in ran("mappings", "fields", "account").out


def test_an_entity_that_does_not_exist_is_guessed(tmp_path, make_cli):
    assert "did you mean 'contact'" in make_cli(tmp_path)("mappings", "fields", "contacts", code=2).err


class Screen(StringIO):
    def isatty(self):
        return True


def test_a_narrow_terminal_gets_two_columns(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout", Screen())
    app(["--project", str(tmp_path), "--no-color", "mappings", "fields", "case"], standalone_mode=False)
    shown = re.sub("\x1b\\[[0-9]*m", "", sys.stdout.getvalue())
    assert max(map(len, shown.splitlines())) <= 80
    assert "Priority. One of low, normal, high, urgent." in shown
