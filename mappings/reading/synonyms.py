"""What canonical fields are called by people who do not know their names yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_WORDS = {
    "given_name": "firstname, first, forename, givenname, christianname, fname",
    "family_name": "lastname, last, surname, familyname, lname",
    "full_name name": "name, displayname, contactname, personname",
    "salutation": "prefix, honorific, form of address",
    "birth_date": "birthday, birthdate, dateofbirth, dob",
    "gender": "sex",
    "job_title": "title, jobtitle, position, role, function",
    "department": "dept",
    "name company account": "company, companyname, organisation, organization, firm, employer, accountname",
    "legal_name": "registeredname",
    "reports_to": "manager, supervisor, boss",
    "parent": "parentaccount, parentcompany, holding",
    "account contact": "customer, client, accountid, customerid",
    "account_number contact_number number": "customernumber, customerno, clientnumber, membernumber",
    "number": "ordernumber, orderno, casenumber, ticketnumber, invoicenumber",
    "tax_id": "vat, vatid, vatnumber, taxnumber",
    "website": "homepage, url, web, webpage, www",
    "emails[work]": "email, mail, emailaddress, mailaddress",
    "phones[work]": "phone, telephone, tel, phonenumber, telephonenumber, landline, workphone",
    "phones[mobile]": "mobile, mobilephone, mobilenumber, cell, cellphone, cellular",
    "phones[home]": "homephone",
    "phones[fax]": "fax, faxnumber",
    "addresses[billing].street": "street, streetaddress, addressline, address1",
    "addresses[billing].city": "city, town, locality, address",
    "addresses[billing].postal_code": "zip, zipcode, postcode, postalcode, plz",
    "addresses[billing].region": "region, state, province",
    "addresses[billing].district": "district, county",
    "addresses[billing].country": "country, countrycode, nation",
    "consents[email:marketing].status": "newsletter, consent, optin, optout, emailoptin, emailoptout",
    "language": "locale, lang, preferredlanguage",
    "time_zone": "timezone, tz",
    "employees": "headcount, staff, numberofemployees, employeecount",
    "annual_revenue": "revenue, turnover",
    "owner": "salesrep, salesperson, accountmanager, ownerid",
    "lifecycle stage": "status, customertype, lifecyclestage",
    "active": "enabled, isactive",
    "description note": "notes, note, comment, comments, remark, remarks, memo",
    "tags": "labels, keywords, categories",
    "interests": "hobbies",
    "amount total": "value, price, sum",
    "close_date due_date order_date": "date",
}
"""Paths that may be meant, the likeliest first, by the words for them."""

_LEAVES = {
    "postal_code": "zip, zipcode, postcode, postalcode, plz",
    "region": "state, province, county",
    "street": "line1, address1, streetaddress, address, road",
    "city": "town, locality, place",
    "country": "countrycode, nation",
    "recipient": "name, fullname, attention",
    "company": "organisation, organization, firm",
    "phone": "telephone, tel",
    "status": "state, value, optin",
    "at": "date, when, timestamp",
    "sku": "article, product, articlenumber, code",
    "quantity": "qty, amount, count",
    "unit_price": "price",
    "title": "name, description",
}
"""Attributes of the items of a list, by the words for them."""


def bare(name: str) -> str:
    """A name without case and signs between its words."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _by_word(table: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for meant, words in table.items():
        for word in words.split(","):
            found[bare(word)] = (*found.get(bare(word), ()), *meant.split())
    return found


_PATHS, _PARTS = _by_word(_WORDS), _by_word(_LEAVES)


def paths_called(name: str) -> Iterator[str]:
    """Canonical paths that somebody who writes ``name`` may mean, whichever entity has them."""
    yield from _PATHS.get(bare(name), ())


def leaves_called(name: str) -> Iterator[str]:
    """Attributes of list items that somebody who writes ``name`` may mean."""
    yield from _PARTS.get(bare(name), ())
