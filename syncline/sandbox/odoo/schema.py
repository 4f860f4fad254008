"""The models of the fake database. Names, types and labels are those of the modules base, crm and sale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDef:
    name: str
    type: str
    string: str
    required: bool = False
    readonly: bool = False
    store: bool = True
    relation: str | None = None
    selection: tuple[tuple[str, str], ...] = ()
    size: int | None = None

    def shown(self, attributes: Sequence[str] | None) -> dict[str, Any]:
        """The field as ``fields_get`` describes it."""
        whole: dict[str, Any] = {
            "type": self.type,
            "string": self.string,
            "name": self.name,
            "required": self.required,
            "readonly": self.readonly,
            "store": self.store,
            "searchable": self.store,
            "help": False,
        }
        if self.relation:
            whole |= {"relation": self.relation, "domain": [], "context": {}}
        if self.selection:
            whole["selection"] = [list(pair) for pair in self.selection]
        if self.type == "char":
            whole["trim"] = True
            whole |= {"size": self.size} if self.size else {}
        return {name: value for name, value in whole.items() if not attributes or name in attributes}


@dataclass(slots=True)
class ModelDef:
    name: str
    fields: dict[str, FieldDef] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _fields(text: str) -> dict[str, FieldDef]:
    """``name type label`` a line; a type may go on with its relation, size or choices, and ends in ! (required),
    = (read only) or ~ (not stored)."""
    found: dict[str, FieldDef] = {}
    for line in text.strip().splitlines():
        name, kind, label = line.split(maxsplit=2)
        flags = {sign for sign in "!=~" if sign in kind}
        kind, _, more = kind.rstrip("!=~").partition(":")
        found[name] = FieldDef(
            name=name,
            type=kind,
            string=label,
            required="!" in flags,
            readonly=bool(flags & set("=~")),
            store="~" not in flags,
            relation=more if kind in {"many2one", "many2many", "one2many"} else None,
            selection=tuple((v, v.replace("_", " ").title()) for v in more.split("|")) if kind == "selection" else (),
            size=int(more) if kind == "char" and more else None,
        )
    return found


_LOG = """
id integer= ID
display_name char~ Display Name
create_date datetime= Created on
create_uid many2one:res.users= Created by
write_date datetime= Last Updated on
write_uid many2one:res.users= Last Updated by
"""

_ADDRESS = """
street char Street
street2 char Street2
zip char Zip
city char City
state_id many2one:res.country.state State
country_id many2one:res.country Country
"""

_PARTNER = f"""
name char Name
complete_name char= Complete Name
is_company boolean Is a Company
parent_id many2one:res.partner Related Company
commercial_partner_id many2one:res.partner= Commercial Entity
type selection:contact|invoice|delivery|other Address Type
{_ADDRESS.strip()}
country_code char~ Country Code
email char Email
phone char Phone
website char Website Link
function char Job Position
ref char Reference
vat char Tax ID
lang selection:en_US|de_DE|fr_FR|es_ES Language
active boolean Active
comment html Notes
category_id many2many:res.partner.category Tags
user_id many2one:res.users Salesperson
x_code char:8 Own code
image_1920 binary Image
"""

_LEAD = f"""
name char! Opportunity
type selection:lead|opportunity! Type
partner_id many2one:res.partner Customer
partner_name char Company Name
contact_name char Contact Name
email_from char Email
phone char Phone
function char Job Position
website char Website
{_ADDRESS.strip()}
description html Notes
stage_id many2one:crm.stage Stage
won_status selection:won|lost|pending= Won Status
expected_revenue monetary Expected Revenue
company_currency many2one:res.currency= Currency
probability float Probability
date_deadline date Expected Closing
date_closed datetime= Closed Date
lost_reason_id many2one:crm.lost.reason Lost Reason
priority selection:0|1|2|3 Priority
user_id many2one:res.users Salesperson
tag_ids many2many:crm.tag Tags
active boolean Active
"""

_ORDER = """
name char= Order Reference
partner_id many2one:res.partner! Customer
partner_invoice_id many2one:res.partner Invoice Address
partner_shipping_id many2one:res.partner Delivery Address
opportunity_id many2one:crm.lead Opportunity
state selection:draft|sent|sale|cancel= Status
delivery_status selection:pending|started|partial|full= Delivery Status
date_order datetime Order Date
client_order_ref char Customer Reference
currency_id many2one:res.currency= Currency
amount_untaxed monetary= Untaxed Amount
amount_tax monetary= Taxes
amount_total monetary= Total
note html Terms and conditions
order_line one2many:sale.order.line Order Lines
"""

_LINE = """
order_id many2one:sale.order! Order Reference
sequence integer Sequence
name text Description
display_type selection:line_section|line_note Display Type
product_id many2one:product.product Product
product_uom_qty float Quantity
price_unit float Unit Price
discount float Discount (%)
price_subtotal monetary= Subtotal
price_tax float= Total Tax
price_total monetary= Total
currency_id many2one:res.currency= Currency
"""

_SMALL: Mapping[str, str] = {
    "res.country": "name char! Country Name\ncode char:2! Country Code",
    "res.country.state": "name char! State Name\ncode char! State Code\ncountry_id many2one:res.country! Country",
    "res.partner.category": "name char! Name\nparent_id many2one:res.partner.category Category",
    "res.currency": "name char:3! Currency",
    "res.users": "name char! Name\nlogin char! Login",
    "crm.stage": "name char! Stage Name\nis_won boolean Is Won Stage?",
    "crm.tag": "name char! Tag Name",
    "crm.lost.reason": "name char! Description",
    "product.product": "name char! Name\ndefault_code char Internal Reference",
    "ir.model.data": "name char! External Identifier\nmodule char! Module\nmodel char! Model Name\n"
    "res_id integer Record ID\nnoupdate boolean Non Updatable",
    "mail.message": "model char Related Document Model\nres_id integer Related Document ID\nbody html Contents\n"
    "message_type selection:comment|notification! Type",
}


def models(version: int) -> dict[str, ModelDef]:
    """The models of one major version: 19 has no ``mobile``; what comes after 19 computes ``is_company``."""
    partner = _PARTNER if version >= 19 else f"{_PARTNER.rstrip()}\nmobile char Mobile\n"
    partner = partner.replace("is_company boolean ", "is_company boolean= ") if version > 19 else partner
    defaults: dict[str, Mapping[str, Any]] = {
        "res.partner": {"active": True, "type": "contact", "is_company": False, "lang": "en_US"},
        "crm.lead": {"active": True, "type": "lead", "priority": "0", "won_status": "pending"},
        "sale.order": {"state": "draft"},
    }
    texts = {**_SMALL, "res.partner": partner, "crm.lead": _LEAD, "sale.order": _ORDER, "sale.order.line": _LINE}
    return {
        name: ModelDef(name, {**_fields(_LOG), **_fields(text)}, defaults.get(name, {})) for name, text in texts.items()
    }
