"""Documents are checked like code: their links lead somewhere, their commands exist, their forms are kept."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")


def documents():
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document):
    dead = []
    for target in LINK.findall(without_code(document.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, fragment = target.partition("#")
        file = (document.parent / place).resolve() if place else document
        if not file.exists():
            dead.append(target)
        elif fragment and file.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            if fragment not in {anchor(heading) for heading in headings}:
                dead.append(target)
    assert dead == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_document_has_one_title_which_comes_first(document):
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_every_make_command_in_a_document_exists(name):
    blocks = re.findall(r"^```sh\n(.*?)^```|`(make [^`]+)`", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
    called = {target for block in blocks for target in re.findall(r"\bmake ([a-z-]+)", "".join(block))}
    offered = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert called <= offered


def test_the_readme_names_the_one_command_that_runs_it_and_the_one_that_tests_it():
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text
    assert len(text.splitlines()) <= 80, "one screen, or two"


def test_files_named_in_the_architecture_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`([a-z]+/[a-z_/]+\.py)`", text))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def releases():
    return re.findall(r"^## \[([^\]]+)\](?: - (\S+))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_changelog_begins_with_what_is_unreleased_and_goes_back_in_time():
    (first, no_date), *released = releases()
    assert (first, no_date) == ("Unreleased", "")
    days = [date.fromisoformat(day) for _, day in released]
    assert days == sorted(days, reverse=True)


def test_the_changelog_tells_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in {name for name, _ in releases()}


def test_changes_are_sorted_into_the_agreed_kinds_and_name_their_package():
    text = (ROOT / "CHANGELOG.md").read_text()
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    packages = {"model", "connectors", "mappings", "sync", "state", "syncline"}
    entries = re.findall(r"^- (.*)$", text, re.MULTILINE)
    assert entries
    assert [entry for entry in entries if re.sub(r"^\*\*(\w+)\*\*:.*", r"\1", entry) not in packages] == []


def decisions():
    return sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


@pytest.mark.parametrize("decision", decisions(), ids=lambda path: path.stem)
def test_a_decision_has_question_alternatives_choice_and_consequences(decision):
    text = decision.read_text()
    assert re.match(rf"# {decision.stem[:4]}: \S", text)
    assert re.search(r"^Status: (?:proposed|accepted|superseded by \[\d{4}\]\(\S+\)), \d{4}-\d\d$", text, re.MULTILINE)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == ["Question", "Alternatives", "Choice", "What follows"]
    alternatives = text.split("## Alternatives")[1].split("## Choice")[0]
    assert len(re.findall(r"^\d\. ", alternatives, re.MULTILINE)) >= 2
    assert "`" in alternatives, "show at least one alternative as it would look"


def test_decisions_are_numbered_without_gaps_and_all_are_listed():
    assert [path.stem[:4] for path in decisions()] == [f"{n:04}" for n in range(1, len(decisions()) + 1)]
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text()
    for path in decisions():
        title = path.read_text().splitlines()[0].removeprefix(f"# {path.stem[:4]}: ")
        assert f"| [{path.stem[:4]}]({path.name}) | {title} |" in listed


def glossary():
    rows = re.findall(r"^\| (\*\*.*?) \| (.*?) \| (.*?) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    return [(re.findall(r"\*\*(.+?)\*\*", term), meaning, others) for term, meaning, others in rows]


def test_every_term_of_the_glossary_is_explained_once():
    terms = [term for row, _, _ in glossary() for term in row]
    assert len(terms) > 40
    assert len(terms) == len(set(terms))
    assert all(meaning and others for _, meaning, others in glossary())


def test_no_term_is_a_word_the_glossary_tells_us_not_to_use():
    terms = {term for row, _, _ in glossary() for term in row}
    unused = {word.strip() for _, _, others in glossary() for word in re.split(r"[,/]", re.sub(r"\(.*?\)", "", others))}
    assert terms & unused == set()


def test_the_sample_data_carry_their_notice():
    notice = (ROOT / "NOTICE").read_text()
    assert "Copyright (c) Microsoft Corporation" in notice
    assert "Permission is hereby granted, free of charge" in notice
    assert (ROOT / "LICENSE").read_text().strip().startswith("Apache License")
