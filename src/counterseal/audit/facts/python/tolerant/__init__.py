"""Reads Python that the running interpreter would refuse: newer, older, cut off, damaged."""

from counterseal.audit.facts.python.tolerant.model import UNREADABLE, LostRange, Parsed
from counterseal.audit.facts.python.tolerant.parse import parse

__all__ = ["UNREADABLE", "LostRange", "Parsed", "parse"]
