"""Administration of users."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import record
from app.database import get_db
from app.models import User
from app.schemas import UserOut
from app.security import AdminUser, CurrentUser

router = APIRouter(prefix="/admin", tags=["admin"])


@router.get("/users", response_model=list[UserOut])
def list_users(
    admin: AdminUser,
    db: Annotated[Session, Depends(get_db)],
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
):
    """List users, page by page."""
    return db.scalars(select(User).order_by(User.id).offset(offset).limit(limit)).all()


@router.post("/users/{user_id}/deactivate", response_model=UserOut)
def deactivate_user(user_id: int, admin: AdminUser, db: Annotated[Session, Depends(get_db)]):
    """Block a user from logging in."""
    user = db.get(User, user_id)
    if user is None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND, detail="User not found")
    user.is_active = False
    record(db, admin, "user_deactivated", f"user:{user.id}")
    db.commit()
    return user


@router.delete("/users/{user_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_user(user_id: int, current_user: CurrentUser, db: Annotated[Session, Depends(get_db)]):
    """Delete a user with everything that belongs to them."""
    user = db.get(User, user_id)
    if user is None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND, detail="User not found")
    db.delete(user)
    db.commit()
