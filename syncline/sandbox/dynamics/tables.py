"""The tables of the fake environment, one line a column: ``name type[length] flags… [>target,…] [=1:Label|2:Label]``.

Names, types, lengths and options follow the vendor's table reference (Common Data Model, application common). Flags:
``ro`` never writable, ``create`` writable on create only, ``needed`` must be given on create. A customer's column
leads to both of its targets, by a navigation property each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Table(NamedTuple):
    """One table as it is written down here."""

    entity_set: str
    columns: str
    name: str = ""
    mergeable: bool = False


_COMMON = """
createdon datetime ro
modifiedon datetime ro
createdby lookup ro >systemuser
modifiedby lookup ro >systemuser
ownerid owner >owner
versionnumber bigint ro
overriddencreatedon datetime create
"""

_MERGED = """
merged boolean ro
masterid lookup ro >{table}
"""

_ACTIVE = """
statecode state =0:Active|1:Inactive
statuscode status =1:Active|2:Inactive
"""


def _address(number: int) -> str:
    name = f"address{number}"
    lengths = (250, 250, 250)
    lines = [f"{name}_line{at} string{length}" for at, length in enumerate(lengths, start=1)]
    rest = ("city string80", "stateorprovince string50", "postalcode string20", "country string80")
    return "\n".join([*lines, *(f"{name}_{part}" for part in rest), f"{name}_composite memo1000 ro"])


_OPT_OUTS = "\n".join(f"{name} boolean" for name in ("donotemail", "donotbulkemail", "donotphone", "donotpostalmail"))

_INDUSTRIES = (
    "1:Accounting|2:Agriculture and Non-petrol Natural Resource Extraction|7:Consulting|19:Food and Tobacco Processing"
)

_ACCOUNT = f"""
accountid id
name string160
accountnumber string20
customertypecode picklist =1:Competitor|2:Consultant|3:Customer|6:Partner|8:Prospect|10:Supplier|12:Other
industrycode picklist ={_INDUSTRIES}
parentaccountid lookup >account
primarycontactid lookup >contact
emailaddress1 string100
telephone1 string50
fax string50
websiteurl string200
numberofemployees integer
revenue money
description memo2000
creditonhold boolean
transactioncurrencyid lookup >transactioncurrency
{_address(1)}
{_address(2)}
{_OPT_OUTS}
{_ACTIVE}{_MERGED.format(table="account")}"""

_CONTACT = f"""
contactid id
salutation string100
firstname string50
middlename string50
lastname string50
suffix string10
nickname string100
fullname string160 ro
jobtitle string100
department string100
birthdate date
gendercode picklist =1:Male|2:Female
parentcustomerid customer >account,contact
emailaddress1 string100
emailaddress2 string100
telephone1 string50
mobilephone string50
telephone2 string50
fax string50
websiteurl string200
description memo2000
preferredcontactmethodcode picklist =1:Any|2:Email|3:Phone|4:Fax|5:Mail
{_address(1)}
{_address(2)}
{_OPT_OUTS}
{_ACTIVE}{_MERGED.format(table="contact")}"""

_LEAD = f"""
leadid id
subject string300
salutation string100
firstname string50
middlename string50
lastname string50
fullname string160 ro
companyname string100
jobtitle string100
emailaddress1 string100
telephone1 string50
mobilephone string20
websiteurl string200
industrycode picklist ={_INDUSTRIES}
numberofemployees integer
revenue money
leadsourcecode picklist =1:Advertisement|2:Employee Referral|3:External Referral|4:Partner|7:Trade Show|8:Web|10:Other
leadqualitycode picklist =1:Hot|2:Warm|3:Cold
description memo2000
parentaccountid lookup >account
parentcontactid lookup >contact
qualifyingopportunityid lookup ro >opportunity
transactioncurrencyid lookup >transactioncurrency
{_address(1)}
{_OPT_OUTS}
statecode state =0:Open|1:Qualified|2:Disqualified
statuscode status =1:New|2:Contacted|3:Qualified|4:Lost|5:Cannot Contact|6:No Longer Interested|7:Canceled
{_MERGED.format(table="lead")}"""

_OPPORTUNITY = """
opportunityid id
name string300
parentaccountid lookup >account
parentcontactid lookup >contact
originatingleadid lookup >lead
estimatedvalue money
estimatedclosedate date
actualvalue money
actualclosedate date
closeprobability integer
stepname string200
opportunityratingcode picklist =1:Hot|2:Warm|3:Cold
description memo2000
transactioncurrencyid lookup >transactioncurrency
statecode state =0:Open|1:Won|2:Lost
statuscode status =1:In Progress|2:On Hold|3:Won|4:Canceled|5:Out-Sold
"""

_REASONS = (
    "1:In Progress|2:On Hold|3:Waiting for Details|4:Researching|5:Problem Solved|6:Canceled|"
    "1000:Information Provided|2000:Merged"
)

_INCIDENT = f"""
incidentid id
title string200
ticketnumber string100 create
description memo2000
customerid customer needed >account,contact
primarycontactid lookup >contact
parentcaseid lookup >incident
casetypecode picklist =1:Question|2:Problem|3:Request
caseorigincode picklist =1:Phone|2:Email|3:Web|2483:Facebook|3986:Twitter
prioritycode picklist =1:High|2:Normal|3:Low
statecode state =0:Active|1:Resolved|2:Canceled
statuscode status ={_REASONS}
{_MERGED.format(table="incident")}"""

TABLES = {
    "account": Table("accounts", _ACCOUNT + _COMMON, "name", mergeable=True),
    "contact": Table("contacts", _CONTACT + _COMMON, "fullname", mergeable=True),
    "lead": Table("leads", _LEAD + _COMMON, "fullname", mergeable=True),
    "opportunity": Table("opportunities", _OPPORTUNITY + _COMMON, "name"),
    "incident": Table("incidents", _INCIDENT + _COMMON, "title", mergeable=True),
    "systemuser": Table("systemusers", "systemuserid id\nfullname string200 ro", "fullname"),
    "transactioncurrency": Table(
        "transactioncurrencies", "transactioncurrencyid id\nisocurrencycode string5", "isocurrencycode"
    ),
}

STATES: Mapping[str, Mapping[int, tuple[int, ...]]] = {
    "account": {0: (1,), 1: (2,)},
    "contact": {0: (1,), 1: (2,)},
    "lead": {0: (1, 2), 1: (3,), 2: (4, 5, 6, 7)},
    "opportunity": {0: (1, 2), 1: (3,), 2: (4, 5)},
    "incident": {0: (1, 2, 3, 4), 1: (5, 1000), 2: (6, 2000)},
}
"""By table: each state with the status reasons that go with it, the first one being its default."""

BY_ACTION: Mapping[str, Mapping[int, str]] = {
    "opportunity": {1: "WinOpportunity", 2: "LoseOpportunity"},
    "incident": {1: "CloseIncident"},
}
"""States that a plain update may not set, and the messages that do."""

CASCADES = {"account": ("contact", "opportunity", "incident"), "contact": ("opportunity", "incident")}
"""Whose rows go along when a row is deleted: the relationships the vendor calls parental."""
