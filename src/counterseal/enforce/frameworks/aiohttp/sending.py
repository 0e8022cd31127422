"""What a function sends by itself: aiohttp lets it start a response, or open a socket, before it returns."""

from __future__ import annotations

from typing import Any

from aiohttp import WSMsgType, web

from counterseal.enforce.core.call import current
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.exchange import SocketWatcher
from counterseal.enforce.frameworks.aiohttp.exchange import AiohttpExchange

_HOOK = "_prepare_hook"
_MESSAGES = (WSMsgType.TEXT, WSMsgType.BINARY)


def supervise(exchange: AiohttpExchange) -> None:
    """Have every response that is started while the function runs judged before its first byte.

    Raises:
        ContractError: this version of aiohttp has no place for that.
    """
    request = exchange.native
    before = getattr(request, _HOOK, None)
    if before is None:
        raise ContractError("this version of aiohttp does not tell when a response is started", "use aiohttp 3.11 or later")

    async def started(response: web.StreamResponse) -> None:
        call = current.get()
        if call is not None and call.exchange is not None and call.exchange.key is request:
            _judge(exchange, response)
        await before(response)

    # The request is the one object that every response is started with, whatever class it has.
    vars(request)[_HOOK] = started


def _judge(exchange: AiohttpExchange, response: web.StreamResponse) -> None:
    guard, shaped = exchange.guard, exchange.guard is not None and exchange.guard.plan.shaper is not None
    if isinstance(response, web.WebSocketResponse):
        if guard is not None and exchange.kind != "websocket":
            _undo(exchange, response)
            raise guard.plan.target.error(
                f"{guard.plan.target.name} opens a socket and does not say so", "annotate it as returning web.WebSocketResponse"
            )
        if exchange.watcher is not None:
            exchange.socket = response
            judge_messages(response, exchange.watcher)
    elif shaped:
        _undo(exchange, response)
        raise Denied(500, "unshaped-answer", "the body started a response by itself: return it, or yield items")


def _undo(exchange: AiohttpExchange, response: web.StreamResponse) -> None:
    """Take back what starting a response has settled, so that the refusal can be sent, and the response cannot."""
    writer: Any = exchange.native.writer
    writer.chunked, writer.length, writer._compress = False, None, None
    response._payload_writer = None


def judge_messages(socket: web.WebSocketResponse, watcher: SocketWatcher) -> None:
    """Have every message of a socket judged. All its other methods go through these."""
    receive, send_frame = socket.receive, socket.send_frame
    send_str, send_bytes = socket.send_str, socket.send_bytes

    async def judged_receive(timeout: float | None = None) -> Any:  # noqa: ASYNC109  the signature is aiohttp's
        message = await receive(timeout)
        if message.type in _MESSAGES:
            try:
                await watcher.received(message.data)
            except Denied as denial:
                await shut(socket, denial.status, denial.code)
                raise
        return message

    async def judged_str(data: str, compress: int | None = None) -> None:
        sent = watcher.sent(data)
        await send_str(sent if isinstance(sent, str) else sent.decode(), compress)

    async def judged_bytes(data: bytes, compress: int | None = None) -> None:
        sent = watcher.sent(bytes(data))
        await send_bytes(sent if isinstance(sent, bytes) else sent.encode(), compress)

    async def judged_frame(message: bytes, opcode: WSMsgType, compress: int | None = None) -> None:
        if opcode is WSMsgType.CONTINUATION:
            raise Denied(500, "unshaped-answer", "pieces of a message cannot be judged: send it whole")
        judged = watcher.sent(bytes(message)) if opcode in _MESSAGES else message
        await send_frame(judged if isinstance(judged, bytes) else judged.encode(), opcode, compress)

    vars(socket).update(receive=judged_receive, send_str=judged_str, send_bytes=judged_bytes, send_frame=judged_frame)


async def shut(socket: web.WebSocketResponse, status: int, reason: str) -> web.WebSocketResponse:
    """Close a socket for a denial, unless it is closed."""
    if not socket.closed:
        # RFC 6455 section 7.4.1.
        code = {413: 1009, 400: 1007, 422: 1007, 500: 1011, 503: 1013}.get(status, 1008)
        await socket.close(code=code, message=reason.encode())
    return socket
