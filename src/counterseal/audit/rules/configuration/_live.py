"""Which configuration is for production."""

from __future__ import annotations

import re

from counterseal.audit.surface.model import Setting

_OTHER = re.compile(r"test|dev|local|debug|staging|sandbox|example", re.IGNORECASE)


def for_development(setting: Setting) -> bool:
    """Whether a setting belongs to a class or module that is named after development or tests."""
    return bool(_OTHER.search(setting.owner.rpartition(".")[2])) or setting.owner == setting.place.file
