"""marshmallow, and the extensions that bring it to Flask."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_S = "marshmallow.Schema"
_LOAD = Api("validate", {"data": (0, "data", "json_data"), "unknown": "unknown", "partial": "partial"}, passes=True)
_DUMP = Api("serialize", {"data": (0, "obj")}, passes=True)

LIBRARY = Library(
    name="marshmallow",
    calls={
        f"{_S}.load": _LOAD,
        f"{_S}.loads": _LOAD,
        f"{_S}.validate": Api("validate", {"data": (0, "data")}),
        f"{_S}.dump": _DUMP,
        f"{_S}.dumps": _DUMP,
        "marshmallow_sqlalchemy.SQLAlchemyAutoSchema.load": _LOAD,
        "marshmallow_sqlalchemy.SQLAlchemyAutoSchema.dump": _DUMP,
    },
    aliases={
        "marshmallow.schema.Schema": _S,
        "flask_marshmallow.Marshmallow.Schema": _S,
        "flask_marshmallow.Marshmallow.SQLAlchemyAutoSchema": "marshmallow_sqlalchemy.SQLAlchemyAutoSchema",
        "flask_marshmallow.Marshmallow.SQLAlchemySchema": "marshmallow_sqlalchemy.SQLAlchemyAutoSchema",
        "flask_marshmallow.Marshmallow.ModelSchema": "marshmallow_sqlalchemy.SQLAlchemyAutoSchema",
        "marshmallow_sqlalchemy.SQLAlchemySchema": "marshmallow_sqlalchemy.SQLAlchemyAutoSchema",
        "marshmallow_sqlalchemy.ModelSchema": "marshmallow_sqlalchemy.SQLAlchemyAutoSchema",
    },
    bases={_S: "schema", "marshmallow_sqlalchemy.SQLAlchemyAutoSchema": "schema"},
)
