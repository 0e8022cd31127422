"""Look-ups over all library files: from a full name to what it does."""

from __future__ import annotations

from collections.abc import Iterable

from counterseal.audit.libraries.model import Api, Library, Settings, ViewClass


class Knowledge:
    """The union of all library files, indexed."""

    def __init__(self, libraries: Iterable[Library]) -> None:
        self.calls: dict[str, Api] = {}
        self.sources: dict[str, tuple[str, ...]] = {}
        self.types: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.bases: dict[str, str] = {}
        self.views: dict[str, ViewClass] = {}
        self.methods: dict[str, Api] = {}
        self.constants: dict[str, str] = {}
        self.frameworks: dict[str, str] = {}
        self.weak_defaults: dict[str, str] = {}
        self.modules: dict[str, str] = {}
        self.settings: dict[str, Settings] = {}
        self._canonical: dict[str, str] = {}
        for lib in libraries:
            self.calls.update(lib.calls)
            self.sources.update(lib.sources)
            self.types.update(lib.types)
            self.aliases.update(lib.aliases)
            self.bases.update(lib.bases)
            self.views.update(lib.views)
            self.methods.update(lib.methods)
            self.constants.update(lib.constants)
            self.weak_defaults.update(lib.weak_defaults)
            self.modules.update(lib.modules)
            self.settings.update(lib.settings)
            if lib.framework:
                self.frameworks[lib.name] = lib.framework
        self.telling = frozenset(name for name, api in self.methods.items() if api.kind in TELLING)
        """Methods that are worth a look whatever they are called on."""
        self.described = frozenset(name.rpartition(".")[0] for name in (*self.sources, *self.calls))
        """Classes (and modules) with members that a library file describes."""
        makers = {name for name, api in self.calls.items() if api.kind in ("app", "openapi-app")}
        makers |= {name for name, target in self.aliases.items() if target in makers}
        self.makers = frozenset(name.rpartition(".")[2] for name in makers)
        """Last parts of the names of what makes an application."""
        self.registering = frozenset(name.rpartition(".")[2] for name, api in self.calls.items() if api.kind in REGISTERING)
        """Last parts of the names of what attaches something to an application."""

    def canonical(self, name: str) -> str:
        """The name under which a library file describes it: aliases of it or of any prefix are followed."""
        known = self._canonical.get(name)
        if known is None:
            known = self._canonical[name] = self._follow(name)
        return known

    def _follow(self, name: str) -> str:
        for _ in range(5):
            head, tail = name, ""
            while head:
                if head in self.aliases:
                    break
                head, _, last = head.rpartition(".")
                tail = f".{last}{tail}"
            if not head:
                return name
            name = self.aliases[head] + tail
        return name

    def api(self, name: str) -> Api | None:
        """What a function, class or method does."""
        return self.calls.get(self.canonical(name))

    def source(self, name: str) -> tuple[str, ...]:
        """The labels of an attribute or object."""
        return self.sources.get(self.canonical(name), ())

    def type_of(self, name: str) -> str:
        """The class of an attribute or object, or ``""``."""
        return self.types.get(self.canonical(name), "")

    def base(self, name: str) -> str:
        """What a base class makes of its subclasses, or ``""``."""
        return self.bases.get(self.canonical(name), "")

    def view(self, name: str) -> ViewClass | None:
        """How a base class for views dispatches."""
        return self.views.get(self.canonical(name))

    def framework(self, name: str) -> str:
        """The web framework that a full name belongs to, or ``""``."""
        head, _, rest = self.canonical(name).partition(".")
        return self.frameworks.get(head) or self.frameworks.get(f"{head}.{rest.partition('.')[0]}", "")


REGISTERING = frozenset(
    {
        "app",
        "router",
        "route",
        "route-decorator",
        "websocket-decorator",
        "view-adder",
        "include",
        "mount",
        "hook",
        "middleware",
        "static",
        "resource",
        "openapi-app",
        "limiter",
        "csrf-protect",
        "cors",
        "config-set",
        "error-handler",
    }
)
"""Kinds of calls that shape the application."""

TELLING = frozenset(
    {
        "token-decode",
        "token-encode",
        "token-peek",
        "signer-load",
        "signer-dump",
        "session-start",
        "sign-in-session",
        "password-hash",
        "password-verify",
        "compare-digest",
        "set-cookie",
        "security-headers",
        "http-request",
        "subprocess",
        "eval",
        "deserialize",
        "xml-parse",
        "mail",
        "sms",
        "hash-fast",
        "cipher",
        "random-weak",
        "uuid-weak",
        "tls-context",
        "server-run",
        "llm",
        "archive",
    }
)
"""Kinds of calls that rules look for wherever they stand."""
