"""urllib of the standard library."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="urllib",
    calls={
        "urllib.request.urlopen": Api(
            "http-request", {"url": (0, "url"), "data": (1, "data"), "timeout": (2, "timeout"), "context": "context"}
        ),
        "urllib.request.urlretrieve": Api("http-request", {"url": (0, "url")}),
        "urllib.request.Request": Api("convert", {"url": (0, "url")}, passes=True),
        "urllib.parse.quote": Api("convert", passes=True, fixed={"escapes": "url", "type": "str"}),
        "urllib.parse.quote_plus": Api("convert", passes=True, fixed={"escapes": "url", "type": "str"}),
        "urllib.parse.unquote": Api("convert", passes=True, fixed={"type": "str"}),
        "urllib.parse.urlencode": Api("serialize", passes=True, fixed={"escapes": "url"}),
        "http.client.HTTPSConnection": Api(
            "tls-context", {"host": (0, "host"), "context": "context"}, returns="http.client.HTTPSConnection"
        ),
    },
    aliases={"urllib2.urlopen": "urllib.request.urlopen", "urllib.urlopen": "urllib.request.urlopen"},
)
