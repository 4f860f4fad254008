"""A connector that breaks says what broke and where, and nothing of what it was given."""

import sys
from types import ModuleType

import pytest

from connectors.contract import Connector, Settings
from model.errors import UnreachableError
from syncline.catalogue import Catalogue, Source
from syncline.settings import load_project

SECRET = "hunter2-canary"
CONFIG = f"""\
syncline: 1
connections:
  crm:
    connector: acme
    token: {SECRET}
"""


class AcmeSettings(Settings):
    token: str


def asks_for_a_key(settings):
    raise KeyError(settings.token)


def needs_a_package(settings):
    raise ModuleNotFoundError(f"No module named 'acme_client' ({settings.token})", name="acme_client")


def opens_a_file(settings):
    raise PermissionError(13, "Permission denied", settings.token)


def says_it_itself(settings):
    raise UnreachableError(f"the schema service does not answer\n({len(settings.token)} tries)")


def wraps(settings):
    try:
        asks_for_a_key(settings)
    except KeyError as error:
        raise RuntimeError(settings.token) from error


def describing(breaks):
    class Acme(Connector):
        name = "acme"
        Settings = AcmeSettings

        def declared_streams(self):
            breaks(self.settings)

    return Acme


def making(breaks):
    class Acme(Connector):
        name = "acme"
        Settings = AcmeSettings

        def __init__(self, settings, context):
            breaks(settings)

    return Acme


@pytest.fixture
def complaint(write, monkeypatch):
    """The diagnostic of a project whose only connector is this class."""

    def load(kind):
        module = ModuleType("acme")
        module.Acme = kind
        monkeypatch.setitem(sys.modules, "acme", module)
        catalogue = Catalogue({"acme": (Source("acme", "acme:Acme", "acme-package"),)})
        _, found = load_project(write({"config.yaml": CONFIG}), environment={}, catalogue=catalogue)
        (one,) = [one for one in found if one.code == "broken-connector"]
        assert (one.line, one.column) == (4, 5)
        assert SECRET not in str(found)
        return one

    return load


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (asks_for_a_key, "KeyError, in "),
        (needs_a_package, "ModuleNotFoundError (acme_client), in "),
        (opens_a_file, "PermissionError (Permission denied), in "),
        (says_it_itself, "the schema service does not answer (14 tries), in "),
        (wraps, "RuntimeError after KeyError, in "),
    ],
)
def test_what_breaks_while_streams_are_described_is_named_without_a_value(complaint, breaks, said):
    one = complaint(describing(breaks))
    assert one.message.startswith(f"the connector breaks while it describes its streams: {said}")
    assert f"({breaks.__name__})" in one.message
    assert "tell its author" in one.hint


def test_what_breaks_while_the_connector_is_made_is_told_apart(complaint):
    one = complaint(making(asks_for_a_key))
    assert one.message.startswith("the connector cannot be made from these settings: KeyError, in ")
    assert "line " in one.message
