"""A file with thirty different mistakes yields thirty right diagnostics in one run: no fewer, no more, each in its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.contract import Field, FieldType
from mappings.compile import load
from model.diagnostics import Diagnostic, Severity
from model.entities import schemas

SCHEMAS = schemas()
MISTAKES = Path(__file__).parent / "mistakes"
FIELDS = [
    Field(name="Id", creatable=False, updatable=False),
    Field(name="FirstName"),
    Field(name="MiddleName", label="Middle Name"),
    Field(name="LastName", max_length=80),
    Field(name="Name", creatable=False, updatable=False),
    Field(name="Nick"),
    Field(name="Suffix"),
    Field(name="Status"),
    Field(name="Title", max_length=128),
    Field(name="Points", type=FieldType.INTEGER),
    Field(name="Tags", type=FieldType.SET),
    Field(name="Keywords"),
    Field(name="Sex", type=FieldType.CHOICE, choices=("M", "F"), restricted=True),
    Field(name="Secret", readable=False),
    Field(name="AccountId", type=FieldType.REFERENCE, references=("Account",)),
    Field(name="Email"),
    Field(name="Phone"),
    Field(name="Web"),
    Field(name="Email2"),
    Field(name="Mobile"),
    Field(name="Birthdate", type=FieldType.DATE),
    Field(name="Department"),
    Field(name="Language"),
    Field(name="Notes"),
]


def found(name: str) -> list[Diagnostic]:
    mapping, notes = load((MISTAKES / name).read_text(encoding="utf-8"), name, SCHEMAS, FIELDS)
    assert mapping is None
    return notes


def show(name):
    for one in found(name):
        print((one.code, one.line, one.column), one)
