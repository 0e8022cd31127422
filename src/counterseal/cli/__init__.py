"""The command line: one command, one file, and no logic of its own."""
