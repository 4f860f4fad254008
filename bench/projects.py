"""Projects to measure with: folders as a person would write them, between a CSV file, a SQL table and an HTTP API."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bench.people import COLUMNS

_RULES = """\
match: {strong: ["emails[work]"]}
rules:
  given_name: given
  family_name: family
  "emails[work]": email
  "phones[work]": phone
  "phones[mobile]": mobile
  job_title: title
  department: department
  "addresses[work].street": street
  "addresses[work].city": city
  "addresses[work].region": state
  "addresses[work].postal_code": postcode
  "addresses[work].country": country
  birth_date: birthday
  language: language
"""

_CONNECTIONS = {
    "file": "{connector: files, folder: data, streams: {people: {file: people.csv, key: id}}}",
    "table": (
        "{connector: sql, url: 'sqlite:///data/target.db', streams: "
        "{people: {table: people, key: id, key_from: marker, writable: true}}}"
    ),
    "api": "{connector: bench-api, url: 'URL'}",
}


def write_project(folder: Path, source: str, target: str, url: str = "") -> None:
    """A project that brings ``source`` into ``target``, both named as connections of this module.

    The target is tied both ways, so that it is read, compared and merged in every run.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "mappings").mkdir(exist_ok=True)
    lines = ["syncline: 1", "connections:"]
    lines += [f"  {name}: {_CONNECTIONS[name].replace('URL', url)}" for name in (source, target)]
    (folder / "config.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, direction in ((source, "in"), (target, "both")):
        (folder / "mappings" / f"{name}.yaml").write_text(mapping_text(name, direction), encoding="utf-8")


def mapping_text(name: str, direction: str) -> str:
    return f"mapping: {name}\nconnection: {name}\nstream: people\nentity: contact\ndirection: {direction}\n{_RULES}"


def lay_out_table(folder: Path, name: str = "target.db") -> None:
    """The empty table of a connection."""
    database = sqlite3.connect(folder / "data" / name)
    columns = ", ".join(f"{name} TEXT" for name in COLUMNS[1:])
    database.execute(f"CREATE TABLE people (id TEXT PRIMARY KEY, {columns})")
    database.close()


def install_connector(folder: Path) -> None:
    """Make `bench.connector` findable as an installed package is, to whoever has ``folder`` on the Python path."""
    facts = folder / "bench_api-0.dist-info"
    facts.mkdir(parents=True, exist_ok=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-api\nVersion: 0\n", encoding="utf-8")
    entry = "[syncline.connectors]\nbench-api = bench.connector:ApiConnector\n"
    (facts / "entry_points.txt").write_text(entry, encoding="utf-8")
