"""Beginnings: a connector package that works before a line is written, and a mapping with the stream's real fields."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from pathlib import Path

from connectors.contract import Field, FieldType
from model.diagnostics import Diagnostic
from model.errors import ConfigurationError

_SAMPLE = Path(__file__).parent / "acme"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FILES = {
    "pyproject.template": "pyproject.toml",
    "README.template": "README.md",
    "__init__.py": "{package}/__init__.py",
    "connector.py": "{package}/connector.py",
    "fake.py": "{package}/fake.py",
    "quality.yaml": "{package}/quality.yaml",
    "test_acme.py": "tests/test_{name}.py",
}
_LIKELY = {
    "emails[work]": ("email", "emailaddress", "mail"),
    "phones[work]": ("phone", "phonenumber", "telephone"),
    "addresses[billing].street": ("street", "address", "billingstreet", "mailingstreet"),
    "addresses[billing].city": ("city", "billingcity", "mailingcity"),
    "addresses[billing].postal_code": ("postalcode", "zip", "zipcode", "billingpostalcode", "mailingpostalcode"),
    "addresses[billing].country": ("country", "billingcountry", "mailingcountry"),
}
_OF_PEOPLE = {
    "given_name": ("firstname", "givenname", "first"),
    "family_name": ("lastname", "familyname", "surname", "last"),
    "full_name": ("fullname", "displayname", "contactname", "name"),
    "phones[mobile]": ("mobile", "mobilephone", "cellphone"),
    "job_title": ("title", "jobtitle", "contacttitle"),
    "department": ("department",),
    "birth_date": ("birthdate", "dateofbirth", "birthday"),
}
_OF_COMPANIES = {
    "name": ("name", "companyname", "accountname", "company"),
    "website": ("website", "homepage"),
}
_BY_ENTITY = {
    "contact": {**_LIKELY, **_OF_PEOPLE},
    "account": {**_LIKELY, **_OF_COMPANIES},
}
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}  # YAML readers take these for something else


def scaffold_connector(name: str, folder: Path) -> list[Path]:
    """Write the package ``syncline-<name>`` into ``folder`` and return its files.

    It is complete: two streams both ways, a fake system, and the contract suite, which passes.
    Raises ConfigurationError where the name is none, or where something is in the way; then nothing is written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise _refusal("bad-name", "the name of a connector is lower-case letters, digits and _", "for example: acme")
    home = folder / f"syncline-{name.replace('_', '-')}"
    package, title = f"syncline_{name}", "".join(part.capitalize() for part in name.split("_"))
    texts = {
        home / target.format(package=package, name=name): _renamed((_SAMPLE / source).read_text("utf-8"), name, title)
        for source, target in _FILES.items()
    }
    texts[home / package / "py.typed"] = ""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise _refusal("in-the-way", f"{home} is there already", "choose another name or folder, or move it away")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _renamed(text: str, name: str, title: str) -> str:
    text = text.replace("syncline.scaffold.acme", f"syncline_{name}").replace("syncline-acme", f"syncline-{name}")
    return text.replace("acme", name).replace("ACME", name.upper()).replace("Acme", title)


def scaffold_mapping(connection: str, stream: str, entity: str, fields: Iterable[Field], folder: Path) -> Path:
    """Write ``<connection>_<stream>.yaml`` into ``folder``: likely rules by the fields' names, the rest as comments.

    It is marked ``proposed``, so nothing runs before a person has looked. Raises ConfigurationError, and leaves what is
    there, where the file exists.
    """
    stem = re.sub(r"[^a-z0-9]+", "_", f"{connection}_{stream}".lower()).strip("_")
    path = folder / f"{stem}.yaml"
    if path.exists():
        raise _refusal("in-the-way", f"{path} is there already", "edit it, or move it away")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(_mapping_text(stem, connection, stream, entity, list(fields)), encoding="utf-8")
    return path


def _mapping_text(stem: str, connection: str, stream: str, entity: str, fields: list[Field]) -> str:
    likely = _BY_ENTITY.get(entity, {})
    rules: list[str] = []
    rest: list[str] = []
    taken: set[str] = set()
    folded_names = {_folded(field) for field in fields}
    parts = any(folded_names & set(likely.get(path, ())) for path in ("given_name", "family_name"))
    for field in fields:
        folded = _folded(field)
        target = next((path for path, names in likely.items() if folded in names and path not in taken), None)
        if target is None or not field.readable or field.type is not FieldType.TEXT:
            rest.append(f"  # ?: {_quoted(field.name)}  # {_facts(field)}")
            continue
        taken.add(target)
        keys = "" if field.updatable or field.creatable else ", direction: in"
        keys += ", transform: email" if target.startswith("emails[") else ""
        if target == "full_name" and not parts:
            target, keys = "full_name, given_name, family_name", f"{keys}, transform: full_name"
        rule = f"{{field: {_quoted(field.name)}{keys}}}" if keys else _quoted(field.name)
        rules.append(f"  {_quoted(target)}: {rule}  # {_facts(field)}{_hint(target)}")
    head = [
        "# A proposal made from the names of the fields. Look at each rule, then set lifecycle: live.",
        f"mapping: {_quoted(stem)}",
        f"connection: {_quoted(connection)}",
        f"stream: {_quoted(stream)}",
        f"entity: {_quoted(entity)}",
        "direction: both",
        "lifecycle: proposed",
        "",
    ]
    strong = ['match: {strong: ["emails[*]"]}', ""] if "emails[work]" in taken else []
    return "\n".join([*head, *strong, "rules:" if rules else "rules: {}", *rules, *rest, ""])


def _folded(field: Field) -> str:
    return re.sub(r"[^a-z0-9]", "", field.name.lower())


def _hint(target: str) -> str:
    """What cannot be told from a name: how the system writes such values."""
    if target.startswith("phones["):
        return "; numbers without +? transform: {phone: {region: DE}}"
    return "; transform: {country: name}, alpha2 or alpha3" if target.endswith(".country") else ""


def _facts(field: Field) -> str:
    facts = [field.type.value, f"at most {field.max_length}" if field.max_length else ""]
    facts += ["required" if field.required else "", "" if field.updatable else "not changeable"]
    facts += [f"refers to {' or '.join(field.references)}" if field.references else ""]
    return ", ".join(fact for fact in facts if fact)


def _quoted(text: str) -> str:
    """A YAML scalar that is certainly this text."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", text) and text.lower() not in _WORDS:
        return text
    escaped = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text.replace("\\", "\\\\"))
    return '"' + escaped.replace('"', '\\"') + '"'


def _refusal(code: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Diagnostic(code=code, message=message, hint=hint)])
