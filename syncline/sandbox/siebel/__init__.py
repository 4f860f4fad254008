"""A fake Siebel enterprise that speaks the REST data API, keeps state and misbehaves on demand."""

from syncline.sandbox.siebel.fake import SiebelFake

__all__ = ["SiebelFake"]
