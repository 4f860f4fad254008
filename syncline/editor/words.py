"""What an editor says about each key of the mapping language: one sentence for whoever hovers over it."""

from __future__ import annotations

MAPPING: dict[str, str] = {
    "mapping": "The mapping's name: letters, digits, - and _. Left out, the file's name without .yaml.",
    "description": "For people. It changes nothing.",
    "connection": "A connection of config.yaml.",
    "stream": "A stream of that connection.",
    "entity": "The canonical entity that records of the stream are about.",
    "direction": "in reads the system, out writes it, both does both (the default).",
    "lifecycle": "proposed: checked, not run. live (default). deprecated: runs, and says that it should go.",
    "match": "How a record that is not linked finds its entity.",
    "create": "Which way something new may be created. Left out: as the mapping's direction.",
    "delete": "What a deletion there (in) or here (out) means. Left out: {in: review, out: ignore}.",
    "filter": "Which records come in, and which entities go out: lists of conditions, all of which must hold.",
    "rules": "Canonical path: record field. Or the path, and the keys of a rule.",
    "defaults": "Constants given on create: record fields on the way out, canonical paths on the way in.",
    "extends": "A mapping file below mappings/ that says everything this one does not say. null takes a key away.",
    "examples": "Records as the system shows them, and what the hub makes of them; `mappings test` tries them.",
    "owns": "Fields, items such as addresses[shipping], or whole lists of which this connection has the last word.",
    "update": "Which way what is there already may be changed. Left out: as the mapping's direction.",
}

RULE: dict[str, str] = {
    "field": "The record field. address.city goes down into nested data; a\\.b is one name with a full stop.",
    "fields": "Several record fields, for the transforms join and street.",
    "constant": "A canonical value instead of a field. It goes in only.",
    "transform": "How the value is turned, listed from the record to the canonical side. Written back in reverse.",
    "direction": "in, out or both, within the mapping's own.",
    "strength": "How hard the rule pushes outward.",
    "blank": "What a value that became empty means: clear (default) or ignore; {in: …, out: …} for each way.",
    "empty": "What empty text in a record means: null (default) or keep.",
    "default": "Record value written on create where there is none. It is read back like any other value.",
    "placeholder": "Record value that stands for nothing: written where there is none, read as nothing known.",
    "max_length": "Longer text is cut on its way out, knowingly. Without it, text that is too long is parked.",
    "reference": "The stream of this connection whose record is pointed to.",
    "values": "A table, canonical value: record value, or a list of record values of which the first is written.",
    "unknown": "What happens to a value that the table does not list.",
    "list": "set: the field is a set of texts.",
    "separator": "With list: set, what stands between the texts where the record has them in one.",
    "each": "A list of items: the key that tells them apart, and rules for their attributes.",
    "loses": "What the system does to values it is given, so that its version of ours is no edit.",
    "expr": "A CEL expression over the record (src). It goes in only.",
    "when": "Conditions under which the rule says anything: {in: [record conditions], out: [canonical conditions]}.",
    "lifecycle": "Of this rule alone. proposed: checked and shown, not run. live (default). deprecated: should go.",
}

EXAMPLE: dict[str, str] = {
    "name": "What the example is about.",
    "record": "A record as the system shows it.",
    "canonical": "What the hub makes of it, by canonical path; a reference as {stream: …, key: …}.",
    "write": "What is written for that canonical record, where it is not the record's mapped fields; or none.",
    "problems": "Canonical paths, or codes, that must be problems.",
    "skipped": "The filter keeps the record out.",
}

REFERENCE: dict[str, str] = {
    "stream": "The stream of this connection whose record is pointed to.",
    "number": "The system holds the key as a number.",
    "starts": "How this stream's keys begin, where one field points into several streams.",
}

MATCH: dict[str, str] = {
    "strong": "Combinations of paths: where all of one are present and equal, it is the same one.",
    "scored": "Likeness by weights, for records that share a block.",
    "one_to_one": "An entity has at most one record here (default: true).",
}

SCORED: dict[str, str] = {
    "weights": "How much likeness of each path counts.",
    "blocks": "Only records that share one of these combinations are compared.",
    "link": "From this score on it is the same one (default 0.92).",
    "dispute": "From this score on a person decides (default 0.8).",
}

EACH: dict[str, str] = {
    "key": "The attribute of an item that tells it from the others.",
    "rules": "Canonical attribute: attribute of the item.",
    "value": "The rule of an item that is one value.",
}

CONDITION: dict[str, str] = {
    "field": "The record field.",
    "path": "The canonical path; [*] stands for any item.",
    "is": "It is that value; in a list, one of the elements is.",
    "not": "It is not that value.",
    "in": "It is one of them.",
    "present": "There is a value (false: there is none).",
    "matches": "It fits, * standing for anything; case does not matter.",
    "expr": "A CEL expression that is true.",
}

DIRECTION = {"in": "reads the system", "out": "writes the system", "both": "reads and writes it"}

LIFECYCLE = {
    "proposed": "checked, not run",
    "live": "runs",
    "deprecated": "runs, and says that it should go",
}

UPDATE = {
    "in": "edits made there come in; nothing is changed there",
    "out": "what is there is changed; edits made there stay theirs",
    "both": "edits go both ways",
    "none": "what is there and what is here stay as they are",
}

STRENGTH = {
    "enforce": "an edit made in the system is put back",
    "on_change": "pushed when the canonical value changes (the default)",
    "if_empty": "only where the system has nothing",
    "create_only": "only when the record is created",
}

BLANK = {"clear": "it is an edit like any other (the default)", "ignore": "nothing is emptied because of it"}

UNKNOWN = {
    "park": "this value is a problem, the others go on (the default)",
    "keep": "it goes through as it is",
    "collect": "as park, and listed for whoever keeps the table",
}

ON_DELETE = {
    "ignore": "the link ends; nothing else happens",
    "delete": "it is deleted on the other side, too",
    "review": "a person decides",
}

LOSS = {
    "case": "upper and lower case",
    "space": "spaces at the ends, and more than one between words",
    "format": "all but letters and digits",
    "accents": "accents",
    "seconds": "fractions of a second",
    "lines": "with join: lines beyond the last field are put into it",
}
