"""Loading one object, and narrowing a query to what belongs to a caller, for each kind of model class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from counterseal.enforce.clauses.base import Target
from counterseal.enforce.core.denial import Denied

Found = Any | Awaitable[Any]


class Store(ABC):
    """What `owns` and `scoped` need of a library for data access."""

    @abstractmethod
    def load(self, unit: Any, key: Any) -> Found:
        """The object with this primary key, locked until the transaction ends where the database can; ``None``: there is none."""

    @abstractmethod
    def narrow(self, field: str, value: Any) -> Any:
        """A query for the objects whose field has this value."""

    @abstractmethod
    def everything(self) -> Any:
        """A query for all objects."""

    needs_unit = True
    """Whether loading takes a session."""


class SqlAlchemyStore(Store):
    """SQLAlchemy 2 and SQLModel, sync and async sessions."""

    def __init__(self, model: Any, target: Target) -> None:
        from sqlalchemy import inspect

        columns = inspect(model).primary_key
        if len(columns) != 1:
            raise target.error(f"{model.__name__} has a primary key of several columns", "give owns() a function that loads it")
        self._model = model
        self._key = columns[0]
        self._convert = _converter(columns[0].type)

    def load(self, unit: Any, key: Any) -> Found:
        from sqlalchemy import select

        try:
            value = _bounded(self._convert(key))
        except (ValueError, TypeError):
            # Nothing can have such a key; the same query is sent all the same, so that the time says nothing.
            value = None
        query = select(self._model).where(self._key == value).with_for_update()
        result = unit.execute(query)
        if isinstance(result, Awaitable):
            return self._first(result)
        return result.scalars().first()

    async def _first(self, pending: Awaitable[Any]) -> Any:
        return (await pending).scalars().first()

    def narrow(self, field: str, value: Any) -> Any:
        from sqlalchemy import select

        column = getattr(self._model, field)
        return select(self._model).where(column == _converter(column.type)(value))

    def everything(self) -> Any:
        from sqlalchemy import select

        return select(self._model)


def _converter(kind: Any) -> Callable[[Any], Any]:
    """From a text to what a column holds."""
    try:
        python = kind.python_type
    except NotImplementedError:
        return lambda value: value

    def convert(value: Any) -> Any:
        return value if isinstance(value, python) else python(value)

    return convert


def _bounded(value: Any) -> Any:
    """The key; no database holds a whole number of more than 64 bits, and some drivers fail on one instead of finding nothing."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError("no key")
    return value


class DjangoStore(Store):
    """Django's models. The session is Django's own connection."""

    needs_unit = False

    def __init__(self, model: Any, target: Target) -> None:
        self._model = model
        self._is_async = target.is_async

    def load(self, unit: Any, key: Any) -> Found:
        if not self._is_async:
            return self._first(key)
        from asgiref.sync import sync_to_async

        # In the thread that holds the connection, and with it the transaction.
        return sync_to_async(self._first)(key)

    def _first(self, key: Any) -> Any:
        from django.core.exceptions import ValidationError
        from django.db import connections, router

        try:
            value = self._model._meta.pk.to_python(key)
        except (ValidationError, ValueError, TypeError):
            value = None
        query = self._model._default_manager.filter(pk=value)
        alias = router.db_for_write(self._model)
        if connections[alias].in_atomic_block:
            query = query.using(alias).select_for_update()
        return query.first()

    def narrow(self, field: str, value: Any) -> Any:
        from django.core.exceptions import ValidationError

        manager = self._model._default_manager
        try:
            return manager.filter(**{field: value})
        except (ValidationError, ValueError, TypeError):
            # Nothing can have such a value: the caller owns none.
            return manager.none()

    def everything(self) -> Any:
        return self._model._default_manager.all()


def store_for(model: type, target: Target, clause: str) -> Store:
    """The store of a model class.

    Raises:
        ContractError: nothing here loads objects of this class.
    """
    if hasattr(model, "__mapper__") or hasattr(model, "__table__"):
        return SqlAlchemyStore(model, target)
    if hasattr(model, "_default_manager") and hasattr(model, "_meta"):
        return DjangoStore(model, target)
    raise target.error(f"{clause}: nobody knows how to load a {model.__name__}", "give a function that takes the id and loads it")


def unit_of(call: Any, clause: str) -> Any:
    """The session of a call.

    Raises:
        Denied: 503, there is none.
    """
    if call.unit is None:
        raise Denied(503, "unavailable", "no unit of work is open: give Security unit_of_work=...", clause=clause)
    return call.unit
