"""A WebSocket whose messages are judged."""

from __future__ import annotations

from typing import Any, cast

from litestar.connection import WebSocket

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import SocketWatcher


class Judged:
    """Stands between a socket and its server. Every method of the socket goes through its ``receive`` and ``send``."""

    def __init__(self, socket: WebSocket[Any, Any, Any], watcher: SocketWatcher) -> None:
        self._socket = socket
        self._watcher = watcher
        self._receive, self._send = socket.receive, socket.send
        self.accepted = False
        self.closed = False
        socket.receive, socket.send = self.receive, self.send

    async def receive(self) -> Any:
        """The next message, if it may come in.

        Raises:
            Denied: it may not; the socket is closed.
        """
        message = cast("dict[str, Any]", await self._receive())
        if message["type"] == "websocket.receive":
            data = message.get("text")
            try:
                await self._watcher.received(data if data is not None else message.get("bytes") or b"")
            except Denied as denial:
                await self.shut(denial.status, denial.code)
                raise
        elif message["type"] == "websocket.disconnect":
            self.closed = True
        return message

    async def send(self, message: Any) -> None:
        """Send what may go out of a message.

        Raises:
            Denied: nothing of it.
        """
        kind = message["type"]
        if kind == "websocket.send":
            field = "text" if message.get("text") is not None else "bytes"
            message = {**message, field: self._watcher.sent(message[field])}
        self.accepted = self.accepted or kind == "websocket.accept"
        self.closed = self.closed or kind == "websocket.close"
        await self._send(message)

    async def shut(self, status: int, reason: str) -> None:
        """Close the socket for a denial, unless it is closed."""
        if self.closed:
            return
        self.closed = True
        if not self.accepted and self._socket.connection_state == "init":
            # A server tells of the connection before anything can be said about it.
            await self._receive()
        await self._send({"type": "websocket.close", "code": close_code(status), "reason": reason})


def close_code(status: int) -> int:
    """The status with which a socket is closed (RFC 6455 section 7.4.1)."""
    return {413: 1009, 400: 1007, 422: 1007, 500: 1011, 503: 1013}.get(status, 1008)
