"""SQLAlchemy: statements, sessions and connections."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_SESSION = "sqlalchemy.orm.Session"
_QUERY = "sqlalchemy.orm.Query"
_SELECT = "sqlalchemy.Select"
_NARROW = ("where", "filter", "filter_by", "having", "join", "outerjoin")
_LIMIT = ("limit", "fetch", "slice")
_ONE = ("first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none", "first_or_404", "one_or_404")
_RAISING = {"one", "scalar_one", "first_or_404", "one_or_404"}
_LIST = ("all", "scalars", "paginate", "fetchall", "fetchmany", "mappings")
_EXECUTE = Api("sql-execute", {"statement": (0, "statement"), "parameters": (1, "params", "parameters")})


def _statements() -> dict[str, Api]:
    out = {f"sqlalchemy.{name}": Api("query", {"models": 0}, fixed={"models": "rest"}) for name in ("select", "exists")}
    out |= {
        f"sqlalchemy.{verb}": Api("query", {"models": (0, "table")}, fixed={"verb": verb})
        for verb in ("insert", "update", "delete")
    }
    out["sqlalchemy.text"] = Api("convert", {"statement": (0, "text")}, passes=True)
    return out


def _builders(cls: str) -> dict[str, Api]:
    out = {f"{cls}.{name}": Api("query-narrow", returns="self") for name in _NARROW}
    out |= {f"{cls}.{name}": Api("query-limit", {"limit": 0}, returns="self") for name in _LIMIT}
    return out


def _query(cls: str) -> dict[str, Api]:
    out = _builders(cls)
    out |= {f"{cls}.{name}": Api("query-run-one", null=name not in _RAISING) for name in _ONE}
    out |= {f"{cls}.{name}": Api("query-run-list") for name in _LIST}
    out |= {f"{cls}.{name}": Api("query-count") for name in ("count", "exists")}
    out[f"{cls}.get"] = Api("db-get", {"id": (0, "ident")}, null=True)
    out[f"{cls}.get_or_404"] = Api("db-get", {"id": (0, "ident")})
    return out


def _session() -> dict[str, Api]:
    return {
        f"{_SESSION}.query": Api("query", {"models": 0}, fixed={"models": "rest"}),
        f"{_SESSION}.get": Api("db-get", {"model": (0, "entity"), "id": (1, "ident")}, null=True),
        f"{_SESSION}.get_one": Api("db-get", {"model": (0, "entity"), "id": (1, "ident")}),
        f"{_SESSION}.add": Api("db-add", {"record": (0, "instance")}),
        f"{_SESSION}.add_all": Api("db-add", {"records": (0, "instances")}),
        f"{_SESSION}.merge": Api("db-add", {"record": (0, "instance")}),
        f"{_SESSION}.delete": Api("db-delete", {"record": (0, "instance")}),
        f"{_SESSION}.commit": Api("db-commit"),
        f"{_SESSION}.flush": Api("db-commit"),
        **{f"{_SESSION}.{name}": _EXECUTE for name in ("execute", "scalar", "scalars", "stream", "stream_scalars", "exec")},
    }


LIBRARY = Library(
    name="sqlalchemy",
    calls={
        **_statements(),
        "sqlalchemy.and_": Api("query", fixed={"join": "and"}),
        "sqlalchemy.or_": Api("query", fixed={"join": "or"}),
        # What is negated narrows to something else: like one side of an OR, it ties the record to nobody.
        "sqlalchemy.not_": Api("query", fixed={"join": "or"}),
        **_query(_QUERY),
        **_builders(_SELECT),
        **_session(),
        **{f"sqlalchemy.Connection.{name}": _EXECUTE for name in ("execute", "scalar", "scalars", "exec_driver_sql")},
        "sqlalchemy.Connection.commit": Api("db-commit"),
        "sqlalchemy.Engine.execute": _EXECUTE,
        "sqlalchemy.Result.fetchone": Api("sql-fetch-one", null=True),
        "sqlalchemy.Result.fetchall": Api("sql-fetch-list"),
    },
    types={"sqlalchemy.orm.scoped_session.session_factory": _SESSION},
    aliases={
        **{
            f"sqlalchemy.sql.{name}": f"sqlalchemy.{name}"
            for name in ("select", "insert", "update", "delete", "text", "exists", "func", "and_", "or_", "not_", "Select")
        },
        **{
            f"sqlalchemy.sql.expression.{name}": f"sqlalchemy.{name}"
            for name in ("select", "insert", "update", "delete", "text", "exists", "func", "and_", "or_", "not_")
        },
        "sqlalchemy.future.select": "sqlalchemy.select",
        "sqlalchemy.orm.session.Session": _SESSION,
        "sqlalchemy.orm.scoped_session": _SESSION,
        "sqlalchemy.orm.query.Query": _QUERY,
        "sqlalchemy.orm.decl_api.DeclarativeBase": "sqlalchemy.orm.DeclarativeBase",
        "sqlalchemy.ext.declarative.declarative_base": "sqlalchemy.orm.declarative_base",
        "sqlalchemy.ext.asyncio.AsyncSession": _SESSION,
        "sqlalchemy.ext.asyncio.async_scoped_session": _SESSION,
        "sqlalchemy.ext.asyncio.session.AsyncSession": _SESSION,
        "sqlalchemy.ext.asyncio.AsyncConnection": "sqlalchemy.Connection",
        "sqlalchemy.ext.asyncio.AsyncEngine": "sqlalchemy.Engine",
        "sqlalchemy.engine.Connection": "sqlalchemy.Connection",
        "sqlalchemy.engine.Engine": "sqlalchemy.Engine",
        "sqlalchemy.engine.base.Connection": "sqlalchemy.Connection",
        "sqlalchemy.engine.base.Engine": "sqlalchemy.Engine",
    },
    bases={
        "sqlalchemy.orm.DeclarativeBase": "table",
        "sqlalchemy.orm.DeclarativeBaseNoMeta": "table",
        "sqlalchemy.orm.declarative_base": "table",
        "sqlalchemy.ext.automap.automap_base": "table",
        "sqlalchemy.orm.as_declarative": "table",
    },
    methods={
        "execute": _EXECUTE,
        "executemany": _EXECUTE,
        "executescript": _EXECUTE,
        "fetchone": Api("sql-fetch-one", null=True),
        "fetchall": Api("sql-fetch-list"),
        "fetchmany": Api("sql-fetch-list"),
        "fetchrow": Api("sql-execute", {"statement": (0, "query"), "parameters": 1}, null=True),
        "fetchval": Api("sql-execute", {"statement": (0, "query"), "parameters": 1}, null=True),
        "filter_by": Api("query-narrow", returns="self"),
        "scalar_one": Api("query-run-one"),
        "scalar_one_or_none": Api("query-run-one", null=True),
        "one_or_none": Api("query-run-one", null=True),
        "first_or_404": Api("query-run-one"),
        "one_or_404": Api("query-run-one"),
        "get_or_404": Api("db-get", {"id": 0}),
        "commit": Api("db-commit"),
    },
)
