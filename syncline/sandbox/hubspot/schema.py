"""The properties that the fake account has: some of HubSpot's own, by type, and the marker."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from syncline.sandbox.hubspot.replies import ApiError, invalid

LONGEST = 65_536
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist")
KINDS = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets"}
SINGULAR = {"contacts": "contact", "companies": "company", "deals": "deal", "tickets": "ticket"}
DEFAULTS = {
    "contacts": ("email", "firstname", "lastname"),
    "companies": ("domain", "name"),
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    "tickets": ("content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_priority", "subject"),
}
NEEDED = {"deals": ("dealname", "dealstage"), "tickets": ("subject", "hs_pipeline_stage")}
_STAGES = "|".join((*STAGES, "other"))
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_ADDRESS = "address city state zip country phone website"
_LINES = {
    "contacts": f"""firstname lastname email:email salutation mobilephone fax jobtitle company {_ADDRESS} message
        date_of_birth gender hs_language=en|de|fr|pt-br hubspot_owner_id:owner lifecyclestage={_STAGES}
        hs_lead_status=NEW|OPEN|CONNECTED hs_email_optout:bool! associatedcompanyid:company!
        hs_additional_emails;= hs_merged_object_ids;=!""",
    "companies": f"""name domain {_ADDRESS} address2 description industry=COMPUTER_SOFTWARE|FOOD_BEVERAGES|RETAIL
        numberofemployees:number annualrevenue:number type=PROSPECT|PARTNER|RESELLER|VENDOR|OTHER
        hubspot_owner_id:owner lifecyclestage={_STAGES} founded_year
        hs_parent_company_id:number! hs_merged_object_ids;=!""",
    "deals": """dealname amount:number deal_currency_code=EUR|GBP|USD closedate:datetime description
        dealtype=newbusiness|existingbusiness pipeline=default|partners closed_lost_reason hs_next_step
        dealstage=appointmentscheduled|qualifiedtobuy|presentationscheduled|contractsent|closedwon|closedlost
        hs_deal_stage_probability:number! hubspot_owner_id:owner hs_merged_object_ids;=!""",
    "tickets": """subject content hs_pipeline=0 hs_pipeline_stage=1|2|3|4 hs_ticket_priority=LOW|MEDIUM|HIGH|URGENT
        hs_ticket_category;=PRODUCT_ISSUE|BILLING_ISSUE|FEATURE_REQUEST|GENERAL_INQUIRY
        source_type=CHAT|EMAIL|FORM|PHONE closed_date:datetime! hs_resolution hubspot_owner_id:owner
        hs_merged_object_ids;=!""",
}
"""``name``, ``name:type``, ``name=option|option``, ``name;=option|option`` (several); ``!`` cannot be written."""
_MARK = re.compile(r"(?P<name>\w+)(?::(?P<type>\w+))?(?P<many>;)?(?:=(?P<options>[\w|-]*))?(?P<fixed>!)?")


@dataclass(slots=True)
class PropertyDef:
    """One property. ``options`` is None for what is no enumeration, empty where they come from elsewhere."""

    name: str
    type: str = "string"
    field_type: str = "text"
    options: tuple[str, ...] | None = None
    unique: bool = False
    fixed: bool = False
    references: str | None = None
    label: str = ""
    group: str = "information"
    own: bool = False  # made by somebody in this account

    def shown(self) -> dict[str, Any]:
        """The definition as the properties API shows it."""
        options = [{"label": one, "value": one, "hidden": False} for one in self.options or ()]
        modification = {"archivable": self.own, "readOnlyDefinition": not self.own, "readOnlyValue": self.fixed}
        shown: dict[str, Any] = {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "description": "",
            "groupName": self.group,
            "options": options,
            "hasUniqueValue": self.unique,
            "calculated": False,
            "externalOptions": self.references == "OWNER",
            "hidden": False,
            "hubspotDefined": not self.own,
            "archived": False,
            "modificationMetadata": modification,
            "formField": False,
        }
        return shown | ({"referencedObjectType": self.references} if self.references else {})


def stamp_of(kind: str) -> str:
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def standard_properties(kind: str) -> dict[str, PropertyDef]:
    group = f"{SINGULAR[kind]}information"
    found = {one["name"]: _defined(one, group) for one in _MARK.finditer(_LINES[kind])}
    for name in ("createdate", stamp_of(kind)):
        found[name] = PropertyDef(name, "datetime", "date", fixed=True, group=group)
    found["hs_object_id"] = PropertyDef("hs_object_id", "number", "number", unique=True, fixed=True, group=group)
    return found


def marker_property(name: str = "syncline_id") -> PropertyDef:
    return PropertyDef(name, unique=True, own=True, label="Hub id")


def _defined(one: re.Match[str], group: str) -> PropertyDef:
    made = PropertyDef(one["name"], fixed=bool(one["fixed"]), group=group)
    special = {"number": ("number", "number"), "bool": ("bool", "booleancheckbox"), "datetime": ("datetime", "date")}
    if one["type"] in special:
        made.type, made.field_type = special[one["type"]]
    elif one["type"] == "owner":
        made.type, made.field_type, made.options, made.references = "enumeration", "select", (), "OWNER"
    elif one["type"] == "company":
        made.type, made.field_type, made.references = "number", "number", "COMPANY"
    elif one["options"] is not None:
        made.type, made.field_type = "enumeration", "checkbox" if one["many"] else "select"
        made.options = tuple(option for option in one["options"].split("|") if option)
    return made


def taken(definition: PropertyDef, value: Any) -> str | None:
    """A value as it is stored. Raises ApiError for what the property does not take; None clears it."""
    name = definition.name
    if definition.fixed:
        raise invalid(f'"{name}" is a read only property; its value cannot be set', name, "READ_ONLY_VALUE")
    if value is None or value == "":
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) > LONGEST:
        raise invalid(f"Property {name} is too long", name, "PROPERTY_VALUE_TOO_LONG")
    if name == "email":
        text = text.strip().lower()
        if not _EMAIL.fullmatch(text):
            raise invalid(f"Email address {text} is invalid", name, "INVALID_EMAIL", text)
    if definition.options:
        chosen = [one for one in text.split(";") if one] if definition.field_type == "checkbox" else [text]
        wrong = [one for one in chosen if one not in definition.options]
        if wrong:
            allowed = ", ".join(definition.options)
            raise invalid(f"{wrong[0]} was not one of the allowed options: [{allowed}]", name, "INVALID_OPTION")
    return _typed(definition, text)


def _typed(definition: PropertyDef, text: str) -> str:
    name = definition.name
    wrong = invalid("the value given was not valid", name, f"INVALID_{definition.type.upper()}")
    try:
        if definition.type == "number":
            return format(Decimal(text).normalize(), "f") if Decimal(text).is_finite() else _raised(wrong)
        if definition.type == "date":
            return date.fromisoformat(text).isoformat()
    except (InvalidOperation, ValueError):
        raise wrong from None
    if definition.type == "bool" and text not in {"true", "false"}:
        raise wrong
    if definition.type == "datetime":
        moment = moment_of(text)
        return iso(moment) if moment else _raised(wrong)
    return text


def _raised(error: ApiError) -> NoReturn:
    raise error


def moment_of(text: str) -> datetime | None:
    """Milliseconds since 1970 or ISO 8601; a day is its midnight in UTC."""
    try:
        if re.fullmatch(r"-?\d+", text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def parsed(given: Any) -> PropertyDef:
    """A property that somebody creates."""
    if not isinstance(given, dict) or not re.fullmatch(r"[a-z][a-z0-9_]*", str(given.get("name"))):
        raise ApiError("VALIDATION_ERROR", "Property name must start with a letter and be in lower case")
    missing = [name for name in ("label", "type", "fieldType", "groupName") if not given.get(name)]
    if missing:
        raise ApiError("VALIDATION_ERROR", f"Some required fields were not set: {missing}")
    options = tuple(str(one["value"]) for one in given.get("options") or ())
    return PropertyDef(
        given["name"],
        given["type"],
        given["fieldType"],
        options if given["type"] == "enumeration" else None,
        unique=bool(given.get("hasUniqueValue")),
        label=given["label"],
        group=given["groupName"],
        own=True,
    )
