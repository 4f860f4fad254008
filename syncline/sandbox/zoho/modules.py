"""The modules of the fake organisation, one line a field: ``name type[length] flags… [>Module] [=choice|choice]``.

Names and types follow the vendor's SDK for v8 and its fields metadata; lengths are those of a new organisation. Flags:
``req`` must be given on create, ``ro`` never writable, ``unique``, ``external``, ``rich`` (rich text).
"""

from __future__ import annotations

_COMMON = """
id bigint ro
Owner ownerlookup
Created_By ownerlookup ro
Modified_By ownerlookup ro
Created_Time datetime ro
Modified_Time datetime ro
Last_Activity_Time datetime ro
Record_Status__s picklist ro =Available|Draft|Trash
Locked__s boolean ro
Tag text120 ro list
Syncline_Id text64 unique
Description textarea32000
Notes__c textarea50000 rich
"""

_INDUSTRIES = (
    "-None-|ASP (Application Service Provider)|Communications|Consulting|Education|Financial Services|Manufacturing"
    "|Technology"
)
_SOURCES = (
    "-None-|Advertisement|Cold Call|Employee Referral|External Referral|Online Store|Partner|Trade Show|Web Download"
)
_STATUSES = (
    "-None-|Attempted to Contact|Contact in Future|Contacted|Junk Lead|Lost Lead|Not Contacted|Pre-Qualified"
    "|Not Qualified"
)
_TITLES = "-None-|Mr.|Mrs.|Ms.|Dr.|Prof."


_PARTS = {"Street": 250, "City": 100, "State": 100, "Country": 100}


def _lines(prefix: str, code: str) -> str:
    return "\n".join(f"{prefix}{part} text{size}" for part, size in {**_PARTS, code: 30}.items())


_ACCOUNTS = f"""
Account_Name text200 req
Account_Number bigint
Account_Type picklist120 =-None-|Analyst|Competitor|Customer|Distributor|Investor|Partner|Prospect|Vendor|Other
Industry picklist120 ={_INDUSTRIES}
Ownership picklist120 =-None-|Private|Public|Other
Rating picklist120 =-None-|Acquired|Active|Market Failed
Parent_Account lookup >Accounts
Phone phone30
Fax text30
Website website450
Employees integer9
Annual_Revenue currency16
SIC_Code integer9
Ticker_Symbol text30
{_lines("Billing_", "Code")}
{_lines("Shipping_", "Code")}
"""

_CONTACTS = f"""
Salutation picklist120 ={_TITLES}
First_Name text40
Last_Name text80 req
Full_Name text100 ro
Account_Name lookup >Accounts
Reporting_To lookup >Contacts
Email email100
Secondary_Email email100
Phone phone50
Mobile phone30
Home_Phone phone30
Other_Phone phone30
Asst_Phone phone30
Fax text30
Title text100
Department text50
Lead_Source picklist120 ={_SOURCES}
Date_of_Birth date
Email_Opt_Out boolean
Languages_Known multiselectpicklist =English|German|French|Spanish
{_lines("Mailing_", "Zip")}
{_lines("Other_", "Zip")}
"""

_LEADS = f"""
Salutation picklist120 ={_TITLES}
First_Name text40
Last_Name text80 req
Full_Name text100 ro
Company text200 req
Designation text100
Email email100
Secondary_Email email100
Phone phone30
Mobile phone30
Fax text30
Website website255
Lead_Source picklist120 ={_SOURCES}
Lead_Status picklist120 ={_STATUSES}
Industry picklist120 ={_INDUSTRIES}
Rating picklist120 =-None-|Acquired|Active|Market Failed
Annual_Revenue currency16
No_of_Employees integer16
Email_Opt_Out boolean
{_lines("", "Zip_Code")}
Converted__s boolean ro
Converted_Date_Time datetime ro
Converted_Account lookup ro >Accounts
Converted_Contact lookup ro >Contacts
Converted_Deal lookup ro >Deals
"""

_STAGES = (
    "Qualification|Needs Analysis|Value Proposition|Identify Decision Makers|Proposal/Price Quote|Negotiation/Review"
    "|Closed Won|Closed Lost|Closed Lost to Competition"
)

_DEALS = f"""
Deal_Name text120 req
Account_Name lookup >Accounts
Contact_Name lookup >Contacts
Stage picklist120 req ={_STAGES}
Pipeline picklist120 =Standard (Standard)
Closing_Date date
Amount currency16
Probability integer3
Expected_Revenue currency16 ro
Type picklist120 =-None-|Existing Business|New Business
Lead_Source picklist120 ={_SOURCES}
Next_Step text100
"""

MODULES: dict[str, tuple[str, str]] = {
    "Accounts": ("Account_Name", _COMMON + _ACCOUNTS),
    "Contacts": ("Full_Name", _COMMON + _CONTACTS),
    "Leads": ("Full_Name", _COMMON + _LEADS),
    "Deals": ("Deal_Name", _COMMON + _DEALS),
}
"""Module name: the field a lookup shows as its name, field lines."""

SYSTEM_CHECKED = {"Leads": "Email", "Accounts": "Account_Name", "Contacts": "Email", "Deals": "Deal_Name"}
"""System-defined duplicate check fields (Zoho CRM v8, "Upsert records")."""
