"""Drivers that follow the Python Database API (PEP 249), and asynchronous ones."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_EXECUTE = Api(
    "sql-execute", {"statement": (0, "sql", "query", "operation"), "parameters": (1, "parameters", "params", "args", "vars")}
)
_CONNECTION, _CURSOR = "database_drivers.Connection", "database_drivers.Cursor"
_CONNECT = (
    "sqlite3.connect",
    "psycopg2.connect",
    "psycopg.connect",
    "pymysql.connect",
    "MySQLdb.connect",
    "mysql.connector.connect",
    "aiosqlite.connect",
    "asyncpg.connect",
    "asyncpg.create_pool",
    "cx_Oracle.connect",
    "oracledb.connect",
    "pyodbc.connect",
    "duckdb.connect",
)
_CLASSES = (
    "sqlite3.Connection",
    "psycopg2.extensions.connection",
    "psycopg.Connection",
    "psycopg.AsyncConnection",
    "pymysql.connections.Connection",
    "aiosqlite.Connection",
    "asyncpg.Connection",
    "asyncpg.Pool",
    "asyncpg.pool.Pool",
    "asyncpg.connection.Connection",
    "flask_mysqldb.MySQL.connection",
)
_CURSORS = (
    "sqlite3.Cursor",
    "psycopg2.extensions.cursor",
    "psycopg.Cursor",
    "psycopg.AsyncCursor",
    "pymysql.cursors.Cursor",
    "pymysql.cursors.DictCursor",
    "aiosqlite.Cursor",
)


def _methods(cls: str) -> dict[str, Api]:
    out = {
        f"{cls}.{name}": _EXECUTE
        for name in (
            "execute",
            "executemany",
            "executescript",
            "fetch",
            "fetchrow",
            "fetchval",
            "execute_fetchall",
            "execute_insert",
        )
    }
    out |= {
        f"{cls}.fetchone": Api("sql-fetch-one", null=True),
        f"{cls}.fetchall": Api("sql-fetch-list"),
        f"{cls}.fetchmany": Api("sql-fetch-list"),
    }
    out[f"{cls}.commit"] = Api("db-commit")
    return out


LIBRARY = Library(
    name="database_drivers",
    calls={
        **{name: Api("wait", {"dsn": 0, "password": "password"}, returns=_CONNECTION) for name in _CONNECT},
        f"{_CONNECTION}.connect": Api("wait", returns=_CONNECTION),
        f"{_CONNECTION}.cursor": Api("wait", returns=_CURSOR),
        f"{_CONNECTION}.acquire": Api("wait", returns=_CONNECTION),
        **_methods(_CONNECTION),
        **_methods(_CURSOR),
    },
    aliases={**dict.fromkeys(_CLASSES, _CONNECTION), **dict.fromkeys(_CURSORS, _CURSOR)},
)
