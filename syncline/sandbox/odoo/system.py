"""How the fake server is served."""

from syncline.sandbox.odoo.fake import OdooFake
from syncline.sandbox.system import System

SYSTEM = System(
    "odoo",
    "an Odoo database (JSON-2 and JSON-RPC)",
    8408,
    "connector: odoo\nurl: {url}\ndatabase: demo\nkey: canary-key\nlogin: admin",
    lambda data: OdooFake(path=data),
    keep=lambda fake, path: fake.save(path),
)
