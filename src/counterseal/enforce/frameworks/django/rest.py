"""What is known of Django REST framework, where the process uses it."""

from __future__ import annotations

import sys
from typing import Any

_HANDLER = ("rest_framework.decorators", "api_view.<locals>.decorator.<locals>.handler")


def unwrapped(value: Any) -> Any:
    """The request of Django inside one of the framework's own; anything else as it is."""
    module = sys.modules.get("rest_framework.request")
    return value._request if module is not None and isinstance(value, module.Request) else value


def is_response(value: Any) -> bool:
    """Whether this is a response that holds data, to be rendered later."""
    module = sys.modules.get("rest_framework.response")
    return module is not None and isinstance(value, module.Response)


def rendered(data: Any) -> bytes:
    """Data as the framework writes it."""
    import json

    from rest_framework.utils.encoders import JSONEncoder

    return json.dumps(data, cls=JSONEncoder).encode()


def function_of(handler: Any) -> Any:
    """The function that ``@api_view`` made a handler of; any other handler as it is."""
    known = (getattr(handler, "__module__", None), getattr(handler, "__qualname__", None))
    if known != _HANDLER:
        return handler
    return dict(zip(handler.__code__.co_freevars, handler.__closure__, strict=True))["func"].cell_contents
