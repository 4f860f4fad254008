"""Whatever comes in wrong: a message that says where, only the record concerned set aside, everything else goes on.

A spreadsheet, a database, a CRM and a shop, wired together by a real project and driven through the command line. Every
case asks the same four questions: what was said, who was set aside, who arrived all the same, and how it ended.
"""

import csv
import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from model.clock import ManualClock
from syncline.cli.main import app
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.shopify.fake import ShopifyFake
from syncline.sandbox.wire import Response, transport
from syncline.wiring import World

CONFIG = """\
syncline: 1
entities:
  contact:
    survivorship:
      default: {rule: authority, order: [erp, crm, shop, list]}
connections:
  list:
    connector: files
    folder: .
    streams:
      people: {file: people.csv, key: no}
  erp:
    connector: sql
    url: "${env:ERP_URL}"
    streams:
      firms: {table: firms, key: id, marker: hub_id, writable: true}
      staff: {table: staff, key: id, marker: hub_id, writable: true, parents: [firms]}
  crm:
    connector: salesforce
    login_url: https://corner.my.salesforce.com
    auth: {kind: client_credentials, client_id: app, client_secret: "${env:CRM_SECRET}"}
    streams: [Account, Contact]
  shop:
    connector: shopify
    shop: corner-shop.myshopify.com
    auth: {token: "${env:SHOP_TOKEN}"}
"""
MAPPINGS = {
    "list_people": """\
connection: list
stream: people
entity: contact
direction: in
match: {strong: ["emails[*]"]}
rules:
  given_name: first
  family_name: last
  gender: {field: sex, values: {female: [f, w], male: m}}
  job_title: job
  "emails[work]": {field: email, transform: email}
  "phones[work]": {field: phone, transform: {phone: {region: DE}}}
""",
    "erp_firms": """\
connection: erp
stream: firms
entity: account
match: {strong: [name]}
rules:
  name: name
""",
    "erp_staff": """\
connection: erp
stream: staff
entity: contact
match: {strong: ["emails[*]"]}
rules:
  given_name: given
  family_name: family
  job_title: job
  "emails[work]": {field: email, transform: email}
  "phones[work]": {field: phone, transform: {phone: {region: DE}}}
  account: {field: firm, reference: firms}
""",
    "crm_accounts": """\
connection: crm
stream: Account
entity: account
match: {strong: [name]}
rules:
  name: Name
""",
    "crm_contacts": """\
connection: crm
stream: Contact
entity: contact
match: {strong: ["emails[*]"]}
rules:
  given_name: FirstName
  family_name: {field: LastName, placeholder: "(unknown)"}
  job_title: Title
  "emails[work]": {field: Email, loses: [case]}
  account: {field: AccountId, reference: Account}
""",
    "shop_customers": """\
connection: shop
stream: customers
entity: contact
match: {strong: ["emails[*]"]}
filter:
  out:
    - {path: "emails[work]", present: true}
rules:
  given_name: firstName
  family_name: lastName
  "emails[work]": {field: defaultEmailAddress.emailAddress, loses: [case]}
""",
}
TABLES = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, hub_id TEXT UNIQUE);
CREATE TABLE staff (
    id INTEGER PRIMARY KEY, given TEXT, family TEXT NOT NULL, job VARCHAR(20), email TEXT, phone TEXT, firm INTEGER,
    hub_id TEXT UNIQUE);
INSERT INTO firms VALUES (1, 'Tailspin Toys', NULL);
INSERT INTO staff VALUES (11, 'Erik', 'Holm', 'Buyer', 'erik@tailspin.example', NULL, 1, NULL);
"""
COLUMNS = ["no", "first", "last", "sex", "job", "email", "phone"]
ROWS = [
    ["L1", "Ana", "Costa", "f", "Buyer", "ana@costa.example", "030 23125 014"],
    ["L2", "Ben", "Okoye", "m", "Seller", "ben@okoye.example", ""],
    ["L3", "Cho", "Park", "", "Clerk", "cho@park.example", ""],
]
EVERYBODY = {"Ana", "Ben", "Cho", "Erik", "Sara"}


class Site:
    """The four systems, the project over them, and the command line."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = ManualClock()
        self.crm = SalesforceFake(self.clock, clients={"app": "s3cret"})
        self.shop = ShopifyFake(self.clock)
        self.shop.define_marker()
        self.crm.seed("Contact", [{"FirstName": "Sara", "LastName": "Ek", "Email": "sara@ek.example"}])
        self.world = World(
            clock=self.clock,
            transports={"crm": transport(self.crm), "shop": transport(self.shop)},
            environment={
                "ERP_URL": f"sqlite:///{folder / 'erp.db'}",
                "CRM_SECRET": "s3cret",
                "SHOP_TOKEN": "shpat_static",
            },
        )
        (folder / "mappings").mkdir(parents=True)
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
        for name, text in MAPPINGS.items():
            (folder / f"mappings/{name}.yaml").write_text(text, encoding="utf-8")
        with closing(sqlite3.connect(folder / "erp.db")) as database, database:
            database.executescript(TABLES)
        self.rows(ROWS)

    def __call__(self, *words, code=0):
        result = CliRunner().invoke(app, ["--project", str(self.folder), *words], obj=self.world)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"{words}: {result.exit_code}\n{result.stdout}\n{result.stderr}"
        return result

    def json(self, *words, code=0):
        return json.loads(self(*words, "--json", code=code).stdout)

    def run(self, code=0):
        """A run, and the books: every binding's balance adds up."""
        self.clock.advance(600)
        report = self.json("run", code=code)
        assert all(balance["adds_up"] for balance in report["balances"])
        return report

    def edit(self, name, before, after):
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    def rows(self, rows, columns=COLUMNS):
        with (self.folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])

    def erp(self, statement, *values):
        with closing(sqlite3.connect(self.folder / "erp.db")) as database, database:
            return database.execute(statement, values).fetchall()

    def in_erp(self):
        return {row[0] for row in self.erp("SELECT given FROM staff")}

    def in_crm(self):
        return {row["FirstName"] for row in self.crm.rows("Contact")}

    def in_shop(self):
        return {row["firstName"] for row in self.shop.rows("customers")}

    def everywhere(self):
        return self.in_erp() & self.in_crm() & self.in_shop()

    def letters(self, why="dead"):
        return self.json("dead-letters", "list", "--why", why)

    def standing(self, connection, entity="contact"):
        rows = self.json("status")
        return next(row for row in rows if (row["connection"], row["entity"]) == (connection, entity))


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


def balance(report, binding, side):
    connection, _, rest = binding.partition(".")
    stream, _, entity = rest.partition(":")
    found = {(b["connection"], b["stream"], b["entity"], b["side"]): b for b in report["balances"]}
    return found[connection, stream, entity, side]


def test_with_nothing_wrong_everybody_arrives_everywhere_and_a_second_run_is_idle(site):
    site("check")
    site("run")
    assert site.everywhere() == EVERYBODY
    again = site.run()
    assert all(one["written"] == 0 for one in again["balances"])
    assert all(row["in_sync"] == row["links"] for row in site.json("status"))
    site("plan", "--exit-code", code=0)


# What a person wrote


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("config.yaml", "connections:", "connections: [", "config.yaml:"),
        ("config.yaml", "connector: files", "connector: fils", "did you mean 'files'?"),
        ("config.yaml", "key: no}", "kee: no}", "did you mean 'key'?"),
        ("config.yaml", "writable: true, parents", "writable: perhaps, parents", "config.yaml:17:"),
        ("config.yaml", "order: [erp,", "order: [epr,", "did you mean 'erp'?"),
        ("config.yaml", "${env:CRM_SECRET}", "${env:CRM_SECRT}", "CRM_SECRT"),
        ("config.yaml", "${env:SHOP_TOKEN}", "${file:secrets/token}", "secrets/token"),
        ("mappings/erp_staff.yaml", "rules:", "rules: {", "erp_staff.yaml:"),
        ("mappings/erp_staff.yaml", "job_title: job", "jobtitle: job", "did you mean 'job_title'?"),
        ("mappings/erp_staff.yaml", "transform: email", "transform: emial", "did you mean 'email'?"),
        ("mappings/erp_staff.yaml", "stream: staff", "stream: staf", "did you mean 'staff'?"),
        ("mappings/erp_staff.yaml", "connection: erp", "connection: epr", "did you mean 'erp'?"),
        ("mappings/erp_staff.yaml", "entity: contact", "entity: contacts", "did you mean 'contact'?"),
        ("mappings/erp_staff.yaml", "reference: firms", "reference: firm", "did you mean 'firms'?"),
        ("mappings/erp_staff.yaml", "  given_name: given", "\tgiven_name: given", "erp_staff.yaml:6"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_named_with_its_place_and_nothing_runs(site, file, before, after, said):
    site.edit(file, before, after)
    shown = site("check", code=5).stdout
    assert said in shown
    assert f"{file.rpartition('/')[2]}:" in shown
    assert "s3cret" not in shown
    assert said in site("run", code=5).stderr
    assert site.in_shop() == set()


def test_all_mistakes_of_all_files_are_said_at_once(site):
    site.edit("config.yaml", "connector: files", "connector: fils")
    site.edit("mappings/erp_staff.yaml", "job_title: job", "jobtitle: job")
    site.edit("mappings/crm_contacts.yaml", "FirstName", "FirstName\n  given_nme: FirstName")
    said = [line for line in site("check", code=5).stdout.splitlines() if not line.startswith("note:")]
    assert len({line.split(":")[0].rpartition("/")[2] for line in said}) == 3


def test_a_mapped_field_the_system_does_not_have_is_found_by_check_online(site):
    site.edit("mappings/crm_contacts.yaml", "job_title: Title", "job_title: Titel")
    assert "did you mean 'Title'?" in site("check", "--online", code=5).stdout


# Systems that cannot be worked with


def html(request):
    del request
    return Response(
        body=b"<html><body>Sign in to the hotel's network</body></html>", headers={"content-type": "text/html"}
    )


class Elsewhere:
    """A system behind a page that is none of its own."""

    handle = staticmethod(html)


class Silence:
    """A system that takes every call and answers none."""

    def handle(self, request):
        return Response(lost=True)


def shut(site, connection):
    """A part of the world that does not work, for one run."""
    if connection == "erp":
        (site.folder / "erp.db").replace(site.folder / "erp.away")
    elif connection == "list":
        (site.folder / "people.csv").replace(site.folder / "people.away")
    else:
        site.world.transports = {**site.world.transports, connection: transport(Silence())}


@pytest.mark.parametrize("connection", ["erp", "list", "crm", "shop"])
def test_a_system_that_cannot_be_reached_fails_by_name_and_the_others_go_on(site, connection):
    site.run()
    before = dict(site.world.transports)
    site.crm.edit("Contact", site.crm.rows("Contact")[0]["Id"], {"LastName": "Ekberg"})
    site.erp("UPDATE staff SET family = 'Holmberg' WHERE id = 11")
    shut(site, connection)
    report = site.run(code=1)
    assert {trouble["connection"] for trouble in report["troubles"]} == {connection}
    assert report["status"] == "failed"
    names = {r["lastName"] for r in site.shop.rows("customers")}
    expected = {"Ekberg": ("crm", "shop"), "Holmberg": ("erp", "shop")}
    assert all((name in names) == (connection not in systems) for name, systems in expected.items())
    assert site.json("status") is not None
    for away in site.folder.glob("*.away"):
        away.replace(away.with_suffix(".db" if away.stem == "erp" else ".csv"))
    site.world.transports = before
    site.run()
    assert {"Holmberg", "Ekberg"} <= {r["LastName"] for r in site.crm.rows("Contact")}
    assert {("Ekberg",), ("Holmberg",)} <= set(site.erp("SELECT family FROM staff"))
    assert site.everywhere() == EVERYBODY


@pytest.mark.parametrize("connection", ["crm", "shop"])
def test_a_page_instead_of_an_answer_is_not_taken_for_an_empty_system(site, connection):
    site.run()
    before = dict(site.world.transports)
    site.world.transports = {**before, connection: transport(Elsewhere())}
    report = site.run(code=1)
    (trouble,) = {(one["connection"], one["code"]) for one in report["troubles"]}
    assert trouble[0] == connection
    assert "hotel" not in json.dumps(report), "a page may hold anything; it is not repeated"
    site.world.transports = before
    site.run()
    assert site.everywhere() == EVERYBODY


def test_an_expired_session_is_renewed_in_the_middle_of_a_run(site):
    site.crm.misbehave("expired", on="query", times=1)
    site.run()
    assert site.everywhere() == EVERYBODY


@pytest.mark.parametrize(("connection", "variable"), [("crm", "CRM_SECRET"), ("shop", "SHOP_TOKEN")])
def test_refused_credentials_are_said_without_being_shown(site, connection, variable):
    site.world.environment = {**site.world.environment, variable: "wr0ng-canary"}
    said = site("run", code=1)
    assert connection in said.stderr
    assert "credential" in said.stderr or "invalid_client" in said.stderr
    assert "wr0ng-canary" not in said.stdout + said.stderr
    assert "wr0ng-canary" not in site("connections", "check", connection, code=1).stdout


def test_a_secret_that_is_set_but_empty_is_a_mistake_with_its_place(site):
    site.world.environment = {**site.world.environment, "CRM_SECRET": ""}
    assert "config.yaml:21:" in site("check", code=5).stdout


def test_a_spent_quota_ends_with_try_later(site):
    site.crm.limit = 0
    report = site.run(code=75)
    assert {trouble["connection"] for trouble in report["troubles"]} == {"crm"}


# Records that are wrong


def with_row(*row):
    return [*ROWS, list(row)]


WRONG = {
    "an e-mail address that is none": (["L9", "Dora", "Diaz", "f", "Boss", "dora at diaz", ""], "emails[work]"),
    "a telephone number that is none": (
        ["L9", "Dora", "Diaz", "f", "Boss", "dora@diaz.example", "call me"],
        "phones[work]",
    ),
    "an option nobody mapped": (["L9", "Dora", "Diaz", "q", "Boss", "dora@diaz.example", ""], "gender"),
    "no key": (["", "Dora", "Diaz", "f", "Boss", "dora@diaz.example", ""], None),
    "a cell too many": (["L9", "Dora", "Diaz", "f", "Boss", "dora@diaz.example", "", "", "more"], None),
    "a key that is there twice": (["L2", "Dora", "Diaz", "f", "Boss", "dora@diaz.example", ""], None),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_row_is_set_aside_with_its_place_and_delays_nobody(site, what):
    row, path = WRONG[what]
    site.rows(with_row(*row))
    report = site.run(code=3)
    letters = site.letters()
    assert letters
    assert all(one["connection"] == "list" and one["side"] == "in" for one in letters)
    assert {one["path"] for one in letters} == {path}
    assert balance(report, "list.people:contact", "in")["dead"] == len(letters)
    assert site.standing("list")["dead"] == len(letters)
    assert report["status"] == "attention"
    spared = EVERYBODY - ({"Ben"} if "twice" in what else set())
    assert spared <= site.everywhere()
    listed = site("dead-letters", "list").stdout
    assert "diaz.example" not in listed
    assert "call me" not in listed
    site("plan", code=0)


@pytest.mark.parametrize("what", WRONG)
def test_a_row_that_was_set_right_arrives_and_its_dead_letter_is_gone(site, what):
    site.rows(with_row(*WRONG[what][0]))
    site.run(code=3)
    site.rows(with_row("L9", "Dora", "Diaz", "f", "Boss", "dora@diaz.example", ""))
    site.run(code=0)
    assert site.letters() == []
    assert site.everywhere() == {*EVERYBODY, "Dora"}
    assert len(site.crm.rows("Contact")) == len(EVERYBODY) + 1


def test_a_file_that_was_cut_off_deletes_nobody_and_says_so(site):
    many = [[f"N{n}", f"Name{n}", "Long", "", "", f"n{n}@long.example", ""] for n in range(20)]
    site.rows(many)
    site.run()
    before = site.everywhere()
    site.rows(many[:5])
    report = site.run(code=1)
    assert [one["connection"] for one in report["troubles"]] == ["list"]
    assert site.everywhere() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no,first\n",
        b"no,first,last,sex,job,email,phone\nL1,\xff\xfe,x,,,,\n",
        b'no,first,last,sex,job,email,phone\nL1,"Ana,C',
    ],
    ids=["empty", "columns gone", "not UTF-8", "open quote"],
)
def test_a_file_that_is_not_what_it_was_stops_only_itself(site, content):
    site.run()
    (site.folder / "people.csv").write_bytes(content)
    site.crm.edit("Contact", site.crm.rows("Contact")[0]["Id"], {"LastName": "Ekberg"})
    site("run", code=1)
    assert ("Ekberg",) in site.erp("SELECT family FROM staff")
    assert site.everywhere() == EVERYBODY
    site.rows(ROWS)
    site.run()


def test_a_value_too_long_for_one_system_reaches_the_others(site):
    title = "Deputy Head of Strategic Purchasing"
    site.rows([["L1", "Ana", "Costa", "f", title, "ana@costa.example", ""], *ROWS[1:]])
    report = site.run(code=3)
    assert title in {row["Title"] for row in site.crm.rows("Contact")}
    (letter,) = site.letters()
    assert (letter["connection"], letter["side"], letter["field"]) == ("erp", "out", "job")
    assert "20" in letter["message"]
    assert title not in letter["message"]
    assert balance(report, "erp.staff:contact", "out")["dead"] == 1
    assert site.standing("erp")["dead"] == 1
    assert site.everywhere() == EVERYBODY - {"Ana"}
    site.run(code=3)
    site.rows(ROWS)
    site.run()
    assert site.letters() == []
    assert site.everywhere() == EVERYBODY


def test_a_record_without_what_a_system_requires_waits_there_and_arrives_elsewhere(site):
    site.rows(with_row("L9", "Dora", "", "f", "", "dora@diaz.example", ""))
    site.run(code=3)
    (letter,) = site.letters()
    assert (letter["connection"], letter["side"], letter["field"]) == ("erp", "out", "family")
    assert "Dora" in site.in_crm() & site.in_shop()
    assert site.everywhere() == EVERYBODY


def test_a_reference_to_nobody_waits_and_is_followed_when_somebody_comes(site):
    site.erp("INSERT INTO staff VALUES (12, 'Ivo', 'Blum', NULL, 'ivo@blum.example', NULL, 7, NULL)")
    report = site.run(code=7)
    assert report["status"] == "attention"
    waiting = balance(report, "erp.staff:contact", "in")["waiting"] or site.standing("erp")["waiting"]
    assert waiting == 1
    assert site.everywhere() >= EVERYBODY
    site.erp("INSERT INTO firms VALUES (7, 'Litware', NULL)")
    site.run()
    (ivo,) = [row for row in site.crm.rows("Contact") if row["FirstName"] == "Ivo"]
    (litware,) = [row for row in site.crm.rows("Account") if row["Name"] == "Litware"]
    assert ivo["AccountId"] == litware["Id"]
    assert site.standing("erp")["waiting"] == 0


def test_an_address_that_is_taken_in_the_shop_is_a_dead_letter_there_alone(site):
    site.rows(ROWS[:1])
    site.run()
    # Somebody takes the address while the run is under way: the hub has read the shop already.
    site.rows([["L1", "Ana", "Costa", "f", "Buyer", "late@costa.example", ""]])
    site.world.transports = {**site.world.transports, "shop": transport(TakenMeanwhile(site.shop))}
    site.run(code=3)
    (letter,) = site.letters()
    assert (letter["connection"], letter["side"]) == ("shop", "out")
    assert "late@" not in letter["message"]
    assert ("late@costa.example",) in site.erp("SELECT email FROM staff")
    assert [row["firstName"] for row in site.shop.rows("customers")].count("Ana") == 1


class TakenMeanwhile:
    """The shop, in which another customer gets the address just before ours is written."""

    def __init__(self, shop):
        self.shop, self.taken = shop, False

    def handle(self, request):
        if not self.taken and b"mutation" in request.body:
            self.taken = True
            self.shop.seed("customers", [{"firstName": "Twin", "lastName": "Costa", "email": "late@costa.example"}])
        return self.shop.handle(request)


def test_what_waits_for_a_person_is_said_by_every_run_and_plan_until_it_is_settled(site):
    site.rows(with_row("L9", "Dora", "Diaz", "q", "Boss", "dora@diaz.example", ""))
    site.run(code=3)
    again = site.run(code=3)
    assert (again["status"], again["dead"]) == ("attention", 1)
    assert site.json("plan")["dead"] == 1
    assert "there would be:\n  1 dead letter: syncline dead-letters list\n" in site("plan").stderr
    site("dead-letters", "discard", "--all", "--yes")
    site.run(code=0)


def test_a_dead_letter_of_a_row_that_was_removed_is_settled_by_its_removal(site):
    site.rows(with_row("L9", "Dora", "Diaz", "f", "Boss", "dora at diaz", ""))
    site.run(code=3)
    site.rows(ROWS)
    site.run(code=0)
    assert site.letters() == []


def test_a_row_without_a_key_is_settled_by_retry_where_a_stream_is_read_by_its_changes(site):
    site.edit("config.yaml", "staff: {table: staff, key: id,", "staff: {table: staff, key: code, watermark: changed,")
    site.erp("ALTER TABLE staff ADD COLUMN code TEXT")
    site.erp("ALTER TABLE staff ADD COLUMN changed INTEGER")
    site.erp("UPDATE staff SET code = 'E' || id, changed = id")
    site.erp("INSERT INTO staff (id, given, family, changed) VALUES (12, 'Dora', 'Diaz', 12)")
    site.edit("config.yaml", "marker: hub_id, writable: true, parents", "parents")
    site.edit("mappings/erp_staff.yaml", "entity: contact", "entity: contact\ndirection: in")
    site.run(code=3)
    (letter,) = site.letters()
    assert letter["code"] == "no-key"
    site.erp("UPDATE staff SET code = 'E12' WHERE id = 12")
    site("dead-letters", "retry", "--all")
    assert site.letters() == []


TYPED = {
    "a date that is none": ("birth_date", "birth", "31.31.2020"),
    "a number where a date belongs": ("birth_date", "birth", 7),
    "a list where a text belongs": ("job_title", "job", ["Buyer", "Seller"]),
    "an object where an e-mail address belongs": ("emails[work]", "email", {"value": "dora@diaz.example"}),
    "a truth where a name belongs": ("family_name", "last", True),
}


@pytest.mark.parametrize("what", TYPED)
def test_a_value_of_the_wrong_type_is_set_aside_and_the_rest_of_the_file_arrives(site, what):
    path, column, value = TYPED[what]
    site.edit("config.yaml", "people.csv", "people.jsonl")
    site.edit(
        "mappings/list_people.yaml",
        "  job_title: job\n",
        "  job_title: job\n  birth_date: {field: birth, transform: date}\n",
    )
    names = ["no", "first", "last", "sex", "job", "email"]
    rows = [
        dict(zip(names, row, strict=False)) for row in with_row("L9", "Dora", "Diaz", "f", "Boss", "dora@diaz.example")
    ]
    rows[-1][column] = value
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (site.folder / "people.jsonl").write_text(lines, encoding="utf-8")
    site.run(code=3)
    (letter,) = [one for one in site.letters() if one["connection"] == "list"]
    assert (letter["key"], letter["path"]) == ("L9", path)
    assert str(value) not in letter["message"]
    assert site.everywhere() >= EVERYBODY


def test_a_line_that_is_no_json_is_set_aside_with_its_number(site):
    site.edit("config.yaml", "people.csv", "people.jsonl")
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    (site.folder / "people.jsonl").write_text(
        "".join(f"{json.dumps(row)}\n" for row in rows) + "{oops\n", encoding="utf-8"
    )
    site.run(code=3)
    (letter,) = site.letters()
    assert letter["key"].startswith("people.jsonl:4")
    assert site.everywhere() == EVERYBODY


@pytest.mark.parametrize(("connection", "fault", "on"), [("crm", "truncated", "query"), ("shop", "cut", None)])
def test_an_answer_that_was_cut_off_loses_and_doubles_nobody(site, connection, fault, on):
    if connection == "crm":
        site.crm.misbehave(fault, on=on, times=1)
    else:
        site.shop.misbehave(fault, times=1)
    site.clock.advance(600)
    CliRunner().invoke(app, ["--project", str(site.folder), "run"], obj=site.world)
    site.run()
    assert site.everywhere() == EVERYBODY
    assert len(site.crm.rows("Contact")) == len(site.shop.rows("customers")) == len(EVERYBODY)
