"""Expressions: computed values and conditions, in bounds of time and memory."""
