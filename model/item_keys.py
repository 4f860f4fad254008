"""What the items of keyed lists are usually told apart by. Any other key is as good, but is met by nobody else's."""

from __future__ import annotations

from collections.abc import Mapping

ITEM_KEYS: Mapping[str, Mapping[str, str]] = {
    "emails": {
        "work": "at work; also the one to take where a system keeps one address and does not say which",
        "home": "a private one, where a system keeps it beside the one at work",
        "billing": "where invoices are sent, if that is elsewhere",
        "other": "any further one",
    },
    "phones": {
        "work": "at somebody's desk; also a person's only number, of unknown use",
        "mobile": "a mobile telephone, private or not",
        "home": "at home, where a system keeps it beside the one at work",
        "main": "the switchboard of an organisation, or its only number",
        "fax": "a telefax",
        "other": "any further one",
    },
    "addresses": {
        "billing": "where invoices go; also the one to take where a system keeps one address and does not say which",
        "shipping": "where goods go",
        "mailing": "where letters go, where a system keeps that beside the one for invoices",
        "home": "where a person lives, where a system keeps that beside the address of the firm",
        "work": "where a person works, where a system keeps that beside the one for invoices",
        "other": "any further one",
    },
    "consents": {
        "email:marketing": "advertising by e-mail: a newsletter",
        "sms:marketing": "advertising by text message",
        "phone:marketing": "advertising by telephone",
        "post:marketing": "advertising by letter",
        "email:any": "e-mail of any purpose",
    },
    "lines": {
        "1": "the number or key that the system gives the line",
    },
}
"""Keys by list, the most usual first, and what each is for."""
