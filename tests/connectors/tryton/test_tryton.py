"""The Tryton connector against a real server: what every connector keeps, and what is Tryton's own."""

from datetime import datetime
from pathlib import Path

import pytest

import connectors.tryton
from connectors.sdk import Context, OutcomeKind, Severity, UnauthorisedError, Write
from connectors.tryton import TrytonConnector, TrytonSettings
from model.clock import ManualClock
from syncline.sandbox.wire import Response, transport
from syncline.testing import ConnectorSuite

pytestmark = pytest.mark.slow

PASSWORD = "Canary-passw0rd"
PARTY, ADDRESS, MECHANISM = "party_party", "party_address", "party_contact_mechanism"
APPLIED, STALE, REFUSED, MISSING = OutcomeKind.APPLIED, OutcomeKind.STALE, OutcomeKind.REFUSED, OutcomeKind.MISSING


def settings(**given):
    given = {"url": "https://tryton.example.com", "database": "erp", "user": "admin", "password": PASSWORD, **given}
    return TrytonSettings(**given)


class People:
    """What people do in the server, at the moment that the test's clock shows."""

    def __init__(self, server, clock):
        self.server = server
        self.clock = clock
        self.session = TrytonConnector(settings(), Context(clock=ManualClock(), transport=transport(server)))._session

    def handle(self, request):
        return self.server.handle(request)

    def do(self, method, *params):
        return self.session.do(method, "a person's work", *params)

    def create(self, rows):
        keys = self.do("party.party.create", rows)
        for key in keys:
            self.stamp(PARTY, key)
            self.server.execute(f"UPDATE {PARTY} SET create_date = ? WHERE id = ?", self._now(), key)
            for table in (ADDRESS, MECHANISM, "party_identifier"):
                moment = (self._now(), self._now(), key)
                self.server.execute(f"UPDATE {table} SET create_date = ?, write_date = ? WHERE party = ?", *moment)
        return keys

    def write(self, model, key, values):
        self.do(f"{model}.write", [key], values)
        self.stamp(model.replace(".", "_"), key)

    def replace(self, loser, survivor):
        """Tryton's own wizard: what points at the one points at the other then, and the one is archived.

        It warns where their names differ, and a person confirms that by the warning's name.
        """
        session, _, _ = self._wizard("create")
        given = {"ask": {"source": int(loser), "destination": int(survivor)}}
        while True:
            answer = self._wizard("execute", session, given, "replace")
            if not isinstance(answer, tuple):
                return
            kind, (name, *_) = answer
            assert kind == "UserWarning", answer
            self.do("res.user.warning.create", [{"user": 1, "name": name}])

    def _wizard(self, deed, *params):
        body = {"id": 1, "method": f"wizard.party.replace.{deed}", "params": [*params, {}]}
        answer = self.session._http.post("/{database}/rpc/", parts={"database": "erp"}, json=body).json()
        return tuple(answer["error"]) if "error" in answer else answer["result"]

    def stamp(self, table, key, moment=None):
        self.server.execute(f"UPDATE {table} SET write_date = ? WHERE id = ?", moment or self._now(), key)

    def _now(self):
        return self.clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")


class TestTryton(ConnectorSuite):
    page = 5
    quality = Path(connectors.tryton.__file__).with_name("quality.yaml")

    @pytest.fixture(autouse=True)
    def _server(self, tryton):
        type(self).server = tryton

    @pytest.fixture(autouse=True)
    def _bench(self, _server, tmp_path, caplog):
        caplog.set_level("DEBUG", logger="syncline")
        self.begin(tmp_path)
        yield
        self.finish()

    def start(self):
        self.server.empty()
        return People(self.server, self.clock)

    def make(self):
        return TrytonConnector(settings(page=self.page), self.context())

    def row(self, _stream, n):
        return {"name": f"Name {n}", "email": f"person{n}@example.com", "address.city": f"City {n}"}

    def seed(self, _stream, rows):
        return [str(key) for key in self.fake.create([_values(row) for row in rows])]

    def edit(self, _stream, key, fields):
        self.fake.write("party.party", int(key), fields)

    def delete(self, _stream, key):
        self.fake.do("party.party.delete", [int(key)])

    def merge(self, _stream, loser, survivor):
        self.fake.replace(loser, survivor)

    def text_field(self, _stream):
        return "name"

    def bad_row(self, _stream):
        return {"name": "Azure", "vat": "DE123"}


def _values(row):
    return {
        "name": row["name"],
        "addresses": [["create", [{"city": row["address.city"]}]]],
        "contact_mechanisms": [["create", [{"type": "email", "value": row["email"]}]]],
    }


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def people(tryton, clock):
    tryton.empty()
    return People(tryton, clock)


@pytest.fixture
def make(tryton, clock):
    made = []

    def build(**given):
        made.append(TrytonConnector(settings(**given), Context(clock=clock, transport=transport(tryton))))
        return made[-1]

    yield build
    for connector in made:
        connector.close()


def records(connector, since=None):
    return [record for page in connector.read("parties", since) for record in page.records]


def position(connector):
    return [page.cursor for page in connector.read("parties", None)][-1]


def create(marker, **fields):
    return Write(None, fields, marker=marker)


def test_an_address_changed_by_itself_is_seen_though_the_party_was_not_touched(make, people, clock):
    erp = make()
    one, _other = people.create([_values(TestTryton.row(None, "", n)) for n in (1, 2)])
    since = position(erp)
    before = records(erp)[0].version
    clock.advance(7200)
    [address] = records(erp)[0].data["addresses"]
    people.write("party.address", int(address["id"]), {"city": "Rome"})
    [seen] = records(erp, since and _later(since))
    assert (seen.key, seen.data["address"]["city"]) == (str(one), "Rome")
    assert seen.version != before
    clock.advance(7200)
    [mechanism] = seen.data["contact_mechanisms"]
    people.write("party.contact_mechanism", int(mechanism["id"]), {"value": "new@example.com"})
    assert [r.data["email"] for r in records(erp, _later(since, hours=3))] == ["new@example.com"]


def _later(cursor, hours=1):
    """A position behind what was read, further than the overlap."""
    moment = datetime.fromisoformat(cursor.partition('"stamp":"')[2].rstrip('"}'))
    return f'{{"stamp":"{moment.replace(hour=moment.hour + hours).isoformat()}"}}'


def test_a_write_is_refused_where_party_or_address_moved_since(make, people, clock):
    erp = make()
    [key] = people.create([_values(TestTryton.row(None, "", 1))])
    seen = records(erp)[0]
    clock.advance(60)
    people.write("party.address", int(seen.data["addresses"][0]["id"]), {"city": "Rome"})
    [outcome] = erp.upsert("parties", [Write(str(key), {"address.city": "Turin"}, expects=seen.version)])
    assert outcome.kind is STALE
    assert records(erp)[0].data["address"]["city"] == "Rome"
    people.do("party.contact_mechanism.create", [{"party": key, "type": "phone", "value": "+39011498826"}])
    [outcome] = erp.upsert("parties", [Write(str(key), {"phone": "+390114988261"}, expects=seen.version)])
    assert outcome.kind is STALE
    [outcome] = erp.upsert("parties", [Write(str(key), {"address.city": "Turin"}, expects=records(erp)[0].version)])
    assert outcome.kind is APPLIED


def test_archived_is_not_deleted_and_replaced_names_the_survivor(make, people):
    erp = make()
    winner, loser, idle = people.create([_values(TestTryton.row(None, "", n)) for n in (1, 2, 3)])
    people.write("party.party", idle, {"active": False})
    people.replace(loser, winner)
    found = {record.key: record for record in records(erp)}
    assert (found[str(idle)].deleted, found[str(idle)].data["active"]) == (False, False)
    assert (found[str(loser)].deleted, found[str(loser)].superseded_by) == (True, str(winner))
    assert sorted(key for page in erp.keys("parties") for key in page) == sorted([str(winner), str(idle)])
    [outcome] = erp.upsert("parties", [Write(str(loser), {"name": "x"})])
    assert (outcome.kind, outcome.of) == (MISSING, str(winner))


def test_all_that_hangs_below_a_party_is_written_with_it_changed_and_cleared(make, people):
    erp = make()
    people.do("country.country.create", [{"name": "Utopia", "code": "UT"}])
    fields = {"name": "Azure", "email": "a@example.com", "phone": "+390114988261", "vat": "IT00743110157"}
    fields |= {"address.street": "Via Roma 1\nScala B", "address.city": "Turin", "address.country": "UT"}
    [made] = erp.upsert("parties", [create("m1", **fields)])
    assert made.kind is APPLIED, made
    data = erp.fetch("parties", [made.key])[0].data
    assert data["address"] == {"street": "Via Roma 1\nScala B", "postal_code": None, "city": "Turin", "country": "UT"}
    assert (data["email"], data["vat"], data["external_id"]) == ("a@example.com", "IT00743110157", "m1")
    changes = {"email": "b@example.com", "phone": None, "vat": None, "address.street": None, "address.country": None}
    assert erp.upsert("parties", [Write(made.key, changes)])[0].kind is APPLIED
    data = erp.fetch("parties", [made.key])[0].data
    assert data["address"] == {"street": None, "postal_code": None, "city": "Turin", "country": None}
    assert (data["email"], data["phone"], data["vat"], data["external_id"]) == ("b@example.com", None, None, "m1")
    assert len(data["contact_mechanisms"]) == 1


def test_a_batch_with_poison_is_halved_until_it_is_alone(make, people):
    rows = [create(f"m{n}", name=f"N{n}", **({"vat": "DE123"} if n == 5 else {})) for n in range(8)]
    outcomes = make().upsert("parties", rows)
    assert [o.kind for o in outcomes] == [REFUSED if n == 5 else APPLIED for n in range(8)]
    assert "DE123" not in outcomes[5].message
    assert len(people.do("party.party.search", [], 0, None, None)) == 7


def test_an_archived_party_is_made_brought_back_and_otherwise_left_alone(make, people):
    erp = make()
    [made, plain] = erp.upsert("parties", [create("m1", name="A", active=False), create("m2", name="B")])
    assert (made.kind, plain.kind) == (APPLIED, APPLIED)
    assert {r.data["name"]: r.data["active"] for r in records(erp)} == {"A": False, "B": True}
    [own] = erp.upsert("parties", [Write(made.key, {"name": "C"})])
    assert (own.kind, "not allowed to modify" in own.message, '"A"' in own.message) == (REFUSED, True, False)
    seen = erp.fetch("parties", [made.key])[0].version
    [back] = erp.upsert("parties", [Write(made.key, {"name": "C", "phone": "+390114988261", "active": True}, seen)])
    assert back.kind is APPLIED
    data = erp.fetch("parties", [made.key])[0].data
    assert (data["name"], data["active"], data["phone"]) == ("C", True, "+390114988261")
    [gone] = erp.upsert("parties", [Write(made.key, {"name": "D", "active": False})])
    data = erp.fetch("parties", [made.key])[0].data
    assert (gone.kind, data["name"], data["active"]) == (APPLIED, "D", False)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"nope": "x"}, "unknown-field"),
        ({"address.country": "XX"}, "unknown-choice"),
        ({"active": "yes"}, "wrong-type"),
        ({"name": ["a"]}, "wrong-type"),
        ({"email": 5}, "wrong-type"),
    ],
)
def test_what_cannot_be_sent_is_refused_alone(make, people, fields, code):
    bad, good = make().upsert("parties", [create("m1", **{"name": "A", **fields}), create("m2", name="B")])
    assert (bad.kind, bad.code, bad.field, good.kind) == (REFUSED, code, next(iter(fields)), APPLIED)


def test_what_the_hub_made_is_found_again_although_it_lies_outside_the_streams_domain(make, people):
    connector = make(streams={"parties": {"domain": [["name", "=", "nobody is called so"]]}})
    made = connector.upsert("parties", [create("hub-1", name="Ana")])[0]
    assert made.kind is APPLIED
    assert [
        record.key for record in connector.find("parties", connector.stream("parties").writes.marker, ["hub-1"])
    ] == [made.key]


def test_a_code_that_another_party_has_names_the_trouble(make, people):
    erp = make()
    one, two = erp.upsert("parties", [create("m1", name="A", code="A-1"), create("m2", name="B", code="A-1")])
    assert (one.kind, two.kind) == (APPLIED, OutcomeKind.DUPLICATE)
    assert [record.key for record in erp.find("parties", "code", ["A-1"])] == [one.key]


def test_a_session_that_ended_is_opened_again(make, people, tryton):
    erp = make()
    assert records(erp) == []
    tryton.execute("DELETE FROM ir_session")
    people.session = make()._session
    people.create([_values(TestTryton.row(None, "", 1))])
    assert len(records(erp)) == 1


def test_check_tells_password_database_and_address_apart(make, people):
    assert [found for found in make().check() if found.severity is not Severity.NOTE] == []
    assert [found.code for found in make(database="other").check()] == ["refused"]
    [found] = make(password="wrong").check()
    assert found.code in {"unauthorised", "throttled"}
    with pytest.raises(UnauthorisedError):
        records(make(user="nobody"))


def test_fields_of_the_party_are_discovered_and_what_is_computed_cannot_be_written(make, people):
    fields = {field.name: field for field in make().discover("parties")}
    assert fields["name"].updatable
    assert fields["code"].unique
    assert not fields["code_alnum"].updatable
    assert not fields["write_date"].updatable
    assert fields["addresses"].updatable is False


class Refusing:
    """The server, but for calls that a test has refused with Tryton's own words."""

    def __init__(self, server, refuses):
        self.server = server
        self.refuses = refuses
        self.calls = []

    def handle(self, request):
        asked = request.json()
        self.calls.append(asked["method"])
        said = self.refuses(asked["method"], asked["params"])
        if said is None:
            return self.server.handle(request)
        return Response.of({"id": asked["id"], "error": ["UserError", [said, ""]]})


def refusing(clock, tryton, refuses):
    server = Refusing(tryton, refuses)
    return server, TrytonConnector(settings(), Context(clock=clock, transport=transport(server)))


def test_a_create_whose_second_call_is_refused_leaves_nothing_behind(make, people, tryton, clock):
    def no_archiving(method, params):
        last = method == "model.party.party.write" and params[1] == {"active": False}
        return "Somebody's extension does not want that." if last else None

    _, erp = refusing(clock, tryton, no_archiving)
    [made, plain] = erp.upsert("parties", [create("m1", name="A", active=False), create("m2", name="B")])
    assert (made.kind, made.key, plain.kind) == (REFUSED, None, APPLIED)
    assert [record.data["name"] for record in records(make())] == ["B"]
    erp.close()


def test_a_create_that_cannot_be_taken_back_is_told_with_its_key(make, people, tryton, clock):
    def stubborn(method, params):
        last = method == "model.party.party.write" and params[1] == {"active": False}
        return "No." if last or method == "model.party.party.delete" else None

    _, erp = refusing(clock, tryton, stubborn)
    [made] = erp.upsert("parties", [create("m1", name="A", active=False)])
    [there] = make().find("parties", "external_id", ["m1"])
    assert (made.kind, made.key, there.data["name"]) == (REFUSED, there.key, "A")
    erp.close()


def test_a_kind_of_which_there_are_several_is_not_emptied_and_nothing_is_lost(make, people):
    erp = make()
    emails = [{"type": "email", "value": f"{name}@example.com"} for name in ("first", "second")]
    phone = {"type": "phone", "value": "+390114988261"}
    vats = [{"type": "eu_vat", "code": code} for code in ("IT00743110157", "BE0897290877")]
    below = {"contact_mechanisms": [["create", [*emails, phone]]], "identifiers": [["create", vats]]}
    [key] = people.create([{"name": "A", **below}])
    before = records(erp)
    for path in ("email", "vat"):
        [outcome] = erp.upsert("parties", [Write(str(key), {path: None, "name": "B"}, before[0].version)])
        assert (outcome.kind, outcome.code, outcome.field) == (REFUSED, "one-of-several", path)
    assert erp.fetch("parties", [str(key)]) == before
    second = next(one for one in before[0].data["contact_mechanisms"] if one["value"] == "second@example.com")
    people.write("party.contact_mechanism", int(second["id"]), {"active": False})
    changes = {"email": None, "phone": "", "address.city": None}
    [outcome] = erp.upsert("parties", [Write(str(key), changes)])
    [data] = [record.data for record in erp.fetch("parties", [str(key)])]
    assert (outcome.kind, data["email"], data["phone"]) == (APPLIED, None, None)
    assert [one["value"] for one in data["contact_mechanisms"]] == ["second@example.com"]
    [again] = erp.upsert("parties", [Write(str(key), {"email": "new@example.com"})])
    assert (again.kind, erp.fetch("parties", [str(key)])[0].data["email"]) == (APPLIED, "new@example.com")


def test_a_party_that_a_rule_hides_is_neither_gone_nor_in_the_way_of_others(make, people):
    hidden, gone, other, plain = people.create([{"name": name} for name in ("Hidden", "Gone", "Other", "Plain")])
    erp = make()
    seen = [["create", [{"domain": '[["name", "!=", "Hidden"]]'}]]]
    rights = {"model": "party.party", "perm_read": True, "perm_write": True, "perm_delete": True, "perm_create": False}
    group = {"name": "seen", "global_p": True, "default_p": False, **rights, "rules": seen}
    fixed = {**group, "name": "fixed", "perm_read": False}
    fixed["rules"] = [["create", [{"domain": '[["name", "!=", "Plain"]]'}]]]
    groups = people.do("ir.rule.group.create", [group, fixed])
    people.do("party.party.delete", [gone])
    try:
        keys = [str(key) for key in (hidden, gone, other, plain)]
        assert [(r.key, r.deleted) for r in erp.fetch("parties", keys)] == [
            (keys[1], True),
            (keys[2], False),
            (keys[3], False),
        ]
        outcomes = erp.upsert("parties", [Write(key, {"name": "New"}) for key in keys])
        assert [outcome.kind for outcome in outcomes] == [REFUSED, MISSING, APPLIED, REFUSED]
        assert all("rules of parties" in outcomes[at].message for at in (0, 3))
        outcomes = erp.remove("parties", [Write(key, {}) for key in keys])
        assert [outcome.kind for outcome in outcomes] == [REFUSED, MISSING, APPLIED, REFUSED]
    finally:
        people.do("ir.rule.group.delete", groups)


def test_few_deleted_ones_among_many_hidden_ones_cost_few_calls(people, tryton, clock):
    keys = people.create([{"name": f"Hidden {n}"} for n in range(40)])
    gone = keys[3::6]
    people.do("party.party.delete", gone)
    seen = [["create", [{"domain": '[["name", "not ilike", "Hidden%"]]'}]]]
    rights = {"model": "party.party", "perm_read": True, "perm_write": False, "perm_delete": False}
    rule = {"name": "seen", "global_p": True, "default_p": False, "perm_create": False, **rights, "rules": seen}
    groups = people.do("ir.rule.group.create", [rule])
    try:
        server, erp = refusing(clock, tryton, lambda *_: None)
        assert [(r.key, r.deleted) for r in erp.fetch("parties", list(map(str, keys)))] == [
            (str(key), True) for key in gone
        ]
        assert server.calls.count("model.party.party.read") == 2
        erp.close()
    finally:
        people.do("ir.rule.group.delete", groups)


def test_each_of_many_deleted_ones_is_told(make, people):
    keys = people.create([{"name": f"N{n}"} for n in range(33)])
    people.do("party.party.delete", keys[1:])
    found = make().fetch("parties", list(map(str, keys)))
    assert [(r.key, r.deleted) for r in found] == [(str(key), key != keys[0]) for key in keys]


def test_a_right_to_parties_that_the_user_lacks_ends_a_batch_at_once(people, tryton, clock):
    keys = people.create([{"name": f"N{n}"} for n in range(20)])

    def closed(method, _):
        return 'You are not allowed to access "Party".' if method == "model.party.party.delete" else None

    server, erp = refusing(clock, tryton, closed)
    outcomes = erp.remove("parties", [Write(str(key), {}) for key in keys])
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.UNAUTHORISED}
    assert server.calls.count("model.party.party.delete") == 1
    erp.close()
