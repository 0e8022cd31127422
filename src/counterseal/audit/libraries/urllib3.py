"""urllib3."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_POOLS = ("PoolManager", "HTTPSConnectionPool", "ProxyManager", "HTTPConnectionPool")

LIBRARY = Library(
    name="urllib3",
    calls={
        **{
            f"urllib3.{name}": Api(
                "tls-context", {"verify": "cert_reqs", "hostname": "assert_hostname"}, returns=f"urllib3.{name}"
            )
            for name in _POOLS
        },
        **{
            f"urllib3.{name}.{method}": Api("http-request", {"method": (0, "method"), "url": (1, "url"), "timeout": "timeout"})
            for name in _POOLS
            for method in ("request", "urlopen")
        },
        "urllib3.request": Api("http-request", {"method": (0, "method"), "url": (1, "url"), "timeout": "timeout"}),
    },
    aliases={"urllib3.poolmanager": "urllib3", "urllib3.connectionpool": "urllib3"},
)
