"""ssl: TLS contexts."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="ssl",
    calls={
        "ssl.create_default_context": Api(
            "tls-context", {"purpose": (0, "purpose"), "cafile": "cafile"}, returns="ssl.SSLContext", fixed={"verify": "true"}
        ),
        "ssl._create_unverified_context": Api(
            "tls-context", {"verify": "cert_reqs"}, returns="ssl.SSLContext", fixed={"verify": "false"}
        ),
        "ssl.SSLContext": Api("tls-context", {"protocol": (0, "protocol")}, returns="ssl.SSLContext"),
        "ssl.wrap_socket": Api("tls-context", {"verify": "cert_reqs", "protocol": "ssl_version"}, fixed={"verify": "false"}),
    },
)
