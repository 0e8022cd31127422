"""Counterseal: seals the back end that AI wrote before it ships."""

__version__ = "0.1.0"
