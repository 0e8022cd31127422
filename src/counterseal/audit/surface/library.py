"""Calls of library functions: what the library files say they do, done to the abstract state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from counterseal.audit.libraries.model import Api
from counterseal.audit.surface.compare import compared, is_credential
from counterseal.audit.surface.core import Registration, State
from counterseal.audit.surface.execute import Execute
from counterseal.audit.surface.flow import Call, Raise
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.values import NO_CONST, NONE, NULL, UNKNOWN, Value, const, union, replace

_CALLABLE = {"func", "lambda", "wrapped", "cls", "continuation"}
_NOTHING = Api("")
_LABELS_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "random-weak": ("random:weak",), "uuid-weak": ("random:weak",), "random-strong": ("random:strong",), "hash-fast": ("hash:fast",), "password-hash": ("hash:password",),
}  # fmt: skip


class LibraryCalls(Execute):
    """How a library call changes the state, by the kind of the call."""

    def library_call(
        self, api: Api | None, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int = 0
    ) -> Value:
        """Call ``full``; records a `Call` and gives its result."""
        known = api or _NOTHING
        roles = pick_roles(known, args, kwargs)
        handler = _HANDLERS.get(known.kind)
        position = len(self.events)
        before = st.facts
        result = handler(self, known, full, receiver, args, kwargs, roles, st, line, end) if handler else None
        if result is None:
            result = self._plain(known, full, receiver, args, kwargs, line)
        if known.kind not in ("depends", "param", "wraps"):
            call = Call(self.place(line, end), self.frame.qualname, before, position, full, known.kind, tuple(args), kwargs, receiver, roles, result)
            self.events.insert(position, call)
        if known.facts and known.kind not in _DEFERRED and result.kind != "never" and known.kind not in ("token-decode", "signer-load"):
            self.establish(st, frozenset(known.facts), line, f"{full} raises unless it holds")
        return result

    def _plain(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], line: int) -> Value:
        given = frozenset(api.gives) | frozenset(_LABELS_OF_KIND.get(api.kind, ()))
        parts = [*args, *kwargs.values(), *([receiver] if receiver is not None else [])]
        may = union(parts).may
        must = NONE
        if api.passes and args:
            must = args[0].must
        elif not api.kind and receiver is not None:
            must = receiver.must
        last = full.rpartition(".")[2]
        if api.kind in ("hash-fast", "password-hash"):
            may = frozenset(x for x in may if not x.startswith("in:"))
        if api.returns == "self" and receiver is not None:
            return receiver
        if api.returns or (not api.kind and last[:1].isupper()) or api.kind in _MAKES_INSTANCE:
            items = {**{str(i): a for i, a in enumerate(args)}, **kwargs}
            return Value(kind="inst", ref=api.returns or full, items=items, may=may | given, must=must | given, null=api.null, name=last, site=f"{self.place(line).file}:{line}")
        return Value(may=may | given, must=must | given, null=api.null, name=last, true=frozenset(api.true), type="" if not api.passes else args[0].type if args else "")

    # -- objects of frameworks ------------------------------------------------------------------------------------

    def _make(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        place = self.place(line, end)
        made = Value(kind="inst", ref=full, items=dict(roles), name=full.rpartition(".")[2], site=f"{place.file}:{line}:{full}", extra=api.kind)
        self.instances[made.site] = made
        self._register(Registration("made", made, place, options={**roles}, name=full))
        for name in ("app", "0"):
            target = roles.get(name)
            if target is not None and target.kind in ("inst", "obj"):
                self._register(Registration("attach", made, place, child=target, name=full, options=roles))
        return made

    def _register(self, registration: Registration) -> None:
        self.registrations.append(registration)

    def _deferred(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        value = Value(kind="registering", ref=full, extra=(api, receiver, roles, self.place(line, end), args), name=full.rpartition(".")[2])
        if args and args[0].kind in _CALLABLE and not kwargs:
            return self.registered(value, args, st)
        return value

    def registered(self, target: Value, args: list[Value], st: State) -> Value:
        """A decorator that was made by a library call is applied to ``args[0]``."""
        api, receiver, roles, place, made_with = target.extra
        subject = args[0] if args else UNKNOWN
        if api.kind == "wraps":
            origin = made_with[0] if made_with else UNKNOWN
            return replace(subject, site=origin.site or str(origin.ref), name=origin.name) if origin.kind == "func" else subject
        if api.kind in _DECORATING:
            return self.wrap(subject, api, target.ref, roles, place)
        kind = {"route-decorator": "route", "websocket-decorator": "websocket"}.get(api.kind, api.kind)
        self._register(
            Registration(kind, receiver or UNKNOWN, place, roles.get("path"), methods_of(api, roles), subject, None, {**roles, **_fixed(api)}, target.ref, st.facts)
        )
        return subject

    def wrap(self, subject: Value, api: Api, full: str, roles: Mapping[str, Value], place: Any) -> Value:
        """A function behind a library's guard: the facts hold before it runs."""
        optional = roles.get("optional")
        facts = frozenset(api.facts)
        if optional is not None and optional.is_const and optional.const:
            facts = NONE
        role = roles.get("role")
        if role is not None and role.kind != "unknown":
            facts |= {"role", *(f"role:{x.const}" for x in (role.items if isinstance(role.items, list) else [role]) if isinstance(x, Value) and x.is_const)}
        origin = subject.site or (str(subject.ref) if isinstance(subject.ref, Func) else "")
        return Value(kind="wrapped", ref=subject.ref, extra=(subject, facts, place, f"{full} guards it"), site=origin, name=subject.name)

    def _attach(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        if receiver is None and api.kind in ("route", "mount"):
            made = Registration(api.kind if api.fixed.get("methods") != "WEBSOCKET" else "websocket", UNKNOWN, self.place(line, end), roles.get("path"),
                                methods_of(api, roles), roles.get("handler"), roles.get("child"), {**roles, **_fixed(api)}, full, st.facts)  # fmt: skip
            return Value(kind="route-item", extra=made, site=f"{self.place(line).file}:{line}")
        options = {**roles, **_fixed(api)}
        if api.fixed.get("paths") == "rest":
            options["paths"] = Value(kind="seq", items=[a for a in args[1:] if isinstance(a.const, str)])
        kind = "websocket" if api.fixed.get("methods") == "WEBSOCKET" else api.kind
        if kind == "resource":
            kind = "resource"
        elif kind == "static":
            made_static = self._plain(api, full, None, args, kwargs, line)
            return replace(made_static, kind="inst", ref=full, extra="static")
        handler = roles.get("handler") or roles.get("class")
        self._register(Registration(kind, receiver or UNKNOWN, self.place(line, end), roles.get("path"), methods_of(api, roles), handler, roles.get("child"), options, full, st.facts))
        return UNKNOWN

    def _depends(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        return Value(kind="depends", extra=roles.get("dependency"), items={k: v for k, v in roles.items() if k != "dependency"}, site=f"{self.place(line).file}:{line}")

    def _param(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        return Value(kind="param", ref=api.fixed.get("source", "query"), items=dict(roles))

    def _credential(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        if full.endswith(".__call__"):
            return self.present(receiver or UNKNOWN)
        return Value(kind="inst", ref=full, items=dict(roles), extra="credential", site=f"{self.place(line).file}:{line}", name=api.fixed.get("source", "header"))

    def present(self, scheme: Value) -> Value:
        """What a security scheme hands over: the raw credential, presented but not checked."""
        source = scheme.name or "header"
        auto = scheme.item("auto_error")
        optional = auto is not None and auto.is_const and not auto.const
        labels = frozenset({"cred", f"in:{source}:authorization"})
        return Value(may=labels, must=labels, null=optional, name="credentials")

    # -- identity -------------------------------------------------------------------------------------------------

    def _decode(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        token = roles.get("token") or (args[0] if args else UNKNOWN)
        if unverified(roles):
            self.weak_checks.append((self.frame.qualname, self.place(line), f"{full} reads the token without verifying its signature"))
            # Claims that anyone can write: they name a caller, but prove nothing.
            return Value(may=frozenset({"who", "self", "forgeable"}), must=frozenset({"who", "self"}), name="claims")
        presented = is_credential(token) or self.context.websocket and bool(token.inputs()) or not token.inputs()
        if not presented:
            # A signed token in a body or path (password reset, invitation) is a capability, not the caller's identity.
            return Value(may=token.may | {"signed"}, must=frozenset({"signed"}), name="claims")
        labels = frozenset({"who", "self"})
        self.establish(st, frozenset({"auth"}), line, f"{full} verifies the token and raises otherwise")
        return Value(may=labels, must=labels, name="claims")

    def _current_user(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        labels = frozenset({"who", "self"}) | frozenset(api.gives)
        if api.fixed.get("dependency") == "yes":
            facts = {"auth"} if not _is_true(roles.get("optional")) else set()
            if _is_true(roles.get("superuser")):
                facts |= {"role", "role:superuser"}
            user = Value(may=labels, must=labels, null=not facts, name="user")
            return Value(kind="wrapped", extra=(Value(kind="constant", extra=user), frozenset(facts), self.place(line), f"{full} loads and checks the user"))
        return Value(may=labels, must=labels, name="user", null=api.null)

    def _password_verify(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        parts = [*args, *kwargs.values()]
        # HTTP Basic: the password came with the request's own credential.
        true = {"password"} | ({"auth"} if any(is_credential(p) for p in parts) else set())
        return Value(may=union(parts).may, null=True, true=frozenset(true), type="bool", name="verified")

    def _compare_digest(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        if len(args) < 2:
            return UNKNOWN
        return compared("==", args[0], args[1], False)

    def _guard(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value | None:
        if api.fixed.get("call") == "direct":
            facts = frozenset(api.facts) if not _is_true(roles.get("optional")) else NONE
            self.establish(st, facts, line, f"{full} refuses callers that it does not know")
            return None
        return self._deferred(api, full, receiver, args, kwargs, roles, st, line, end)

    # -- answers --------------------------------------------------------------------------------------------------

    def _abort(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        status = roles.get("status")
        code = status.const if status is not None and isinstance(status.const, int) else None
        self.refused_often += code == 429
        self.events.append(Raise(*self.common(st, line, end), full, code, roles.get("message") or UNKNOWN))
        st.dead = True
        return Value(kind="never")

    def _http_error(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        items = dict(roles)
        if "status" in api.fixed:
            items["status"] = const(int(api.fixed["status"]))
        if receiver is not None and isinstance(receiver.items, dict):
            receiver.items.update(items)
        return Value(kind="exc", ref=full, items=items, name=full.rpartition(".")[2])

    def _response(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        body = roles.get("body") or roles.get("content") or (args[0] if len(args) == 1 and not kwargs else None)
        if body is None and api.kind == "json-response":
            body = Value(kind="dict", items=dict(kwargs), may=union(kwargs.values()).may) if kwargs else Value(kind="seq", items=args)
        status = roles.get("status")
        if status is None:
            status = const(302) if api.kind == "redirect" else const(int(api.fixed["status"])) if "status" in api.fixed else None
        items = {"body": body or UNKNOWN, **({"status": status} if status is not None else {})}
        return Value(kind="response", ref=full, items=items, may=union([*args, *kwargs.values()]).may, name=api.kind)

    # -- values ---------------------------------------------------------------------------------------------------

    def _env(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        name = roles.get("name") or (args[0] if args else UNKNOWN)
        default = roles.get("default")
        label = frozenset({f"env:{name.const if name.is_const else '?'}"})
        if default is not None and not (default.is_const and default.const is None):
            return replace(default, may=default.may | label, must=default.must | label, name=str(name.const) if name.is_const else "")
        return Value(may=label, must=label, null=True, type="str", name=str(name.const) if name.is_const else "", const=NO_CONST)

    def _convert(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        first = args[0] if args else receiver if receiver is not None else UNKNOWN
        return replace(first, type=api.fixed.get("type", first.type))

    def _wraps(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        return Value(kind="registering", ref=full, extra=(api, receiver, roles, self.place(line, end), args))

    def _config(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        store = receiver.items if receiver is not None and isinstance(receiver.items, dict) else None
        if store is None:
            return UNKNOWN
        for source in args:
            if source.kind == "cls" and isinstance(source.ref, Cls):
                for cls in reversed([c for c in self.program.mro(source.ref) if isinstance(c, Cls)]):
                    store.update({k: v for k, v in self.class_attrs(cls).items() if k.isupper()})
            elif isinstance(source.items, dict):
                store.update({k: v for k, v in source.items.items() if isinstance(v, Value)})
        store.update({k: v for k, v in kwargs.items() if k != "**"})
        return NULL

    def _background(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value:
        if args and args[0].kind in _CALLABLE:
            facts, dead = st.facts, st.dead
            self.call(args[0], args[1:], kwargs, st, line, end)
            st.facts, st.dead = facts, dead
        return UNKNOWN

    def _query(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value | None:
        verb = api.fixed.get("verb", "select")
        made = self.start_query(args)
        if made is not None and verb != "select":
            return replace(made, extra=replace(made.extra, verb=verb))
        return made

    def _session(self, api: Api, full: str, receiver: Value | None, args: list[Value], kwargs: dict[str, Value], roles: dict[str, Value], st: State, line: int, end: int) -> Value | None:
        name = full.rpartition(".")[2]
        if receiver is not None and receiver.kind == "query":
            return self.query_method(receiver, name, args, kwargs, st, line, end)
        return self.session_method(receiver or UNKNOWN, name, args, kwargs, st, line, end)

    # provided by `Database`

    def start_query(self, args: list[Value]) -> Value | None:
        """See `Database`."""
        raise TypeError("start_query belongs to Database")

    def query_method(self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        """See `Database`."""
        raise TypeError("query_method belongs to Database")

    def session_method(self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value | None:
        """See `Database`."""
        raise TypeError("session_method belongs to Database")


def pick_roles(api: Api, args: list[Value], kwargs: Mapping[str, Value]) -> dict[str, Value]:
    """Arguments by the meaning that the library file gives them."""
    out: dict[str, Value] = {}
    for meaning, where in api.roles.items():
        for key in where if isinstance(where, tuple) else (where,):
            if isinstance(key, int):
                if key < len(args):
                    out[meaning] = args[key]
                    break
            elif key in kwargs:
                out[meaning] = kwargs[key]
                break
    return out


def methods_of(api: Api, roles: Mapping[str, Value]) -> tuple[str, ...] | None:
    """HTTP methods of a registration; ``None`` when they are not constants."""
    given = roles.get("methods")
    if given is not None and isinstance(given.items, list):
        names = [v.const for v in given.items if isinstance(v, Value) and isinstance(v.const, str)]
        return tuple(n.upper() for n in names) if len(names) == len(given.items) else None
    if given is not None and isinstance(given.const, str):
        return (given.const.upper(),)
    fixed = api.fixed.get("methods")
    return tuple(fixed.split()) if fixed else None


def unverified(roles: Mapping[str, Value]) -> bool:
    """Whether the options of a token decoder switch the verification of the signature off."""
    verify = roles.get("verify")
    if verify is not None and verify.is_const and verify.const is False:
        return True
    options = roles.get("options")
    flag = options.item("verify_signature") if options is not None else None
    if flag is not None and flag.is_const and flag.const is False:
        return True
    algorithms = roles.get("algorithms")
    names: list[Any] = []
    if algorithms is not None:
        names = [v.const for v in algorithms.items if isinstance(v, Value)] if isinstance(algorithms.items, list) else [algorithms.const]
    return bool(names) and all(isinstance(n, str) and n.lower() == "none" for n in names)


def _fixed(api: Api) -> dict[str, Value]:
    return {f"fixed:{k}": const(v) for k, v in api.fixed.items()}


def _is_true(v: Value | None) -> bool:
    return v is not None and v.is_const and bool(v.const)


_DECORATING = {"login-required", "role-required", "limit-decorator", "csrf-exempt"}
_DEFERRED = _DECORATING | {"route-decorator", "websocket-decorator", "hook", "error-handler", "current-user"}
_MAKES_INSTANCE = {"limiter", "cors", "csrf-protect", "security-headers"}
L = LibraryCalls
_HANDLERS: Mapping[str, Callable[..., Value | None]] = {
    "app": L._make, "router": L._make, "openapi-app": L._make, "limiter": L._make, "csrf-protect": L._make, "cors": L._make,
    "route-decorator": L._deferred, "websocket-decorator": L._deferred, "hook": L._deferred, "error-handler": L._deferred, "limit-decorator": L._deferred,
    "csrf-exempt": L._deferred, "login-required": L._guard, "role-required": L._guard, "route": L._attach, "view-adder": L._attach, "include": L._attach,
    "mount": L._attach, "middleware": L._attach, "static": L._attach, "resource": L._attach, "depends": L._depends, "param": L._param, "credential": L._credential,
    "token-decode": L._decode, "signer-load": L._decode, "current-user": L._current_user, "password-verify": L._password_verify, "compare-digest": L._compare_digest,
    "abort": L._abort, "http-error": L._http_error, "response": L._response, "json-response": L._response, "redirect": L._response, "template": L._response,
    "template-string": L._response, "file-response": L._response, "env": L._env, "convert": L._convert, "wraps": L._wraps, "config-set": L._config,
    "background": L._background, "query": L._query, "db-get": L._session, "db-delete": L._session, "sql-execute": L._session, "query-narrow": L._session,
    "query-limit": L._session, "query-run-one": L._session, "query-run-list": L._session, "query-count": L._session,
}  # fmt: skip
