"""Library calls that answer the request."""

from __future__ import annotations

from counterseal.audit.surface.execute import Execute
from counterseal.audit.surface.flow import Raise
from counterseal.audit.surface.library_call import LibraryCall
from counterseal.audit.surface.values import UNKNOWN, Value, const, union


class AnswerCalls(Execute):
    """What answers and refusals are."""

    def _abort(self, c: LibraryCall) -> Value:
        status = c.roles.get("status")
        code = status.const if status is not None and isinstance(status.const, int) else None
        self.refused_often += code == 429
        self.events.append(Raise(*self.common(c.st, c.line, c.end), c.full, code, c.roles.get("message") or UNKNOWN))
        c.st.dead = True
        return Value(kind="never")

    def _http_error(self, c: LibraryCall) -> Value:
        items = dict(c.roles)
        if "status" in c.api.fixed:
            items["status"] = const(int(c.api.fixed["status"]))
        if c.receiver is not None and isinstance(c.receiver.items, dict):
            c.receiver.items.update(items)
        return Value(kind="exc", ref=c.full, items=items, name=c.full.rpartition(".")[2])

    def _response(self, c: LibraryCall) -> Value:
        body = c.roles.get("body") or c.roles.get("content") or (c.args[0] if len(c.args) == 1 and not c.kwargs else None)
        if body is None and c.api.kind == "json-response":
            body = (
                Value(kind="dict", items=dict(c.kwargs), may=union(c.kwargs.values()).may)
                if c.kwargs
                else Value(kind="seq", items=c.args)
            )
        status = c.roles.get("status")
        if status is None:
            status = (
                const(302) if c.api.kind == "redirect" else const(int(c.api.fixed["status"])) if "status" in c.api.fixed else None
            )
        items = {"body": body or UNKNOWN, **({"status": status} if status is not None else {})}
        return Value(kind="response", ref=c.full, items=items, may=union([*c.args, *c.kwargs.values()]).may, name=c.api.kind)
