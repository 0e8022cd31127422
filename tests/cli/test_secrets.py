"""No secret of the audited code is in any report, whichever rule speaks of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.apps import write
from tests.cli.command import counterseal

SECRETS = (
    "correct-horse-battery-staple",
    "backstop-of-the-signing-key",
    "pa55word-of-the-database",
    "AKIAIOSFODNN7EXAMPLE",
    "sk_live_51HxAbCdEfGhIjKlMnOp",
    "MIIEowIBAAKCAQEAr8Wq2Zk3Xv",
    "opensesame-opensesame",
    "3c469e9d6c5875d37a43f353d4f88e61",
)
APP = f'''\
import hashlib
import os

import jwt
from fastapi import FastAPI, Header, HTTPException

app = FastAPI()
SECRET_KEY = "{SECRETS[0]}"
JWT_KEY = os.getenv("JWT_KEY", "{SECRETS[1]}")
DATABASE_URL = "postgresql://app:{SECRETS[2]}@db/app"
aws = {{"aws_access_key_id": "{SECRETS[3]}", "region": "eu-west-1"}}
STRIPE_API_KEY = "{SECRETS[4]}"
PRIVATE_KEY = """-----BEGIN RSA PRIVATE KEY-----
{SECRETS[5]}
-----END RSA PRIVATE KEY-----
"""
ADMIN_HASH = "{SECRETS[7]}"


@app.post("/login")
def login(name: str, password: str):
    if name == "admin" and password == "{SECRETS[6]}":
        return {{"token": jwt.encode({{"sub": name}}, "{SECRETS[0]}", algorithm="HS256")}}
    if hashlib.md5(password.encode()).hexdigest() == "{SECRETS[7]}":
        return {{"token": jwt.encode({{"sub": name}}, JWT_KEY)}}
    raise HTTPException(status_code=401)


@app.get("/admin/users")
def users(api_key: str = Header()):
    if api_key != "{SECRETS[6]}":
        raise HTTPException(status_code=403)
    return []
'''


@pytest.mark.parametrize("report", ["text", "json", "sarif", "html", "markdown"])
def test_no_secret_is_in_a_report(tmp_path: Path, report: str) -> None:
    run = counterseal("audit", write(tmp_path, {"main.py": APP}), "--format", report)
    assert run.returncode == 1
    assert "hardcoded-secret" in run.stdout
    said = run.stdout + run.stderr
    assert [secret for secret in SECRETS if secret in said] == []
    assert [secret for secret in SECRETS if secret[:6] in said] == []


def test_a_kept_result_holds_no_secret_and_kept_facts_are_for_the_owner_alone(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    code = write(tmp_path / "app", {"main.py": APP})
    assert counterseal("audit", code, env={"COUNTERSEAL_CACHE": str(cache)}).returncode == 1
    (result,) = cache.glob("*.result")
    assert b"hardcoded-secret" in result.read_bytes()
    assert [secret for secret in SECRETS if secret.encode() in result.read_bytes()] == []
    (facts,) = cache.glob("*.pack")
    assert (cache.stat().st_mode & 0o777, facts.stat().st_mode & 0o777) == (0o700, 0o600)
