"""Starlette applications that register their routes in every way there is."""

from __future__ import annotations

from tests.surface.apps import Sample, many, one

SAMPLES: dict[str, Sample] = {
    "tables": many(
        {
            "main.py": """
                from starlette.applications import Starlette
                from starlette.responses import JSONResponse
                from starlette.routing import Mount, Route, WebSocketRoute
                from views import Items, admin_routes, feed

                async def home(request):
                    return JSONResponse({})

                routes = [
                    Route("/", home),
                    Route("/posted", endpoint=home, methods=["POST", "PUT"]),
                    Route("/items/{item_id:int}", Items),
                    Mount("/admin", routes=admin_routes),
                    WebSocketRoute("/feed", feed),
                ]
                app = Starlette(debug=False, routes=routes)
                """,
            "views.py": """
                from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
                from starlette.responses import JSONResponse
                from starlette.routing import Mount, Route

                class Items(HTTPEndpoint):
                    async def get(self, request):
                        return JSONResponse({})

                    async def delete(self, request):
                        return JSONResponse({})

                async def users(request):
                    return JSONResponse([])

                async def feed(websocket):
                    await websocket.accept()

                admin_routes = [Route("/users", users), Mount("/deep", routes=[Route("/x", users, methods=["DELETE"])])]
                """,
        },
        "starlette",
    ),
    "mounted applications": one(
        """
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Mount, Route, Router

        async def seen(request):
            return JSONResponse({})

        inner = Starlette(routes=[Route("/seen", seen)])
        router = Router(routes=[Route("/routed", seen)])
        app = Starlette(routes=[Mount("/inner", app=inner), Mount("/router", router)])
        """,
        "starlette",
    ),
    "added by calls": one(
        """
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        async def seen(request):
            return JSONResponse({})

        app = Starlette()
        app.add_route("/seen", seen)
        app.add_route("/made", seen, methods=["POST"])
        app.mount("/sub", Starlette(routes=[Route("/x", seen)]))
        """,
        "starlette",
    ),
    "lists put together": one(
        """
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        async def seen(request):
            return JSONResponse({})

        first = [Route("/a", seen)]
        second = [Route(f"/{name}", seen, methods=["POST"]) for name in ("b", "c")]
        routes = first + second
        routes.append(Route("/d", seen))
        routes += [Route("/e", seen)]
        routes.extend([Route("/f", seen), *[]])
        app = Starlette(routes=routes)
        """,
        "starlette",
    ),
    "factory": one(
        """
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Mount, Route, WebSocketRoute

        async def seen(request):
            return JSONResponse({})

        async def feed(websocket):
            await websocket.accept()

        def api():
            return [Route("/seen", seen), WebSocketRoute("/feed", feed)]

        def create_app(debug=False):
            return Starlette(debug=debug, routes=[Mount("/api", routes=api())])
        """,
        "starlette",
        app="main:create_app()",
    ),
}
