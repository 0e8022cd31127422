"""SQLModel: tables that are pydantic models."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

LIBRARY = Library(
    name="sqlmodel",
    aliases={
        **{
            f"sqlmodel.{name}": f"sqlalchemy.{name}"
            for name in (
                "select",
                "insert",
                "update",
                "delete",
                "text",
                "exists",
                "func",
                "and_",
                "or_",
                "not_",
                "Column",
                "ForeignKey",
                "desc",
                "asc",
            )
        },
        "sqlmodel.Session": "sqlalchemy.orm.Session",
        "sqlmodel.orm.session.Session": "sqlalchemy.orm.Session",
        "sqlmodel.ext.asyncio.session.AsyncSession": "sqlalchemy.orm.Session",
        "sqlmodel.main.SQLModel": "sqlmodel.SQLModel",
        "sqlmodel.sql.expression.Select": "sqlalchemy.Select",
        "sqlmodel.sql.expression.SelectOfScalar": "sqlalchemy.Select",
    },
    bases={"sqlmodel.SQLModel": "schema"},
)
