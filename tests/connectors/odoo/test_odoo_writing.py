"""What is written, and what Odoo does with it."""

import pytest

from connectors.sdk import AnswerLostError, OutcomeKind, Write
from syncline.sandbox.odoo import OdooFake

APPLIED, REFUSED, MISSING = OutcomeKind.APPLIED, OutcomeKind.REFUSED, OutcomeKind.MISSING


def create(marker, **fields):
    return Write(None, fields, marker=marker)


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


@pytest.fixture(params=[16, 19])
def server(request, clock):
    return OdooFake(clock, version=request.param)


def test_a_batch_travels_in_one_call_and_is_stored_with_external_ids(make, server):
    erp = make(server)
    rows = [create(f"m{n}", name=f"N{n}", city="Turin") for n in range(50)]
    assert kinds(erp.upsert("people", rows)) == [APPLIED] * 50
    assert server.calls["res.partner.load"] == 1
    held = {row["name"]: (row["module"], row["model"]) for row in server.database.rows["ir.model.data"].values()}
    assert held["people-m7"] == ("syncline", "res.partner")
    updates = [Write(r.key, {"city": f"C{r.key}"}) for p in erp.read("people", None) for r in p.records]
    assert kinds(erp.upsert("people", updates)) == [APPLIED] * 50
    assert server.calls["res.partner.load"] == 2


def test_one_row_that_odoo_refuses_is_taken_out_of_its_batch_and_the_rest_is_stored(make, server):
    erp = make(server)
    rows = [create(f"m{n}", name=f"N{n}" if n % 7 else "") for n in range(21)]
    outcomes = erp.upsert("companies", rows)
    assert [n for n, o in enumerate(outcomes) if o.kind is REFUSED] == [0, 7, 14]
    assert "require a name" in outcomes[7].message
    assert len(server.database.rows["res.partner"]) == 18
    assert server.calls["res.partner.load"] == 2


def test_more_than_ten_bad_rows_are_all_told_although_odoo_stops_at_ten(make, server):
    erp = make(server)
    outcomes = erp.upsert("companies", [create(f"m{n}", name="" if n < 25 else f"N{n}") for n in range(30)])
    assert kinds(outcomes) == [REFUSED] * 25 + [APPLIED] * 5


def test_a_call_that_fails_without_naming_a_row_is_halved_until_the_poison_is_alone(make, server):
    erp = make(server)
    one = server.methods.call

    def poisoned(model, method, ids, context, **params):
        if method == "load" and any("poison" in line for line in params["data"]):
            server.trouble("ValueError")
            server._called(model, method, ids, context, params)
        return one(model, method, ids, context, **params)

    server.methods.call = poisoned
    outcomes = erp.upsert("people", [create(f"m{n}", name="poison" if n == 5 else f"N{n}") for n in range(8)])
    assert [o.kind is APPLIED for o in outcomes] == [n != 5 for n in range(8)]
    assert (outcomes[5].kind, outcomes[5].code) == (REFUSED, "ValueError")


def test_a_conflict_of_transactions_passes_and_nothing_was_done(make, server):
    erp = make(server)
    erp.check()
    server.trouble("SerializationFailure")
    [outcome] = erp.upsert("people", [create("m1", name="Ana")])
    assert (outcome.kind, server.database.rows["res.partner"]) == (OutcomeKind.RETRY, {})


def test_a_gateway_s_error_leaves_open_what_became_of_a_write(make, server):
    erp = make(server)
    erp.check()
    server.trouble(502)
    with pytest.raises(AnswerLostError):
        erp.upsert("people", [create("m1", name="Ana")])


def test_being_asked_to_slow_down_costs_a_pause(make, server, clock):
    erp = make(server)
    erp.check()
    server.trouble(429)
    assert kinds(erp.upsert("people", [create("m1", name="Ana")])) == [APPLIED]
    assert clock.slept


def test_the_same_marker_updates_what_it_made_and_two_streams_do_not_share_it(erp, fake):
    [first] = erp.upsert("people", [create("m1", name="Ana")])
    [again] = erp.upsert("people", [create("m1", name="Ana Maria")])
    [other] = erp.upsert("companies", [create("m1", name="Ana Ltd")])
    assert first.key == again.key != other.key
    assert fake.row("res.partner", int(first.key))["name"] == "Ana Maria"
    assert [r.data["external_id"] for r in erp.find("people", "external_id", ["m1", "m2"])] == ["m1"]


def test_a_record_that_was_deleted_takes_its_marker_along(erp, fake):
    [first] = erp.upsert("people", [create("m1", name="Ana")])
    fake.delete("res.partner", int(first.key))
    assert erp.find("people", "external_id", ["m1"]) == []
    [outcome] = erp.upsert("people", [Write(first.key, {"name": "Ana"})])
    assert outcome.kind is MISSING
    assert kinds(erp.upsert("people", [Write("no id", {"name": "Ana"})])) == [MISSING]


def test_a_written_address_of_a_person_is_their_own_and_the_company_stays_where_it_is(make, fake):
    [company] = fake.seed("res.partner", [{"name": "Azure", "is_company": True, "city": "Fremont"}])
    ana, bob = fake.seed("res.partner", [{"name": n, "parent_id": company} for n in ("Ana", "Bob")])
    make().upsert("people", [Write(str(ana), {"city": "Turin"})])
    [made] = make().upsert("people", [create("m1", **{"name": "Zoe", "city": "Rome", "parent_id.id": str(company)})])
    cities = {fake.row("res.partner", key)["name"]: fake.row("res.partner", key)["city"] for key in (company, ana, bob)}
    assert cities == {"Azure": "Fremont", "Ana": "Turin", "Bob": "Fremont"}
    assert fake.row("res.partner", int(made.key))["city"] == "Rome"
    assert sorted(r.data["name"] for p in make().read("people", None) for r in p.records) == ["Ana", "Bob", "Zoe"]


def test_a_shared_address_ripples_as_odoo_has_it_and_the_ripple_is_read(make, fake, clock):
    [company] = fake.seed("res.partner", [{"name": "Azure", "is_company": True, "city": "Fremont"}])
    ana, bob = fake.seed("res.partner", [{"name": n, "parent_id": company} for n in ("Ana", "Bob")])
    erp = make(addresses="shared", overlap=0)
    since = [page.cursor for page in erp.read("people", None)][-1]
    clock.advance(60)
    erp.upsert("people", [Write(str(ana), {"city": "Turin"})])
    assert {fake.row("res.partner", key)["city"] for key in (company, ana, bob)} == {"Turin"}
    assert str(bob) in {record.key for page in erp.read("people", since) for record in page.records}


def test_a_tax_id_of_a_person_reaches_the_company(erp, fake):
    [company] = fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    [ana] = fake.seed("res.partner", [{"name": "Ana", "parent_id": company}])
    erp.upsert("people", [Write(str(ana), {"vat": "DE123456788"})])
    assert fake.row("res.partner", company)["vat"] == "DE123456788"


def test_countries_states_tags_and_parents_are_written_by_what_they_are_called(erp, fake):
    [company] = fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    fields = {"name": "Ana", "country_id.code": "AU", "state_id.code": "western australia", "category_id": ["VIP"]}
    [made] = erp.upsert("people", [create("m1", **fields, **{"parent_id.id": str(company)})])
    row = fake.row("res.partner", int(made.key))
    assert (row["country_id"], row["state_id"], row["category_id"], row["parent_id"]) == (9, 5, [3], company)
    erp.upsert("people", [Write(made.key, {"category_id": [], "parent_id.id": None, "state_id.code": None})])
    row = fake.row("res.partner", int(made.key))
    assert (row["category_id"], row["parent_id"], row["state_id"], row["country_id"]) == ([], False, False, 9)


def test_a_state_is_looked_for_in_the_country_of_the_record(erp, fake):
    key = fake.seed("res.partner", [{"name": "Azure", "is_company": True, "country_id": 9}])[0]
    [outcome] = erp.upsert("companies", [Write(str(key), {"state_id.code": "WA"})])
    assert (outcome.kind, fake.row("res.partner", key)["state_id"]) == (APPLIED, 5)
    bare = fake.seed("res.partner", [{"name": "Bolido", "is_company": True}])[0]
    [outcome] = erp.upsert("companies", [Write(str(bare), {"state_id.code": "WA"})])
    assert (outcome.kind, outcome.field) == (REFUSED, "state_id.code")  # Washington, or Western Australia?


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"nope": "x"}, "unknown-field"),
        ({"write_date": "2026-01-01T00:00:00Z"}, "read-only"),
        ({"parent_id.name": "Azure"}, "wrong-type"),
        ({"parent_id.id": "one"}, "wrong-type"),
        ({"parent_id.id": "99999"}, "ImportError"),
        ({"country_id.code": "XX"}, "unknown-choice"),
        ({"category_id": ["Nope"]}, "unknown-choice"),
        ({"category_id": "VIP"}, "wrong-type"),
        ({"type": "palace"}, "unknown-choice"),
        ({"x_code": "nine chars"}, "too-long"),
        ({"active": "yes"}, "wrong-type"),
        ({"name": {"a": 1}}, "wrong-type"),
    ],
)
def test_what_cannot_be_stored_is_refused_alone(make, fields, code, clock):
    server = OdooFake(clock)
    good, bad = make(server).upsert("people", [create("m1", name="Ana"), create("m2", **{"name": "Bob", **fields})])
    assert (good.kind, bad.kind, bad.code) == (APPLIED, REFUSED, code)
    assert bad.field in {*fields, "parent_id.id"}
    assert [row["name"] for row in server.database.rows["res.partner"].values()] == ["Ana"]


def test_numbers_dates_and_moments_are_written_in_odoo_s_forms(erp, fake):
    deal = {"name": "Chairs", "expected_revenue": "12345678.25", "date_deadline": "2026-12-31", "probability": 0}
    [made] = erp.upsert("opportunities", [create("m1", **deal)])
    row = fake.row("crm.lead", int(made.key))
    assert (row["expected_revenue"], row["date_deadline"], row["probability"]) == (12345678.25, "2026-12-31", 0.0)
    assert row["type"] == "opportunity"
    bad = {"expected_revenue": "much", "date_deadline": "soon", "probability": True}
    for name, value in bad.items():
        [outcome] = erp.upsert("opportunities", [Write(made.key, {name: value})])
        assert (outcome.kind, outcome.field) == (REFUSED, name)


def test_a_moment_means_the_same_whatever_the_user_s_zone_is(make, fake):
    [buyer] = fake.seed("res.partner", [{"name": "Azure", "is_company": True}])
    [order] = fake.seed("sale.order", [{"partner_id": buyer}])
    erp = make(streams={"sales": {"model": "sale.order"}})
    assert kinds(erp.upsert("sales", [Write(str(order), {"date_order": "2026-07-04T12:11:12+02:00"})])) == [APPLIED]
    assert next(iter(erp.read("sales", None))).records[0].data["date_order"] == "2026-07-04T10:11:12Z"


def test_a_lead_without_a_title_gets_the_name_of_whom_it_is_about(erp, fake):
    given = {"contact_name": "Ana", "partner_name": "Azure"}
    [made, bare] = erp.upsert("leads", [create("m1", **given), create("m2", phone="1")])
    assert (fake.row("crm.lead", int(made.key))["name"], fake.row("crm.lead", int(made.key))["type"]) == (
        "Azure",
        "lead",
    )
    assert (bare.kind, "mandatory" in bare.message) == (REFUSED, True)


def test_an_opportunity_is_for_the_person_if_one_is_given_and_else_for_the_company(erp, fake):
    azure, other = fake.seed("res.partner", [{"name": n, "is_company": True} for n in ("Azure", "Other")])
    [ana] = fake.seed("res.partner", [{"name": "Ana", "parent_id": azure}])
    both = {"partner_id.company": str(azure), "partner_id.person": str(ana)}
    [made, plain] = erp.upsert(
        "opportunities", [create("m1", name="A", **both), create("m2", name="B", **{"partner_id.company": str(azure)})]
    )
    assert fake.row("crm.lead", int(plain.key))["partner_id"] == azure
    partner = lambda: fake.row("crm.lead", int(made.key))["partner_id"]  # noqa: E731 (asked after each step)
    assert partner() == ana
    for step, expected in (
        ({"partner_id.company": str(azure)}, ana),  # she is at that company
        ({"partner_id.person": None}, azure),
        ({"partner_id.company": str(other)}, other),
        ({"partner_id.company": None}, False),
        (both, ana),
        ({"partner_id.company": str(other)}, other),
    ):
        assert kinds(erp.upsert("opportunities", [Write(made.key, step)])) == [APPLIED]
        assert partner() == expected, step


def test_many_opportunities_change_their_company_in_three_calls(erp, fake):
    azure, other = fake.seed("res.partner", [{"name": n, "is_company": True} for n in ("Azure", "Other")])
    made = fake.seed("crm.lead", [{"name": f"D{n}", "type": "opportunity", "partner_id": azure} for n in range(40)])
    erp.check()
    before = fake.calls.total()
    erp.upsert("opportunities", [Write(str(key), {"partner_id.company": str(other)}) for key in made])
    assert {fake.row("crm.lead", key)["partner_id"] for key in made} == {other}
    assert fake.calls.total() - before == 3  # where they stand, whom that is, the write


def test_a_company_without_a_tax_id_is_refused_where_odoo_takes_it_for_a_person(make, clock):
    server = OdooFake(clock, version=20)
    bad, good = make(server).upsert("companies", [create("m1", name="Azure"), create("m2", name="B", vat="DE1")])
    assert (bad.kind, bad.code, bad.field, good.kind) == (REFUSED, "no-tax-id", "vat", APPLIED)
    assert [r.data["name"] for p in make(server).read("companies", None) for r in p.records] == ["B"]


def test_what_other_records_need_is_not_removed_and_says_so(erp, fake):
    bought, free, archived = fake.seed("res.partner", [{"name": "A"}, {"name": "B"}, {"name": "C", "active": False}])
    fake.seed("sale.order", [{"partner_id": bought}])
    keys = (bought, free, archived, 99999)
    outcomes = erp.remove("people", [Write(str(key), {}) for key in keys])
    assert kinds(outcomes) == [REFUSED, APPLIED, APPLIED, MISSING]
    assert "archive it instead" in outcomes[0].message
    assert list(fake.database.rows["res.partner"]) == [bought]


def test_a_refusal_quotes_neither_the_row_s_values_nor_a_traceback(make, server):
    erp = make(server)
    [outcome] = erp.upsert("people", [create("m1", **{"name": "Canary Person", "parent_id.id": "4711471147"})])
    assert outcome.kind is REFUSED
    assert "4711471147" not in outcome.message
    assert "Traceback" not in outcome.message


def test_rights_that_are_missing_are_said_for_each_row(make, server):
    server.forbid("res.partner", "create")
    [outcome] = make(server).upsert("people", [create("m1", name="Ana")])
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNAUTHORISED, "AccessError")


def test_a_server_rewrites_what_it_is_given_and_the_record_shows_it(erp):
    [made] = erp.upsert("companies", [create("m1", name="Azure", website="azure.example.com", comment="Pays late")])
    [record] = erp.fetch("companies", [made.key])
    assert (record.data["website"], record.data["comment"]) == ("http://azure.example.com", "<p>Pays late</p>")
