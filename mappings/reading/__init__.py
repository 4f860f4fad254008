"""From YAML text to the values of the language, with every mistake at its place."""
