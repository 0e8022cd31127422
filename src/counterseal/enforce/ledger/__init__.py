"""The audit trail: append-only, tamper-evident, in SQLite or PostgreSQL."""

from counterseal.enforce.ledger.ledger import Ledger, open_ledger
from counterseal.enforce.ledger.query import Filter

__all__ = ["Filter", "Ledger", "open_ledger"]
