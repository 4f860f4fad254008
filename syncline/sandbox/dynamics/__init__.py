"""A fake Dynamics 365 environment: Dataverse Web API v9.2 behind a Microsoft Entra token endpoint."""

from syncline.sandbox.dynamics.fake import DynamicsFake

__all__ = ["DynamicsFake"]
