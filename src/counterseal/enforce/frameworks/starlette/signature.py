"""What FastAPI is shown of a function under contract."""

from __future__ import annotations

from dataclasses import is_dataclass
from inspect import Parameter, Signature
from typing import Annotated, get_args

from starlette.background import BackgroundTasks
from starlette.requests import HTTPConnection
from starlette.responses import Response

from counterseal.enforce.core.adapter import Admit
from counterseal.enforce.frameworks.starlette.exchange import StarletteExchange

REQUEST = "counterseal_request"
"""The parameter that FastAPI is shown where the body takes no request itself."""
_ADMISSION = "counterseal_admission"


def exposed(signature: Signature, admit: Admit) -> Signature | None:
    """The signature for FastAPI; ``None``: of a method, which FastAPI does not call."""
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].name == "self":
        return None
    shown = [item.replace(kind=Parameter.KEYWORD_ONLY) for item in parameters if item.kind is not Parameter.VAR_KEYWORD]
    if any(not _plain(item) for item in shown):
        shown.insert(0, _admission(admit))
    if not any(_is_connection(item) for item in shown):
        shown.append(Parameter(REQUEST, Parameter.KEYWORD_ONLY, annotation=HTTPConnection))
    return signature.replace(parameters=shown)


def reads_body(item: Parameter) -> bool:
    """Whether FastAPI would fill this from the body: before anybody knows who calls, and with whatever the model lets in."""
    metadata = getattr(item.annotation, "__metadata__", ())
    markers = [type(mark).__name__ for mark in (*metadata, item.default)]
    if any(name in ("Body", "Form", "File") for name in markers):
        return True
    if any(name in ("Depends", "Security", "Query", "Path", "Header", "Cookie") for name in markers):
        return False
    plain = get_args(item.annotation)[0] if metadata else item.annotation
    kinds = get_args(plain) or (plain,)
    return any(isinstance(kind, type) and (hasattr(kind, "model_fields") or is_dataclass(kind)) for kind in kinds)


def _admission(admit: Admit) -> Parameter:
    """A dependency ahead of all others: FastAPI judges parameters, and answers 422, only after dependencies have run."""
    from fastapi import Depends

    async def admission(connection: HTTPConnection) -> None:
        await admit(StarletteExchange(connection))

    # FastAPI reads this annotation; with postponed evaluation it would be a text that is looked up in the wrong module.
    admission.__annotations__["connection"] = HTTPConnection
    return Parameter(_ADMISSION, Parameter.KEYWORD_ONLY, annotation=Annotated[None, Depends(admission)])


def _is_connection(item: Parameter) -> bool:
    return isinstance(item.annotation, type) and issubclass(item.annotation, HTTPConnection)


def _plain(item: Parameter) -> bool:
    """Whether FastAPI hands this over without reading anything that a caller sent."""
    plain = get_args(item.annotation)[0] if hasattr(item.annotation, "__metadata__") else item.annotation
    return isinstance(plain, type) and issubclass(plain, (HTTPConnection, Response, BackgroundTasks)) and item.annotation is plain
