"""Trail: what is on record, and what must not be."""
