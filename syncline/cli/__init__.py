"""The command line: verbs for daily work, nouns for repair. Importing it stays light: heavy parts load when used."""
