"""No secret that the audit knows of, or that looks like one, gets into a report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.audit.rules.redact import ELLIPSIS, Redactor, redact

KEY = "hunter2-hunter2-hunter2"


@given(st.text())
def test_at_most_two_characters_and_a_quarter_stay(secret: str) -> None:
    shown = redact(secret)
    assert shown.endswith(ELLIPSIS)
    assert len(shown) - 1 <= min(2, len(secret) / 4)
    assert secret.startswith(shown[:-1])


@given(st.text(min_size=12), st.text(), st.text())
def test_a_known_secret_is_removed_wherever_it_stands(secret: str, before: str, after: str) -> None:
    shown = Redactor([secret]).text(before + secret + after)
    assert secret not in shown or secret in before + after or secret in redact(secret)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f'SECRET_KEY = "{KEY}"', 'SECRET_KEY = "hu…"'),
        (f"SECRET_KEY: str = '{KEY}'", "SECRET_KEY: str = 'hu…'"),
        (f'app.config["JWT_SECRET_KEY"] = "{KEY}"', 'app.config["JWT_SECRET_KEY"] = "hu…"'),
        ('key = os.getenv("SECRET_KEY", "dev")', 'key = os.getenv("SECRET_KEY", "…")'),
        (f'key = os.environ.get("API_TOKEN", default="{KEY}")', 'key = os.environ.get("API_TOKEN", default="hu…")'),
        (f'if password == "{KEY}":', 'if password == "hu…":'),
        (f'if "x" and api_key != b"{KEY}":', 'if "x" and api_key != b"hu…":'),
        (f'connect(host="db", password="{KEY}")', 'connect(host="db", password="hu…")'),
        ('url = "postgresql://app:pa55word@db/app"', 'url = "postgresql://app:pa…@db/app"'),
        ('x = "sk_live_51HxAbCdEfGh12345"', 'x = "sk…"'),
        ('x = "AKIAIOSFODNN7EXAMPLE"', 'x = "AK…"'),
        ('x = "0123456789abcdef0123456789abcdef"', 'x = "01…"'),
        (f"# the old one was {KEY}", "# the old one was hu…"),
    ],
)
def test_lines_of_code(line: str, shown: str) -> None:
    assert Redactor([KEY]).line(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        'scheme = OAuth2PasswordBearer(tokenUrl="auth/login")',
        'return {"access_token": token, "token_type": "bearer"}',
        "class Token(BaseModel): access_token: str",
        'password: str = Field(min_length=8, description="as you like")',
        '@app.get("/api/v1/organisations/invoices/attachments/2024")',
        'user = data.get("password")',
        "class OrganizationMembershipUpdateV2Request(BaseModel):",
        'jwt.decode(token, SECRET_KEY, algorithms=["HS256"])',
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert Redactor([KEY]).line(line) == line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('KEY = "short"', 'KEY = "s…"'),
        ('jwt.encode(claims, "opensesame", algorithm="HS256")', 'jwt.encode(claims, "op…", algorithm="H…")'),
        ('config["SECRET"] = os.getenv("SECRET", "opensesame")', 'config["SECRET"] = os.getenv("SECRET", "op…")'),
        ('PEM = """-----BEGIN', 'PEM = """--…'),
        ("KEY = (", "KEY = ("),
    ],
)
def test_lines_that_findings_about_secrets_point_at(line: str, shown: str) -> None:
    assert Redactor().secret_line(line) == shown


def test_every_line_of_a_long_secret() -> None:
    redactor = Redactor(["-----BEGIN KEY-----\nq83vEjRWeJA\nzzzzzzzzzzzzzzzz\n-----END KEY-----"])
    assert redactor.line("zzzzzzzzzzzzzzzz") == "zz…"
    assert redactor.secret_text("it ends in 'q83vEjRWeJA'") == "it ends in 'q8…'"


def test_short_secrets_are_only_removed_from_what_is_about_them() -> None:
    redactor = Redactor(["admin", "secret123"])
    assert redactor.text("the role 'admin' may") == "the role 'admin' may"
    assert redactor.secret_text("the password is 'admin', or `secret123`") == "the password is 'a…', or `se…`"
    assert redactor.secret_text("GET /admin/users") == "GET /admin/users"
