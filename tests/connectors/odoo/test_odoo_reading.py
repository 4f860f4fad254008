"""What is read, and what Odoo makes hard about it."""

from datetime import timedelta

import pytest

from connectors.sdk import CursorExpiredError, OutcomeKind, RefusedError, UnauthorisedError, Write
from syncline.sandbox.odoo import OdooFake


def records(connector, stream, since=None):
    return [record for page in connector.read(stream, since) for record in page.records]


def cursor(connector, stream):
    return [page.cursor for page in connector.read(stream, None)][-1]


def test_an_archived_record_is_read_with_its_mark_and_is_not_deleted(erp, fake):
    [key] = fake.seed("res.partner", [{"name": "Azure", "is_company": True, "active": False}])
    [record] = records(erp, "companies")
    assert (record.data["active"], record.deleted) == (False, False)
    assert erp.fetch("companies", [str(key)])[0].deleted is False
    assert list(erp.keys("companies")) == [[str(key)]]
    [outcome] = erp.upsert("companies", [Write(str(key), {"city": "Fremont"})])
    assert outcome.kind is OutcomeKind.APPLIED


def test_a_record_of_a_long_transaction_is_found_although_its_stamp_is_old(erp, fake, clock):
    old, new = fake.seed("res.partner", [{"name": "Old", "is_company": True}, {"name": "New", "is_company": True}])
    clock.advance(3600)
    fake.edit("res.partner", new, {"ref": "1"})
    since = cursor(erp, "companies")
    clock.advance(600)
    fake.edit("res.partner", old, {"ref": "2"}, began=clock.now() - timedelta(minutes=14))
    assert {r.data["name"]: r.data["ref"] for r in records(erp, "companies", since)} == {"Old": "2", "New": "1"}


def test_a_mass_update_stamps_more_records_than_a_page_alike_and_none_is_lost(make, fake, clock):
    erp = make(page=3)
    keys = fake.seed("res.partner", [{"name": f"N{n}", "is_company": True} for n in range(11)])
    clock.advance(60)
    fake.seed("res.partner", [{"name": "Late", "is_company": True}])
    read = [r.key for r in records(erp, "companies")]
    assert sorted(map(int, read)) == [*keys, keys[-1] + 1]
    assert len(set(read)) == len(read)


def test_a_second_that_was_read_whole_is_behind_the_position(make, fake, clock):
    erp = make(page=3)
    fake.seed("res.partner", [{"name": "Old", "is_company": True}])
    since = list(erp.read("companies", None))[-1].cursor
    clock.advance(3600)
    fake.seed("res.partner", [{"name": f"N{n}", "is_company": True} for n in range(6)])
    clock.advance(3600)
    since = list(erp.read("companies", since))[-1].cursor
    assert sorted(record.data["name"] for record in records(erp, "companies", since)) == [f"N{n}" for n in range(6)]


def test_stamps_of_one_second_are_in_no_order_of_ids_and_a_page_may_end_between_them(make, fake, clock):
    erp = make(page=4)
    for n in range(6):
        for m in range(3):  # three transactions a second, whose fractions run against their ids
            fake.seed("res.partner", [{"name": f"N{n}{m}", "is_company": True}])
        clock.advance(1)
    assert len({r.key for r in records(erp, "companies")}) == len(records(erp, "companies")) == 18


def test_false_is_null_except_for_a_boolean(erp, fake):
    fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    data = records(erp, "companies")[0].data
    assert (data["email"], data["parent_id"], data["category_id"]) == (None, None, [])
    assert data["is_company"] is True


def test_what_points_elsewhere_shows_key_name_and_code(erp, fake):
    [parent] = fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    child = {"name": "Ana", "parent_id": parent, "country_id": 2, "state_id": 2, "category_id": [[6, 0, [2, 3]]]}
    fake.seed("res.partner", [child])
    [record] = records(erp, "people")
    assert record.data["parent_id"] == {"id": str(parent), "name": "Azure"}
    assert record.data["country_id"] == {"id": "2", "name": "United States", "code": "US"}
    assert record.data["state_id"] == {"id": "2", "name": "New York (US)", "code": "NY"}
    assert record.data["category_id"] == ["Services / Consulting", "VIP"]
    assert record.data["write_date"].endswith("Z")
    assert "image_1920" not in record.data


def test_a_tag_made_since_the_tags_were_read_has_its_name(erp, fake):
    fake.seed("res.partner", [{"name": "Azure", "is_company": True, "category_id": [[6, 0, [3]]]}])
    records(erp, "companies")
    [tag] = fake.seed("res.partner.category", [{"name": "Brand new"}])
    fake.seed("res.partner", [{"name": "Bolido", "is_company": True, "category_id": [[4, tag, 0]]}])
    tags = {r.data["name"]: r.data["category_id"] for r in records(erp, "companies")}
    assert tags == {"Azure": ["VIP"], "Bolido": ["Brand new"]}


def test_companies_people_and_mere_addresses_are_told_apart(erp, fake):
    [company] = fake.seed("res.partner", [{"name": "Azure", "is_company": True, "city": "Fremont"}])
    fake.seed("res.partner", [{"name": "Ana", "parent_id": company, "city": "Turin"}])  # becomes of type «other»
    fake.seed("res.partner", [{"type": "invoice", "parent_id": company}, {"type": "other", "parent_id": company}])
    fake.seed("res.partner", [{"name": "Dock 4", "type": "delivery", "parent_id": company}])
    assert [r.data["name"] for r in records(erp, "companies")] == ["Azure"]
    assert [(r.data["name"], r.data["type"]) for r in records(erp, "people")] == [("Ana", "other")]


def test_a_company_that_becomes_a_person_is_not_taken_for_deleted(erp, fake):
    [key] = fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    fake.edit("res.partner", key, {"is_company": False})
    assert list(erp.keys("companies")) == [[]]
    assert erp.fetch("companies", [str(key)])[0].deleted is False


def test_a_merged_partner_is_gone_names_its_survivor_and_its_orders_are_for_that_one(erp, fake):
    winner, loser, last, lone = fake.seed("res.partner", [{"name": "Azure", "is_company": True}] * 4)
    fake.seed("sale.order", [{"partner_id": loser}])
    fake.merge("res.partner", winner, loser)
    fake.delete("res.partner", lone)
    keys = [str(key) for key in (loser, winner, lone)]
    found = [(r.key, r.deleted, r.superseded_by) for r in erp.fetch("companies", keys)]
    assert found == [(keys[0], True, keys[1]), (keys[1], False, None), (keys[2], True, None)]
    assert records(erp, "orders")[0].data["partner_id"]["company"] == str(winner)
    fake.merge("res.partner", last, winner)  # the note moves along, so that both name the last one
    assert [r.superseded_by for r in erp.fetch("companies", keys[:2])] == [str(last)] * 2


def test_a_person_that_was_merged_into_a_company_has_no_survivor_among_people(erp, fake):
    company, person = fake.seed("res.partner", [{"name": "Azure", "is_company": True}, {"name": "Azure"}])
    fake.merge("res.partner", company, person)
    [record] = erp.fetch("people", [str(person)])
    assert (record.deleted, record.superseded_by) == (True, None)
    [outcome] = erp.upsert("people", [Write(str(person), {"function": "Owner"})])
    assert (outcome.kind, outcome.of) == (OutcomeKind.MISSING, None)


def test_a_merge_that_left_no_note_is_seen_as_a_deletion(erp, fake):
    winner, loser = fake.seed("res.partner", [{"name": "Azure", "is_company": True}] * 2)
    fake.merge("res.partner", winner, loser)
    fake.forbid("mail.message", "read")
    [record] = erp.fetch("companies", [str(loser)])
    assert (record.deleted, record.superseded_by) == (True, None)


def test_what_a_record_rule_hides_is_not_taken_for_deleted(erp, fake):
    keys = fake.seed("res.partner", [{"name": f"N{n}", "is_company": True} for n in range(40)])
    hidden, gone = keys[:3], keys[3:6]
    for key in hidden:
        fake.rule("res.partner", key, "read")
    for key in gone:
        fake.delete("res.partner", key)
    before = fake.calls["res.partner.read"]
    found = {int(record.key): record.deleted for record in erp.fetch("companies", [str(key) for key in keys])}
    assert found == {key: key in gone for key in keys[3:]}
    assert fake.calls["res.partner.read"] - before < 12
    assert {r.key for r in records(erp, "companies")} == {str(key) for key in keys[6:]}


def test_of_a_buyer_who_may_not_be_seen_nothing_is_said(erp, fake):
    azure, secret = fake.seed("res.partner", [{"name": name, "is_company": True} for name in ("Azure", "Secret")])
    fake.seed("sale.order", [{"partner_id": azure}, {"partner_id": secret}])
    fake.rule("res.partner", secret, "read")
    shown, unknown = (record.data["partner_id"] for record in records(erp, "orders"))
    assert shown["company"] == str(azure)
    assert "company" not in unknown


def test_an_order_shows_its_lines_without_sections_and_whom_it_is_for(erp, fake):
    [company] = fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    at, alone = fake.seed("res.partner", [{"name": "Ana", "parent_id": company}, {"name": "Zoe"}])
    first, second, third = fake.seed("sale.order", [{"partner_id": key} for key in (at, alone, company)])
    line = {"order_id": first, "product_id": 1, "product_uom_qty": 2, "price_unit": 70, "discount": 10}
    fake.seed("sale.order.line", [line, {"order_id": first, "display_type": "line_section", "name": "Chairs"}])
    calls = fake.calls.total()
    shown = {r.key: r.data for r in records(erp, "orders")}
    assert fake.calls.total() - calls == 5  # two descriptions, orders, lines, partners: none per order
    [chair] = shown[str(first)]["order_line"]
    assert (chair["product_id"]["name"], chair["price_subtotal"]) == ("[FURN_7777] Office Chair", 126.0)
    assert chair["currency_id"]["name"] == "EUR"
    parties = {key: (data["partner_id"]["company"], data["partner_id"]["person"]) for key, data in shown.items()}
    assert parties == {
        str(first): (str(company), str(at)),
        str(second): (None, str(alone)),
        str(third): (str(company), None),
    }


def test_a_narrowed_read_asks_for_no_more_than_is_looked_at(erp, fake):
    [buyer] = fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    [order] = fake.seed("sale.order", [{"partner_id": buyer}])
    fake.seed("sale.order.line", [{"order_id": order, "product_uom_qty": 1, "price_unit": 1}])
    erp.narrow("orders", ["name", "nothing of this kind"])
    [record] = records(erp, "orders")
    assert set(record.data) == {"id", "write_date", "name"}
    assert fake.calls["sale.order.line.search_read"] == 0


def test_a_domain_of_one_s_own_narrows_a_stream_and_a_model_may_be_a_stream(make, fake):
    fake.seed("res.partner", [{"name": "Azure", "is_company": True, "ref": "A"}, {"name": "B", "is_company": True}])
    erp = make(streams={"companies": {"domain": [["ref", "!=", False]]}, "crm.tag": {}})
    assert [r.data["name"] for r in records(erp, "companies")] == ["Azure"]
    assert [r.data["name"] for r in records(erp, "crm.tag")] == ["Product"]


def test_a_position_that_is_none_asks_for_a_full_read(erp):
    for text in ("no", "{}", '{"stamp": "yesterday"}'):
        with pytest.raises(CursorExpiredError):
            list(erp.read("companies", text))


def test_a_field_may_be_searched_by_and_an_unknown_one_may_not(erp, fake):
    fake.seed("res.partner", [{"name": "Azure", "is_company": True, "ref": "A"}, {"name": "B", "is_company": True}])
    assert [r.data["name"] for r in erp.find("companies", "ref", ["A", "Z"])] == ["Azure"]
    with pytest.raises(RefusedError, match="cannot be searched"):
        erp.find("companies", "nope", ["A"])


def test_custom_fields_choices_and_references_are_discovered(erp):
    fields = {field.name: field for field in erp.discover("people")}
    assert fields["x_code"].max_length == 8
    assert fields["type"].choices == ("contact", "invoice", "delivery", "other")
    assert fields["country_id.code"].restricted
    assert "DE" in fields["country_id.code"].choices
    assert fields["parent_id.id"].references == ("companies", "people")
    assert not fields["parent_id.name"].updatable
    assert not fields["write_date"].updatable
    assert fields["category_id"].choices == ("Services", "Services / Consulting", "VIP")
    assert {f.name: f.references for f in erp.discover("orders")}["partner_id.person"] == ("people",)


@pytest.mark.parametrize(("version", "path"), [(17, "/jsonrpc"), (19, "/json/2/"), (22, "/json/2/")])
def test_the_dialect_is_found_by_the_server_s_version(make, clock, version, path):
    server = OdooFake(clock, version=version)
    seen = []
    handle = server.handle
    server.handle = lambda request: (seen.append(request.path), handle(request))[1]
    server.seed("res.partner", [{"name": "Azure", "is_company": True, "vat": "DE123"}])
    assert [r.data["name"] for r in records(make(server), "companies")] == ["Azure"]
    assert seen[0] == "/jsonrpc"
    assert all(one.startswith(path) for one in seen[1:])
    fixed = make(server, api="json2" if version > 17 else "jsonrpc")
    seen.clear()
    records(fixed, "companies")
    assert all(one.startswith(path) for one in seen)


def test_a_right_that_is_missing_is_said_so(erp, fake):
    fake.forbid("crm.lead", "read")
    with pytest.raises(UnauthorisedError, match=r"reading crm\.lead|describing crm\.lead"):
        records(erp, "leads")
