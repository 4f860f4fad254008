"""The floor: what any Python program has to do. Read the CSV, upsert it into SQLite, one transaction, nothing kept.

Run as a program: ``python bench/floor.py people.csv target.db``. It imports nothing of the product.
"""

from __future__ import annotations

import csv
import sqlite3
import sys
from pathlib import Path


def load(source: Path, target: Path) -> None:
    database = sqlite3.connect(target)
    with source.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        names = next(rows)
        marks = ", ".join("?" * len(names))
        changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(f"CREATE TABLE people ({', '.join(names)}, PRIMARY KEY (id))")
        database.executemany(f"INSERT INTO people VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {changes}", rows)
    database.commit()
    database.close()


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
