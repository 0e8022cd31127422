"""The application: its tables, its routes, and the seal on all of them."""

from __future__ import annotations

from fastapi import FastAPI

from counterseal import seal
from users import parts
from users.models import Base
from users.routes import router


def application() -> FastAPI:
    """Make the application. It does not come to be when a secret is missing, or when a route has no contract.

    Raises:
        ConfigurationError: what the environment says leaves a hole.
        SealError: a route has no contract, or less of one than the policy asks for.
    """
    Base.metadata.create_all(parts.engine())
    app = FastAPI(title="Users", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    seal(app, parts.security())
    return app
