"""Calls of library functions: what the library files say they do, done to the abstract state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from counterseal.audit.libraries.model import Api
from counterseal.audit.surface.contracts import contract_value
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.flow import Call
from counterseal.audit.surface.library_call import (
    VALIDATORS,
    LibraryCall,
    fixed_values,
    given_labels,
    is_true,
    methods_of,
    pick_roles,
)
from counterseal.audit.surface.marks import copy_marks
from counterseal.audit.surface.program import Func
from counterseal.audit.surface.route_items import parameter, route_item
from counterseal.audit.surface.state import State
from counterseal.audit.surface.url_calls import URL_CALLS
from counterseal.audit.surface.value_calls import ValueCalls
from counterseal.audit.surface.values import NONE, UNKNOWN, Value, const, either, replace, union

_CALLABLE = {"func", "lambda", "wrapped", "cls", "continuation"}
_NOTHING = Api("")


class LibraryCalls(ValueCalls):
    """How a library call changes the state, by the kind of the call."""

    def library_call(
        self,
        api: Api | None,
        full: str,
        receiver: Value | None,
        args: list[Value],
        kwargs: dict[str, Value],
        st: State,
        line: int,
        end: int = 0,
    ) -> Value:
        """Call ``full``; records a `Call` and gives its result."""
        known = api or _NOTHING
        roles = pick_roles(known, args, kwargs)
        handler = _HANDLERS.get(known.kind)
        position = len(self.events)
        before = st.facts
        result = handler(self, LibraryCall(known, full, receiver, args, kwargs, roles, st, line, end)) if handler else None
        if result is None:
            result = self._plain(known, full, receiver, args, kwargs, line)
        if known.kind not in ("depends", "param", "wraps"):
            call = Call(
                self.place(line, end),
                self.frame.qualname,
                before,
                position,
                full,
                known.kind,
                tuple(args),
                kwargs,
                receiver,
                roles,
                result,
            )
            self.events.insert(position, call)
        if (
            known.facts
            and known.kind not in _DEFERRED
            and result.kind != "never"
            and known.kind not in ("token-decode", "signer-load")
        ):
            self.establish(st, frozenset(known.facts), line, f"{full} raises unless it holds")
        return result

    def _plain(
        self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], line: int
    ) -> Value:
        given = given_labels(api.gives, api.kind)
        may = union((*args, *kwargs.values(), *((receiver,) if receiver is not None else ()))).may
        must = NONE
        if api.passes and args:
            must = args[0].must
        elif not api.kind and receiver is not None:
            must = receiver.must
        last = full.rpartition(".")[2]
        if api.kind == "password-hash":
            may = frozenset(x for x in may if not x.startswith("in:"))
        if last in VALIDATORS and args:
            return replace(args[0], null=False)  # a checked copy: as trustworthy as what it was made of
        if api.returns == "self" and receiver is not None:
            return receiver
        if api.returns or (not api.kind and last[:1].isupper()) or api.kind in _MAKES_INSTANCE or last == "relationship":
            items = {**{str(i): a for i, a in enumerate(args)}, **kwargs}
            return Value(
                kind="inst",
                ref=api.returns or full,
                items=items,
                may=either(may, given),
                must=either(must, given),
                null=api.null,
                name=last,
                site=f"{self.place(line).file}:{line}",
            )
        return Value(
            may=either(may, given),
            must=either(must, given),
            null=api.null,
            name=last,
            true=frozenset(api.true),
            type="" if not api.passes else args[0].type if args else "",
        )

    # -- objects of frameworks ------------------------------------------------------------------------------------

    def _make(self, c: LibraryCall) -> Value:
        place = self.place(c.line, c.end)
        if c.receiver is not None and c.receiver.kind == "obj":
            made = c.receiver  # ``class Shop(FastAPI)``, or ``super().__init__(prefix=...)`` in one
            made.extra = c.api.kind
            made.items.update(c.roles)
        else:
            site = f"{place.file}:{c.line}:{c.full}"
            made = Value(
                kind="inst", ref=c.full, items=dict(c.roles), name=c.full.rpartition(".")[2], site=site, extra=c.api.kind
            )
        self.instances[made.site] = made
        self._register(Registration("made", made, place, options={**c.roles, **fixed_values(c.api)}, name=c.full))
        for given in c.roles.values():
            if given.kind == "inst" and given.extra in _MAKES_INSTANCE:
                self._register(Registration("attach", given, place, child=made, name=str(given.ref), options=given.items))
        for name in ("app", "0"):
            target = c.roles.get(name)
            if target is not None and target.kind in ("inst", "obj"):
                self._register(Registration("attach", made, place, child=target, name=c.full, options=c.roles))
        return made

    def _register(self, registration: Registration) -> None:
        if self.development:
            registration = replace(registration, options={**registration.options, "development": const(True)})
        self.registrations.append(registration)

    def _deferred(self, c: LibraryCall) -> Value:
        others = {f"opt:{k}": v for k, v in c.kwargs.items()} if "layers" in c.api.fixed else {}
        value = Value(
            kind="registering",
            ref=c.full,
            extra=(c.api, c.receiver, {**others, **c.roles}, self.place(c.line, c.end), c.args),
            name=c.full.rpartition(".")[2],
        )
        if c.args and c.args[0].kind in _CALLABLE and not c.kwargs:
            return self.registered(value, c.args, c.st)
        return value

    def registered(self, target: Value, args: list[Value], st: State) -> Value:
        """A decorator that was made by a library call is applied to ``args[0]``."""
        api, receiver, roles, place, made_with = target.extra
        subject = args[0] if args else UNKNOWN
        if api.kind == "wraps":
            origin = made_with[0] if made_with else UNKNOWN
            if origin.kind not in ("func", "wrapped"):
                return subject
            kept = copy_marks(origin, subject) if subject.kind == "func" else subject
            return replace(kept, site=origin.site or str(origin.ref), name=origin.name)
        if api.kind in _DECORATING:
            return self.wrap(subject, api, target.ref, roles, place, receiver)
        if "item" in api.fixed:
            return route_item(api, target.ref, roles, place, st.facts, subject)
        kind = {"route-decorator": "route", "websocket-decorator": "websocket"}.get(api.kind, api.kind)
        if api.fixed.get("paths") == "rest" and len(made_with) > 1:
            roles = {**roles, "paths": Value(kind="seq", items=list(made_with))}
        self._register(
            Registration(
                kind,
                receiver or UNKNOWN,
                place,
                roles.get("path"),
                methods_of(api, roles),
                subject,
                None,
                {**roles, **fixed_values(api)},
                target.ref,
                st.facts,
            )
        )
        return subject

    def wrap(
        self, subject: Value, api: Api, full: str, roles: Mapping[str, Value], place: Any, receiver: Value | None = None
    ) -> Value:
        """A function behind a library's guard: the facts hold before it runs."""
        optional = roles.get("optional")
        facts = frozenset(api.facts)
        if optional is not None and optional.is_const and optional.const:
            facts = NONE
        role = roles.get("role")
        if role is not None and role.kind != "unknown":
            facts |= {
                "role",
                *(
                    f"role:{x.const}"
                    for x in (role.items if isinstance(role.items, list) else [role])
                    if isinstance(x, Value) and x.is_const
                ),
            }
        origin = subject.site or (str(subject.ref) if isinstance(subject.ref, Func) else "")
        why = f"{full} guards it"
        return Value(
            kind="wrapped", ref=subject.ref, extra=(subject, facts, place, why), site=origin, name=subject.name, items=receiver
        )

    def _attach(self, c: LibraryCall) -> Value:
        if c.receiver is None and c.api.kind in ("route", "mount"):
            return route_item(c.api, c.full, c.roles, self.place(c.line, c.end), c.st.facts)
        if "attach" in c.api.fixed:
            return self._init_app(c)
        options = {**(c.kwargs if c.api.kind == "middleware" else {}), **c.roles, **fixed_values(c.api)}
        if c.api.fixed.get("paths") == "rest":
            options["paths"] = Value(kind="seq", items=c.args[1:])
        kind = "websocket" if c.api.fixed.get("methods") == "WEBSOCKET" else c.api.kind
        if kind == "static":
            made_static = self._plain(c.api, c.full, None, c.args, c.kwargs, c.line)
            return replace(made_static, kind="inst", ref=c.full, extra="static")
        handler = c.roles.get("handler") or c.roles.get("class")
        self._register(
            Registration(
                kind,
                c.receiver or UNKNOWN,
                self.place(c.line, c.end),
                c.roles.get("path"),
                methods_of(c.api, c.roles),
                handler,
                c.roles.get("child"),
                options,
                c.full,
                c.st.facts,
            )
        )
        return UNKNOWN

    def _init_app(self, c: LibraryCall) -> Value:
        """``extension.init_app(app)``: as if the application had been given to the constructor."""
        owner = c.receiver or UNKNOWN
        options = {**(owner.items if isinstance(owner.items, dict) else {}), **c.roles}
        target = c.roles.get("parent") or c.roles.get("app")
        place = self.place(c.line, c.end)
        self._register(Registration("attach", owner, place, child=target, name=str(owner.ref), options=options))
        return UNKNOWN

    def _depends(self, c: LibraryCall) -> Value:
        return Value(
            kind="depends",
            extra=c.roles.get("dependency"),
            items={k: v for k, v in c.roles.items() if k != "dependency"},
            site=f"{self.place(c.line).file}:{c.line}",
        )

    def _param(self, c: LibraryCall) -> Value:
        return parameter(c.api, c.roles)

    def _credential(self, c: LibraryCall) -> Value:
        if c.full.endswith(".__call__"):
            return self.present(c.receiver or UNKNOWN)
        return Value(
            kind="inst",
            ref=c.full,
            items=dict(c.roles),
            extra="credential",
            site=f"{self.place(c.line).file}:{c.line}",
            name=c.api.fixed.get("source", "header"),
        )

    def present(self, scheme: Value) -> Value:
        """What a security scheme hands over: the raw credential, presented but not checked."""
        source = scheme.name or "header"
        auto = scheme.item("auto_error")
        optional = auto is not None and auto.is_const and not auto.const
        labels = frozenset({"cred", f"in:{source}:authorization"})
        return Value(may=labels, must=labels, null=optional, name="credentials")

    def _guard(self, c: LibraryCall) -> Value | None:
        if c.api.fixed.get("call") == "direct":
            facts = frozenset(c.api.facts) if not is_true(c.roles.get("optional")) else NONE
            self.establish(c.st, facts, c.line, f"{c.full} refuses callers that it does not know")
            return None
        return self._deferred(c)

    def _background(self, c: LibraryCall) -> Value:
        if c.args and c.args[0].kind in _CALLABLE:
            facts, dead = c.st.facts, c.st.dead
            self.call(c.args[0], c.args[1:], c.kwargs, c.st, c.line, c.end)
            c.st.facts, c.st.dead = facts, dead
        return UNKNOWN

    def _wait(self, c: LibraryCall) -> Value | None:
        """A function that is run elsewhere and waited for (``run_in_threadpool``): its result and its facts are the caller's."""
        if "calls" in c.api.fixed and c.args and c.args[0].kind in _CALLABLE:
            return self.call(c.args[0], c.args[1:], c.kwargs, c.st, c.line, c.end)
        return None

    def _query(self, c: LibraryCall) -> Value | None:
        if "join" in c.api.fixed:
            return self.combine([a for a in c.args if a.kind == "cond"], alternative=c.api.fixed["join"] == "or")
        verb = c.api.fixed.get("verb", "select")
        made = self.start_query(c.args)
        if made is not None and verb != "select":
            return replace(made, extra=replace(made.extra, verb=verb))
        return made

    def _session(self, c: LibraryCall) -> Value | None:
        name = c.full.rpartition(".")[2]
        if c.receiver is not None and c.receiver.kind == "query":
            return self.query_method(c.receiver, name, c.args, c.kwargs, c.st, c.line, c.end)
        return self.session_method(c.receiver or UNKNOWN, name, c.args, c.kwargs, c.st, c.line, c.end)

    # provided by `Database`

    @abstractmethod
    def start_query(self, args: list[Value]) -> Value | None:
        """See `Database`."""

    @abstractmethod
    def query_method(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        """See `Database`."""

    @abstractmethod
    def session_method(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value | None:
        """See `Database`."""


_DECORATING = {"login-required", "role-required", "limit-decorator", "csrf-exempt"}
_DEFERRED = _DECORATING | {"route-decorator", "websocket-decorator", "hook", "error-handler", "current-user"}
_MAKES_INSTANCE = {"limiter", "cors", "csrf-protect", "security-headers"}
L = LibraryCalls
_HANDLERS: Mapping[str, Callable[..., Value | None]] = {
    **dict.fromkeys(("app", "router", "openapi-app", "limiter", "csrf-protect", "cors"), L._make),
    **dict.fromkeys(("route-decorator", "websocket-decorator", "hook", "error-handler"), L._deferred),
    **dict.fromkeys(("limit-decorator", "csrf-exempt"), L._deferred),
    "login-required": L._guard,
    "role-required": L._guard,
    "route": L._attach,
    "view-adder": L._attach,
    "include": L._attach,
    "mount": L._attach,
    "middleware": L._attach,
    "static": L._attach,
    "resource": L._attach,
    "depends": L._depends,
    "contract": lambda _, c: contract_value(c.args, c.kwargs),
    "param": L._param,
    "credential": L._credential,
    "token-decode": L._decode,
    "signer-load": L._decode,
    "current-user": L._current_user,
    "password-verify": L._password_verify,
    "compare-digest": L._compare_digest,
    "abort": L._abort,
    "http-error": L._http_error,
    "response": L._response,
    "json-response": L._response,
    "redirect": L._response,
    "template": L._response,
    "template-string": L._response,
    "file-response": L._response,
    "env": L._env,
    "convert": L._convert,
    "wraps": L._wraps,
    "config-set": L._config,
    "background": L._background,
    "wait": L._wait,
    "sql-fetch-one": L._fetch,
    "sql-fetch-list": L._fetch,
    "query": L._query,
    "db-get": L._session,
    "db-delete": L._session,
    "sql-execute": L._session,
    "query-narrow": L._session,
    "query-limit": L._session,
    "query-run-one": L._session,
    "query-run-list": L._session,
    "query-count": L._session,
    **URL_CALLS,
}
