"""What every connector keeps, kept by the Odoo connector in both dialects."""

from pathlib import Path

import connectors.odoo
from connectors.odoo import OdooConnector, OdooSettings
from syncline.sandbox.odoo import OdooFake
from syncline.testing import ConnectorSuite

MODELS = {
    "companies": "res.partner",
    "people": "res.partner",
    "leads": "crm.lead",
    "opportunities": "crm.lead",
    "orders": "sale.order",
}
TEXTS = {"companies": "ref", "people": "function", "leads": "partner_name", "opportunities": "partner_name"}


class TestOdoo(ConnectorSuite):
    page = 5
    version = 19
    quality = Path(connectors.odoo.__file__).with_name("quality.yaml")

    def start(self):
        return OdooFake(self.clock, version=self.version)

    def make(self):
        settings = OdooSettings(
            url="https://acme.example.com",
            database="demo",
            key="canary-key",
            login="admin",
            page=self.page,
            streams=[*MODELS],
        )
        return OdooConnector(settings, self.context())

    def row(self, stream, n):
        if stream == "orders":
            return {"client_order_ref": f"PO {n}"}
        return {"name": f"Name {n}", TEXTS[stream]: f"text {n}"}

    def seed(self, stream, rows):
        made = {"companies": {"is_company": True}, "opportunities": {"type": "opportunity"}}.get(stream, {})
        if stream == "orders":
            [buyer] = self.fake.seed("res.partner", [{"name": "Buyer"}])
            made = {"partner_id": buyer}
        return [str(key) for key in self.fake.seed(MODELS[stream], [{**row, **made} for row in rows])]

    def edit(self, stream, key, fields):
        self.fake.edit(MODELS[stream], int(key), fields)

    def delete(self, stream, key):
        self.fake.delete(MODELS[stream], int(key))

    def merge(self, stream, loser, survivor):
        if MODELS[stream] != "res.partner":
            return False  # merged leads leave no note that names them by id
        self.fake.merge("res.partner", int(survivor), int(loser))
        return None

    def text_field(self, stream):
        return TEXTS.get(stream.name, "client_order_ref")

    def bad_row(self, stream):
        return {**self.row(stream.name, 90), "name": None}


class TestOdooBeforeJson2(TestOdoo):
    version = 17
