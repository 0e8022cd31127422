"""Every way of registering a route in Litestar."""

from __future__ import annotations

from tests.surface.apps import Sample, many, one

SAMPLES: dict[str, Sample] = {
    "functions": one(
        """
        from litestar import HttpMethod, Litestar, delete, get, head, patch, post, put, route
        from litestar.handlers import get as read

        @get()
        async def root() -> str:
            return "x"

        @get("/a")
        async def a() -> str:
            return "x"

        @get(["/b", "/c/{number:int}"])
        async def b() -> str:
            return "x"

        @post(path="/a")
        async def made() -> str:
            return "x"

        @put("/a/{name:str}/")
        async def replaced(name: str) -> str:
            return name

        @patch("/a/{name:str}")
        async def changed(name: str) -> str:
            return name

        @delete("/a/{name:str}")
        async def gone(name: str) -> None:
            return None

        @head("/h")
        async def h() -> None:
            return None

        @route("/both", http_method=["GET", HttpMethod.POST])
        async def both() -> str:
            return "x"

        @read("/d")
        def d() -> str:
            return "x"

        app = Litestar([root, a, b, made, replaced, changed, gone, h, both, d], openapi_config=None)
        """,
        "litestar",
    ),
    "controllers and routers": many(
        {
            "main.py": """
                from litestar import Litestar, Router
                from shop.orders import Base, Orders, Plain
                from shop.health import health

                inner = Router(path="/inner", route_handlers=[Orders])
                outer = Router("/outer/", route_handlers=[inner, health])
                app = Litestar(route_handlers=[outer, Orders, Plain, health], openapi_config=None)
                """,
            "shop/__init__.py": "",
            "shop/health.py": """
                from litestar import get

                @get("/health")
                async def health() -> str:
                    return "x"
                """,
            "shop/orders.py": """
                from litestar import Controller, delete, get, post

                class Base(Controller):
                    @get("/count")
                    async def count(self) -> int:
                        return 1

                class Orders(Base):
                    path = "/orders"

                    @get()
                    async def listed(self) -> list[int]:
                        return []

                    @get("/{order_id:int}/", name="one")
                    async def one(self, order_id: int) -> int:
                        return order_id

                    @post("/")
                    async def made(self) -> None:
                        return None

                class Plain(Controller):
                    @delete("/plain")
                    async def gone(self) -> None:
                        return None
                """,
        },
        "litestar",
    ),
    "registered later, in a loop and in a factory": one(
        """
        from litestar import Controller, Litestar, get

        @get("/late")
        async def late() -> str:
            return "x"

        class Views(Controller):
            path = "/views"

            @get("/one")
            async def one(self) -> str:
                return "x"

        def make(name: str):
            @get(f"/made/{name}")
            async def made() -> str:
                return name

            return made

        def create_app() -> Litestar:
            made = Litestar(route_handlers=[make(name) for name in ("a", "b")], openapi_config=None)
            made.register(late)
            made.register(Views)
            return made

        app = create_app()
        """,
        "litestar",
    ),
    "sockets": one(
        """
        from litestar import Litestar, WebSocket, websocket, websocket_listener
        from litestar.handlers import WebsocketListener

        @websocket("/ws")
        async def ws(socket: WebSocket) -> None:
            await socket.accept()

        @websocket_listener("/listener")
        async def listener(data: str) -> str:
            return data

        class Echo(WebsocketListener):
            path = "/echo"

            def on_receive(self, data: str) -> str:
                return data

        app = Litestar([ws, listener, Echo], openapi_config=None)
        """,
        "litestar",
    ),
    "raw ASGI": one(
        """
        from litestar import Litestar, asgi
        from litestar.types import Receive, Scope, Send

        @asgi("/raw", is_mount=True)
        async def raw(scope: Scope, receive: Receive, send: Send) -> None:
            return None

        app = Litestar([raw], openapi_config=None)
        """,
        "litestar",
    ),
}
