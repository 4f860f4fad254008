"""What people who sync two lists are told: who was made, who joined whom, and what they have to answer."""

import pytest

CONFIG = """\
syncline: 1
connections:
  files:
    connector: files
    folder: data
    streams:
      office: {file: office.csv, key: nr}
      shop: {file: shop.csv, key: nr}
"""
MAPPING = """\
mapping: files_{stream}
connection: files
stream: {stream}
entity: contact
direction: in
lifecycle: live
match: {{strong: ["emails[work]"]}}
rules:
  given_name: vorname
  family_name: nachname
  job_title: beruf
  "emails[work]": {{field: mail, transform: email}}
  birth_date: {{field: geboren, transform: date}}
"""
OFFICE = """\
nr,vorname,nachname,beruf,mail,geboren
1,Ada,Berg,Ärztin,ada@example.org,1990-01-01
2,Bo,Carl,Koch,bo@example.org,gestern
3,Cy,Dorn,Maler,keine,1990-01-03
"""
SHOP = """\
nr,vorname,nachname,beruf,mail,geboren
x1,Ada,Berg,Ärztin,ada@example.org,1990-01-01
x2,Bo,Carl,Koch,bo@example.org,morgen
x3,Eve,Falk,Wirtin,eve@example.org,1990-01-05
"""


@pytest.fixture
def lists(make_cli, write):
    """Two lists: one person in both of them, one in both with a date that is none, one without an e-mail address."""

    def made(office=OFFICE, shop=SHOP):
        files = {"config.yaml": CONFIG, "data/office.csv": office, "data/shop.csv": shop}
        return make_cli(
            write(files | {f"mappings/files_{s}.yaml": MAPPING.format(stream=s) for s in ("office", "shop")})
        )

    return made


def test_a_record_that_is_in_the_hub_but_for_one_value_counts_as_made_and_the_value_is_said_to_lack(lists):
    cli = lists()
    planned = cli("plan").out
    assert "from files.office:contact: created 3 (2 of them lack a value)" in planned
    assert "from files.shop:contact: created 1, linked 2 (1 of them lacks a value)" in planned
    said = cli("run", code=None).out
    assert "created 1, created but not-a-date 1, created but not-an-email 1" in said
    assert "linked but not-a-date 1" in said
    assert {(one["stream"], one["links"]) for one in cli("status", "--json").json} == {("office", 3), ("shop", 3)}
    found = {
        (one["stream"], one["seen"], one["written"], one["dead"])
        for one in cli("runs", "show", "1", "--json").json["balances"]
    }
    assert found == {("office", 3, 1, 2), ("shop", 3, 2, 1)}
