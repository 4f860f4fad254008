"""The words every other package uses: records, fields, paths, errors, diagnostics. Imports nothing of ours."""
