"""HTTP statuses by name."""

from __future__ import annotations

import http
import re

_STATUS = re.compile(r"(?:^|\.)HTTP_(\d{3})_\w+$")


def http_status(full: str) -> int | None:
    """The number behind ``status.HTTP_404_NOT_FOUND`` or ``HTTPStatus.NOT_FOUND``."""
    found = _STATUS.search(full)
    if found:
        return int(found.group(1))
    head, _, last = full.rpartition(".")
    if head == "http.HTTPStatus" and last in http.HTTPStatus.__members__:
        return int(http.HTTPStatus[last])
    return None
