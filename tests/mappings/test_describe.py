"""A mapping in words: every construct is told, and the page is one that can be read."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

import mappings.compile
from mappings import language
from mappings.compile import load
from mappings.contract import Blank, Direction, Match, OnDelete, ScoredRule, Strength, StrongRule
from mappings.language import (
    Condition,
    Each,
    Example,
    Lifecycle,
    Loss,
    MappingFile,
    Reference,
    Rule,
    Step,
    Table,
    Unknown,
    field_text,
)
from mappings.telling.describe import describe
from mappings.telling.wording import (
    IN_COLUMNS,
    LOSSES,
    RULE_WORDS,
    STRENGTHS,
    UNKNOWN,
    UNSAID,
    code,
    label,
    rule_words,
    step_words,
)
from mappings.transforms.registry import TRANSFORMS
from model.entities import schemas

SCHEMAS = schemas()
LIBRARY = sorted((Path(mappings.compile.__file__).parent / "library").rglob("*.yaml"))

IS = Condition(subject="Status", test=language.Test.IS, operand="x")
TABLE = Table(rows=(("male", ("M", "Mr")), ("female", ("F",))))
EACH = Each(key=("id",), rules=(Rule(paths=("sku",), fields=(("sku",),)),))
RULE = Rule(paths=("gender",), fields=(("Sex",),))
MATCH = Match(strong=(StrongRule(paths=("emails[*]",)),))
SCORED = ScoredRule(weights={"family_name": 3}, blocks=(("family_name",),))
MAPPING = MappingFile(
    name="crm_people", connection="crm", stream="Person", entity="contact", rules=(RULE,), match=MATCH
)


def page(mapping):
    return describe(mapping, SCHEMAS[mapping.entity])


def with_rule(**changes):
    return page(replace(MAPPING, rules=(replace(RULE, **changes),)))


RULES = {
    "paths": ("job_title",),
    "fields": (("Other",),),
    "constant": "x",
    "transforms": (Step(name="trim"),),
    "direction": Direction.IN,
    "strength": Strength.IF_EMPTY,
    "blank_in": Blank.IGNORE,
    "blank_out": Blank.IGNORE,
    "empty_kept": True,
    "default": "M",
    "placeholder": "?",
    "max_length": 7,
    "reference": Reference(stream="Account"),
    "table": TABLE,
    "is_set": True,
    "separator": ";",
    "each": EACH,
    "loses": frozenset({Loss.CASE}),
    "lifecycle": Lifecycle.PROPOSED,
    "expr": "src.Sex",
    "when_in": (IS,),
    "when_out": (IS,),
}


def test_every_field_of_a_rule_changes_the_page():
    assert RULES.keys() | UNSAID == {one.name for one in fields(Rule)}
    plain = page(MAPPING)
    assert [name for name, value in RULES.items() if with_rule(**{name: value}) == plain] == []


def test_every_field_of_a_rule_has_words_or_a_column():
    assert RULE_WORDS.keys() | IN_COLUMNS | UNSAID == {one.name for one in fields(Rule)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Newer(Rule):
    mood: str = ""
    unless: tuple[Condition, ...] = ()


def test_a_construct_that_has_no_words_yet_is_told_by_its_name():
    assert "mood: `glad`" in rule_words(Newer(paths=("gender",), fields=(("Sex",),), mood="glad"), writes=True)
    conditional = Newer(paths=("gender",), fields=(("Sex",),), unless=(IS, IS))
    assert "unless: `Status` is `x` and `Status` is `x`" in rule_words(conditional, writes=True)
    assert "mood" not in rule_words(Newer(paths=("gender",), fields=(("Sex",),)), writes=True)


WHOLE = {
    "name": "other",
    "connection": "erp",
    "stream": "Q",
    "entity": "lead",
    "rules": (replace(RULE, paths=("job_title",)),),
    "direction": Direction.IN,
    "lifecycle": Lifecycle.PROPOSED,
    "description": "People",
    "match": Match(),
    "create_in": False,
    "create_out": False,
    "update_in": False,
    "update_out": False,
    "owns": ("job_title",),
    "on_delete_in": OnDelete.DELETE,
    "on_delete_out": OnDelete.DELETE,
    "filter_in": (IS,),
    "filter_out": (IS,),
    "record_defaults": {"Source": "Hub"},
    "canonical_defaults": {"active": True},
    "made_of": ("shared/person.yaml",),
    "examples": (Example(name="one", record={"Sex": "M"}, canonical={"gender": "M"}),),
}


def test_every_field_of_a_mapping_changes_the_page():
    assert WHOLE.keys() | {"file", "positions"} == {one.name for one in fields(MappingFile)}
    plain = page(MAPPING)
    assert [name for name, value in WHOLE.items() if page(replace(MAPPING, **{name: value})) == plain] == []


PARTS = [
    (Match, MATCH, {"strong": (), "scored": SCORED, "one_to_one": False}, lambda one: replace(MAPPING, match=one)),
    (
        ScoredRule,
        SCORED,
        {"weights": {"job_title": 1}, "blocks": (("job_title",),), "link_at": 0.5, "dispute_at": 0.1},
        lambda one: replace(MAPPING, match=Match(scored=one)),
    ),
    (
        StrongRule,
        MATCH.strong[0],
        {"paths": ("full_name",)},
        lambda one: replace(MAPPING, match=Match(strong=(one,))),
    ),
    (
        Table,
        TABLE,
        {"rows": (("male", ("M",)),), "only_read": frozenset({"male"}), "unknown": Unknown.KEEP},
        lambda one: replace(MAPPING, rules=(replace(RULE, table=one),)),
    ),
    (
        Table,
        replace(TABLE, unknown=Unknown.DEFAULT, default="male"),
        {"default": "female"},
        lambda one: replace(MAPPING, rules=(replace(RULE, table=one),)),
    ),
    (
        Reference,
        Reference(stream="A"),
        {"stream": "B", "number": True, "starts": "001"},
        lambda one: replace(MAPPING, rules=(replace(RULE, reference=one),)),
    ),
    (
        Each,
        EACH,
        {"key": ("no",), "rules": (Rule(paths=("title",), fields=(("t",),)),)},
        lambda one: replace(MAPPING, rules=(replace(RULE, each=one),)),
    ),
    (
        Condition,
        IS,
        {"subject": "Kind", "test": language.Test.NOT, "operand": "y"},
        lambda one: replace(MAPPING, filter_in=(one,)),
    ),
    (
        Step,
        Step(name="trim"),
        {"name": "lower", "options": {"x": 1}, "origin": "acme 1.0"},
        lambda one: replace(MAPPING, rules=(replace(RULE, transforms=(one,)),)),
    ),
    (
        Example,
        Example(name="one", record={"Sex": "M"}, canonical={"gender": "M"}),
        {"name": "two", "record": {"Sex": "F"}, "canonical": {}, "write": {}, "unwritten": True, "skipped": True}
        | {"problems": ("gender",)},
        lambda one: replace(MAPPING, examples=(one,)),
    ),
]


@pytest.mark.parametrize(("kind", "one", "changes", "within"), PARTS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_field_of_a_part_changes_the_page(kind, one, changes, within):
    plain = page(within(one))
    assert [name for name, value in changes.items() if page(within(replace(one, **{name: value}))) == plain] == []


def test_no_field_of_a_part_was_forgotten():
    tried = {}
    for kind, _, changes, _ in PARTS:
        tried.setdefault(kind, set()).update(changes)
    assert {kind: names | UNSAID for kind, names in tried.items()} == {
        kind: {one.name for one in fields(kind)} | UNSAID for kind in tried
    }


def test_every_choice_has_words():
    assert (STRENGTHS.keys(), LOSSES.keys(), UNKNOWN.keys()) == (set(Strength), set(Loss), set(Unknown))
    assert [name for name in TRANSFORMS if step_words(Step(name=name)) == ""] == []


def test_all_conditions_read_as_sentences():
    conditions = [
        Condition(subject="S", test=language.Test.IS, operand="x"),
        Condition(subject="S", test=language.Test.NOT, operand=None),
        Condition(subject="S", test=language.Test.IN, operand=("x", True)),
        Condition(subject="S", test=language.Test.PRESENT, operand=False),
        Condition(subject="S", test=language.Test.MATCHES, operand="*@x"),
        Condition(subject="", test=language.Test.EXPR, operand='src.S\n!= "x"'),
    ]
    text = page(replace(MAPPING, filter_in=tuple(conditions)))
    for words in (
        "- `S` is `x`",
        "- `S` is not `null`",
        "- `S` is one of `x`, `true`",
        "- `S` has no value",
        "- `S` looks like `*@x`",
        '- `src.S != "x"` is true',
    ):
        assert words in text.splitlines()


def test_nothing_in_a_mapping_can_break_a_table_out_of_its_rows():
    text = with_rule(placeholder="a|b\n|c|", table=Table(rows=(("x|y", ("`|",)),)))
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
            assert line.replace("\\|", "").count("|") in (3, 5)


def test_a_value_that_is_read_back_as_another_says_so():
    text = with_rule(table=Table(rows=(("male", ("M",)), ("undisclosed", ("M",)))))
    assert "| `undisclosed` | `M` (read back as `male`) |" in text


def test_what_is_never_written_is_not_told_how():
    text = with_rule(direction=Direction.IN, default="M", max_length=5, strength=Strength.ENFORCE)
    assert "| `Sex` | → | Gender `gender` | as it is |" in text


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_default_mapping_is_a_page_that_names_all_its_rules(path):
    mapping, _ = load(path.read_text(encoding="utf-8"), str(path), SCHEMAS)
    text = describe(mapping.source, SCHEMAS[mapping.entity], version=mapping.version)
    assert text == describe(mapping.source, SCHEMAS[mapping.entity], version=mapping.version)
    assert text.startswith(f"# {mapping.name}\n")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for rule in mapping.source.rules:
        names = [f"`{name}`" for name in (*rule.paths, *map(field_text, rule.fields))]
        assert any(all(name in row for name in names) for row in rows), rule.path
    for example in mapping.source.examples:
        assert f"### {example.name}" in text


def test_names_are_those_of_the_language_not_of_the_model():
    assert "An order has at most one record here." in describe(
        replace(MAPPING, entity="order", rules=()), SCHEMAS["order"]
    )


@pytest.mark.parametrize(
    ("name", "shown"), [("a", "`a`"), ("a`b", "`` a`b ``"), ("a``b", "``` a``b ```"), ("a|b", "`a\\|b`"), ("", "“”")]
)
def test_a_name_of_any_signs_stays_one_name_on_the_page(name, shown):
    assert code(name) == shown


def test_a_table_within_a_list_of_values_is_called_after_the_list():
    sub = Rule(paths=("",), fields=(("address",),), table=Table(rows=(("a@example.com", ("A",)),)))
    rule = Rule(paths=("emails",), fields=(("mails",),), each=Each(key=("type",), rules=(sub,)))
    assert "`emails[*]`\n" in page(replace(MAPPING, rules=(rule,)))


def test_one_character_is_one():
    assert "cut to 1 character on" in with_rule(max_length=1)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("addresses[billing].city", "City (billing address)"),
        ("consents[email:marketing].status", "Status (email marketing consent)"),
        ("emails[work]", "E-mail address (work)"),
        ("addresses[*].city", "City (any)"),
        ("birth_date", "Birth date"),
        ("no such [path", "no such [path"),
    ],
)
def test_a_path_is_called_as_people_would_call_it(path, said):
    assert label(path, SCHEMAS["contact"]) == said
