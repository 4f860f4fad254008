"""Creates that are held back, as `status`, `run` and `runs show` tell of them."""

import pytest

CONFIG = """
syncline: 1
state: sqlite:///hub.db
connections:
  erp:
    connector: files
    folder: erp
    streams:
      people: {file: people.csv, key: no, writable: true}
  crm:
    connector: files
    folder: crm
    streams:
      people: {file: people.csv, key: no, writable: true}
"""
MAPPING = """connection: CONNECTION
stream: people
entity: contact
direction: both
match: {strong: [MATCH]}
rules:
  full_name: name
  emails[work]: email
"""


@pytest.fixture
def held(write, make_cli):
    """Two people of the ERP share an address that a record of the CRM has, too: which of them is it?"""
    erp = MAPPING.replace("CONNECTION", "erp").replace("MATCH", "full_name")
    crm = MAPPING.replace("CONNECTION", "crm").replace("MATCH", '"emails[work]"')
    folder = write(
        {
            "config.yaml": CONFIG,
            "mappings/1_erp.yaml": erp,
            "mappings/2_crm.yaml": crm,
            "erp/people.csv": "no,name,email\n1,Ana,info@example.com\n2,Bo,info@example.com\n3,Cy,cy@example.com\n",
            "crm/people.csv": "no,name,email\n7,A. or B.,info@example.com\n",
        }
    )
    return make_cli(folder)


def rows(ran):
    return {row["connection"]: row for row in ran("status", "--json").json}


def test_status_counts_them_where_they_are_and_names_the_record_to_look_at(held):
    said = held("run", code=4)
    assert "2 creates held back: syncline status" in said.err
    (question,) = held("conflicts", "list", "--json").json
    assert (rows(held)["crm"]["held"], rows(held)["crm"]["held_by"]) == (2, {"conflicts": [question["id"]]})
    assert (rows(held)["erp"]["held"], rows(held)["erp"]["held_by"]) == (0, {})
    said = held("status")
    assert "HELD BACK" in said.out
    assert "crm.people:contact: 2 creates held back, since records there may be these:" in said.err
    assert f"in question: syncline conflicts show {question['id']}" in said.err
    assert "2 creates held back: syncline status" in held("runs", "show", "1").err


def test_they_are_gone_when_the_question_is_answered(held):
    held("run", code=4)
    (question,) = held("conflicts", "list", "--json").json
    held("conflicts", "resolve", question["id"], "--new", "--yes")
    held("run", code=None)
    assert rows(held)["crm"]["held"] == 0
    said = held("status")
    assert "HELD BACK" not in said.out
    assert "held back" not in said.err
    names = [line.split(",")[1] for line in (held.folder / "crm/people.csv").read_text().splitlines()[1:]]
    assert {"Ana", "Bo", "Cy"} <= set(names)


def test_while_a_mapping_is_broken_status_says_what_it_cannot_tell(held):
    held("run", code=4)
    broken = held.folder / "mappings/2_crm.yaml"
    broken.write_text(broken.read_text().replace("full_name: name", "full_nam: name"), encoding="utf-8")
    assert rows(held)["crm"]["held"] is None
    said = held("status")
    assert "crm.people:contact: what is held back cannot be told while a mapping is broken: syncline check" in said.err
    assert rows(held)["erp"]["held"] == 0


def test_a_second_mapping_of_a_stream_hides_what_is_held_back_there_only(held):
    held("run", code=4)
    mapping = (held.folder / "mappings/2_crm.yaml").read_text(encoding="utf-8")
    (held.folder / "mappings/3_again.yaml").write_text(mapping, encoding="utf-8")
    assert {name: row["held"] for name, row in rows(held).items()} == {"crm": None, "erp": 0}


def test_a_mapping_that_is_only_proposed_holds_nothing_back(held):
    held("run", code=4)
    file = held.folder / "mappings/2_crm.yaml"
    file.write_text(f"lifecycle: proposed\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    assert rows(held)["crm"]["held"] == 0
