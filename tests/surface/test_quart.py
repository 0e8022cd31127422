"""Quart, whose names mean what Flask's mean, and its sockets."""

from __future__ import annotations

from tests.surface.apps import guarded, surface, table

HEAD = """
import os
import jwt
from quart import Blueprint, Quart, abort, jsonify, request, websocket
from quart_auth import login_required

app = Quart(__name__, static_folder=None)

async def who(headers):
    try:
        return jwt.decode(headers.get("Authorization"), os.environ["SECRET"], algorithms=["HS256"])
    except jwt.PyJWTError:
        abort(401)
"""
ROUTES = """
@app.get("/x")
async def x():
    return jsonify({})

@app.websocket("/ws")
async def ws():
    await websocket.send(await websocket.receive())
"""


def test_routes_of_applications_blueprints_and_sockets() -> None:
    source = """
bp = Blueprint("b", __name__, url_prefix="/b")

@bp.route("/y", methods=["GET", "POST"])
async def y():
    return await request.get_json()

app.register_blueprint(bp)
"""
    found = surface(HEAD + ROUTES + source)

    assert set(table(found)) == {"GET /x", "WEBSOCKET /ws", "GET /b/y", "POST /b/y"}
    assert not found.not_checked


def test_a_check_counts_where_it_is_made() -> None:
    assert guarded(HEAD + ROUTES) == {"/x": False, "/ws": False}
    checked = ROUTES.replace("    return jsonify", "    await who(request.headers)\n    return jsonify")
    assert guarded(HEAD + checked) == {"/x": True, "/ws": False}
    decorated = ROUTES.replace("async def x", "@login_required\nasync def x")
    assert guarded(HEAD + decorated) == {"/x": True, "/ws": False}


def test_hooks_of_requests_and_of_sockets_are_two_things() -> None:
    before = "\n@app.before_{kind}\nasync def check():\n    await who({kind}.headers)\n"

    assert guarded(HEAD + before.format(kind="request") + ROUTES) == {"/x": True, "/ws": False}
    assert guarded(HEAD + before.format(kind="websocket") + ROUTES) == {"/x": False, "/ws": True}
