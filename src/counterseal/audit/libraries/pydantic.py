"""pydantic: schemas. The machine itself knows how their instances are built and dumped."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="pydantic",
    calls={
        "pydantic.TypeAdapter.validate_python": Api("validate", {"data": (0, "object")}, passes=True),
        "pydantic.TypeAdapter.validate_json": Api("validate", {"data": (0, "data")}, passes=True),
        "pydantic.parse_obj_as": Api("validate", {"data": (1, "obj")}, passes=True),
    },
    aliases={
        "pydantic.main.BaseModel": "pydantic.BaseModel",
        "pydantic.v1.BaseModel": "pydantic.BaseModel",
        "pydantic.v1.BaseSettings": "pydantic_settings.BaseSettings",
        "pydantic.BaseSettings": "pydantic_settings.BaseSettings",
        "pydantic.env_settings.BaseSettings": "pydantic_settings.BaseSettings",
        "pydantic.networks.EmailStr": "pydantic.EmailStr",
        "pydantic.types.SecretStr": "pydantic.SecretStr",
        "pydantic.fields.Field": "pydantic.Field",
    },
    bases={
        "pydantic.BaseModel": "schema",
        "pydantic.RootModel": "schema",
        "pydantic.generics.GenericModel": "schema",
        "pydantic.dataclasses.dataclass": "schema",
        "typing.TypedDict": "schema",
        "typing_extensions.TypedDict": "schema",
    },
    weak_defaults={"extra": "undeclared fields are dropped, not refused"},
)
