"""A fake tenant of SAP Cloud for Customer that speaks c4codataapi (OData 2.0), keeps state and misbehaves on demand."""

from syncline.sandbox.c4c.fake import C4cFake

__all__ = ["C4cFake"]
