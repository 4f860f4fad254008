"""Consents: a template, its version, and what was said last; written only where that is allowed."""

import pytest

from connectors.sdk import OutcomeKind, Write
from syncline.sandbox.wire import Response

ADA = "ada@shop.example"
SECRET = "s3cr3t-canary"
OAUTH = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}
MARKETING = "consents.MARKETING.status"


@pytest.fixture
def consenting(make):
    def build(**given):
        return make(auth=OAUTH, consents={"templates": ["MARKETING"], "site": "electronics", **given})

    return build


@pytest.fixture(autouse=True)
def ada(fake):
    fake.template("MARKETING", 1)
    fake.seed("customers", [{"uid": ADA, "email": ADA, "name": "Ada"}])


def shown(connector):
    (record,) = connector.fetch("customers", [ADA])
    return record.data["consents"]["MARKETING"]


def write(connector, **fields):
    [outcome] = connector.upsert("customers", [Write(ADA, {MARKETING: fields["status"]})])
    return outcome


def calls(fake, method):
    return sum(count for name, count in fake.calls.items() if name.startswith(f"{method} occ/"))


def active(fake):
    return [row["@consentTemplate"] for row in fake.rows["Consents"].values() if row["consentWithdrawnDate"] is None]


def test_check_and_discover_know_of_consents(consenting):
    connector = consenting(withdraw=True)
    assert connector.check() == []
    fields = {field.name: field for field in connector.discover("customers")}
    assert fields[MARKETING].updatable
    assert not fields["consents.MARKETING.at"].updatable


def test_who_never_said_anything_has_no_consent(consenting):
    assert shown(consenting()) is None


def test_given_then_withdrawn_then_given_again(consenting, fake, clock):
    fake.consent(ADA, "MARKETING", 1)
    given = shown(consenting())
    assert (given["status"], given["version"]) == ("given", 1)
    clock.advance(60)
    fake.consent(ADA, "MARKETING", 1, withdrawn=True)
    assert shown(consenting())["status"] == "withdrawn"
    clock.advance(60)
    fake.consent(ADA, "MARKETING", 1)
    again = shown(consenting())
    assert again["status"] == "given"
    assert again["at"] > given["at"]


def test_a_long_history_is_read_to_its_end(consenting, fake, clock):
    fake.page = 3
    for _ in range(7):
        fake.consent(ADA, "MARKETING", 1)
        clock.advance(1)
    fake.consent(ADA, "MARKETING", 1, withdrawn=True)
    assert shown(consenting())["status"] == "withdrawn"


def test_a_new_version_of_the_template_makes_a_consent_outdated_and_leaves_a_withdrawal_what_it_is(
    consenting, fake, clock
):
    fake.consent(ADA, "MARKETING", 1)
    fake.template("MARKETING", 2)
    assert shown(consenting())["status"] == "outdated"
    clock.advance(60)
    fake.consent(ADA, "MARKETING", 1, withdrawn=True)
    fake.template("MARKETING", 3)
    assert shown(consenting())["status"] == "withdrawn"


def test_templates_of_another_site_and_other_templates_do_not_count(consenting, fake):
    fake.site = "apparel"
    fake.put("BaseSites", uid="apparel")
    fake.template("MARKETING", 7)
    fake.consent(ADA, "MARKETING", 7)
    fake.site = "electronics"
    fake.template("PROFILE", 1)
    fake.consent(ADA, "PROFILE", 1)
    assert shown(consenting()) is None


def test_consents_of_others_are_not_taken_for_hers(consenting, fake):
    fake.seed("customers", [{"uid": "bob@shop.example", "email": "bob@shop.example"}])
    fake.consent("bob@shop.example", "MARKETING", 1)
    assert shown(consenting()) is None


@pytest.mark.parametrize(("status", "switch"), [("given", "give"), ("withdrawn", "withdraw")])
def test_nothing_is_written_that_the_connection_does_not_allow(consenting, fake, status, switch):
    fake.consent(ADA, "MARKETING", 1)
    before = active(fake)
    outcome = write(consenting(), status=status)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, MARKETING)
    assert f"consents.{switch}" in outcome.message
    assert active(fake) == before


def test_a_withdrawal_is_carried_out_and_seen(consenting, fake):
    fake.consent(ADA, "MARKETING", 1)
    connector = consenting(withdraw=True)
    assert write(connector, status="withdrawn").kind is OutcomeKind.APPLIED
    assert active(fake) == []
    assert shown(connector)["status"] == "withdrawn"


def test_a_consent_to_an_older_version_is_withdrawn_truly(consenting, fake):
    """The web services tell of the newest version only, to which nobody said anything."""
    fake.consent(ADA, "MARKETING", 1)
    fake.template("MARKETING", 2)
    connector = consenting(withdraw=True)
    assert shown(connector)["status"] == "outdated"
    assert write(connector, status="withdrawn").kind is OutcomeKind.APPLIED
    assert active(fake) == []
    assert shown(connector)["status"] == "withdrawn"


def test_a_withdrawal_leaves_no_version_given_and_touches_nobody_and_nothing_else(consenting, fake):
    bob = "bob@shop.example"
    fake.seed("customers", [{"uid": bob, "email": bob}])
    fake.template("PROFILE", 1)
    fake.consent(ADA, "MARKETING", 1)
    fake.template("MARKETING", 2)
    for customer, template, version in ((ADA, "MARKETING", 2), (ADA, "PROFILE", 1), (bob, "MARKETING", 2)):
        fake.consent(customer, template, version)
    assert write(consenting(withdraw=True), status="withdrawn").kind is OutcomeKind.APPLIED
    assert sorted(active(fake)) == ["electronics|MARKETING|2", "electronics|PROFILE|1"]


class Saying:
    """A way to the system on which the web services answer some deletes themselves."""

    def __init__(self, fake, status, kind, *, of=""):
        self.fake, self.status, self.kind, self.of = fake, status, kind, of

    def handle(self, request):
        refused = {"errors": [{"type": self.kind, "message": f"No such thing for {ADA}"}]}
        closed = request.method == "DELETE" and self.of in request.path
        return Response.of(refused, self.status) if closed else self.fake.handle(request)


WITHDRAWING = {"templates": ["MARKETING"], "site": "electronics", "withdraw": True}
BOB = "bob@shop.example"


def test_a_client_that_may_withdraw_nothing_is_told_to_the_connection_and_items_are_written_all_the_same(make, fake):
    eve = "eve@shop.example"
    fake.seed("customers", [{"uid": uid, "email": uid, "name": "Bob"} for uid in (BOB, eve)])
    fake.consent(ADA, "MARKETING", 1)
    fake.consent(eve, "MARKETING", 1)
    connector = make(of=Saying(fake, 403, "ForbiddenError"), auth=OAUTH, consents=WITHDRAWING)
    writes = [*(Write(uid, {MARKETING: "withdrawn"}) for uid in (eve, ADA)), Write(BOB, {"name": "Robert"})]
    first, refused, written = connector.upsert("customers", writes)
    assert first.kind is OutcomeKind.REFUSED, "of one customer, it may be that one"
    assert write(connector, status="withdrawn").kind is OutcomeKind.UNAUTHORISED
    assert (refused.kind, refused.code, refused.field) == (OutcomeKind.UNAUTHORISED, "ForbiddenError", MARKETING)
    assert "ROLE_TRUSTED_CLIENT" in refused.message
    assert ADA not in refused.message
    assert written.kind is OutcomeKind.APPLIED
    assert active(fake) == ["electronics|MARKETING|1"] * 2


def test_one_customer_whose_consents_may_not_be_written_stops_the_connection_in_no_run(make, fake):
    """Each run has a connector of its own, which knows nothing of what earlier ones could write."""
    fake.seed("customers", [{"uid": BOB, "email": BOB, "name": "Bob"}])
    fake.consent(BOB, "MARKETING", 1)
    fake.consent(ADA, "MARKETING", 1)
    for _ in range(2):
        connector = make(of=Saying(fake, 403, "ForbiddenError", of="ada"), auth=OAUTH, consents=WITHDRAWING)
        assert [write(connector, status="withdrawn").kind for _ in range(2)] == [OutcomeKind.REFUSED] * 2
        (served,) = connector.upsert("customers", [Write(BOB, {MARKETING: "withdrawn"})])
        assert served.kind is OutcomeKind.APPLIED
    assert active(fake) == ["electronics|MARKETING|1"]


def test_a_lack_of_rights_on_one_customer_is_a_refusal_once_another_was_served(make, fake):
    fake.seed("customers", [{"uid": BOB, "email": BOB, "name": "Bob"}])
    fake.consent(BOB, "MARKETING", 1)
    fake.consent(ADA, "MARKETING", 1)
    connector = make(of=Saying(fake, 403, "ForbiddenError", of="ada"), auth=OAUTH, consents=WITHDRAWING)
    (served,) = connector.upsert("customers", [Write(BOB, {MARKETING: "withdrawn"})])
    refused = write(connector, status="withdrawn")
    assert (served.kind, refused.kind) == (OutcomeKind.APPLIED, OutcomeKind.REFUSED)
    assert (refused.code, refused.field) == ("ForbiddenError", MARKETING)
    assert active(fake) == ["electronics|MARKETING|1"]


@pytest.mark.parametrize("status", [404, 409])
def test_a_withdrawal_that_the_web_services_know_nothing_of_is_not_done(make, fake, status):
    """They lie under another root, or the customer is none of this site: the consent holds on."""
    fake.consent(ADA, "MARKETING", 1)
    connector = make(of=Saying(fake, status, "UnknownIdentifierError"), auth=OAUTH, consents=WITHDRAWING)
    outcome = write(connector, status="withdrawn")
    assert (outcome.kind, outcome.code, outcome.field) == (OutcomeKind.REFUSED, "UnknownIdentifierError", MARKETING)
    assert ADA not in outcome.message
    assert active(fake) == ["electronics|MARKETING|1"]
    assert shown(connector)["status"] == "given"


def test_where_nothing_was_given_nothing_can_be_withdrawn(consenting, fake):
    assert write(consenting(withdraw=True), status="withdrawn").kind is OutcomeKind.APPLIED
    assert (calls(fake, "DELETE"), calls(fake, "POST")) == (0, 0)


def test_a_consent_is_given_to_the_newest_version_and_never_twice(consenting, fake):
    fake.template("MARKETING", 2)
    connector = consenting(give=True)
    assert write(connector, status="given").kind is OutcomeKind.APPLIED
    assert active(fake) == ["electronics|MARKETING|2"]
    assert write(connector, status="given").kind is OutcomeKind.APPLIED
    assert active(fake) == ["electronics|MARKETING|2"]
    assert calls(fake, "POST") == 1


def test_what_is_no_state_to_write_is_refused(consenting):
    connector = consenting(give=True, withdraw=True)
    assert write(connector, status="outdated").kind is OutcomeKind.REFUSED
    assert write(connector, status=None).kind is OutcomeKind.APPLIED
    [outcome] = connector.upsert("customers", [Write(ADA, {"consents.OTHER.status": "given"})])
    assert outcome.kind is OutcomeKind.REFUSED


def test_a_customer_that_was_made_without_its_consent_is_in_doubt_not_lost(consenting, fake):
    connector = consenting(give=True)
    fake.rows["ConsentTemplates"].clear()
    row = {"email": "bob@shop.example", "name": "Bob", MARKETING: "given"}
    [outcome] = connector.upsert("customers", [Write(None, row, marker="hub-1")])
    assert (outcome.kind, outcome.code, outcome.key) == (OutcomeKind.UNKNOWN, "NotFoundError", "bob@shop.example")
    assert fake.item("customers", "bob@shop.example")["name"] == "Bob"


def test_a_withdrawal_whose_answer_was_lost_is_done(make, fake):
    class Losing:
        lost = 0

        def handle(self, request):
            answer = fake.handle(request)
            if request.method != "DELETE" or self.lost:
                return answer
            self.lost += 1
            return Response(lost=True)

    fake.consent(ADA, "MARKETING", 1)
    line = Losing()
    consents = {"templates": ["MARKETING"], "site": "electronics", "withdraw": True}
    assert write(make(of=line, auth=OAUTH, consents=consents), status="withdrawn").kind is OutcomeKind.APPLIED
    assert line.lost == 1
    assert active(fake) == []
