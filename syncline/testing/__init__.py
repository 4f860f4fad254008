"""What proves a connector: a suite that its test file inherits, and the check of its ``quality.yaml``.

::

    class TestAcme(ConnectorSuite):
        page = 5                                             # records a page of the connector made below

        def start(self): return AcmeFake(self.clock)         # an empty system; None where it is not spoken to by HTTP
        def make(self): return AcmeConnector(AcmeSettings(url="https://acme.example", page=5), self.context())
        def row(self, stream, n): return {"name": f"Name {n}"}         # the fields of a good new record, number n
        def seed(self, stream, rows): return self.fake.seed(stream, rows)      # somebody adds records: their keys
        def edit(self, stream, key, fields): self.fake.edit(stream, key, fields)
        def delete(self, stream, key): self.fake.delete(stream, key)
        def merge(self, stream, loser, survivor): ...        # where the system shows what became of a merged record
        def expire(self, stream): ...                        # where positions can become too old

The facts on the streams decide which tests apply; the others are skipped, and say why. A test that does not fit is
overridden in the subclass with a skip and its reason: visible, never silent.

A transform of yours is proved by `transform_laws`.
"""

import pytest

pytest.register_assert_rewrite(
    "syncline.testing.bench",
    "syncline.testing.facts",
    "syncline.testing.faults",
    "syncline.testing.moving",
    "syncline.testing.reading",
    "syncline.testing.writing",
)

from syncline.quality import RULES, check_quality  # noqa: E402 (asserts are to be rewritten first)
from syncline.testing.suite import ConnectorSuite  # noqa: E402
from syncline.testing.transforms import transform_laws  # noqa: E402 (asserts are to be rewritten first)
from syncline.testing.wire import Fault, Wire  # noqa: E402

__all__ = ["RULES", "ConnectorSuite", "Fault", "Wire", "check_quality", "transform_laws"]
