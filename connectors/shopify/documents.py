"""The documents sent to a shop, and the shape of what is asked of each stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ADDRESS = """
fragment AddressFields on MailingAddress {
  id address1 address2 city provinceCode zip countryCodeV2 company phone firstName lastName
}
"""
_MONEY = "shopMoney { amount currencyCode }"
LINES = f"nodes {{ id sku title quantity originalUnitPriceSet {{ {_MONEY} }} discountedTotalSet {{ {_MONEY} }} }}"
LINES_AT_ONCE = 10
LOCATIONS_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked of one kind of object: ``fragment`` is named ``Fields``, ``root`` is its connection."""

    kind: str
    root: str
    fragment: str

    def page(self, name: str) -> str:
        """Pages in order of change, from a moment on."""
        return f"""query {name}($first: Int!, $after: String, $query: String) {{
  {self.root}(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {{
    nodes {{ ...Fields }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{self.fragment}"""

    def keys(self, name: str) -> str:
        """Pages of ids only, in the order of ids: consistent at once, because no search index is involved."""
        return f"""query {name}($first: Int!, $after: String) {{
  {self.root}(first: $first, after: $after, sortKey: ID) {{
    nodes {{ id }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

    def fetch(self, name: str) -> str:
        return f"query {name}($ids: [ID!]!) {{\n  nodes(ids: $ids) {{ ...Fields }}\n}}\n{self.fragment}"

    def several(self, kind: str, name: str, parts: Sequence[tuple[str, str]]) -> str:
        """One document of several aliased fields; ``parts`` are variable declarations and the field they serve."""
        declared = ", ".join(declaration for declaration, _ in parts)
        fields = "\n  ".join(text for _, text in parts)
        fragment = self.fragment if "...Fields" in fields else ""
        return f"{kind} {name}({declared}) {{\n  {fields}\n}}\n{fragment}"


_CONSENT = "smsMarketingConsent { state optInLevel updatedAt }"
_OLD_CONSENT = "marketingState marketingOptInLevel marketingUpdatedAt"
"""Outdated since 2026-10, and all that the versions before it have (the vendor's schemas of both)."""


def customers(metafields: Sequence[str], addresses: int, version: str) -> Shape:
    """Customers with the given metafields (``namespace.key``), aliased ``m0``, ``m1``, … in their order."""
    asked = []
    for place, full_key in enumerate(metafields):
        namespace, key = full_key.split(".", 1)
        asked.append(f'm{place}: metafield(namespace: "{namespace}", key: "{key}") {{ value }}')
    more = f"addressesV2(first: {addresses}) {{ nodes {{ ...AddressFields }} }}" if addresses else ""
    fragment = f"""fragment Fields on Customer {{
  id firstName lastName note tags locale taxExempt state createdAt updatedAt
  defaultEmailAddress {{ emailAddress marketingState marketingOptInLevel marketingUpdatedAt }}
  defaultPhoneNumber {{ phoneNumber {_CONSENT if version >= "2026-10" else _OLD_CONSENT} }}
  defaultAddress {{ ...AddressFields }}
  {more}
  {" ".join(asked)}
}}{_ADDRESS}"""
    return Shape("Customer", "customers", fragment)


COMPANIES = Shape(
    "Company",
    "companies",
    f"""fragment Fields on Company {{
  id name externalId note createdAt updatedAt
  mainContact {{ customer {{ id }} }}
  locations(first: {LOCATIONS_AT_ONCE}) {{
    nodes {{
      id name externalId phone
      shippingAddress {{ address1 address2 city zoneCode zip countryCode companyName phone }}
    }}
  }}
}}
""",
)

ORDERS = Shape(
    "Order",
    "orders",
    f"""fragment Fields on Order {{
  id name email poNumber sourceIdentifier processedAt createdAt updatedAt cancelledAt currencyCode
  displayFinancialStatus displayFulfillmentStatus
  customer {{ id }}
  totalPriceSet {{ {_MONEY} }}
  shippingAddress {{ ...AddressFields }}
  lineItems(first: {LINES_AT_ONCE}) {{ {LINES} pageInfo {{ hasNextPage endCursor }} }}
}}{_ADDRESS}""",
)

MORE_LINES = f"""query ReadLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: 100, after: $after) {{ {LINES} pageInfo {{ hasNextPage endCursor }} }} }}
}}"""

CHECK = """query Check($namespace: String!, $key: String!) {
  shop { name myshopifyDomain }
  currentAppInstallation { accessScopes { handle } }
  metafieldDefinitions(ownerType: CUSTOMER, namespace: $namespace, key: $key, first: 1) {
    nodes { type { name } capabilities { uniqueValues { enabled } } }
  }
}"""

CHECK_CUSTOMERS = """query CheckCustomers {
  customers(first: 1) { nodes { id firstName defaultEmailAddress { emailAddress } } }
  future: customers(first: 1, query: "updated_at:>='2999-01-01T00:00:00Z'") { nodes { id } }
}"""

CHECK_ORDERS = """query CheckOrders {
  future: orders(first: 1, query: "updated_at:>='2999-01-01T00:00:00Z'") { nodes { id } }
}"""

CHECK_COMPANIES = """query CheckCompanies {
  future: companies(first: 1, query: "updated_at:>='2999-01-01T00:00:00Z'") { nodes { id } }
}"""

DEFINITIONS = """query Definitions($after: String) {
  metafieldDefinitions(ownerType: CUSTOMER, first: 50, after: $after) {
    nodes { namespace key name type { name } }
    pageInfo { hasNextPage endCursor }
  }
}"""

DEFINE = """mutation DefineMarker($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) { userErrors { field code message } }
}"""
