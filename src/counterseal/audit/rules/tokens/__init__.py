"""Tokens: how they are signed, checked, and how long they live."""
