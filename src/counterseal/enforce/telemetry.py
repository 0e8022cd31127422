"""Decisions as OpenTelemetry sees them: a counter, and an event on the span in which each was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

DECISIONS = "counterseal.decisions"
EVENT = "counterseal.decision"
OVERFLOW: Mapping[str, Any] = {"otel.metric.overflow": True}
"""What the OpenTelemetry specification counts everything under that would be one series too many."""
_MOST_SERIES = 2000
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})


class OpenTelemetry:
    """Counts decisions. Give it to ``Security(observers=[OpenTelemetry()])``.

    Every decision of a contract adds one to ``counterseal.decisions``, by action, outcome, route, and for a denial by its code
    and clause. The span that is current, if any, gets an event with the same, and with the id under which the ledger has it.
    No identifier of a caller or an object, and nothing that a caller sent, becomes an attribute.

    Args:
        meter_provider: where the counter lives; by default the process's own.
        most_series: how many combinations of attributes are told apart. All further ones are counted as one.

    Raises:
        ConfigurationError: opentelemetry-api is not installed.
    """

    def __init__(self, *, meter_provider: MeterProvider | None = None, most_series: int = _MOST_SERIES) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise ConfigurationError("OpenTelemetry() needs opentelemetry-api", "install counterseal[otel]") from None
        meter = metrics.get_meter("counterseal", meter_provider=meter_provider)
        self._count = meter.create_counter(DECISIONS, unit="{decision}", description="Decisions of contracts").add
        self._span = trace.get_current_span
        self._most = most_series
        self._series: dict[tuple[object, ...], Mapping[str, Any]] = {}

    def __call__(self, call: Call, outcome: str, denial: Denied | None) -> None:
        """Be told of a decision."""
        attributes = self._attributes(call, outcome, denial)
        self._count(1, attributes)
        span = self._span()
        if span.is_recording():
            span.add_event(EVENT, {**attributes, "counterseal.request_id": call.request_id})

    def _attributes(self, call: Call, outcome: str, denial: Denied | None) -> Mapping[str, Any]:
        # Only the outermost call is the request's; inside it, the function is what tells calls apart.
        exchange = call.exchange if call.parent is None else None
        code, clause = (None, None) if denial is None else (denial.code, denial.clause)
        route, method = (None, None) if exchange is None else (exchange.route, exchange.method)
        key = (call.action, outcome, code, clause, route, method if method in _METHODS else method and "_OTHER")
        known = self._series.get(key)
        if known is not None:
            return known
        if len(self._series) >= self._most:
            return OVERFLOW
        made = {name: value for name, value in zip(_NAMES, key, strict=True) if value}
        return self._series.setdefault(key, made)


_NAMES = (
    "counterseal.action",
    "counterseal.outcome",
    "counterseal.denial.code",
    "counterseal.clause",
    # The semantic conventions' own names: the template of the route, never a path.
    "http.route",
    "http.request.method",
)
