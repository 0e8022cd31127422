"""How knowledge about a third-party library is written down: as data, one file a library.

A file ``audit/libraries/<name>.py`` holds one constant ``LIBRARY = Library(...)``; the folder is the registry. Nothing is
imported from the library itself. Names are full dotted names as the library defines them; methods are ``module.Class.method``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = frozenset(
    {
        # ways into the application
        "app",
        "router",
        "route",
        "route-decorator",
        "view-adder",
        "websocket-decorator",
        "include",
        "mount",
        "hook",
        "middleware",
        "middleware-base",
        "static",
        "error-handler",
        "resource",
        "openapi-app",
        "depends",
        "param",
        "url-path",
        "url-include",
        "url-prefix",
        "url-router",
        "url-register",
        "url-site",
        # identity
        "credential",
        "token-decode",
        "token-encode",
        "token-peek",
        "session-start",
        "sign-in-session",
        "sign-out",
        "login-required",
        "role-required",
        "role-check",
        "authenticator",
        "authenticator-class",
        "current-user",
        "password-hash",
        "password-verify",
        "compare-digest",
        "signer-load",
        "signer-dump",
        "oauth-verify",
        # limits, csrf, audit
        "limiter",
        "limit-decorator",
        "limit-hit",
        "csrf-protect",
        "csrf-exempt",
        "cors",
        "security-headers",
        "audit-log",
        "log",
        # data
        "query",
        "query-narrow",
        "query-limit",
        "query-run-one",
        "query-run-list",
        "query-count",
        "db-get",
        "db-add",
        "db-delete",
        "db-commit",
        "sql-execute",
        "sql-fetch-one",
        "sql-fetch-list",
        "serialize",
        "validate",
        # answers
        "response",
        "json-response",
        "redirect",
        "abort",
        "set-cookie",
        "template",
        "template-string",
        "file-response",
        "http-error",
        # dangerous or costly work
        "http-request",
        "subprocess",
        "eval",
        "deserialize",
        "xml-parse",
        "file-open",
        "file-save",
        "mail",
        "sms",
        "hash-fast",
        "hash-slow",
        "cipher",
        "random-weak",
        "random-strong",
        "uuid-weak",
        "tls-context",
        "server-run",
        "llm",
        "archive",
        "image",
        "wait",
        "sleep",
        "background",
        # plumbing
        "env",
        "convert",
        "config-set",
        "json-load",
        "secure-filename",
        "wraps",
        "contract",
        "contract-clause",
    }
)
"""What a call can do. Rules and the surface speak in these words only, never in names of libraries."""


@dataclass(frozen=True, slots=True)
class Api:
    """What one function, class or method of a library does."""

    kind: str
    """One of `KINDS`."""
    roles: Mapping[str, int | str | tuple[int | str, ...]] = field(default_factory=dict)
    """The meaning of arguments: meaning -> position, keyword, or several of them (first one given wins)."""
    gives: tuple[str, ...] = ()
    """Labels of the result, see `counterseal.audit.surface.values`."""
    passes: bool = False
    """The result is as trustworthy as the arguments (a conversion): their labels go through."""
    facts: tuple[str, ...] = ()
    """Facts that hold once it has returned, because it raises otherwise (see `counterseal.audit.surface.flow`)."""
    true: tuple[str, ...] = ()
    """Facts that hold when its result is true."""
    null: bool = False
    """It may return ``None``."""
    returns: str = ""
    """Full name of the class of the result, ``self`` for the receiver itself."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Fixed details, such as ``{"methods": "GET"}`` for ``app.get``."""


@dataclass(frozen=True, slots=True)
class ViewClass:
    """A base class whose subclasses answer requests: one method per HTTP method."""

    methods: Mapping[str, str]
    """Python method -> HTTP method."""
    decorators: str = ""
    """Class attribute that lists decorators of every method."""
    fallback: str = ""
    """Python method that answers what no other does."""
    factory: str = ""
    """Class method that makes a function of the class for registering it."""
    request: str = ""
    """Attribute that holds the request."""


@dataclass(frozen=True, slots=True)
class Settings:
    """An object of a library through which the program's settings modules are read."""

    section: str = ""
    """The setting that holds the entries as a mapping; empty: the entries are settings themselves."""
    imports: bool = False
    """Entries that are dotted names mean what they name."""
    defaults: Mapping[str, str | int | bool | tuple[str, ...] | None] = field(default_factory=dict)
    """Entries that the library has when the program sets none."""


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that the audit knows about one library."""

    name: str
    """Top-level import name."""
    calls: Mapping[str, Api] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Attributes and objects that carry labels: ``flask.request.args`` -> ``("in:query",)``.

    The name of the item that is read is appended to ``in:...``.
    """
    types: Mapping[str, str] = field(default_factory=dict)
    """Attributes and objects that are instances: ``flask.session`` -> class name."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Names under which a library offers somebody else's: ``fastapi.Request`` -> ``starlette.requests.Request``.

    Prefixes count: a name below an alias follows it.
    """
    bases: Mapping[str, str] = field(default_factory=dict)
    """Classes that make their subclasses something: name -> ``table``, ``schema``, ``settings``, ``enum``, ``user-mixin``."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Members of enumerations: full name -> value."""
    views: Mapping[str, ViewClass] = field(default_factory=dict)
    methods: Mapping[str, Api] = field(default_factory=dict)
    """Methods that are telling even on a receiver whose class is not known (``execute``)."""
    framework: str = ""
    """Name of the web framework that it is, or belongs to."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Modules of the library whose functions and classes call the program back: what they do, as code that is never imported
    but run by the abstract machine like the program's own. It says what matters for security and no more."""
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Objects through which settings modules are read, by full name."""
    weak_defaults: Mapping[str, str] = field(default_factory=dict)
    """Options that are unsafe unless set, with what the default does."""
