"""Notifications: a page of them over HTTP, new ones over a WebSocket."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import SessionLocal, get_db
from app.models import Notification
from app.schemas import NotificationOut
from app.security import CurrentUser

router = APIRouter(tags=["notifications"])

POLL_SECONDS = 1.0


@router.get("/notifications", response_model=list[NotificationOut])
def list_notifications(
    current_user: CurrentUser,
    db: Annotated[Session, Depends(get_db)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
):
    """Return the newest notifications of the logged-in user."""
    mine = select(Notification).where(Notification.user_id == current_user.id)
    return db.scalars(mine.order_by(Notification.id.desc()).limit(limit)).all()


def load_newer(user_id: int, last_id: int) -> list[Notification]:
    with SessionLocal() as db:
        newer = select(Notification).where(Notification.user_id == user_id, Notification.id > last_id)
        return list(db.scalars(newer.order_by(Notification.id).limit(100)))


@router.websocket("/ws/notifications/{user_id}")
async def stream_notifications(websocket: WebSocket, user_id: int):
    """Push notifications to the client as they appear."""
    await websocket.accept()
    last_id = 0
    try:
        while True:
            for notification in await run_in_threadpool(load_newer, user_id, last_id):
                await websocket.send_json({"id": notification.id, "text": notification.text})
                last_id = notification.id
            try:
                await asyncio.wait_for(websocket.receive_text(), timeout=POLL_SECONDS)
            except TimeoutError:
                continue
    except WebSocketDisconnect:
        pass
