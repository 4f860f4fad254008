"""Two rows of one file that are one person: what a plan and a run say, and what there is to answer."""

import pytest

from state.store import open_store

CONFIG = """
syncline: 1
state: sqlite:///hub.db
connections:
  files:
    connector: files
    folder: .
    streams:
      people: {file: people.csv, key: no}
"""
MAPPING = """connection: files
stream: people
entity: contact
direction: in
match:
  one_to_one: ONE_TO_ONE
  strong: [[family_name, birth_date]]
rules:
  given_name: first
  family_name: last
  birth_date: born
  job_title: title
"""
ROWS = """no,first,last,born,title
1,Ana,Li,1980-01-02,Baker
2,Anna,Li,1980-01-02,Cook
3,Bo,Ng,1990-01-02,Smith
4,Bo,Ng,1990-01-02,Smith
5,Cy,Po,1999-01-02,Smith
"""


@pytest.fixture
def people(write, make_cli):
    def people(one_to_one):
        mapping = MAPPING.replace("ONE_TO_ONE", str(one_to_one).lower())
        return make_cli(write({"config.yaml": CONFIG, "mappings/people.yaml": mapping, "people.csv": ROWS}))

    return people


def balance(ran):
    [told] = ran("runs", "show", "1", "--json").json["balances"]
    return told


def test_without_one_to_one_rows_of_one_person_join_and_what_differs_is_a_conflict_of_fields(people):
    ran = people(one_to_one=False)
    planned = ran("plan")
    assert planned.out == "in the hub, from files.people:contact: created 3, linked 1, linked with a conflict 1\n"
    assert "no mapping goes out to a system" in planned.err
    assert "  2 fields in conflict: syncline conflicts list --kind field" in planned.err
    said = ran("run", code=4)
    assert "2 fields in conflict: syncline conflicts list --kind field" in said.err
    assert "in question" not in said.err
    told = balance(ran)
    assert (told["written"], told["conflict"]) == (4, 1)
    assert told["detail"] == {"created": 3, "linked": 1, "linked with a conflict": 1}


def test_such_a_conflict_is_not_put_down_to_authority_and_names_both_rows(people):
    ran = people(one_to_one=False)
    ran("run", code=4)
    conflicts = ran("conflicts", "list", "--json").json
    assert {one["path"] for one in conflicts} == {"given_name", "job_title"}
    assert {one["rule"] for one in conflicts} == {"same connection"}
    assert "files.people 2" in ran("conflicts", "list").out
    [number] = [one["id"] for one in conflicts if one["path"] == "job_title"]
    said = ran("conflicts", "show", number)
    assert 'ours (files 1)           "Baker"' in said.out
    assert 'theirs (files.people 2)  "Cook"' in said.out
    assert "authority ranks connections, not their records" in said.err
    assert ran("conflicts", "show", number, "--json").json["ours_key"] == "1"


def test_with_one_to_one_the_second_row_is_disputed_and_counted_once(people):
    ran = people(one_to_one=True)
    said = ran("run", code=4)
    assert "2 records in question: syncline conflicts list --kind record" in said.err
    assert "in conflict" not in said.err
    assert "Disputed: the hub may know whose record it is" in said.err
    told = balance(ran)
    assert (told["written"], told["conflict"]) == (3, 2)
    assert told["detail"] == {"created": 3, "disputed": 2}
    question, _ = ran("conflicts", "list", "--json").json
    assert "a record of this stream with the same family_name+birth_date is it already" in (
        ran("conflicts", "show", question["id"]).out
    )


def test_conflicts_are_listed_by_what_they_are_about(people):
    ran = people(one_to_one=True)
    ran("run", code=4)
    assert ran("conflicts", "list", "--kind", "field", "--json").json == []
    assert {one["theirs_key"] for one in ran("conflicts", "list", "--kind", "record", "--json").json} == {"2", "4"}
    assert "At most 1 are shown" in ran("conflicts", "list", "-n", "1").err
    assert "At most" not in ran("conflicts", "list", "-n", "3").err
    assert "--kind" in ran("conflicts", "list", "--kind", "cases", code=2).err


def test_a_record_says_why_each_of_its_rows_is_it(people):
    ran = people(one_to_one=False)
    ran("run", code=4)
    told = {one["key"]: one["origin"] for one in ran("record", "show", "files:people:2", "--json").json["links"]}
    assert (told["1"]["how"], told["1"]["why"]) == ("founded", None)
    assert (told["2"]["how"], told["2"]["why"], told["2"]["run"]) == ("joined", "same family_name+birth_date", 1)
    said = ran("record", "show", "files:people:2").out
    assert "the entity was made from it" in said
    assert said.count("same family_name+birth_date") == 2  # beside the record, and when it happened
    assert "same family_name+birth_date" in ran("links", "show", "files:people:2").out
    listed = ran("links", "list", "--json").json
    assert [one["because"] for one in listed] == [["same family_name+birth_date"]] * 2


def test_why_rows_were_joined_by_an_older_version_is_said_not_to_be_known(people):
    ran = people(one_to_one=False)
    ran("run", code=4)
    store = open_store(f"sqlite:///{ran.folder / 'hub.db'}")
    with store.database.write() as tx:
        tx.run("DELETE FROM history WHERE path = ''")
    store.close()
    said = ran("record", "show", "files:people:2").out
    assert said.count("not known: linked before this was kept") == 2
    assert {one["origin"]["how"] for one in ran("links", "show", "files:people:2", "--json").json} == {"unknown"}
