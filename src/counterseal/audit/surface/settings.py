"""Settings modules of the program, as the objects of libraries that read them see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from counterseal.audit.surface.program import Cls, External, Func, Module
from counterseal.audit.surface.values import UNKNOWN, Value, const, replace, union

if TYPE_CHECKING:
    from counterseal.audit.surface.core import Core

_DEFINING = frozenset({"INSTALLED_APPS", "ROOT_URLCONF", "MIDDLEWARE", "MIDDLEWARE_CLASSES"})
"""A module that binds one of these holds settings."""
_FOR_TRYING = ("test", "tests", "dev", "development", "local", "ci", "example")


def settings_modules(m: Core) -> list[str]:
    """Modules that hold settings: those for production before those for development and tests."""
    names = [name for name, info in m.program.own_modules() if any(m.program.lookup(name, key) for key in _wanted(info.names))]
    names += [name for name, info in m.program.own_modules() if name not in names and _takes_over(m, info.stars, name, names)]
    return sorted(names, key=lambda name: (_for_trying(name), -name.count("."), name))


def _wanted(names: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in _DEFINING if key in names)


def _takes_over(m: Core, stars: list[str], name: str, known: list[str]) -> bool:
    return any(m.program.absolute(m.program.modules[name], star) in known for star in stars)


def _for_trying(name: str) -> bool:
    return any(part in _FOR_TRYING for part in name.replace("_", ".").split("."))


def setting_values(m: Core, name: str) -> Iterator[tuple[str, Value]]:
    """(module, value) of a setting in every settings module that has it, production first."""
    if m.settings_modules is None:
        m.settings_modules = []
        m.settings_modules = settings_modules(m)
    for module in m.settings_modules:
        if m.program.lookup(module, name) is not None:
            yield module, m.global_name(module, name)


def configured(m: Core, source: str, name: str) -> Value:
    """An entry as ``source`` gives it: ``settings.DEBUG``, ``api_settings.DEFAULT_PERMISSION_CLASSES``."""
    described = m.know.settings[source]
    found: tuple[str, Value] | None = None
    for module, value in setting_values(m, described.section or name):
        entry = value.item(name) if described.section else value
        if entry is not None:
            found = module, entry
            break
    if found is None and name in described.defaults:
        default = described.defaults[name]
        found = "", _listed([const(d) for d in default]) if isinstance(default, tuple) else const(default)
    if found is None:
        return replace(UNKNOWN, name=name, may=frozenset({"setting"}))
    module, value = found
    value = imported(m, module, value) if described.imports else value
    return replace(value, name=name, may=value.may | {"setting"})


def imported(m: Core, module: str, value: Value) -> Value:
    """Dotted names in a settings module as what they name."""
    if isinstance(value.items, list):
        return _listed([imported(m, module, item) for item in value.items if isinstance(item, Value)])
    return named(m, module, value.const) if isinstance(value.const, str) and "." in value.const else value


def named(m: Core, module: str, name: str) -> Value:
    """What a dotted name in a settings module means."""
    absolute = m.program.absolute(m.program.modules[module], name) if module in m.program.modules else name
    found = m.program.dotted(absolute)
    if isinstance(found, Func | Cls | Module | External):
        return m.definition(found, name.rpartition(".")[2])
    return m.definition(found, found.name)


def _listed(items: list[Value]) -> Value:
    return Value(kind="seq", items=items, may=union(items).may, null=not items)
