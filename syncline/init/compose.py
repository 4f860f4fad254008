"""Puts a project together from templates and the mapping library. Nothing that exists is overwritten."""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from model.diagnostics import Diagnostic
from model.errors import ConfigurationError
from syncline.init.exports import Export
from syncline.init.exports import sections as connections_to

STARTER = "starter"
CONNECTIONS: Mapping[str, str] = {
    "c4c": "c4c",
    "dynamics": "dynamics",
    "files": "files",
    "hubspot": "hubspot",
    "hybris": "commerce",
    "magento": "magento",
    "netsuite": "netsuite",
    "odoo": "odoo",
    "s4hana": "s4",
    "salesforce": "crm",
    "shopify": "shop",
    "siebel": "siebel",
    "sql": "erp",
    "tryton": "tryton",
    "woocommerce": "woocommerce",
    "zoho": "zoho",
}
"""Systems that can be asked for, and what their connection is called."""

_CORE: Mapping[str, Sequence[str]] = {
    "c4c": ("accounts", "contacts"),
    "dynamics": ("account", "contact"),
    "files": ("contacts",),
    "hubspot": ("account", "contact"),
    "hybris": ("units", "customers", "orders"),
    "magento": ("companies", "customers", "orders"),
    "netsuite": ("customer", "contact", "sales_order"),
    "odoo": ("companies", "people"),
    "s4hana": ("organisations", "persons"),
    "salesforce": ("account", "contact"),
    "shopify": ("companies", "customers", "orders"),
    "siebel": ("account", "contact"),
    "sql": ("customers", "contacts", "orders"),
    "tryton": ("parties",),
    "woocommerce": ("customers", "guests", "orders"),
    "zoho": ("account", "contact"),
}
"""The mappings a project begins with; the library has more (leads, opportunities, cases, activities)."""

_VARIABLE = re.compile(r"\$\{env:(\w+)\}")


def compose(folder: Path, systems: Sequence[str], exports: Sequence[Export] = ()) -> list[Path]:
    """Write a project; returns the files in the order in which one would read them.

    ``systems`` is `STARTER` alone (two sample systems that work at once) or names out of `CONNECTIONS`; ``exports`` are
    files of the person's own, connected where they lie. Raises ConfigurationError, having written nothing, for an
    unknown name or where a file is in the way.
    """
    starter = list(systems) == [STARTER]
    contents = _starter() if starter else _connected(list(dict.fromkeys(systems)), exports, folder)
    database = folder / "data" / "crm.db"
    planned = [folder / name for name in contents] + ([database] if "data/crm.sql" in contents else [])
    found = [_in_the_way(path, "exists already; nothing was written") for path in planned if path.exists()]
    if found:
        raise ConfigurationError(found)
    for name, text in contents.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigurationError([_in_the_way(path, f"cannot be written: {error.strerror}")]) from None
    if database in planned:
        _make_database(database, contents["data/crm.sql"])
    return planned


def _in_the_way(path: Path, message: str) -> Diagnostic:
    return Diagnostic(code="in-the-way", message=message, file=str(path), hint="name another folder: syncline init X")


def _make_database(path: Path, script: str) -> None:
    database = sqlite3.connect(path)
    try:
        database.executescript(script)
        database.commit()
    finally:
        database.close()


def _templates() -> Traversable:
    return files("syncline.init") / "templates"


def _starter() -> dict[str, str]:
    root = _templates() / STARTER
    return dict(_texts(root)) | {".gitignore": (_templates() / "shared" / "gitignore").read_text(encoding="utf-8")}


def _texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: (one.is_dir(), one.name)):
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_text(encoding="utf-8")


def _connected(systems: Sequence[str], exports: Sequence[Export], folder: Path) -> dict[str, str]:
    for system in systems:
        if system not in CONNECTIONS:
            close = difflib.get_close_matches(system, CONNECTIONS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(CONNECTIONS)}"
            raise ConfigurationError(
                [Diagnostic(code="unknown-system", message=f"there is no template for {system!r}", hint=hint)]
            )
    shared = _templates() / "shared"
    if exports and "files" in systems:
        hint = "name the files alone; --from is for the other systems"
        raise ConfigurationError([Diagnostic(code="twice", message="files would be connected twice", hint=hint)])
    sections = [(_templates() / "systems" / f"{system}.yaml").read_text(encoding="utf-8") for system in systems]
    own, placed = connections_to(exports, folder)
    sections += [own] if placed else []
    mappings = dict(_library(systems))
    entities = sorted({found[1] for text in mappings.values() if (found := _ENTITY.search(text))})
    connections = dict.fromkeys([*(CONNECTIONS[system] for system in systems), *(name for name, _ in placed)])
    order = ", ".join(connections)
    rules = "\n".join(
        f"  {entity}:\n    survivorship:\n      default: {{rule: authority, order: [{order}]}}" for entity in entities
    )
    config = (shared / "head.yaml").read_text(encoding="utf-8") + "".join(sections)
    entity_rules = f"entities:\n{rules}" if rules else _NO_ENTITIES
    config += (shared / "tail.yaml").read_text(encoding="utf-8").format(entities=entity_rules)
    asked = dict(_variables(config))
    readme = (shared / "README.md").read_text(encoding="utf-8").format(connections=order, first=_first(asked, placed))
    ignored = (shared / "gitignore").read_text(encoding="utf-8")
    example = {".env.example": _environment(asked)} if asked else {}
    if not mappings:
        suggest = "\n".join(f"syncline mappings suggest {name} {export.stream}" for name, export in placed)
        about = (shared / "mappings.md").read_text(encoding="utf-8").format(suggest=suggest)
        mappings["mappings/README.md"] = about
    return {"config.yaml": config, "README.md": readme, **example, ".gitignore": ignored, **mappings}


def _first(asked: Mapping[str, str], placed: Sequence[tuple[str, Export]]) -> str:
    """The first step of the README: what has to be set, and which mappings are still to be made."""
    lines = ["1. Nothing has to be set: no secrets are needed."]
    if asked:
        lines = ["1. Set what `config.yaml` refers to, in the environment; `.env.example` is a list to copy:"]
        lines += [f"   - `{name}`: {what}" if what else f"   - `{name}`" for name, what in asked.items()]
    lines += [
        f"   Then `syncline mappings suggest {name} {export.stream}` proposes a mapping." for name, export in placed
    ]
    return "\n".join(lines)


def _variables(config: str) -> Iterator[tuple[str, str]]:
    """Every environment variable the configuration refers to, with what is said behind it on its line."""
    for line in config.splitlines():
        setting, _, said = line.partition(" # ")
        names = [] if line.lstrip().startswith("#") else _VARIABLE.findall(setting)
        yield from ((name, said.strip()) for name in names)


def _environment(asked: Mapping[str, str]) -> str:
    lines = ["# Copy this file to .env, fill it in, and load it: set -a; . ./.env; set +a", ""]
    for name, what in asked.items():
        lines += [f"# {what}"] if what else []
        lines += [f"{name}="]
    return "\n".join([*lines, ""])


_NO_ENTITIES = """\
# entities:
#   contact:
#     survivorship:
#       default: {rule: authority, order: [files]}
#     fields:
#       loyalty_tier: {type: choice, choices: [bronze, silver, gold]} # a custom field"""
_ENTITY = re.compile(r"^entity:\s*(\w+)", re.MULTILINE)
_CONNECTION = re.compile(r"^connection:.*$", re.MULTILINE)


def _library(systems: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The default mappings of each system under the name of its connection: ``crm_contact.yaml``."""
    for system in systems:
        connection = CONNECTIONS[system]
        for stem in _CORE[system]:
            text = (files("mappings") / "library" / system / f"{stem}.yaml").read_text(encoding="utf-8")
            yield f"mappings/{connection}_{stem}.yaml", _CONNECTION.sub(f"connection: {connection}", text, count=1)
