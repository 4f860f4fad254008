"""What authors of connectors and of transforms can rely on."""

import connectors.http
import connectors.oauth
import connectors.sdk
import mappings.transforms.base
from model.fields import Kind
from syncline import sdk

# fmt: off
NAMES = [
    "Answer", "AnswerLostError", "Auth", "Basic", "Bearer", "CONTRACT", "ClientCredentials", "Clock",
    "ConfigurationError", "Connector", "ConnectorError", "Context", "CursorExpiredError", "Deletes",
    "Diagnostic", "Download", "Field", "FieldType", "Flaw", "Http", "JwtBearer", "MemoryTokens", "Outcome",
    "OutcomeKind", "Page", "Problem", "ProtocolError", "Record", "RefreshToken", "RefusedError", "Replay",
    "Settings", "Severity", "SourceIncompleteError", "Stream", "ThrottledError", "Token", "TokenStore",
    "Transport", "UnauthorisedError", "UnreachableError", "Watermark", "Write", "Writes", "parse_moment",
    "verify_deeds",
]
OF_TRANSFORMS = ["Entry", "Example", "Form", "Kind", "NOTHING", "OptionError", "Parts", "Transform", "UnfitError"]
# fmt: on


def test_the_public_names_are_these_and_change_only_on_purpose():
    assert sorted(sdk.__all__) == sorted([*NAMES, *OF_TRANSFORMS])
    assert sorted(set(sdk.__all__)) == sorted(sdk.__all__)


def test_authors_get_the_very_objects_that_the_built_in_connectors_use():
    for name in connectors.sdk.__all__:
        assert getattr(sdk, name) is getattr(connectors.sdk, name)
    for name in set(sdk.__all__) - set(connectors.sdk.__all__) - set(OF_TRANSFORMS):
        home = connectors.oauth if hasattr(connectors.oauth, name) else connectors.http
        assert getattr(sdk, name) is getattr(home, name)


def test_authors_of_transforms_get_the_very_objects_that_the_built_in_ones_use():
    for name in set(OF_TRANSFORMS) - {"Kind"}:
        assert getattr(sdk, name) is getattr(mappings.transforms.base, name)
    assert sdk.Kind is Kind
