"""The business components of the fake enterprise: names, types and lengths.

They are those of the Siebel Account, Contact, Opportunity and Service Request interfaces (Application Services
Interface reference), as far as it tells them; the rest is of the length that its column usually has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SYSTEM = """
Id id30 read
Created datetime read
Created By id30 read
Updated datetime read
Updated By id30 read
Mod Id id30 read
Conflict Id id30 read
Integration Id text30
"""

_ACCOUNT = """
Name text100 required
Location text50
Account Status text24 =Active|Inactive|Prospect|Customer|Partner
Account Type Code text30
Alias text50
CSN text30
Currency Code text15
Description text255
Home Page text100
Main Phone Number phone40
Main Fax Number phone40
Email Address text100
Parent Account Id id30 ->Account
Primary Organization text50
Street Address text200 read
City text50 read
State text10 read
Postal Code text30 read
Country text30 read
Last Call Date utcdatetime
"""

_CONTACT = """
First Name text50 required
Last Name text50 required
Middle Name text50
M/M text15
Job Title text75
Department text75
Birth Date datetime
Comment text255
Email Address text100
Work Phone # phone40
Cellular Phone # phone40
Home Phone # phone40
Fax Phone # phone40
Account text100 read
Account Id id30 ->Account
Person UId text100
Primary Organization text50
Suppress All Emails bool
Suppress All Calls bool
Suppress All Mailings bool
Suppress All Fax Promotions bool
Primary Personal Street Address text200 read
Primary Personal City text50 read
Primary Personal State text10 read
Primary Personal Postal Code text30 read
Primary Personal Country text30 read
"""

_OPPORTUNITY = """
Name text100 required
Account Id id30 ->Account
Sales Stage text30
Description text255
Channel text30
Currency Code text15
Primary Revenue Amount currency
Primary Revenue Close Date date
Primary Revenue Win Probability number
Reason Won Lost text30
"""

_REQUEST = """
SR Number text64 read
Abstract text100
Description text2000
Account Id id30 ->Account
Contact Id id30 ->Contact
Status text30 =Open|Closed|Pending|Cancelled
Sub-Status text30
Priority text30 =1-ASAP|2-High|3-Medium|4-Low
Severity text30
SR Type text30
Source text30 =Phone|Email|Web|Fax|Chat|Other
Closed Date utcdatetime read
"""

ADDRESS = ("Street Address", "City", "State", "Postal Code", "Country")


@dataclass(frozen=True, slots=True)
class FieldDef:
    """One field. ``length`` None: not a text."""

    name: str
    kind: str
    length: int | None = None
    required: bool = False
    read_only: bool = False
    choices: tuple[str, ...] | None = None
    target: str | None = None

    def described(self) -> dict[str, object]:
        """Its entry in a description."""
        entry: dict[str, object] = {
            "type": "string",
            "x-siebel-precision": "0",
            "x-siebel-datatype": f"DTYPE_{self.kind.upper()}",
            "x-siebel-scale": "0",
            "title": self.name,
        }
        if self.length is not None:
            entry["maxLength"] = self.length
        if self.read_only:
            entry["readOnly"] = True
        return entry


@dataclass(slots=True)
class ComponentDef:
    """``user_key``: fields by which a record is taken for the same as another; empty ones do not count against it."""

    name: str
    fields: dict[str, FieldDef]
    user_key: tuple[str, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)
    child: str | None = None  # the child component with its addresses
    primary: str = ""  # how the fields of the primary address are called here, before their own names


def parse_field(line: str) -> FieldDef:
    """``Account Id id30 ->Account`` and the like: the last words are type and marks, the others the name."""
    words = line.split()
    marks: list[str] = []
    while words[-1] in {"required", "read"} or words[-1].startswith(("=", "->")):
        marks.append(words.pop())
    kind = words.pop()
    length = kind.lstrip("abcdefghijklmnopqrstuvwxyz")
    choices = next((tuple(mark[1:].split("|")) for mark in marks if mark.startswith("=")), None)
    return FieldDef(
        name=" ".join(words),
        kind=kind.removesuffix(length) if length else kind,
        length=int(length) if length else None,
        required="required" in marks,
        read_only="read" in marks,
        choices=choices,
        target=next((mark[2:] for mark in marks if mark.startswith("->")), None),
    )


def _fields(text: str) -> dict[str, FieldDef]:
    parsed = [parse_field(line) for line in (SYSTEM + text).splitlines() if line.strip()]
    return {one.name: one for one in parsed}


def standard_components() -> dict[str, ComponentDef]:
    """By the name that object and component share."""
    organisation = {"Primary Organization": "Default Organization"}
    return {
        "Account": ComponentDef(
            "Account",
            _fields(_ACCOUNT),
            ("Name", "Location", "Primary Organization"),
            organisation,
            "Business Address",
        ),
        "Contact": ComponentDef(
            "Contact",
            _fields(_CONTACT),
            ("Person UId",),
            {**organisation, **dict.fromkeys(("Suppress All Emails", "Suppress All Calls"), "N")},
            "Personal Address",
            "Primary Personal ",
        ),
        "Opportunity": ComponentDef("Opportunity", _fields(_OPPORTUNITY), ("Name", "Account Id"), {}),
        "Service Request": ComponentDef("Service Request", _fields(_REQUEST), ("SR Number",), {"Status": "Open"}),
    }
