"""A fake Odoo server that speaks JSON-2 and JSON-RPC, keeps one database and misbehaves on demand."""

from syncline.sandbox.odoo.fake import OdooFake

__all__ = ["OdooFake"]
