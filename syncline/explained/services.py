"""Codes of the connectors to CRMs, ERPs and shops: what stands between the hub and a system that answers."""

from __future__ import annotations

from syncline.explained.entry import Entry

SERVICES = {
    "no-user": Entry(
        "The application signs in, but is no user of this environment.",
        "Make it an application user there, with a security role.",
    ),
    "no-login": Entry(
        "This server wants a user's login beside the key, and the settings name none.",
        "Write the login of the user whom the key belongs to.",
    ),
    "no-session": Entry(
        "The system gives no token for writing, or does not know it again.",
        "Look whether the user may write with this service, and whether a proxy drops headers or cookies.",
    ),
    "throttled": Entry(
        "The system lets nobody in for a while: too many calls, or too many wrong passwords.",
        "Wait, and look who else calls with this user.",
    ),
    "refused": Entry(
        "The system answers, and refuses even to be asked.",
        "The message has its own words; the name of the database or account is the usual cause.",
    ),
    "tokens-not-shared": Entry(
        "Every process asks for a token of its own, of which the system gives only a few.",
        "Set `SYNCLINE_KEY`, so that the hub can keep the token for all.",
    ),
    "no-write-right": Entry(
        "The stream may be read, but not written.",
        "Give the user the rights that the message names, or map the stream inwards only.",
    ),
    "unreadable-fields": Entry(
        "The user may not read some fields, or the account does not have them. They are left out.",
        "Give the user the right; until then no rule should read them.",
    ),
    "unreadable-addresses": Entry(
        "Addresses can be written there, but not read.",
        "Give the role the right to read the address book, or take the rules away that read it.",
    ),
    "unreadable-lines": Entry(
        "Lines of orders can be written there, but not read.",
        "Give the role the right to read them, or take the rules away that read them.",
    ),
    "no-tracking": Entry(
        "The system does not keep track of what changes in this table.",
        "Switch change tracking on for the table.",
    ),
    "no-versions": Entry(
        "The table takes no conditional updates: between the last look and the write somebody may be overwritten.",
        "Nothing can be set; have people edit elsewhere where that matters.",
    ),
    "no-validity": Entry(
        "The user may not ask which usages of addresses, or relationships, begin or end on a day. Reads do without.",
        "Give the user read access to the lists that the messages name.",
    ),
    "no-deletions": Entry(
        "The list of deleted records may not be read.",
        "Give the role the right, or set the connection to find deletions by a sweep.",
    ),
    "no-external-ids": Entry(
        "The user may not read external ids, which is how creates are found whose answer was lost.",
        "Give the user the right to read them.",
    ),
    "no-merge-notes": Entry(
        "The user may not read the notes by which the system says what was merged: a merge looks like a deletion.",
        "Give the user the right to read them.",
    ),
    "marker-read-only": Entry(
        "The field for the hub's own id cannot be written.",
        "Let the user write it, or name another field.",
    ),
    "marker-unfit": Entry(
        "The field for the hub's own id is no text that may be written.",
        "Make one that is, and name it under `marker`.",
    ),
    "key-failed": Entry(
        "The system could not make the index that keeps the hub's own id unique.",
        "Look for records with the same value, mend them, and activate the key again.",
    ),
    "key-pending": Entry(
        "The system is still making the index that keeps the hub's own id unique.",
        "Wait until it is ready; in large tables that takes long.",
    ),
    "other-unique-fields": Entry(
        "An upsert would also go by other unique fields of the module, and might overwrite somebody else's record.",
        "Nothing has to be done: creates are inserts there, and what is taken is told as a duplicate.",
    ),
    "wrong-zone": Entry(
        "Moments are off by some hours, read in the zone that the settings name.",
        "Write the zone that the system uses for this user.",
    ),
    "soft-opt-outs": Entry(
        "Most people seem to have opted out, which may only be what every new record begins with.",
        "Look at the system's preferences before the first run: an opt-out travels to every other system.",
    ),
    "other-service": Entry(
        "What answers at the path is another service than the connector speaks to, or an older one.",
        "Write the path of the service that the connector's page names.",
    ),
    "other-series": Entry(
        "The server is of another release series than the connector was tried with.",
        "Try it on a copy first.",
    ),
    "legacy-api": Entry(
        "The server is old enough to be spoken to by its former interface.",
        "Nothing has to be done.",
    ),
    "not-a-shop": Entry(
        "There is a site at the address, but no shop in it.",
        "Write the address of the site that the shop runs in, and look whether its plug-in is active.",
    ),
    "no-such-route": Entry(
        "The site answers, but not where its interface should be.",
        "Look whether permalinks are switched on, and whether something in front of the site blocks the interface.",
    ),
    "read-only-key": Entry(
        "The key may only read.",
        "Make one that may read and write, or map the streams inwards only.",
    ),
    "unknown-store-view": Entry(
        "The shop has no store view of that name.",
        "The message lists those it has.",
    ),
    "no-consents": Entry(
        "The integration object has no items that consents are read from.",
        "Add them, or leave `consents` out.",
    ),
    "no-item": Entry(
        "The integration object has no item of that name.",
        "The message lists those it has; the connector's page shows what has to be in it.",
    ),
    "other-key": Entry(
        "The items are named by other attributes than the settings say.",
        "Make the attribute the one unique one of the item, or name the right one.",
    ),
    "no-parties": Entry(
        "The module that knows people and companies is not active in this database.",
        "Activate it.",
    ),
}
