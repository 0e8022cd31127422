"""What an application under contract must survive: proxies that lie, stores that die, full disks, a server that is killed."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from counterseal.enforce.ledger import Filter, open_ledger, reading, verify
from tests.acceptance.conftest import Serve, Served
from tests.acceptance.tokens import bearer
from tests.limits.redis_server import RedisServer

NOTE, GOOD = "/notes/1", {"text": "x"}


def test_a_forwarded_address_counts_only_from_a_declared_proxy(serve: Serve) -> None:
    server = serve()
    statuses = [
        server.client.get("/limited", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code for number in range(8)
    ]
    assert statuses == [200] * 5 + [429] * 3


def test_a_declared_proxys_word_is_taken_and_the_clients_own_is_not(serve: Serve) -> None:
    server = serve(ACCEPTANCE_PROXIES='["127.0.0.1/32"]')
    # The proxy appended 203.0.113.9; everything to the left of it is what the client wrote.
    lies = [f"198.51.100.{number}, 203.0.113.9" for number in range(8)]
    statuses = [server.client.get("/limited", headers={"X-Forwarded-For": lie}).status_code for lie in lies]
    assert statuses == [200] * 5 + [429] * 3
    assert server.client.get("/limited", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 200


def test_limits_hold_on_included_routers_and_for_each_caller_apart(serve: Serve) -> None:
    server = serve()
    ann = [server.client.get("/included/limited", headers=bearer("ann")).status_code for _ in range(7)]
    assert ann == [200] * 5 + [429] * 2
    refused = server.client.get("/included/limited", headers=bearer("ann"))
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"included";q=5;w=60'
    assert server.client.get("/included/limited", headers=bearer("bob")).status_code == 200


def test_two_hundred_at_once_get_no_more_than_the_limit(serve: Serve) -> None:
    server = serve()
    header = bearer("ann")
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: server.client.get("/included/limited", headers=header).status_code, range(200)))
    assert sorted(set(statuses)) == [200, 429]
    assert statuses.count(200) == 5


def test_redis_down_slow_and_back_in_mid_load(serve: Serve, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    try:
        server = serve(ACCEPTANCE_LIMITS=redis.url)
        header = bearer("ann")
        assert server.client.patch(NOTE, json=GOOD, headers=header).status_code == 200
        redis.kill()
        assert server.client.patch(NOTE, json=GOOD, headers=header).status_code == 503
        redis.start()
        assert _in_time(lambda: server.client.patch(NOTE, json=GOOD, headers=header).status_code == 200)
        redis.freeze()
        start = time.monotonic()
        assert server.client.patch(NOTE, json=GOOD, headers=header).status_code == 503
        assert time.monotonic() - start < 3
        redis.thaw()
        assert _in_time(lambda: server.client.patch(NOTE, json=GOOD, headers=header).status_code == 200)
        assert [server.client.get("/included/limited", headers=header).status_code for _ in range(6)] == [200] * 5 + [429]
    finally:
        redis.kill()


def _in_time(check: object, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def _load(server: Served, acknowledged: list[str], stop: threading.Event, number: int) -> None:
    """Changes the note again and again; notes what the server has acknowledged."""
    count = 0
    with httpx.Client(base_url=server.url, timeout=10) as client:
        while not stop.is_set():
            count += 1
            text = f"{number}-{count}"
            try:
                answer = client.patch(NOTE, json={"text": text}, headers=bearer())
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                acknowledged.append(text)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_killed_server_loses_no_acknowledged_record(
    serve: Serve, tmp_path: Path, backend: str, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "ledger.db") if backend == "sqlite" else request.getfixturevalue("postgresql")
    server = serve(ACCEPTANCE_LEDGER=where)
    acknowledged: list[str] = []
    stop = threading.Event()
    clients = [threading.Thread(target=_load, args=(server, acknowledged, stop, number)) for number in range(8)]
    for client in clients:
        client.start()
    time.sleep(2)
    server.kill()
    stop.set()
    for client in clients:
        client.join()
    assert len(acknowledged) > 20
    ledger = open_ledger(where)
    try:
        kept = {str(entry.record.changes.get("text")) for entry in ledger.entries(Filter(action="note_update")) if entry.record}
    finally:
        ledger.close()
    assert set(acknowledged) <= kept
    with reading(where) as store:
        assert verify(store).problems == []


def test_a_ledger_that_cannot_be_written_refuses(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    server = serve(ACCEPTANCE_LEDGER=str(folder / "ledger.db"))
    assert server.client.patch(NOTE, json=GOOD, headers=bearer()).status_code == 200
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert _in_time(lambda: server.client.patch(NOTE, json=GOOD, headers=bearer()).status_code == 503)
    refused = server.client.patch(NOTE, json={"text": "unrecorded"}, headers=bearer())
    assert refused.status_code == 503
    assert "ledger" not in refused.text
    assert os.environ.get("HOME", "/home") not in refused.text
