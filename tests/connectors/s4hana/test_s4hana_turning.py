"""What begins or ends on a day that stamps nothing: when it is read, what that costs, and who may not ask for it."""

from datetime import timedelta

import orjson
import pytest

from connectors.sdk import Severity, UnauthorisedError
from syncline.sandbox.wire import Response

ADDRESS = "to_BusinessPartnerAddress.XXDEFAULT"
DAY = 86400


def companies(count):
    return [{"OrganizationBPName1": f"Company {n}", f"{ADDRESS}.Country": "DE"} for n in range(count)]


def read(connector, since=None, stream="organisations"):
    pages = list(connector.read(stream, since))
    return [r.key for page in pages for r in page.records], pages[-1].cursor


def begins(fake, clock, keys, days):
    """The usages of these partners' addresses begin in so many days."""
    for usage in fake.rows["A_BuPaAddressUsage"].values():
        if usage["BusinessPartner"].lstrip("0") in keys:
            usage["ValidityStartDate"] = f"{clock.now() + timedelta(days=days):%Y-%m-%d}T00:00:00"


class Closed:
    """A way to the system on which a list is refused, and everything once ``wholly``."""

    def __init__(self, fake, status, name="A_BuPaAddressUsage"):
        self.fake, self.status, self.name, self.wholly = fake, status, name, False

    def handle(self, request):
        if request.path.endswith(f"/{self.name}"):
            error = {"code": "SY/530", "message": {"lang": "en", "value": "Not for you"}}
            return Response.of({"error": error}, self.status)
        if self.wholly and request.path.endswith("/A_BusinessPartner") and request.query.get("$top") == "1":
            return Response(status=401)
        return self.fake.handle(request)


def calls(fake):
    return sum(fake.calls.values())


@pytest.mark.parametrize("stream", ["organisations", "persons"])
def test_what_was_entered_for_the_day_it_was_entered_on_is_not_read_once_more(make, fake, clock, stream):
    keys = fake.seed("organisations", companies(200))
    begins(fake, clock, keys, 0)
    clock.advance(7200)
    fake.seed("organisations", companies(1))
    fake.seed("persons", [{"LastName": "Moos"}])
    connector = make()
    _, since = read(connector, stream=stream)
    clock.advance(DAY)
    _, since = read(connector, since, stream)
    fake.calls.clear()
    clock.advance(DAY)
    again, since = read(connector, since, stream)
    assert not set(again) & set(keys)
    assert calls(fake) < 15


def test_what_was_entered_for_a_later_day_is_read_among_many_that_were_not(make, fake, clock):
    keys = fake.seed("organisations", companies(120))
    late = keys[7::40]
    begins(fake, clock, keys, 0)
    begins(fake, clock, late, 1)
    clock.advance(7200)
    fake.seed("organisations", companies(1))
    connector = make(page=50)
    _, since = read(connector)
    clock.advance(DAY)
    again, _ = read(connector, since)
    assert set(again) & set(keys) == set(late)


def test_what_a_read_has_shown_is_not_shown_again_by_it(make, fake, clock):
    keys = fake.seed("organisations", companies(3))
    begins(fake, clock, keys, 20)
    connector = make()
    _, since = read(connector)
    clock.advance(20 * DAY)
    for key in keys[:2]:
        fake.edit("organisations", key, {"SearchTerm1": "NEW"})
    again, _ = read(connector, since)
    assert sorted(again) == sorted(keys)


@pytest.mark.parametrize("status", [400, 403, 404, 501])
def test_a_list_that_may_not_be_seen_ends_no_read(make, fake, clock, status):
    connector = make(of=Closed(fake, status))
    (key,) = fake.seed("organisations", companies(1))
    _, since = read(connector)
    clock.advance(DAY)
    fake.edit("organisations", key, {"SearchTerm1": "NEW"})
    found, later = read(connector, since)
    assert found == [key]
    assert orjson.loads(later)["day"] > orjson.loads(since)["day"]


def test_a_list_that_may_not_be_seen_hides_no_other(make, fake, clock):
    (company,) = fake.seed("organisations", companies(1))
    (person,) = fake.seed("persons", [{"LastName": "Moos"}])
    pair = {"BusinessPartnerCompany": company.zfill(10), "BusinessPartnerPerson": person.zfill(10)}
    start = f"{clock.now() + timedelta(days=20):%Y-%m-%d}T00:00:00"
    fake.make(fake.entities["A_BusinessPartnerContact"], {**pair, "ValidityStartDate": start})
    clock.advance(DAY)
    fake.seed("persons", [{"LastName": "Somebody later"}])
    connector = make(of=Closed(fake, 403))
    _, since = read(connector, stream="persons")
    clock.advance(20 * DAY)
    assert person in read(connector, since, "persons")[0]


def test_a_user_who_may_see_nothing_any_more_ends_the_read(make, fake, clock):
    line = Closed(fake, 403)
    connector = make(of=line)
    fake.seed("organisations", companies(1))
    _, since = read(connector)
    clock.advance(DAY)
    line.wholly = True
    with pytest.raises(UnauthorisedError):
        read(connector, since)


def test_check_tells_of_a_list_that_reads_go_on_without(make, fake):
    assert make().check() == []
    (finding,) = make(of=Closed(fake, 403)).check()
    assert (finding.code, finding.severity) == ("no-validity", Severity.WARNING)
    assert "A_BuPaAddressUsage" in finding.hint
