"""Limits in Redis: what its script counts, and what happens when it is down, slow, restarted or refuses."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.limiter import Meter, Verdict
from counterseal.enforce.limits import open_limits
from counterseal.enforce.limits.breaker import FAILURES, PAUSE, ClosableLimiter
from counterseal.enforce.limits.rates import Rate
from counterseal.enforce.limits.script import SCRIPT
from counterseal.enforce.limits.state import pack, settle, unpack
from counterseal.enforce.limits.window import Window, judge
from tests.limits.redis_server import RedisServer, free_port

TIMEOUT = 1.0  # on a busy machine a healthy server takes a while, too
SLACK = 1.5  # what a busy machine adds; without a bound these would take for ever


class Client:
    """Opens limiters, and hits them: from code that may block, or from an event loop that lives as long as the test."""

    def __init__(self, runner: asyncio.Runner | None) -> None:
        self._runner = runner
        self._opened: list[ClosableLimiter] = []

    def __call__(self, meter: Meter, key: str) -> Verdict:
        return meter.hit(key, 1) if self._runner is None else self._runner.run(_ask(meter, key))

    def open(self, url: str, *, prefix: str = "test", timeout: float = TIMEOUT, on_outage: str = "deny") -> ClosableLimiter:
        self._opened.append(open_limits(url, prefix=prefix, timeout=timeout, on_outage=on_outage))
        return self._opened[-1]

    def close(self) -> None:
        for limits in self._opened:
            if self._runner is None:
                limits.close()
            else:
                self._runner.run(limits.aclose())


@pytest.fixture(params=["plain", "awaited"])
def hit(request: pytest.FixtureRequest) -> Iterator[Client]:
    """Both kinds of code."""
    with asyncio.Runner() as runner:
        client = Client(runner if request.param == "awaited" else None)
        yield client
        client.close()


async def _ask(meter: Meter, key: str) -> Verdict:
    answer = meter.hit_async(key, 1)
    return answer if isinstance(answer, Verdict) else await answer


def _refused(hit: Client, meter: Meter) -> float:
    """Seconds until `Unavailable`."""
    start = time.perf_counter()
    with pytest.raises(Unavailable):
        hit(meter, "alice")
    return time.perf_counter() - start


def _recovered(hit: Client, meter: Meter, key: str) -> Verdict:
    deadline = time.monotonic() + PAUSE + 5
    while True:
        try:
            return hit(meter, key)
        except Unavailable:
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.05)


def test_a_dead_server_denies_within_the_timeout_and_is_found_again(frail_server: RedisServer, hit: Client) -> None:
    meter = hit.open(frail_server.url, timeout=TIMEOUT).meter("login", "5/minute")
    assert hit(meter, "alice").allowed
    frail_server.kill()
    assert max(_refused(hit, meter) for _ in range(10)) < TIMEOUT + SLACK
    frail_server.start()  # without its scripts: they are loaded again
    assert _recovered(hit, meter, "alice").allowed


def test_a_frozen_server_denies_within_the_timeout_and_then_at_once(frail_server: RedisServer, hit: Client) -> None:
    meter = hit.open(frail_server.url, timeout=TIMEOUT).meter("login", "50/minute")
    assert hit(meter, "alice").allowed
    frail_server.freeze()
    first = [_refused(hit, meter) for _ in range(FAILURES)]
    assert max(first) < TIMEOUT + SLACK
    later = [_refused(hit, meter) for _ in range(100)]
    assert sum(later) < 2 * (TIMEOUT + SLACK), "a server that is down must not cost each request the timeout"
    frail_server.thaw()
    assert _recovered(hit, meter, "alice").allowed


def test_a_hundred_tasks_do_not_queue_behind_a_frozen_server(frail_server: RedisServer) -> None:
    limits = open_limits(frail_server.url, timeout=TIMEOUT)
    meter = limits.meter("login", "500/minute")

    async def all_of_them() -> tuple[list[Any], float]:
        await asyncio.gather(*(_ask(meter, "alice") for _ in range(100)))
        frail_server.freeze()
        start = time.perf_counter()
        answers = await asyncio.gather(*(_ask(meter, "alice") for _ in range(100)), return_exceptions=True)
        took = time.perf_counter() - start
        frail_server.thaw()
        await asyncio.sleep(PAUSE)
        assert (await _ask(meter, "bob")).remaining == 499, "an answer that came too late must not be taken for this one"
        await limits.aclose()
        return answers, took

    answers, took = asyncio.run(all_of_them())
    assert {type(answer) for answer in answers} == {Unavailable}
    assert took < TIMEOUT + SLACK


def test_a_server_that_was_never_there_denies(hit: Client) -> None:
    meter = hit.open("redis://127.0.0.1:1", timeout=TIMEOUT).meter("login", "5/minute")
    assert _refused(hit, meter) < TIMEOUT + SLACK


def test_a_local_count_stands_in_where_that_was_asked_for(frail_server: RedisServer, hit: Client) -> None:
    meter = hit.open(frail_server.url, timeout=TIMEOUT, on_outage="local").meter("login", "2/minute")
    frail_server.kill()
    assert [hit(meter, "alice").allowed for _ in range(5)] == [True, True, False, False, False]
    assert hit(meter, "bob").allowed
    frail_server.start()
    time.sleep(PAUSE)
    assert [hit(meter, "alice").remaining for _ in range(2)] == [1, 0], "the server counts again"


def test_scripts_that_the_server_forgot_are_loaded_again(redis_server: RedisServer, hit: Client) -> None:
    meter = hit.open(redis_server.url, prefix="forgot").meter("login", "500/minute")
    hit(meter, "alice")
    redis.Redis.from_url(redis_server.url).script_flush()
    assert hit(meter, "alice").allowed


def test_a_restart_in_mid_load_never_lets_more_through_than_two_windows(frail_server: RedisServer) -> None:
    meter = open_limits(frail_server.url, timeout=TIMEOUT).meter("login", "20/hour")
    allowed, unavailable, done = [0] * 4, [0] * 4, threading.Event()

    def work(number: int) -> None:
        while not done.is_set():
            try:
                allowed[number] += meter.hit("alice", 1).allowed
            except Unavailable:
                unavailable[number] += 1
                time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    frail_server.kill()
    time.sleep(0.2)
    frail_server.start()
    time.sleep(PAUSE + 0.3)
    done.set()
    for thread in threads:
        thread.join()
    assert sum(unavailable) > 0
    # It keeps nothing when it is killed: the second window is the restarted server's own.
    assert sum(allowed) == 40


def test_cancelled_hits_leave_no_answers_behind_for_others(redis_server: RedisServer) -> None:
    limits = open_limits(redis_server.url, prefix="cancelled")
    meter, other = limits.meter("one", "100000/hour"), limits.meter("two", "7/hour")

    async def one() -> Verdict:
        return await _ask(meter, "alice")

    async def load() -> list[Verdict]:
        for wait in range(40):
            tasks = [asyncio.create_task(one()) for _ in range(20)]
            await asyncio.sleep(wait / 20_000)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        answers = [await _ask(other, str(number)) for number in range(40)]
        await limits.aclose()
        return answers

    assert {(verdict.limit, verdict.remaining) for verdict in asyncio.run(load())} == {(7, 6)}


def test_a_wrong_password_denies_and_is_not_repeated(tmp_path: Path, hit: Client) -> None:
    server = RedisServer(tmp_path, "--requirepass", "right")
    try:
        for password, works in (("right", True), ("hunter2", False)):
            meter = hit.open(f"redis://:{password}@127.0.0.1:{server.port}", timeout=TIMEOUT).meter("login", "5/minute")
            if works:
                assert hit(meter, "alice").allowed
                continue
            with pytest.raises(Unavailable) as denied:
                hit(meter, "alice")
            assert "hunter2" not in f"{denied.value!r} {denied.value.__cause__!r}"
    finally:
        server.kill()


def test_a_full_server_denies(tmp_path: Path, hit: Client) -> None:
    server = RedisServer(tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
    try:
        _refused(hit, hit.open(server.url).meter("login", "5/minute"))
    finally:
        server.kill()


def _certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "limits")])
    today = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    draft = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), today, today + timedelta(days=1))
    certificate = draft.add_extension(address, critical=False).sign(key, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
    return path


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
def test_tls_trusts_only_the_certificate_that_was_named(tmp_path: Path, hit: Client, scheme: str) -> None:
    pem = str(_certificate(tmp_path))
    tls = ["--tls-cert-file", pem, "--tls-key-file", pem, "--tls-ca-cert-file", pem, "--tls-auth-clients", "no"]
    port = free_port()
    server = RedisServer(tmp_path, "--tls-port", str(port), *tls)
    try:
        url = f"{scheme}://127.0.0.1:{port}"
        assert hit(hit.open(f"{url}?ssl_ca_certs={pem}", timeout=5).meter("login", "5/minute"), "alice").allowed
        _refused(hit, hit.open(url, timeout=5).meter("login", "5/minute"))
        other = url.replace("127.0.0.1", "localhost")
        _refused(hit, hit.open(f"{other}?ssl_ca_certs={pem}", timeout=5).meter("login", "5/minute"))
    finally:
        server.kill()


@pytest.mark.parametrize("option", ["socket_timeout=60", "decode_responses=true", "ssl_cert_reqs=none", "max_connections="])
def test_an_address_does_not_override_what_limits_rely_on(option: str) -> None:
    with pytest.raises(ConfigurationError, match=option.partition("=")[0]):
        open_limits(f"rediss://127.0.0.1:1?{option}")


@pytest.mark.parametrize("scheme", ["unix", "redis+unix", "valkey+unix"])
def test_unix_sockets(redis_server: RedisServer, hit: Client, scheme: str) -> None:
    meter = hit.open(f"{scheme}://{redis_server.socket}", prefix=scheme).meter("login", "500/minute")
    assert hit(meter, "alice").allowed


def test_valkey_is_spoken_to_like_redis(redis_server: RedisServer, hit: Client) -> None:
    meter = hit.open(redis_server.url.replace("redis://", "valkey://"), prefix="valkey").meter("login", "500/minute")
    assert hit(meter, "alice").allowed


def test_keys_go_when_they_no_longer_count_and_are_small(redis_server: RedisServer) -> None:
    client: Any = redis.Redis.from_url(redis_server.url)
    limits = open_limits(redis_server.url, prefix="small")
    limits.meter("short", "5/second").hit("x" * 10_000, 1)
    large = limits.meter("large", "1000000/day")
    for _ in range(300):
        large.hit("alice", 3000)
    keys = client.keys("small:*")
    assert len(keys) == 2
    assert all(len(key) < 64 and client.memory_usage(key) < 6000 and 0 < client.pttl(key) <= 86_400_000 * 1.01 for key in keys)
    time.sleep(1.1)
    assert len(client.keys("small:*")) == 1


STEPS = st.lists(st.tuples(st.integers(-400, 400), st.integers(1, 12)), min_size=1, max_size=30)


@given(STEPS)
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_script_counts_as_the_other_stores_do(redis_server: RedisServer, steps: list[tuple[int, int]]) -> None:
    """The same hits at the same moments, the clock going both ways; the script is given its time by a key."""
    rates = (Rate(4, 5), Rate(10, 60), Rate(1000, 100))
    client = redis.Redis.from_url(redis_server.url)
    client.delete("differential")
    script: Any = client.register_script(SCRIPT.replace("redis.call('TIME')", "{redis.call('GET', 'differential clock'), '0'}"))
    arguments = [number for rate in rates for number in (rate.amount, rate.window, repr(rate.grain))]
    kept, seen, now = pack([Window([], []) for _ in rates]), 0.0, 1_000_000_000
    for step, cost in steps:
        now += step // 4 if step < 0 else step // 20
        client.set("differential clock", now)
        windows = unpack(kept)
        moment = settle(windows, seen, now, rates[-1].window)
        expected = judge(rates, windows, moment, cost)
        if expected.allowed or moment < seen:
            kept, seen = pack(windows), moment
        allowed, number, left, wait = script(["differential"], [cost, *arguments]).split()
        assert (allowed == b"1", int(left)) == (expected.allowed, expected.remaining)
        assert rates[int(number) - 1].amount == expected.limit
        assert float(wait) == pytest.approx(expected.reset_after, abs=1e-5)
