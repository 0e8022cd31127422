"""Abuse: what can be repeated until it works, hurts, or costs money."""
