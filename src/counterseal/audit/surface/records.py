"""What a database access loads, and what that says about the caller."""

from __future__ import annotations

from typing import Any

from counterseal.audit.surface.compare import facts_of, is_credential
from counterseal.audit.surface.library import LibraryCalls
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.queries import membership, query_inputs
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import NONE, Condition, Labels, Query, Value, replace
from counterseal.audit.surface.vocabulary import IDENTIFIER_COLUMN, PRINCIPAL_MODEL, SECRET_COLUMN, snake


class Records(LibraryCalls):
    """How records carry labels."""

    def demanded(self, record: Value, st: State, line: int) -> Value:
        """A record without which the look-up raises: what its presence says about the caller holds from here on."""
        self.establish(st, facts_of(replace(record, null=True))[0], line, "raises unless the record exists")
        return record.nonnull()

    def loaded(self, query: Query, ref: Any, verb: str, label: str, raising: bool) -> Value:
        """The value of what an access loads."""
        model = query.models[0] if query.models else "?"
        narrowing = [c for c in query.conditions if not c.alternative]
        inherited = frozenset(x for c in narrowing for x in c.value.may if x.startswith("obj:") or x in ("who", "forgeable"))
        # What a filter selects by is not part of what it loads, except that it ties the record to the caller.
        may = inherited | {label, f"db:{model}"}
        if verb == "count":
            return Value(
                may=may | query.labels | query_inputs(query),
                must=NONE,
                null=True,
                type="int",
                name="count",
                true=membership(query, label),
            )
        must = self.identity_of(query)
        may |= must
        whole = not query.columns
        kind = "obj" if isinstance(ref, Cls) and whole else "row"
        record = Value(
            kind=kind,
            ref=ref if kind == "obj" else None,
            may=may,
            must=must,
            null=not raising,
            extra=query,
            items={} if kind == "obj" else None,
            name=snake(model),
            site=label,
            true=membership(query, label),
        )
        if verb == "list":
            return Value(kind="seq", may=may, must=must, extra=record.nonnull(), null=True, name=snake(model))
        return record

    def identity_of(self, query: Query) -> Labels:
        """Which labels a record must carry because of how it was selected.

        A look-up by something that only the right caller can know (a token in a secret column) identifies the caller; a look-up
        by a verified identity selects the caller's own record. A look-up by an identifier that the caller merely claims does not.
        """
        must: set[str] = set()
        for c in query.conditions:
            if c.alternative or c.op not in ("==", "in", "is"):
                continue
            if "who" in c.value.must:
                must.add("who")
                if "self" in c.value.must and PRINCIPAL_MODEL.match(snake(query.models[0] if query.models else "")):
                    must.add("self")
            elif is_credential(c.value) and SECRET_COLUMN.search(c.column) and not IDENTIFIER_COLUMN.match(c.column):
                must |= {"who", "self"}
        return frozenset(must)

    def _owned(self, conditions: tuple[Condition, ...]) -> Labels:
        return (
            frozenset({"who"}) if any("who" in c.value.must and not c.alternative and c.op == "==" for c in conditions) else NONE
        )
