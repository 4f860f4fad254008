"""The whole suite."""

from syncline.testing.facts import Facts
from syncline.testing.faults import Faults
from syncline.testing.moving import Moving
from syncline.testing.reading import Reading
from syncline.testing.writing import Writing


class ConnectorSuite(Facts, Reading, Moving, Writing, Faults):
    """Everything a connector must get right. See `syncline.testing` for what a subclass gives."""
