"""Cross-origin settings, from whichever library they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from counterseal.audit.rules.usage import Use, constants, each
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value


def settings(surface: Surface) -> Iterator[Use]:
    """Every place that configures CORS."""
    for use in each(surface, "cors"):
        made = use.call.receiver
        if made is not None and isinstance(made.items, dict):
            # Attached later: what the constructor was given counts, unless this says otherwise.
            known = {name: value for name, value in made.items.items() if isinstance(value, Value)}
            yield replace(use, roles={**known, **use.roles})
        elif use.call.kind != "cors" or "app" in use.roles:
            yield use


def any_origin(use: Use) -> bool:
    """Whether pages of every origin may call, as far as constants say; a setting that the deployment replaces is not one."""
    origins = use.roles.get("origins")
    resources = use.roles.get("resources")
    if origins is None and resources is not None:
        origins = _of_resources(resources)
    if origins is None:
        return "resources" in use.api.roles and not use.given("resources") and "**" not in use.call.kwargs
    if origins.is_const and any(label == "setting" or label.startswith("env:") for label in origins.may):
        return False
    return "*" in constants(origins)


def _of_resources(resources: Value) -> Value | None:
    """The origins of the widest resource of Flask-CORS."""
    if isinstance(resources.items, dict):
        for options in resources.items.values():
            found = options.item("origins") if isinstance(options, Value) else None
            if found is not None and "*" in constants(found):
                return found
    return Value()


def with_credentials(use: Use) -> bool:
    """Whether browsers may send the user's cookies along."""
    return use.value("credentials") is True


def patterns(use: Use) -> Iterator[tuple[str, bool]]:
    """Regular expressions of origins, with whether they are compared with the whole origin."""
    regex = use.value("origin_regex")
    if isinstance(regex, str):
        yield regex, True
    if "resources" in use.api.roles:
        for text in constants(use.roles.get("origins")):
            if isinstance(text, str) and text != "*" and re.search(r"[\\^$*+?()\[\]|]", text):
                yield text, False


_DOMAIN = re.compile(r"(?:[a-z0-9-]+\\?\.)+[a-z]{2,}", re.IGNORECASE)
_NESTED = re.compile(r"\([^)]*[+*][^)]*\)[+*{]")
_LONGEST = 300


def hostile_origin(pattern: str, whole: bool) -> str | None:
    """An origin of somebody else that a pattern lets in; ``None`` when none was found."""
    if len(pattern) > _LONGEST or _NESTED.search(pattern):
        return None
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error:
        return None
    test = compiled.fullmatch if whole else compiled.match
    candidates = ["https://evil.example", "http://evil.example", *_lookalikes(pattern)]
    return next((candidate for candidate in candidates if test(candidate)), None)


def _lookalikes(pattern: str) -> Iterator[str]:
    for written in _DOMAIN.findall(pattern.replace("\\.", ".")):
        domain = written.strip(".-").lower()
        labels = domain.split(".")
        registrable = ".".join(labels[-2:])
        for scheme in ("https", "http"):
            yield f"{scheme}://evil{registrable}"
            yield f"{scheme}://evil-{registrable}"
            yield f"{scheme}://{domain}.evil.example"
            yield f"{scheme}://www.{domain}.evil.example"
            if len(labels) > 2:
                yield f"{scheme}://{'x'.join(labels[:-1])}.{labels[-1]}"
