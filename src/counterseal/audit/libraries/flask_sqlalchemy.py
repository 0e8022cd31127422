"""Flask-SQLAlchemy: models and the session as attributes of one object."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_DB = "flask_sqlalchemy.SQLAlchemy"

LIBRARY = Library(
    name="flask_sqlalchemy",
    calls={
        f"{_DB}.paginate": Api("query-run-list", {"query": (0, "select"), "limit": "per_page"}),
        f"{_DB}.get_or_404": Api("db-get", {"model": (0, "entity"), "id": (1, "ident")}),
        f"{_DB}.first_or_404": Api("sql-execute", {"statement": (0, "statement")}),
        f"{_DB}.one_or_404": Api("sql-execute", {"statement": (0, "statement")}),
    },
    types={f"{_DB}.session": "sqlalchemy.orm.Session", f"{_DB}.engine": "sqlalchemy.Engine"},
    aliases={
        "flask_sqlalchemy.extension.SQLAlchemy": _DB,
        "flask.ext.sqlalchemy": "flask_sqlalchemy",
        **{
            f"{_DB}.{name}": f"sqlalchemy.{name}"
            for name in (
                "Column",
                "ForeignKey",
                "Integer",
                "BigInteger",
                "SmallInteger",
                "String",
                "Text",
                "Boolean",
                "DateTime",
                "Date",
                "Float",
                "Numeric",
                "Enum",
                "JSON",
                "LargeBinary",
                "Uuid",
                "Table",
                "select",
                "text",
                "func",
                "or_",
                "and_",
                "not_",
                "insert",
                "update",
                "delete",
                "desc",
                "asc",
                "UniqueConstraint",
                "Index",
                "case",
                "cast",
                "exists",
            )
        },
        **{
            f"{_DB}.{name}": f"sqlalchemy.orm.{name}"
            for name in ("relationship", "backref", "mapped_column", "Mapped", "joinedload", "aliased")
        },
    },
    bases={f"{_DB}.Model": "table", "flask_sqlalchemy.model.Model": "table"},
)
