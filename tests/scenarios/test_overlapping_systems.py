"""Three systems that each know a part of the same firms and people, spelled their own ways, agree and come to rest.

The projects are those that `syncline init` writes, with the mappings that ship.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from model.clock import ManualClock
from syncline import wiring
from syncline.init.compose import compose
from syncline.sandbox.dynamics import DynamicsFake
from syncline.sandbox.hubspot import HubSpotFake
from syncline.sandbox.netsuite import NetSuiteFake
from syncline.sandbox.s4hana import S4HanaFake
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.wire import transport
from syncline.sandbox.zoho import ZohoFake
from syncline.settings import load_project

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Firm:
    name: str
    street: str
    code: str
    city: str
    country: str
    country_name: str
    phone: str


@dataclass(frozen=True)
class Person:
    given: str
    family: str
    email: str
    title: str
    firm: int
    mobile: str


FIRMS = (
    Firm("Alfreds Futterkiste", "Obere Str. 57", "12209", "Berlin", "DE", "Germany", "+493023125034"),
    Firm("Berglunds snabbköp", "Berguvsvägen 8", "95822", "Luleå", "SE", "Sweden", "+4692034015"),
    Firm("Bólido Comidas", "C/ Araquil, 67", "28023", "Madrid", "ES", "Spain", "+34915552282"),
    Firm("Cactus Comidas", "Cerrito 333", "1010", "Buenos Aires", "AR", "Argentina", "+541143225555"),
    Firm("Eastern Connection", "35 King George", "W1A 6FW", "London", "GB", "United Kingdom", "+442079460297"),
    Firm("Great Lakes Food Market", "2732 Baker Blvd.", "97403", "Eugene", "US", "United States", "+15035557555"),
    Firm("Königlich Essen", "Maubelstr. 90", "14776", "Brandenburg", "DE", "Germany", "+493381520150"),
    Firm("La maison d'Asie", "1 rue Alsace-Lorraine", "31000", "Toulouse", "FR", "France", "+33561776110"),
    Firm("Magazzini Alimentari", "Via Ludovico 22", "24100", "Bergamo", "IT", "Italy", "+39035640230"),
    Firm("Wolski Zajazd", "ul. Filtrowa 68", "01-012", "Warszawa", "PL", "Poland", "+48226427012"),
)
NAMES = [
    "Maria Anders",
    "Christina Berglund",
    "Martín Sommer",
    "Patricio Simpson",
    "Ann Devon",
    "Howard Snyder",
    "Philip Cramer",
    "Annette Roulet",
    "Giovanni Rovelli",
    "Zbyszek Piestrzeniewicz",
    "Thomas Hardy",
    "Hanna Moos",
    "Laurence Lebihan",
    "Elizabeth Lincoln",
    "Victoria Ashworth",
    "Yang Wang",
    "Pedro Afonso",
    "Sven Ottlieb",
    "Janine Labrune",
    "Roland Mendel",
]
PEOPLE = tuple(
    Person(
        name.split()[0],
        name.split()[1],
        f"{name.split()[0]}.{name.split()[1]}@example.com".lower().replace("í", "i"),
        ("Owner", "Sales Manager", "Accounting Manager")[n % 3],
        n % len(FIRMS),
        f"+4915123456{n:02}",
    )
    for n, name in enumerate(NAMES)
)


def known(place: int, n: int) -> bool:
    """Whether the system at that place knows number ``n``: about half each, everybody somewhere, many in all."""
    return bool((0b001, 0b010, 0b100, 0b011, 0b111, 0b110, 0b101)[n % 7] >> place & 1)


# What each system knows: (firm, its key) -> how it spells a firm and a person there.


def at_dynamics(fake: DynamicsFake, place: int) -> None:
    keys = {}
    for n, firm in _known(place, FIRMS):
        address = {"address1_line1": firm.street, "address1_city": firm.city, "address1_postalcode": firm.code}
        row = {"name": firm.name.upper(), "telephone1": firm.phone, "address1_country": firm.country_name, **address}
        (keys[n],) = fake.seed("account", [row])
    for _, who in _known(place, PEOPLE):
        row = {"firstname": who.given, "lastname": who.family, "emailaddress1": who.email.title()}
        if who.firm in keys:
            row["parentcustomerid_account@odata.bind"] = f"/accounts({keys[who.firm]})"
        fake.seed("contact", [row])


def at_hubspot(fake: HubSpotFake, place: int) -> None:
    keys = {}
    for n, firm in _known(place, FIRMS):
        where = {"address": firm.street, "city": firm.city, "zip": firm.code, "country": firm.country}
        (keys[n],) = fake.seed("companies", [{"name": f"{firm.name} ", "phone": firm.phone, **where}])
    for _, who in _known(place, PEOPLE):
        row = {"firstname": who.given, "lastname": who.family, "email": who.email, "jobtitle": who.title}
        (key,) = fake.seed("contacts", [row])
        if who.firm in keys:
            fake.associate("contacts", key, "companies", keys[who.firm], 1)


def at_netsuite(fake: NetSuiteFake, place: int) -> None:
    keys = {}
    for n, firm in _known(place, FIRMS):
        address = {"addr1": firm.street, "city": firm.city, "zip": firm.code, "country": firm.country}
        row = {"companyName": firm.name, "isPerson": False, "phone": firm.phone, "billingAddress": address}
        (keys[n],) = fake.seed("customer", [row])
    for _, who in _known(place, PEOPLE):
        row = {"firstName": who.given, "lastName": who.family.upper(), "email": who.email, "mobilePhone": who.mobile}
        fake.seed("contact", [row | ({"company": keys[who.firm]} if who.firm in keys else {})])


def at_s4hana(fake: S4HanaFake, place: int) -> None:
    keys = {}
    at = "to_BusinessPartnerAddress.XXDEFAULT"
    for n, firm in _known(place, FIRMS):
        row = {f"{at}.CityName": firm.city, f"{at}.PostalCode": firm.code, f"{at}.Country": firm.country}
        (keys[n],) = fake.seed("organisations", [{"OrganizationBPName1": firm.name, **row}])
    for _, who in _known(place, PEOPLE):
        row = {"FirstName": who.given, "LastName": who.family, f"{at}.Country": "DE"}
        (key,) = fake.seed("persons", [{**row, f"{at}.to_EmailAddress.EmailAddress": who.email}])
        if who.firm in keys:
            pair = {"BusinessPartnerCompany": keys[who.firm], "BusinessPartnerPerson": key}
            fake.make(fake.entities["A_BusinessPartnerContact"], pair)


def at_zoho(fake: ZohoFake, place: int) -> None:
    keys = {}
    for n, firm in _known(place, FIRMS):
        where = {"Billing_City": firm.city, "Billing_Code": firm.code, "Billing_Country": firm.country_name}
        (keys[n],) = fake.seed("Accounts", [{"Account_Name": firm.name.upper(), "Phone": firm.phone, **where}])
    for _, who in _known(place, PEOPLE):
        row = {"First_Name": who.given, "Last_Name": who.family, "Email": who.email, "Title": who.title}
        fake.seed("Contacts", [row | ({"Account_Name": {"id": keys[who.firm]}} if who.firm in keys else {})])


def at_shopify(fake: ShopifyFake, place: int) -> None:
    rows = [
        {"firstName": who.given, "lastName": who.family, "email": who.email.upper(), "tags": ["retail"]}
        for _, who in _known(place, PEOPLE)
    ]
    fake.seed("customers", rows)  # its companies have nothing but a name to be told by: there are none here


def _known(place: int, all_: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    return ((n, one) for n, one in enumerate(all_) if known(place, n))


# How to see what is there.


@dataclass(frozen=True)
class System:
    """``firms`` and ``people`` are what tells one from the other there: names and e-mail addresses."""

    make: Callable[[Any], Any]
    fill: Callable[[Any, int], None]
    firms: Callable[[Any], list[str]]
    people: Callable[[Any], list[str]]
    variables: Mapping[str, str]
    connection: str
    settings: tuple[tuple[str, str], ...] = ()


def _shop(clock: ManualClock) -> ShopifyFake:
    fake = ShopifyFake(clock)
    fake.define_marker()
    return fake


def _parts(fake: S4HanaFake, name: str, field: str) -> list[str]:
    return [row[field] for row in fake.rows[name].values() if row.get(field)]


SYSTEMS = {
    "dynamics": System(
        DynamicsFake,
        at_dynamics,
        lambda fake: [row["name"] for row in fake.rows("account")],
        lambda fake: [row["emailaddress1"] for row in fake.rows("contact")],
        {"URL": "https://contoso.crm4.dynamics.com", "TENANT": "contoso.onmicrosoft.com"}
        | {"CLIENT_ID": "app", "CLIENT_SECRET": "secret"},
        "dynamics",
    ),
    "hubspot": System(
        HubSpotFake,
        at_hubspot,
        lambda fake: [row["name"] for row in fake.rows("companies")],
        lambda fake: [row["email"] for row in fake.rows("contacts")],
        {"TOKEN": "pat-na1-sandbox"},
        "hubspot",
    ),
    "netsuite": System(
        NetSuiteFake,
        at_netsuite,
        lambda fake: [row["companyName"] for row in fake.rows("customer")],
        lambda fake: [row["email"] for row in fake.rows("contact")],
        {"ACCOUNT": "1234567_SB1", "CK": "ck", "CS": "cs", "TK": "tk", "TS": "ts"},
        "netsuite",
        (
            ("kind: certificate", "kind: token"),
            ('client_id: "${env:NETSUITE_CLIENT_ID}"', 'consumer_key: "${env:NETSUITE_CK}"'),
            ('certificate_id: "${env:NETSUITE_CERTIFICATE_ID}"', 'consumer_secret: "${env:NETSUITE_CS}"'),
            (
                'private_key: "${env:NETSUITE_PRIVATE_KEY}"',
                'token: "${env:NETSUITE_TK}"\n      token_secret: "${env:NETSUITE_TS}"',
            ),
        ),
    ),
    "s4hana": System(
        S4HanaFake,
        at_s4hana,
        lambda fake: _parts(fake, "A_BusinessPartner", "OrganizationBPName1"),
        lambda fake: _parts(fake, "A_AddressEmailAddress", "EmailAddress"),
        {"URL": "https://erp.example", "USER": "USER", "PASSWORD": "password"},
        "s4",
        (("streams: [organisations, persons]", "streams: {organisations: {}, persons: {country: DE}}"),),
    ),
    "shopify": System(
        _shop,
        at_shopify,
        lambda _: [],
        lambda fake: [row["email"] for row in fake.rows("customers")],
        {"SHOP": "demo.myshopify.com", "CLIENT_ID": "client", "CLIENT_SECRET": "secret"},
        "shop",
    ),
    "zoho": System(
        ZohoFake,
        at_zoho,
        lambda fake: [row["Account_Name"] for row in fake.rows("Accounts")],
        lambda fake: [row["Email"] for row in fake.rows("Contacts")],
        {"CLIENT_ID": "app", "CLIENT_SECRET": "secret", "REFRESH_TOKEN": "refresh"},
        "zoho",
    ),
}


class Hub:
    """Some systems and the project between them, on a clock that stands still."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.clock = ManualClock()
        self.folder, self.names = folder / "project", names
        self.fakes = {name: SYSTEMS[name].make(self.clock) for name in names}
        self.environment = {"SYNCLINE_KEY": base64.b64encode(bytes(32)).decode()}
        for place, name in enumerate(names):
            system = SYSTEMS[name]
            system.fill(self.fakes[name], place)
            self.environment |= {f"{name.upper()}_{key}": value for key, value in system.variables.items()}
        compose(self.folder, names)
        (self.folder / "var").mkdir(exist_ok=True)
        config = self.folder / "config.yaml"
        text = config.read_text(encoding="utf-8")
        for name in names:
            for old, new in SYSTEMS[name].settings:
                assert old in text, old
                text = text.replace(old, new)
        config.write_text(text, encoding="utf-8")

    def sync(self) -> Any:
        self.clock.advance(1200)
        project, found = load_project(self.folder, environment=self.environment)
        assert project is not None, [str(one) for one in found]
        carriers = {SYSTEMS[name].connection: transport(self.fakes[name]) for name in self.names}
        world = wiring.World(clock=self.clock, transports=carriers, environment=self.environment)
        with wiring.build_engine(project, world=world) as engine:
            report = engine.run()
        assert all(balance.adds_up for balance in report.balances.values()), report.balances
        assert not report.troubles, report.troubles
        return report

    def people(self, name: str) -> Counter[str]:
        return Counter(email.lower() for email in SYSTEMS[name].people(self.fakes[name]))

    def firms(self, name: str) -> Counter[str]:
        return Counter(firm.strip().lower() for firm in SYSTEMS[name].firms(self.fakes[name]))


EVERYBODY = Counter(who.email for who in PEOPLE)


@pytest.mark.parametrize("names", [("dynamics", "hubspot", "netsuite"), ("s4hana", "shopify", "zoho")], ids="+".join)
def test_what_three_systems_know_in_part_each_knows_once_in_the_end_and_then_there_is_silence(tmp_path, names):
    hub = Hub(tmp_path, names)
    with_firms = [name for name in names if name != "shopify"]
    all_firms = sum((hub.firms(name) for name in with_firms), Counter())
    first, second, third = (hub.sync() for _ in range(3))
    for name in names:
        assert hub.people(name) == EVERYBODY, name
    for name in with_firms:
        assert hub.firms(name) == Counter(set(all_firms)), name
    assert first.writes > 0
    assert third.writes == 0
    assert [hub.sync().writes for _ in range(2)] == [0, 0]
    assert not first.questions, "nobody is taken for somebody else, and nobody is doubted"
    assert second.writes < first.writes
