"""The run-time wing: contracts on endpoints, who is calling, what is on record."""
