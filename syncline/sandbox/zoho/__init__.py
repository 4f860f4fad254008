"""A fake organisation in Zoho CRM, API v8."""

from syncline.sandbox.zoho.fake import ZohoFake

__all__ = ["ZohoFake"]
