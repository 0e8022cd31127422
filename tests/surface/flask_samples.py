"""Flask applications that register their routes in every way there is."""

from __future__ import annotations

from tests.surface.apps import Sample, many, one

SAMPLES: dict[str, Sample] = {
    "decorators": one(
        """
        from flask import Flask

        app = Flask(__name__)

        @app.route("/")
        def index():
            return "hello"

        @app.route("/both", methods=["GET", "POST"])
        def both():
            return "x"

        @app.route("/lower", methods=["put"])
        def lower():
            return "x"

        @app.get("/items/<int:item_id>")
        def item(item_id):
            return "x"

        @app.post("/items")
        def create():
            return "x"

        @app.patch("/items/<uuid:item_id>")
        @app.delete("/items/<uuid:item_id>/")
        def change(item_id):
            return "x"

        @app.route("/one")
        @app.route("/two")
        def twice():
            return "x"
        """,
        "flask",
    ),
    "add_url_rule": one(
        """
        from flask import Flask

        app = Flask(__name__)

        def shown():
            return "x"

        def posted():
            return "x"

        app.add_url_rule("/shown", "shown", shown)
        app.add_url_rule("/posted", view_func=posted, methods=["POST"])
        app.add_url_rule(rule="/all", endpoint="all", view_func=shown, methods=("GET", "DELETE"))
        """,
        "flask",
    ),
    "constants": many(
        {
            "main.py": """
                from flask import Flask
                from paths import API, VERSION, Paths
                import paths

                app = Flask(__name__)
                PREFIX = f"{API}/{VERSION}"

                @app.get(PREFIX + "/a")
                def a():
                    return "x"

                @app.get(f"{paths.API}/b")
                def b():
                    return "x"

                @app.get("%s/c" % API)
                def c():
                    return "x"

                @app.get("{}/d".format(PREFIX))
                def d():
                    return "x"

                @app.get(Paths.USERS)
                def e():
                    return "x"
                """,
            "paths.py": """
                API = "/api"
                VERSION = "v1"

                class Paths:
                    USERS = API + "/users"
                """,
        },
        "flask",
    ),
    "blueprints": many(
        {
            "main.py": """
                from flask import Flask
                from shop import orders, public

                app = Flask(__name__, static_folder=None)
                app.register_blueprint(orders.bp, url_prefix="/orders")
                app.register_blueprint(public.bp)
                """,
            "shop/__init__.py": "",
            "shop/orders.py": """
                from flask import Blueprint

                bp = Blueprint("orders", __name__, url_prefix="/ignored")

                @bp.route("/")
                def listed():
                    return "x"

                @bp.route("/<int:order_id>", methods=["GET", "DELETE"])
                def single(order_id):
                    return "x"
                """,
            "shop/public.py": """
                from flask import Blueprint

                bp = Blueprint("public", __name__, url_prefix="/public")
                bp.add_url_rule("/x", view_func=lambda: "x", endpoint="x")

                @bp.get("/y")
                def y():
                    return "x"

                @bp.get("/z")
                def z():
                    return "x"
                """,
        },
        "flask",
    ),
    "nested blueprints": one(
        """
        from flask import Blueprint, Flask

        inner = Blueprint("inner", __name__, url_prefix="/inner")
        outer = Blueprint("outer", __name__, url_prefix="/outer")

        @inner.get("/x")
        def x():
            return "x"

        outer.register_blueprint(inner)
        app = Flask(__name__)
        app.register_blueprint(outer, url_prefix="/v1")
        app.register_blueprint(outer, url_prefix="/v2", name="again")
        """,
        "flask",
    ),
    "factory that nobody calls": one(
        """
        from flask import Blueprint, Flask

        bp = Blueprint("bp", __name__)

        @bp.get("/x")
        def x():
            return "x"

        def create_app(config=None):
            app = Flask(__name__)
            if config:
                app.config.update(config)

            @app.get("/inside")
            def inside():
                return "x"

            register(app)
            return app

        def register(app):
            app.register_blueprint(bp, url_prefix="/api")
        """,
        "flask",
        app="main:create_app()",
    ),
    "factory that the module calls": many(
        {
            "main.py": """
                from factory import create_app

                app = create_app("production")
                """,
            "factory.py": """
                from flask import Flask

                def create_app(name):
                    app = Flask(name)
                    from views import init_app
                    init_app(app)
                    return app
                """,
            "views.py": """
                from flask import Blueprint

                bp = Blueprint("views", __name__)

                @bp.get("/seen")
                def seen():
                    return "x"

                def init_app(app):
                    app.register_blueprint(bp)
                    app.add_url_rule("/added", view_func=seen)
                """,
        },
        "flask",
    ),
    "factory in a class": one(
        """
        from flask import Flask

        class Server:
            def __init__(self, name):
                self.app = Flask(name)
                self.register()

            def register(self):
                self.app.add_url_rule("/health", view_func=self.health)

                @self.app.post("/orders")
                def orders():
                    return "x"

            def health(self):
                return "x"

        app = Server("shop").app
        """,
        "flask",
    ),
    "loop over modules": many(
        {
            "main.py": """
                from flask import Flask
                import first, second

                app = Flask(__name__)
                for module in (first, second):
                    app.register_blueprint(module.bp, url_prefix="/api")
                for name, view in {"a": first.seen, "b": second.seen}.items():
                    app.add_url_rule(f"/{name}", endpoint=name, view_func=view)
                """,
            "first.py": """
                from flask import Blueprint
                bp = Blueprint("first", __name__)

                @bp.get("/first")
                def seen():
                    return "x"
                """,
            "second.py": """
                from flask import Blueprint
                bp = Blueprint("second", __name__)

                @bp.get("/second")
                def seen():
                    return "x"
                """,
        },
        "flask",
    ),
    "loop in a function with a list elsewhere": many(
        {
            "main.py": """
                from flask import Flask
                from routers import ALL

                def create_app():
                    app = Flask(__name__)
                    for bp in ALL:
                        app.register_blueprint(bp)
                    return app
                """,
            "routers.py": """
                from flask import Blueprint

                first = Blueprint("first", __name__, url_prefix="/first")
                second = Blueprint("second", __name__, url_prefix="/second")
                ALL = [first, second]

                @first.get("/x")
                @second.get("/y")
                def seen():
                    return "x"
                """,
        },
        "flask",
        app="main:create_app()",
    ),
    "method views": one(
        """
        from flask import Blueprint, Flask
        from flask.views import MethodView, View

        app = Flask(__name__)
        bp = Blueprint("bp", __name__)

        class Base(MethodView):
            def get(self):
                return "x"

        class Items(Base):
            def post(self):
                return "x"

        class Item(MethodView):
            init_every_request = False

            def get(self, item_id):
                return "x"

            def delete(self, item_id):
                return "x"

        class Page(View):
            methods = ["GET", "POST"]

            def dispatch_request(self):
                return "x"

        app.add_url_rule("/items", view_func=Items.as_view("items"))
        app.add_url_rule("/some", view_func=Items.as_view("some"), methods=["GET"])
        bp.add_url_rule("/items/<int:item_id>", view_func=Item.as_view("item"))
        app.add_url_rule("/page", view_func=Page.as_view("page"))
        app.register_blueprint(bp, url_prefix="/bp")
        """,
        "flask",
    ),
    "decorated handlers": one(
        """
        from functools import wraps
        from flask import Flask

        app = Flask(__name__)

        def logged(label):
            def decorator(view):
                @wraps(view)
                def inner(*args, **kwargs):
                    return view(*args, **kwargs)
                return inner
            return decorator

        def api(path, **options):
            def decorator(view):
                app.add_url_rule("/api" + path, view.__name__, view, **options)
                return view
            return decorator

        @app.get("/a")
        @logged("a")
        def a():
            return "x"

        @api("/b", methods=["POST"])
        def b():
            return "x"
        """,
        "flask",
    ),
    "conditional": one(
        """
        import os
        from flask import Flask

        app = Flask(__name__)
        DEBUG = os.environ.get("SHOP_DEBUG", "1") == "1"

        if DEBUG:
            @app.get("/debug")
            def debug():
                return "x"

        try:
            import json
        except ImportError:
            json = None
        else:
            @app.get("/json")
            def as_json():
                return "x"

        with app.app_context():
            @app.get("/with")
            def within():
                return "x"
        """,
        "flask",
    ),
    "hooks and commands are no routes": one(
        """
        from flask import Flask

        app = Flask(__name__, static_url_path="/assets")

        @app.before_request
        def before():
            return None

        @app.after_request
        def after(response):
            return response

        @app.teardown_appcontext
        def teardown(error):
            return None

        @app.errorhandler(404)
        def missing(error):
            return "missing", 404

        @app.context_processor
        def context():
            return {}

        @app.cli.command("seed")
        def seed():
            return None

        @app.get("/x")
        def x():
            return "x"
        """,
        "flask",
    ),
    "two applications": one(
        """
        from flask import Flask

        app = Flask("public")
        admin = Flask("admin", static_folder=None)

        @app.get("/x")
        def x():
            return "x"
        """,
        "flask",
    ),
    "restful": one(
        """
        from flask import Flask
        from flask_restful import Api, Resource

        app = Flask(__name__)
        api = Api(app, prefix="/api")

        class Users(Resource):
            def get(self):
                return []

            def post(self):
                return {}

        class User(Resource):
            def put(self, user_id):
                return {}

        api.add_resource(Users, "/users", "/people")
        api.add_resource(User, "/users/<int:user_id>")
        """,
        "flask",
        "flask_restful",
    ),
    "restful with init_app and a blueprint": one(
        """
        from flask import Blueprint, Flask
        from flask_restful import Api, Resource

        bp = Blueprint("api", __name__, url_prefix="/v1")
        api = Api(bp)
        late = Api()

        @api.resource("/things")
        class Things(Resource):
            def get(self):
                return []

        class Other(Resource):
            def delete(self):
                return []

        late.add_resource(Other, "/other")

        def create_app():
            app = Flask(__name__)
            late.init_app(app)
            app.register_blueprint(bp)
            return app
        """,
        "flask",
        "flask_restful",
        app="main:create_app()",
    ),
    "smorest": one(
        """
        from flask import Flask
        from flask.views import MethodView
        from flask_smorest import Api, Blueprint

        app = Flask(__name__)
        app.config.update(API_TITLE="x", API_VERSION="v1", OPENAPI_VERSION="3.0.2")
        api = Api(app)
        blp = Blueprint("pets", __name__, url_prefix="/pets")

        @blp.route("/")
        class Pets(MethodView):
            def get(self):
                return []

            def post(self):
                return {}

        @blp.route("/<int:pet_id>", methods=["DELETE"])
        def remove(pet_id):
            return ""

        api.register_blueprint(blp)
        """,
        "flask",
        "flask_smorest",
    ),
}
