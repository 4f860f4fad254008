"""HubSpot's refusals in the several forms they come in, as people met them."""

import pytest

from connectors.hubspot.errors import complaint_of, outcome_of, request_error
from connectors.sdk import OutcomeKind, ProtocolError, RefusedError, UnauthorisedError, Write

COORDINATES = (
    "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType=CONTACT}, "
    "propertyName=email, value=ng@example.com} on 552148386511. 552239500007 already has that value."
)
LISTED = (
    'Property values were not valid: [{"isValid":false,"message":"Gold was not one of the allowed options: [Silver]",'
    '"error":"INVALID_OPTION","name":"tier","portalId":1}]'
)
SCOPES = {
    "message": "One or more of the following scopes are required.",
    "context": {"requiredGranularScopes": ["crm.objects.contacts.read"]},
}


def entry(category, message, **more):
    return {"status": "error", "category": category, "message": message, **more}


@pytest.mark.parametrize(
    ("told", "holder"),
    [
        (entry("CONFLICT", "Contact already exists. Existing ID: 512159482605"), "512159482605"),
        (entry("VALIDATION_ERROR", COORDINATES), "552239500007"),  # the other id is the record that was being written
    ],
)
def test_the_record_that_has_the_value_is_named_in_either_form(told, holder):
    outcome = outcome_of(complaint_of(told), Write("7", {"email": "ng@example.com"}), "updating contacts")
    assert (outcome.kind, outcome.of) == (OutcomeKind.DUPLICATE, holder)
    assert "ng@example.com" not in str(outcome)


@pytest.mark.parametrize(
    "told",
    [
        entry("VALIDATION_ERROR", LISTED),
        entry(
            "VALIDATION_ERROR",
            "Property values were not valid",
            errors=[{"message": "x", "code": "INVALID_OPTION", "context": {"propertyName": ["tier"]}}],
        ),
    ],
)
def test_the_property_and_the_reason_are_found_in_either_form(told):
    outcome = outcome_of(complaint_of(told), Write(None, {"tier": "Gold"}), "creating contacts")
    assert (outcome.kind, outcome.code, outcome.field) == (OutcomeKind.REFUSED, "INVALID_OPTION", "tier")
    assert "Gold" not in str(outcome)


def test_required_properties_that_are_missing_are_named():
    told = entry("VALIDATION_ERROR", "Error creating DEAL. Some required…", context={"properties": ["dealname"]})
    assert complaint_of(told).properties == ("dealname",)


def test_what_is_missing_on_a_create_is_not_the_record_itself():
    told = complaint_of(entry("OBJECT_NOT_FOUND", "gone", context={"ids": ["7"]}))
    assert outcome_of(told, Write("7", {}), "updating").kind is OutcomeKind.MISSING
    assert outcome_of(told, Write(None, {}), "creating").kind is OutcomeKind.REFUSED


def test_a_missing_scope_is_told_by_its_name():
    error = request_error(403, entry("MISSING_SCOPES", "This app…", errors=[SCOPES]), "reading contacts")
    assert isinstance(error, UnauthorisedError)
    assert "crm.objects.contacts.read" in str(error)


@pytest.mark.parametrize("body", [[], {"message": "no"}, None, "no", {"category": None}])
def test_an_error_that_is_not_of_hubspots_form_is_said_to_be_none(body):
    assert isinstance(request_error(400, body, "reading contacts"), ProtocolError)


@pytest.mark.parametrize(
    "odd",
    [
        {"errors": "no list"},
        {"errors": [None, 3]},
        {"context": "none"},
        {"context": {"ids": None}},
        {"message": "Property values were not valid: [not json"},
        {"message": 'Property values were not valid: {"a": 1}'},
        {"subCategory": {"odd": 1}},
    ],
)
def test_any_part_of_an_error_may_be_missing_or_odd(odd):
    error = request_error(400, {"category": "VALIDATION_ERROR", **odd}, "creating contacts")
    assert isinstance(error, RefusedError)
    assert error.code == "VALIDATION_ERROR"
