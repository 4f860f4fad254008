"""Contacts to measure with: 19 columns, about 190 bytes as CSV, the same on every machine."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    "id", "given", "family", "email", "phone", "mobile", "title", "department", "company", "street", "city",
    "state", "postcode", "country", "birthday", "language", "tags", "notes", "changed",
)  # fmt: skip
_GIVEN = ("Ana", "Bo", "Chloé", "Dmitri", "Eun-ji", "Fatima", "Gustav", "Hana", "Ibrahim", "Jürgen")
_FAMILY = ("Trujillo", "Hardy", "Berglund", "Moos", "Citeaux", "Sommer", "Lebihan", "Lincoln", "Ashworth", "Simpson")
_CITIES = (("Berlin", "BE", "DE"), ("Luleå", "BD", "SE"), ("Seattle", "WA", "US"), ("Lyon", "ARA", "FR"))


def rows(count: int, changed: int = 0) -> Iterator[tuple[str, ...]]:
    """``count`` contacts; every ``count/changed``-th has another job title than without ``changed``."""
    step = count // changed if changed else 0
    for n in range(count):
        given, family = _GIVEN[n % 10], _FAMILY[n // 10 % 10]
        city, state, country = _CITIES[n % 4]
        yield (
            str(n),
            given,
            family,
            f"{given}.{family}.{n}@example.com".lower().replace("é", "e").replace("ü", "u"),
            f"+49301{n:07}",
            f"+49171{n:07}",
            "Chair" if step and n % step == 0 else "Sales Agent",
            "Sales",
            f"Company {n % 5000}",
            f"Street {n % 300}",
            city,
            state,
            f"{10000 + n % 80000}",
            country,
            f"19{60 + n % 40}-0{1 + n % 9}-1{n % 10}",
            "de",
            "a b",
            "",
            "2026-01-01T00:00:00Z",
        )


def write_csv(path: Path, count: int, changed: int = 0) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(count, changed))
