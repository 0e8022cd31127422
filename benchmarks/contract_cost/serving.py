"""Requests per second under a real server, asked by another process on the other core."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

from contract_cost.shared import BODY, token

HERE = Path(__file__).parent.parent


def serving(folder: Path, quick: bool) -> dict[str, float]:
    """Requests per second of each way to write the endpoint; empty where the load generator wrk is not installed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("\nwrk is not installed: requests per second are not measured", file=sys.stderr)
        return {}
    found = {}
    for name, module, path in (
        ("bare", "by_hand", "/bare/1"),
        ("by hand, no record", "by_hand", "/checked/1"),
        ("contract, no record", "by_contract", "/checked/1"),
        ("by hand, record (WAL NORMAL)", "by_hand", "/recorded/1"),
        ("contract, record (normal)", "by_contract", "/recorded/1"),
        ("contract, record (full, group commit)", "by_contract:full", "/recorded/1"),
    ):
        rate, cpu = _measured(folder, wrk, module, path, 2 if quick else 6)
        found[f"{name}: requests per second"] = rate
        found[f"{name}: CPU of the server, us per request"] = cpu
    return found


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has used (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _measured(folder: Path, wrk: str, module: str, path: str, seconds: int) -> tuple[float, float]:
    port = _free_port()
    own = folder / f"serve{port}"
    own.mkdir()
    env = {**os.environ, "BENCH_FOLDER": str(own), "BENCH_APP": module, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, "-m", "uvicorn", "contract_cost.served:app", "--port", str(port), "--no-access-log"]
    server = subprocess.Popen([*command, "--log-level", "error"], env=env)
    try:
        url = f"http://127.0.0.1:{port}{path}"
        _wait(url)
        script = own / "load.lua"
        script.write_text(
            f'wrk.method = "PATCH"\nwrk.body = [[{BODY.decode()}]]\nwrk.headers["Content-Type"] = "application/json"\n'
            f'wrk.headers["Authorization"] = "Bearer {token()}"\n'
            "function done(summary) io.write('failed ', summary.errors.status, '\\n') end\n"
        )
        _load(wrk, url, script, 1)
        before = _cpu(server.pid)
        rate, requests = _load(wrk, url, script, seconds)
        return rate, (_cpu(server.pid) - before) / requests * 1e6
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def _load(wrk: str, url: str, script: Path, seconds: int) -> tuple[float, int]:
    """Requests per second, and how many they were."""
    command = [wrk, "-t1", "-c32", f"-d{seconds}s", "-s", str(script), url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "failed 0" not in output:
        raise RuntimeError(f"requests failed:\n{output}")
    rate = next(line for line in output.splitlines() if "Requests/sec" in line)
    count = next(line for line in output.splitlines() if "requests in" in line)
    return float(rate.split()[1]), int(count.split()[0])


def _wait(url: str) -> None:
    for _ in range(100):
        try:
            asked = {"Content-Type": "application/json", "Authorization": f"Bearer {token()}"}
            request = Request(url, BODY, asked, method="PATCH")  # noqa: S310  loopback
            with urlopen(request, timeout=2):  # noqa: S310  loopback
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
