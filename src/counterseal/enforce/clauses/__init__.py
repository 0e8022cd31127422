"""What a contract can require and ensure: one clause, one file."""
