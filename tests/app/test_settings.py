"""Every mistake in a project is found at its line, all of them at once, and no secret is ever shown."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import field_validator

from connectors.contract import Connector, Settings
from mappings.reading.reader import Positions
from model.diagnostics import Severity
from model.fields import Kind
from sync.policy import Braked, Limit, Rule, Survivorship
from syncline.catalogue import Catalogue, Source
from syncline.connections import holds_password
from syncline.document import Document, Node
from syncline.settings import load_project

SECRET = "hunter2-canary"

CONFIG = """\
syncline: 1
connections:
  erp:
    connector: sql
    url: sqlite:///data/erp.db
    streams:
      people: {table: people, key: id, writable: true}
"""
MAPPING = """\
mapping: erp_people
connection: erp
stream: people
entity: contact
match: {strong: ["emails[*]"]}
rules:
  family_name: last_name
  "emails[work]": email
"""


def load(folder, environment=None):
    return load_project(folder, environment=environment or {})


def errors(found):
    return [(one.line, one.code) for one in found if one.severity is Severity.ERROR]


@pytest.fixture
def project(write):
    def make(config=CONFIG, mapping=MAPPING, **files):
        return write({"config.yaml": config, "mappings/erp_people.yaml": mapping, **files})

    return make


def test_a_valid_project_is_ready_to_be_wired(project):
    folder = project()
    loaded, found = load(folder)
    assert found == []
    assert [mapping.name for mapping in loaded.mappings] == ["erp_people"]
    assert loaded.state_url == f"sqlite:///{folder}/var/syncline.db"
    assert loaded.connections["erp"].settings.url.get_secret_value() == f"sqlite:///{folder}/data/erp.db"


def test_all_mistakes_are_found_at_once_with_their_lines(project):
    folder = project(
        CONFIG.replace("writable", "writeable")
        + """\
  crm: {connector: salesfroce}
  Shop!: {connector: shopify}
entities:
  contact:
    fields: {loyalty_tier: {type: choise}}
    survivorship:
      default: {rule: authority, order: [erp, crn]}
      job_titel: manual
      given_name: {rule: loudest}
brakes:
  default: {create: {count: -1}, explode: {count: 1}}
  erpp: {update: {share: 2}}
schedules:
  - {name: a, every: 15q}
  - {name: a, every: 15m, cron: "* * * * *"}
  - {cron: "61 * * * *", zone: Mars/Base}
unknwon: 1
"""
    )
    loaded, found = load(folder)
    assert loaded is None
    codes = {(one.line, one.code) for one in found}
    assert codes >= {
        (7, "unknown-key"),
        (8, "unknown-connector"),
        (9, "bad-name"),
        (12, "custom-field"),
        (14, "unknown-connection"),
        (15, "unknown-field"),
        (16, "unknown-choice"),
        (18, "out-of-range"),
        (18, "unknown-key"),
        (19, "unknown-connection"),
        (19, "out-of-range"),
        (21, "bad-duration"),
        (22, "schedule-when"),
        (23, "missing-key"),
        (23, "bad-cron"),
        (23, "unknown-zone"),
        (24, "unknown-key"),
    }
    said = "\n".join(map(str, found))
    for hint in ("'writable'", "'salesforce'", "'job_title'", "config.yaml:8:20"):
        assert hint in said


class Clumsy(Settings):
    size: int

    @field_validator("size")
    @classmethod
    def _half(cls, value):
        return {}[f"{SECRET} {value}"]


class Acme(Connector[Clumsy]):
    name = "acme"
    Settings = Clumsy


def test_settings_that_their_connector_breaks_on_are_said_and_nothing_of_them_is_shown(project):
    reference = f"{__name__}:{Acme.__name__}"
    catalogue = Catalogue({"acme": (Source("acme", reference, "acme-package"),)})
    folder = project("syncline: 1\nconnections:\n  erp: {connector: acme, size: 3}\n")
    loaded, found = load_project(folder, environment={}, catalogue=catalogue)
    assert loaded is None
    assert [(one.line, one.code) for one in found] == [(3, "broken-connector")]
    assert found[0].message.startswith("the connector breaks while it reads these settings: KeyError, in ")
    assert "(_half)" in found[0].message
    assert SECRET not in str(found[0])


def test_a_missing_variable_is_named_with_its_line_and_nothing_else_is_said_of_the_connection(project):
    loaded, found = load(project(CONFIG.replace("sqlite:///data/erp.db", "postgresql+psycopg://u:${env:ERP_PW}@h/d")))
    assert loaded is None
    assert [(one.line, one.code) for one in found] == [(5, "missing-variable")]
    assert "ERP_PW" in str(found[0])


def test_references_to_variables_and_files_are_replaced_inside_texts(project):
    folder = project(
        CONFIG.replace("sqlite:///data/erp.db", "postgresql+psycopg://${env:WHO}:${file:secrets/pw}@h/$${d}"),
        **{"secrets/pw": SECRET + "\n"},
    )
    loaded, found = load(folder, {"WHO": "hub"})
    assert found == []
    assert loaded.connections["erp"].settings.url.get_secret_value() == f"postgresql+psycopg://hub:{SECRET}@h/${{d}}"


@pytest.mark.parametrize(
    "broken",
    [
        CONFIG.replace("sqlite:///data/erp.db", "${env:ERP_URL}").replace("key: id", "kee: id"),
        CONFIG.replace("sqlite:///data/erp.db", "${env:ERP_URL}").replace("people:", "people: 3 #"),
        CONFIG.replace("sqlite:///data/erp.db", "[${env:ERP_URL}]"),
        CONFIG.replace("sqlite:///data/erp.db", "'${env:ERP_URL}'").replace("connector: sql", "connector: files"),
        CONFIG.replace("connector: sql", "connector: sql\n    zone: ${env:ERP_URL}"),
    ],
)
def test_no_diagnostic_and_no_repr_shows_a_secret(project, broken):
    url = f"postgresql+psycopg://u:{SECRET}@h/d"
    loaded, found = load(project(broken), {"ERP_URL": url})
    assert loaded is None
    assert SECRET not in "".join(map(str, found)) + repr(found)
    good, _ = load(project(CONFIG.replace("sqlite:///data/erp.db", "${env:ERP_URL}")), {"ERP_URL": url})
    assert SECRET not in repr(good)


def test_a_password_in_the_file_is_a_warning_and_a_plain_address_is_not(project):
    loaded, found = load(project(CONFIG.replace("sqlite:///data/erp.db", f"postgresql+psycopg://u:{SECRET}@h/d")))
    assert loaded is not None
    assert [(one.line, one.code, one.severity) for one in found] == [(5, "literal-secret", Severity.WARNING)]
    assert SECRET not in str(found[0])


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("${file:nowhere}", "secret-file"),
        (r'"${file:a\0b}"', "secret-file"),
        ("${vault:x}", "unknown-reference"),
        ("${env:}", "unknown-reference"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_diagnostic(project, reference, code):
    _, found = load(project(CONFIG.replace("sqlite:///data/erp.db", reference)))
    assert [(one.line, one.code) for one in found] == [(5, code)]


def test_survivorship_brakes_and_custom_fields_reach_the_policy(project):
    folder = project(
        CONFIG
        + """\
entities:
  contact:
    fields: {loyalty_tier: {type: choice, choices: [bronze, gold]}}
    survivorship:
      default: {rule: authority, order: [erp]}
      loyalty_tier: manual
      "emails[*]": latest
brakes:
  erp: {delete: {count: 3}}
"""
    )
    loaded, found = load(folder)
    assert found == []
    rules = loaded.policy.survivorship["contact"]
    assert rules["default"] == Survivorship(Rule.AUTHORITY, ("erp",))
    assert rules["loyalty_tier"].rule is Rule.MANUAL
    assert loaded.policy.limit("erp", Braked.DELETE) == Limit(3, 0.02)
    assert loaded.schemas["contact"].fields["loyalty_tier"].kind is Kind.CHOICE


def test_mappings_are_held_against_the_connections(project):
    _, found = load(project(mapping=MAPPING.replace("stream: people", "stream: peeple")))
    assert [(one.line, one.code) for one in found] == [(3, "unknown-stream")]
    assert "'people'" in str(found[0])
    _, found = load(project(mapping=MAPPING.replace("connection: erp", "connection: epr")))
    assert [(one.line, one.code) for one in found] == [(2, "unknown-connection")]


def test_two_mappings_of_one_binding_are_refused(project):
    folder = project(**{"mappings/again.yaml": MAPPING.replace("erp_people", "again")})
    _, found = load(folder)
    assert [(one.code, one.line, one.column) for one in found] == [("duplicate", 3, 9)]


def test_two_mappings_of_one_name_are_refused_where_the_name_stands(project):
    folder = project(**{"mappings/a.yaml": MAPPING.replace("entity: contact", "entity: lead")})
    _, found = load(folder)
    (one,) = (one for one in found if one.severity is Severity.ERROR)
    assert (one.code, one.line, one.hint) == ("duplicate", 1, "give one of them another name")


def test_a_mapping_with_mistakes_does_not_hide_what_is_wrong_between_mappings(project):
    config = CONFIG.rstrip() + "\n      firms: {table: firms, key: id, writable: true}\n"
    people = MAPPING + "  account: {field: firm, reference: people}\n"
    firms = MAPPING.replace("people", "firms").replace("contact", "account").replace("family_name", "nam")
    _, found = load(project(config, people, **{"mappings/erp_firms.yaml": firms}))
    assert [(one.file.rpartition("/")[2], one.line, one.column, one.code) for one in found] == [
        ("erp_firms.yaml", 7, 3, "unknown-path"),
        ("erp_people.yaml", 9, 37, "wrong-stream"),
    ]
    unreadable = {"mappings/erp_firms.yaml": "connection: erp\nrules: {name: N}\n"}
    _, found = load(project(config, people, **unreadable))
    assert {one.code for one in found} == {"missing-key"}  # it may tie what is pointed to


def test_a_stream_that_is_not_there_is_said_once(project):
    people = MAPPING + "  account: {field: firm, reference: firms}\n"
    _, found = load(project(mapping=people))
    assert [(one.line, one.column, one.code) for one in found] == [(9, 37, "unknown-stream")]


@pytest.mark.parametrize(
    ("people", "firms", "said"),
    [("people", None, "people → people"), ("firms", "people", "people → firms → people")],
)
def test_streams_that_are_parents_of_each_other_are_said_where_that_is_written(project, people, firms, said):
    streams = f"      people: {{table: people, key: id, writable: true, parents: [{people}]}}\n"
    parents = f", parents: [{firms}]" if firms else ""
    streams += f"      firms: {{table: firms, key: id{parents}}}\n"
    old = "      people: {table: people, key: id, writable: true}\n"
    loaded, found = load(project(config=CONFIG.replace(old, streams)))
    assert loaded is None
    (one,) = (one for one in found if one.code == "parent-cycle")
    assert said in one.message or "firms → people → firms" in one.message
    assert one.line == (7 if one.message.startswith("people") else 8)


def test_a_proposed_mapping_is_checked_but_does_not_run(project):
    loaded, _ = load(project(mapping=MAPPING + "lifecycle: proposed\n"))
    assert (loaded.mappings, [one.name for one in loaded.proposed]) == ((), ["erp_people"])


def test_a_mistake_in_a_connection_does_not_blame_its_mappings(project):
    _, found = load(project(CONFIG.replace("key: id", "kee: id")))
    assert {one.file.rpartition("/")[2] for one in found} == {"config.yaml"}


@pytest.mark.parametrize("written", ["2", "true", '"1"', "[1]"])
def test_another_format_is_refused(project, written):
    _, found = load(project(CONFIG.replace("syncline: 1", f"syncline: {written}")))
    assert [(one.line, one.code) for one in found] == [(1, "unknown-format")]


def test_a_folder_without_a_project_says_what_to_do(tmp_path):
    loaded, (one,) = load_project(tmp_path)
    assert loaded is None
    assert "syncline init" in str(one)


def test_connections_can_be_loaded_while_a_mapping_is_broken(project):
    folder = project(mapping="mapping: [")
    assert load(folder)[0] is None
    loaded, found = load_project(folder, environment={}, with_mappings=False)
    assert (list(loaded.connections), found) == (["erp"], [])


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "syncline: 1\nconnections: [a]", "a: &a [*a]", "\x00", "connections:\n  erp:"]
)
def test_odd_files_are_diagnostics(project, text):
    loaded, found = load(project(text))
    assert loaded is None
    assert all(one.file for one in found)
    assert found


_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "erp", "sql", "15m", "${env:X}"])
)
_NAMES = """
    syncline state connections entities brakes schedules erp contact default connector streams fields survivorship
    rule order create count share name every cron select auth url
"""
_names = st.sampled_from(_NAMES.split())
_trees = st.recursive(
    _scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_names, inner, max_size=4))
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_names, _trees, max_size=5))
def test_no_shape_of_configuration_ends_in_a_trace(write, tree):
    loaded, found = load(write({"config.yaml": json.dumps(tree), "mappings/m.yaml": MAPPING}))
    assert loaded is not None or found


def test_five_connections_share_what_one_file_says_of_them(project):
    named = [f"shop{n}" for n in range(5)]
    table = "{connector: sql, url: 'sqlite:///data/x.db', streams: {people: {table: people, key: id, writable: true}}}"
    folder = project(
        config="syncline: 1\nconnections:\n" + "".join(f"  {name}: {table}\n" for name in named),
        mapping="extends: shared/shop\nconnection: shop0\n",
        **{f"mappings/{name}.yaml": f"extends: shared/shop\nconnection: {name}\n" for name in named[1:]},
        **{"mappings/shared/shop.yaml": MAPPING.replace("connection: erp\n", "").replace("mapping: erp_people\n", "")},
    )
    loaded, found = load(folder)
    assert [one.code for one in found] == ["no-order"]
    assert sorted(mapping.connection for mapping in loaded.mappings) == named
    (folder / "mappings/shared/shop.yaml").write_text(MAPPING.replace("family_name:", "famliy_name:"))
    _, found = load(folder)
    assert [(one.file, one.line, one.code) for one in found] == [
        (str(folder / "mappings/shared/shop.yaml"), 7, "unknown-path")
    ]


def test_files_are_extended_in_a_project_that_is_named_from_beside_it(project):
    folder = project(
        mapping="extends: shared/../shared/people\nconnection: erp\n",
        **{
            "mappings/shared/people.yaml": MAPPING.replace("connection: erp\n", "").replace("mapping: erp_people\n", "")
        },
    )
    loaded, found = load(folder / "mappings" / "..")
    assert found == []
    assert loaded.mappings[0].entity == "contact"


@pytest.mark.parametrize(
    "name",
    [
        *("../secrets/base", "/etc/hostname", "shared/../../secrets/base", "link", ".", "..", "mappings"),
        *(r'"a\0b"', r'"a\ud800b"', "x" * 5000, "x/" * 3000),
    ],
)
def test_only_files_below_the_mappings_can_be_extended(project, name):
    folder = project(mapping=f"extends: {name}\n{MAPPING}", **{"secrets/base.yaml": "rules: {given_name: first}\n"})
    (folder / "mappings" / "link.yaml").symlink_to(folder / "secrets" / "base.yaml")
    _, found = load(folder)
    assert "unknown-base" in [one.code for one in found]


def test_what_a_mapping_owns_is_decided_by_its_connection(project):
    config = CONFIG + "entities: {contact: {survivorship: {default: {rule: authority, order: [erp]}}}}\n"
    owned = MAPPING + '  "addresses[shipping].city": city\nowns: [family_name, "addresses[shipping]", emails]\n'
    loaded, found = load(project(config, owned))
    assert found == []
    rules = loaded.policy.survivorship["contact"]
    for path in ("family_name", "addresses[shipping].city", "addresses[shipping]", "emails[*]"):
        assert rules[path] == Survivorship(Rule.AUTHORITY, ("erp",)), path
    assert "addresses[billing].city" not in rules


@pytest.mark.parametrize(
    ("owns", "code", "rest"),
    [
        ("famliy_name", "unknown-path", ""),
        ("job_title", "owned-unread", ""),
        ('"[x]"', "not-a-path", ""),
        ('"addresses[shipping]"', "two-owners", 'survivorship: {"addresses[shipping].city": latest}'),
        ('"emails[work]"', "two-owners", 'survivorship: {"emails[*]": latest}'),
    ],
)
def test_what_cannot_be_owned_is_said(project, owns, code, rest):
    config = CONFIG + f"entities: {{contact: {{{rest}}}}}\n"
    owned = MAPPING + f'  "addresses[shipping].city": city\nowns:\n  - {owns}\n'
    _, found = load(project(config, owned))
    assert [(one.code, one.line) for one in found] == [(code, 11)]


def test_one_field_has_one_owner(project):
    config = (
        CONFIG + "      leads: {table: leads, key: id}\n  web:\n    connector: sql\n    url: sqlite:///data/web.db\n"
    )
    config += "    streams: {people: {table: people, key: id, writable: true}}\n"
    mine, other = MAPPING + 'owns: ["emails[work]"]\n', MAPPING.replace("erp", "web") + "owns: [emails]\n"
    _, found = load(project(config, mine, **{"mappings/web_people.yaml": other}))
    (clash,) = (one for one in found if one.severity is Severity.ERROR)
    assert (clash.code, clash.line) == ("two-owners", 9)
    assert "erp_people.yaml" in clash.message


def test_a_proposed_rule_is_checked_and_does_not_run(project):
    live, _ = load(project())
    text = MAPPING + "  job_title: {field: title, lifecycle: proposed}\n"
    loaded, found = load(project(mapping=text))
    (mapping,) = loaded.mappings
    assert found == []
    assert not mapping.covers("job_title")
    assert mapping.version == live.mappings[0].version
    assert loaded.as_if_live().mappings[0].covers("job_title")
    _, found = load(project(mapping=text.replace("job_title", "jobtitle")))
    assert [one.code for one in found] == ["unknown-path"]


def test_a_deprecated_mapping_runs_and_says_that_it_should_go(project):
    loaded, found = load(project(mapping=f"lifecycle: deprecated\n{MAPPING}"))
    assert [mapping.name for mapping in loaded.mappings] == ["erp_people"]
    assert [(one.code, one.severity, one.line) for one in found] == [("deprecated", Severity.NOTE, 1)]


def test_records_there_are_created_and_never_updated(project):
    loaded, found = load(project(mapping=f"update: in\n{MAPPING}"))
    assert found == []
    assert loaded.mappings[0].strength("family_name").value == "create_only"
    assert loaded.mappings[0].update_in
    _, found = load(project(mapping=f"update: out\ndirection: in\n{MAPPING}"))
    assert [one.code for one in found] == ["update-against-direction"]


@pytest.mark.parametrize(
    ("rule", "line"),
    [("most_restrictive", 8), ("{rule: most_restrictive}", 8), ("{rule: latest, values: [a]}", 8)],
)
def test_the_most_restrictive_value_needs_a_list_of_values(project, rule, line):
    config = CONFIG + f"entities: {{contact: {{survivorship: {{job_title: {rule}}}}}}}\n"
    _, found = load(project(config))
    assert [(one.code, one.line) for one in found] == [("missing-key", line)]


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("{rule: authority, order: [nowhere]}", ["unknown-connection"]),
        ("{rule: authority, order: erp}", ["wrong-type"]),
        ("{rule: authority, order: []}", ["missing-key"]),
        ("{rule: most_restrictive, values: [[a]]}", ["wrong-type"]),
        ("{rule: most_restrictive, values: []}", ["missing-key"]),
    ],
)
def test_a_mistake_in_survivorship_is_said_once(project, rule, codes):
    _, found = load(project(CONFIG + f"entities: {{contact: {{survivorship: {{job_title: {rule}}}}}}}\n"))
    assert [one.code for one in found] == codes


def test_of_very_many_mistakes_some_hundred_are_listed_and_that_there_are_more_is_said_once(project):
    fields = "".join(f"      field_{number}: {{type: txet}}\n" for number in range(500))
    loaded, found = load(project(f"{CONFIG}entities:\n  contact:\n    fields:\n{fields}"))
    assert loaded is None
    assert {one.code for one in found[:-1]} == {"custom-field"}
    assert (len(found), found[-1].code, found[-1].severity) == (301, "too-many", Severity.ERROR)
    assert found[-1].line == found[-2].line + 1


def test_what_is_not_listed_is_as_grave_as_the_gravest_of_it():
    document = Document("config.yaml", Positions())
    node = Node(document, "x")
    for _ in range(310):
        node.warn("literal-secret", "the password is written in the file")
    assert [one.severity for one in document.found] == [Severity.WARNING] * 301
    node.report("wrong-type", "expected a list, got text")
    node.warn("literal-secret", "the password is written in the file")
    assert [one.code for one in document.found].count("too-many") == 1
    assert (len(document.found), document.found[-1].severity) == (301, Severity.ERROR)


@pytest.mark.parametrize(
    ("address", "shows"),
    [
        ("postgresql+psycopg://u:pw@h/d", True),
        ("postgresql+psycopg://u:p/w@h/d", True),
        ("postgresql+psycopg://h/d?user=u&password=pw", True),
        ("postgresql+psycopg://u@h:5432/d", False),
        ("sqlite:///C:/some.one@x.db", False),
    ],
)
def test_a_password_is_seen_wherever_an_address_can_hold_it(project, address, shows):
    assert holds_password(address) is shows
    _, found = load(project(f"{CONFIG}state: {address}\n"))
    assert [one.code for one in found] == (["literal-secret"] if shows else [])


def test_texts_out_of_the_file_are_kept_short(project):
    _, found = load(project(f"{CONFIG}{'x' * 5000}: 1\n"))
    assert max(len(str(one)) for one in found) < 2000


def test_two_owners_of_a_field_are_said_also_where_one_has_other_mistakes(project):
    config = (
        CONFIG + "  web: {connector: sql, url: 'sqlite:///data/web.db', streams: {people: {table: people, key: id}}}\n"
    )
    mine, other = MAPPING + 'owns: ["emails[work]"]\n', MAPPING.replace("erp", "web") + "owns: [emails]\ncolour: red\n"
    _, found = load(project(config, mine, **{"mappings/web_people.yaml": other}))
    assert {one.code for one in found if one.severity is Severity.ERROR} >= {"two-owners", "unknown-key"}
