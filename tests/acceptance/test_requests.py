"""What an application under contract must survive: requests that attackers and mistakes send, to a real server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import statistics
import threading
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from counterseal.enforce.core.record import Record
from counterseal.enforce.ledger import Filter, open_ledger
from tests.acceptance.conftest import Serve, Served
from tests.acceptance.served_secret import SECRET
from tests.acceptance.tokens import KEY, bearer, claims

NOTE = "/notes/1"
GOOD = {"text": "x"}


def records(server: Served, action: str) -> list[Record]:
    """What the server's ledger holds of an action."""
    ledger = open_ledger(server.folder / "ledger.db")
    try:
        return [entry.record for entry in ledger.entries(Filter(action=action)) if entry.record is not None]
    finally:
        ledger.close()


def test_a_good_call(server: Served) -> None:
    answer = server.client.patch(NOTE, json=GOOD, headers=bearer())
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "text": "x"})
    last = records(server, "note_update")[-1]
    assert (last.actor, last.object_type, last.object_id, last.outcome, last.status) == ("ann", "Note", "1", "succeeded", 200)
    assert last.changes == {"text": "x"}


def _raw(header: dict[str, Any] | str, payload: dict[str, Any] | str, key: bytes = KEY.encode()) -> str:
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, payload)]
    signing = b".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.new(key, signing, hashlib.sha256).digest()).rstrip(b"=")
    return (signing + b"." + signature).decode()


HS = {"alg": "HS256", "typ": "JWT"}
NEVER = object()


def _forged() -> dict[str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    good = claims("ann")
    without = {name: value for name, value in good.items() if name != "exp"}
    twice = json.dumps(claims("bob"))[:-1] + ', "sub": "ann"}'
    unsigned = _raw({"alg": "none"}, good).rpartition(".")[0]
    valid = bearer()["Authorization"].removeprefix("Bearer ")
    return {
        "none": f"{unsigned}.",
        "none, signed": _raw({"alg": "none"}, good),
        "NoNe": _raw({"alg": "NoNe"}, good),
        "signature of zerot": f"{valid.rpartition('.')[0]}.AAAA",
        "no signature": f"{valid.rpartition('.')[0]}.",
        "PEM as secret": _raw(HS, good, pem),
        "DER as secret": _raw(HS, good, der),
        "RS256": jwt.encode(good, private, "RS256"),
        "HS512": jwt.encode(good, KEY, "HS512"),
        "6-byte key": _raw(HS, good, b"secret"),
        "empty key": _raw(HS, good, b""),
        "wrong issuer": _raw(HS, {**good, "iss": "https://evil.example"}),
        "wrong audience": _raw(HS, {**good, "aud": "other"}),
        "no audience": _raw(HS, {name: value for name, value in good.items() if name != "aud"}),
        "no expiry": _raw(HS, without),
        "far expiry": _raw(HS, {**good, "exp": 9_999_999_999}),
        "expired": _raw(HS, {**good, "exp": int(time.time()) - 60}),
        "not yet": _raw(HS, {**good, "nbf": int(time.time()) + 3600}),
        "subject twice": _raw(HS, twice),
        "subject is a number": _raw(HS, {**good, "sub": 1}),
        "no subject": _raw(HS, {**good, "sub": ""}),
        "kid path": _raw({**HS, "kid": "../../../../dev/null"}, good, b""),
        "kid SQL": _raw({**HS, "kid": "x' UNION SELECT 'k'"}, good, b"k"),
        "kid list": _raw({**HS, "kid": ["a"]}, good),
        "embedded key": _raw({**HS, "jwk": {"kty": "oct", "k": "c2VjcmV0"}}, good, b"secret"),
        "jku": _raw({**HS, "jku": "http://127.0.0.1:9/keys"}, good, b"secret"),
        "crit": _raw({**HS, "crit": ["exp"]}, good),
        "huge": "a" * 20_000,
        "text": "admin",
    }


@pytest.mark.parametrize("name", sorted(_forged()))
def test_forged_tokens_are_nobody(server: Served, name: str) -> None:
    answer = server.client.patch(NOTE, json=GOOD, headers={"Authorization": f"Bearer {_forged()[name]}"})
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers


def test_two_authorization_headers_are_nobody(server: Served) -> None:
    pair = [("Authorization", bearer("bob")["Authorization"]), ("Authorization", bearer()["Authorization"])]
    assert server.client.patch(NOTE, json=GOOD, headers=pair).status_code in (400, 401)


def _send(server: Served, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def test_a_crafted_host_does_not_choose_the_guard(server: Served) -> None:
    answer = _send(server, b"GET /limited/../included/limited HTTP/1.1\r\nHost: x/limited?\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] in (b"404", b"401")
    answer = _send(server, b"GET /included/limited HTTP/1.1\r\nHost: x/limited?\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] == b"401"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "TRACE"])
def test_other_methods_run_nothing(server: Served, method: str) -> None:
    before = server.ran
    for path in (NOTE, "/broken-clause", "/included/limited"):
        assert server.client.request(method, path).status_code in (401, 405)
    assert server.ran == before


def test_who_calls_is_asked_before_what_is_sent(server: Served) -> None:
    for body in (b"{not json", b'{"text": 1}', b"x" * 5_000_000):
        answer = server.client.patch(NOTE, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 401
    assert server.client.get("/stream?fail=perhaps").status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"text": "a", "text": "b"}', 400),
        (b'{"text": "a", "count": NaN}', 400),
        (b'{"text": "a", "count": Infinity}', 400),
        (b"[" * 200_000, 400),
        (b'{"text":' * 100_000, 400),
        (b'{"text": "a", "owner": "bob"}', 422),
        (b'{"text": "a", "pinned": "yes"}', 422),
        (b'{"text": "a", "count": "7"}', 422),
        (b'{"text": "a", "count": 1e400}', 422),
        (b'{"text": "a", "count": ' + b"9" * 5000 + b"}", 400),
        (b'{"text": null}', 422),
        (b'["text"]', 422),
        (b"", 400),
        (b'{"text": "\xff"}', 400),
    ],
)
def test_bodies_that_are_not_what_was_declared(server: Served, body: bytes, status: int) -> None:
    before = server.ran
    answer = server.client.patch(NOTE, content=body, headers={**bearer(), "content-type": "application/json"})
    assert answer.status_code == status
    assert server.ran == before


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_50_megabytes_is_not_read(server: Served, chunked: bool) -> None:
    def pieces() -> Any:
        for _ in range(50):
            yield b" " * 1_000_000

    content: Any = pieces() if chunked else b" " * 50_000_000
    before = server.ran
    try:
        answer = httpx.patch(f"{server.url}{NOTE}", content=content, headers={**bearer(), "content-type": "application/json"})
        assert answer.status_code == 413
    except (httpx.WriteError, httpx.ReadError) as hung_up:
        # A server that has refused may hang up on who goes on sending: that is a refusal too.
        assert "reset" in str(hung_up).lower() or "pipe" in str(hung_up).lower()  # noqa: PT017
    assert server.ran == before


def test_content_types(server: Served) -> None:
    for given in ("text/plain", "application/xml", "application/jsonx"):
        answer = server.client.patch(NOTE, content=b'{"text": "a"}', headers={**bearer(), "content-type": given})
        assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/out/dict", "/out/object", "/out/orm", "/out/json", "/lists", "/stream"])
def test_what_leaves_is_what_was_declared(server: Served, path: str) -> None:
    answer = server.client.get(path, headers=bearer())
    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert '"text"' in answer.text


def test_what_goes_wrong_after_the_first_byte_is_on_record(server: Served) -> None:
    with pytest.raises(Exception, match=r"(?i)peer closed|incomplete"):
        server.client.get("/stream?fail=true", headers=bearer())
    server.client.post("/background", headers=bearer())
    server.client.post("/background?fail=true", headers=bearer())
    for _ in range(50):
        if len(records(server, "work")) == 2 and records(server, "export"):
            break
        time.sleep(0.1)
    assert records(server, "export")[-1].outcome == "failed"
    assert [record.outcome for record in records(server, "work")] == ["succeeded", "failed"]
    assert "work by ann" in server.ran


def test_the_caller_in_threads(server: Served) -> None:
    assert server.client.get("/executor", headers=bearer("ann")).json() == ["ann", "ann"]


def test_an_exception_in_a_clause_refuses_and_tells_nothing(server: Served) -> None:
    answer = server.client.get("/broken-clause", headers=bearer())
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert "broken clause" not in server.ran
    assert records(server, "broken")[-1].outcome == "failed"
    assert "ValueError" in server.log.read_text(encoding="utf-8")


def test_an_exception_in_the_body_tells_the_caller_nothing(server: Served) -> None:
    answer = server.client.get("/broken-body", headers=bearer())
    assert answer.status_code == 500
    assert SECRET not in answer.text
    last = records(server, "boom")[-1]
    assert (last.outcome, last.reason) == ("failed", "ValueError")
    assert SECRET not in repr(last)


def test_the_check_comes_before_the_action(server: Served) -> None:
    assert server.client.delete(NOTE, headers=bearer("eve", "admin")).status_code == 403
    assert server.client.delete(NOTE, headers=bearer("ann", "user")).status_code == 403
    assert "delete" not in server.ran


def test_a_wrong_decorator_order_is_not_an_open_door(serve: Serve) -> None:
    server = serve(ACCEPTANCE_WRONG_ORDER="1")
    assert server.client.get("/wrong-order", headers=bearer()).status_code == 500
    assert server.client.get("/wrong-order").status_code == 500
    assert server.client.patch(NOTE, json=GOOD).status_code == 401
    assert "wrong order" not in server.ran


def test_what_was_not_sealed_does_not_answer(server: Served) -> None:
    assert server.client.get("/openapi.json").status_code == 200
    said = server.client.get("/openapi.json").json()["paths"]["/notes/{note_id}"]["patch"]
    assert {"401", "403", "422", "429"} <= set(said["responses"])
    assert "audited" in said["x-counterseal"]["guarantees"]


def test_another_owner_and_no_object_answer_alike_and_take_as_long(server: Served) -> None:
    def asked(path: str) -> tuple[int, str, float]:
        start = time.perf_counter()
        answer = server.client.get(path, headers=header)
        document = {name: value for name, value in answer.json().items() if name != "request_id"}
        return answer.status_code, json.dumps(document), time.perf_counter() - start

    header = bearer("ann")
    others, absent = [], []
    for _ in range(150):
        others.append(asked("/forbidden/2"))
        absent.append(asked("/forbidden/777"))
    assert {item[:2] for item in others} == {item[:2] for item in absent}
    assert others[0][0] == 403
    medians = [statistics.median(item[2] for item in side) for side in (others, absent)]
    assert abs(medians[0] - medians[1]) < 0.25 * max(medians)


def test_an_object_that_changes_owner_between_check_and_use(serve: Serve) -> None:
    server = serve()
    answers: list[int] = []
    thread = threading.Thread(
        target=lambda: answers.append(server.client.post("/notes/1/slow", headers=bearer("ann")).status_code)
    )
    thread.start()
    time.sleep(0.15)
    # Ann's transaction holds the row: the new owner is written after it, not in its middle.
    assert server.client.post("/notes/1/give").status_code == 200
    thread.join()
    assert answers == [200]
    assert server.client.patch(NOTE, json=GOOD, headers=bearer("ann")).status_code == 404
    assert server.client.patch(NOTE, json=GOOD, headers=bearer("bob")).status_code == 200


def test_optimised_python_checks_the_same(serve: Serve) -> None:
    server = serve(optimised=True)
    assert server.client.patch(NOTE, json=GOOD).status_code == 401
    assert server.client.patch(NOTE, json=GOOD, headers=bearer("bob")).status_code == 404
    assert server.client.patch(NOTE, json={**GOOD, "owner": "bob"}, headers=bearer()).status_code == 422
    assert server.client.delete(NOTE, headers=bearer("eve", "admin")).status_code == 403
    assert server.ran == []
