"""The part of c4codataapi that is faked.

What accounts, contacts and tickets have, how long it is and whether it may be written is as descriptions of the
services tell that customers have published; names of leads and opportunities are those of recorded answers, their
lengths made up. How a property is written down: `syncline.sandbox.odata_model.properties`.
"""

from __future__ import annotations

from syncline.sandbox.odata_model import Entity, Navigation, properties

_AUDIT = "EntityLastChangedOn:or CreatedBy:80r ETag:orx"

_ACCOUNT = f"""
ObjectID*:70r AccountID:10f UUID:gf ExternalID:100r ExternalSystem:32r RoleCode:6 LifeCycleStatusCode:2
LifeCycleStatusCodeText:40rx DUNSID:60 LegalFormCode:2 CustomerABCClassificationCode:1 IndustrialSectorCode:10
ContactPermissionCode:1 BusinessPartnerFormattedName:480r Name:40 AdditionalName:40 CountryCode:3 StateCode:6
HouseNumber:10 Street:60 AddressLine1:40 AddressLine2:40 AddressLine4:40 City:40 District:40 StreetPostalCode:10
POBox:10 Phone:40 NormalisedPhone:40r Mobile:40 Fax:40 Email:255 WebSite:1280 LanguageCode:2
SalesSupportBlockingIndicator:b OwnerID:20 ParentAccountID:10r CreationOn:or ChangedOn:or ChangedBy:80r
SynclineID_KUT:40 {_AUDIT}
"""
_CONTACT = f"""
ObjectID*:70r ContactID:10f ContactUUID:gr ExternalID:100r ExternalSystem:32r StatusCode:2 StatusCodeText:40rx
TitleCode:4 FirstName:40 MiddleName:40 LastName:40 NickName:40 Name:480r GenderCode:1 LanguageCode:2 BirthDate:d
ContactPermissionCode:1 AccountID:10 AccountUUID:gr AccountFormattedName:480r JobTitle:40 FunctionCode:4
DepartmentCode:4 Department:40 Phone:40 NormalisedPhone:40r Mobile:40 Fax:40 Email:255 EmailInvalidIndicator:b
BusinessAddressCountryCode:3 BusinessAddressStreet:60 BusinessAddressHouseNumber:10 BusinessAddressCity:40
BusinessAddressStreetPostalCode:10 BusinessAddressStateCode:6 ContactOwnerID:20 CreationOn:or ChangedOn:or
ChangedBy:480r SynclineID_KUT:40 {_AUDIT}
"""
_RELATION = """
ObjectID*:70r ParentObjectID:70r ContactID:10r AccountID:10r ReverseMainIndicator:b JobTitle:40 Department:40
Email:255 Phone:60 EntityLastChangedOn:or ETag:orx
"""
_LEAD = f"""
ObjectID*:70r ID:35f UUID:gr ExternalID:100 Name:255 AccountPartyID:60 AccountPartyName:80r ContactID:60
ContactName:80r Company:80 ContactFirstName:40 ContactMiddleName:40 ContactLastName:40 ContactFunctionalTitleName:40
ContactPhone:60 ContactMobile:60 ContactEMail:255 ContactAllowedCode:1 QualificationLevelCode:2 UserStatusCode:2
UserStatusCodeText:40rx ResultReasonCode:3 OriginTypeCode:3 PriorityCode:1 StartDate:d EndDate:d OwnerPartyID:60
Note:1000 AccountCity:40 AccountCountry:3 AccountState:6 AccountPostalAddressElementsHouseID:10
AccountPostalAddressElementsStreetName:60 AccountPostalAddressElementsStreetSufix:40
AccountPostalAddressElementsStreetPostalCode:10 AccountPhone:60 AccountEMail:255 AccountWebsite:255
ExpectedRevenueAmount:n ExpectedRevenueCurrencyCode:3 LifeCycleStatusCode:2r CreationDateTime:or
LastChangeDateTime:or LastChangedBy:80r SynclineID_KUT:40 {_AUDIT}
"""
_OPPORTUNITY = f"""
ObjectID*:70r ProcessingTypeCode:4f ID:35f ExternalID:100 UUID:gr ProspectPartyID:60 ProspectPartyName:80r Name:255
PrimaryContactPartyID:60 PriorityCode:1 OriginTypeCode:3 LifeCycleStatusCode:2 LifeCycleStatusCodeText:40rx
ResultReasonCode:3 SalesCycleCode:3 SalesCyclePhaseCode:3 SalesCyclePhaseCodeText:40rx ProbabilityPercent:n
ExpectedRevenueAmount:n ExpectedRevenueAmountCurrencyCode:3 ExpectedProcessingStartDate:d
ExpectedProcessingEndDate:d SalesForecastCategoryCode:2 MainEmployeeResponsiblePartyID:60 CreationDateTime:or
LastChangeDateTime:or LastChangedBy:80r SynclineID_KUT:40 {_AUDIT}
"""
_TICKET = f"""
ObjectID*:70r ID:35f UUID:gr ProcessingTypeCode:4 Name:255 DataOriginTypeCode:3f EscalationStatusCode:2
ServicePriorityCode:1 ServicePriorityCodeText:40rx ServiceRequestUserLifeCycleStatusCode:2
ServiceRequestUserLifeCycleStatusCodeText:40rx ServiceRequestLifeCycleStatusCode:2r BuyerPartyID:60
BuyerPartyName:80r BuyerMainContactPartyID:60 ProcessorPartyID:60 MainTicketID:35r ServiceIssueCategoryID:20
ReportedPartyID:60 RequestCloseddatetimeContent:33 CreationDateTime:or LastChangeDateTime:or LastChangedBy:80r
SynclineID_KUT:40 {_AUDIT}
"""


class Collection(Entity):
    """An entity set and its type: ContactCollection and Contact."""

    @property
    def type(self) -> str:
        return self.name.removesuffix("Collection")


ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Collection(name="CorporateAccountCollection", properties=properties(_ACCOUNT), versioned=True, deletable=False),
        Collection(
            name="ContactCollection",
            properties=properties(_CONTACT),
            navigations={
                "ContactIsContactPersonFor": Navigation(
                    target="ContactIsContactPersonForCollection", many=True, on={"ObjectID": "ParentObjectID"}
                )
            },
            versioned=True,
            deletable=False,
        ),
        Collection(
            name="ContactIsContactPersonForCollection",
            properties=properties(_RELATION),
            versioned=True,
            creatable=False,
        ),
        Collection(name="LeadCollection", properties=properties(_LEAD), versioned=True),
        Collection(name="OpportunityCollection", properties=properties(_OPPORTUNITY), versioned=True),
        Collection(name="ServiceRequestCollection", properties=properties(_TICKET), versioned=True),
    )
}
