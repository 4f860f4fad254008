"""The part of API_BUSINESS_PARTNER that is faked: what connectors of customer data use of it.

Names, types and lengths are those of the service; an interop test holds them against a package generated from its
EDMX. How a property is written down: `syncline.sandbox.odata_model.properties`.
"""

from __future__ import annotations

from syncline.sandbox.odata_model import Entity, Navigation, properties

FOREVER = "9999-12-31T23:59:59"
LAST_DAY = "9999-12-31T00:00:00"

_PARTNER = """
BusinessPartner*:10a Customer:10ar Supplier:10ar AcademicTitle:4u AuthorizationGroup:4u BusinessPartnerCategory:1uf
BusinessPartnerFullName:81r BusinessPartnerGrouping:4uf BusinessPartnerName:81r BusinessPartnerUUID:gr
CorrespondenceLanguage:2 CreatedByUser:12ur CreationDate:dr CreationTime:tr FirstName:40 FormOfAddress:4u Industry:10u
IsFemale:b IsMale:b IsNaturalPerson:1u IsSexUnknown:b Language:2 LastChangeDate:dr LastChangeTime:tr
LastChangedByUser:12ur LastName:40 LegalForm:2u OrganizationBPName1:40 OrganizationBPName2:40 OrganizationBPName3:40
OrganizationBPName4:40 OrganizationFoundationDate:d SearchTerm1:20u SearchTerm2:20u AdditionalLastName:40 BirthDate:d
BusinessPartnerIsBlocked:b BusinessPartnerType:4u ETag:26r MiddleName:40 PersonFullName:80 IsMarkedForArchiving:b
BusinessPartnerIDByExtSystem:20u BusinessPartnerBirthName:40 Initials:10u GroupBusinessPartnerName1:40
"""
_ADDRESS = """
BusinessPartner*:10a AddressID*:10a ValidityStartDate:o ValidityEndDate:o AddressUUID:gr CareOfName:40 CityName:40
Country:3u District:40 FullName:80r HouseNumber:10 HouseNumberSupplementText:10 Language:2 POBox:10u POBoxPostalCode:10u
Person:10ur PostalCode:10u Region:3u StreetName:60 StreetPrefixName:40 StreetSuffixName:40 AddressTimeZone:6u
AddressIDByExternalSystem:20u
"""
_EMAIL = """
AddressID*:10a Person*:10a OrdinalNumber*:3 IsDefaultEmailAddress:b EmailAddress:241 SearchEmailAddress:20ur
AddressCommunicationRemarkText:50
"""
_PHONE = """
AddressID*:10a Person*:10a OrdinalNumber*:3 DestinationLocationCountry:3u IsDefaultPhoneNumber:b PhoneNumber:30u
PhoneNumberExtension:10u InternationalPhoneNumber:30ur PhoneNumberType:1u AddressCommunicationRemarkText:50
"""
_URL = """
AddressID*:10a Person*:10a OrdinalNumber*:3 ValidityStartDate*:d IsDefaultURLAddress*:b SearchURLAddress:50ur
AddressCommunicationRemarkText:50 URLFieldLength:ir WebsiteURL:2048
"""
_CONTACT = """
RelationshipNumber*:12a BusinessPartnerCompany*:10a BusinessPartnerPerson*:10a ValidityEndDate*:d ValidityStartDate:d
IsStandardRelationship:b RelationshipCategory:6u
"""
_FUNCTION = """
RelationshipNumber*:12a BusinessPartnerCompany*:10a BusinessPartnerPerson*:10a ValidityEndDate*:d
ContactPersonDepartment:4u ContactPersonDepartmentName:40 ContactPersonFunction:4u ContactPersonFunctionName:40
ContactPersonRemarkText:40 EmailAddress:241 FaxNumber:30u PhoneNumber:30u PhoneNumberExtension:10u
RelationshipCategory:6u
"""
_CUSTOMER = """
Customer*:10a BillingIsBlockedForCustomer:2u CreatedByUser:12ur CreationDate:dr CustomerAccountGroup:4u
CustomerClassification:2u CustomerFullName:220ur CustomerName:80r DeliveryIsBlocked:2u OrderIsBlockedForCustomer:2u
PostingIsBlocked:b TaxNumber1:16ur VATRegistration:20u DeletionIndicator:b
"""

_OF_PARTNER = {"BusinessPartner": "BusinessPartner"}
_OF_ADDRESS = {"AddressID": "AddressID", "Person": "Person"}
_OF_CONTACT = {name: name for name in ("RelationshipNumber", "BusinessPartnerCompany", "BusinessPartnerPerson")}


def _phones(kind: str) -> Navigation:
    return Navigation(target="A_AddressPhoneNumber", many=True, on=_OF_ADDRESS, where={"PhoneNumberType": kind})


ENTITIES = {
    entity.name: entity
    for entity in (
        Entity(
            name="A_BusinessPartner",
            properties=properties(_PARTNER),
            navigations={
                "to_BuPaIdentification": Navigation(target="A_BuPaIdentification", many=True, on=_OF_PARTNER),
                "to_BusinessPartnerAddress": Navigation(target="A_BusinessPartnerAddress", many=True, on=_OF_PARTNER),
                "to_BusinessPartnerContact": Navigation(
                    target="A_BusinessPartnerContact", many=True, on={"BusinessPartner": "BusinessPartnerCompany"}
                ),
                "to_BusinessPartnerRole": Navigation(target="A_BusinessPartnerRole", many=True, on=_OF_PARTNER),
                "to_Customer": Navigation(target="A_Customer", many=False, on={"Customer": "Customer"}),
            },
            versioned=True,
            deletable=False,
        ),
        Entity(
            name="A_BusinessPartnerAddress",
            properties=properties(_ADDRESS),
            navigations={
                "to_AddressUsage": Navigation(
                    target="A_BuPaAddressUsage", many=True, on={**_OF_PARTNER, "AddressID": "AddressID"}
                ),
                "to_EmailAddress": Navigation(target="A_AddressEmailAddress", many=True, on=_OF_ADDRESS),
                "to_MobilePhoneNumber": _phones("3"),
                "to_PhoneNumber": _phones("1"),
                "to_URLAddress": Navigation(target="A_AddressHomePageURL", many=True, on=_OF_ADDRESS),
            },
            versioned=True,
        ),
        Entity(
            name="A_BuPaAddressUsage",
            properties=properties(
                "BusinessPartner*:10a ValidityEndDate*:o AddressUsage*:10u AddressID*:10a ValidityStartDate:o "
                "StandardUsage:b"
            ),
        ),
        Entity(name="A_AddressEmailAddress", properties=properties(_EMAIL)),
        Entity(name="A_AddressPhoneNumber", properties=properties(_PHONE)),
        Entity(name="A_AddressHomePageURL", properties=properties(_URL)),
        Entity(
            name="A_BuPaIdentification",
            properties=properties(
                "BusinessPartner*:10a BPIdentificationType*:6u BPIdentificationNumber*:60u "
                "BPIdnNmbrIssuingInstitute:40 Country:3u ValidityStartDate:d ValidityEndDate:d"
            ),
        ),
        Entity(
            name="A_BusinessPartnerRole",
            properties=properties("BusinessPartner*:10a BusinessPartnerRole*:6u ValidFrom:o ValidTo:o"),
            deletable=False,
        ),
        Entity(
            name="A_BusinessPartnerContact",
            properties=properties(_CONTACT),
            navigations={
                "to_ContactRelationship": Navigation(target="A_BPContactToFuncAndDept", many=False, on=_OF_CONTACT)
            },
        ),
        Entity(name="A_BPContactToFuncAndDept", properties=properties(_FUNCTION), creatable=False, deletable=False),
        Entity(name="A_Customer", properties=properties(_CUSTOMER), versioned=True, creatable=False, deletable=False),
    )
}
