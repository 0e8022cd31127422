"""What a request's body may contain, by the schemas that are declared for it."""

from __future__ import annotations

from counterseal.audit.rules._shared.access_words import is_privilege_field
from counterseal.audit.surface.model import DataModel, Route, Surface


def body_schemas(route: Route, surface: Surface) -> list[DataModel]:
    """The schemas of what the caller sends."""
    found = []
    for each in route.inputs:
        schema = surface.models.get(each.model) if each.model and each.source in ("body", "form", "query") else None
        if schema is not None and schema not in found:
            found.append(schema)
    return found


def privileged_fields(schema: DataModel) -> list[str]:
    """Fields of a schema that the application has to decide about, never the caller."""
    return [name for name in schema.fields if is_privilege_field(name)]
