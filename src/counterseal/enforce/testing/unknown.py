"""What could not be tested."""

from __future__ import annotations


class Unknown(Exception):  # noqa: N818  the name says what happened
    """A case that proves nothing as things are: neither good nor bad. It fails, unless somebody has allowed it."""
