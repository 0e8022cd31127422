"""What a call is remembered by: the same helper behind different guards is judged anew, in whatever order routes come."""

from __future__ import annotations

from itertools import permutations

import pytest

from counterseal.audit.surface.flow import Access, Call, Compare, Event, Raise, Return, Store
from tests.surface.apps import guarded, surface_of
from tests.surface.test_determinism import FILES

HEAD = """
import os
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

app = FastAPI()

def verified(request: Request):
    token = request.headers.get("Authorization", "")
    request.state.user = jwt.decode(token, os.environ["SECRET_KEY"], algorithms=["HS256"])

def anybody(request: Request):
    request.state.user = request.headers.get("X-User", "")

def timed(request: Request):
    request.state.started = "now"

def user_of(request: Request):
    return request.state.user

def need(request: Request):
    user = user_of(request)
    if not user:
        raise HTTPException(401)
    return user
"""
ROUTES = {
    "/verified": "verified",
    "/anybody": "anybody",
    "/timed": "timed), Depends(verified",
    "/nobody": "timed",
}


@pytest.mark.parametrize("order", list(permutations(ROUTES)))
def test_a_helper_rests_on_what_was_stored_before_it(order: tuple[str, ...]) -> None:
    routes = "".join(
        f"""
@app.get("{path}", dependencies=[Depends({ROUTES[path]})])
def x{number}(user=Depends(need)):
    return "x"
"""
        for number, path in enumerate(order)
    )

    states = guarded(HEAD + routes)

    assert {path for path in ROUTES if states[path]} == {"/verified", "/timed"}


def test_what_a_helper_stores_is_there_for_the_next_one() -> None:
    body = """
@app.get("/first")
def first(request: Request):
    verified(request)
    return need(request)

@app.get("/second")
def second(request: Request):
    timed(request)
    verified(request)
    return need(request)

@app.get("/third")
def third(request: Request):
    timed(request)
    anybody(request)
    return need(request)
"""

    states = guarded(HEAD + body)

    assert {path for path, state in states.items() if state} == {"/first", "/second"}


@pytest.mark.parametrize("verbs", [("get", "post"), ("post", "get")])
def test_what_differs_from_route_to_route_is_not_handed_on(verbs: tuple[str, ...]) -> None:
    body = """
def note(request: Request):
    request.state.verb = request.method

def need_to_change(request: Request):
    note(request)
    if request.state.verb == "POST":
        verified(request)
"""
    routes = "".join(
        f"""
@app.{verb}("/{verb}")
def x{verb}(request: Request):
    need_to_change(request)
    return "x"
"""
        for verb in verbs
    )

    assert guarded(HEAD + body + routes) == {"/get": False, "/post": True}


def test_an_index_of_events_leaves_nothing_out_and_keeps_their_order() -> None:
    several: tuple[tuple[type[Event], ...], ...] = ((Access, Store), (Store, Access), (Raise, Return, Call), (Compare,), ())
    for flow in surface_of(FILES).all_flows():
        for classes in several:
            assert list(flow.among(*classes)) == [event for event in flow.events if isinstance(event, classes)]
        calls = [event for event in flow.events if isinstance(event, Call)]
        kinds = sorted({call.kind for call in calls})
        assert list(flow.calls()) == calls
        assert list(flow.calls(*kinds[:3])) == [call for call in calls if not kinds or call.kind in kinds[:3]]
        assert list(flow.calls("no such kind")) == []
        assert flow.facts() == frozenset().union(*(event.facts for event in flow.events))
