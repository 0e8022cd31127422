"""Applications with what is attached to them, and protective objects that were made and attached to nothing."""

from __future__ import annotations

from counterseal.audit.findings import Place
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.model import Application
from counterseal.audit.surface.values import Value

_PROTECTIVE = {"limiter": "limiter", "csrf-protect": "csrf", "cors": "cors"}


def applications(m: Machine) -> tuple[Application, ...]:
    """Every application object."""
    out = []
    for made in m.registrations:
        if made.kind != "made" or made.owner.extra not in ("app", "openapi-app"):
            continue
        attached: list[tuple[str, dict[str, Value], Place]] = []
        for r in m.registrations:
            if r.kind == "middleware" and r.owner.site in (made.owner.site, ""):
                name = (
                    str(r.handler.ref)
                    if r.handler is not None and isinstance(r.handler.ref, str)
                    else r.handler.name
                    if r.handler is not None
                    else r.name
                )
                attached.append((name, dict(r.options), r.place))
            elif r.kind == "attach" and r.child is not None and r.child.site == made.owner.site:
                attached.append((r.name, dict(r.options), r.place))
        out.append(Application(made.owner.site, m.know.framework(made.name), made.place, tuple(attached), made.options))
    return tuple(out)


def unattached(m: Machine) -> tuple[tuple[str, str, Place], ...]:
    """Limiters, CSRF and CORS objects that nothing uses."""
    out = []
    for made in m.registrations:
        if made.kind != "made" or made.owner.extra not in _PROTECTIVE:
            continue
        if not _used(m, made):
            out.append((_PROTECTIVE[str(made.owner.extra)], made.name, made.place))
    return tuple(out)


def _used(m: Machine, made: Registration) -> bool:
    site = made.owner.site
    for r in m.registrations:
        if r is made:
            continue
        if r.owner.site == site:
            return True
        if (r.child is not None and r.child.site == site) or (r.handler is not None and r.handler.site == site):
            return True
    return site in m.used_instances
