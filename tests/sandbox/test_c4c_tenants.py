"""Both tenants are served at one address, and kept in one file."""

import base64

import pytest

from syncline.sandbox.c4c.system import SYSTEM
from syncline.sandbox.wire import Request

BASIC = {"authorization": "Basic " + base64.b64encode(b"USER:password").decode(), "accept": "application/json"}
FIRST = "/sap/c4c/odata/v1/c4codataapi/ContactCollection"
SECOND = "/sap/c4c/api/v1/contact-person-service/contactPersons"


def shown(tenants, path):
    return Request(
        method="GET", path="", body=tenants.handle(Request(method="GET", path=path, headers=BASIC)).body
    ).json()


def test_what_was_kept_is_there_again_and_new_records_get_numbers_of_their_own(tmp_path):
    tenants = SYSTEM.make(None)
    (one,) = tenants.first.seed("contacts", [{"LastName": "Anders"}])
    (two,) = tenants.second.seed("contacts", [{"familyName": "Moos"}])
    SYSTEM.keep(tenants, tmp_path / "kept")
    again = SYSTEM.make(tmp_path / "kept")
    assert [row["LastName"] for row in shown(again, FIRST)["d"]["results"]] == ["Anders"]
    assert [row["familyName"] for row in shown(again, SECOND)["value"]] == ["Moos"]
    assert again.first.seed("contacts", [{"LastName": "New"}]) != [one]
    assert again.second.seed("contacts", [{"familyName": "New"}]) != [two]


def test_a_file_of_something_else_is_not_taken(tmp_path):
    (tmp_path / "other").write_text("{}")
    with pytest.raises(KeyError):
        SYSTEM.make(tmp_path / "other")
