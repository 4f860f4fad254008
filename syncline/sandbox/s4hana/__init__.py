"""A fake SAP S/4HANA that speaks API_BUSINESS_PARTNER (OData 2.0), keeps state and misbehaves on demand."""

from syncline.sandbox.s4hana.fake import S4HanaFake

__all__ = ["S4HanaFake"]
