"""A fake Salesforce org that speaks the REST and Bulk 2.0 wire protocols, keeps state and misbehaves on demand."""

from syncline.sandbox.salesforce.fake import SalesforceFake

__all__ = ["SalesforceFake"]
