"""A fake NetSuite account: SuiteTalk REST, SuiteQL, token-based and machine-to-machine authentication."""

from syncline.sandbox.netsuite.fake import NetSuiteFake

__all__ = ["NetSuiteFake"]
