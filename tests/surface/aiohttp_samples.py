"""Every way of registering a route in aiohttp."""

from __future__ import annotations

from tests.surface.apps import Sample, many, one

SAMPLES: dict[str, Sample] = {
    "router": one(
        """
        from aiohttp import web

        async def x(request):
            return web.Response(text="x")

        class Handlers:
            def __init__(self, name):
                self.name = name

            async def y(self, request):
                return web.Response(text=self.name)

        app = web.Application()
        handlers = Handlers("y")
        app.router.add_get("/", x)
        app.router.add_post("/{name}", x)
        app.router.add_put(path="/{name}", handler=x)
        app.router.add_patch("/{name}", x)
        app.router.add_delete("/{name}", x)
        app.router.add_head("/h", x)
        app.router.add_route("GET", "/y", handlers.y)
        app.router.add_route("*", "/any", x)
        for path in ("/a", "/b"):
            app.router.add_get(path, x, allow_head=False)
        """,
        "aiohttp",
    ),
    "tables": many(
        {
            "main.py": """
                from aiohttp import web
                from shop.views import routes
                from shop import views

                def make():
                    made = web.Application()
                    made.add_routes(routes)
                    made.add_routes([web.get("/listed", views.listed), web.view("/page", views.Page)])
                    made.add_routes([web.route("POST", "/r", views.r)])
                    made.router.add_routes([web.delete("/gone", views.r)])
                    return made

                app = make()
                """,
            "shop/__init__.py": "",
            "shop/views.py": """
                from aiohttp import web

                routes = web.RouteTableDef()

                @routes.get("/orders")
                async def orders(request: web.Request) -> web.Response:
                    return web.json_response([])

                @routes.post("/orders/{order_id}")
                @routes.put("/orders/{order_id}")
                async def changed(request: web.Request) -> web.Response:
                    return web.json_response([])

                @routes.route("*", "/hook")
                async def hook(request: web.Request) -> web.Response:
                    return web.json_response([])

                @routes.view("/order")
                class Order(web.View):
                    async def get(self):
                        return web.json_response({})

                    async def delete(self):
                        return web.json_response({})

                class Page(web.View):
                    async def post(self):
                        return web.json_response({})

                async def listed(request):
                    return web.json_response([])

                async def r(request):
                    return web.json_response([])
                """,
        },
        "aiohttp",
    ),
    "applications inside applications": one(
        """
        from aiohttp import web

        async def x(request):
            return web.Response(text="x")

        inner = web.Application()
        inner.router.add_get("/x", x)
        admin = web.Application()
        admin.add_routes([web.get("/users", x)])
        admin.add_subapp("/inner", inner)
        app = web.Application()
        app.router.add_get("/x", x)
        app.router.add_static("/static", ".")
        app.add_subapp("/admin/", admin)
        """,
        "aiohttp",
    ),
}
