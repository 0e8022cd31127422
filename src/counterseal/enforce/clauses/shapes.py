"""What the clauses about input and output share: types as pydantic knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from counterseal.enforce.clauses.base import Target
from counterseal.enforce.core.denial import FieldError

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

_MAX_PATH = 200


def adapter(model: Any, target: Target, clause: str) -> TypeAdapter[Any]:
    """The compiled schema of a type.

    Raises:
        ContractError: pydantic is not installed, or does not understand the type.
    """
    try:
        from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter
    except ImportError:
        raise target.error(f"{clause} needs pydantic", "install counterseal[contracts]") from None
    try:
        made: TypeAdapter[Any] = TypeAdapter(model)
        made.rebuild()
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as error:
        raise target.error(f"{clause}: {_first_line(error)}") from None
    return made


def models(annotation: Any, seen: set[Any] | None = None) -> Iterator[Any]:
    """Every pydantic model that a type is made of."""
    seen = set() if seen is None else seen
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    fields = getattr(annotation, "model_fields", None)
    if isinstance(fields, dict):
        yield annotation
        for item in fields.values():
            yield from models(item.annotation, seen)
    for argument in get_args(annotation):
        yield from models(argument, seen)


def says(annotation: Any, setting: str) -> bool:
    """Whether any model in a type configures a setting itself."""
    return any(setting in getattr(model, "model_config", {}) for model in models(annotation))


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """What is wrong with which field. No submitted value is repeated."""
    return tuple(
        FieldError(_path(item["loc"]), item["type"], _message(item["msg"], item.get("input")))
        for item in error.errors(include_url=False, include_context=False)[:50]
    )


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))[:_MAX_PATH]


def _message(message: str, value: object) -> str:
    """The message, unless a validator of the application's own put the value into it."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and len(str(value)) > 1 and str(value) in message:
        return "The value is not accepted"
    return message


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
