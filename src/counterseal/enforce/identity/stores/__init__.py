"""Where sessions, keys, one-time tokens and revocations are kept: one small interface, one file per kind of store."""
