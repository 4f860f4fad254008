"""Countries of addresses that name none, zeros and capitals that got lost, names in other scripts."""

import pytest

from connectors.contract import Field
from mappings.compile import load
from mappings.suggesting.names import read
from mappings.suggesting.suggest import Source, suggest
from mappings.suggesting.text import mapping_text
from mappings.suggesting.trial import tried
from model.diagnostics import Severity
from model.entities import schemas
from model.records import Record

SCHEMAS = schemas()


def proposed(columns, entity="contact", **more):
    names = list(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    source = Source(connection="c", stream="s", fields=[Field(name=name) for name in names], records=rows, **more)
    return tried(suggest(source, SCHEMAS, entity), SCHEMAS)


def rule(found, path):
    return next((one for one in (*found.rules, *found.doubtful) if path in one.paths), None)


def read_back(found, record):
    """What the proposed mapping makes of a record."""
    mapping, problems = load(mapping_text(found, "c_s"), "c_s.yaml", SCHEMAS)
    assert [str(one) for one in problems if one.severity is Severity.ERROR] == []
    (projection,) = mapping.project([Record("1", record)])
    return projection.values


CITIES = ["Perth", "Cairns", "Hobart", "Dubbo", "Darwin"] * 4


@pytest.mark.parametrize(
    ("states", "codes", "country"),
    [
        (["wa", "qld", "tas", "nsw", "nt"], ["6000", "4870", "7000", "2830", "0800"], "AU"),
        (["UT", "CA", "NY", "MA", "TX"], ["84720", "94014", "10001", "02139", "73301"], "US"),
        (["Ohio", "Iowa", "Utah", "Maine", "Texas"], ["43004", "50001", "84720", "03901", "73301"], "US"),
        (["ON", "QC", "BC", "AB", "MB"], ["K1A 0B1", "H2X 1Y4", "V5K 0A1", "T5A 0A1", "R2C 0A1"], "CA"),
        (["Bayern", "Hessen", "Berlin", "Saarland", "Bremen"], ["80331", "60311", "10115", "66111", "28195"], "DE"),
        ([""] * 5, ["SW1A 1AA", "M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT"], "GB"),
        ([""] * 5, ["100-0001", "530-0001", "060-0001", "900-0001", "460-0001"], "JP"),
    ],
)
def test_states_and_postal_codes_tell_the_country_of_addresses_that_name_none(states, codes, country):
    found = proposed({"city": CITIES, "state": states * 4, "zip": codes * 4})
    one = rule(found, "addresses[billing].country")
    assert one in found.rules
    assert one.settings["constant"] == country
    assert one.evidence


@pytest.mark.parametrize(
    ("states", "codes"),
    [
        (["WA"] * 5, ["98101"] * 5),  # one state alone: of the US, or of Australia
        (["AL", "MS", "PA", "MT", "SC"], ["1", "2", "3", "4", "5"]),  # of the US and of Brazil
        (["UT", "CA", "NY", "MA", "TX"], ["SW1A 1AA"] * 5),  # the postal codes say otherwise
        (["north", "south", "east", "west", "wa"], ["1000"] * 5),
        (["1", "2", "3", "4", "5"], ["1000"] * 5),
        ([""] * 5, ["10115", "80331", "75008", "28001", "00184"]),  # five digits are many countries'
    ],
)
def test_what_could_be_another_country_tells_none(states, codes):
    found = proposed({"city": CITIES, "state": states * 4, "zip": codes * 4})
    assert rule(found, "addresses[billing].country") is None


def test_a_country_that_has_a_column_is_not_told_twice():
    columns = {"city": CITIES, "state": ["wa", "qld", "tas", "nsw", "nt"] * 4, "country": ["Australia"] * 20}
    found = proposed(columns)
    assert [one.settings for one in found.rules if "addresses[billing].country" in one.paths] == [{}]
    assert rule(found, "addresses[billing].region").settings == {"transform": {"region": "AU"}}


def test_a_stream_that_is_written_leaves_the_country_of_all_to_a_person():
    columns = {"city": CITIES, "state": ["wa", "qld", "tas", "nsw", "nt"] * 4}
    one = rule(proposed(columns, writable=True), "addresses[billing].country")
    assert one.settings == {"constant": "AU"}
    assert "no address outside Australia gets into it" in one.doubt


def test_a_record_without_an_address_gets_no_country():
    columns = {"email": [f"a{n}@example.com" for n in range(20)], "city": ["", *CITIES[1:]]}
    columns |= {"state": ["", *["wa", "qld", "tas", "nsw", "nt"] * 3, "vic", "act", "sa", "nt"]}
    found = proposed(columns)
    with_one = read_back(found, {"email": "a@example.com", "city": "Perth", "state": "wa"})
    without = read_back(found, {"email": "a@example.com", "city": "", "state": ""})
    assert with_one["addresses[billing].country"] == "AU"
    assert without.get("addresses[billing].country") is None


def test_states_in_small_letters_or_by_name_become_codes_and_codes_stay():
    def region(*states):
        return rule(proposed({"city": CITIES, "state": list(states) * 4}), "addresses[billing].region").settings

    assert region("wa", "qld", "tas", "nsw", "nt") == {"transform": {"region": "AU"}}
    assert region("Ohio", "Iowa", "Utah", "Maine", "Texas") == {"transform": {"region": "US"}}
    assert region("OH", "IA", "UT", "ME", "TX") == {}
    assert region("宮城県", "東京都", "大阪府", "北海道", "京都府") == {}  # whose codes are numbers


def test_postal_codes_without_their_zeros_get_them_back():
    states, codes = ["MA", "NJ", "UT", "NY", "TX"], ["2139", "7302-1234", "84720", "10001", "73301"]
    found = proposed({"city": CITIES, "state": states * 4, "zip": codes * 4})
    one = rule(found, "addresses[billing].postal_code")
    assert one.settings == {"transform": {"pad": 5}}
    assert "8 lack leading zeros" in "; ".join(one.evidence)
    record = {"city": "Cambridge", "state": "MA", "zip": "2139"}
    assert read_back(found, record)["addresses[billing].postal_code"] == "02139"


def test_short_postal_codes_of_a_country_that_is_not_known_are_left_alone():
    found = proposed({"city": CITIES, "zip": ["1010", "10115", "80331", "8010", "60311"] * 4})
    assert rule(found, "addresses[billing].postal_code").settings == {}


def test_names_in_one_case_get_their_capitals_where_nothing_is_written_back():
    columns = {
        "first_name": ["ada", "bo", "chloe", "dan", "eve"] * 4,
        "last_name": ["O'BRIEN", "LI", "MOE", "RAY", "FOX"] * 4,
    }
    found = proposed(columns)
    values = read_back(found, {"first_name": "ada", "last_name": "O'BRIEN"})
    assert (values["given_name"], values["family_name"]) == ("Ada", "O'Brien")
    assert "all in small letters" in rule(found, "given_name").evidence
    assert "all in capitals" in rule(found, "family_name").evidence
    assert rule(proposed(columns, writable=True), "given_name").settings == {}
    assert rule(proposed({"first_name": ["Ada", "bo", "Chloe", "dan", "Eve"] * 4}), "given_name").settings == {}


def test_both_family_names_of_spanish_people_are_one():
    columns = {"Nombre": ["Ana", "Luis"] * 9, "Apellido1": ["Trujillo", "Vega"] * 9, "Apellido2": ["Rey", ""] * 9}
    found = proposed(columns)
    assert (
        read_back(found, {"Nombre": "Ana", "Apellido1": "Trujillo", "Apellido2": "Rey"})["family_name"]
        == "Trujillo Rey"
    )
    assert read_back(found, {"Nombre": "Luis", "Apellido1": "Vega", "Apellido2": ""})["family_name"] == "Vega"
    assert "the parts of the family name" in rule(found, "family_name").evidence
    assert rule(proposed(columns, writable=True), "family_name").fields == ("Apellido1",)
    assert rule(proposed({"apellido_2": ["Rey"] * 9, "email": ["a@example.com"] * 9}), "family_name") is None


def test_what_stands_before_a_dutch_family_name_belongs_to_it():
    columns = {"Voornaam": ["Ana"] * 9, "Tussenvoegsel": ["van der"] * 9, "Achternaam": ["Berg"] * 9}
    assert read_back(proposed(columns), {name: listed[0] for name, listed in columns.items()}) == {
        "given_name": "Ana",
        "family_name": "van der Berg",
    }


@pytest.mark.parametrize(("beside", "path"), [({}, "full_name"), ({"Фамилия": ["Петрова"] * 9}, "given_name")])
def test_a_word_for_a_name_is_the_given_one_only_beside_a_family_name(beside, path):
    assert rule(proposed({"Имя": ["Анна"] * 9, **beside}), path).fields == ("Имя",)


def test_streets_in_capitals_stay_because_capitals_may_be_meant():
    found = proposed({"street": ["12 MAIN ST NW", "7 ELM ST NE"] * 10, "city": ["WASHINGTON", "OMAHA"] * 10})
    assert rule(found, "addresses[billing].street").settings == {}
    assert rule(found, "addresses[billing].city").settings == {"transform": "title"}


def test_numbers_with_a_prefix_tell_the_country_of_those_without():
    mixed = ["030 90210021", "+49 89 90210022", "0151 23456789", "+49 221 9021003", "040 902100"] * 4
    one = rule(proposed({"name": ["A B"] * 20, "phone": mixed}), "phones[work]")
    assert one.settings == {"transform": {"phone": {"region": "DE"}}}
    assert "8 of 20 have a country prefix, and it is that of Germany" in one.evidence
    several = ["030 90210021", "+49 89 90210022", "+43 1 9021003", "+33 1 42 68 53 00", "040 902100"] * 4
    assert rule(proposed({"name": ["A B"] * 20, "phone": several}), "phones[work]").doubt


def test_a_rule_that_parks_much_says_what_is_the_matter():
    numbers = ["1 (11) 500 555-0143", "206-555-0143", "1 (11) 500 555-0162"] * 6
    found = proposed({"state": ["WA", "NY", "AK"] * 6, "phone": numbers})
    (one,) = (one for one in found.doubtful if one.paths == ("phones[work]",))
    assert one.doubt == "12 of 18 would be parked: phone has digits beside those of a telephone number"


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("姓", "family_name"),
        ("メールアドレス", "email"),
        ("電話番号", "phone"),
        ("邮政编码", "postal_code"),
        ("手机号", "mobile"),
        ("생년월일", "birth_date"),
        ("Фамилия", "family_name"),
        ("Почтовый индекс", "postal_code"),
        ("last", "family_name"),
        ("Correo-e", "email"),
    ],
)
def test_names_are_read_in_their_own_script(name, meaning):
    assert read(name).meanings[0] == meaning
    assert read(name).plain


@pytest.mark.parametrize("name", ["last login", "first contact", "姓氏不明な列", "Фото"])
def test_a_word_that_means_something_alone_means_little_inside_another(name):
    assert not read(name).plain or read(name).meanings[0] not in ("given_name", "family_name")


def test_fields_that_no_latin_letters_name_are_offered_under_names_that_can_be_written():
    found = proposed({"email": [f"a{n}@example.com" for n in range(9)], "勤務形態": ["x"] * 9, "セイ": ["y"] * 9})
    assert [one.name for one in found.homeless] == ["field_2", "field_3"]


def test_lines_of_wide_signs_stand_below_each_other():
    found = proposed({"姓": ["阿部", "渡辺"] * 9, "メールアドレス": [f"a{n}@example.com" for n in range(18)]})
    lines = [line for line in mapping_text(found, "x").splitlines() if "# by name" in line and line.startswith("  ")]
    assert len({len(line.partition("#")[0].encode("gb18030")) for line in lines if ":" in line.partition("#")[0]}) == 1


def test_of_private_people_it_is_said_why_nothing_is_called_theirs_at_home():
    private = {"email": ["a@example.com"] * 9, "city": ["Ulm"] * 9, "birth_date": ["1970-01-02"] * 9}
    assert proposed(private).unsaid == ("addresses[billing]", "emails[work]")
    assert "the only one, private or not" in " ".join(mapping_text(proposed(private), "x").replace("\n# ", " ").split())
    assert proposed({**private, "company": ["Fabrikam"] * 9}).unsaid == ()
    assert proposed({"home_email": ["a@example.com"] * 9, "birth_date": ["1970-01-02"] * 9}).unsaid == ()


def test_a_file_without_a_line_of_names_is_noticed():
    rows = {"leo@example.org": ["a@example.com"] * 9, "LA": ["AL"] * 9, "98872-9105": ["21362"] * 9}
    assert "line of names" in mapping_text(proposed(rows), "x")
    for names in (["email", "zip 5", "2nd"], ["2024-01-01", "1", "0"], ["e-mail", "address-1"]):
        assert "line of names" not in mapping_text(proposed({name: ["a"] * 9 for name in names}), "x")


def test_what_is_called_the_company_s_is_doubtful_for_that_reason_and_so_is_its_country():
    columns = {"first_name": ["A"] * 20, "company_city": CITIES, "company_state": ["wa", "qld", "tas", "nsw", "nt"] * 4}
    found = proposed(columns)
    assert "called the company's" in rule(found, "addresses[billing].city").doubt
    assert rule(found, "addresses[billing].country") in found.doubtful
