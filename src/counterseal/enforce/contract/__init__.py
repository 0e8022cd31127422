"""The contract: clauses put on a function, compiled once, enforced on every call."""
