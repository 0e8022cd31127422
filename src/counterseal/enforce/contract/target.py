"""What a contract has to know of the function that it is put on."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from inspect import Parameter, Signature
from pathlib import Path
from types import FunctionType
from typing import Any, get_args, get_origin

from counterseal.enforce.clauses.base import Layer, Target
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.principal import Principal

_NO_SESSION = "that transaction ends before the first item is sent: read what is needed first, or open a session in the body"


def target(function: FunctionType, layer: Layer) -> Target:
    """Read a function's signature.

    Raises:
        ContractError: the function cannot be called by names.
    """
    signature = inspect.signature(function)
    where = f"{Path(function.__code__.co_filename).name}:{function.__code__.co_firstlineno}"
    streams = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    hints = _hints(function, signature)
    # A framework would look a text up in the module of the function that stands in this one's place.
    signature = signature.replace(return_annotation=_resolved(signature.return_annotation, _names(function)))
    made = Target(function.__qualname__, where, signature, hints, layer, is_async, streams)
    if any(item.kind in (Parameter.VAR_POSITIONAL, Parameter.POSITIONAL_ONLY) for item in signature.parameters.values()):
        raise made.error(f"{made.name} takes arguments by position only", "give every parameter a name that can be used")
    if streams and layer.inner:
        raise made.error(f"{made.name} is a generator in an inner layer", "return a list, or stream in the outer layer")
    _take_own(made)
    return made


def _take_own(made: Target) -> None:
    """Parameters that the contract itself supplies: the principal, the call, and the unit of work's session."""
    for name, hint in made.hints.items():
        if name not in made.signature.parameters:
            continue
        if hint is Principal or (get_origin(hint) is not None and Principal in get_args(hint)):
            made.supply(name, "the contract (principal)")
        elif hint is Call:
            made.supply(name, "the contract (call)")
        elif _is_session(hint):
            made.unit, made.unit_injected = name, _injected(made.signature.parameters[name])
            made.wants_unit = True
            if made.streams and not made.unit_injected:
                raise made.error(f"{made.name} is a generator and takes the unit of work's session {name!r}", _NO_SESSION)
            if not made.unit_injected:
                made.supply(name, "the unit of work")


def _is_session(hint: Any) -> bool:
    plain = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    if not isinstance(plain, type) or plain.__name__ not in ("Session", "AsyncSession"):
        return False
    return plain.__module__.partition(".")[0] in ("sqlalchemy", "sqlmodel")


def _injected(parameter: Parameter) -> bool:
    """Whether a framework hands the session over: ``Annotated[Session, Depends(...)]`` or ``= Depends(...)``."""
    annotation = parameter.annotation
    return parameter.default is not Parameter.empty or hasattr(annotation, "__metadata__") or "Annotated" in str(annotation)


def _hints(function: FunctionType, signature: Signature) -> Mapping[str, Any]:
    """The annotations as objects. One that cannot be resolved stays a text and fits nothing."""
    names = _names(function)
    found = {}
    for name, item in signature.parameters.items():
        if item.annotation is not Parameter.empty:
            found[name] = _resolved(item.annotation, names)
    return found


def _names(function: FunctionType) -> dict[str, Any]:
    names = {**vars(sys.modules[function.__module__])} if function.__module__ in sys.modules else {}
    names.update(function.__globals__)
    return names


def _resolved(annotation: Any, names: dict[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        # The text is the program's own annotation; typing.get_type_hints does the same, but fails as a whole.
        return eval(annotation, names)  # noqa: S307
    except (NameError, AttributeError, SyntaxError, TypeError):
        return annotation


def require_function(value: object) -> FunctionType:
    """The function that ``@contract`` was put on.

    Raises:
        ContractError: it was put on something else.
    """
    if isinstance(value, (staticmethod, classmethod)):
        raise ContractError("@contract stands above @staticmethod or @classmethod", "put it below, directly above 'def'")
    if not isinstance(value, FunctionType):
        raise ContractError(f"@contract is put on {type(value).__name__}, not on a function", "put it directly above 'def'")
    return value
