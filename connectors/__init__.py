"""One folder per system: its protocol, told in records. No canonical name appears here."""
