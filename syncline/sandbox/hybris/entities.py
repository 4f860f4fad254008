"""The integration object of the fake, item by item, and the EDMX that SAP Commerce generates for it.

Attributes are those of the types of the same names (commerceservices, b2bcommerce, core). How a property is written
down: `syncline.sandbox.odata_model.properties`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from syncline.sandbox.odata_model import Entity, Navigation, Property, properties

NAMESPACE = "HybrisCommerceOData"
KEY = "integrationKey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Entity):
    """``unique``: what keys are made of. ``required``: what it cannot be without; references are taken from around the
    item, where they are not named. ``makes``: references whose items are made along (partOf, autoCreate). ``below``:
    items of a type below this one, which are items of this one, too."""

    item: str
    unique: tuple[str, ...]
    required: tuple[str, ...] = ()
    makes: frozenset[str] = frozenset()
    below: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        return self.item


def _item(
    name: str,
    item: str,
    spec: str,
    unique: str,
    leads: Mapping[str, str] | None = None,
    *,
    required: tuple[str, ...] = (),
    makes: frozenset[str] = frozenset(),
    below: tuple[str, ...] = (),
) -> Item:
    """``leads``: navigations, with ``*`` behind the target where there may be many."""
    return Item(
        name=name,
        item=item,
        properties=properties(f"{spec} {KEY}*:255r"),
        navigations={
            path: Navigation(target=target.rstrip("*"), many=target.endswith("*"), on={})
            for path, target in (leads or {}).items()
        },
        unique=tuple(unique.split()),
        required=required,
        makes=makes,
        below=below,
    )


_USER = "uid:255 name:255 customerID:255 synclineId:255 loginDisabled:b modifiedtime:dr creationtime:dr"
_ADDRESSES = {"defaultPaymentAddress": "CustomerAddresses", "defaultShipmentAddress": "CustomerAddresses"}
_PLACE = """
publicKey:255 streetname:255 streetnumber:255 town:255 postalcode:255 company:255 phone1:255 cellphone:255 email:255
"""
_IN = {"country": "Countries", "region": "Regions"}
_OWN = frozenset(_ADDRESSES)

ITEMS = {
    item.name: item
    for item in (
        _item(
            "B2BUnits",
            "B2BUnit",
            "uid:255 name:255 locName:255 description:255 vatID:255 active:b synclineId:255 modifiedtime:dr",
            "B2BUnit_uid",
            {"groups": "B2BUnits*", "billingAddress": "UnitAddresses", "shippingAddress": "UnitAddresses"},
            makes=frozenset({"billingAddress", "shippingAddress"}),
        ),
        _item(
            "Customers",
            "Customer",
            f"{_USER} originalUid:255r",
            "Customer_uid",
            {"title": "Titles"},
            below=("B2BCustomers",),
        ),
        _item(
            "B2BCustomers",
            "B2BCustomer",
            f"{_USER} originalUid:255r email:255 active:b",
            "B2BCustomer_uid",
            {"title": "Titles", "defaultB2BUnit": "B2BUnits", **_ADDRESSES},
            required=("email",),
            makes=_OWN,
        ),
        _item(
            "UnitAddresses",
            "UnitAddress",
            _PLACE,
            "B2BUnit_uid UnitAddress_publicKey",
            {"owner": "B2BUnits", **_IN},
            required=("owner",),
        ),
        _item(
            "CustomerAddresses",
            "CustomerAddress",
            _PLACE,
            "CustomerAddress_publicKey",
            {"owner": "B2BCustomers", **_IN},
            required=("owner",),
        ),
        _item("Countries", "Country", "isocode:255 name:255", "Country_isocode"),
        _item("Regions", "Region", "isocode:255 name:255", "Country_isocode Region_isocode", {"country": "Countries"}),
        _item("Titles", "Title", "code:255 name:255", "Title_code"),
        _item("Currencies", "Currency", "isocode:255", "Currency_isocode"),
        _item("OrderStatuses", "OrderStatus", "code:255", "OrderStatus_code"),
        _item("PaymentStatuses", "PaymentStatus", "code:255", "PaymentStatus_code"),
        _item("DeliveryStatuses", "DeliveryStatus", "code:255", "DeliveryStatus_code"),
        _item("Products", "Product", "code:255 name:255", "Product_code"),
        _item(
            "Orders",
            "Order",
            "code:255 date:d totalPrice:255 purchaseOrderNumber:255 modifiedtime:dr",
            "Order_code",
            {
                "user": "Customers",
                "unit": "B2BUnits",
                "currency": "Currencies",
                "status": "OrderStatuses",
                "paymentStatus": "PaymentStatuses",
                "deliveryStatus": "DeliveryStatuses",
                "entries": "OrderEntries*",
                "deliveryAddress": "CustomerAddresses",
            },
            makes=frozenset({"entries", "deliveryAddress"}),
        ),
        _item(
            "OrderEntries",
            "OrderEntry",
            "entryNumber:i quantity:255 basePrice:255 totalPrice:255 info:255",
            "Order_code OrderEntry_entryNumber",
            {"order": "Orders", "product": "Products"},
        ),
        _item("BaseSites", "BaseSite", "uid:255", "BaseSite_uid"),
        _item(
            "ConsentTemplates",
            "ConsentTemplate",
            "id:255 version:i name:255",
            "BaseSite_uid ConsentTemplate_id ConsentTemplate_version",
            {"baseSite": "BaseSites"},
        ),
        _item(
            "Consents",
            "Consent",
            "code:255 consentGivenDate:d consentWithdrawnDate:d",
            "Consent_code",
            {"customer": "Customers", "consentTemplate": "ConsentTemplates"},
        ),
    )
}


def edmx(items: Mapping[str, Item]) -> bytes:
    """The ``$metadata`` document; ``s:Alias`` says what keys are made of."""
    types = "".join(map(_type, items.values()))
    links = [
        (f"FK_{one.item}_{name}", one, name, leads) for one in items.values() for name, leads in one.navigations.items()
    ]
    associations = "".join(
        f'<Association Name="{link}"><End Type="{NAMESPACE}.{one.item}" Multiplicity="0..1" Role="{one.item}"/>'
        f'<End Type="{NAMESPACE}.{items[leads.target].item}" Multiplicity="{"*" if leads.many else "0..1"}" '
        f'Role="{_role(one, name, items[leads.target])}"/></Association>'
        for link, one, name, leads in links
    )
    sets = "".join(f'<EntitySet Name="{one.name}" EntityType="{NAMESPACE}.{one.item}"/>' for one in items.values())
    pairs = "".join(
        f'<AssociationSet Name="{link}s" Association="{NAMESPACE}.{link}"><End EntitySet="{one.name}" '
        f'Role="{one.item}"/><End EntitySet="{leads.target}" Role="{_role(one, name, items[leads.target])}"/>'
        "</AssociationSet>"
        for link, one, name, leads in links
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0">'
        '<edmx:DataServices m:DataServiceVersion="1.0" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        f'<Schema Namespace="{NAMESPACE}" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" s:schema-version="1" '
        f'xmlns:s="http://schemas.sap.com/commerce">{types}{associations}'
        f'<EntityContainer Name="Container" m:IsDefaultEntityContainer="true">{sets}{pairs}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


def _role(one: Item, name: str, target: Item) -> str:
    return target.item if target.item != one.item else name


def _type(one: Item) -> str:
    own = "".join(_property(one, known) for known in one.properties.values())
    items = {name: ITEMS[leads.target] for name, leads in one.navigations.items()}
    leads = "".join(
        f'<NavigationProperty Name="{name}" Relationship="{NAMESPACE}.FK_{one.item}_{name}" FromRole="{one.item}" '
        f'ToRole="{_role(one, name, target)}" Nullable="true"/>'
        for name, target in items.items()
    )
    return f'<EntityType Name="{one.item}"><Key><PropertyRef Name="{KEY}"/></Key>{own}{leads}</EntityType>'


def _property(one: Item, known: Property) -> str:
    needed = known.name == KEY or known.name in one.required or f"{one.item}_{known.name}" in one.unique
    text = f'<Property Name="{known.name}" Type="{known.edm}" Nullable="{str(not needed).lower()}"'
    if known.name == KEY:
        return f"{text} s:Alias={quoteattr('|'.join(one.unique))}/>"
    return text + (' s:IsUnique="true"/>' if f"{one.item}_{known.name}" in one.unique else "/>")
