"""The library files are data, so what can be wrong with them can be checked mechanically."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from counterseal.audit.libraries import load_libraries
from counterseal.audit.libraries.knowledge import Knowledge
from counterseal.audit.libraries.model import KINDS, Api, Library

LIBRARIES = load_libraries()
KNOWLEDGE = Knowledge(LIBRARIES)
INPUTS = {"path", "query", "body", "form", "header", "cookie", "file"}
LABELS = {
    "cred",
    "who",
    "self",
    "anonymous?",
    "session",
    "random:weak",
    "random:strong",
    "time",
    "secret",
    "hash:password",
    "hash:fast",
    "environment",
    "error",
    "traceback",
    "setting",
    "unverified",
}
FACTS = {"auth", "role", "csrf", "limit", "signature", "password"}
BASES = {"table", "schema", "settings", "enum", "user-mixin", "config"}
TOO_GENERAL = {
    "get",
    "first",
    "all",
    "add",
    "delete",
    "update",
    "filter",
    "count",
    "run",
    "send",
    "open",
    "load",
    "read",
    "write",
    "set",
}
FRAMEWORKS = {"aiohttp", "connexion", "django", "fastapi", "flask", "litestar", "starlette"}


def apis(library: Library) -> Iterator[tuple[str, Api]]:
    yield from library.calls.items()
    yield from ((f"?.{name}", api) for name, api in library.methods.items())


def described() -> set[str]:
    names: set[str] = set()
    for lib in LIBRARIES:
        for part in (lib.calls, lib.sources, lib.types, lib.bases, lib.views):
            names.update(part)
        names.update(lib.types.values())
        names.update(api.returns for api in lib.calls.values() if api.returns)
    return names


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda lib: lib.name)
def test_every_call_uses_the_shared_words(library: Library) -> None:
    for name, api in apis(library):
        assert api.kind in KINDS, name
        assert set(api.facts) | set(api.true) <= FACTS, name
        for label in api.gives:
            assert label in LABELS or (label.split(":")[0] == "in" and label.split(":")[1] in INPUTS), (name, label)
        for meaning, where in api.roles.items():
            places = where if isinstance(where, tuple) else (where,)
            assert places, (name, meaning)
            assert all((isinstance(p, int) and p >= 0) or (isinstance(p, str) and p.isidentifier()) for p in places), (
                name,
                meaning,
            )


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda lib: lib.name)
def test_sources_bases_and_frameworks_use_the_shared_words(library: Library) -> None:
    for name, labels in library.sources.items():
        assert labels, name
        for label in labels:
            assert label in LABELS or (label.split(":")[0] == "in" and label.split(":")[1] in INPUTS), (name, label)
    assert set(library.bases.values()) <= BASES
    assert not library.framework or library.framework in FRAMEWORKS
    assert not set(library.methods) & TOO_GENERAL, "such a method says nothing when the class is not known"


def test_a_file_is_named_after_its_library_or_says_in_its_docstring_what_it_holds() -> None:
    assert len({lib.name for lib in LIBRARIES}) == len(LIBRARIES)


def test_no_name_means_two_things() -> None:
    meanings: dict[str, list[tuple[str, object]]] = defaultdict(list)
    for lib in LIBRARIES:
        for part in ("calls", "sources", "types", "aliases", "bases", "views", "methods"):
            for name, meaning in getattr(lib, part).items():
                meanings[f"{part}:{name}"].append((lib.name, meaning))
    twice = {name: found for name, found in meanings.items() if len(found) > 1 and any(m != found[0][1] for _, m in found)}
    assert not twice


def test_no_described_name_is_hidden_behind_an_alias() -> None:
    hidden = [name for lib in LIBRARIES for name in lib.calls if KNOWLEDGE.canonical(name) != name]
    assert not hidden


def test_every_alias_ends_at_something_described() -> None:
    names = described()
    modules = {name.rsplit(".", n)[0] for name in names for n in range(1, name.count(".") + 1)}
    marked = {lib.name for lib in LIBRARIES} | {"sqlalchemy.orm", "starlette.status"}
    for lib in LIBRARIES:
        for alias in lib.aliases:
            end = KNOWLEDGE.canonical(alias)
            head = end.rpartition(".")[0]
            known = end in names or end in modules or head in modules | marked or end in marked
            assert known, f"{alias} leads to {end}, which nothing describes"


def test_aliases_do_not_go_round_in_circles() -> None:
    for lib in LIBRARIES:
        for alias in lib.aliases:
            end = KNOWLEDGE.canonical(alias)
            assert KNOWLEDGE.canonical(end) == end, alias


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fastapi.FastAPI.get", "route-decorator"),
        ("fastapi.applications.FastAPI.add_middleware", "middleware"),
        ("fastapi.middleware.cors.CORSMiddleware", "cors"),
        ("fastapi.responses.JSONResponse", "json-response"),
        ("fastapi.HTTPException", "http-error"),
        ("starlette.routing.Mount", "mount"),
        ("flask.globals.request.get_json", "json-load"),
        ("flask.Request.get_json", "json-load"),
        ("werkzeug.exceptions.abort", "abort"),
        ("flask_login.utils.login_required", "login-required"),
        ("flask_sqlalchemy.SQLAlchemy.select", "query"),
        ("sqlmodel.Session.exec", "sql-execute"),
        ("sqlalchemy.ext.asyncio.AsyncSession.execute", "sql-execute"),
        ("sqlite3.Cursor.execute", "sql-execute"),
        ("random.SystemRandom.choice", "random-strong"),
        ("Cryptodome.Cipher.DES.new", "cipher"),
        ("httpx.AsyncClient.get", "http-request"),
        ("flask_restplus.Namespace.route", "route-decorator"),
        ("openai.AsyncOpenAI.chat.completions.create", "llm"),
        ("connexion.App.add_api", "openapi-app"),
    ],
)
def test_the_name_that_programs_write_is_found(name: str, kind: str) -> None:
    api = KNOWLEDGE.api(name)
    assert api is not None
    assert api.kind == kind


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("flask.request.args", ("in:query",)),
        ("fastapi.Request.cookies", ("in:cookie",)),
        ("flask_login.current_user", ("who", "self", "anonymous?")),
        ("fastapi.security.http.HTTPAuthorizationCredentials.credentials", ("cred", "in:header:authorization")),
    ],
)
def test_sources_carry_labels(name: str, labels: tuple[str, ...]) -> None:
    assert KNOWLEDGE.source(name) == labels
