"""Knows several systems at once: who is who, who wins, what to do. Deciding is pure; doing talks to ports."""
