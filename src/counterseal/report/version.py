"""Which Counterseal made a report."""

from counterseal import __version__

NAME = "Counterseal"
VERSION = __version__
