"""User management in which every way in has a contract."""
