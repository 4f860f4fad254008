"""The objects of the fake org, one line a field: ``name type[length] flags… [>Target,Target] [=choice|choice]``.

Types, lengths and picklists follow the vendor's standard-field reference. Flags: ``req`` must be given on create,
``ro`` never writable, ``default`` filled in where not given, ``restricted`` refuses values that are not choices.
"""

from __future__ import annotations

_COMMON = """
Id id18 ro
IsDeleted boolean ro
OwnerId reference18 default >User
CreatedDate datetime ro
CreatedById reference18 ro >User
LastModifiedDate datetime ro
LastModifiedById reference18 ro >User
SystemModstamp datetime ro
Syncline_Id__c string64 ext
"""

_INDUSTRIES = (
    "Agriculture|Banking|Consulting|Education|Energy|Food & Beverage|Healthcare|Manufacturing|Retail|Technology"
)
_SOURCES = "Web|Phone Inquiry|Partner Referral|Purchased List|Other"


def _address(prefix: str) -> str:
    parts = ("Street textarea255", "City string40", "State string80", "PostalCode string20", "Country string80")
    return "\n".join(f"{prefix}{part}" for part in (*parts, "Address address ro"))


_ACCOUNT = f"""
Name string255 req
AccountNumber string40
Type picklist255 =Prospect|Customer - Direct|Customer - Channel|Partner|Other
Industry picklist255 ={_INDUSTRIES}
ParentId reference18 >Account
{_address("Billing")}
{_address("Shipping")}
Phone phone40
Fax phone40
Website url255
NumberOfEmployees int8
AnnualRevenue currency18
Description textarea32000
Rating picklist255 =Hot|Warm|Cold
Site string80
MasterRecordId reference18 ro >Account
"""

_CONTACT = f"""
AccountId reference18 >Account
LastName string80 req
FirstName string40
Salutation picklist40 =Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.
Name string121 ro
{_address("Mailing")}
{_address("Other")}
Phone phone40
Fax phone40
MobilePhone phone40
HomePhone phone40
OtherPhone phone40
AssistantPhone phone40
ReportsToId reference18 >Contact
Email email80
Title string128
Department string80
LeadSource picklist255 ={_SOURCES}
Birthdate date
Description textarea32000
HasOptedOutOfEmail boolean default
HasOptedOutOfFax boolean default
DoNotCall boolean default
Level__c picklist255 restricted =Primary|Secondary|Tertiary
Languages__c multipicklist4099 =English|German|French|Spanish
MasterRecordId reference18 ro >Contact
"""

_LEAD = f"""
LastName string80 req
FirstName string40
Salutation picklist40 =Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.
Name string121 ro
Company string255 req
Title string128
Email email80
Phone phone40
MobilePhone phone40
Fax phone40
Website url255
{_address("")}
Status picklist255 default =Open - Not Contacted|Working - Contacted|Closed - Converted|Closed - Not Converted
LeadSource picklist255 ={_SOURCES}
Industry picklist255 ={_INDUSTRIES}
Rating picklist255 =Hot|Warm|Cold
AnnualRevenue currency18
NumberOfEmployees int8
Description textarea32000
HasOptedOutOfEmail boolean default
DoNotCall boolean default
IsConverted boolean ro
ConvertedAccountId reference18 ro >Account
ConvertedContactId reference18 ro >Contact
ConvertedOpportunityId reference18 ro >Opportunity
MasterRecordId reference18 ro >Lead
"""

_OPPORTUNITY = f"""
Name string120 req
AccountId reference18 >Account
StageName picklist255 req =Prospecting|Qualification|Proposal/Price Quote|Negotiation/Review|Closed Won|Closed Lost
CloseDate date req
Amount currency18
Probability percent5
Type picklist255 =Existing Business|New Business
LeadSource picklist255 ={_SOURCES}
NextStep string255
Description textarea32000
IsClosed boolean ro
IsWon boolean ro
"""

_CASE = """
CaseNumber string30 ro
AccountId reference18 >Account
ContactId reference18 >Contact
ParentId reference18 >Case
Subject string255
Description textarea32000
Status picklist255 default =New|Working|Escalated|Closed
Priority picklist255 default =High|Medium|Low
Origin picklist255 =Phone|Email|Web
Type picklist255 =Question|Problem|Feature Request
IsClosed boolean ro
ClosedDate datetime ro
MasterRecordId reference18 ro >Case
"""

_ORDER = f"""
OrderNumber string30 ro
AccountId reference18 >Account
EffectiveDate date req
Status picklist255 req restricted =Draft|Activated
Type picklist255 =Standard|Return
Name string80
PoNumber string80
Description textarea32000
{_address("Billing")}
{_address("Shipping")}
TotalAmount currency18 ro
"""

_ORDER_ITEM = """
OrderItemNumber string30 ro
OrderId reference18 req >Order
Product2Id reference18 >Product2
Quantity double18 req
UnitPrice currency18 req
Description string255
"""

_PRODUCT = """
Name string255 req
ProductCode string255
StockKeepingUnit string180
"""

_TASK = """
WhoId reference18 >Contact,Lead
WhatId reference18 >Account,Opportunity,Case,Order
Subject combobox255 =Call|Email|Send Letter|Other
ActivityDate date
Status picklist255 default =Not Started|In Progress|Completed|Waiting on someone else|Deferred
Priority picklist255 default =High|Normal|Low
Description textarea32000
IsClosed boolean ro
IsArchived boolean ro
"""

DEFAULTS = {
    "Lead.Status": "Open - Not Contacted",
    "Case.Status": "New",
    "Case.Priority": "Medium",
    "Task.Status": "Not Started",
    "Task.Priority": "Normal",
}
"""What the org fills in where a create gives nothing; booleans are false."""

NUMBERED = {"Case": "CaseNumber", "Order": "OrderNumber", "OrderItem": "OrderItemNumber"}

OBJECTS: dict[str, tuple[str, str]] = {
    "Account": ("001", _COMMON + _ACCOUNT),
    "Contact": ("003", _COMMON + _CONTACT),
    "Lead": ("00Q", _COMMON + _LEAD),
    "Opportunity": ("006", _COMMON + _OPPORTUNITY),
    "Case": ("500", _COMMON + _CASE),
    "Order": ("801", _COMMON + _ORDER),
    "OrderItem": ("802", _COMMON.replace("OwnerId reference18 default >User\n", "") + _ORDER_ITEM),
    "Product2": ("01t", _COMMON.replace("OwnerId reference18 default >User\n", "") + _PRODUCT),
    "Task": ("00T", _COMMON + _TASK),
}
"""Object name: id prefix, field lines."""
