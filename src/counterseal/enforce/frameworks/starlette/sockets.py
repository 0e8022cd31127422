"""A WebSocket whose messages are judged."""

from __future__ import annotations

from typing import Any

from starlette.websockets import WebSocket

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import SocketWatcher


class WatchedSocket(WebSocket):
    """A socket whose messages are judged. It shares its state with the one that the framework made."""

    def __init__(self, inner: WebSocket, watcher: SocketWatcher) -> None:
        self.__dict__ = inner.__dict__
        self._watcher = watcher

    async def receive(self) -> Any:
        message = await super().receive()
        if message["type"] == "websocket.receive":
            data = message.get("text")
            await self._judged(data if data is not None else message.get("bytes") or b"")
        return message

    async def _judged(self, data: str | bytes) -> None:
        try:
            await self._watcher.received(data)
        except Denied as denial:
            await super().send({"type": "websocket.close", "code": close_code(denial), "reason": denial.code})
            raise

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            field = "text" if message.get("text") is not None else "bytes"
            message = {**message, field: self._watcher.sent(message[field])}
        await super().send(message)


def close_code(denial: Denied) -> int:
    """The status with which a socket is closed (RFC 6455 section 7.4.1)."""
    return {413: 1009, 400: 1007, 422: 1007, 500: 1011, 503: 1013}.get(denial.status, 1008)
