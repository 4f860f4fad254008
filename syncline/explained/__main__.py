"""``python -m syncline.explained``: the page of all diagnostics on stdout."""

import sys

from syncline.explained import markdown

sys.stdout.write(markdown())
