"""Codes of the built-in connectors: about their settings, and about what they find in the system."""

from __future__ import annotations

from syncline.explained.entry import Entry

CONNECTING = {
    "unauthorised": Entry(
        "The system does not let us in with these credentials.",
        "Look at user, secret and rights; in a service, whether it sees the same environment.",
    ),
    "unreachable": Entry(
        "The system does not answer at this address, or the folder is not there.",
        "Look at the address, at the network between here and there, and whether the system is up.",
    ),
    "protocol": Entry(
        "What answers at the address does not speak the system's language.",
        "Is there a login page, a proxy or a maintenance page in between?",
    ),
    "bad-address": Entry(
        "The setting is no http(s) address.",
        "Write it in full: https://…",
    ),
    "bad-url": Entry(
        "The address of the database cannot be understood.",
        "Write it as SQLAlchemy does: driver://user@host/name.",
    ),
    "no-access": Entry(
        "The user may not see what the stream needs.",
        "Give it the right, or leave the stream out.",
    ),
    "api-version": Entry(
        "The system does not offer the version asked for.",
        "Choose one it offers.",
    ),
    "api-budget": Entry(
        "Most of the calls the system allows in a day are used.",
        "Run less often, or have other programs call less; otherwise the system refuses calls until the day is over.",
    ),
    "external-id-read-only": Entry(
        "The user may not write the field for the hub's own id.",
        "Give it the right to edit the field.",
    ),
    "external-id-not-unique": Entry(
        "The field for the hub's own id may hold the same value twice, so a create could double.",
        "Make the field unique in the system.",
    ),
    "no-external-id": Entry(
        "There is no field for the hub's own id, or it is not declared as an external id.",
        "`syncline connections prepare` creates it where the user may.",
    ),
    "no-stamp": Entry(
        "The records carry no moment of their last change.",
        "Every read is a full one; leave the stream out if it is large.",
    ),
    "too-many-fields": Entry(
        "One query cannot ask for so many fields.",
        "Name those that are needed under `fields`.",
    ),
    "filter-ignored": Entry(
        "The system ignores the filter for what changed.",
        "Choose another `api_version`.",
    ),
    "options-blocked": Entry(
        "Something before the shop does not let it describe its fields. Orders of some statuses may be missing.",
        "Have host and firewall let OPTIONS requests through.",
    ),
    "marker-missing": Entry(
        "There is no place in the system for the hub's own id, so creates cannot be made safe.",
        "`syncline connections prepare` creates it where the user may.",
    ),
    "marker-not-unique": Entry(
        "The place for the hub's own id may hold the same value twice.",
        "Choose another `marker`, defined as unique.",
    ),
    "missing-scope": Entry(
        "The app lacks a right it needs.",
        "Add the scope to the app and install it again.",
    ),
    "protected-data": Entry(
        "The app may not see personal data.",
        "Request access for the app; until then names and addresses are empty.",
    ),
    "no-companies": Entry(
        "The system has no companies, or does not show them.",
        "Leave the stream out, or see the hint.",
    ),
    "other-shop": Entry(
        "Another system answers at this address.",
        "Put its own address there.",
    ),
    "other-version": Entry(
        "The system no longer serves the version of its API that is asked for, and answers with another.",
        "Choose another `api_version`, or leave it out.",
    ),
    "repeated-column": Entry(
        "The header of a file names one column twice.",
        "Rename one of them.",
    ),
    "unknown-column": Entry(
        "The header of a file lacks a column that the settings name.",
        "Mend the settings or the file; names are case-sensitive.",
    ),
    "unknown-table": Entry(
        "There is no table or view of that name.",
        "Look at `table` and `schema`; names may be case-sensitive.",
    ),
    "binary-column": Entry(
        "The column holds bytes, which no record can carry.",
        "Leave it out of `columns`.",
    ),
    "unusable-watermark": Entry(
        "The column cannot tell what changed.",
        "Choose a column with a date, time or growing number.",
    ),
    "unindexed-watermark": Entry(
        "The column that tells what changed has no index: each read scans the table.",
        "Add an index.",
    ),
    "key-type-differs": Entry(
        "Children are found by their parent's key, and the two columns are of different types: rows that belong "
        "together may not be found.",
        "Give both columns one type, or name a view that shows the same one.",
    ),
    "unindexed-parent": Entry(
        "The column by which children are found has no index: each page of parents scans their whole table.",
        "Add an index.",
    ),
    "taken-name": Entry(
        "The list of children is called like a column of the table itself.",
        "Call it otherwise under `children`, and in the mapping.",
    ),
    "nullable-watermark": Entry(
        "Rows may have no value in the column that tells what changed. Such rows are found by full reads only.",
        "Fill the column always, or run with `--full` now and then.",
    ),
    "zone-unknown": Entry(
        "Moments are stored without a time zone.",
        "Set `zone` on the connection.",
    ),
    "key-not-unique": Entry(
        "Nothing in the database keeps two rows from having one key.",
        "Add a primary key or a unique index.",
    ),
    "key-not-given": Entry(
        "The database does not make keys, and the settings do not say who does.",
        "Set `key_from`.",
    ),
    "unindexed-marker": Entry(
        "The column with the hub's own id has no index.",
        "Add one.",
    ),
    "no-marker": Entry(
        "There is no column for the hub's own id: a create whose answer was lost can only be found by its fields.",
        "Add a column and name it under `marker`.",
    ),
}
