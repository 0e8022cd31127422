"""FastAPI applications that register their routes in every way there is."""

from __future__ import annotations

from tests.surface.apps import Sample, many, one

SAMPLES: dict[str, Sample] = {
    "decorators": one(
        """
        from fastapi import APIRouter, FastAPI

        app = FastAPI()
        router = APIRouter(prefix="/r")

        @app.get("/")
        async def root():
            return {}

        @app.post("/items")
        @app.put("/items/{item_id}")
        async def changed(item_id: int = 0):
            return {}

        @app.api_route("/any", methods=["GET", "DELETE"])
        def several():
            return {}

        @app.head("/h")
        def head():
            return {}

        @router.patch("/x/{name}")
        def patched(name: str):
            return {}

        @router.api_route("/plain")
        def plain():
            return {}

        @router.get("")
        def bare():
            return []

        app.include_router(router)
        """,
        "fastapi",
    ),
    "added by calls": one(
        """
        from fastapi import APIRouter, FastAPI

        def shown():
            return {}

        app = FastAPI()
        router = APIRouter()
        app.add_api_route("/shown", shown)
        app.add_api_route("/made", shown, methods=["POST"])
        router.add_api_route(path="/named", endpoint=shown, methods=["DELETE"])
        app.add_route("/plain", shown, methods=["GET"])
        app.include_router(router, prefix="/r")
        """,
        "fastapi",
    ),
    "prefixes": many(
        {
            "main.py": """
                from fastapi import FastAPI
                from api.router import api_router
                from settings import settings

                app = FastAPI(openapi_url=f"{settings.API}/openapi.json")
                app.include_router(api_router, prefix=settings.API)
                """,
            "settings.py": """
                class Settings:
                    API: str = "/api/v1"

                settings = Settings()
                """,
            "api/__init__.py": "",
            "api/router.py": """
                from fastapi import APIRouter
                from api import items
                from api.users import router as users_router

                api_router = APIRouter()
                api_router.include_router(users_router, prefix="/users", tags=["users"])
                api_router.include_router(items.router)
                """,
            "api/users.py": """
                from fastapi import APIRouter

                router = APIRouter()

                @router.get("/")
                def listed():
                    return []

                @router.get("/{user_id}")
                def single(user_id: int):
                    return {}
                """,
            "api/items.py": """
                from fastapi import APIRouter

                router = APIRouter(prefix="/items")

                @router.post("/")
                def made():
                    return {}
                """,
        },
        "fastapi",
    ),
    "included twice": one(
        """
        from fastapi import APIRouter, FastAPI

        router = APIRouter()

        @router.get("/x")
        def x():
            return {}

        app = FastAPI(docs_url=None, redoc_url=None)
        app.include_router(router, prefix="/v1")
        app.include_router(router, prefix="/v2")
        """,
        "fastapi",
    ),
    "mounted": one(
        """
        from fastapi import FastAPI

        app = FastAPI()
        admin = FastAPI(openapi_url=None)

        @admin.get("/users")
        def users():
            return []

        @app.get("/x")
        def x():
            return {}

        app.mount("/admin", admin)
        """,
        "fastapi",
    ),
    "mounted with documentation": one(
        """
        from fastapi import FastAPI

        app = FastAPI(docs_url=None, redoc_url=None)
        inner = FastAPI(redoc_url=None, docs_url="/help")

        @inner.get("/users")
        def users():
            return []

        app.mount("/inner", inner)
        """,
        "fastapi",
    ),
    "documentation elsewhere": one(
        """
        from fastapi import FastAPI

        app = FastAPI(docs_url="/help", redoc_url=None, openapi_url="/schema.json")

        @app.get("/x")
        def x():
            return {}
        """,
        "fastapi",
    ),
    "no documentation": one(
        """
        from fastapi import FastAPI

        options = {"openapi_url": None}
        app = FastAPI(**options)

        @app.get("/x")
        def x():
            return {}
        """,
        "fastapi",
    ),
    "factory": many(
        {
            "main.py": """
                from fastapi import FastAPI
                from views import register

                class Factory:
                    def __init__(self, title: str):
                        self.title = title

                    def create(self) -> FastAPI:
                        app = FastAPI(title=self.title)
                        self.routes(app)
                        register(app)
                        return app

                    def routes(self, app: FastAPI) -> None:
                        @app.get("/inside")
                        async def inside():
                            return {}

                def get_app():
                    return Factory("shop").create()
                """,
            "views.py": """
                from fastapi import APIRouter, FastAPI

                router = APIRouter(prefix="/v")

                @router.get("/x")
                def x():
                    return {}

                def register(app: FastAPI):
                    app.include_router(router)

                    @app.post("/late")
                    def late():
                        return {}
                """,
        },
        "fastapi",
        app="main:get_app()",
    ),
    "loop": one(
        """
        from fastapi import APIRouter, FastAPI

        first = APIRouter()
        second = APIRouter()

        @first.get("/x")
        @second.get("/y")
        def seen():
            return {}

        ROUTERS = [(first, "/first"), (second, "/second")]
        app = FastAPI()
        for router, prefix in ROUTERS:
            app.include_router(router, prefix=prefix)
        for name in ["a", "b"]:
            app.add_api_route(f"/loop/{name}", seen, methods=["POST"])
        """,
        "fastapi",
    ),
    "websockets": one(
        """
        from fastapi import APIRouter, FastAPI, WebSocket

        app = FastAPI()
        router = APIRouter(prefix="/r")

        @app.websocket("/ws")
        async def one(websocket: WebSocket):
            await websocket.accept()

        @router.websocket("/ws/{room}")
        async def two(websocket: WebSocket, room: str):
            await websocket.accept()

        app.add_api_websocket_route("/three", one)
        app.include_router(router)
        """,
        "fastapi",
    ),
    "lifespan and background work": one(
        """
        from contextlib import asynccontextmanager
        from fastapi import BackgroundTasks, FastAPI

        @asynccontextmanager
        async def lifespan(app):
            yield

        app = FastAPI(lifespan=lifespan)

        def work():
            return None

        @app.middleware("http")
        async def passing(request, call_next):
            return await call_next(request)

        @app.exception_handler(ValueError)
        async def failing(request, error):
            return None

        @app.get("/x")
        def x(tasks: BackgroundTasks):
            tasks.add_task(work)
            return {}
        """,
        "fastapi",
    ),
    "conditional": one(
        """
        from fastapi import FastAPI

        class Settings:
            DEBUG = True

        settings = Settings()
        app = FastAPI(docs_url="/docs" if settings.DEBUG else None)

        if settings.DEBUG:
            @app.get("/debug")
            def debug():
                return {}
        """,
        "fastapi",
    ),
    "subclasses": one(
        """
        from fastapi import APIRouter, FastAPI

        class Shop(FastAPI):
            pass

        class Versioned(APIRouter):
            def __init__(self, version: str):
                super().__init__(prefix=f"/{version}")

        app = Shop(openapi_url=None)
        router = Versioned("v3")

        @router.get("/x")
        def x():
            return {}

        app.include_router(router)
        """,
        "fastapi",
    ),
    "starlette routes inside": one(
        """
        from fastapi import FastAPI
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        async def ping(request):
            return PlainTextResponse("x")

        app = FastAPI(routes=[Route("/ping", ping)], openapi_url=None)
        """,
        "fastapi",
    ),
}
