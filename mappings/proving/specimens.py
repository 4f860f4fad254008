"""What `generate` draws from: canonical values by kind, and how people and systems write the same things.

Chosen to be hard: letters beyond ASCII, long texts, leading zeros, spaces, words that look like something else, numbers
at the edges, days at the ends of calendars, countries whose codes are words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.fields import Kind

WORDS = (
    "Berlin", "São Paulo", "Łódź", "東京都", "Köln-Nippes", "L'Aquila", "St. John's", "Ås", "Zürich", "København",
    "Straße der Pariser Kommune", "NULL", "n/a", "true", "0", "007", "1e5", "=1+1", "-", "a  b", " padded ", "tab\tin",
    "quote\"d", "back\\slash", "semi;colon", "comma, space", "😀 smile", "Jose\u0301", "ﬁ ligature", "ŉ", "İstanbul",
    "no\u00a0break", "x" * 80, "Ünïcödé " * 20, "[a]", "{b}", "<c>", "50%", "$1", "A&B",
)  # fmt: skip
"""Texts of which nothing is known but that they are text."""

BY_LEAF: Mapping[str, tuple[str, ...]] = {
    "given_name": ("Ana", "Jörg", "Łucja", "D'Arcy", "Anne-Marie", "慎太郎", "Zoë", "Ma. Luisa", "Jose\u0301", "Đặng"),
    "family_name": ("Bo", "Müller", "O’Neill", "de la Cruz", "van den Berg", "Null", "李", "Ñandú", "Smith-Jones", "Å"),
    "street": ("Obere Str. 57", "12 Main St", "Hauptstr. 5\nHinterhaus", "1-2-3 丸の内", "P.O. Box 7", "c/o A\nB 1\nC"),
    "postal_code": ("01067", "00501", "SW1A 1AA", "10115", "1010", "K1A 0B1", "00-950", "0000"),
    "region": ("CA", "Bayern", "NRW", "ON", "Île-de-France", "WA"),
    "currency": ("USD", "EUR", "JPY", "KWD"),
    "account_number": ("0001234", "A-17", "10-2", "ÄB1"),
    "sku": ("0042", "AB-1", "x/y"),
}  # fmt: skip
"""Texts by the last part of their path, where that tells what they are."""

CANONICAL: Mapping[Kind, tuple[Any, ...]] = {
    Kind.INTEGER: (0, 1, -1, 7, 250, 99_999, 2**31, 2**53),
    Kind.DECIMAL: ("0", "1", "0.1", "12.5", "-3.25", "100", "0.000001", "99999999.99"),
    Kind.BOOLEAN: (True, False),
    Kind.DATE: (
        "1970-01-01", "1969-12-31", "2000-02-29", "1999-12-31", "1900-01-01", "2038-01-19", "0001-01-01", "9999-12-31",
        "1945-12-30", "2024-10-27",
    ),
    Kind.DATETIME: (
        "1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "2024-03-31T01:30:00Z", "2024-10-27T00:30:00Z",
        "2024-10-27T01:30:00Z", "2026-11-21T08:00:00.123Z", "2026-11-21T08:00:00.000001Z", "1900-06-01T12:00:00Z",
        "2038-01-19T03:14:08Z",
    ),
    Kind.EMAIL: (
        "ana@example.com", "Ana.Bo+list@example.co.uk", "INFO@example.org", "x_y-z@sub.example.net",
        "o'neill@example.ie", "jörg@example.de", "a@xn--mller-kva.example",
    ),
    Kind.PHONE: (
        "+12065550100", "+493012345678", "+4917123456789", "+442079460000", "+390612345678", "+5491123456789",
        "+5215512345678", "+81312345678", "+12065550100;ext=7", "+4930123456;ext=0042", "+3780549123456",
        "+80012345678", "+4312345678", "+33123456789", "+61212345678", "+15145550123", "+999123456789",
    ),
    Kind.URL: (
        "https://example.com", "http://shop.example.com/a?b=c#d", "https://example.com/Path/With/Capitals",
        "https://example.org:8443/x",
    ),
    Kind.COUNTRY: (
        "DE", "US", "GB", "AT", "CH", "FR", "IT", "ES", "BR", "MX", "CA", "NO", "NA", "CD", "CG", "KP", "KR", "MM",
        "VA", "CI", "TR", "GE", "HK", "MO", "IE", "GG", "SX", "MF", "CZ", "MK", "SZ", "PS", "TW", "BQ",
    ),
    Kind.LANGUAGE: ("en", "de", "de-AT", "pt-BR", "zh-Hant-TW", "no", "es-419", "sr-Latn"),
    Kind.TIMEZONE: ("UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata"),
}  # fmt: skip
"""Canonical values by kind; texts, money, choices, references and sets are made otherwise."""

AMOUNTS = ("0", "1", "0.1", "12.5", "-12.50", "1234567.89", "99999999999.99", "0.01", "100", "19.999")
CURRENCIES = ("USD", "EUR", "JPY", "KWD", "GBP")

WRITTEN: Mapping[Kind, tuple[Any, ...]] = {
    Kind.PHONE: (
        "+49 (0) 30 123456", "(206) 555-0100", "030-0074321", "0171/1234567", "001 206 555 0100", "206.555.0100 x12",
        "(5) 555-4729", "+44 (0)20 7946 0000", "110", "n/a", " +1 206 555 0100 ", "00493012345678", 2065550100,
    ),
    Kind.COUNTRY: (
        "germany", "Deutschland", "USA", "U.S.A.", "UK", "DEU", "276", "Allemagne", "NO", "NA", "Namibia", "España",
        "Côte d’Ivoire", "CONGO", "Atlantis", " de ",
    ),
    Kind.DATE: (
        "2024-02-29 00:00:00.000", "1945-12-30T00:00:00", "2024-02-30", "0001-01-01", " 1999-12-31 ", "31.12.1999",
        "2024-02-29T00:00:00Z", "2024-02-29T13:00:00Z",
    ),
    Kind.DATETIME: (
        "2024-03-31T02:30:00+02:00", "2024-03-31T02:30:00.500+0000", "2026-11-21T08:00:00", "2026-11-21 08:00:00Z",
        "2024-06-30T23:59:60Z", "2026-11-21T08:00:00-11:30",
    ),
    Kind.INTEGER: (0, -1, "7", 7.0, "1e3", 2**53, "12.5", " 42 ", "007", True),
    Kind.DECIMAL: (0.1, "12.500", 1e-7, "1,5", "1e3", -0.0, 7, " 3.10 ", 0.30000000000000004),
    Kind.MONEY: (0.1, "1e3", "12.345", 99999999.99, -0.0, "0", 100, " 5 ", "1,50", 1999.0, 0.30000000000000004),
    Kind.BOOLEAN: (True, False, "true", "False", 1, 0, "yes", "1"),
    Kind.EMAIL: ("Ana@Example.COM", " ana@example.com ", "not an address", "ANA@EXAMPLE.COM", "ana@müller.example"),
    Kind.URL: ("example.com", "HTTP://Example.com/", "https://example.com/", "not a url", "ftp://example.com"),
    Kind.LANGUAGE: ("de_AT", "German", "EN", "Deutsch", "pt_br", "klingon", "de_DE.UTF-8"),
    Kind.TIMEZONE: ("Europe/Berlin", "Berlin", "CET"),
    Kind.SET: (["b", "a", "a"], [], ["x y", "", None], ["Ünï", "A", "a"], "a;b;;c", ";", "single", [1, 2]),
}  # fmt: skip
"""The same as systems and people write it, and some that is nothing of the kind."""
