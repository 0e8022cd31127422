"""Django has to be set up before anything of its packages is imported, once for a process."""

from __future__ import annotations

import tests.frameworks.django_settings  # noqa: F401
