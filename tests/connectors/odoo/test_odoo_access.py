"""What check() says, and what never gets into a message."""

import pytest
from pydantic import ValidationError

from connectors.odoo import OdooSettings
from connectors.sdk import Severity
from syncline.sandbox.odoo import OdooFake
from syncline.sandbox.wire import Response


def codes(connector):
    return [(found.code, found.path) for found in connector.check() if found.severity is not Severity.NOTE]


@pytest.mark.parametrize("version", [17, 19])
def test_wrong_keys_databases_and_addresses_are_told_apart(make, clock, version):
    server = OdooFake(clock, version=version)
    assert codes(make(server)) == []
    assert codes(make(server, key="wrong")) == [("unauthorised", "key")]
    [found] = make(server, database="other").check()
    assert "database" in f"{found} {found.hint}"

    class Elsewhere:
        def handle(self, _request):
            return Response(status=200, body=b"<html>hello</html>", headers={"content-type": "text/html"})

    assert codes(make(Elsewhere())) == [("unreachable", "url")]


def test_an_older_server_needs_a_login_and_check_says_so(make, clock):
    assert codes(make(OdooFake(clock, version=16), login=None)) == [("no-login", "login")]
    [note] = make(OdooFake(clock, version=16)).check()
    assert (note.code, note.severity) == ("legacy-api", Severity.NOTE)


def test_missing_rights_missing_apps_and_unknown_fields_are_named(make, fake):
    fake.forbid("res.partner", "create", "unlink")
    fake.forbid("ir.model.data", "read")
    erp = make(streams={"companies": {"fields": ["name", "nope"]}, "project.task": {}})
    found = {one.code: one for one in erp.check()}
    assert set(found) == {"unknown-field", "no-access", "unknown-stream", "no-external-ids"}
    assert "create, unlink" in found["no-access"].message
    assert "project.task" in found["unknown-stream"].message
    assert all(one.hint for one in found.values() if one.code != "unknown-field")


def test_check_says_where_merges_will_look_like_deletions(make, fake):
    assert "no-merge-notes" not in {one.code for one in make().check()}
    fake.forbid("mail.message", "read")
    assert "no-merge-notes" in {one.code for one in make().check()}
    assert "no-merge-notes" not in {one.code for one in make(streams=["orders"]).check()}


@pytest.mark.parametrize("version", [17, 19])
def test_a_server_that_ignores_the_filter_is_found_out(make, clock, version):
    server = OdooFake(clock, version=version)
    server.seed("res.partner", [{"name": "Azure", "is_company": True}])
    call = server.methods.call

    def deaf(model, method, ids, context, **params):
        return call(model, method, ids, context, **{**params, **({"domain": []} if "domain" in params else {})})

    server.methods.call = deaf
    assert ("filter-ignored", "streams.companies") in codes(make(server))


@pytest.mark.parametrize(
    "given",
    [
        {"url": "acme.example.com"},
        {"url": "http://acme.example.com"},
        {"streams": []},
        {"streams": ["res partner"]},
        {"api": "jsonrpc"},
        {"marker_module": "my hub"},
    ],
)
def test_settings_that_cannot_work_are_refused(given):
    with pytest.raises(ValidationError):
        OdooSettings(**{"url": "https://acme.example.com", "database": "demo", "key": "k", **given})
