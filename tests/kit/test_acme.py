"""The connector that authors begin with passes the suite that every connector inherits."""

from syncline.scaffold.acme.test_acme import TestAcme

__all__ = ["TestAcme"]
