"""Every slip of the hand on every line of a good mapping: nearly all are one diagnostic, and none is a flood.

What stays ambiguous (a key above a block deleted, a line moved to another level that fits it, too) may be two or three.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mappings.compile import load
from model.diagnostics import Severity
from model.entities import schemas

SHIPPED = Path(__file__).parents[2] / "mappings" / "library"
SCHEMAS = schemas()

SLIPS: dict[str, Callable[[str], str]] = {
    "a tab for its spaces": lambda line: re.sub(r"^ +", "\t", line),
    "no colon": lambda line: re.sub(r":( |$)", r"\1", line, count=1),
    "no space behind the colon": lambda line: re.sub(r": (\S)", r":\1", line, count=1),
    "= for the colon": lambda line: line.replace(": ", " = ", 1),
    "no first quote": lambda line: line.replace('"', "", 1),
    "no last quote": lambda line: line[::-1].replace('"', "", 1)[::-1],
    "no } at the end": lambda line: line[::-1].replace("}", "", 1)[::-1],
    "no ] at the end": lambda line: line[::-1].replace("]", "", 1)[::-1],
    "no { at the beginning": lambda line: line.replace("{", "", 1),
    "no [ at the beginning": lambda line: line.replace("[", "", 1),
    "no comma": lambda line: line.replace(",", "", 1),
    "a space more": lambda line: f" {line}",
    "two spaces more": lambda line: f"  {line}",
    "a space less": lambda line: line.removeprefix(" "),
    "two spaces less": lambda line: line.removeprefix("  "),
    "said twice": lambda line: f"{line}\n{line}",
    "a capital": lambda line: re.sub(r"[a-z]", lambda found: found[0].upper(), line, count=1),
    "a letter missing": lambda line: re.sub(r"(\w)\w(\w)", r"\1\2", line, count=1),
    "a dash in front": lambda line: re.sub(r"^( *)", r"\1- ", line),
    "a semicolon behind": lambda line: f"{line};",
    "deleted": lambda _: "",
}


def errors(text: str, name: str) -> list[str]:
    return [str(one) for one in load(text, f"{name}.yaml", SCHEMAS)[1] if one.severity is Severity.ERROR]


@pytest.mark.parametrize("name", ["salesforce/lead", "shopify/orders", "files/prospects"])
def test_nearly_every_slip_is_said_once(name):
    path = SHIPPED / f"{name}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert errors("\n".join(lines), path.stem) == []
    said: dict[tuple[str, int], list[str]] = {}
    for number, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        for slip, change in SLIPS.items():
            changed = change(line)
            if changed != line:
                text = "\n".join([*lines[:number], changed, *lines[number + 1 :]])
                said[slip, number + 1] = errors(text, path.stem)
    several = {slip: found for slip, found in said.items() if len(found) > 1}
    assert len(said) > 200
    assert len(several) <= 0.07 * len(said), several
    assert max(map(len, said.values())) <= 8
