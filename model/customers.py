"""Who the customers are: accounts, contacts, leads."""

from __future__ import annotations

from model.item_keys import ITEM_KEYS
from model.shapes import (
    PERSONAL,
    SENSITIVE,
    Addresses,
    Amount,
    Choice,
    Consents,
    Date,
    Emails,
    Entity,
    Flag,
    Language,
    Number,
    Phones,
    Reference,
    Text,
    Texts,
    Url,
    Whole,
    Zone,
    canonical,
)

LIFECYCLES = ("subscriber", "lead", "prospect", "customer", "partner", "supplier", "former", "other")
_OWNER = "The colleague in charge, by the name or address the owning system uses."
_EMAILS, _PHONES = (f"Keyed by use: {', '.join(ITEM_KEYS[name])}." for name in ("emails", "phones"))


class Account(Entity):
    """An organisation one does business with: a company, a branch, a household."""

    name: Text = canonical("Name", max_length=500, required=True)
    legal_name: Text = canonical("Legal name", description="As registered, with its legal form.", max_length=500)
    account_number: Text = canonical("Account number", description="The customer number people quote.", max_length=100)
    tax_id: Text = canonical("Tax number", PERSONAL, "VAT id or tax number; a sole trader's is personal.")
    registration_number: Text = canonical("Registration number", description="In the commercial register.")
    website: Url = canonical("Website")
    domain: Text = canonical("Domain", description="Mail domain of the organisation, without @.", max_length=253)
    industry: Text = canonical("Industry")
    employees: Whole = canonical("Employees")
    annual_revenue: Amount = canonical("Annual revenue")
    description: Text = canonical("Description")
    emails: Emails = canonical("E-mail address", PERSONAL, _EMAILS)
    phones: Phones = canonical("Telephone number", PERSONAL, _PHONES)
    addresses: Addresses = canonical("Addresses")
    parent: Reference = canonical("Parent account", target="account")
    owner: Text = canonical("Owner", PERSONAL, _OWNER)
    lifecycle: Choice = canonical("Lifecycle", choices=LIFECYCLES)
    active: Flag = canonical("Active", description="False: blocked or closed, kept for its history.")
    language: Language = canonical("Language")
    currency: Text = canonical("Currency", description="ISO 4217 code the account is billed in.", max_length=3)
    tags: Texts = canonical("Tags")


class Contact(Entity):
    """A person one deals with, at an account or as a customer of their own."""

    salutation: Text = canonical("Salutation", PERSONAL, "As used in letters: Mr., Frau, Dr.", max_length=100)
    given_name: Text = canonical("Given name", PERSONAL, max_length=200)
    middle_name: Text = canonical("Middle name", PERSONAL, max_length=200)
    family_name: Text = canonical("Family name", PERSONAL, max_length=200)
    suffix: Text = canonical("Suffix", PERSONAL, "Jr., PhD", max_length=100)
    full_name: Text = canonical("Full name", PERSONAL, "As the person writes it; never guessed into parts.")
    nickname: Text = canonical("Nickname", PERSONAL, max_length=200)
    contact_number: Text = canonical("Contact number", description="The number people quote.", max_length=100)
    emails: Emails = canonical("E-mail address", PERSONAL, _EMAILS)
    phones: Phones = canonical("Telephone number", PERSONAL, _PHONES)
    addresses: Addresses = canonical("Addresses")
    account: Reference = canonical("Account", target="account")
    reports_to: Reference = canonical("Reports to", target="contact")
    job_title: Text = canonical("Job title", PERSONAL, max_length=500)
    department: Text = canonical("Department", PERSONAL, max_length=500)
    birth_date: Date = canonical("Birth date", SENSITIVE)
    gender: Choice = canonical("Gender", SENSITIVE, choices=("female", "male", "other", "undisclosed"))
    language: Language = canonical("Language", PERSONAL, "The person prefers to be addressed in it.")
    time_zone: Zone = canonical("Time zone", PERSONAL)
    website: Url = canonical("Website", PERSONAL)
    preferred_channel: Choice = canonical(
        "Preferred channel", PERSONAL, choices=("email", "phone", "sms", "post", "chat", "none")
    )
    interests: Texts = canonical("Interests", PERSONAL)
    consents: Consents = canonical("Consents", PERSONAL)
    lifecycle: Choice = canonical("Lifecycle", choices=LIFECYCLES)
    active: Flag = canonical("Active", description="False: left the company or closed the account.")
    owner: Text = canonical("Owner", PERSONAL, _OWNER)
    description: Text = canonical("Description", PERSONAL)
    tags: Texts = canonical("Tags")


class Lead(Entity):
    """Somebody who may become a customer: person and company in one, until converted."""

    salutation: Text = canonical("Salutation", PERSONAL, max_length=100)
    given_name: Text = canonical("Given name", PERSONAL, max_length=200)
    middle_name: Text = canonical("Middle name", PERSONAL, max_length=200)
    family_name: Text = canonical("Family name", PERSONAL, max_length=200)
    suffix: Text = canonical("Suffix", PERSONAL, max_length=100)
    full_name: Text = canonical("Full name", PERSONAL, "As the person writes it; never guessed into parts.")
    company: Text = canonical("Company", max_length=500)
    job_title: Text = canonical("Job title", PERSONAL, max_length=500)
    emails: Emails = canonical("E-mail address", PERSONAL, _EMAILS)
    phones: Phones = canonical("Telephone number", PERSONAL, _PHONES)
    addresses: Addresses = canonical("Addresses")
    website: Url = canonical("Website")
    birth_date: Date = canonical("Birth date", SENSITIVE)
    gender: Choice = canonical("Gender", SENSITIVE, choices=("female", "male", "other", "undisclosed"))
    industry: Text = canonical("Industry")
    employees: Whole = canonical("Employees")
    annual_revenue: Amount = canonical("Annual revenue", description="Of the company.")
    annual_income: Amount = canonical("Annual income", SENSITIVE, "Of the person.")
    occupation: Text = canonical("Occupation", PERSONAL)
    source: Text = canonical("Source", description="What brought the lead: a fair, a form, a referral.")
    status: Choice = canonical("Status", choices=("new", "working", "qualified", "unqualified", "converted"))
    rating: Choice = canonical("Rating", choices=("hot", "warm", "cold"))
    score: Number = canonical("Score")
    language: Language = canonical("Language", PERSONAL)
    consents: Consents = canonical("Consents", PERSONAL)
    converted_account: Reference = canonical("Became account", target="account")
    converted_contact: Reference = canonical("Became contact", target="contact")
    converted_opportunity: Reference = canonical("Became opportunity", target="opportunity")
    owner: Text = canonical("Owner", PERSONAL, _OWNER)
    description: Text = canonical("Description", PERSONAL)
    tags: Texts = canonical("Tags")
