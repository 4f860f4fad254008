"""What the kinds of records are called in version 1.

Records are keyed by the numbers that people see, since it is by those that records refer to one another (a contact's
AccountID, an opportunity's ProspectPartyID); their addresses on the wire have the ObjectID.
Sources: metadata and recorded answers of c4codataapi and of the standard services businesspartner and c4codata, as
customers have published them. (There ExternalID and ExternalSystem of accounts and contacts may not be written.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OBJECT = "ObjectID"
PARENT = "ParentObjectID"
CHANGED = "EntityLastChangedOn"


@dataclass(frozen=True, slots=True)
class Kind:
    """``needed``: what a record cannot be made without. ``leads``: fields with the number of a record of a stream."""

    collection: str
    key: str
    needed: tuple[str, ...]
    leads: Mapping[str, str] = field(default_factory=dict)
    label: str = ""


KINDS: Mapping[str, Kind] = {
    "accounts": Kind(
        "CorporateAccountCollection", "AccountID", ("Name",), {"ParentAccountID": "accounts"}, "Corporate accounts"
    ),
    "contacts": Kind("ContactCollection", "ContactID", ("LastName",), {"AccountID": "accounts"}, "Contacts"),
    "leads": Kind("LeadCollection", "ID", ("Name",), {"AccountPartyID": "accounts", "ContactID": "contacts"}, "Leads"),
    "opportunities": Kind(
        "OpportunityCollection",
        "ID",
        ("Name", "ProspectPartyID"),
        {"ProspectPartyID": "accounts", "PrimaryContactPartyID": "contacts"},
        "Opportunities",
    ),
    "tickets": Kind(
        "ServiceRequestCollection",
        "ID",
        ("Name",),
        {"BuyerPartyID": "accounts", "BuyerMainContactPartyID": "contacts", "MainTicketID": "tickets"},
        "Tickets",
    ),
}
