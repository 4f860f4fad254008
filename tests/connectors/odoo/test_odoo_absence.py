"""Partners merged, hidden or half written: what is said of them, and what is left alone."""

import pytest

from connectors.sdk import OutcomeKind, Write
from syncline.sandbox.odoo import OdooFake
from syncline.sandbox.wire import Response

APPLIED, REFUSED, MISSING = OutcomeKind.APPLIED, OutcomeKind.REFUSED, OutcomeKind.MISSING
DUPLICATE, UNAUTHORISED = OutcomeKind.DUPLICATE, OutcomeKind.UNAUTHORISED


@pytest.fixture(params=[16, 19])
def server(request, clock):
    return OdooFake(clock, version=request.param)


def create(marker, **fields):
    return Write(None, fields, marker=marker)


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


def names(server):
    return {key: row["name"] for key, row in server.database.rows["res.partner"].items()}


def test_a_create_whose_tag_is_gone_is_refused_and_leaves_nothing_behind(make, server):
    erp = make(server)
    assert kinds(erp.upsert("people", [create("m1", name="Ana", category_id=["VIP"])])) == [APPLIED]
    server.delete("res.partner.category", 3)
    bob, zoe = erp.upsert("people", [create("m2", name="Bob", category_id=["VIP"]), create("m3", name="Zoe")])
    assert (bob.kind, bob.field, zoe.kind) == (REFUSED, "category_id", APPLIED)
    assert set(names(server).values()) == {"Ana", "Zoe"}


def test_a_create_sent_again_after_a_merge_does_not_take_the_survivor_over(make, server, clock):
    erp = make(server)
    [winner] = server.seed("res.partner", [{"name": "Azure", "is_company": True}])
    clock.advance(60)
    [loser] = erp.upsert("companies", [create("m2", name="Azur")])
    server.merge("res.partner", winner, int(loser.key))
    [record] = erp.find("companies", "external_id", ["m2"])
    assert (record.key, record.data["external_id"]) == (str(winner), "m2")
    again, other = erp.upsert("companies", [create("m2", name="Azur"), create("m3", name="Bolido")])
    assert (again.kind, again.of, other.kind) == (DUPLICATE, str(winner), APPLIED)
    assert set(names(server).values()) == {"Azure", "Bolido"}


def test_what_was_made_for_a_person_and_is_a_company_now_is_not_found_as_that_person(make, server, clock):
    erp = make(server)
    [company] = server.seed("res.partner", [{"name": "Azure", "is_company": True}])
    clock.advance(60)
    [person] = erp.upsert("people", [create("m1", name="Azure")])
    server.merge("res.partner", company, int(person.key))
    assert erp.find("people", "external_id", ["m1"]) == []
    [again] = erp.upsert("people", [create("m1", name="Azure", function="Owner")])
    assert (again.kind, again.of) == (DUPLICATE, None)
    assert server.row("res.partner", company)["function"] is False


def test_both_of_two_that_the_hub_made_and_somebody_merged_are_found(make, server, clock):
    erp = make(server)
    [winner] = erp.upsert("companies", [create("m1", name="Azure")])
    clock.advance(60)
    [loser] = erp.upsert("companies", [create("m2", name="Azur")])
    server.merge("res.partner", int(winner.key), int(loser.key))
    found = {record.data["external_id"]: record.key for record in erp.find("companies", "external_id", ["m1", "m2"])}
    assert found == {"m1": winner.key, "m2": winner.key}
    own, moved = erp.upsert("companies", [create("m1", name="Azure"), create("m2", name="Azur")])
    assert (own.kind, own.key, moved.kind, moved.of) == (APPLIED, winner.key, DUPLICATE, winner.key)
    assert names(server) == {int(winner.key): "Azure"}


def test_a_write_to_the_loser_of_a_merge_names_the_survivor(make, server):
    winner, loser = server.seed("res.partner", [{"name": "Azure", "is_company": True}] * 2)
    server.merge("res.partner", winner, loser)
    erp = make(server)
    [written] = erp.upsert("companies", [Write(str(loser), {"city": "Turin"})])
    [removed] = erp.remove("companies", [Write(str(loser), {})])
    assert [(o.kind, o.of) for o in (written, removed)] == [(MISSING, str(winner))] * 2


@pytest.mark.parametrize("name", ["Azur (Branch {})", "Azur <a@b.example> (ID {})", "Azur  (ID {})", "Azur (ID {})"])
def test_a_number_in_a_merged_partners_name_is_no_merged_partner(make, server, name):
    winner, loser, stranger = server.seed("res.partner", [{"name": n, "is_company": True} for n in "ABC"])
    server.row("res.partner", loser)["name"] = name.format(stranger).replace("<", "&lt;").replace(">", "&gt;")
    server.merge("res.partner", winner, loser)
    server.delete("res.partner", stranger)
    merged, gone = make(server).fetch("companies", [str(loser), str(stranger)])
    assert (merged.superseded_by, gone.deleted, gone.superseded_by) == (str(winner), True, None)


def test_a_merged_partner_with_an_address_has_its_survivor(make, server):
    winner, loser = server.seed("res.partner", [{"name": "Azure", "email": "a@b.example", "is_company": True}] * 2)
    server.merge("res.partner", winner, loser)
    [merged] = make(server).fetch("companies", [str(loser)])
    assert merged.superseded_by == str(winner)


def test_a_deleted_partner_that_notes_on_two_records_name_is_merged_into_neither(make, server):
    winner, other, loser = server.seed("res.partner", [{"name": n, "is_company": True} for n in "ABC"])
    server.merge("res.partner", winner, loser)
    said = next(iter(server.database.rows["mail.message"].values()))["body"]
    note = {"model": "res.partner", "res_id": other, "message_type": "notification", "body": said}
    server.seed("mail.message", [note])
    [gone] = make(server).fetch("companies", [str(loser)])
    assert (gone.deleted, gone.superseded_by) == (True, None)


def test_one_record_that_may_not_be_seen_or_written_is_refused_alone_and_not_said_to_be_gone(make, server):
    unseen, fixed, kept, free = server.seed("res.partner", [{"name": f"N{n}"} for n in range(4)])
    server.rule("res.partner", unseen, "read")
    server.rule("res.partner", fixed, "write")
    server.rule("res.partner", kept, "unlink")
    erp = make(server)
    updates = [Write(str(key), {"city": "Turin"}) for key in (unseen, fixed, free)]
    outcomes = erp.upsert("people", updates)
    assert kinds(outcomes) == [REFUSED, REFUSED, APPLIED]
    assert {(o.code, "look at the user's groups" in o.message) for o in outcomes[:2]} == {("AccessError", True)}
    removed = erp.remove("people", [Write(str(key), {}) for key in (unseen, kept, free)])
    assert kinds(removed) == [REFUSED, REFUSED, APPLIED]
    assert set(names(server)) == {unseen, fixed, kept}


def test_a_create_that_points_to_what_is_gone_is_refused_and_not_said_to_be_gone(make, server):
    server.trouble("MissingError")
    [outcome] = make(server).upsert("people", [create("m1", name="Ana")])
    assert (outcome.kind, outcome.key, outcome.code) == (REFUSED, None, "MissingError")
    assert names(server) == {}


def test_where_nobody_can_say_whether_a_record_is_gone_it_is_asked_again_later(make, clock):
    server = OdooFake(clock)
    [key] = server.seed("res.partner", [{"name": "Ana"}])
    server.delete("res.partner", key)

    class Overloaded:
        def handle(self, request):
            asking = request.path.endswith("/read")
            return Response(status=503, body=b"<html>no</html>") if asking else server.handle(request)

    [outcome] = make(Overloaded()).upsert("people", [Write(str(key), {"city": "Turin"})])
    assert outcome.kind is OutcomeKind.RETRY


def test_what_is_deleted_among_many_hidden_ones_is_told_sooner_or_later_and_cheaply(make, server, clock):
    keys = server.seed("res.partner", [{"name": f"N{n}"} for n in range(100)])
    for key in keys[:-1]:
        server.rule("res.partner", key, "read")
    server.delete("res.partner", keys[-1])
    erp = make(server)
    told = []
    for _ in range(30):
        clock.advance(3600)
        before = server.calls["res.partner.read"]
        told += [(record.key, record.deleted) for record in erp.fetch("people", [str(key) for key in keys])]
        assert server.calls["res.partner.read"] - before <= 64
    assert set(told) == {(str(keys[-1]), True)}


def test_most_of_what_was_deleted_beside_a_few_hidden_ones_is_told_at_once(make, server):
    keys = server.seed("res.partner", [{"name": f"N{n}"} for n in range(400)])
    for key in keys[:40]:
        server.rule("res.partner", key, "read")
    for key in keys[40:]:
        server.delete("res.partner", key)
    told = make(server).fetch("people", [str(key) for key in keys])
    assert {record.key for record in told} <= {str(key) for key in keys[40:]}
    assert len(told) >= 300


@pytest.mark.parametrize("right", ["create", "write", "unlink"])
def test_a_right_that_the_user_lacks_altogether_costs_one_refusal_and_not_hundreds(make, server, right):
    keys = server.seed("res.partner", [{"name": f"N{n}"} for n in range(150)])
    server.forbid("res.partner", right)
    erp = make(server)
    erp.check()
    before = server.calls.total()
    if right == "unlink":
        outcomes = erp.remove("people", [Write(str(key), {}) for key in keys])
    elif right == "write":
        outcomes = erp.upsert("people", [Write(str(key), {"function": "x"}) for key in keys])
    else:
        outcomes = erp.upsert("people", [create(f"m{n}", name=f"N{n}") for n in range(150)])
    assert {(o.kind, o.code) for o in outcomes} == {(UNAUTHORISED, "AccessError")}
    assert server.calls.total() - before <= 3
    assert len(names(server)) == 150


def test_a_right_lacking_on_another_model_refuses_the_records_that_need_it_and_no_others(make, server):
    busy, kept, free = server.seed("res.partner", [{"name": f"N{n}"} for n in range(3)])
    server.need("res.partner", busy, "write", "mail.activity")
    server.need("res.partner", kept, "unlink", "mail.activity")
    server.need("res.partner", None, "create", "res.partner.category")
    erp = make(server)
    touched, done = erp.upsert("people", [Write(str(busy), {"function": "x"}), Write(str(free), {"function": "x"})])
    made, bare = erp.upsert("people", [create("m1", name="Ana"), Write(str(kept), {"function": "x"})])
    stays, away = erp.remove("people", [Write(str(kept), {}), Write(str(free), {})])
    assert kinds([touched, made, stays]) == [REFUSED] * 3
    assert kinds([done, bare, away]) == [APPLIED] * 3
    assert {o.code for o in (touched, made, stays)} == {"AccessError"}
    assert "res.partner.category" in made.message
    assert "mail.activity" in stays.message
    assert names(server) == {busy: "N0", kept: "N1"}


def test_one_record_that_may_not_be_deleted_is_found_by_halving(make, server):
    keys = server.seed("res.partner", [{"name": f"N{n}"} for n in range(150)])
    server.rule("res.partner", keys[77], "unlink")
    erp = make(server)
    outcomes = erp.remove("people", [Write(str(key), {}) for key in keys])
    assert [at for at, o in enumerate(outcomes) if o.kind is not APPLIED] == [77]
    assert outcomes[77].kind is REFUSED
    assert server.calls["res.partner.unlink"] < 20
