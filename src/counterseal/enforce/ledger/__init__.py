"""The audit trail: append-only, tamper-evident, in SQLite or PostgreSQL."""

from counterseal.enforce.ledger.anchors import Anchor, AnchorFile, read_anchors
from counterseal.enforce.ledger.keys import parse_key, parse_public_key, read_key, read_public_key
from counterseal.enforce.ledger.ledger import Ledger, open_ledger
from counterseal.enforce.ledger.location import reading
from counterseal.enforce.ledger.prune import Pruned, TamperedError
from counterseal.enforce.ledger.query import Filter
from counterseal.enforce.ledger.reading import Entry, entries, follow, last_place, latest
from counterseal.enforce.ledger.seals import Checkpoint
from counterseal.enforce.ledger.verification import Problem, State, Verification
from counterseal.enforce.ledger.verify import verify

__all__ = [
    "Anchor",
    "AnchorFile",
    "Checkpoint",
    "Entry",
    "Filter",
    "Ledger",
    "Problem",
    "Pruned",
    "State",
    "TamperedError",
    "Verification",
    "entries",
    "follow",
    "last_place",
    "latest",
    "open_ledger",
    "parse_key",
    "parse_public_key",
    "read_anchors",
    "read_key",
    "read_public_key",
    "reading",
    "verify",
]
