"""Data: what leaves the application, and what is let in unchecked."""
