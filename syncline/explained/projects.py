"""Codes of `config.yaml` and of a project as a whole."""

from __future__ import annotations

from syncline.explained.entry import Entry

PROJECTS = {
    "no-stream": Entry(
        "A file given to `init` cannot become a stream: it is empty, unreadable, or no column tells its rows apart.",
        "Do what the hint says. Where a column nearly tells rows apart, mend the rows named, or take it with `--key`. "
        "A number added for the purpose must stay with its row: one that merely counts changes when rows are sorted.",
    ),
    "twice": Entry(
        "`init` was told twice to connect files: by their names and by `--from files`.",
        "Name the files alone.",
    ),
    "no-project": Entry(
        "There is no config.yaml in the folder.",
        "Go to the project's folder, name it with `--project`, or make one with `syncline init`.",
    ),
    "no-mappings": Entry(
        "The folder `mappings/` holds no mapping, so nothing would be carried anywhere.",
        "Write one, or let `syncline mappings suggest` propose one.",
    ),
    "in-the-way": Entry(
        "A file to be written exists already. Nothing was written.",
        "Move it away, or choose another folder.",
    ),
    "unknown-system": Entry(
        "There is no template for a system of that name.",
        "Choose one of those the hint lists.",
    ),
    "nothing-found": Entry(
        "No field of the stream certainly is one of the entity. A mapping without rules maps nothing: none is written.",
        "Name another --entity. With --json you see what was found all the same. Or write the mapping by hand.",
    ),
    "unknown-format": Entry(
        "config.yaml says that it is written for another version of the format.",
        "Write `syncline: 1`, or upgrade the program.",
    ),
    "wrong-type": Entry(
        "A value of config.yaml is not of the type this setting takes.",
        "See config.example.yaml. Quotes make text of what looks like a number or a truth value.",
    ),
    "out-of-range": Entry(
        "A number lies outside the bounds of its setting.",
        "Choose one within them.",
    ),
    "state-url": Entry(
        "The address of the state is none of the two kinds there are.",
        "Use `sqlite:///var/syncline.db`, or `postgresql+psycopg://user@host/database`.",
    ),
    "literal-secret": Entry(
        "A secret is written in the file, where everybody sees it who sees the file, in every copy of it.",
        "Use `${env:NAME}` or `${file:PATH}`, and change the secret.",
    ),
    "missing-variable": Entry(
        "An environment variable that the file refers to is not set, or empty.",
        "Set it before the command; in a service, where the service is defined.",
    ),
    "unknown-reference": Entry(
        "`${…}` can name an environment variable or a file, and nothing else.",
        "Write `${env:NAME}` or `${file:PATH}`; a dollar sign that is meant as one is written `$$`.",
    ),
    "secret-file": Entry(
        "The file with a secret does not exist, is empty or too large, or cannot be read.",
        "Paths start at the project folder. Look at the file's permissions.",
    ),
    "custom-field": Entry(
        "A field of your own under `entities` is not declared as it has to be.",
        "See `entities` in config.example.yaml.",
    ),
    "unknown-connection": Entry(
        "There is no connection of that name in config.yaml.",
        "Use one of those there are, or add it under `connections`.",
    ),
    "unknown-connector": Entry(
        "There is no connector of that name.",
        "`syncline connectors` lists those that are installed; others come as packages.",
    ),
    "unusable-connector": Entry(
        "The connector is installed and cannot be used: it fails to load, or was made for another version.",
        "Upgrade the package it comes with, or tell its author.",
    ),
    "broken-connector": Entry(
        "The connector fails with these settings, or while it says which streams it has, or does not keep what it "
        "promises. The message names the kind of error and the line of the connector's code, and no value.",
        "Look at the settings; if they are right, send the message to the connector's author.",
    ),
    "invalid-setting": Entry(
        "The connector does not take this value for this setting.",
        "The message says what is expected; the connector's page has all settings.",
    ),
    "parent-cycle": Entry(
        "`parents` says that the records of one stream refer to those of another, which therefore come first. Here "
        "streams are parents of each other, or one of itself.",
        "Leave one of them out of `parents`: the reference that may be empty at first.",
    ),
    "unknown-stream": Entry(
        "The connection has no stream of that name.",
        "Use one of those it has, or add the stream to the connection. Names are case-sensitive.",
    ),
    "not-writable": Entry(
        "The mapping writes, and its stream cannot be written.",
        "Say `direction: in` in the mapping, or make the stream writable in config.yaml.",
    ),
    "not-created": Entry(
        "The mapping creates records in a stream in which the connector makes none.",
        "Say `create: in` in the mapping (or `none`): records of other systems are then not made there.",
    ),
    "schedule-when": Entry(
        "A schedule runs either every so often or at times of day.",
        "Give `every` or `cron`.",
    ),
    "bad-duration": Entry(
        "A span of time is a number with s, m, h or d.",
        "Write for example `15m`.",
    ),
    "bad-cron": Entry(
        "A cron line has five fields: minute, hour, day, month, weekday.",
        'Write for example `cron: "30 2 * * mon-fri"`, in quotes.',
    ),
    "unknown-zone": Entry(
        "There is no time zone of that name.",
        "Use an IANA name, such as Europe/Berlin.",
    ),
    "unknown-selection": Entry(
        "A schedule selects something that is no connection, stream, entity or mapping.",
        "Use one of those names, or leave `select` out for everything.",
    ),
}
