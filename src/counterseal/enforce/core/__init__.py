"""The words that identities, the ledger, clauses, contracts and frameworks share."""
