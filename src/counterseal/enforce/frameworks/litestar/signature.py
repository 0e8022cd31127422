"""What Litestar is shown of a function under contract, and what it makes of it."""

from __future__ import annotations

from functools import partial
from inspect import Parameter, Signature
from typing import Any

from litestar.connection import Request
from litestar.utils.sync import AsyncCallable

from counterseal.enforce.core.errors import ContractError

REQUEST = "request"
SOCKET = "socket"


def exposed(signature: Signature) -> Signature:
    """The signature for Litestar: the body's own, with the request where the body takes none, and with a return annotation,
    which Litestar insists on.

    Raises:
        ContractError: it is a listener of a socket: Litestar has accepted the connection before its function is called.
    """
    shown = [item for item in signature.parameters.values() if item.kind is not Parameter.VAR_KEYWORD]
    names = {item.name for item in shown}
    if SOCKET in names and "data" in names:
        raise ContractError(
            "a websocket_listener cannot be kept to a contract: it is called when the connection stands already",
            "write a @websocket handler, which accepts the connection itself",
        )
    if names.isdisjoint((REQUEST, SOCKET)):
        shown.append(Parameter(REQUEST, Parameter.KEYWORD_ONLY, annotation=Request[Any, Any, Any]))
    answer = signature.return_annotation
    if answer is Signature.empty:
        answer = None if SOCKET in names else Any
    return signature.replace(parameters=shown, return_annotation=answer)


def plain(function: Any) -> Any:
    """The function that a route was made of: without the controller that it is bound to, or the thread that it runs in."""
    while True:
        if isinstance(function, (partial, AsyncCallable)):
            function = function.func
        elif hasattr(function, "__func__"):
            function = function.__func__
        else:
            return function
