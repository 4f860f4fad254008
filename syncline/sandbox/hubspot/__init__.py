"""A fake HubSpot account: CRM objects, search, properties, associations and OAuth, with the vendor's own traps."""

from syncline.sandbox.hubspot.fake import HubSpotFake

__all__ = ["HubSpotFake"]
