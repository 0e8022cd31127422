"""Guards of Flask by what they do: each good one beside a twin that does not guard."""

from __future__ import annotations

from textwrap import dedent

import pytest

from counterseal.guarantees import Guarantee
from tests.surface.apps import authorized, guarded, surface

HEAD = """
import os
from functools import wraps
import jwt
from flask import Blueprint, Flask, abort, current_app, g, jsonify, redirect, request, session, url_for
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
app.config["API_KEY"] = os.environ["API_KEY"]
db = SQLAlchemy(app)

class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String)
    password_hash = db.Column(db.String)
    role = db.Column(db.String)
    api_key = db.Column(db.String)

def token_required(view):
    @wraps(view)
    def inner(*args, **kwargs):
        token = request.headers.get("Authorization", "").replace("Bearer ", "")
        if not token:
            return jsonify({"error": "token is missing"}), 401
        try:
            claims = jwt.decode(token, app.config["SECRET_KEY"], algorithms=["HS256"])
            user = User.query.get(claims["user_id"])
        except Exception:
            return jsonify({"error": "token is invalid"}), 401
        if user is None:
            return jsonify({"error": "no such user"}), 401
        g.user = user
        return view(*args, **kwargs)
    return inner
"""

AUTHENTICATED: dict[str, tuple[str, str]] = {
    "decorator": (
        """
        @app.get("/x")
        @token_required
        def x():
            return "x"
        """,
        """
        @app.get("/x")
        def x():
            token_required(lambda: None)
            return "x"
        """,
    ),
    "order of decorators": (
        """
        @app.get("/x")
        @token_required
        def x():
            return "x"
        """,
        """
        @token_required
        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "decorator that passes the user on": (
        """
        def with_user(view):
            @wraps(view)
            def inner(*args, **kwargs):
                try:
                    claims = jwt.decode(request.headers["Authorization"], app.config["SECRET_KEY"], algorithms=["HS256"])
                except jwt.InvalidTokenError:
                    abort(401)
                return view(User.query.get(claims["sub"]), *args, **kwargs)
            return inner

        @app.get("/x")
        @with_user
        def x(user):
            return "x"
        """,
        """
        def with_user(view):
            @wraps(view)
            def inner(*args, **kwargs):
                try:
                    claims = jwt.decode(request.headers["Authorization"], app.config["SECRET_KEY"], algorithms=["HS256"])
                except jwt.InvalidTokenError:
                    claims = {"sub": 0}
                return view(User.query.get(claims["sub"]), *args, **kwargs)
            return inner

        @app.get("/x")
        @with_user
        def x(user):
            return "x"
        """,
    ),
    "decorator with a hole": (
        """
        def need(view):
            @wraps(view)
            def inner(*args, **kwargs):
                if "Authorization" not in request.headers:
                    abort(401)
                jwt.decode(request.headers["Authorization"], app.config["SECRET_KEY"], algorithms=["HS256"])
                return view(*args, **kwargs)
            return inner

        @app.get("/x")
        @need
        def x():
            return "x"
        """,
        """
        def need(view):
            @wraps(view)
            def inner(*args, **kwargs):
                if "Authorization" in request.headers:
                    jwt.decode(request.headers["Authorization"], app.config["SECRET_KEY"], algorithms=["HS256"])
                return view(*args, **kwargs)
            return inner

        @app.get("/x")
        @need
        def x():
            return "x"
        """,
    ),
    "before_request": (
        """
        @app.before_request
        def check():
            if request.headers.get("X-API-Key") != current_app.config["API_KEY"]:
                abort(401)

        @app.get("/x")
        def x():
            return "x"
        """,
        """
        @app.after_request
        def check(response):
            if request.headers.get("X-API-Key") != current_app.config["API_KEY"]:
                abort(401)
            return response

        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "before_request that answers": (
        """
        @app.before_request
        def check():
            if request.headers.get("X-API-Key") != current_app.config["API_KEY"]:
                return jsonify(error="who are you?"), 401

        @app.get("/x")
        def x():
            return "x"
        """,
        """
        @app.before_request
        def check():
            if request.headers.get("X-API-Key") != current_app.config["API_KEY"]:
                jsonify(error="who are you?"), 401

        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "before_request of a blueprint": (
        """
        bp = Blueprint("bp", __name__)

        @bp.before_request
        def check():
            if "user_id" not in session:
                return redirect("/login")

        @bp.get("/x")
        def x():
            return "x"

        app.register_blueprint(bp)
        """,
        """
        bp = Blueprint("bp", __name__)
        other = Blueprint("other", __name__)

        @other.before_request
        def check():
            if "user_id" not in session:
                return redirect("/login")

        @bp.get("/x")
        def x():
            return "x"

        app.register_blueprint(bp)
        """,
    ),
    "endpoints excluded": (
        """
        OPEN = ["login", "static"]

        @app.before_request
        def check():
            if request.endpoint in OPEN:
                return
            if "user_id" not in session:
                return redirect(url_for("login"))

        @app.get("/x")
        def x():
            return "x"
        """,
        """
        OPEN = ["login", "static", "x"]

        @app.before_request
        def check():
            if request.endpoint in OPEN:
                return
            if "user_id" not in session:
                return redirect(url_for("login"))

        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "paths excluded": (
        """
        @app.before_request
        def check():
            if request.path.startswith(("/public", "/static")):
                return None
            if "user_id" not in session:
                abort(401)

        @app.get("/x")
        def x():
            return "x"
        """,
        """
        @app.before_request
        def check():
            if not request.path.startswith("/admin"):
                return None
            if "user_id" not in session:
                abort(401)

        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "session": (
        """
        @app.get("/x")
        def x():
            if not session.get("user_id"):
                return redirect("/login")
            return "x"
        """,
        """
        @app.get("/x")
        def x():
            if not session.get("language"):
                return redirect("/language")
            return "x"
        """,
    ),
    "cookie that names a user": (
        """
        from itsdangerous import URLSafeTimedSerializer, BadSignature

        signer = URLSafeTimedSerializer(app.config["SECRET_KEY"])

        @app.get("/x")
        def x():
            try:
                user = signer.loads(request.cookies.get("user"), max_age=3600)
            except BadSignature:
                abort(401)
            return "x"
        """,
        """
        @app.get("/x")
        def x():
            user = request.cookies.get("user_id")
            if not user:
                abort(401)
            return "x"
        """,
    ),
    "flask-login": (
        """
        from flask_login import LoginManager, login_required

        LoginManager(app)

        @app.get("/x")
        @login_required
        def x():
            return "x"
        """,
        """
        from flask_login import LoginManager, login_required

        LoginManager(app)

        @login_required
        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "flask-login by hand": (
        """
        from flask_login import current_user

        @app.get("/x")
        def x():
            if not current_user.is_authenticated:
                abort(401)
            return current_user.email
        """,
        """
        from flask_login import current_user

        @app.get("/x")
        def x():
            return {"user": str(current_user)}
        """,
    ),
    "flask-jwt-extended": (
        """
        from flask_jwt_extended import get_jwt_identity, jwt_required

        @app.get("/x")
        @jwt_required()
        def x():
            return get_jwt_identity()
        """,
        """
        from flask_jwt_extended import get_jwt_identity, jwt_required

        @app.get("/x")
        @jwt_required(optional=True)
        def x():
            return jsonify(user=get_jwt_identity())
        """,
    ),
    "optional token, demanded by hand": (
        """
        from flask_jwt_extended import get_jwt_identity, jwt_required

        @app.get("/x")
        @jwt_required(optional=True)
        def x():
            if get_jwt_identity() is None:
                abort(401)
            return "x"
        """,
        """
        from flask_jwt_extended import get_jwt_identity, jwt_required

        @app.get("/x")
        @jwt_required(optional=True)
        def x():
            who = get_jwt_identity() or "guest"
            return "x"
        """,
    ),
    "verify_jwt_in_request": (
        """
        from flask_jwt_extended import verify_jwt_in_request

        @app.before_request
        def check():
            verify_jwt_in_request()

        @app.get("/x")
        def x():
            return "x"
        """,
        """
        from flask_jwt_extended import verify_jwt_in_request

        @app.before_request
        def check():
            verify_jwt_in_request(optional=True)

        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "flask-httpauth": (
        """
        from flask_httpauth import HTTPBasicAuth
        from werkzeug.security import check_password_hash

        auth = HTTPBasicAuth()

        @auth.verify_password
        def verify(username, password):
            user = User.query.filter_by(email=username).first()
            if user and check_password_hash(user.password_hash, password):
                return user
            return None

        @app.get("/x")
        @auth.login_required
        def x():
            return "x"
        """,
        """
        from flask_httpauth import HTTPBasicAuth

        auth = HTTPBasicAuth()

        @auth.verify_password
        def verify(username, password):
            return username

        @app.get("/x")
        @auth.login_required
        def x():
            return "x"
        """,
    ),
    "key looked up": (
        """
        @app.get("/x")
        def x():
            user = User.query.filter_by(api_key=request.headers.get("X-API-Key")).first_or_404()
            return "x"
        """,
        """
        @app.get("/x")
        def x():
            user = User.query.filter_by(email=request.args.get("email")).first_or_404()
            return "x"
        """,
    ),
    "user behind a proxy": (
        """
        from werkzeug.local import LocalProxy

        def load():
            if "user_id" not in session:
                abort(401)
            return User.query.get(session["user_id"])

        current = LocalProxy(load)

        @app.get("/x")
        @token_required
        def x():
            return g.user.email
        """,
        """
        def load():
            return User.query.get(request.args.get("user_id"))

        @app.get("/x")
        def x():
            return load().email
        """,
    ),
    "user from the view's head": (
        """
        @app.before_request
        def load():
            g.user = None
            if "user_id" in session:
                g.user = User.query.get(session["user_id"])

        @app.get("/x")
        def x():
            if g.user is None:
                return redirect("/login")
            return "x"
        """,
        """
        @app.before_request
        def load():
            g.user = None
            if "user_id" in session:
                g.user = User.query.get(session["user_id"])

        @app.get("/x")
        def x():
            return "x"
        """,
    ),
    "method view": (
        """
        from flask.views import MethodView

        class X(MethodView):
            decorators = [token_required]

            def get(self):
                return "x"

        app.add_url_rule("/x", view_func=X.as_view("x"))
        """,
        """
        from flask.views import MethodView

        class X(MethodView):
            guards = [token_required]

            def get(self):
                return "x"

        app.add_url_rule("/x", view_func=X.as_view("x"))
        """,
    ),
    "guard around a view": (
        """
        from flask.views import MethodView

        class X(MethodView):
            def get(self):
                return "x"

        app.add_url_rule("/x", view_func=token_required(X.as_view("x")))
        """,
        """
        from flask.views import MethodView

        class X(MethodView):
            def get(self):
                return "x"

        token_required(X.as_view("unused"))
        app.add_url_rule("/x", view_func=X.as_view("x"))
        """,
    ),
    "assert is no check": (
        """
        @app.get("/x")
        def x():
            if "user_id" not in session:
                raise PermissionError
            return "x"
        """,
        """
        @app.get("/x")
        def x():
            assert "user_id" in session
            return "x"
        """,
    ),
}

AUTHORIZED: dict[str, tuple[str, str]] = {
    "decorator for a role": (
        """
        def role_required(role):
            def decorator(view):
                @wraps(view)
                @token_required
                def inner(*args, **kwargs):
                    if g.user.role != role:
                        abort(403)
                    return view(*args, **kwargs)
                return inner
            return decorator

        @app.get("/x")
        @role_required("admin")
        def x():
            return "x"
        """,
        """
        def role_required(role):
            def decorator(view):
                @wraps(view)
                @token_required
                def inner(*args, **kwargs):
                    return view(*args, **kwargs)
                return inner
            return decorator

        @app.get("/x")
        @role_required("admin")
        def x():
            return "x"
        """,
    ),
    "role in the session": (
        """
        @app.get("/x")
        def x():
            if session.get("role") != "admin":
                abort(403)
            return "x"
        """,
        """
        @app.get("/x")
        def x():
            if session.get("user_id") is None:
                abort(403)
            return "x"
        """,
    ),
    "role in the claims": (
        """
        from flask_jwt_extended import get_jwt, jwt_required

        @app.get("/x")
        @jwt_required()
        def x():
            if get_jwt().get("role") != "admin":
                abort(403)
            return "x"
        """,
        """
        from flask_jwt_extended import get_jwt, jwt_required

        @app.get("/x")
        @jwt_required()
        def x():
            if request.args.get("role") != "admin":
                abort(403)
            return "x"
        """,
    ),
    "two decorators": (
        """
        def admin_only(view):
            @wraps(view)
            def inner(*args, **kwargs):
                if g.user.role != "admin":
                    return jsonify(error="forbidden"), 403
                return view(*args, **kwargs)
            return inner

        @app.get("/x")
        @token_required
        @admin_only
        def x():
            return "x"
        """,
        """
        def admin_only(view):
            @wraps(view)
            def inner(*args, **kwargs):
                if g.user.role != "admin":
                    app.logger.warning("not an administrator")
                return view(*args, **kwargs)
            return inner

        @app.get("/x")
        @token_required
        @admin_only
        def x():
            return "x"
        """,
    ),
}


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_a_guard_that_checks_the_credential_authenticates(name: str) -> None:
    assert guarded(HEAD + dedent(AUTHENTICATED[name][0])) == {"/x": True}


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_its_twin_does_not(name: str) -> None:
    assert guarded(HEAD + dedent(AUTHENTICATED[name][1])) == {"/x": False}


@pytest.mark.parametrize("name", AUTHORIZED)
def test_a_check_of_the_role_authorizes(name: str) -> None:
    source = HEAD + dedent(AUTHORIZED[name][0])
    assert authorized(source) == {"/x": True}
    assert guarded(source) == {"/x": True}


@pytest.mark.parametrize("name", AUTHORIZED)
def test_its_twin_only_authenticates(name: str) -> None:
    source = HEAD + dedent(AUTHORIZED[name][1])
    assert authorized(source) == {"/x": False}
    assert guarded(source) == {"/x": True}


def test_a_guard_above_the_registration_is_reported() -> None:
    found = surface(HEAD + dedent(AUTHENTICATED["order of decorators"][1]))

    assert [(late.handler, late.decorator) for late in found.late_guards] == [("main.x", "token_required")]
    assert "auth" in found.late_guards[0].facts


def test_a_harmless_decorator_above_the_registration_is_not() -> None:
    found = surface(
        HEAD
        + dedent(
            """
            def logged(view):
                @wraps(view)
                def inner(*args, **kwargs):
                    return view(*args, **kwargs)
                return inner

            @logged
            @app.get("/x")
            def x():
                return "x"
            """
        )
    )

    assert not found.late_guards


def test_a_guard_that_only_decodes_is_found_not_to_guard() -> None:
    found = surface(
        HEAD
        + dedent(
            """
            def verify_token(view):
                @wraps(view)
                def inner(*args, **kwargs):
                    g.claims = jwt.decode(request.headers["Authorization"], options={"verify_signature": False})
                    return view(*args, **kwargs)
                return inner

            @app.get("/x")
            @verify_token
            def x():
                return "x"
            """
        )
    )

    assert [guard.name for guard in found.fake_guards]
    assert not found.routes[0].holds(Guarantee.AUTHENTICATED)
