"""Fake tenants of SAP Cloud for Customer: version 1 (c4codataapi, OData 2.0) and version 2 (REST)."""

from syncline.sandbox.c4c.fake import C4cFake
from syncline.sandbox.c4c.second import C4cSecondFake

__all__ = ["C4cFake", "C4cSecondFake"]
