"""Secrets: keys and passwords that stand in the code."""
