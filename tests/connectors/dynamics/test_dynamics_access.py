"""Getting in: tokens, rights, limits, and what check says of them."""

from urllib.parse import parse_qs

import pytest

from connectors.dynamics import DynamicsSettings
from connectors.sdk import Severity, ThrottledError, UnauthorisedError
from syncline.sandbox.dynamics import DynamicsFake
from syncline.sandbox.wire import Request, transport


def findings(crm):
    return {(found.code, found.path) for found in crm.check()}


def test_the_token_is_asked_for_this_very_environment(crm, fake):
    assert crm.check() == []
    asked = next(request for request in fake.seen if request.path.endswith("/oauth2/v2.0/token"))
    form = parse_qs(asked.body.decode())
    assert asked.path == "/contoso.onmicrosoft.com/oauth2/v2.0/token"
    assert (form["grant_type"], form["scope"]) == (["client_credentials"], [f"{fake.url}/.default"])


def test_a_token_near_its_end_and_one_that_was_revoked_are_replaced_without_a_person(crm, fake, clock):
    list(crm.read("account", None))
    clock.advance(3599)
    list(crm.read("account", None))
    assert fake.entra.issued == 2
    fake.entra.expire()
    list(crm.read("account", None))
    assert fake.entra.issued == 3


@pytest.mark.parametrize(
    ("auth", "url", "says"),
    [
        ({"client_secret": "wrong"}, None, "invalid_client"),
        ({"client_id": "nobody"}, None, "unauthorized_client"),
        ({"tenant": "fabrikam.onmicrosoft.com"}, None, "invalid_request"),
        ({}, "https://fabrikam.crm4.dynamics.com", "environment's own address"),
    ],
)
def test_credentials_that_are_wrong_are_told_by_what_is_wrong_with_them(make, auth, url, says):
    [found] = make(auth=auth, **({"url": url} if url else {})).check()
    assert (found.code, found.path) == ("unauthorised", "auth")
    assert says in f"{found.message} {found.hint}"
    assert "wrong" not in found.message.replace("secret is wrong", "")


def test_an_app_that_is_no_user_of_the_environment_is_told_to_become_one(crm, fake):
    fake.member = False
    [found] = crm.check()
    assert (found.code, found.path) == ("no-user", "auth.client_id")
    assert "application user" in found.hint


def test_a_page_instead_of_the_web_api_says_that_the_address_is_wrong(crm, fake):
    fake.misbehave("html", on="WhoAmI", times=9)
    [found] = crm.check()
    assert (found.code, found.path) == ("unreachable", "url")


def test_each_table_says_what_is_missing_in_it(make, fake):
    fake.forbidden.add("prvReadlead")
    fake.tables["contact"].tracked = False
    crm = make(streams={"account": {"fields": ["name", "nome"]}, "contact": {}, "lead": {}, "kunde": {}})
    assert findings(crm) == {
        ("unknown-field", "streams.account.fields"),
        ("no-tracking", "streams.contact"),
        ("no-access", "streams.lead"),
        ("unknown-stream", "streams.kunde"),
    }


def test_a_table_that_may_only_be_read_is_a_warning_that_names_the_privileges(make, fake):
    fake.forbidden |= {"prvWriteaccount", "prvAppendToaccount"}
    [found] = make(streams=["account", "contact"]).check()
    assert (found.code, found.severity, found.path) == ("no-write-right", Severity.WARNING, "streams.account")
    assert "(prvWriteaccount, prvAppendToaccount)" in found.message


def test_without_the_column_for_the_hub_s_id_check_says_what_to_create_and_prepare_creates_it(make, clock):
    bare = DynamicsFake(clock, clients={"app": "s3cr3t-canary"}, marker=None)
    crm = make(carrier=transport(bare), streams=["account", "contact"])
    assert findings(crm) == {("no-marker", "streams.account.marker"), ("no-marker", "streams.contact.marker")}
    assert all("new_synclineid" in found.hint for found in crm.check())
    crm.create_marker()
    assert crm.check() == []
    assert bare.tables["contact"].active_key(("new_synclineid",))
    crm.create_marker()  # what is there is left alone
    assert len(bare.tables["contact"].keys) == 1


def test_a_key_whose_index_is_not_built_yet_is_not_ready(make, clock):
    bare = DynamicsFake(clock, clients={"app": "s3cr3t-canary"}, marker=None)
    bare.definitions.pending = True
    crm = make(carrier=transport(bare), streams=["account"])
    crm.create_marker()
    assert findings(crm) == {("key-pending", "streams.account.marker")}


def test_customising_without_the_right_to_is_refused_in_words(make, clock):
    bare = DynamicsFake(clock, clients={"app": "s3cr3t-canary"}, marker=None)
    bare.forbidden.add("prvCreateAttribute")
    with pytest.raises(UnauthorisedError, match=r"creating the column account\.new_synclineid"):
        make(carrier=transport(bare), streams=["account"]).create_marker()


def test_a_table_that_lacks_versions_is_a_warning(crm, fake):
    fake.tables["account"].versioned = False
    assert [(found.code, found.severity) for found in crm.check()] == [("no-versions", Severity.WARNING)]


def test_who_waits_as_long_as_told_is_let_in_and_who_does_not_is_told_to_wait_longer(make, fake, clock):
    crm = make(streams=["account"])
    crm.check()
    clock.advance(600)
    fake.limit = 10
    for _ in range(11):
        list(crm.read("account", None))
        clock.advance(27)
    assert clock.slept == [30]
    list(crm.read("account", None))
    assert len(clock.slept) == 2
    asked = Request(method="GET", path="/api/data/v9.2/WhoAmI", headers=fake.seen[-1].headers)
    told = [float(fake.handle(asked).headers["retry-after"]) for _ in range(3)]
    assert told == [told[0], told[0] * 2, told[0] * 4]


def test_a_pause_longer_than_a_run_should_wait_is_told_with_its_end(crm, fake, clock):
    crm.check()
    fake.misbehave("throttled", on="GET accounts", seconds=240, times=9)
    with pytest.raises(ThrottledError) as caught:
        list(crm.read("account", None))
    assert (caught.value.until - clock.now()).total_seconds() == 240


def test_what_is_left_of_the_window_is_told(make):
    told = []
    list(make(on_quota=lambda _, facts: told.append(facts)).read("account", None))
    assert told[-1]["remaining"] < 6000


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://contoso.crm4.dynamics.com"},
        {"url": "contoso"},
        {"auth": {"tenant": "a/../b", "client_id": "app", "client_secret": "x"}},
        {"streams": ["Account"]},
        {"streams": ["account')/x"]},
        {"marker": "Syncline Id"},
        {"page": 5001},
        {"batch": 1001},
    ],
)
def test_settings_that_cannot_work_are_refused(given):
    good = {
        "url": "https://contoso.crm4.dynamics.com",
        "auth": {"tenant": "t", "client_id": "app", "client_secret": "x"},
    }
    assert DynamicsSettings(**good)
    with pytest.raises(ValueError, match="validation error"):
        DynamicsSettings(**(good | given))
