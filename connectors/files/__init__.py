"""Files of rows in a folder: CSV and JSON Lines, one file per stream."""
