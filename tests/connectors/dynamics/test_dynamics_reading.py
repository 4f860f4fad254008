"""Reading: delta links, their end, merges, look-ups, columns."""

import pytest

from connectors.sdk import CursorExpiredError, FieldType, RefusedError, UnauthorisedError


def test_changes_and_deletions_come_by_the_delta_link_and_nothing_else_does(crm, fake, read):
    kept, edited, gone = fake.seed("account", [{"name": name} for name in "abc"])
    full, since = read(crm, "account")
    assert set(full) == {kept, edited, gone}
    fake.edit("account", edited, {"name": "B"})
    fake.delete("account", gone)
    [fresh] = fake.seed("account", [{"name": "d"}])
    now, later = read(crm, "account", since)
    assert {key: record.deleted for key, record in now.items()} == {edited: False, fresh: False, gone: True}
    assert read(crm, "account", later)[0] == {}


def test_what_was_made_and_deleted_between_two_reads_is_a_deletion_of_something_unknown(crm, fake, read):
    _, since = read(crm, "account")
    [short] = fake.seed("account", [{"name": "a"}])
    fake.delete("account", short)
    changed, _ = read(crm, "account", since)
    assert [(key, record.deleted) for key, record in changed.items()] == [(short, True)]


def test_what_is_edited_while_a_long_read_runs_comes_again(crm, fake, read):
    keys = fake.seed("account", [{"name": f"{n}"} for n in range(8)])
    pages = crm.read("account", None)
    first = next(pages)
    fake.edit("account", first.records[0].key, {"name": "changed meanwhile"})
    fake.delete("account", keys[-1])
    rest = list(pages)
    changed, _ = read(crm, "account", rest[-1].cursor)
    assert changed[first.records[0].key].data["name"] == "changed meanwhile"
    assert changed[keys[-1]].deleted


@pytest.mark.parametrize("after", [8 * 86400, 0])
def test_a_link_whose_changes_are_forgotten_asks_for_a_full_read(crm, fake, clock, read, after):
    fake.seed("account", [{"name": "a"}])
    _, since = read(crm, "account")
    clock.advance(after)
    if not after:
        fake.forget_changes()
    with pytest.raises(CursorExpiredError, match="not remembered"):
        read(crm, "account", since)
    fake.queries.forgotten = False
    pages = list(crm.read("account", None))
    assert [page.full for page in pages] == [True]


def test_a_link_to_a_column_that_was_removed_asks_for_a_full_read(make, fake, read):
    fake.add_column("account", "new_tier string50")
    crm = make(streams={"account": {"fields": ["name", "new_tier"]}})
    _, since = read(crm, "account")
    fake.drop_column("account", "new_tier")
    with pytest.raises(CursorExpiredError, match="refused"):
        read(crm, "account", since)
    read(make(streams={"account": {"fields": ["name", "new_tier"]}}), "account")


def test_a_column_that_is_newly_looked_at_asks_for_a_full_read_and_one_less_does_not(make, fake, read):
    fake.seed("account", [{"name": "a", "telephone1": "1"}])
    crm = make()
    crm.narrow("account", ["name", "telephone1"])
    _, since = read(crm, "account")
    crm.narrow("account", ["name"])
    assert read(crm, "account", since)[0] == {}
    crm.narrow("account", ["name", "fax"])
    with pytest.raises(CursorExpiredError, match="other columns"):
        read(crm, "account", since)


def test_only_what_is_looked_at_is_asked_for(crm, fake, read):
    [account] = fake.seed("account", [{"name": "a", "description": "long"}])
    fake.seed("contact", [{"lastname": "b", "parentcustomerid_account@odata.bind": f"/accounts({account})"}])
    crm.narrow("contact", ["lastname", "parentcustomerid_account", "no such thing"])
    [record] = read(crm, "contact")[0].values()
    assert record.data["parentcustomerid_account"] == account
    own = {"contactid", "merged", "masterid", "new_synclineid"}
    customer = {"parentcustomerid_account", "parentcustomerid_contact"}
    assert {name for name in record.data if not name.startswith("@")} == own | customer | {"lastname"}


def test_the_loser_of_a_merge_stays_in_its_table_and_is_a_tombstone_that_names_the_survivor(crm, fake, read):
    winner, loser = fake.seed("contact", [{"lastname": "Moos"}, {"lastname": "Moss"}])
    _, since = read(crm, "contact")
    fake.merge("contact", winner, loser)
    assert fake.row("contact", loser)["statecode"] == 1
    for records in (read(crm, "contact", since)[0], read(crm, "contact")[0]):
        assert (records[loser].deleted, records[loser].superseded_by) == (True, winner)
        assert not records[winner].deleted
    [fetched] = crm.fetch("contact", [loser])
    assert (fetched.deleted, fetched.superseded_by) == (True, winner)


def test_a_row_that_was_only_deactivated_is_no_deletion(crm, fake, read):
    [key] = fake.seed("account", [{"name": "a"}])
    _, since = read(crm, "account")
    fake.edit("account", key, {"statecode": 1})
    record = read(crm, "account", since)[0][key]
    assert (record.deleted, record.data["statecode"], record.data["statuscode"]) == (False, 1, 2)


def test_the_rows_that_go_along_with_a_deleted_account_are_told(crm, fake, read):
    [account] = fake.seed("account", [{"name": "a"}])
    [contact] = fake.seed(
        "contact", [{"lastname": "b", "parentcustomerid_account@odata.bind": f"/accounts({account})"}]
    )
    _, since = read(crm, "contact")
    fake.delete("account", account)
    assert read(crm, "contact", since)[0][contact].deleted


def test_a_customer_is_shown_by_the_table_it_is_of(crm, fake, read):
    [account] = fake.seed("account", [{"name": "a"}])
    [boss] = fake.seed("contact", [{"lastname": "boss"}])
    of_firm, of_boss, alone = fake.seed(
        "contact",
        [
            {"lastname": "x", "parentcustomerid_account@odata.bind": f"/accounts({account})"},
            {"lastname": "y", "parentcustomerid_contact@odata.bind": f"/contacts({boss})"},
            {"lastname": "z"},
        ],
    )
    records, _ = read(crm, "contact")
    shown = {
        key: (records[key].data["parentcustomerid_account"], records[key].data["parentcustomerid_contact"])
        for key in (of_firm, of_boss, alone)
    }
    assert shown == {of_firm: (account, None), of_boss: (None, boss), alone: (None, None)}
    assert not [name for name in records[of_firm].data if name.startswith("_")]


def test_pages_are_as_large_as_asked_for_or_smaller_and_their_addresses_are_taken_as_they_are(make, fake):
    fake.seed("account", [{"name": f"{n}"} for n in range(7)])
    assert [len(page.records) for page in make(page=2).read("account", None)] == [2, 2, 2, 1]
    assert [len(page.records) for page in make(page=5000).read("account", None)] == [3, 3, 1]


def test_a_row_that_left_what_is_read_is_not_taken_for_deleted(crm, fake, read):
    left, gone = fake.seed("account", [{"name": "left"}, {"name": "gone"}])
    _, since = read(crm, "account")
    fake.leave("account", left)
    fake.delete("account", gone)
    records, _ = read(crm, "account", since)
    assert {key: record.deleted for key, record in records.items()} == {left: False, gone: True}
    assert records[left].data["name"] == "left"


def test_reading_without_the_right_to_is_said(crm, fake):
    crm.check()
    fake.forbidden.add("prvReadaccount")
    with pytest.raises(UnauthorisedError, match="may not do this"):
        list(crm.read("account", None))


def test_discover_shows_types_lengths_options_references_and_custom_columns(crm, fake):
    fake.add_column("contact", "new_tier picklist =100000000:Gold|100000001:Silver")
    fields = {field.name: field for field in crm.discover("contact")}
    assert (fields["emailaddress1"].type, fields["emailaddress1"].max_length) == (FieldType.TEXT, 100)
    assert fields["new_tier"].choices == ("100000000", "100000001")
    assert fields["new_tier"].label == "New tier: 100000000 Gold, 100000001 Silver"
    assert fields["parentcustomerid_contact"].references == ("contact",)
    assert fields["birthdate"].type is FieldType.DATE
    assert (fields["createdon"].updatable, fields["fullname"].creatable) == (False, False)
    assert fields["new_synclineid"].unique
    assert "parentcustomeridname" not in fields  # the name beside a look-up cannot be asked for


def test_an_unknown_column_is_found_again_after_a_new_description(crm, fake):
    crm.discover("account")
    fake.add_column("account", "new_tier string50")
    assert "new_tier" in {field.name for field in crm.discover("account")}


def test_find_compares_text_without_case_and_looks_no_merged_row_up(crm, fake):
    one, two, three = fake.seed(
        "contact", [{"emailaddress1": text} for text in ("A@x.example", "o'b@x.example", "c@x")]
    )
    fake.merge("contact", one, three)
    found = crm.find("contact", "emailaddress1", ["a@X.example", "O'B@x.example", "c@x", "none@x", "%&+#@x"])
    assert {record.key for record in found} == {one, two}
    [account] = fake.seed("account", [{"name": "a", "numberofemployees": 12}])
    assert [r.key for r in crm.find("account", "numberofemployees", ["12", "twelve"])] == [account]
    assert [r.key for r in crm.find("account", "accountid", [account, "no id"])] == [account]
    fake.edit("contact", two, {"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    assert [r.key for r in crm.find("contact", "parentcustomerid_account", [account, "no id"])] == [two]
    with pytest.raises(RefusedError, match="no column nome"):
        crm.find("contact", "nome", ["a"])


def test_hundreds_of_keys_are_fetched_in_calls_of_a_hundred(make, fake):
    crm = make()
    fake.queries.page = 5000
    keys = fake.seed("account", [{"name": f"{n}"} for n in range(150)])
    crm.discover("account")
    before = fake.calls["GET accounts"]
    found = crm.fetch("account", [*keys, "no id", keys[0].upper()])
    assert [record.deleted for record in found] == [False] * 150 + [True, False]
    assert fake.calls["GET accounts"] - before == 2
