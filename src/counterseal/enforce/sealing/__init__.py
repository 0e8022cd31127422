"""Sealing: an application does not start while any way into it has no contract, or less of one than the policy asks for."""
